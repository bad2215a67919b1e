//! The largest models: activating and running each fits in one transaction (EIP-7825).

use crate::{chain::named, models};
use alloy_primitives::{Address, Bytes, I256};
use alloy_sol_types::SolCall as _;
use fixpoint_evm::{
    offline::{CallOutcome, Sandbox, SandboxCall, TRANSACTION_GAS_LIMIT},
    precompile::{
        Status,
        abi::IInference::{self, IInferenceErrors},
        gas::GENESIS,
        root::MAX_CHUNKS,
    },
};
use fixpoint_runtime::model::limits::{MAX_OPERATORS, MAX_PAYLOAD_BYTES};

const MODEL: Address = Address::repeat_byte(0xaa);
/// A transaction's own price and that of a call with one argument.
const TRANSACTION: u64 = 21_000 + 36 * 16;

fn activate(payload: &[u8]) -> (Sandbox, CallOutcome) {
    let mut sandbox = Sandbox::new();
    sandbox.deploy(MODEL, payload, Address::ZERO).unwrap();
    let activated = sandbox.activate(MODEL).unwrap();
    assert!(
        activated.gas_used + TRANSACTION <= TRANSACTION_GAS_LIMIT,
        "{}",
        activated.gas_used
    );
    (sandbox, activated)
}

fn run(sandbox: &mut Sandbox, input: Vec<u8>) -> CallOutcome {
    let calldata = 16 * input.len() as u64;
    let input = IInference::inferenceRawCall {
        model: MODEL,
        input: input.into(),
    };
    let input = Bytes::from(input.abi_encode());
    let gas = TRANSACTION_GAS_LIMIT;
    let call = SandboxCall {
        input,
        caller: Address::ZERO,
        gas,
        is_static: true,
    };
    let outcome = sandbox.call(&call).unwrap();
    assert!(outcome.gas_used + calldata + TRANSACTION <= TRANSACTION_GAS_LIMIT);
    assert!(outcome.gas_used + calldata <= GENESIS.max_call_gas);
    outcome
}

#[test]
fn the_largest_payload_can_be_activated_and_run() {
    // One row of a product: as many weights as chunks can carry.
    let depth = 3_391;
    let width = (MAX_PAYLOAD_BYTES as u32 - 300) / depth;
    let payload = models::product(depth, width);
    assert!(payload.len() <= MAX_PAYLOAD_BYTES && payload.len() + 4_096 > MAX_PAYLOAD_BYTES);
    let (mut sandbox, activated) = activate(&payload);
    assert_eq!(activated.status, Status::Success, "{:?}", activated.output);
    assert_eq!(payload.len().div_ceil(24_555), MAX_CHUNKS);
    let outcome = run(&mut sandbox, vec![1; depth as usize]);
    assert_eq!(outcome.status, Status::Success, "{:?}", outcome.output);
}

#[test]
fn the_most_operators_can_be_activated_and_run() {
    let (mut sandbox, activated) = activate(&models::chain_of_clamps(MAX_OPERATORS as u16));
    assert_eq!(activated.status, Status::Success, "{:?}", activated.output);
    assert_eq!(run(&mut sandbox, vec![1]).status, Status::Success);
}

#[test]
fn a_digits_classifier_costs_less_than_50_000_gas() {
    let (mut sandbox, activated) = activate(&models::digits());
    assert_eq!(activated.status, Status::Success, "{:?}", activated.output);
    let input = IInference::inferenceCall {
        model: MODEL,
        input: vec![I256::ZERO; 64],
    };
    let call = SandboxCall {
        input: input.abi_encode().into(),
        caller: Address::ZERO,
        gas: 50_000,
        is_static: true,
    };
    let outcome = sandbox.call(&call).unwrap();
    assert_eq!(outcome.status, Status::Success, "{outcome:?}");
    // `docs/gas.md` shows these.
    let input = IInference::modelInfoCall { model: MODEL }
        .abi_encode()
        .into();
    let gas = TRANSACTION_GAS_LIMIT;
    let info = sandbox.call(&SandboxCall { input, gas, ..call }).unwrap();
    let info = IInference::modelInfoCall::abi_decode_returns_validate(&info.output).unwrap();
    assert_eq!(info.inferenceGas, outcome.gas_used);
    println!(
        "a first inference of digits: {} gas, load {}",
        info.inferenceGas, info.loadGas
    );
}

#[test]
fn a_model_that_no_transaction_could_run_is_not_activated() {
    let payload = models::clamp(1_050_000);
    let (mut sandbox, activated) = activate(&payload);
    assert_eq!(activated.status, Status::Revert);
    let IInferenceErrors::TooExpensive(error) = named(&activated.output) else {
        panic!("{:?}", activated.output);
    };
    assert_eq!(error.limit, GENESIS.max_call_gas);
    assert!(error.gas > error.limit);
    let call = SandboxCall {
        input: IInference::modelInfoCall { model: MODEL }
            .abi_encode()
            .into(),
        caller: Address::ZERO,
        gas: 100_000,
        is_static: true,
    };
    let refused = sandbox.call(&call).unwrap();
    assert!(matches!(
        named(&refused.output),
        IInferenceErrors::NotActivated(_)
    ));
}
