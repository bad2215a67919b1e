//! What holds for every model and every input: sets of kernels agree, encodings are canonical, and
//! nothing that a stranger writes makes the runtime panic.

mod support;

use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{self, ValidModel},
};
use proptest::{collection::vec, prelude::*};
use support::{Choices, draw};

/// A work limit for models that mutation made up: a test must end.
const MAX_WORK: u64 = 1 << 22;

/// Bytes for all inputs: any values of their types.
fn draw_input(choices: &mut Choices<'_>, valid: &ValidModel) -> Vec<u8> {
    let mut bytes = Vec::new();
    for input in valid.model().inputs.iter() {
        for _ in 0..input.tensor.elements() {
            let element = choices.element(input.tensor.dtype).to_le_bytes();
            bytes.extend(&element[..input.tensor.dtype.size_bytes()]);
        }
    }
    bytes
}

/// Runs on every set of kernels, and asserts that all end alike.
fn run_everywhere(valid: &ValidModel, input: &[u8]) {
    let run = |isa| {
        let plan = Plan::new(valid, isa);
        let mut output = vec![0; valid.output_bytes() as usize];
        let result = plan.run(&mut Arena::new(&plan), input, &mut output);
        // After an error the output is unspecified.
        result.map(|()| output)
    };
    let expected = run(Isa::portable());
    for isa in Isa::available() {
        assert_eq!(run(isa), expected, "{}", isa.name());
    }
}

fn work(valid: &ValidModel) -> u64 {
    valid.work().to_array().iter().sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 256 }))]

    #[test]
    fn all_kernels_agree(seed in vec(any::<u8>(), 0..2000)) {
        let choices = &mut Choices(&seed);
        let valid = draw(choices);
        let input = draw_input(choices, &valid);
        run_everywhere(&valid, &input);
    }

    #[test]
    fn models_come_back_as_they_were_encoded(seed in vec(any::<u8>(), 0..2000)) {
        let valid = draw(&mut Choices(&seed));
        let bytes = model::encode(valid.model());
        prop_assert_eq!(&model::parse(&bytes).expect("canonical"), valid.model());
    }

    #[test]
    fn a_mutated_model_is_refused_or_canonical_and_runs(
        seed in vec(any::<u8>(), 0..1000),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = model::encode(draw(&mut Choices(&seed)).model());
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(parsed) = model::parse(&bytes) {
            prop_assert_eq!(&model::encode(&parsed), &bytes);
            if let Ok(valid) = model::validate(parsed)
                && work(&valid) < MAX_WORK
            {
                let input = vec![1; valid.input_bytes() as usize];
                run_everywhere(&valid, &input);
            }
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..300)) {
        let mut bytes = bytes;
        if bytes.len() > 2 {
            bytes[..2].copy_from_slice(&[1, 0]);
        }
        if let Ok(parsed) = model::parse(&bytes) {
            prop_assert_eq!(&model::encode(&parsed), &bytes);
            let _ = model::validate(parsed);
        }
    }

    #[test]
    fn an_arena_may_be_used_again(seed in vec(any::<u8>(), 0..2000)) {
        let choices = &mut Choices(&seed);
        let valid = draw(choices);
        let plan = Plan::new(&valid, Isa::detect());
        let mut used = Arena::new(&plan);
        let mut output = vec![0; valid.output_bytes() as usize];
        for _ in 0..3 {
            let input = draw_input(choices, &valid);
            let mut expected = output.clone();
            let fresh = plan.run(&mut Arena::new(&plan), &input, &mut expected);
            let again = plan.run(&mut used, &input, &mut output);
            prop_assert_eq!(fresh, again);
            if fresh.is_ok() {
                prop_assert_eq!(&output, &expected);
            }
        }
    }
}

/// Random graphs are a test only if they hold something: this counts what they do.
#[test]
#[cfg_attr(miri, ignore = "counts, and the properties above run such models")]
fn drawn_models_use_every_operator_and_both_succeed_and_fail() {
    let mut seen = std::collections::BTreeMap::new();
    let (mut succeeded, mut failed) = (0, 0);
    for seed in 0..400_u64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let bytes: Vec<u8> = (0..3000)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            })
            .collect();
        let choices = &mut Choices(&bytes);
        let valid = draw(choices);
        for operator in valid.model().operators.iter() {
            *seen.entry(operator.name()).or_insert(0) += 1;
        }
        let input = draw_input(choices, &valid);
        let plan = Plan::new(&valid, Isa::detect());
        let mut output = vec![0; valid.output_bytes() as usize];
        match plan.run(&mut Arena::new(&plan), &input, &mut output) {
            Ok(()) => succeeded += 1,
            Err(_) => failed += 1,
        }
    }
    assert_eq!(seen.len(), 24, "{seen:?}");
    assert!(
        succeeded > 50 && failed > 20,
        "{succeeded} ran, {failed} failed: {seen:?}"
    );
}
