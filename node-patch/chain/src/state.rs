//! Accounts, storage and code as they stand after one block: the changes of unfinalised blocks, newest
//! first, over the finalised state in the database.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use revm::{
    DatabaseRef,
    database::CacheDB,
    state::{AccountInfo, Bytecode},
};

use crate::{
    block::{ExecutedBlock, SealedHeader},
    diff::{Account, StateDiff},
    snapshot::Snapshot,
    state_trie::StateTrie,
    store::StoreError,
};

/// A verified block that is not finalised, with what it changes.
#[derive(Debug)]
pub(crate) struct Layer {
    /// The block.
    pub(crate) block: Arc<ExecutedBlock>,
    /// Its changes to its parent's state.
    pub(crate) diff: StateDiff,
    /// The trie after it.
    pub(crate) trie: StateTrie,
}

/// The state after one block. Cheap to clone, `Send + Sync`; stays what it is while the chain moves on.
///
/// Implements revm's `Database` and `DatabaseRef`; writes go to a [`StateDatabase`] over it.
#[derive(Debug, Clone)]
pub struct StateView {
    header: SealedHeader,
    /// Unfinalised blocks from this one down to the child of the snapshot's head.
    layers: Arc<[Arc<Layer>]>,
    snapshot: Arc<Snapshot>,
}

/// A throw-away writable state over a view: what calls, estimates and traces run on.
pub type StateDatabase = CacheDB<StateView>;

/// State could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No block with this hash, or it was on a branch that lost.
    #[error("unknown block {0}")]
    UnknownBlock(B256),
    /// No block with this number yet.
    #[error("block {number} is not there yet, the head is {head}")]
    BeyondHead {
        /// Asked for.
        number: u64,
        /// The newest.
        head: u64,
    },
    /// An account names code that is not there.
    #[error("the database is corrupt: no code with hash {0}")]
    MissingCode(B256),
    /// Stored code that the EVM cannot hold.
    #[error("the database is corrupt: code {hash} is malformed: {detail}")]
    MalformedCode {
        /// The code's hash.
        hash: B256,
        /// What is wrong.
        detail: String,
    },
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
    /// The state after an unfinalised block. `layers` goes from that block down to the child of the
    /// snapshot's head.
    pub(crate) fn unfinalised(layers: Vec<Arc<Layer>>, snapshot: Arc<Snapshot>) -> Self {
        let header = match layers.first() {
            Some(layer) => layer.block.header.clone(),
            None => snapshot.head().clone(),
        };
        Self {
            header,
            layers: layers.into(),
            snapshot,
        }
    }

    /// The state after a finalised block, which is in the snapshot.
    pub(crate) fn finalised(header: SealedHeader, snapshot: Arc<Snapshot>) -> Self {
        Self {
            header,
            layers: Arc::new([]),
            snapshot,
        }
    }

    /// The block after which this is the state.
    pub fn header(&self) -> &SealedHeader {
        &self.header
    }

    /// Hash of the block after which this is the state.
    pub fn block_hash(&self) -> B256 {
        self.header.hash()
    }

    /// Number of that block.
    pub fn block_number(&self) -> u64 {
        self.header.number
    }

    /// The account, `None` if there is none. `code` of the answer is not loaded.
    pub fn account(&self, address: Address) -> Result<Option<AccountInfo>, StateError> {
        Ok(self.plain_account(address)?.map(AccountInfo::from))
    }

    fn plain_account(&self, address: Address) -> Result<Option<Account>, StateError> {
        for layer in self.layers.iter() {
            if let Some(change) = layer.diff.accounts.get(&address) {
                return Ok(change.account);
            }
        }
        Ok(self.snapshot.account(address, self.header.number)?)
    }

    /// Balance in wei, 0 if there is no account.
    pub fn balance(&self, address: Address) -> Result<U256, StateError> {
        Ok(self
            .plain_account(address)?
            .map(|account| account.balance)
            .unwrap_or_default())
    }

    /// Transaction count, 0 if there is no account.
    pub fn nonce(&self, address: Address) -> Result<u64, StateError> {
        Ok(self
            .plain_account(address)?
            .map(|account| account.nonce)
            .unwrap_or_default())
    }

    /// Code, empty if there is none.
    pub fn code(&self, address: Address) -> Result<Bytes, StateError> {
        match self.plain_account(address)? {
            None => Ok(Bytes::new()),
            Some(account) => self.code_bytes(account.code_hash),
        }
    }

    fn code_bytes(&self, hash: B256) -> Result<Bytes, StateError> {
        if hash == KECCAK256_EMPTY || hash.is_zero() {
            return Ok(Bytes::new());
        }
        if let Some(code) = self
            .layers
            .iter()
            .find_map(|layer| layer.diff.code.get(&hash))
        {
            return Ok(code.clone());
        }
        self.snapshot
            .code(hash)?
            .ok_or(StateError::MissingCode(hash))
    }

    /// A storage word, zero if unset.
    pub fn slot(&self, address: Address, slot: U256) -> Result<U256, StateError> {
        for layer in self.layers.iter() {
            let Some(change) = layer.diff.accounts.get(&address) else {
                continue;
            };
            if let Some(value) = change.storage.get(&slot) {
                return Ok(*value);
            }
            if change.wiped || change.account.is_none() {
                return Ok(U256::ZERO);
            }
        }
        Ok(self.snapshot.slot(address, slot, self.header.number)?)
    }

    /// The trie of this state. For a block before the newest finalised one it costs what has changed
    /// since.
    pub(crate) fn trie(&self) -> Result<StateTrie, StateError> {
        if let Some(layer) = self.layers.first() {
            return Ok(layer.trie.clone());
        }
        if self.header.number == self.snapshot.head().number {
            return Ok(self.snapshot.trie().clone());
        }
        Ok(self.snapshot.trie_at(self.header.number)?)
    }

    /// The state root if `changes` were made to this state.
    pub fn root_after(&self, changes: &StateDiff) -> Result<B256, StateError> {
        let mut trie = self.trie()?;
        trie.apply(changes);
        Ok(trie.root())
    }

    /// Account and storage proofs against this block's state root.
    pub fn proof(&self, address: Address, slots: &[B256]) -> Result<AccountProof, StateError> {
        Ok(self.trie()?.proof(address, slots))
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
        Bytecode::new_raw_checked(self.code_bytes(code_hash)?).map_err(|error| {
            StateError::MalformedCode {
                hash: code_hash,
                detail: error.to_string(),
            }
        })
    }

    fn storage_ref(&self, address: Address, index: U256) -> Result<U256, StateError> {
        self.slot(address, index)
    }

    /// Hash of an ancestor (or of this block). Zero where there is none: the EVM asks only for
    /// blocks that its 256-block window allows.
    fn block_hash_ref(&self, number: u64) -> Result<B256, StateError> {
        if number > self.header.number {
            return Ok(B256::ZERO);
        }
        let unfinalised = self
            .layers
            .iter()
            .find(|layer| layer.block.number() == number);
        if let Some(layer) = unfinalised {
            return Ok(layer.block.hash());
        }
        Ok(self
            .snapshot
            .header(number)?
            .map(|header| header.hash())
            .unwrap_or_default())
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
