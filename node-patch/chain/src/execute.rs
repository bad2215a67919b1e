//! The one executor. Building a block and verifying a block both run [`execute`].

use alloy_primitives::{Address, B256, Bytes};

use crate::{block::ExecutedBlock, header::HeaderError, state::StateError};

/// What the maker of a block chooses. Everything else follows from the parent and the spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockAttributes {
    /// Seconds since 1970; must exceed the parent's.
    pub timestamp_s: u64,
    /// Receives the priority fees.
    pub fee_recipient: Address,
    /// PREVRANDAO of the block.
    pub prev_randao: B256,
    /// EIP-4788 root.
    pub parent_beacon_block_root: B256,
    /// Gas limit to move towards, by at most 1/1024 a block. `None` keeps the parent's.
    pub gas_limit_target: Option<u64>,
    /// At most 32 bytes.
    pub extra_data: Bytes,
}

impl BlockAttributes {
    /// Attributes with only a time: no fee recipient, zero randomness and beacon root.
    pub fn at(timestamp_s: u64) -> Self {
        Self {
            timestamp_s,
            fee_recipient: Address::ZERO,
            prev_randao: B256::ZERO,
            parent_beacon_block_root: B256::ZERO,
            gas_limit_target: None,
            extra_data: Bytes::new(),
        }
    }
}

/// Why a transaction did not get into a block that was built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SkipReason {
    /// Its gas limit is more than what the block has left; it may fit into a later one.
    #[error("gas limit {gas_limit} exceeds the {available} gas left in the block")]
    BlockFull {
        /// The transaction's gas limit.
        gas_limit: u64,
        /// Gas left in the block.
        available: u64,
    },
    /// The EVM refuses it at this point of the block (nonce, balance, fee, gas cap, ...).
    #[error("{0}")]
    Invalid(String),
}

/// A transaction that was left out of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The transaction's hash.
    pub hash: B256,
    /// Why.
    pub reason: SkipReason,
}

/// A block that was just built, not imported yet.
#[derive(Debug, Clone)]
pub struct BuiltBlock {
    /// The block with its receipts.
    pub block: ExecutedBlock,
    /// Transactions that were offered and left out.
    pub skipped: Vec<Skipped>,
}

/// No block could be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Reading the parent's state failed.
    #[error(transparent)]
    State(#[from] StateError),
}

/// A block is wrong, or could not be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A rule against the parent is broken.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Reading the parent's state failed.
    #[error(transparent)]
    State(#[from] StateError),
}
