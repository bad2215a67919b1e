//! Questions to a chain: blocks, transactions, logs, state, environments of calls and traces.

use std::sync::Arc;

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_evm::EvmEnv;
use alloy_primitives::B256;
use revm::database::State;

use super::Chain;
use crate::{
    block::{ExecutedBlock, RecoveredTransaction, SealedHeader},
    build::{BlockAttributes, BuildError, header_template},
    execute::replay,
    logs::{LogEntry, LogFilter},
    snapshot::Snapshot,
    state::{Layer, StateError, StateView},
    store::StoreError,
};

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
                let (layer, snapshot) = self.find(hash);
                match (layer, snapshot.number(hash)?) {
                    (Some(layer), _) => Ok(Some(layer.block.header.clone())),
                    (None, Some(number)) => snapshot.header(number),
                    (None, None) => Ok(None),
                }
            }
        }
    }

    /// The block that `id` names, with receipts.
    pub fn block(&self, id: BlockId) -> Result<Option<Arc<ExecutedBlock>>, StoreError> {
        let snapshot = self.snapshot();
        match self.resolve(&snapshot, id) {
            Named::Number(number) => Ok(snapshot.block(number)?.map(Arc::new)),
            Named::Hash(hash) => {
                let (layer, snapshot) = self.find(hash);
                match (layer, snapshot.number(hash)?) {
                    (Some(layer), _) => Ok(Some(layer.block.clone())),
                    (None, Some(number)) => Ok(snapshot.block(number)?.map(Arc::new)),
                    (None, None) => Ok(None),
                }
            }
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

    /// Bytes that the chain takes on disk; `None` if it is in memory.
    pub fn disk_bytes(&self) -> Option<u64> {
        self.inner.store.disk_bytes()
    }

    /// State after the block that `id` names; any block since genesis, or since the oldest that its
    /// history keeps. `pending` gives the head's.
    pub fn state_at(&self, id: BlockId) -> Result<StateView, StateError> {
        let snapshot = self.snapshot();
        match self.resolve(&snapshot, id) {
            Named::Number(number) => {
                let head = snapshot.head().number;
                let header = snapshot.header(number)?;
                let header = header.ok_or(StateError::BeyondHead { number, head })?;
                self.finalised_view(header, snapshot)
            }
            Named::Hash(hash) => {
                let (tip, snapshot) = {
                    let tree = self.inner.tree.read();
                    (tree.view_of_tip(hash), tree.snapshot().clone())
                };
                if let Some(view) = tip {
                    return Ok(view);
                }
                let unknown = StateError::UnknownBlock(hash);
                let Some(number) = snapshot.number(hash)? else {
                    return Err(unknown);
                };
                let header = snapshot.header(number)?.ok_or(unknown)?;
                self.finalised_view(header, snapshot)
            }
        }
    }

    /// The state after a finalised block, as it was changed since.
    fn finalised_view(
        &self,
        header: SealedHeader,
        snapshot: Arc<Snapshot>,
    ) -> Result<StateView, StateError> {
        snapshot.check_kept(header.number)?;
        let change = self.inner.tree.read().change_at(header.number).cloned();
        Ok(match change {
            Some(change) if change.block.hash() == header.hash() => {
                StateView::unfinalised(vec![change], snapshot)
            }
            _ => StateView::finalised(header, snapshot),
        })
    }

    /// The environment of the block that `id` names. `pending` names no block: what it sees is
    /// [`Self::pending_env`] with the attributes that the next block will have.
    pub fn env_at(&self, id: BlockId) -> Result<EvmEnv, StateError> {
        Ok(self.spec().evm_env(self.state_at(id)?.header()))
    }

    /// The environment of a block on top of the head with these attributes.
    pub fn pending_env(&self, attributes: &BlockAttributes) -> EvmEnv {
        let template = header_template(self.spec(), &self.head(), attributes);
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
        replay(self.spec(), &mut database, &block, index)?;
        let env = self.spec().evm_env(&block.header);
        Ok(Some(ReplayPoint {
            database,
            env,
            transaction,
        }))
    }

    /// An unfinalised block, or else the finalised chain of the same moment to look in.
    fn find(&self, hash: B256) -> (Option<Arc<Layer>>, Arc<Snapshot>) {
        let tree = self.inner.tree.read();
        (tree.layer(hash).cloned(), tree.snapshot().clone())
    }

    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
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
}

/// What a block id comes down to.
enum Named {
    /// A finalised block.
    Number(u64),
    /// Any block.
    Hash(B256),
}
