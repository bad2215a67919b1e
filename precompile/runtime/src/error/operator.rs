//! What can be wrong with one operator of a model.

use crate::tensor::DType;
use thiserror::Error;

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
    /// A repetition of 0 (TILE).
    #[error("0 repetitions along axis {axis}")]
    Multiple {
        /// The axis.
        axis: u8,
    },
    /// More rows written than there are, so that one would be written twice (SCATTER).
    #[error("{picks} rows are written, there are {rows}")]
    Picks {
        /// Rows that are written.
        picks: u32,
        /// Rows that there are.
        rows: u32,
    },
    /// Padding of an output that takes the whole kernel away, or is over the limit.
    #[error("output padding of {pad}, must be more than -{kernel} and at most {limit}")]
    OutPadding {
        /// The padding.
        pad: i32,
        /// Size of the kernel along that axis.
        kernel: u32,
        /// The limit.
        limit: u32,
    },
    /// A scale of 0, over the limit, or that shrinks to a sixteenth or less (RESIZE).
    #[error("scale of {numerator}/{denominator} along axis {axis} is not allowed")]
    ResizeScale {
        /// 1 for height, 2 for width.
        axis: u8,
        /// `scale_n`.
        numerator: u32,
        /// `scale_d`.
        denominator: u32,
    },
    /// An offset that is not from minus the scale's numerator to below sixteen times it (RESIZE).
    #[error("offset of {offset} along axis {axis} is not allowed")]
    ResizeOffset {
        /// 1 for height, 2 for width.
        axis: u8,
        /// The offset.
        offset: i32,
    },
    /// A border that is not from minus sixteen times the scale's numerator to below it (RESIZE).
    #[error("border of {border} along axis {axis} is not allowed")]
    ResizeBorder {
        /// 1 for height, 2 for width.
        axis: u8,
        /// The border.
        border: i32,
    },
    /// A height or width over the limit (RESIZE).
    #[error("size of {size} along axis {axis}, must be at most {limit}")]
    ResizeSize {
        /// 1 for height, 2 for width.
        axis: u8,
        /// The size, of input or output.
        size: u64,
        /// The limit.
        limit: u32,
    },
    /// An output size that is no whole number, or not positive (RESIZE).
    #[error("the output does not come out even along axis {axis}")]
    ResizeFit {
        /// 1 for height, 2 for width.
        axis: u8,
    },
    /// Evaluating the operator, which reads only constants, failed.
    #[error("evaluating it on its constants failed")]
    Folding,
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
            Self::Multiple { .. } => 326,
            Self::Picks { .. } => 327,
            Self::OutPadding { .. } => 328,
            Self::ResizeScale { .. } => 329,
            Self::ResizeOffset { .. } => 330,
            Self::ResizeBorder { .. } => 331,
            Self::ResizeSize { .. } => 332,
            Self::ResizeFit { .. } => 333,
        }
    }
}
