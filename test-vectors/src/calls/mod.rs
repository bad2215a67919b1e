//! The calls, by file.

mod refusals;
mod words;

use crate::{
    cases::{Case, Subject, integers, length, milli, units},
    models::pattern,
    state::{State, call},
};
use alloy_primitives::{Address, I256, U256};
use alloy_sol_types::SolCall as _;
use fixpoint_evm::precompile::abi::IInference::{self};

/// Files and their cases.
#[must_use]
pub fn all(state: &State) -> Vec<(&'static str, Vec<Case>)> {
    vec![
        ("words", words::words(state)),
        ("models", models(state)),
        ("batches", batches(state)),
        ("raw", raw(state)),
        ("accounts", refusals::accounts(state)),
        ("activation", refusals::activation(state)),
        ("calldata", refusals::calldata(state)),
    ]
}

/// One unit of a word.
const WAD: i128 = 1_000_000_000_000_000_000;

/// What models compute, and where they fail.
fn models(state: &State) -> Vec<Case> {
    let of = |name: &str| Subject::new(state, name);
    let (most, least) = (i64::from(i32::MAX), i64::from(i32::MIN));
    let sum = of("sum");
    let chain = of("chain");
    let classifier = of("classifier");
    let lookup = of("lookup");
    let image = |seed: usize| -> Vec<I256> {
        pattern(64 + seed, 17 + seed as i64, 8)[seed..]
            .iter()
            .map(|pixel| units(i128::from(pixel + 8) * WAD))
            .collect()
    };
    let digits = of("digits-like");
    let sixteen = of("sixteen-bits");
    let mut cases = vec![
        sum.words("sum: small", &integers(&[1, -2, 3])),
        sum.words("sum: to the largest", &integers(&[most - 1, least, 1])),
        sum.words("sum: over the largest", &integers(&[most, 0, 1])),
        sum.words("sum: below the smallest", &integers(&[0, least, -1])),
        chain.words("chain: small", &integers(&[100])),
        chain.words("chain: first operator fails", &integers(&[most])),
        chain.words("chain: second operator fails", &integers(&[-1_073_741_824])),
        chain.words("chain: third operator fails", &integers(&[1_000_000])),
        chain.words("chain: rounds half up", &integers(&[-4])),
        classifier.words("classifier: features", &milli(&[100, 500, 3_000])),
        classifier.words("classifier: another class", &milli(&[100, 500, -50_000])),
        classifier.words(
            "classifier: a tie goes to the lower index",
            &milli(&[100, 506, -2_000]),
        ),
        classifier.words("classifier: out of range", &milli(&[100, 500, 60_000])),
        classifier
            .words("classifier: statically", &milli(&[-5_000, 100, 0]))
            .statically(),
        lookup.words("lookup: rows of two chunks", &integers(&[0, 6_499])),
        lookup.words("lookup: beyond the table", &integers(&[0, 6_500])),
        lookup.words("lookup: before the table", &integers(&[-1, 0])),
        sixteen.words("sixteen bits: ramp", &milli(&[-32_768, 32_767, 1, 0])),
        sixteen.words("sixteen bits: largest", &milli(&[32_767; 4])),
    ];
    for seed in 0..4 {
        cases.push(digits.words(&format!("digits-like: image {seed}"), &image(seed)));
    }
    let mut dark = image(0);
    dark[63] = units(-WAD);
    cases.push(digits.words("digits-like: last pixel below 0", &dark));
    cases
}

/// Several inferences in a call.
fn batches(state: &State) -> Vec<Case> {
    let (sum, pixel) = (Subject::new(state, "sum"), Subject::new(state, "pixel"));
    let batch = |model: Address, n: U256, words: usize| {
        let input = vec![I256::ZERO; words];
        call(IInference::inferenceBatchCall { model, n, input }.abi_encode())
    };
    let address = state.model("sum").address;
    vec![
        sum.batch("no inference", 0, &[]),
        sum.batch("one", 1, &integers(&[1, 2, 3])),
        sum.batch("three", 3, &integers(&[1, 2, 3, 4, 5, 6, 7, 8, 9])),
        sum.batch(
            "the second fails",
            3,
            &integers(&[1, 2, 3, 2_147_483_647, 5, 6, 7, 8, 9]),
        ),
        pixel.batch(
            "an index counts over all words",
            3,
            &milli(&[0, 1, 2, 3, 4, 2_000]),
        ),
        sum.batch(
            "range before execution",
            2,
            &integers(&[2_147_483_647, 0, 1, 0, 0, 2_147_483_648]),
        ),
        Case::fails(
            "words for two of three",
            batch(address, U256::from(3), 6),
            length(6, U256::from(9)),
        ),
        Case::fails(
            "words for none",
            batch(address, U256::ZERO, 3),
            length(3, U256::ZERO),
        ),
        Case::fails(
            "a count beyond all words",
            batch(address, U256::MAX, 3),
            length(3, U256::MAX),
        ),
        Case::fails(
            "a count of 2^64",
            batch(address, U256::from(1) << 64, 0),
            length(0, U256::from(3) << 64),
        ),
    ]
}

/// Tensors' own bytes.
fn raw(state: &State) -> Vec<Case> {
    let of = |name: &str| Subject::new(state, name);
    let wrong = |model: &str, bytes: usize, want: u64| {
        let model = state.model(model).address;
        let input = vec![0; bytes].into();
        let call = call(IInference::inferenceRawCall { model, input }.abi_encode());
        Case::fails(
            &format!("{bytes} bytes instead of {want}"),
            call,
            length(bytes, U256::from(want)),
        )
    };
    let words =
        |words: &[i32]| -> Vec<u8> { words.iter().flat_map(|word| word.to_le_bytes()).collect() };
    let pixels: Vec<u8> = pattern(64, 29, 127)
        .iter()
        .map(|pixel| *pixel as u8)
        .collect();
    vec![
        of("halves").raw("i8", &[0x80]),
        of("pixel").raw("i8, two of them", &[0x7f, 0xff]),
        of("fifteen-bits").raw("i16 is little-endian", &[0x00, 0x80, 0xfe, 0x7f]),
        of("thirds").raw("i32 is little-endian", &[1, 2, 3, 0xf4]),
        of("plain").raw(
            "every type, one after another",
            &[1, 0, 0x80, 0xff, 0x7f, 4, 3, 2, 1],
        ),
        of("plain").raw("a bool of 2", &[1, 2, 0, 0, 0, 0, 0, 0, 0]),
        of("sum").raw("sum", &words(&[-5, 7, 1])),
        of("sum").raw("sum fails", &words(&[i32::MIN, 0, -1])),
        of("classifier").raw("classifier", &[1, 0xf0, 77]),
        of("columns").raw("scales do not matter", &[1, 2, 3, 4, 5, 0xff]),
        of("digits-like").raw("digits-like", &pixels),
        of("digits-like").raw("digits-like, white", &[0x7f; 64]),
        of("sixteen-bits").raw("sixteen bits", &[0xff, 0x7f, 0, 0x80, 1, 0, 0xff, 0xff]),
        of("lookup").raw("lookup", &words(&[6_499, 1])),
        of("lookup")
            .raw("lookup fails", &words(&[1, i32::MAX]))
            .statically(),
        wrong("sum", 11, 12),
        wrong("sum", 0, 12),
        wrong("sum", 13, 12),
        wrong("digits-like", 128, 64),
    ]
}
