//! Calls, one by one at the precompile's boundary: outcome, gas, and nothing for less gas.

use crate::read::{calls, state};
use alloy_sol_types::SolCall as _;
use fixpoint_evm::{
    offline::Sandbox,
    precompile::{Status, abi::IInference},
};
use fixpoint_runtime::kernels::Isa;
use std::collections::BTreeSet;

fn sandbox(isa: Isa) -> Sandbox {
    let (codes, active) = state();
    let mut sandbox = Sandbox::new().with_isa(isa);
    codes
        .into_iter()
        .for_each(|(address, code)| sandbox.set_code(address, code));
    for model in active {
        assert_eq!(
            sandbox.activate(model).expect("sound").status,
            Status::Success
        );
    }
    sandbox
}

fn run_all(isa: Isa) {
    let mut chain = sandbox(isa);
    for (name, vector) in calls() {
        let mut call = vector.call();
        let want = vector.outcome();
        let activates = call.input.starts_with(&IInference::activateCall::SELECTOR);
        assert_eq!(chain.call(&call).expect("sound"), want, "{name}");
        if activates && want.status == Status::Success {
            chain = sandbox(isa);
        }
        if want.status != Status::OutOfGas && want.gas_used > 0 {
            call.gas = want.gas_used - 1;
            let less = chain.call(&call).expect("sound");
            assert_eq!(
                (less.status, less.gas_used),
                (Status::OutOfGas, call.gas),
                "{name}"
            );
        }
    }
}

#[test]
fn portable_kernels_give_every_outcome() {
    run_all(Isa::portable());
}

#[test]
fn this_machines_kernels_give_every_outcome() {
    run_all(Isa::detect());
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
