//! Gas to the unit: what a call costs, when, and what happens one unit below.

use crate::{
    assembly::{CALL, Contract, STATICCALL},
    chain::{Chain, GAS, Transaction},
    models,
};
use alloy_primitives::{Address, B256, Bytes, I256, U256, keccak256};
use alloy_sol_types::SolCall as _;
use fixpoint_evm::{
    offline::{CallOutcome, Sandbox, SandboxCall},
    precompile::{
        Status,
        abi::IInference,
        address::PRECOMPILE,
        gas::{Encoding, GENESIS},
        meter::{COLD_ACCOUNT, COLD_SLOT, WARM_READ},
        record::{READ_SLOTS, base_slot},
    },
};
use revm::context::transaction::AccessListItem;

const MODEL: Address = Address::repeat_byte(0xaa);

fn inference(model: Address, elements: usize) -> Vec<u8> {
    IInference::inferenceCall {
        model,
        input: vec![I256::ZERO; elements],
    }
    .abi_encode()
}

fn sandbox(payload: &[u8]) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.deploy(MODEL, payload, Address::ZERO).unwrap();
    sandbox
}

fn call(sandbox: &mut Sandbox, input: &[u8], gas: u64) -> CallOutcome {
    let input = Bytes::copy_from_slice(input);
    let call = SandboxCall {
        input,
        caller: Address::ZERO,
        gas,
        is_static: false,
    };
    sandbox.call(&call).unwrap()
}

#[test]
fn every_call_succeeds_with_exactly_its_gas_and_runs_out_one_below() {
    let mut sandbox = sandbox(&models::product(40, 30));
    let activate = IInference::activateCall { model: MODEL }.abi_encode();
    // In order: the activation, the no-op, and calls on the activated model.
    let batch = IInference::inferenceBatchCall {
        model: MODEL,
        n: U256::from(3),
        input: vec![I256::ZERO; 120],
    };
    let raw = IInference::inferenceRawCall {
        model: MODEL,
        input: vec![0; 40].into(),
    };
    let info = IInference::modelInfoCall { model: MODEL };
    let calls = [
        activate.clone(),
        activate,
        inference(MODEL, 40),
        batch.abi_encode(),
        raw.abi_encode(),
        info.abi_encode(),
    ];
    for (index, input) in calls.iter().enumerate() {
        // Nothing below the price succeeds or leaves a trace.
        let mut gas = 0;
        let price = loop {
            let outcome = call(&mut sandbox, input, gas);
            match outcome.status {
                Status::Success => break outcome.gas_used,
                Status::OutOfGas => assert_eq!(outcome.gas_used, gas),
                Status::Revert => panic!("call {index} with {gas} gas: {:?}", outcome.output),
            }
            gas = next_gas(gas);
            assert!(gas < GAS, "call {index}");
            // The activation must be found at its exact price, before it becomes a no-op.
            if index == 0 && gas > 3_000 {
                gas = GENESIS_ACTIVATION.min(gas);
            }
        };
        if index == 0 {
            continue;
        }
        let exact = call(&mut sandbox, input, price);
        assert_eq!(
            (exact.status, exact.gas_used),
            (Status::Success, price),
            "call {index}"
        );
        let below = call(&mut sandbox, input, price - 1);
        assert_eq!(below.status, Status::OutOfGas, "call {index}");
        assert_eq!(below.gas_used, price - 1);
    }
}

/// Steps through gas limits: fine where the cheap checks are, coarser above.
const fn next_gas(gas: u64) -> u64 {
    gas + 1 + gas / 97
}

/// Above every activation of these tests.
const GENESIS_ACTIVATION: u64 = 1_000_000;

#[test]
fn an_activation_costs_its_load_and_its_record() {
    let payload = models::product(40, 30);
    let price = call(
        &mut sandbox(&payload),
        &IInference::activateCall { model: MODEL }.abi_encode(),
        GAS,
    );
    assert_eq!(price.status, Status::Success);
    for (gas, status) in [
        (price.gas_used, Status::Success),
        (price.gas_used - 1, Status::OutOfGas),
    ] {
        let mut fresh = sandbox(&payload);
        let activate = IInference::activateCall { model: MODEL }.abi_encode();
        assert_eq!(call(&mut fresh, &activate, gas).status, status);
        let is_activated = call(&mut fresh, &inference(MODEL, 40), GAS).status;
        let want = if status == Status::Success {
            Status::Success
        } else {
            Status::Revert
        };
        assert_eq!(is_activated, want);
    }
}

#[test]
fn the_announced_price_is_that_of_a_first_call() {
    let mut sandbox = sandbox(&models::product(40, 30));
    let activated = sandbox.activate(MODEL).unwrap();
    let announced =
        IInference::activateCall::abi_decode_returns_validate(&activated.output).unwrap();
    let first = call(&mut sandbox, &inference(MODEL, 40), GAS);
    assert_eq!(first.gas_used, announced.inferenceGas);
    let info = IInference::modelInfoCall { model: MODEL }.abi_encode();
    let info = call(&mut sandbox, &info, GAS);
    let info = IInference::modelInfoCall::abi_decode_returns_validate(&info.output).unwrap();
    assert_eq!(info.inferenceGas, announced.inferenceGas);
    assert!(info.loadGas < info.inferenceGas);
}

#[test]
fn caches_and_kernels_do_not_show() {
    let payload = models::product(40, 30);
    let mut warm = sandbox(&payload);
    warm.activate(MODEL).unwrap();
    let input = inference(MODEL, 40);
    let first = call(&mut warm, &input, GAS);
    let second = call(&mut warm, &input, GAS);
    assert_eq!(first, second, "a model in the cache");
    let portable = fixpoint_runtime::kernels::Isa::portable();
    let mut other = sandbox(&payload).with_isa(portable);
    other.activate(MODEL).unwrap();
    assert_eq!(call(&mut other, &input, GAS), first, "portable kernels");
}

/// Gas of steps of a contract that calls the model, less that of a call that is refused at once.
fn step_gas(chain: &mut Chain, code: Bytes, list: Vec<AccessListItem>) -> Vec<u64> {
    let contract = chain.create(&code);
    let steps = chain.steps_at(contract, list);
    steps.iter().map(|step| step.gas).collect()
}

fn loads(chain: &mut Chain, model: Address) -> u64 {
    chain.ask(IInference::modelInfoCall { model }).loadGas
}

#[test]
fn a_transaction_pays_for_a_load_once_under_staticcall_too() {
    let mut chain = Chain::new();
    let model = chain.install(&models::clamp(3));
    let load = loads(&mut chain, model);
    let data = inference(model, 3);
    let code = Contract::default()
        .call(STATICCALL, PRECOMPILE, &data)
        .call(STATICCALL, PRECOMPILE, &data)
        .stop();
    let gas = step_gas(&mut chain, code.clone(), vec![]);
    let reads = COLD_ACCOUNT - WARM_READ + READ_SLOTS * (COLD_SLOT - WARM_READ);
    assert_eq!(gas[0] - gas[1], load + reads);
    // The next transaction pays again.
    assert_eq!(step_gas(&mut chain, code, vec![]), gas);
}

#[test]
fn a_reverted_frame_loses_the_mark() {
    let mut chain = Chain::new();
    let model = chain.install(&models::clamp(3));
    let data = inference(model, 3);
    let inner = Contract::default()
        .forward(STATICCALL, PRECOMPILE, &data)
        .revert();
    let inner = chain.create(&inner);
    let code = Contract::default()
        .call(CALL, inner, &[])
        .call(STATICCALL, PRECOMPILE, &data)
        .call(STATICCALL, PRECOMPILE, &data)
        .stop();
    let gas = step_gas(&mut chain, code, vec![]);
    let code = Contract::default()
        .call(STATICCALL, PRECOMPILE, &data)
        .stop();
    let first = step_gas(&mut chain, code, vec![])[0];
    assert_eq!(gas[1], first, "marks and warmth are undone together");
    assert!(gas[2] < first);
}

#[test]
fn an_access_list_discounts_reads_and_never_the_load() {
    let mut chain = Chain::new();
    let payload = models::clamp(3);
    let (model, root) = chain.deploy(&payload, Address::ZERO);
    chain.ask(IInference::activateCall { model });
    let data = inference(model, 3);
    let code = Contract::default()
        .call(STATICCALL, PRECOMPILE, &data)
        .stop();
    let plain = step_gas(&mut chain, code.clone(), vec![])[0];
    let base = base_slot(keccak256(root.encode()));
    let storage_keys = (0..10)
        .map(|index| B256::from(base + U256::from(index)))
        .collect();
    let list = vec![
        AccessListItem {
            address: model,
            storage_keys: vec![],
        },
        AccessListItem {
            address: PRECOMPILE,
            storage_keys,
        },
        AccessListItem {
            address: root.chunks[0].address,
            storage_keys: vec![],
        },
    ];
    let listed = step_gas(&mut chain, code, list)[0];
    let reads = COLD_ACCOUNT - WARM_READ + READ_SLOTS * (COLD_SLOT - WARM_READ);
    assert_eq!(plain - listed, reads);
}

#[test]
fn warmth_is_the_transactions_and_chunks_stay_cold() {
    let mut chain = Chain::new();
    let (model, root) = chain.deploy(&models::clamp(3), Address::ZERO);
    chain.ask(IInference::activateCall { model });
    let data = inference(model, 3);
    let code = Contract::default()
        .call(STATICCALL, PRECOMPILE, &data)
        .code_size(model)
        .code_size(root.chunks[0].address)
        .code_size(PRECOMPILE)
        .stop();
    let gas = step_gas(&mut chain, code, vec![]);
    assert_eq!(
        gas[2] - gas[1],
        COLD_ACCOUNT - WARM_READ,
        "root warm, chunk cold"
    );
    assert_eq!(gas[3], gas[1], "the precompile is warm from the start");
    let code = Contract::default()
        .code_size(model)
        .call(STATICCALL, PRECOMPILE, &data)
        .stop();
    let warmed = step_gas(&mut chain, code, vec![]);
    assert_eq!(gas[0] - warmed[1], COLD_ACCOUNT - WARM_READ);
}

#[test]
fn out_of_gas_inside_a_transaction_reads_nothing_it_cannot_pay() {
    let mut chain = Chain::new();
    let model = chain.install(&models::clamp(3));
    let data = inference(model, 3);
    // Enough for the base, not for a cold account: the root stays cold.
    let code = Contract::default()
        .call_with(
            STATICCALL,
            PRECOMPILE,
            &data,
            0,
            Some(GENESIS.base + COLD_ACCOUNT - 1),
        )
        .code_size(model)
        .stop();
    let contract = chain.create(&code);
    let steps = chain.steps_at(contract, vec![]);
    assert!(!steps[0].is_success && steps[0].output.is_empty());
    assert!(steps[1].gas > COLD_ACCOUNT, "{steps:?}");
}

#[test]
fn a_second_inference_of_a_batch_costs_work_and_words() {
    let mut sandbox = sandbox(&models::product(40, 30));
    sandbox.activate(MODEL).unwrap();
    let mut gas = |n: usize| {
        let input = vec![I256::ZERO; 40 * n];
        let batch = IInference::inferenceBatchCall {
            model: MODEL,
            n: U256::from(n),
            input,
        };
        call(&mut sandbox, &batch.abi_encode(), GAS).gas_used
    };
    let [none, one, four] = [gas(0), gas(1), gas(4)];
    assert!(none < one);
    // Up to one rounding of milligas.
    assert!((four - one).abs_diff(3 * (one - none)) <= 3);
}

#[test]
fn encodings_differ_in_input_and_output_alone() {
    assert_ne!(Encoding::Words, Encoding::Raw);
    let mut sandbox = sandbox(&models::product(40, 30));
    sandbox.activate(MODEL).unwrap();
    let words = call(&mut sandbox, &inference(MODEL, 40), GAS).gas_used;
    let raw = IInference::inferenceRawCall {
        model: MODEL,
        input: vec![0; 40].into(),
    };
    let raw = call(&mut sandbox, &raw.abi_encode(), GAS).gas_used;
    let (elements, bytes) = (40 + 30, 40 + 4 * 30);
    let difference = elements * GENESIS.word_milligas - bytes * GENESIS.raw_milligas_per_byte;
    assert!((words - raw).abs_diff(difference / 1_000) <= 1);
}

#[test]
fn a_transaction_below_the_price_halts_and_keeps_nothing() {
    let mut chain = Chain::new();
    let (model, _) = chain.deploy(&models::clamp(3), Address::ZERO);
    let data = IInference::activateCall { model }.abi_encode();
    let gas = 100_000;
    let result = chain.send(Transaction {
        gas,
        ..Transaction::to(PRECOMPILE, data)
    });
    assert!(result.is_halt(), "{result:?}");
    assert_eq!(result.tx_gas_used(), gas);
    let error = chain.refusal(&IInference::modelInfoCall { model });
    assert!(matches!(
        error,
        IInference::IInferenceErrors::NotActivated(_)
    ));
}
