//! Every way a JSON-RPC call can fail, and the error object each becomes.
//!
//! Only errors live here; the texts follow geth where clients match on them.

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{Panic, Revert, SolError};
use fixpoint_chain::{BuildError, StateError, StoreError};
use jsonrpsee::types::{ErrorObjectOwned, error::ErrorObject};
use serde_json::value::RawValue;

use crate::simulate_v1::SimulationError;

/// JSON-RPC: the parameters do not fit the method.
const INVALID_PARAMS_CODE: i32 = -32602;
/// JSON-RPC: the node itself failed.
const INTERNAL_CODE: i32 = -32603;
/// Geth's general server error.
const SERVER_CODE: i32 = -32000;
/// EIP-1474: a block or filter that is asked for does not exist.
const NOT_FOUND_CODE: i32 = -32001;
/// EIP-1474: the request exceeds a limit of this node.
const LIMIT_CODE: i32 = -32005;
/// Geth: the EVM reverted; `data` carries the revert data.
const REVERT_CODE: i32 = 3;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// The parameters do not parse, are missing or contradict each other.
    #[error("invalid params: {0}")]
    InvalidParams(String),
    /// No block has the number, hash or tag that the call names.
    #[error("header not found")]
    UnknownBlock,
    /// No transaction has this hash.
    #[error("transaction not found: {0}")]
    UnknownTransaction(B256),
    /// The filter was never installed, was removed, or expired.
    #[error("filter not found")]
    UnknownFilter,
    /// The node holds no key of this account.
    #[error("unknown account {0}: this node holds no key for it")]
    UnknownAccount(Address),
    /// The EVM reverted with this data.
    #[error("{}", revert_message(.0))]
    Reverted(Bytes),
    /// The EVM stopped for another reason than a revert.
    #[error("{0}")]
    Halted(String),
    /// No gas limit up to the allowance lets the transaction succeed.
    #[error("gas required exceeds allowance ({0})")]
    GasAllowance(u64),
    /// The sender cannot pay the value that the call transfers.
    #[error("insufficient funds for gas * price + value: balance {balance}, tx cost {cost}")]
    InsufficientFunds {
        /// The sender's balance in wei.
        balance: U256,
        /// Value plus the highest possible fee, in wei.
        cost: U256,
    },
    /// The transaction can never be part of a block, in the EVM's or the pool's words.
    #[error("{0}")]
    TransactionRejected(String),
    /// `eth_sendRawTransactionSync` gave up waiting; the transaction stays in the pool.
    #[error("the transaction {hash} was added to the pool but was not mined in {waited_ms} ms")]
    NotMinedInTime {
        /// The transaction's hash.
        hash: B256,
        /// How long the call waited, in milliseconds.
        waited_ms: u64,
    },
    /// A named limit of this node was exceeded.
    #[error("{what} exceeds the limit: {got} > {limit}")]
    Limit {
        /// What was counted.
        what: &'static str,
        /// How much was asked for.
        got: u64,
        /// How much is allowed.
        limit: u64,
    },
    /// Other traces took this many seconds without an end in sight.
    #[error("other traces are being made, and this one waited {0} s for its turn; try again")]
    Busy(u64),
    /// A mining command that cannot be carried out (for example, time running backwards).
    #[error("{0}")]
    Mining(String),
    /// A state that the node no longer keeps.
    #[error("{0}")]
    StateNotKept(String),
    /// A simulation that cannot go on.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// A broken database or a bug in the node.
    #[error("internal error: {0}")]
    Internal(String),
}

impl RpcError {
    /// The JSON-RPC error code of this cause.
    pub const fn code(&self) -> i32 {
        match self {
            Self::InvalidParams(_) => INVALID_PARAMS_CODE,
            Self::UnknownBlock | Self::UnknownTransaction(_) | Self::UnknownFilter => {
                NOT_FOUND_CODE
            }
            Self::Reverted(_) => REVERT_CODE,
            Self::Limit { .. } | Self::Busy(_) => LIMIT_CODE,
            Self::NotMinedInTime { .. } => 4,
            Self::Simulation(error) => error.code(),
            Self::Internal(_) => INTERNAL_CODE,
            Self::UnknownAccount(_)
            | Self::Halted(_)
            | Self::GasAllowance(_)
            | Self::InsufficientFunds { .. }
            | Self::TransactionRejected(_)
            | Self::StateNotKept(_)
            | Self::Mining(_) => SERVER_CODE,
        }
    }

    /// The node failed for a reason the caller has no part in.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }
}

/// A block that is not there, or a state that is not kept, is the caller's mistake; anything else is the
/// node's.
impl From<StateError> for RpcError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::UnknownBlock(_) | StateError::BeyondHead { .. } => Self::UnknownBlock,
            StateError::Store(error @ StoreError::Pruned { .. }) => {
                Self::StateNotKept(error.to_string())
            }
            other => Self::internal(other),
        }
    }
}

impl From<BuildError> for RpcError {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::State(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        let data: Option<Box<RawValue>> = match &error {
            RpcError::Reverted(data) => serde_json::value::to_raw_value(data).ok(),
            RpcError::NotMinedInTime { hash, .. } => serde_json::value::to_raw_value(hash).ok(),
            _ => None,
        };
        if let RpcError::Internal(cause) = &error {
            tracing::error!(%cause, "call failed");
        }
        ErrorObject::owned(error.code(), error.to_string(), data)
    }
}

/// Geth's text for revert data: the reason is added for `Error(string)` and `Panic(uint256)`.
fn revert_message(data: &[u8]) -> String {
    const REVERTED: &str = "execution reverted";
    if let Ok(revert) = Revert::abi_decode(data) {
        return format!("{REVERTED}: {}", revert.reason);
    }
    if let Ok(panic) = Panic::abi_decode(data) {
        return match panic.kind() {
            Some(kind) => format!("{REVERTED}: {}", kind.as_str()),
            None => format!("{REVERTED}: unknown panic code: {:#x}", panic.code),
        };
    }
    REVERTED.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reverts_carry_reason_and_data() {
        let data = Bytes::from(Revert::from("no cheese").abi_encode());
        let object = ErrorObjectOwned::from(RpcError::Reverted(data.clone()));
        assert_eq!(object.code(), 3);
        assert_eq!(object.message(), "execution reverted: no cheese");
        assert_eq!(object.data().unwrap().get(), format!("\"{data}\""));
    }

    #[test]
    fn custom_errors_and_empty_reverts_have_the_plain_text() {
        for data in [Bytes::new(), Bytes::from_static(&[0xde, 0xad, 0xbe, 0xef])] {
            let object = ErrorObjectOwned::from(RpcError::Reverted(data.clone()));
            assert_eq!(object.message(), "execution reverted");
            assert_eq!(object.data().unwrap().get(), format!("\"{data}\""));
        }
    }

    #[test]
    fn panics_are_named() {
        let data = Bytes::from(
            Panic {
                code: U256::from(0x11),
            }
            .abi_encode(),
        );
        let message = RpcError::Reverted(data).to_string();
        assert!(message.contains("overflow"), "{message}");
    }
}
