//! Risk: what a node remembers of answers, sound or damaged, changes how a call ends or what it costs.

use crate::{
    calls::{call_of, outcome},
    state::{Memory, address},
};
use fixpoint_precompile::answers::{Answer, AnswerCache, AnswerKey};
use fixpoint_runtime::kernels::Isa;
use fixpoint_vector_schema::{StateFile, bytes, calls, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// What happens to an answer while it is kept.
type Damage = fn(Answer) -> Answer;

const DAMAGES: [(&str, Damage); 6] = [
    ("none", |answer| answer),
    ("a bit of the output", |answer| {
        let (key, checksum, mut output) = answer.into_parts();
        output[0] ^= 1;
        Answer::from_parts(key, checksum, output)
    }),
    ("a bit of the checksum", |answer| {
        let (key, mut checksum, output) = answer.into_parts();
        checksum[0] ^= 1;
        Answer::from_parts(key, checksum, output)
    }),
    ("cut off", |answer| {
        let (key, checksum, mut output) = answer.into_parts();
        output.pop();
        Answer::from_parts(key, checksum, output)
    }),
    ("another input's", |answer| {
        let (_, _, mut output) = answer.into_parts();
        output[0] ^= 1;
        Answer::new(AnswerKey::new([9; 32].into(), &output), output)
    }),
    ("longer than the model's", |answer| {
        let (key, _, mut output) = answer.into_parts();
        output.push(0);
        Answer::new(key, output)
    }),
];

/// Keeps every answer, whatever it cost, and damages it.
#[derive(Debug)]
struct Keeper {
    damage: Damage,
    held: Mutex<BTreeMap<AnswerKey, Arc<Answer>>>,
    counts: Mutex<Counts>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    given: u64,
    forgotten: u64,
}

impl AnswerCache for Keeper {
    fn get(&self, key: AnswerKey) -> Option<Arc<Answer>> {
        let found = self.held.lock().unwrap().get(&key).cloned();
        self.counts.lock().unwrap().given += u64::from(found.is_some());
        found
    }

    fn insert(&self, answer: Answer) {
        let key = answer.key();
        let kept = Arc::new((self.damage)(answer));
        self.held.lock().unwrap().insert(key, kept);
    }

    fn forget(&self, key: AnswerKey) {
        self.held.lock().unwrap().remove(&key);
        self.counts.lock().unwrap().forgotten += 1;
    }

    fn wants(&self, _: u64, _: u64) -> bool {
        true
    }
}

#[test]
fn every_call_ends_alike_whatever_is_remembered() {
    let file: StateFile = json("models.json");
    let caller = address(&file.caller);
    let isa = Isa::detect();
    let state = Memory::of(&file, isa);
    for (name, damage) in DAMAGES {
        let keeper = Keeper {
            damage,
            held: Mutex::default(),
            counts: Mutex::default(),
        };
        for (vector_name, vector) in &calls() {
            let input = bytes(&vector.input);
            let mut call = call_of(vector, &input, caller);
            let want = outcome(vector);
            // Remembers, then recalls, then recalls for too little gas.
            for _ in 0..2 {
                let got = state
                    .clone()
                    .transact_remembering(&call, isa, Some(&keeper));
                assert_eq!(got, want, "{vector_name} ({name})");
            }
            call.gas = want.gas_used.saturating_sub(1);
            let plain = state.clone().transact(&call, isa);
            let got = state
                .clone()
                .transact_remembering(&call, isa, Some(&keeper));
            assert_eq!(got, plain, "{vector_name} ({name}), less gas");
        }
        let counts = *keeper.counts.lock().unwrap();
        let damaged = if name == "none" { 0 } else { counts.given };
        assert!(counts.given > 50, "{name}: {counts:?}");
        assert_eq!(counts.forgotten, damaged, "{name}");
    }
}
