//! Calls, one by one: outcome, gas, and nothing for less gas, on every set of kernels.

use crate::state::{Memory, address};
use alloy_primitives::Address;
use fixpoint_precompile::{Call, Outcome, Status};
use fixpoint_runtime::kernels::Isa;
use fixpoint_vector_schema::{CallVector, OUT_OF_GAS, StateFile, bytes, calls, json};
use std::collections::BTreeSet;

/// How a call ends.
pub(crate) fn outcome(vector: &CallVector) -> Outcome {
    let status = match vector.expected_error.as_deref() {
        None => Status::Success,
        Some(OUT_OF_GAS) => Status::OutOfGas,
        Some(_) => Status::Revert,
    };
    Outcome {
        status,
        gas_used: vector.gas,
        output: bytes(&vector.expected).into(),
    }
}

/// The call of a vector, with this calldata.
pub(crate) fn call_of<'a>(
    vector: &CallVector,
    input: &'a [u8],
    default_caller: Address,
) -> Call<'a> {
    Call {
        input,
        gas: vector.gas_limit,
        caller: vector.caller.as_deref().map_or(default_caller, address),
        has_value: false,
        is_static: vector.r#static,
        is_direct: true,
    }
}

fn check(state: &Memory, default_caller: Address, isa: Isa, name: &str, vector: &CallVector) {
    let input = bytes(&vector.input);
    let mut call = call_of(vector, &input, default_caller);
    let want = outcome(vector);
    let set = isa.name();
    // No call sees what another one changed.
    let got = state.clone().transact(&call, isa);
    assert_eq!(got, want, "{name} ({set})");
    if want.status != Status::OutOfGas && want.gas_used > 0 {
        call.gas = want.gas_used - 1;
        let less = state.clone().transact(&call, isa);
        let ends = (less.status, less.gas_used);
        assert_eq!(ends, (Status::OutOfGas, call.gas), "{name} ({set})");
    }
}

#[test]
fn every_set_of_kernels_gives_every_outcome() {
    let file: StateFile = json("models.json");
    let caller = address(&file.caller);
    let calls = calls();
    println!("vectors: {} calls", calls.len());
    for isa in Isa::available() {
        let state = Memory::of(&file, isa);
        for (name, vector) in &calls {
            check(&state, caller, isa, name, vector);
        }
    }
}

#[test]
fn there_are_enough_of_them() {
    let calls = calls();
    let failing = calls
        .iter()
        .filter(|(_, vector)| vector.expected_error.is_some());
    let errors: BTreeSet<_> = failing
        .clone()
        .filter_map(|(_, vector)| vector.expected_error.as_deref()?.split(['(', ' ']).next())
        .collect();
    assert!(calls.len() >= 100, "{} calls", calls.len());
    assert!(failing.count() >= 30);
    for error in [
        "UnknownSelector",
        "MalformedCalldata",
        "NotAModel",
        "MalformedRoot",
        "NotActivated",
        "GateMismatch",
        "ChunkMismatch",
        "ContentHashMismatch",
        "ModelRejected",
        "TooExpensive",
        "Gated",
        "InputLength",
        "InputRange",
        "ExecutionFailed",
        "StaticCall",
        "OutOfGas",
    ] {
        assert!(
            errors.contains(error),
            "no vector fails with {error}: {errors:?}"
        );
    }
}
