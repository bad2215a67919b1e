//! The facade: one handle on one chain. What it does is in the other files; here is who locks what.
//!
//! `writer` serialises everything that adds blocks and is held while a block executes and is written.
//! `tree` is held for moments only, so readers never wait for a disk or an execution. `pool` may be held
//! while `tree` is taken, never the other way round.

use std::{fmt, path::PathBuf, sync::Arc};

use alloy_eips::{BlockId, BlockNumberOrTag, eip2718::Decodable2718};
use alloy_evm::EvmEnv;
use alloy_primitives::{Address, B256, U256};
use parking_lot::{Mutex, RwLock};
use revm::database::State;

use crate::{
    admission::{self, AdmissionError},
    block::{Block, ExecutedBlock, RecoveredTransaction, SealedHeader, Transaction},
    execute::{
        self, BlockAttributes, BuildError, BuiltBlock, ExecutionError, SkipReason, Skipped,
        VerifyError,
    },
    listeners::Listeners,
    logs::{LogEntry, LogFilter},
    pool::{Pool, PoolContent, PoolError, PoolStatus},
    snapshot::Snapshot,
    spec::ChainSpec,
    state::{Layer, StateError, StateView},
    store::{OpenError, Store, StoreError},
    tree::{MAX_UNFINALISED, Tree},
};

/// The tip that [`Chain::suggested_tip_wei`] names: 1 gwei, as other development nodes do.
const SUGGESTED_TIP_WEI: u64 = 1_000_000_000;

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
pub struct Chain {
    inner: Arc<Inner>,
}

struct Inner {
    spec: ChainSpec,
    store: Store,
    tree: RwLock<Tree>,
    pool: Mutex<Pool>,
    writer: Mutex<()>,
    head_listeners: Listeners<Arc<ExecutedBlock>>,
    transaction_listeners: Listeners<RecoveredTransaction>,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain")
            .field("head", &self.head().number)
            .finish_non_exhaustive()
    }
}

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
        let store = match &location {
            Location::Directory(directory) => Store::open(directory, &spec)?,
            Location::Memory => Store::in_memory(&spec)?,
        };
        let tree = Tree::new(Snapshot::load(&store)?);
        tracing::debug!(?location, head = tree.head().number, "chain opened");
        Ok(Self {
            inner: Arc::new(Inner {
                spec,
                store,
                tree: RwLock::new(tree),
                pool: Mutex::default(),
                writer: Mutex::default(),
                head_listeners: Listeners::default(),
                transaction_listeners: Listeners::default(),
            }),
        })
    }

    /// The network.
    pub fn spec(&self) -> &ChainSpec {
        &self.inner.spec
    }

    // ---- blocks

    /// The newest finalised block: what "latest" means. Never behind an acknowledged receipt.
    pub fn head(&self) -> SealedHeader {
        self.inner.tree.read().head().clone()
    }

    /// The newest block that is written to disk: the head, since only finalised blocks count.
    pub fn finalised(&self) -> SealedHeader {
        self.head()
    }

    /// The header that `id` names. `pending` names the head (see [`Self::pending_env`]).
    pub fn header(&self, id: BlockId) -> Result<Option<SealedHeader>, StoreError> {
        let snapshot = self.snapshot();
        match self.resolve(&snapshot, id) {
            Named::Number(number) => snapshot.header(number),
            Named::Hash(hash) => {
                if let Some(layer) = self.inner.tree.read().layer(hash) {
                    return Ok(Some(layer.block.header.clone()));
                }
                match snapshot.number(hash)? {
                    Some(number) => snapshot.header(number),
                    None => Ok(None),
                }
            }
        }
    }

    /// The block that `id` names, with receipts.
    pub fn block(&self, id: BlockId) -> Result<Option<Arc<ExecutedBlock>>, StoreError> {
        let snapshot = self.snapshot();
        match self.resolve(&snapshot, id) {
            Named::Number(number) => Ok(snapshot.block(number)?.map(Arc::new)),
            Named::Hash(hash) => self.inner.tree.read().block(hash),
        }
    }

    /// A mined transaction by its hash.
    pub fn transaction(&self, hash: B256) -> Result<Option<TransactionLookup>, StoreError> {
        let snapshot = self.snapshot();
        let Some((number, index)) = snapshot.place(hash)? else {
            return Ok(None);
        };
        let Some(block) = snapshot.block(number)? else {
            return Ok(None);
        };
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let there = block
            .transactions
            .get(index)
            .is_some_and(|tx| *tx.inner().tx_hash() == hash);
        if !there {
            let detail = format!("{hash} is not at index {index} of block {number}");
            return Err(StoreError::Corrupt {
                table: "transactions",
                detail,
            });
        }
        Ok(Some(TransactionLookup {
            block: Arc::new(block),
            index,
        }))
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
        let snapshot = self.snapshot();
        let mut entries = Vec::new();
        for number in from..=to.min(snapshot.head().number) {
            let Some(header) = snapshot.header(number)? else {
                break;
            };
            if !filter.may_match(&header.logs_bloom) {
                continue;
            }
            let Some(block) = snapshot.block(number)? else {
                break;
            };
            entries.extend(filter.select(&block));
            if entries.len() >= limit {
                entries.truncate(limit);
                return Ok((entries, true));
            }
        }
        Ok((entries, false))
    }

    // ---- state and calls

    /// State after the block that `id` names; any block since genesis. `pending` gives the head's.
    pub fn state_at(&self, id: BlockId) -> Result<StateView, StateError> {
        let snapshot = self.snapshot();
        match self.resolve(&snapshot, id) {
            Named::Number(number) => {
                let head = snapshot.head().number;
                let header = snapshot.header(number)?;
                let header = header.ok_or(StateError::BeyondHead { number, head })?;
                Ok(StateView::finalised(header, snapshot))
            }
            Named::Hash(hash) => {
                let view = self.inner.tree.read().view(hash)?;
                view.ok_or(StateError::UnknownBlock(hash))
            }
        }
    }

    /// The environment that a call at `id` sees: that block's own; for `pending`,
    /// [`Self::pending_env`] one second after the head.
    pub fn env_at(&self, id: BlockId) -> Result<EvmEnv, StateError> {
        if id.is_pending() {
            let timestamp_s = self.head().timestamp.saturating_add(1);
            return Ok(self.pending_env(&BlockAttributes::at(timestamp_s)));
        }
        Ok(self.spec().evm_env(self.state_at(id)?.header()))
    }

    /// The environment of a block on top of the head with these attributes.
    pub fn pending_env(&self, attributes: &BlockAttributes) -> EvmEnv {
        let template = execute::header_template(self.spec(), &self.head(), attributes);
        self.spec().evm_env(&template)
    }

    /// The state in which transaction `index` of the block started: its trace begins here.
    /// `None` if there is no such block or transaction.
    pub fn replay_point(
        &self,
        block: B256,
        index: usize,
    ) -> Result<Option<ReplayPoint>, BuildError> {
        let Some(block) = self.block(block.into()).map_err(StateError::from)? else {
            return Ok(None);
        };
        let Some(transaction) = block.transactions.get(index).cloned() else {
            return Ok(None);
        };
        let parent = self.state_at(block.header.parent_hash.into())?;
        let mut database = State::builder().with_database(parent).build();
        execute::replay(self.spec(), &mut database, &block, index)?;
        let env = self.spec().evm_env(&block.header);
        Ok(Some(ReplayPoint {
            database,
            env,
            transaction,
        }))
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.tree.read().snapshot().clone()
    }

    fn resolve(&self, snapshot: &Snapshot, id: BlockId) -> Named {
        match id {
            BlockId::Hash(hash) => Named::Hash(hash.block_hash),
            BlockId::Number(BlockNumberOrTag::Number(number)) => Named::Number(number),
            BlockId::Number(BlockNumberOrTag::Earliest) => Named::Number(0),
            BlockId::Number(_) => Named::Number(snapshot.head().number),
        }
    }

    // ---- making and importing blocks

    /// Builds a block on the head from the pool's best transactions, and commits it: on return it is
    /// on disk and its receipts may be shown.
    pub fn mine(&self, attributes: BlockAttributes) -> Result<Mined, BuildError> {
        let _writer = self.inner.writer.lock();
        let head = self.head();
        let base_fee_wei = self.spec().next_base_fee_wei(&head);
        let view = self.state_at(head.hash().into())?;
        let (layer, skipped) = loop {
            let transactions = self.inner.pool.lock().best(base_fee_wei);
            match execute::build(self.spec(), &view, &attributes, transactions) {
                Err(BuildError::Execution(ExecutionError::Panicked {
                    transaction: Some(hash),
                })) if self.inner.pool.lock().remove(hash) => {
                    tracing::error!(%hash, "dropped a transaction that made execution panic");
                }
                built => break built?,
            }
        };
        let layer = Arc::new(layer);
        self.commit(&layer)?;
        let mut pool = self.inner.pool.lock();
        for Skipped { hash, reason } in &skipped {
            if matches!(reason, SkipReason::Invalid(_) | SkipReason::Blob) {
                tracing::debug!(%hash, %reason, "dropped from the pool");
                pool.remove(*hash);
            }
        }
        Ok(Mined {
            block: layer.block.clone(),
            skipped,
        })
    }

    /// Builds a block on any block of the unfinalised tree, without importing it.
    /// Transactions that cannot be included are skipped and reported.
    pub fn build(
        &self,
        parent: B256,
        attributes: &BlockAttributes,
        transactions: Vec<RecoveredTransaction>,
    ) -> Result<BuiltBlock, BuildError> {
        let view = self.inner.tree.read().view_of_tip(parent);
        let view = view.ok_or(StateError::UnknownBlock(parent))?;
        let (layer, skipped) = execute::build(self.spec(), &view, attributes, transactions)?;
        Ok(BuiltBlock {
            block: Arc::unwrap_or_clone(layer.block),
            skipped,
        })
    }

    /// Verifies a block and keeps it in memory, unfinalised. Knowing it already is no error.
    /// `now_s` is the caller's clock in seconds since 1970.
    pub fn propose(&self, block: Block, now_s: u64) -> Result<Arc<ExecutedBlock>, VerifyError> {
        let _writer = self.inner.writer.lock();
        self.propose_locked(block, now_s)
    }

    fn propose_locked(&self, block: Block, now_s: u64) -> Result<Arc<ExecutedBlock>, VerifyError> {
        let hash = block.header.hash_slow();
        let (known, full) = {
            let tree = self.inner.tree.read();
            (tree.block(hash).map_err(StateError::from)?, tree.is_full())
        };
        // The hash binds the transactions only through a root that is checked when a block is new;
        // what is returned here is what was checked then, not what came in now.
        if let Some(known) = known {
            return Ok(known);
        }
        if full {
            return Err(VerifyError::TooManyUnfinalised {
                limit: MAX_UNFINALISED,
            });
        }
        let parent = block.header.parent_hash;
        let view = self.inner.tree.read().view_of_tip(parent);
        let view = view.ok_or(VerifyError::UnknownParent(parent))?;
        let layer = Arc::new(execute::verify(self.spec(), &view, block, now_s)?);
        self.inner.tree.write().insert(layer.clone());
        Ok(layer.block.clone())
    }

    /// Writes a proposed block (and its unfinalised ancestors) to disk; forgets siblings.
    pub fn finalise(&self, hash: B256) -> Result<Arc<ExecutedBlock>, StateError> {
        let _writer = self.inner.writer.lock();
        self.finalise_locked(hash)
    }

    fn finalise_locked(&self, hash: B256) -> Result<Arc<ExecutedBlock>, StateError> {
        let path = self.inner.tree.read().path(hash);
        for layer in path.unwrap_or_default().iter().rev() {
            self.commit(layer)?;
        }
        let block = match self.snapshot().number(hash)? {
            Some(number) => self.snapshot().block(number)?,
            None => None,
        };
        block.map(Arc::new).ok_or(StateError::UnknownBlock(hash))
    }

    /// [`Self::propose`], then [`Self::finalise`].
    pub fn import(&self, block: Block, now_s: u64) -> Result<Arc<ExecutedBlock>, VerifyError> {
        let _writer = self.inner.writer.lock();
        let block = self.propose_locked(block, now_s)?;
        Ok(self.finalise_locked(block.hash())?)
    }

    /// Writes one child of the head. Only after that does it show anywhere.
    fn commit(&self, layer: &Arc<Layer>) -> Result<(), StateError> {
        self.inner.store.commit(&layer.block, &layer.diff)?;
        let snapshot = Snapshot::open(&self.inner.store, layer.trie.clone())?;
        self.inner.tree.write().advance(snapshot);
        let view = self.state_at(layer.block.hash().into())?;
        self.inner
            .pool
            .lock()
            .advance(|address| view.nonce(address))?;
        self.inner.head_listeners.notify(&layer.block);
        Ok(())
    }

    /// Calls `listener` with each new head, after it is on disk, in order, from the thread that
    /// finalised it. It must neither block nor add listeners; return `false` to be forgotten.
    pub fn on_head(&self, listener: impl Fn(&Arc<ExecutedBlock>) -> bool + Send + Sync + 'static) {
        self.inner.head_listeners.add(listener);
    }

    // ---- pool

    /// Calls `listener` with each transaction that the pool takes in, from the thread that submits it.
    /// It must neither block nor add listeners; return `false` to be forgotten.
    pub fn on_transaction(
        &self,
        listener: impl Fn(&RecoveredTransaction) -> bool + Send + Sync + 'static,
    ) {
        self.inner.transaction_listeners.add(listener);
    }

    /// Puts a signed transaction into the pool; returns its hash.
    pub fn submit(&self, transaction: Transaction) -> Result<B256, PoolError> {
        let chain_id = self.spec().chain_id();
        let transaction = admission::check_transaction(transaction, chain_id, &self.head())?;
        let hash = {
            // The pool first, then the head: a block that comes in between finds the transaction
            // here when it advances the pool.
            let mut pool = self.inner.pool.lock();
            let view = self.state_at(BlockId::latest())?;
            let sender = admission::check_sender(&transaction, &view)?;
            pool.add(transaction.clone(), sender)?
        };
        self.inner.transaction_listeners.notify(&transaction);
        Ok(hash)
    }

    /// [`Self::submit`] of EIP-2718 bytes (`eth_sendRawTransaction`).
    pub fn submit_raw(&self, bytes: &[u8]) -> Result<B256, PoolError> {
        let transaction = Transaction::decode_2718_exact(bytes)
            .map_err(|error| AdmissionError::Decode(error.to_string()))?;
        self.submit(transaction)
    }

    /// A transaction that waits in the pool.
    pub fn pooled_transaction(&self, hash: B256) -> Option<RecoveredTransaction> {
        self.inner.pool.lock().get(hash).cloned()
    }

    /// Everything in the pool.
    pub fn pool_content(&self) -> PoolContent {
        self.inner.pool.lock().content()
    }

    /// How much is in the pool.
    pub fn pool_status(&self) -> PoolStatus {
        self.inner.pool.lock().status()
    }

    /// Takes a transaction out of the pool; false if it was not there.
    pub fn drop_transaction(&self, hash: B256) -> bool {
        self.inner.pool.lock().remove(hash)
    }

    /// The nonce of the sender's next transaction, counting its pending ones.
    pub fn pending_nonce(&self, address: Address) -> Result<u64, StateError> {
        let pooled = self.inner.pool.lock().next_nonce(address);
        let mined = self.state_at(BlockId::latest())?.nonce(address)?;
        Ok(pooled.map_or(mined, |pooled| pooled.max(mined)))
    }

    /// A tip in wei that gets a transaction into the next blocks.
    pub fn suggested_tip_wei(&self) -> U256 {
        U256::from(SUGGESTED_TIP_WEI)
    }
}

/// What a block id comes down to.
enum Named {
    /// A finalised block.
    Number(u64),
    /// Any block.
    Hash(B256),
}
