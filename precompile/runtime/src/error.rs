//! Errors, one type per stage and one variant per cause.
//!
//! Codes are part of revert data, so they are consensus: a code is never reused or renumbered.

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
    /// Placeholder of the skeleton.
    #[error("operator {operator}: not supported")]
    Unsupported {
        /// Index of the operator.
        operator: u16,
    },
}

impl ModelError {
    /// The stable number of the cause; different from every [`ParseError::code`].
    pub const fn code(&self) -> u16 {
        match self {
            Self::Unsupported { .. } => 0,
        }
    }

    /// Index in serialised order of the operator that is at fault, if one is.
    pub const fn operator(&self) -> Option<u16> {
        match self {
            Self::Unsupported { operator } => Some(*operator),
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
