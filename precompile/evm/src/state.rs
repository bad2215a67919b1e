//! What the precompile needs of a chain's state: five small traits and nothing of any EVM.
//!
//! All but [`CodeByHash`] are journaled: what they warm or write is undone with the frame.

use alloc::string::String;
use alloy_primitives::{Address, B256, Bytes, U256};

/// A value and whether reading it was the transaction's first access (EIP-2929).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load<T> {
    /// What was read.
    pub value: T,
    /// First access in this transaction.
    pub is_cold: bool,
}

/// Why state could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateError {
    /// The access is cold and the caller said that it cannot pay for that. Nothing was touched.
    ColdLoadSkipped,
    /// The node's database failed. The only fatal error there is.
    Database(String),
}

/// Code of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountCode {
    /// The code as deployed; empty if there is none.
    pub code: Bytes,
    /// `keccak256(code)`; anything for an account without code.
    pub code_hash: B256,
    /// The account was created in this transaction, so EIP-6780 still allows its destruction.
    pub is_created_in_transaction: bool,
}

/// Other accounts' code.
pub trait Accounts {
    /// Code of an account. With `skip_cold`, a cold account is not touched.
    ///
    /// # Errors
    /// [`StateError`].
    fn code(&mut self, address: Address, skip_cold: bool) -> Result<Load<AccountCode>, StateError>;
}

/// The precompile's own storage.
pub trait Storage {
    /// Reads a slot. With `skip_cold`, a cold slot is not touched.
    ///
    /// # Errors
    /// [`StateError`].
    fn load_slot(&mut self, slot: U256, skip_cold: bool) -> Result<Load<U256>, StateError>;

    /// Writes a slot and makes sure that the account survives the end of the transaction: without
    /// code it gets [`crate::address::PRECOMPILE_CODE`], with nonce 0
    /// [`crate::address::PRECOMPILE_NONCE`].
    ///
    /// # Errors
    /// [`StateError::Database`].
    fn store_slot(&mut self, slot: U256, value: U256) -> Result<(), StateError>;
}

/// The marks that say which models this transaction has paid to load: the precompile's transient
/// storage (EIP-1153), keyed by model hash.
pub trait LoadMarks {
    /// Whether the mark is set.
    fn is_marked(&mut self, model_hash: B256) -> bool;

    /// Sets the mark, under STATICCALL too: no contract can see it.
    fn mark(&mut self, model_hash: B256);
}

/// Code by its hash, through the block's database: touches no account.
pub trait CodeByHash {
    /// The code with this hash; empty if the database has none.
    ///
    /// # Errors
    /// [`StateError::Database`].
    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytes, StateError>;
}

/// All that one call may reach.
pub trait State: Accounts + Storage + LoadMarks + CodeByHash {}

impl<T: Accounts + Storage + LoadMarks + CodeByHash> State for T {}
