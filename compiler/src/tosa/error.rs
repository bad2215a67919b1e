//! What can be wrong with one operator of a `.tosa` file, before the runtime sees it.
//!
//! What the runtime checks itself (operand types, ranks, ranges of attributes) is its own
//! `OperatorError`; here is only what a model can no longer say: lists of operands and outputs,
//! declared types, values that an unsigned attribute cannot hold.

use fixpoint_runtime::tensor::DType;
use thiserror::Error;

/// What is wrong with an operator. `operand` counts from 0 in the file's own order.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NodeError {
    /// No operand at all where any number above 0 would do (CONCAT).
    #[error("it reads nothing, and must read at least one tensor")]
    NoInput,
    /// More or fewer operands than the operator has.
    #[error("it reads {got} operands, and has {want}")]
    InputCount {
        /// Operands listed.
        got: usize,
        /// Operands of the operator.
        want: usize,
    },
    /// More or fewer outputs than one.
    #[error("it lists {got} outputs, and has 1")]
    OutputCount {
        /// Outputs listed.
        got: usize,
    },
    /// An output that an input of the graph or an earlier operator already is.
    #[error("its output is defined twice")]
    Redefined,
    /// An operand that is not defined before the operator.
    #[error("operand {operand}, '{name}' is read before it is defined")]
    Undefined {
        /// Index of the operand.
        operand: usize,
        /// Its name.
        name: String,
    },
    /// An operand that the graph computes, though its value must be known before it runs.
    #[error(
        "operand {operand}, '{name}' must be a constant: computed zero points, scales and shapes need EXT-DYNAMIC"
    )]
    NotConstant {
        /// Index of the operand.
        operand: usize,
        /// Its name.
        name: String,
    },
    /// An operand that is a tensor where a shape must stand.
    #[error("operand {operand}, '{name}' must be a constant shape")]
    NotAShape {
        /// Index of the operand.
        operand: usize,
        /// Its name.
        name: String,
    },
    /// An operand that the file declares with another element type than the operator takes there.
    #[error("operand {operand}, '{name}' is declared {declared:?}, and must be {want:?}")]
    OperandType {
        /// Index of the operand.
        operand: usize,
        /// Its name.
        name: String,
        /// Element type declared.
        declared: DType,
        /// Element type that the operator takes.
        want: DType,
    },
    /// An operand that must be a list, declared with another rank.
    #[error("operand {operand}, '{name}' is declared with rank {declared}, and must have rank 1")]
    OperandRank {
        /// Index of the operand.
        operand: usize,
        /// Its name.
        name: String,
        /// Rank declared.
        declared: usize,
    },
    /// A constant operand with another number of elements than the operator takes.
    #[error("operand {operand}, '{name}' has {got} elements, and must have {want}")]
    OperandLength {
        /// Index of the operand.
        operand: usize,
        /// Its name.
        name: String,
        /// Elements found.
        got: usize,
        /// Elements that the operator takes.
        want: usize,
    },
    /// Margins that are not two for each axis (PAD).
    #[error("{got} margins are not two for each axis")]
    Margins {
        /// Margins found.
        got: usize,
    },
    /// No attribute table.
    #[error("its attributes are missing")]
    NoAttributes,
    /// A list attribute with another number of entries than the operator has.
    #[error("{attribute} has {got} entries, and must have {want}")]
    AttributeLength {
        /// The attribute.
        attribute: Attribute,
        /// Entries found.
        got: usize,
        /// Entries that the operator has.
        want: usize,
    },
    /// A value that the attribute cannot have whatever else stands in the model.
    #[error("{attribute} of {value}, must be {min} to {max}")]
    AttributeRange {
        /// The attribute.
        attribute: Attribute,
        /// The value.
        value: i64,
        /// The least possible.
        min: i64,
        /// The largest possible.
        max: i64,
    },
    /// An accumulator type that does not belong to the operand types.
    #[error("accumulator type {declared}, must be {want:?}")]
    AccumulatorType {
        /// Name of the type declared.
        declared: &'static str,
        /// The type that belongs to the operands.
        want: DType,
    },
    /// A rounding mode that gives no exact result (RESCALE).
    #[error("rounding mode {mode}: only SINGLE_ROUND and DOUBLE_ROUND are exact")]
    RoundingMode {
        /// Code of the mode.
        mode: u32,
    },
    /// A mode that is neither NEAREST nor BILINEAR (RESIZE).
    #[error("mode {mode} is neither NEAREST nor BILINEAR")]
    ResizeMode {
        /// Code of the mode.
        mode: u32,
    },
    /// An output declared with another element type than it has.
    #[error("the output is declared {declared:?}, and is {inferred:?}")]
    OutputType {
        /// Element type declared.
        declared: DType,
        /// Element type that the operator gives.
        inferred: DType,
    },
    /// An output declared with another rank than it has.
    #[error("the output is declared with shape {declared:?}, and has shape {inferred:?}")]
    OutputRank {
        /// Shape declared.
        declared: Vec<i32>,
        /// Shape that the operator gives.
        inferred: Vec<u32>,
    },
    /// An output declared with another shape of the same rank than it has.
    #[error("the output is declared with shape {declared:?}, and has shape {inferred:?}")]
    OutputShape {
        /// Shape declared.
        declared: Vec<i32>,
        /// Shape that the operator gives.
        inferred: Vec<u32>,
    },
}

/// An attribute of an operator, or an operand that the runtime keeps as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Attribute {
    /// Axis of a reduction, ARGMAX, CONCAT, REVERSE.
    Axis,
    /// Kernel of a pool.
    Kernel,
    /// Stride of a window.
    Stride,
    /// Padding of a window, margins of PAD.
    Pad,
    /// Padding of a transposed convolution's output.
    OutPad,
    /// Dilation of a window.
    Dilation,
    /// Lower or upper bound of CLAMP.
    Bound,
    /// Permutation of TRANSPOSE.
    Permutation,
    /// New shape of RESHAPE.
    NewShape,
    /// Start of SLICE.
    Start,
    /// Size of SLICE.
    Size,
    /// Multiples of TILE.
    Multiples,
    /// Scale of RESIZE.
    Scale,
    /// Offset of RESIZE.
    Offset,
    /// Border of RESIZE.
    Border,
    /// Shift of MUL and RESCALE.
    Shift,
    /// Multiplier of RESCALE.
    Multiplier,
    /// A zero point.
    ZeroPoint,
    /// Value of PAD.
    PadValue,
}

impl std::fmt::Display for Attribute {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Axis => "axis",
            Self::Kernel => "kernel",
            Self::Stride => "stride",
            Self::Pad => "padding",
            Self::OutPad => "output padding",
            Self::Dilation => "dilation",
            Self::Bound => "bound",
            Self::Permutation => "permutation",
            Self::NewShape => "new shape",
            Self::Start => "start",
            Self::Size => "size",
            Self::Multiples => "multiples",
            Self::Scale => "scale",
            Self::Offset => "offset",
            Self::Border => "border",
            Self::Shift => "shift",
            Self::Multiplier => "multiplier",
            Self::ZeroPoint => "zero point",
            Self::PadValue => "padding value",
        })
    }
}
