//! What goes wrong with a node, or on the way to it.

use crate::contracts::Reverted;
use alloy::{
    providers::PendingTransactionError,
    transports::{RpcError, TransportErrorKind},
};
use alloy_primitives::{Address, B256};
use fixpoint_precompile::address::PRECOMPILE;
use std::io;

/// What went wrong with a node, or on the way to it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The endpoint is no URL.
    #[error("`{url}` is not a URL; try http://127.0.0.1:8545")]
    Url {
        /// What was given.
        url: String,
    },
    /// The private key is none. It is not repeated.
    #[error("not a private key: 64 hexadecimal digits")]
    PrivateKey,
    /// Nobody answers there.
    #[error("no node answers at {url}; `fixpoint devnet` starts one: {cause}")]
    NoNode {
        /// The endpoint.
        url: String,
        /// The innermost cause: the layers between repeat the URL.
        cause: String,
    },
    /// The chain has no inference precompile.
    #[error("the chain at {url} has no inference precompile at {PRECOMPILE}")]
    NoPrecompile {
        /// The endpoint.
        url: String,
    },
    /// A call or a transaction reverted.
    #[error(transparent)]
    Reverted(#[from] Reverted),
    /// The node does not do what it is asked.
    #[error("the node refused: {message}")]
    Refused {
        /// What it said.
        message: String,
    },
    /// The system gives no means to wait for the network.
    #[error("can't start the network runtime")]
    Runtime(#[source] io::Error),
    /// The connection failed, or what came is no JSON-RPC.
    #[error("the node did not answer")]
    Unanswered(#[source] Box<RpcError<TransportErrorKind>>),
    /// A contract answered with bytes that are no answer to this call.
    #[error("{to} gave an answer that is not one of {signature}")]
    Answer {
        /// Who answered.
        to: Address,
        /// What was asked.
        signature: &'static str,
        /// What is wrong with it.
        source: Box<alloy_sol_types::Error>,
    },
    /// Transactions of the account wait and wait.
    #[error(
        "{account} has {count} transactions that no block takes: raise their fee or wait, then run this again"
    )]
    Unmined {
        /// The account.
        account: Address,
        /// How many.
        count: u64,
    },
    /// A transaction was sent, and nothing is heard of it.
    #[error("transaction {hash} was sent, but its receipt did not come")]
    NoReceipt {
        /// The transaction.
        hash: B256,
        /// Why it did not come.
        source: Box<PendingTransactionError>,
    },
    /// A transaction is in a block and reverted there.
    #[error("transaction {hash} reverted")]
    RevertedInBlock {
        /// The transaction.
        hash: B256,
    },
    /// A transaction is in no block.
    #[error("transaction {hash} is in no block yet")]
    NotInBlock {
        /// The transaction.
        hash: B256,
    },
    /// The node does not have something that it must have.
    #[error("the node does not have {what}")]
    Missing {
        /// What it was asked for.
        what: String,
    },
}

impl From<RpcError<TransportErrorKind>> for ChainError {
    fn from(error: RpcError<TransportErrorKind>) -> Self {
        match error.as_error_resp() {
            Some(response) => match response.as_revert_data() {
                Some(data) => Reverted { data }.into(),
                None => Self::Refused {
                    message: response.message.to_string(),
                },
            },
            None => Self::Unanswered(Box::new(error)),
        }
    }
}

/// Why a text is not the address of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The number of its token: the registry shows both.
    #[error(
        "this is a model id (token): give the address of the model's root contract, which `fixpoint deploy` prints as `model`"
    )]
    ModelId,
    /// Nothing like an address.
    #[error("not an address: 0x and 40 hexadecimal digits")]
    NoAddress,
}
