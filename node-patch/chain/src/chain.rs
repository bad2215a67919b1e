//! The facade: one handle on one chain.

use std::{path::PathBuf, sync::Arc};

use alloy_eips::BlockId;
use alloy_evm::EvmEnv;
use alloy_primitives::{Address, B256, U256};
use revm::database::State;

use crate::{
    block::{Block, ExecutedBlock, RecoveredTransaction, SealedHeader, Transaction},
    execute::{BlockAttributes, BuildError, BuiltBlock, Skipped, VerifyError},
    logs::{LogEntry, LogFilter},
    pool::{PoolContent, PoolError, PoolStatus},
    spec::ChainSpec,
    state::{StateError, StateView},
    store::{OpenError, StoreError},
};

/// Where the chain keeps its blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A directory (made if absent) that one process at a time may open.
    Directory(PathBuf),
    /// Nowhere: gone when the last handle is dropped.
    Memory,
}

/// One chain. Clones are handles on the same chain; every method may be called from any thread.
///
/// EVMs are not `Send`: create them in the thread that runs them, from [`Chain::spec`]'s
/// `evm_factory()` over a [`StateView`].
#[derive(Clone)]
pub struct Chain {}

/// A block that [`Chain::mine`] made and committed.
#[derive(Debug, Clone)]
pub struct Mined {
    /// The new head.
    pub block: Arc<ExecutedBlock>,
    /// Pool transactions that were tried and left out. Invalid ones have left the pool too.
    pub skipped: Vec<Skipped>,
}

/// Where a transaction stands.
#[derive(Debug, Clone)]
pub struct TransactionLookup {
    /// Its block.
    pub block: Arc<ExecutedBlock>,
    /// Its index there.
    pub index: usize,
}

/// The state and environment in which a transaction of a block started, for traces.
#[derive(Debug)]
pub struct ReplayPoint {
    /// State after the block's pre-execution system calls and all transactions before the one asked.
    pub database: State<StateView>,
    /// The block's environment.
    pub env: EvmEnv,
    /// The transaction itself.
    pub transaction: RecoveredTransaction,
}

impl Chain {
    /// Opens the chain, writing genesis if the location is empty.
    pub fn open(location: Location, spec: ChainSpec) -> Result<Self, OpenError> {
        let _ = (location, spec);
        todo!()
    }

    /// The network.
    pub fn spec(&self) -> &ChainSpec {
        todo!()
    }

    // ---- blocks

    /// The newest finalised block: what "latest" means. Never behind an acknowledged receipt.
    pub fn head(&self) -> SealedHeader {
        todo!()
    }

    /// The newest block that is written to disk. On a chain that finalises at once this is the head.
    pub fn finalised(&self) -> SealedHeader {
        todo!()
    }

    /// The header that `id` names. `pending` names the head (see [`Self::pending_env`]).
    pub fn header(&self, id: BlockId) -> Result<Option<SealedHeader>, StoreError> {
        let _ = id;
        todo!()
    }

    /// The block that `id` names, with receipts.
    pub fn block(&self, id: BlockId) -> Result<Option<Arc<ExecutedBlock>>, StoreError> {
        let _ = id;
        todo!()
    }

    /// A mined transaction by its hash.
    pub fn transaction(&self, hash: B256) -> Result<Option<TransactionLookup>, StoreError> {
        let _ = hash;
        todo!()
    }

    /// Logs of blocks `from..=to` (clamped to the head) in chain order, at most `limit`
    /// (then the last element of the pair is true: there may be more).
    pub fn logs(
        &self,
        filter: &LogFilter,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<(Vec<LogEntry>, bool), StoreError> {
        let _ = (filter, from, to, limit);
        todo!()
    }

    // ---- state and calls

    /// State after the block that `id` names; any block since genesis. `pending` gives the head's.
    pub fn state_at(&self, id: BlockId) -> Result<StateView, StateError> {
        let _ = id;
        todo!()
    }

    /// The environment that a call at `id` sees: that block's own; for `pending`,
    /// [`Self::pending_env`] one second after the head.
    pub fn env_at(&self, id: BlockId) -> Result<EvmEnv, StateError> {
        let _ = id;
        todo!()
    }

    /// The environment of a block on top of the head with these attributes.
    pub fn pending_env(&self, attributes: &BlockAttributes) -> EvmEnv {
        let _ = attributes;
        todo!()
    }

    /// The state in which transaction `index` of the block started: its trace begins here.
    /// `None` if there is no such block or transaction.
    pub fn replay_point(
        &self,
        block: B256,
        index: usize,
    ) -> Result<Option<ReplayPoint>, BuildError> {
        let _ = (block, index);
        todo!()
    }

    // ---- making and importing blocks

    /// Builds a block on the head from the pool's best transactions, and commits it: on return it is
    /// on disk and its receipts may be shown.
    pub fn mine(&self, attributes: BlockAttributes) -> Result<Mined, BuildError> {
        let _ = attributes;
        todo!()
    }

    /// Builds a block on any block of the unfinalised tree, without importing it.
    /// Transactions that cannot be included are skipped and reported.
    pub fn build(
        &self,
        parent: B256,
        attributes: &BlockAttributes,
        transactions: Vec<RecoveredTransaction>,
    ) -> Result<BuiltBlock, BuildError> {
        let _ = (parent, attributes, transactions);
        todo!()
    }

    /// Verifies a block and keeps it in memory, unfinalised. Knowing it already is no error.
    /// `now_s` is the caller's clock in seconds since 1970.
    pub fn propose(&self, block: Block, now_s: u64) -> Result<Arc<ExecutedBlock>, VerifyError> {
        let _ = (block, now_s);
        todo!()
    }

    /// Writes a proposed block (and its unfinalised ancestors) to disk; forgets siblings.
    pub fn finalise(&self, hash: B256) -> Result<Arc<ExecutedBlock>, StateError> {
        let _ = hash;
        todo!()
    }

    /// [`Self::propose`], then [`Self::finalise`].
    pub fn import(&self, block: Block, now_s: u64) -> Result<Arc<ExecutedBlock>, VerifyError> {
        let _ = (block, now_s);
        todo!()
    }

    /// Calls `listener` with each new head, after it is on disk, in order, from the thread that
    /// finalised it. It must not block; return `false` to be forgotten.
    pub fn on_head(&self, listener: impl Fn(&Arc<ExecutedBlock>) -> bool + Send + Sync + 'static) {
        let _ = listener;
        todo!()
    }

    // ---- pool

    /// Calls `listener` with each transaction that the pool takes in; return `false` to be forgotten.
    pub fn on_transaction(
        &self,
        listener: impl Fn(&RecoveredTransaction) -> bool + Send + Sync + 'static,
    ) {
        let _ = listener;
        todo!()
    }

    /// Puts a signed transaction into the pool; returns its hash.
    pub fn submit(&self, transaction: Transaction) -> Result<B256, PoolError> {
        let _ = transaction;
        todo!()
    }

    /// [`Self::submit`] of EIP-2718 bytes (`eth_sendRawTransaction`).
    pub fn submit_raw(&self, bytes: &[u8]) -> Result<B256, PoolError> {
        let _ = bytes;
        todo!()
    }

    /// A transaction that waits in the pool.
    pub fn pooled_transaction(&self, hash: B256) -> Option<RecoveredTransaction> {
        let _ = hash;
        todo!()
    }

    /// Everything in the pool.
    pub fn pool_content(&self) -> PoolContent {
        todo!()
    }

    /// How much is in the pool.
    pub fn pool_status(&self) -> PoolStatus {
        todo!()
    }

    /// Takes a transaction out of the pool; false if it was not there.
    pub fn drop_transaction(&self, hash: B256) -> bool {
        let _ = hash;
        todo!()
    }

    /// The nonce of the sender's next transaction, counting its pending ones.
    pub fn pending_nonce(&self, address: Address) -> Result<u64, StateError> {
        let _ = address;
        todo!()
    }

    /// A tip in wei that gets a transaction into the next blocks.
    pub fn suggested_tip_wei(&self) -> U256 {
        todo!()
    }
}
