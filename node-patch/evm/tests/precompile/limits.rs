//! The largest models: activating and running each fits in one transaction (EIP-7825).

use crate::models;
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolCall as _;
use fixpoint_evm::{
    offline::{CallOutcome, Sandbox, SandboxCall, TRANSACTION_GAS_LIMIT},
    precompile::{Status, abi::IInference, gas::GENESIS, root::MAX_CHUNKS},
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
