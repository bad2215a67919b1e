//! Why a call ends without a result.
//!
//! Named errors are the Solidity errors of [`IInference`]; the rest is what no caller can cause by
//! name: an empty revert, gas, and the node's database.

use crate::{abi::IInference, state::StateError};
use alloc::string::String;

/// Why a call ends without a result.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// Reverts with a named error.
    Named(IInference::IInferenceErrors),
    /// Reverts without data: the call was not a plain CALL or STATICCALL without value.
    Refused,
    /// Halts and burns the call's gas.
    OutOfGas,
    /// The node cannot go on. Never caused by what a transaction contains.
    Database(String),
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        match error {
            StateError::ColdLoadSkipped => Self::OutOfGas,
            StateError::Database(cause) => Self::Database(cause),
        }
    }
}

/// Lets `?` raise every error of the interface.
macro_rules! named {
    ($($error:ident)*) => {$(
        impl From<IInference::$error> for Failure {
            fn from(error: IInference::$error) -> Self {
                Self::Named(IInference::IInferenceErrors::$error(error))
            }
        }
    )*};
}

named! {
    UnknownSelector MalformedCalldata NotAModel MalformedRoot NotActivated NeedsReactivation
    GateMismatch ChunkMismatch CreatedInThisTransaction ContentHashMismatch ModelRejected
    TooExpensive Gated InputLength InputRange ExecutionFailed StaticCall
}
