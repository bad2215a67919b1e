//! Accounts, storage and code as they stand after one block.

use alloy_primitives::{Address, B256, Bytes, U256};
use revm::{
    DatabaseRef,
    database::CacheDB,
    state::{AccountInfo, Bytecode},
};

use crate::store::StoreError;

/// The state after one block. Cheap to clone, `Send + Sync`; stays what it is while the chain moves on.
///
/// Implements revm's `Database` and `DatabaseRef`; writes go to a [`StateDatabase`] over it.
#[derive(Debug, Clone)]
pub struct StateView {}

/// A throw-away writable state over a view: what calls, estimates and traces run on.
pub type StateDatabase = CacheDB<StateView>;

/// State could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No block with this hash.
    #[error("unknown block {0}")]
    UnknownBlock(B256),
}

impl revm::context::DBErrorMarker for StateError {}

/// `eth_getProof`: an account, its Merkle proof, and proofs of its slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountProof {
    /// Whose.
    pub address: Address,
    /// Wei.
    pub balance: U256,
    /// Transaction count.
    pub nonce: u64,
    /// Keccak of the code (of nothing, for an account without code or an absent one).
    pub code_hash: B256,
    /// Root of the account's storage trie.
    pub storage_root: B256,
    /// RLP nodes from the state root down.
    pub proof: Vec<Bytes>,
    /// In the order asked.
    pub storage: Vec<StorageProof>,
}

/// One slot of an [`AccountProof`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageProof {
    /// The slot.
    pub slot: B256,
    /// Its value, zero if absent.
    pub value: U256,
    /// RLP nodes from the storage root down.
    pub proof: Vec<Bytes>,
}

impl StateView {
    /// Hash of the block after which this is the state.
    pub fn block_hash(&self) -> B256 {
        todo!()
    }

    /// Number of that block.
    pub fn block_number(&self) -> u64 {
        todo!()
    }

    /// The account, `None` if there is none. `code` of the answer is not loaded.
    pub fn account(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        let _ = address;
        todo!()
    }

    /// Balance in wei, 0 if there is no account.
    pub fn balance(&self, address: Address) -> Result<U256, StateError> {
        Ok(self
            .account(address)?
            .map(|account| account.balance)
            .unwrap_or_default())
    }

    /// Transaction count, 0 if there is no account.
    pub fn nonce(&self, address: Address) -> Result<u64, StateError> {
        Ok(self
            .account(address)?
            .map(|account| account.nonce)
            .unwrap_or_default())
    }

    /// Code, empty if there is none.
    pub fn code(&self, address: Address) -> Result<Bytes, StateError> {
        let _ = address;
        todo!()
    }

    /// A storage word, zero if unset.
    pub fn slot(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        let _ = (address, slot);
        todo!()
    }

    /// Account and storage proofs against this block's state root.
    pub fn proof(&self, address: Address, slots: &[B256]) -> Result<AccountProof, StateError> {
        let _ = (address, slots);
        todo!()
    }

    /// A writable state over this one.
    pub fn into_database(self) -> StateDatabase {
        CacheDB::new(self)
    }
}

impl DatabaseRef for StateView {
    type Error = StateError;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        self.account(address)
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, StateError> {
        let _ = code_hash;
        todo!()
    }

    fn storage_ref(&self, address: Address, index: U256) -> Result<U256, StateError> {
        self.slot(address, index)
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        let _ = number;
        todo!()
    }
}

impl revm::Database for StateView {
    type Error = StateError;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        self.basic_ref(address)
    }

    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytecode, StateError> {
        self.code_by_hash_ref(code_hash)
    }

    fn storage(&mut self, address: Address, index: U256) -> Result<U256, StateError> {
        self.storage_ref(address, index)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, StateError> {
        self.block_hash_ref(number)
    }
}
