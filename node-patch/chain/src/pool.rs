//! Signed transactions that wait for a block.

use std::collections::BTreeMap;

use alloy_primitives::Address;

use crate::{block::RecoveredTransaction, state::StateError};

/// Transactions in the pool by sender and nonce.
#[derive(Debug, Clone, Default)]
pub struct PoolContent {
    /// Executable now: nonces follow the account's without a gap.
    pub pending: BTreeMap<Address, BTreeMap<u64, RecoveredTransaction>>,
    /// Behind a nonce gap.
    pub queued: BTreeMap<Address, BTreeMap<u64, RecoveredTransaction>>,
}

/// How many transactions the pool holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolStatus {
    /// Executable now.
    pub pending: usize,
    /// Behind a nonce gap.
    pub queued: usize,
}

/// The pool refuses a transaction. Texts follow geth's, since clients match on them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// Reading the sender's account failed.
    #[error(transparent)]
    State(#[from] StateError),
}
