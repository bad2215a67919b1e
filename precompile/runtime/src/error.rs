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

/// A run-time check of an operator failed. Nothing but the lowest failing operator's index may be
/// told, so that fusion, tiling and SIMD cannot change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("operator {operator} failed on this input")]
pub struct ExecutionError {
    /// Index in serialised order.
    pub operator: u16,
}
