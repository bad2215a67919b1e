//! The files, and how they are made from cases.

use crate::{
    calls,
    cases::{Case, Expect},
    hostile, operators,
    state::{CALLER, State},
};
use alloy_primitives::Address;
use alloy_sol_types::SolInterface as _;
use fixpoint_evm::{
    offline::{CallOutcome, Sandbox, SandboxCall},
    precompile::{Status, abi::IInference::IInferenceErrors},
};
use fixpoint_runtime::kernels::Isa;
use fixpoint_vector_schema::{
    AccountEntry, CallVector, HostileVector, ModelEntry, OUT_OF_GAS, StateFile,
};
use serde::Serialize;
use std::collections::BTreeMap;

fn call_vector(name: &str, call: &SandboxCall, outcome: &CallOutcome) -> CallVector {
    let expected_error = match outcome.status {
        Status::Success => None,
        Status::Revert => Some(readable(&outcome.output)),
        Status::OutOfGas => Some(OUT_OF_GAS.to_owned()),
    };
    CallVector {
        input: hex::encode(&call.input),
        expected: hex::encode(&outcome.output),
        no_benchmark: expected_error.is_some(),
        expected_error,
        name: name.to_owned(),
        gas: outcome.gas_used,
        gas_limit: call.gas,
        caller: (call.caller != CALLER).then(|| hex::encode(call.caller)),
        r#static: call.is_static,
    }
}

/// Revert data as a person reads it.
fn readable(output: &[u8]) -> String {
    let error = IInferenceErrors::abi_decode_validate(output).expect("a named error");
    let text = format!("{error:?}");
    // `Name(Name { field: value })`: the inner one.
    let inner = text
        .split_once('(')
        .map_or(text.as_str(), |(_, inner)| inner);
    inner.strip_suffix(')').unwrap_or(inner).to_owned()
}

/// All files: path below `test-vectors/`, and content.
///
/// # Panics
/// If the implementation's outcome is not the definition's.
#[must_use]
pub fn all() -> BTreeMap<String, String> {
    let state = State::new();
    let mut files = BTreeMap::new();
    files.insert("models.json".to_owned(), json(&state_file(&state)));
    for model in &state.models {
        let is_long = model.name == "too-expensive";
        assert!(
            !is_long || model.payload.len() < 1_000,
            "payloads stay small"
        );
        files.insert(
            format!("payloads/{}.hex", model.name),
            hex::encode(&model.payload) + "\n",
        );
    }
    for (name, cases) in calls::all(&state) {
        let (good, bad) = vectors(&state, &cases);
        if !good.is_empty() {
            files.insert(format!("calls/{name}.json"), json(&good));
        }
        if !bad.is_empty() {
            files.insert(format!("calls/fail-{name}.json"), json(&bad));
        }
    }
    let (good, bad) = gas_edges(&state);
    files.insert("calls/gas.json".to_owned(), json(&good));
    files.insert("calls/fail-gas.json".to_owned(), json(&bad));
    files.insert("hostile/models.json".to_owned(), json(&hostile_vectors()));
    for (name, cases) in operators::all() {
        files.insert(format!("ops/{name}.json"), json(&cases));
    }
    files
}

/// One value per line where it is short: files that differ line by line.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).expect("plain data") + "\n"
}

fn vectors(state: &State, cases: &[Case]) -> (Vec<CallVector>, Vec<CallVector>) {
    let mut sandbox = state.sandbox(Isa::portable());
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for case in cases {
        let outcome = run(state, &mut sandbox, &case.call);
        judge(case, &outcome);
        let vector = call_vector(&case.name, &case.call, &outcome);
        if vector.expected_error.is_none() {
            good.push(vector)
        } else {
            bad.push(vector)
        }
    }
    (good, bad)
}

/// Every call starts from the same state: one that may write gets its own.
pub fn run(state: &State, sandbox: &mut Sandbox, call: &SandboxCall) -> CallOutcome {
    let outcome = sandbox.call(call).expect("a sound state");
    let activates = call
        .input
        .starts_with(&crate::cases::activate(Address::ZERO)[..4]);
    if activates && outcome.status == Status::Success {
        *sandbox = state.sandbox(Isa::portable());
    }
    outcome
}

fn judge(case: &Case, outcome: &CallOutcome) {
    let name = &case.name;
    match &case.expect {
        Expect::Return(data) => {
            assert_eq!(
                outcome.status,
                Status::Success,
                "{name}: {}",
                outcome.output
            );
            assert_eq!(&outcome.output[..], &data[..], "{name}");
        }
        Expect::Succeeds => assert_eq!(
            outcome.status,
            Status::Success,
            "{name}: {}",
            outcome.output
        ),
        Expect::Error(error) => {
            assert_eq!(outcome.status, Status::Revert, "{name}");
            let got =
                IInferenceErrors::abi_decode_validate(&outcome.output).expect("a named error");
            match (&got, error) {
                // Its gas belongs to the gas table.
                (IInferenceErrors::TooExpensive(_), IInferenceErrors::TooExpensive(_)) => {}
                _ => assert_eq!(&got, error, "{name}"),
            }
        }
        Expect::OutOfGas => assert_eq!(outcome.status, Status::OutOfGas, "{name}"),
    }
}

/// Some calls with exactly their gas, and with less.
fn gas_edges(state: &State) -> (Vec<CallVector>, Vec<CallVector>) {
    let mut cases = Vec::new();
    let mut less = Vec::new();
    let mut sandbox = state.sandbox(Isa::portable());
    for (name, original) in calls::all(state).into_iter().flat_map(|(file, cases)| {
        cases
            .into_iter()
            .take(if file == "activation" { 1 } else { 2 })
            .map(move |case| (file, case))
    }) {
        let outcome = run(state, &mut sandbox, &original.call);
        let mut exact = original.clone();
        exact.name = format!("{name}, {}: exactly enough gas", original.name);
        exact.call.gas = outcome.gas_used;
        let mut short = exact.clone();
        short.name = format!("{name}, {}: a unit too little", original.name);
        short.call.gas -= 1;
        short.expect = Expect::OutOfGas;
        cases.push(exact);
        less.push(short);
    }
    // Base, root, record, load and work: each cannot be paid.
    let whole = calls::all(state).swap_remove(0).1.swap_remove(0);
    for gas in [0, 499, 500, 3_099, 3_100, 5_199, 11_499, 11_500, 13_000] {
        let mut short = whole.clone();
        short.name = format!("{gas} gas");
        short.call.gas = gas;
        short.expect = Expect::OutOfGas;
        less.push(short);
    }
    cases.extend(less);
    vectors(state, &cases)
}

fn state_file(state: &State) -> StateFile {
    let models = state.models.iter().map(|model| ModelEntry {
        name: model.name.to_owned(),
        address: hex::encode(model.address),
        gate: hex::encode(model.gate),
        chunks: model.chunks().iter().map(hex::encode).collect(),
        model_hash: hex::encode(alloy_primitives::keccak256(model.root().encode())),
        activated: model.is_activated,
    });
    let accounts = state.accounts.iter().map(|account| AccountEntry {
        name: account.name.to_owned(),
        address: hex::encode(account.address),
        code: hex::encode(&account.code),
    });
    StateFile {
        caller: hex::encode(CALLER),
        models: models.collect(),
        accounts: accounts.collect(),
    }
}

fn hostile_vectors() -> Vec<HostileVector> {
    let vectors = hostile::all().into_iter().map(|hostile| HostileVector {
        name: hostile.name.to_owned(),
        input: hex::encode(&hostile.payload),
        expected_code: hostile.code,
        operator: hostile.operator.unwrap_or(u16::MAX),
    });
    vectors.collect()
}
