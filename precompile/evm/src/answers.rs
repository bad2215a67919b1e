//! What models said before, remembered by the model's hash and the input's.
//!
//! A model is a function of its input, so an answer that was worked out once is the answer for ever.
//! A node may keep answers, for instance of transactions that wait for a block, and lend them to the
//! precompile, which asks for one where it would run the model: after everything is read, checked and
//! charged. An answer spares the arithmetic and nothing else. Failures are not kept: they are found
//! anew each time.
//!
//! Inputs are hashed as packed tensors, so calls with words, with raw bytes and the runs of a batch
//! share their answers.
//!
//! An answer carries a checksum over its key and its output. One that does not match, whatever damaged
//! it, is forgotten, and the model runs.

use alloc::{sync::Arc, vec::Vec};
use alloy_primitives::B256;
use core::fmt::Debug;
use sha2::{Digest as _, Sha256};

/// Names the answer of one model to one input: SHA-256 of the model's hash and the packed input.
///
/// A collision would be a wrong result, so it is a cryptographic hash; SHA-256, which processors have
/// instructions for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnswerKey(B256);

impl AnswerKey {
    /// The key of a run of the model with this root code hash on this packed input.
    #[must_use]
    pub fn new(model_hash: B256, input: &[u8]) -> Self {
        Self(sha256(model_hash, input))
    }
}

/// A packed output, and whose answer it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    key: AnswerKey,
    checksum: B256,
    output: Vec<u8>,
}

impl Answer {
    /// The answer with this key.
    #[must_use]
    pub fn new(key: AnswerKey, output: Vec<u8>) -> Self {
        let checksum = sha256(key.0, &output);
        Self::from_parts(key, checksum, output)
    }

    /// An answer as it was kept somewhere. Nothing is checked before [`Self::output`].
    #[must_use]
    pub const fn from_parts(key: AnswerKey, checksum: B256, output: Vec<u8>) -> Self {
        Self {
            key,
            checksum,
            output,
        }
    }

    /// What [`Self::from_parts`] takes.
    #[must_use]
    pub fn into_parts(self) -> (AnswerKey, B256, Vec<u8>) {
        (self.key, self.checksum, self.output)
    }

    /// The key that it was made with.
    #[must_use]
    pub const fn key(&self) -> AnswerKey {
        self.key
    }

    /// Bytes of the packed output.
    #[must_use]
    pub const fn output_bytes(&self) -> usize {
        self.output.len()
    }

    /// The packed output, if this is the undamaged answer with this key.
    #[must_use]
    pub fn output(&self, key: AnswerKey) -> Option<&[u8]> {
        let is_sound = self.key == key && self.checksum == sha256(key.0, &self.output);
        is_sound.then_some(self.output.as_slice())
    }
}

/// Node-local memory of answers. May forget anything at any time.
pub trait AnswerCache: Debug + Send + Sync {
    /// The answer with this key, if it is held.
    fn get(&self, key: AnswerKey) -> Option<Arc<Answer>>;

    /// Offers an answer.
    fn insert(&self, answer: Answer);

    /// The answer that it held for this key is damaged.
    fn forget(&self, key: AnswerKey);

    /// Whether to ask it for runs that cost `gas` without their load and have `bytes` of packed input
    /// and output together.
    ///
    /// Asking in vain should take at most a fifth of the run. The fastest kernels take 0.2 ns for a
    /// gas; hashing takes 0.6 ns a byte where there are instructions for it, the rest less than 1 us.
    fn wants(&self, gas: u64, bytes: u64) -> bool {
        gas >= bytes.saturating_mul(8).saturating_add(20_000)
    }
}

/// Answers for one that must not add any.
#[derive(Clone, Debug)]
pub struct ReadOnlyAnswers(Arc<dyn AnswerCache>);

impl ReadOnlyAnswers {
    /// The answers of another cache, whatever it holds at the time.
    #[must_use]
    pub const fn of(answers: Arc<dyn AnswerCache>) -> Self {
        Self(answers)
    }
}

impl AnswerCache for ReadOnlyAnswers {
    fn get(&self, key: AnswerKey) -> Option<Arc<Answer>> {
        self.0.get(key)
    }

    fn insert(&self, _: Answer) {}

    fn forget(&self, key: AnswerKey) {
        self.0.forget(key);
    }

    fn wants(&self, gas: u64, bytes: u64) -> bool {
        self.0.wants(gas, bytes)
    }
}

/// Where an output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The model ran.
    Run,
    /// The answer was known.
    Recall,
}

/// Fills `output` with what the model said to `input` before, or lets `run` fill it and keeps that.
pub(crate) fn recall_or_run<E>(
    answers: &dyn AnswerCache,
    key: AnswerKey,
    output: &mut [u8],
    run: impl FnOnce(&mut [u8]) -> Result<(), E>,
) -> Result<Origin, E> {
    if let Some(answer) = answers.get(key) {
        match answer.output(key) {
            Some(known) if known.len() == output.len() => {
                output.copy_from_slice(known);
                return Ok(Origin::Recall);
            }
            _ => answers.forget(key),
        }
    }
    run(output)?;
    answers.insert(Answer::new(key, output.to_vec()));
    Ok(Origin::Run)
}

fn sha256(first: B256, second: &[u8]) -> B256 {
    let mut hasher = Sha256::new();
    hasher.update(first);
    hasher.update(second);
    B256::new(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use alloc::vec;
    use alloy_primitives::b256;
    use core::cell::Cell;
    use std::sync::Mutex;

    /// Holds one answer, whatever it is asked.
    #[derive(Debug, Default)]
    struct One(Mutex<Option<Answer>>);

    impl AnswerCache for One {
        fn get(&self, _: AnswerKey) -> Option<Arc<Answer>> {
            self.0.lock().unwrap().clone().map(Arc::new)
        }
        fn insert(&self, answer: Answer) {
            *self.0.lock().unwrap() = Some(answer);
        }
        fn forget(&self, _: AnswerKey) {
            *self.0.lock().unwrap() = None;
        }
    }

    fn key(input: &[u8]) -> AnswerKey {
        AnswerKey::new(B256::repeat_byte(7), input)
    }

    /// What is answered for `key`, and whether the model ran for it.
    fn ask(cache: &dyn AnswerCache, key: AnswerKey) -> (Vec<u8>, bool) {
        let has_run = Cell::new(false);
        let mut output = vec![0; 3];
        let origin = recall_or_run(cache, key, &mut output, |output| {
            has_run.set(true);
            output.copy_from_slice(&[1, 2, 3]);
            Ok::<(), ()>(())
        })
        .unwrap();
        assert_eq!(origin == Origin::Run, has_run.get());
        (output, has_run.get())
    }

    #[test]
    fn a_key_is_the_hash_of_model_and_input() {
        // Python: hashlib.sha256(bytes([1] * 32) + b"abc").hexdigest()
        let key = AnswerKey::new(B256::repeat_byte(1), b"abc");
        let want = b256!("0xf138dfb92f2d15143be6aa75d8c22a848559e77362670c45c8ab5852fe23e081");
        assert_eq!(key.0, want);
        let other_model = AnswerKey::new(B256::repeat_byte(2), b"abc");
        let other_input = AnswerKey::new(B256::repeat_byte(1), b"abd");
        assert!(key != other_model && key != other_input);
    }

    #[test]
    fn an_answer_is_worked_out_once() {
        let cache = One::default();
        assert_eq!(ask(&cache, key(b"x")), (vec![1, 2, 3], true));
        assert_eq!(ask(&cache, key(b"x")), (vec![1, 2, 3], false));
    }

    #[test]
    fn a_damaged_answer_is_replaced_by_the_right_one() {
        let sound = Answer::new(key(b"x"), vec![1, 2, 3]);
        let (of, checksum, output) = sound.into_parts();
        let mut flipped = output.clone();
        flipped[1] ^= 1;
        let mut other_checksum = checksum;
        other_checksum[31] ^= 1;
        for damaged in [
            Answer::from_parts(of, checksum, flipped),
            Answer::from_parts(of, other_checksum, output.clone()),
            Answer::from_parts(of, checksum, output[..2].to_vec()),
            Answer::from_parts(key(b"y"), checksum, output.clone()),
            // Sound, but of another input or of another length.
            Answer::new(key(b"y"), output.clone()),
            Answer::new(of, vec![1, 2, 3, 4]),
        ] {
            let cache = One(Mutex::new(Some(damaged.clone())));
            assert_eq!(ask(&cache, of), (output.clone(), true), "{damaged:?}");
            assert_eq!(ask(&cache, of), (output.clone(), false), "{damaged:?}");
        }
    }

    #[test]
    fn a_failure_is_not_kept() {
        let cache = One::default();
        let failed = recall_or_run(&cache, key(b"x"), &mut [0], |_| Err("fails"));
        assert_eq!(failed, Err("fails"));
        assert!(cache.get(key(b"x")).is_none());
    }

    #[test]
    fn who_may_only_read_adds_nothing_and_drops_what_is_damaged() {
        let cache: Arc<dyn AnswerCache> = Arc::new(One::default());
        let reader = ReadOnlyAnswers::of(Arc::clone(&cache));
        assert_eq!(ask(&reader, key(b"x")), (vec![1, 2, 3], true));
        assert!(cache.get(key(b"x")).is_none());
        cache.insert(Answer::new(key(b"x"), vec![1, 2, 3]));
        assert_eq!(ask(&reader, key(b"x")), (vec![1, 2, 3], false));
        cache.insert(Answer::new(key(b"y"), vec![9, 9, 9]));
        assert_eq!(ask(&reader, key(b"x")), (vec![1, 2, 3], true));
        assert!(cache.get(key(b"x")).is_none());
    }

    #[test]
    fn small_runs_and_long_inputs_are_not_worth_it() {
        let cache = One::default();
        // Work and bytes of networks in docs/performance.md.
        assert!(cache.wants(6_994_580, 150_528 + 1_000), "MobileNetV2");
        assert!(cache.wants(318_456, 27_648 + 2), "MobileNetV1");
        assert!(!cache.wants(7_530, 784 + 10), "MLP");
        assert!(!cache.wants(1_000_000, 150_528));
        assert!(!cache.wants(u64::MAX - 1, u64::MAX));
    }
}
