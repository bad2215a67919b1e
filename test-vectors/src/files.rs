//! The files: their schema, and how they are made from cases.

use crate::{
    calls,
    cases::{Case, Expect},
    hostile, operators,
    state::{CALLER, State},
};
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolInterface as _;
use fixpoint_evm::{
    offline::{CallOutcome, Sandbox, SandboxCall},
    precompile::{Status, abi::IInference::IInferenceErrors},
};
use fixpoint_runtime::kernels::Isa;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A vector of a call, in the shape of Ethereum's own. Hexadecimal has no prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CallVector {
    /// Calldata.
    pub input: String,
    /// Return data, or revert data of a call that fails.
    pub expected: String,
    /// Only of a call that fails: the error with its values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_error: Option<String>,
    /// What it shows.
    pub name: String,
    /// Gas used at the precompile's boundary.
    pub gas: u64,
    /// Gas given.
    pub gas_limit: u64,
    /// The immediate caller, if it is not the one that `models.json` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Whether the call is a STATICCALL.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub r#static: bool,
    /// Whether benchmarks leave it out.
    pub no_benchmark: bool,
}

/// `ExpectedError` of a call that runs out of gas.
pub const OUT_OF_GAS: &str = "OutOfGas()";

impl CallVector {
    fn new(name: &str, call: &SandboxCall, outcome: &CallOutcome) -> Self {
        let expected_error = match outcome.status {
            Status::Success => None,
            Status::Revert => Some(readable(&outcome.output)),
            Status::OutOfGas => Some(OUT_OF_GAS.to_owned()),
        };
        Self {
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

    /// The call.
    #[must_use]
    pub fn call(&self) -> SandboxCall {
        let bytes = |text: &str| hex::decode(text).expect("hexadecimal");
        let caller = self
            .caller
            .as_ref()
            .map_or(CALLER, |text| Address::from_slice(&bytes(text)));
        SandboxCall {
            input: bytes(&self.input).into(),
            caller,
            gas: self.gas_limit,
            is_static: self.r#static,
        }
    }

    /// How it ends.
    #[must_use]
    pub fn outcome(&self) -> CallOutcome {
        let status = match self.expected_error.as_deref() {
            None => Status::Success,
            Some(OUT_OF_GAS) => Status::OutOfGas,
            Some(_) => Status::Revert,
        };
        let output = Bytes::from(hex::decode(&self.expected).expect("hexadecimal"));
        CallOutcome {
            status,
            gas_used: self.gas,
            output,
        }
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

/// A model of `models.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ModelEntry {
    /// Its payload is `payloads/NAME.hex`.
    pub name: String,
    /// Address of the root.
    pub address: String,
    /// Zero for none.
    pub gate: String,
    /// Addresses of the chunks.
    pub chunks: Vec<String>,
    /// `keccak256` of the root's code.
    pub model_hash: String,
    /// Whether `activate` has been called on it.
    pub activated: bool,
}

/// A contract of `models.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AccountEntry {
    /// What it is.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// Its code; replaces what a model has at the same address.
    pub code: String,
}

/// `models.json`: the state that every call starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct StateFile {
    /// The caller of a call that names none.
    pub caller: String,
    /// Models.
    pub models: Vec<ModelEntry>,
    /// Other contracts.
    pub accounts: Vec<AccountEntry>,
}

/// A payload that is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct HostileVector {
    /// What is wrong with it.
    pub name: String,
    /// The payload.
    pub input: String,
    /// `reason` of `ModelRejected`.
    pub expected_code: u16,
    /// `operatorIndex` of `ModelRejected`; 65535 for none.
    pub operator: u16,
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
        let vector = CallVector::new(&case.name, &case.call, &outcome);
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
    for gas in [0, 499, 500, 3_099, 3_100, 5_199, 13_599, 13_600, 15_000] {
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
