//! The fuzz bodies without a fuzzer: random inputs for seconds, then seeds and what was once found.

use fixpoint_fuzz_bodies::{
    TARGETS,
    graphs::{Tally, check_seed},
    mutated_model, structured,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use std::{fs, path::Path};

fn run(name: &str, cases: u32, longest: usize) {
    let (_, check) = TARGETS
        .iter()
        .find(|(target, _)| *target == name)
        .expect("a target");
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let bytes = prop::collection::vec(any::<u8>(), 0..longest);
    let checked = TestRunner::new(config).run(&bytes, |bytes| {
        check(&bytes);
        Ok(())
    });
    checked.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn calldata() {
    run("calldata", 20_000, 600);
}

#[test]
fn graphs() {
    run("graphs", 1_500, 3_000);
}

#[test]
fn model_bytes() {
    run("model_bytes", 20_000, 400);
}

#[test]
fn mutated_model() {
    run("mutated_model", 15_000, 300);
}

#[test]
fn root_bytes() {
    run("root_bytes", 10_000, 400);
}

#[test]
fn wad() {
    run("wad", 50_000, 100);
}

/// What the structured generator makes is mostly worth running.
#[test]
fn most_structured_models_are_valid() {
    let mut valid = 0;
    for seed in 0..500 {
        let bytes = fixpoint_fuzz_bodies::choices::noise(seed, 300);
        let model = structured::model(&mut fixpoint_fuzz_bodies::choices::Choices::new(&bytes));
        if fixpoint_runtime::model::validate(model).is_ok() {
            valid += 1;
        }
        mutated_model::check(&bytes);
    }
    assert!(valid > 450, "{valid} of 500 are valid");
}

/// Random graphs are a test only if they hold something: this counts what they do.
#[test]
fn graphs_use_every_operator_and_both_succeed_and_fail() {
    let mut tally = Tally::default();
    for seed in 0..400 {
        check_seed(seed, &mut tally);
    }
    assert_eq!(tally.operators.len(), 52, "{tally:?}");
    for (name, count) in &tally.operators {
        assert!(count.positive > 50, "{name}: {count:?}");
    }
    assert!(tally.positive > 400 && tally.failing > 100, "{tally:?}");
}

/// `seeds/` and `regressions/` have a directory per target.
#[test]
fn files_are_replayed() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (target, check) in TARGETS {
        for kind in ["seeds", "regressions"] {
            let directory = fuzz.join(kind).join(target);
            let Ok(entries) = fs::read_dir(&directory) else {
                assert_eq!(kind, "regressions", "no seeds for {target}");
                continue;
            };
            for entry in entries {
                let path = entry.expect("an entry").path();
                check(&fs::read(&path).expect("a file"));
            }
        }
    }
}
