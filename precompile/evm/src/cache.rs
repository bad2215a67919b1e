//! The cache of loaded models that a node keeps: bounded in bytes, least recently used goes first.

use crate::load::{LoadedModel, ModelCache};
use alloc::{collections::BTreeMap, sync::Arc};
use alloy_primitives::B256;
use std::sync::{Mutex, MutexGuard};

/// A cache shared by all EVMs of a node.
#[derive(Debug)]
pub struct LruCache {
    limit_bytes: usize,
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    models: BTreeMap<B256, (u64, Arc<LoadedModel>)>,
    held_bytes: usize,
    /// Counts uses; the entry with the lowest count is the least recently used.
    clock: u64,
}

impl LruCache {
    /// A cache for models that weigh `limit_bytes` together.
    #[must_use]
    pub const fn new(limit_bytes: usize) -> Self {
        let entries = Entries {
            models: BTreeMap::new(),
            held_bytes: 0,
            clock: 0,
        };
        Self {
            limit_bytes,
            entries: Mutex::new(entries),
        }
    }

    /// Number of models held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().models.len()
    }

    /// Whether no model is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.lock() = Entries::default();
    }

    /// After a panic while the lock was held the content is dropped: it is only a cache.
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(|poisoned| {
            self.entries.clear_poison();
            let mut entries = poisoned.into_inner();
            *entries = Entries::default();
            entries
        })
    }
}

impl ModelCache for LruCache {
    fn get(&self, model_hash: B256) -> Option<Arc<LoadedModel>> {
        let mut entries = self.lock();
        entries.clock += 1;
        let clock = entries.clock;
        let (used, model) = entries.models.get_mut(&model_hash)?;
        *used = clock;
        Some(Arc::clone(model))
    }

    fn insert(&self, model_hash: B256, model: &Arc<LoadedModel>) {
        if model.weight_bytes > self.limit_bytes {
            return;
        }
        let mut entries = self.lock();
        entries.clock += 1;
        let entry = (entries.clock, Arc::clone(model));
        entries.held_bytes += model.weight_bytes;
        if let Some((_, replaced)) = entries.models.insert(model_hash, entry) {
            entries.held_bytes -= replaced.weight_bytes;
        }
        while entries.held_bytes > self.limit_bytes {
            let oldest = entries.models.iter().min_by_key(|(_, (used, _))| *used);
            let Some(oldest) = oldest.map(|(hash, _)| *hash) else {
                break;
            };
            if let Some((_, evicted)) = entries.models.remove(&oldest) {
                entries.held_bytes -= evicted.weight_bytes;
            }
        }
    }
}
