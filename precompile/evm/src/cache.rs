//! The cache of loaded models that a node keeps: bounded in bytes, least recently used goes first.

use crate::{
    load::{LoadedModel, ModelCache},
    lock::CacheLock,
};
use alloc::{collections::BTreeMap, sync::Arc};
use alloy_primitives::B256;

/// A cache shared by all EVMs of a node.
#[derive(Debug)]
pub struct LruCache {
    limit_bytes: usize,
    entries: CacheLock<Entries>,
}

/// What a cache holds, and how often it was asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Models held.
    pub models: usize,
    /// What they weigh together.
    pub held_bytes: usize,
    /// What they may weigh.
    pub limit_bytes: usize,
    /// Loads that found their model.
    pub hits: u64,
    /// Loads that did not.
    pub misses: u64,
}

#[derive(Debug, Default)]
struct Entries {
    models: BTreeMap<B256, (u64, Arc<LoadedModel>)>,
    held_bytes: usize,
    hits: u64,
    misses: u64,
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
            hits: 0,
            misses: 0,
            clock: 0,
        };
        Self {
            limit_bytes,
            entries: CacheLock::new(entries),
        }
    }

    /// Number of models held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.lock().models.len()
    }

    /// Whether no model is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it holds now, and how often it was asked since it was made or cleared.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        let entries = self.entries.lock();
        CacheStats {
            models: entries.models.len(),
            held_bytes: entries.held_bytes,
            limit_bytes: self.limit_bytes,
            hits: entries.hits,
            misses: entries.misses,
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.entries.lock() = Entries::default();
    }
}

impl ModelCache for LruCache {
    fn get(&self, model_hash: B256) -> Option<Arc<LoadedModel>> {
        let mut entries = self.entries.lock();
        entries.clock += 1;
        let clock = entries.clock;
        let found = entries.models.get_mut(&model_hash).map(|(used, model)| {
            *used = clock;
            Arc::clone(model)
        });
        match found {
            Some(_) => entries.hits += 1,
            None => entries.misses += 1,
        }
        found
    }

    fn insert(&self, model_hash: B256, model: &Arc<LoadedModel>) {
        if model.weight_bytes > self.limit_bytes {
            return;
        }
        let mut entries = self.entries.lock();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::prepare;
    use fixpoint_runtime::{
        kernels::Isa,
        model::{
            self,
            format::{FORMAT_VERSION, Input, Model, Output, Quantisation, Signed32},
        },
        ops::{Operator, clamp::Clamp},
        tensor::{DType, TensorType},
    };

    fn loaded(weight_bytes: usize) -> Arc<LoadedModel> {
        let name = || b"x".to_vec().try_into().unwrap();
        let tensor = TensorType {
            dtype: DType::I8,
            shape: vec![1].try_into().unwrap(),
        };
        let quantisation = Quantisation::None;
        let input = Input {
            name: name(),
            tensor,
            quantisation,
            saturates: false,
        };
        let clamp = Clamp {
            input: 0,
            min: Signed32(0),
            max: Signed32(1),
        };
        let output = Output {
            name: name(),
            value: 1,
            quantisation: Quantisation::None,
        };
        let model = Model {
            version: FORMAT_VERSION,
            inputs: vec![input].try_into().unwrap(),
            constants: Vec::new().try_into().unwrap(),
            operators: vec![Operator::Clamp(clamp)].try_into().unwrap(),
            outputs: vec![output].try_into().unwrap(),
        };
        let mut loaded = prepare(&model::validate(model).unwrap(), Isa::portable(), 1).unwrap();
        loaded.weight_bytes = weight_bytes;
        Arc::new(loaded)
    }

    fn hash(byte: u8) -> B256 {
        B256::repeat_byte(byte)
    }

    fn held(cache: &LruCache) -> Vec<u8> {
        (0..10)
            .filter(|byte| cache.entries.lock().models.contains_key(&hash(*byte)))
            .collect()
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let cache = LruCache::new(100);
        for byte in 0..3 {
            cache.insert(hash(byte), &loaded(40));
        }
        assert_eq!(held(&cache), [1, 2]);
        assert!(cache.get(hash(1)).is_some());
        cache.insert(hash(3), &loaded(40));
        assert_eq!(held(&cache), [1, 3]);
        cache.insert(hash(4), &loaded(101));
        assert_eq!(held(&cache), [1, 3], "what does not fit pushes nothing out");
        cache.insert(hash(1), &loaded(60));
        assert_eq!(cache.entries.lock().held_bytes, 100);
        cache.insert(hash(5), &loaded(100));
        assert_eq!(held(&cache), [5]);
    }

    #[test]
    fn hits_misses_and_weights_are_counted() {
        let cache = LruCache::new(100);
        assert!(cache.get(hash(1)).is_none());
        cache.insert(hash(1), &loaded(40));
        for _ in 0..3 {
            assert!(cache.get(hash(1)).is_some());
        }
        let want = CacheStats {
            models: 1,
            held_bytes: 40,
            limit_bytes: 100,
            hits: 3,
            misses: 1,
        };
        assert_eq!(cache.stats(), want);
    }
}
