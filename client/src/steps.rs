//! The steps of a deployment: how they are named, watched, and fail.

use crate::{cost::CostError, error::ChainError, text::grouped};
use alloy_primitives::{Address, U256};
use std::fmt;

/// What is written or sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The model's bytes.
    Chunks,
    /// The root contract.
    Root,
    /// Validation and measurement by the precompile.
    Activation,
    /// The model's token.
    Registration,
    /// Another name for its token.
    Renaming,
    /// Another price.
    Pricing,
}

impl Step {
    /// One word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chunks => "chunks",
            Self::Root => "root",
            Self::Activation => "activation",
            Self::Registration => "registration",
            Self::Renaming => "renaming",
            Self::Pricing => "pricing",
        }
    }

    pub(crate) const fn failed(self, source: ChainError) -> DeployError {
        DeployError::Step { step: self, source }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chunks => "writing a chunk; run it again to go on from here",
            Self::Root => "writing the root",
            Self::Activation => "activating the model",
            Self::Registration => "registering the model",
            Self::Renaming => "renaming the model",
            Self::Pricing => "pricing the model",
        })
    }
}

/// Who waits for a deployment.
pub trait Observer {
    /// Whether to stop at the next safe place: before the next transaction.
    fn stop_asked(&self) -> bool;

    /// So many parts of a step are done, of so many.
    fn progress(&mut self, step: Step, done: usize, total: usize);
}

/// Why a model is not on chain, or not as asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeployError {
    /// No chain would activate the model: nothing was sent.
    #[error(transparent)]
    Cost(#[from] CostError),
    /// The node failed before anything was sent.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The chain lacks a contract that deploying needs.
    #[error("there is no contract at {address}, where this chain should have its {name}")]
    NoContract {
        /// The contract.
        name: &'static str,
        /// Its place.
        address: Address,
    },
    /// The account has too little.
    #[error(
        "{account} has {} wei, this needs at most about {} wei: fund the account",
        grouped(.balance_wei),
        grouped(.needed_wei)
    )]
    NotFunded {
        /// The account that pays.
        account: Address,
        /// What it has, in wei.
        balance_wei: U256,
        /// What is needed at most, in wei.
        needed_wei: U256,
    },
    /// The observer asked to stop.
    #[error("stopped: {place}; run it again to go on from here")]
    Stopped {
        /// Where.
        place: String,
    },
    /// A transaction failed, or would.
    #[error("{step}")]
    Step {
        /// What it was for.
        step: Step,
        /// What went wrong.
        source: ChainError,
    },
    /// Somebody else has the model's token.
    #[error("the model is registered already and belongs to {owner}")]
    Owned {
        /// Who.
        owner: Address,
    },
    /// A step is done, but the chain does not show it.
    #[error("reading {what}")]
    Unread {
        /// What was asked for.
        what: &'static str,
        /// What went wrong.
        source: ChainError,
    },
    /// More bytes than a root can count.
    #[error("the model is too long")]
    TooLong,
}
