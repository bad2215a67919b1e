//! Unfinalised blocks over the newest finalised one. Only memory; the database is the caller's matter.

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::B256;

use crate::{
    block::SealedHeader,
    snapshot::Snapshot,
    state::{Layer, StateView},
};

/// Most unfinalised blocks that are kept: many times what any consensus has in flight, and a bound on
/// what proposals can make a node hold.
pub(crate) const MAX_UNFINALISED: usize = 256;

#[derive(Debug)]
pub(crate) struct Tree {
    snapshot: Arc<Snapshot>,
    layers: BTreeMap<B256, Arc<Layer>>,
    /// State that was changed outside of transactions, by the number of the finalised block after
    /// which it was; only on a development chain. `block` of such a layer is that block.
    changes: BTreeMap<u64, Arc<Layer>>,
}

impl Tree {
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        Self {
            snapshot: Arc::new(snapshot),
            layers: BTreeMap::new(),
            changes: BTreeMap::new(),
        }
    }

    /// The newest finalised block.
    pub(crate) fn head(&self) -> &SealedHeader {
        self.snapshot.head()
    }

    /// The finalised chain as it is now.
    pub(crate) fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// An unfinalised block.
    pub(crate) fn layer(&self, hash: B256) -> Option<&Arc<Layer>> {
        self.layers.get(&hash)
    }

    /// Whether there is room for another unfinalised block.
    pub(crate) fn is_full(&self) -> bool {
        self.layers.len() >= MAX_UNFINALISED
    }

    /// Adds a block whose parent [`Self::view_of_tip`] knows.
    pub(crate) fn insert(&mut self, layer: Arc<Layer>) {
        self.layers.insert(layer.block.hash(), layer);
    }

    /// State after an unfinalised block or the newest finalised one: what a block can stand on.
    pub(crate) fn view_of_tip(&self, hash: B256) -> Option<StateView> {
        let mut layers = self.path(hash)?;
        layers.extend(self.change_at(self.head().number).cloned());
        Some(StateView::unfinalised(layers, self.snapshot.clone()))
    }

    /// Unfinalised blocks from `hash` down to the child of the newest finalised block; empty for that
    /// block itself.
    pub(crate) fn path(&self, hash: B256) -> Option<Vec<Arc<Layer>>> {
        let mut layers = Vec::new();
        let mut next = hash;
        while next != self.head().hash() {
            let layer = self.layers.get(&next)?;
            next = layer.block.header.parent_hash;
            layers.push(layer.clone());
        }
        Some(layers)
    }

    /// What was changed in the state after a finalised block.
    pub(crate) fn change_at(&self, number: u64) -> Option<&Arc<Layer>> {
        self.changes.get(&number)
    }

    /// Changes the state after the newest finalised block; what stands on that block is forgotten.
    pub(crate) fn set_change(&mut self, layer: Arc<Layer>) {
        self.layers.clear();
        self.changes.insert(self.head().number, layer);
    }

    /// Moves the base back to a snapshot, and the state after it to `change`.
    pub(crate) fn rewind(&mut self, snapshot: Snapshot, change: Option<Arc<Layer>>) {
        self.layers.clear();
        let number = snapshot.head().number;
        self.changes.retain(|changed, _| *changed < number);
        self.changes.extend(change.map(|change| (number, change)));
        self.snapshot = Arc::new(snapshot);
    }

    /// Moves the base to a snapshot that was just written; forgets what does not descend from it.
    pub(crate) fn advance(&mut self, snapshot: Snapshot) {
        self.snapshot = Arc::new(snapshot);
        let alive: Vec<B256> = self
            .layers
            .keys()
            .copied()
            .filter(|hash| *hash != self.head().hash() && self.path(*hash).is_some())
            .collect();
        self.layers.retain(|hash, _| alive.contains(hash));
    }
}
