//! Errors, one type per stage and one variant per cause.
//!
//! Codes are part of revert data, so they are consensus: a code is never reused or renumbered.

mod operator;

pub use operator::OperatorError;

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

impl ModelError {
    /// The stable number of the cause: 100 and up, 200 and up for a quantisation, 300 and up for an
    /// operator. [`ParseError::code`] is below 100.
    pub const fn code(&self) -> u16 {
        match self {
            Self::Name { .. } => 100,
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
