//! What only a development chain does: state that changes outside of transactions, blocks that are
//! undone, transactions that nobody signed.
//!
//! Nobody else can verify the blocks that come of it: a changed state is in the next block's state
//! root without a transaction that made it, and an unsigned transaction's sender is known to this
//! node alone. Everything else about such blocks is as ever: one executor, and on disk before they
//! show.

use std::sync::Arc;

use alloy_primitives::{B256, KECCAK256_EMPTY};

use super::Chain;
use crate::{
    admission,
    block::{RecoveredTransaction, SealedHeader},
    diff::StateDiff,
    pool::{Pool, PoolError},
    snapshot::Snapshot,
    state::{Layer, StateError},
};

/// A moment of a chain to which [`Chain::rewind`] goes back: head, changed state, pool.
#[derive(Debug, Clone)]
pub struct Mark {
    head: SealedHeader,
    change: Option<Arc<Layer>>,
    pool: Pool,
}

impl Mark {
    /// The head at that moment.
    pub fn head(&self) -> &SealedHeader {
        &self.head
    }
}

impl Chain {
    /// Changes the state after the head, without a block: `latest` shows it at once, and the next
    /// block builds on it. Until then it is in memory only.
    pub fn change_state(&self, change: &StateDiff) -> Result<(), StateError> {
        let _writer = self.inner.writer.lock();
        let head = self.head();
        let view = self.state_at(head.hash().into())?;
        let block = self.block(head.hash().into())?;
        let block = block.ok_or(StateError::UnknownBlock(head.hash()))?;
        let mut trie = view.trie()?;
        trie.apply(change);
        let before = self.inner.tree.read().change_at(head.number).cloned();
        let diff = match &before {
            Some(layer) => layer.diff.clone().followed_by(change),
            None => change.clone(),
        };
        let layer = Layer { block, diff, trie };
        self.inner.tree.write().set_change(Arc::new(layer));
        // A nonce may have been set.
        self.advance_pool(head.hash())
    }

    /// The state after the head, as it was changed since, with all code: changes to an empty one.
    pub fn whole_state(&self) -> Result<StateDiff, StateError> {
        let (snapshot, change) = {
            let tree = self.inner.tree.read();
            let snapshot = tree.snapshot().clone();
            let change = tree.change_at(snapshot.head().number).cloned();
            (snapshot, change)
        };
        let mut state = snapshot.state()?;
        if let Some(change) = change {
            state = state.followed_by(&change.diff);
        }
        state.accounts.retain(|_, change| change.account.is_some());
        for change in state.accounts.values_mut() {
            change.storage.retain(|_, value| !value.is_zero());
            change.wiped = false;
        }
        let hashes = state.accounts.values().filter_map(|change| change.account);
        for hash in hashes.map(|account| account.code_hash) {
            if hash == KECCAK256_EMPTY || state.code.contains_key(&hash) {
                continue;
            }
            let code = snapshot.code(hash)?.ok_or(StateError::MissingCode(hash))?;
            state.code.insert(hash, code);
        }
        Ok(state)
    }

    /// The moment at which block `number` was the head, with the pool of now; `None` if there is no
    /// such block.
    pub fn mark_at(&self, number: u64) -> Result<Option<Mark>, StateError> {
        let _writer = self.inner.writer.lock();
        let Some(head) = self.snapshot().header(number)? else {
            return Ok(None);
        };
        let change = self.inner.tree.read().change_at(number).cloned();
        let pool = self.inner.pool.lock().clone();
        Ok(Some(Mark { head, change, pool }))
    }

    /// This moment, to come back to.
    pub fn mark(&self) -> Mark {
        let _writer = self.inner.writer.lock();
        let head = self.head();
        let change = self.inner.tree.read().change_at(head.number).cloned();
        let pool = self.inner.pool.lock().clone();
        Mark { head, change, pool }
    }

    /// The genesis block with its own state and an empty pool.
    pub fn genesis_mark(&self) -> Mark {
        Mark {
            head: self.spec().genesis_header().clone(),
            change: None,
            pool: Pool::default(),
        }
    }

    /// Undoes every block since `mark` and every change of state; the pool is what it was.
    /// Unfinalised blocks are forgotten.
    pub fn rewind(&self, mark: &Mark) -> Result<(), StateError> {
        let _writer = self.inner.writer.lock();
        let (number, hash) = (mark.head.number, mark.head.hash());
        let snapshot = self.snapshot();
        // Taken from a chain that was rewound to before it.
        if snapshot.number(hash)? != Some(number) {
            return Err(StateError::UnknownBlock(hash));
        }
        let trie = snapshot.trie_at(number)?;
        self.inner.store.rewind(number)?;
        let snapshot = Snapshot::open(&self.inner.store, trie)?;
        self.inner
            .tree
            .write()
            .rewind(snapshot, mark.change.clone());
        *self.inner.pool.lock() = mark.pool.clone();
        Ok(())
    }

    /// Puts a transaction into the pool whose sender is taken on trust.
    pub fn submit_unsigned(&self, transaction: RecoveredTransaction) -> Result<B256, PoolError> {
        let chain_id = self.spec().chain_id();
        admission::check_unsigned(&transaction, chain_id, &self.head())?;
        self.admit(transaction)
    }

    /// Empties the pool.
    pub fn clear_pool(&self) {
        *self.inner.pool.lock() = Pool::default();
    }
}
