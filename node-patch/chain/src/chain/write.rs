//! Adding blocks: mining, building, proposing, finalising, importing.

use std::sync::Arc;

use alloy_primitives::B256;

use super::Chain;
use crate::{
    block::{Block, ExecutedBlock, RecoveredTransaction},
    build::{self, BlockAttributes, BuildError, BuiltBlock},
    execute::{ExecutionError, SkipReason, Skipped},
    snapshot::Snapshot,
    state::{Layer, StateError},
    tree::MAX_UNFINALISED,
    verify::{self, VerifyError},
};

/// A block that [`Chain::mine`] made and committed.
#[derive(Debug, Clone)]
pub struct Mined {
    /// The new head.
    pub block: Arc<ExecutedBlock>,
    /// Pool transactions that were tried and left out. Invalid ones have left the pool too.
    pub skipped: Vec<Skipped>,
}

impl Chain {
    /// Builds a block on the head from the pool's best transactions, and commits it: on return it is
    /// on disk and its receipts may be shown.
    pub fn mine(&self, attributes: BlockAttributes) -> Result<Mined, BuildError> {
        let _writer = self.inner.writer.lock();
        let head = self.head();
        let base_fee_wei = attributes
            .base_fee_wei
            .unwrap_or_else(|| self.spec().next_base_fee_wei(&head));
        let view = self.state_at(head.hash().into())?;
        let (layer, skipped) = loop {
            let transactions = self.inner.pool.lock().best(base_fee_wei);
            match build::build(self.spec(), &view, &attributes, transactions) {
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
        let (layer, skipped) = build::build(self.spec(), &view, attributes, transactions)?;
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
        let known = self.block(hash.into()).map_err(StateError::from)?;
        // The hash binds the transactions only through a root that is checked when a block is new;
        // what is returned here is what was checked then, not what came in now.
        if let Some(known) = known {
            return Ok(known);
        }
        if self.inner.tree.read().is_full() {
            return Err(VerifyError::TooManyUnfinalised {
                limit: MAX_UNFINALISED,
            });
        }
        let parent = block.header.parent_hash;
        let view = self.inner.tree.read().view_of_tip(parent);
        let view = view.ok_or(VerifyError::UnknownParent(parent))?;
        let layer = Arc::new(verify::verify(self.spec(), &view, block, now_s)?);
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
        let parent = layer.block.number().saturating_sub(1);
        let change = self.inner.tree.read().change_at(parent).cloned();
        let followed = change.map(|change| change.diff.clone().followed_by(&layer.diff));
        let diff = followed.as_ref().unwrap_or(&layer.diff);
        self.inner
            .store
            .commit(&layer.block, diff)
            .inspect_err(|error| tracing::error!("block {parent} stays the head: {error}"))?;
        let snapshot = Snapshot::open(&self.inner.store, layer.trie.clone())?;
        self.inner.tree.write().advance(snapshot);
        self.advance_pool(layer.block.hash())?;
        self.inner.head_listeners.notify(&layer.block);
        Ok(())
    }

    /// Brings the pool to the state after the head.
    pub(super) fn advance_pool(&self, head: B256) -> Result<(), StateError> {
        let view = self.state_at(head.into())?;
        let mut pool = self.inner.pool.lock();
        pool.advance(|address| view.nonce(address))
    }

    /// Calls `listener` with each new head, after it is on disk, in order, from the thread that
    /// finalised it. It must neither block nor add listeners; return `false` to be forgotten.
    pub fn on_head(&self, listener: impl Fn(&Arc<ExecutedBlock>) -> bool + Send + Sync + 'static) {
        self.inner.head_listeners.add(listener);
    }
}
