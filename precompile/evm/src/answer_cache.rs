//! The cache of answers that a node keeps: bounded in bytes, the oldest goes first.
//!
//! Oldest, not least recently used: whoever only reads, as calls from outside do, cannot decide what
//! is held.

use crate::{
    answers::{Answer, AnswerCache, AnswerKey},
    lock::CacheLock,
};
use alloc::{collections::BTreeMap, sync::Arc};

/// A cache shared by all EVMs of a node.
#[derive(Debug)]
pub struct FifoAnswerCache {
    limit_bytes: usize,
    entries: CacheLock<Entries>,
}

/// What a cache holds, and how often it was asked since it was made or cleared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerStats {
    /// Answers held.
    pub answers: usize,
    /// What they weigh together.
    pub held_bytes: usize,
    /// What they may weigh.
    pub limit_bytes: usize,
    /// Runs whose answer it held.
    pub hits: u64,
    /// Runs whose answer it did not hold.
    pub misses: u64,
    /// Answers, of the hits, that were damaged, so that the model ran.
    pub damaged: u64,
}

#[derive(Debug, Default)]
struct Entries {
    answers: BTreeMap<AnswerKey, Entry>,
    by_age: BTreeMap<u64, AnswerKey>,
    held_bytes: usize,
    /// The next entry's place in `by_age`.
    arrivals: u64,
    hits: u64,
    misses: u64,
    damaged: u64,
}

#[derive(Debug)]
struct Entry {
    arrival: u64,
    answer: Arc<Answer>,
}

/// What an answer weighs besides its output: itself, its places in two trees that are half empty at
/// worst, and what an allocator adds.
const ENTRY_BYTES: usize = 512;

fn weight_bytes(answer: &Answer) -> usize {
    answer.output_bytes().saturating_add(ENTRY_BYTES)
}

impl FifoAnswerCache {
    /// A cache for answers that weigh `limit_bytes` together.
    #[must_use]
    pub const fn new(limit_bytes: usize) -> Self {
        let entries = Entries {
            answers: BTreeMap::new(),
            by_age: BTreeMap::new(),
            held_bytes: 0,
            arrivals: 0,
            hits: 0,
            misses: 0,
            damaged: 0,
        };
        Self {
            limit_bytes,
            entries: CacheLock::new(entries),
        }
    }

    /// What it holds now, and how often it was asked.
    #[must_use]
    pub fn stats(&self) -> AnswerStats {
        let entries = self.entries.lock();
        AnswerStats {
            answers: entries.answers.len(),
            held_bytes: entries.held_bytes,
            limit_bytes: self.limit_bytes,
            hits: entries.hits,
            misses: entries.misses,
            damaged: entries.damaged,
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.entries.lock() = Entries::default();
    }
}

impl Entries {
    fn remove(&mut self, key: AnswerKey) -> bool {
        let Some(entry) = self.answers.remove(&key) else {
            return false;
        };
        self.by_age.remove(&entry.arrival);
        self.held_bytes = self.held_bytes.saturating_sub(weight_bytes(&entry.answer));
        true
    }
}

impl AnswerCache for FifoAnswerCache {
    fn get(&self, key: AnswerKey) -> Option<Arc<Answer>> {
        let mut entries = self.entries.lock();
        let found = entries
            .answers
            .get(&key)
            .map(|entry| Arc::clone(&entry.answer));
        match found {
            Some(_) => entries.hits += 1,
            None => entries.misses += 1,
        }
        found
    }

    fn insert(&self, answer: Answer) {
        let (key, weight) = (answer.key(), weight_bytes(&answer));
        if weight > self.limit_bytes {
            return;
        }
        let mut entries = self.entries.lock();
        // Two threads may work out one answer at a time. It stays as old as it is.
        if entries.answers.contains_key(&key) {
            return;
        }
        while entries.held_bytes.saturating_add(weight) > self.limit_bytes {
            let Some((_, oldest)) = entries.by_age.pop_first() else {
                break;
            };
            entries.remove(oldest);
        }
        let arrival = entries.arrivals;
        entries.arrivals += 1;
        entries.held_bytes += weight;
        entries.by_age.insert(arrival, key);
        let answer = Arc::new(answer);
        entries.answers.insert(key, Entry { arrival, answer });
    }

    fn forget(&self, key: AnswerKey) {
        let mut entries = self.entries.lock();
        if entries.remove(key) {
            entries.damaged += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::B256;
    use proptest::prelude::*;

    fn key(byte: u8) -> AnswerKey {
        AnswerKey::new(B256::ZERO, &[byte])
    }

    /// An answer that weighs `weight` bytes.
    fn answer(byte: u8, weight: usize) -> Answer {
        Answer::new(key(byte), vec![byte; weight - ENTRY_BYTES])
    }

    fn held(cache: &FifoAnswerCache) -> Vec<u8> {
        let entries = cache.entries.lock();
        (0..10)
            .filter(|byte| entries.answers.contains_key(&key(*byte)))
            .collect()
    }

    #[test]
    fn the_oldest_goes_first_whatever_was_read() {
        let cache = FifoAnswerCache::new(3_000);
        for byte in 0..3 {
            cache.insert(answer(byte, 1_000));
        }
        assert!(cache.get(key(0)).is_some());
        // Offered again, it does not get younger.
        cache.insert(answer(0, 1_000));
        cache.insert(answer(3, 1_000));
        assert_eq!(held(&cache), [1, 2, 3]);
        cache.insert(answer(4, 3_001));
        assert_eq!(
            held(&cache),
            [1, 2, 3],
            "what does not fit pushes nothing out"
        );
        cache.insert(answer(5, 1_001));
        assert_eq!(held(&cache), [3, 5]);
        cache.insert(answer(6, 3_000));
        assert_eq!(held(&cache), [6]);
    }

    #[test]
    fn hits_misses_damage_and_weights_are_counted() {
        let cache = FifoAnswerCache::new(3_000);
        assert!(cache.get(key(1)).is_none());
        cache.insert(answer(1, 700));
        cache.insert(answer(2, 800));
        for _ in 0..3 {
            let found = cache.get(key(1)).unwrap();
            assert_eq!(found.output(key(1)).unwrap().len(), 700 - ENTRY_BYTES);
        }
        cache.forget(key(2));
        // Another thread saw the same damage.
        cache.forget(key(2));
        let want = AnswerStats {
            answers: 1,
            held_bytes: 700,
            limit_bytes: 3_000,
            hits: 3,
            misses: 1,
            damaged: 1,
        };
        assert_eq!(cache.stats(), want);
        cache.clear();
        let empty = AnswerStats {
            limit_bytes: 3_000,
            ..AnswerStats::default()
        };
        assert_eq!(cache.stats(), empty);
    }

    proptest! {
        #[test]
        fn it_never_weighs_more_than_its_limit(
            limit in 0usize..8_000,
            steps in prop::collection::vec((0u8..20, 512usize..2_500, any::<bool>()), 0..200),
        ) {
            let cache = FifoAnswerCache::new(limit);
            for (byte, weight, forgets) in steps {
                if forgets {
                    cache.forget(key(byte));
                } else {
                    cache.insert(answer(byte, weight));
                }
                let entries = cache.entries.lock();
                let weights = entries.answers.values().map(|entry| weight_bytes(&entry.answer));
                prop_assert_eq!(entries.held_bytes, weights.sum::<usize>());
                prop_assert!(entries.held_bytes <= limit);
                prop_assert_eq!(entries.by_age.len(), entries.answers.len());
                for (arrival, key) in &entries.by_age {
                    prop_assert_eq!(entries.answers[key].arrival, *arrival);
                }
            }
        }
    }
}
