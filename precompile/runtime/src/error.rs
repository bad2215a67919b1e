//! Errors, one type per stage and one variant per cause.
//!
//! Codes are part of revert data, so they are consensus: a code is never reused or renumbered.

use crate::tensor::DType;
use thiserror::Error;

/// Why bytes are not a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    /// Longer than the chunks of one root can carry.
    #[error("{bytes} bytes, the limit is {limit}")]
    TooLong {
        /// Length of the payload.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Not the SSZ encoding of a model.
    #[error("not the encoding of a model")]
    NotAModel,
    /// A version this runtime does not read.
    #[error("format version {version} is not supported")]
    Version {
        /// The version found.
        version: u16,
    },
    /// Decodes, but is not what encoding the result gives.
    #[error("not the canonical encoding")]
    NotCanonical,
}

impl ParseError {
    /// The stable number of the cause.
    pub const fn code(&self) -> u16 {
        match self {
            Self::TooLong { .. } => 1,
            Self::NotAModel => 2,
            Self::Version { .. } => 3,
            Self::NotCanonical => 4,
        }
    }
}

/// Why a parsed model may not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ModelError {
    /// A name that is empty, is not printable ASCII, or is taken by another port on the same side.
    #[error("{side} {port}: the name is empty, not printable ASCII, or used twice")]
    Name {
        /// Inputs or outputs.
        side: Side,
        /// Index of the port.
        port: u16,
    },
    /// A tensor of an element type that may not stand there (an i48 input).
    #[error("input {port}: element type {dtype:?} cannot be an input")]
    InputType {
        /// Index of the input.
        port: u16,
        /// Its element type.
        dtype: DType,
    },
    /// No input element at all.
    #[error("the model takes no input")]
    NoInput,
    /// No output at all.
    #[error("the model gives no output")]
    NoOutput,
    /// A dimension of 0, or a tensor over the limit.
    #[error("value {value}: {elements} elements, must be 1 to {limit}")]
    TensorSize {
        /// Number of the value.
        value: u16,
        /// Product of its dimensions, saturated.
        elements: u64,
        /// The limit.
        limit: u64,
    },
    /// The quantisation of a port does not fit its tensor.
    #[error("{side} {port}: {cause}")]
    Quantisation {
        /// Inputs or outputs.
        side: Side,
        /// Index of the port.
        port: u16,
        /// What does not fit.
        cause: QuantisationError,
    },
    /// An input that saturates although nothing is converted to it.
    #[error("input {port}: only a quantised tensor can saturate")]
    Saturation {
        /// Index of the input.
        port: u16,
    },
    /// A constant whose bytes are not as long as its type.
    #[error("constant {constant}: {got} bytes, its type has {want}")]
    ConstantLength {
        /// Index of the constant.
        constant: u16,
        /// Bytes found.
        got: u64,
        /// Bytes of its type.
        want: u64,
    },
    /// A constant with an element that is not a value of its type.
    #[error("constant {constant}: element {element} is not a value of its type")]
    ConstantValue {
        /// Index of the constant.
        constant: u16,
        /// Index of the element.
        element: u32,
    },
    /// A constant that no operator reads.
    #[error("constant {constant} is not used")]
    UnusedConstant {
        /// Index of the constant.
        constant: u16,
    },
    /// An output that is not an operator's output, or that another output already is.
    #[error("output {port}: value {value} is not an operator's output, or is an output already")]
    OutputValue {
        /// Index of the output.
        port: u16,
        /// The value it names.
        value: u16,
    },
    /// Operators without which no output would change.
    #[error("operator {operator} reaches no output")]
    UnusedOperator {
        /// The lowest such operator.
        operator: u16,
    },
    /// The arena is too large.
    #[error("arena of {bytes} bytes, the limit is {limit}")]
    ArenaSize {
        /// Bytes that the model needs.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Constants would have to be looked at, or computed with, too often.
    #[error("operator {operator}: validation takes more than {limit} steps")]
    ValidationSteps {
        /// The operator that goes over the limit.
        operator: u16,
        /// The limit for a payload of this length.
        limit: u64,
    },
    /// An operator is at fault.
    #[error("operator {operator}: {cause}")]
    Operator {
        /// Index in serialised order.
        operator: u16,
        /// What is wrong with it.
        cause: OperatorError,
    },
}

/// Inputs or outputs of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Inputs.
    Input,
    /// Outputs.
    Output,
}

impl core::fmt::Display for Side {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(match self {
            Self::Input => "input",
            Self::Output => "output",
        })
    }
}

/// Why a quantisation does not fit its tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QuantisationError {
    /// A bool or i48 tensor, which stand for plain integers.
    #[error("element type {dtype:?} cannot be quantised")]
    Type {
        /// The element type.
        dtype: DType,
    },
    /// A scale with a 0, not in lowest terms, or out of range.
    #[error("scale {index} is not a positive ratio in lowest terms below the limit")]
    Scale {
        /// Index of the entry.
        index: u32,
    },
    /// A zero point that is not a value of the element type.
    #[error("zero point {index} is not a value of the element type")]
    ZeroPoint {
        /// Index of the entry.
        index: u32,
    },
    /// No such axis.
    #[error("axis {axis} of a tensor of rank {rank}")]
    Axis {
        /// The axis.
        axis: u8,
        /// The rank.
        rank: u8,
    },
    /// Not one entry per element of the axis.
    #[error("{got} entries, the axis has {want} elements")]
    Entries {
        /// Entries found.
        got: u32,
        /// Elements of the axis.
        want: u32,
    },
}

/// What is wrong with an operator. `operand` counts from 0 in the order of the operator's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum OperatorError {
    /// An operand that is not defined before the operator.
    #[error("operand {operand}: value {value} is not defined before it")]
    OperandOrder {
        /// Index of the operand.
        operand: u8,
        /// The value it names.
        value: u16,
    },
    /// No operand (CONCAT).
    #[error("no operand")]
    NoOperand,
    /// An operand of an element type that the operator does not take.
    #[error("operand {operand}: element type {dtype:?} is not supported")]
    OperandType {
        /// Index of the operand.
        operand: u8,
        /// Its element type.
        dtype: DType,
    },
    /// An output element type that the operator does not give for this input.
    #[error("output element type {dtype:?} is not supported")]
    OutputType {
        /// The element type.
        dtype: DType,
    },
    /// An operand of the wrong rank.
    #[error("operand {operand}: rank {got}, must be {want}")]
    Rank {
        /// Index of the operand.
        operand: u8,
        /// Its rank.
        got: u8,
        /// The rank that the operator takes (the least, where several are possible).
        want: u8,
    },
    /// A dimension that does not fit the other operands or the attributes.
    #[error("operand {operand}: dimension {axis} is {got}, must be {want}")]
    Dimension {
        /// Index of the operand.
        operand: u8,
        /// The axis.
        axis: u8,
        /// Its size.
        got: u32,
        /// The size that would fit.
        want: u32,
    },
    /// An axis that the input does not have.
    #[error("axis {axis} of a tensor of rank {rank}")]
    Axis {
        /// The axis.
        axis: u8,
        /// The rank.
        rank: u8,
    },
    /// A list attribute without exactly one entry per axis or channel.
    #[error("{got} entries, must be {want}")]
    EntryCount {
        /// Entries found.
        got: u32,
        /// Entries that fit.
        want: u32,
    },
    /// A kernel size of 0, or over the limit with its dilation.
    #[error("kernel of {size}, must be 1 to {limit}")]
    Kernel {
        /// Size times dilation.
        size: u64,
        /// The limit.
        limit: u32,
    },
    /// A stride of 0, or over the limit.
    #[error("stride of {stride}, must be 1 to {limit}")]
    Stride {
        /// The stride.
        stride: u32,
        /// The limit.
        limit: u32,
    },
    /// A dilation of 0.
    #[error("dilation of 0")]
    Dilation,
    /// Padding over the limit, or not smaller than the kernel of a pool.
    #[error("padding of {pad}, must be at most {limit}")]
    Padding {
        /// The padding.
        pad: u32,
        /// The limit here.
        limit: u32,
    },
    /// The windows do not end exactly at the end of the padded input, or the kernel is larger.
    #[error("the windows do not fit the padded input along axis {axis}")]
    WindowFit {
        /// 1 for height, 2 for width.
        axis: u8,
    },
    /// A zero point out of range, or other than 0 where it must be 0.
    #[error("zero point {zero_point} of operand {operand} is not allowed")]
    InputZeroPoint {
        /// Index of the operand.
        operand: u8,
        /// The zero point.
        zero_point: i32,
    },
    /// An output zero point out of range, or other than 0 where it must be 0.
    #[error("output zero point {zero_point} is not allowed")]
    OutputZeroPoint {
        /// The zero point.
        zero_point: i32,
    },
    /// Bounds that are out of range or the wrong way round (CLAMP).
    #[error("bounds {min} and {max} are not allowed")]
    Bounds {
        /// The lower.
        min: i32,
        /// The upper.
        max: i32,
    },
    /// A shift that is not allowed.
    #[error("shift of {shift_bits} bits is not allowed")]
    Shift {
        /// The shift.
        shift_bits: u8,
    },
    /// A multiplier that is not allowed.
    #[error("multiplier {multiplier} is not allowed")]
    Multiplier {
        /// The multiplier.
        multiplier: i32,
    },
    /// RESCALE flags that do not go together or with the element types.
    #[error("these RESCALE flags do not go together with these types")]
    RescaleFlags,
    /// A permutation that is none.
    #[error("not a permutation")]
    Permutation,
    /// A box outside the input (SLICE).
    #[error("the box leaves the input along axis {axis}")]
    Outside {
        /// The axis.
        axis: u8,
    },
    /// A shape with another number of elements (RESHAPE).
    #[error("{got} elements, the input has {want}")]
    ElementCount {
        /// Elements of the new shape, saturated.
        got: u64,
        /// Elements of the input.
        want: u64,
    },
    /// A padding value out of range (PAD).
    #[error("value {value} is not of the element type")]
    PaddingValue {
        /// The value.
        value: i32,
    },
    /// An accumulator could leave its range.
    #[error("an accumulator could reach {bound}, beyond its type")]
    Accumulator {
        /// The bound that is beyond, as far as it can be told in 64 bits.
        bound: i64,
    },
    /// A constant operand with which the operator could only fail.
    #[error("constant operand {operand} breaks a requirement of the operator")]
    ConstantOperand {
        /// Index of the operand.
        operand: u8,
    },
    /// Evaluating the operator, which reads only constants, failed.
    #[error("evaluating it on its constants failed")]
    Folding,
}

impl ModelError {
    /// The stable number of the cause: 100 and up, 200 and up for a quantisation, 300 and up for an
    /// operator. [`ParseError::code`] is below 100.
    pub const fn code(&self) -> u16 {
        match self {
            Self::Name { .. } => 100,
            Self::InputType { .. } => 101,
            Self::NoInput => 102,
            Self::NoOutput => 103,
            Self::TensorSize { .. } => 104,
            Self::Quantisation { cause, .. } => cause.code(),
            Self::Saturation { .. } => 105,
            Self::ConstantLength { .. } => 106,
            Self::ConstantValue { .. } => 107,
            Self::UnusedConstant { .. } => 108,
            Self::OutputValue { .. } => 109,
            Self::UnusedOperator { .. } => 110,
            Self::ArenaSize { .. } => 111,
            Self::ValidationSteps { .. } => 112,
            Self::Operator { cause, .. } => cause.code(),
        }
    }

    /// Index in serialised order of the operator that is at fault, if one is.
    pub const fn operator(&self) -> Option<u16> {
        match self {
            Self::UnusedOperator { operator }
            | Self::ValidationSteps { operator, .. }
            | Self::Operator { operator, .. } => Some(*operator),
            _ => None,
        }
    }
}

impl QuantisationError {
    /// The stable number of the cause.
    pub const fn code(&self) -> u16 {
        match self {
            Self::Type { .. } => 200,
            Self::Scale { .. } => 201,
            Self::ZeroPoint { .. } => 202,
            Self::Axis { .. } => 203,
            Self::Entries { .. } => 204,
        }
    }
}

impl OperatorError {
    /// The stable number of the cause.
    pub const fn code(&self) -> u16 {
        match self {
            Self::OperandOrder { .. } => 300,
            Self::NoOperand => 301,
            Self::OperandType { .. } => 302,
            Self::OutputType { .. } => 303,
            Self::Rank { .. } => 304,
            Self::Dimension { .. } => 305,
            Self::Axis { .. } => 306,
            Self::EntryCount { .. } => 307,
            Self::Kernel { .. } => 308,
            Self::Stride { .. } => 309,
            Self::Dilation => 310,
            Self::Padding { .. } => 311,
            Self::WindowFit { .. } => 312,
            Self::InputZeroPoint { .. } => 313,
            Self::OutputZeroPoint { .. } => 314,
            Self::Bounds { .. } => 315,
            Self::Shift { .. } => 316,
            Self::Multiplier { .. } => 317,
            Self::RescaleFlags => 318,
            Self::Permutation => 319,
            Self::Outside { .. } => 320,
            Self::ElementCount { .. } => 321,
            Self::PaddingValue { .. } => 322,
            Self::Accumulator { .. } => 323,
            Self::ConstantOperand { .. } => 324,
            Self::Folding => 325,
        }
    }
}

/// Why a planned model gave no output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RunError {
    /// The input is not as long as the input tensors together.
    #[error("input of {got} bytes, the model takes {want}")]
    InputLength {
        /// Length of the input in bytes.
        got: usize,
        /// Length that the model takes.
        want: usize,
    },
    /// The output buffer is not as long as the output tensors together.
    #[error("output buffer of {got} bytes, the model gives {want}")]
    OutputLength {
        /// Length of the buffer in bytes.
        got: usize,
        /// Length that the model gives.
        want: usize,
    },
    /// An element of the input is not a value of its type (a bool that is neither 0 nor 1).
    #[error("input element {index} is not a value of its type")]
    InputValue {
        /// Index over all elements of all inputs.
        index: u64,
    },
    /// The arena was made for another plan.
    #[error("the arena was made for another plan")]
    WrongArena,
    /// The plan does not fit its own buffers: a defect of this runtime, whatever the input.
    #[error("operator {operator}: the plan does not fit its buffers")]
    Defect {
        /// Index of the operator.
        operator: u16,
    },
    /// A run-time check of an operator failed.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
}

/// A run-time check of an operator failed. Nothing but the lowest failing operator's index may be
/// told, so that fusion, tiling and SIMD cannot change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("operator {operator} failed on this input")]
pub struct ExecutionError {
    /// Index in serialised order.
    pub operator: u16,
}
