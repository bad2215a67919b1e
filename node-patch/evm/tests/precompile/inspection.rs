//! What a tracer is told about inferences, and that telling it changes nothing.

use crate::{
    assembly::{CALL, Contract, DELEGATECALL, STATICCALL},
    chain::{Chain, Transaction},
    models,
};
use alloy_primitives::{Address, B256, Bytes, I256, U256, keccak256};
use alloy_sol_types::SolCall as _;
use fixpoint_evm::{
    inspect::{GasParts, InferenceCall, InferenceDetail},
    precompile::{
        abi::IInference,
        address::PRECOMPILE,
        gas::{Encoding, GENESIS},
        meter::{COLD_ACCOUNT, COLD_SLOT, WARM_READ},
        record::{READ_SLOTS, Record},
    },
};
use revm::context::result::ExecutionResult;

/// What the first call of a transaction pays to read root and record.
const COLD_READS: u64 = COLD_ACCOUNT + READ_SLOTS * COLD_SLOT;
/// What later ones pay.
const WARM_READS: u64 = WARM_READ + READ_SLOTS * WARM_READ;

const INPUTS: usize = 40;

fn words(value: i64, count: usize) -> Vec<I256> {
    let one = I256::try_from(1_000_000_000_000_000_000_i64).unwrap();
    vec![I256::try_from(value).unwrap() * one; count]
}

fn infer(model: Address, value: i64) -> Vec<u8> {
    let input = words(value, INPUTS);
    IInference::inferenceCall { model, input }.abi_encode()
}

fn hash(words: &[I256]) -> B256 {
    let bytes: Vec<[u8; 32]> = words
        .iter()
        .map(|word| word.into_raw().to_be_bytes::<32>())
        .collect();
    keccak256(bytes.concat())
}

fn detail(call: &InferenceCall) -> InferenceDetail {
    call.inference.unwrap()
}

/// The gas between the GAS operations around a call, without the call's own.
fn sum(gas: &GasParts) -> u64 {
    gas.call + gas.reads.unwrap() + gas.load + gas.run + gas.io
}

fn record(chain: &mut Chain, model: Address) -> (Record, B256) {
    let info = chain.ask(IInference::modelInfoCall { model });
    let work = info.work.clone().try_into().unwrap();
    let record = Record {
        version: info.recordVersion,
        items: 0,
        payload_bytes: info.payloadBytes,
        arena_bytes: u32::try_from(info.arenaBytes).unwrap(),
        input_elements: u32::try_from(INPUTS).unwrap(),
        input_bytes: u32::try_from(INPUTS).unwrap(),
        output_elements: 0,
        output_bytes: 0,
        work: fixpoint_runtime::work::Work::from_array(work),
        validation_steps: 0,
    };
    (record, info.modelHash)
}

#[test]
fn each_inference_has_its_hashes_and_its_gas_by_part() {
    let mut chain = Chain::new();
    let model = chain.install(&models::product(40, 30));
    let raw = IInference::inferenceRawCall {
        model,
        input: vec![1; INPUTS].into(),
    };
    let batch = IInference::inferenceBatchCall {
        model,
        n: U256::from(2),
        input: words(1, 2 * INPUTS),
    };
    let code = Contract::default()
        .call(STATICCALL, PRECOMPILE, &infer(model, 1))
        .call(CALL, PRECOMPILE, &raw.abi_encode())
        .call(STATICCALL, PRECOMPILE, &batch.abi_encode())
        .stop();
    let contract = chain.create(&code);
    let transaction = || Transaction::to(contract, Bytes::new());
    let (result, calls) = chain.inspect(transaction());
    let outputs: Vec<Bytes> = result
        .logs()
        .iter()
        .map(|log| log.data.data.slice(64..))
        .collect();
    let [first, second, third] = calls.as_slice() else {
        panic!("{calls:?}");
    };

    let (info, model_hash) = record(&mut chain, model);
    for (call, function, ordinal) in [
        (first, "inference", 1),
        (second, "inferenceRaw", 2),
        (third, "inferenceBatch", 3),
    ] {
        assert_eq!((call.function, call.ordinal), (function, ordinal));
        assert_eq!((call.model, call.model_hash), (model, Some(model_hash)));
    }
    assert!(first.step < second.step && second.step < third.step);
    assert_eq!(detail(first).input_hash, hash(&words(1, INPUTS)));
    assert_eq!(detail(second).input_hash, keccak256([1; INPUTS]));
    assert_eq!(detail(third).input_hash, hash(&words(1, 2 * INPUTS)));
    let output = IInference::inferenceCall::abi_decode_returns(&outputs[0]).unwrap();
    assert_eq!(detail(first).output_hash, Some(hash(&output)));
    let raw_output = IInference::inferenceRawCall::abi_decode_returns(&outputs[1]).unwrap();
    assert_eq!(detail(second).output_hash, Some(keccak256(&raw_output)));
    let twice = [output.clone(), output].concat();
    assert_eq!(detail(third).output_hash, Some(hash(&twice)));

    // The reads are what is left of the gas that was used, so this holds only if each other part is
    // what the precompile charged.
    assert_eq!(detail(first).gas.reads, Some(COLD_READS));
    assert_eq!(detail(second).gas.reads, Some(WARM_READS));
    assert_eq!(detail(third).gas.reads, Some(WARM_READS));
    let modelled = chain.ask(IInference::modelInfoCall { model }).loadGas;
    assert_eq!(detail(first).gas.load, modelled);
    assert_eq!((detail(second).gas.load, detail(third).gas.load), (0, 0));
    let work = Record {
        input_elements: 0,
        input_bytes: 0,
        ..info
    };
    assert_eq!(detail(first).gas.run, GENESIS.runs(&work, 1, Encoding::Raw));
    assert_eq!(detail(second).gas.run, detail(first).gas.run);
    assert_eq!(detail(third).gas.run, GENESIS.runs(&work, 2, Encoding::Raw));
    assert_eq!(detail(third).runs, 2);
    assert!(detail(second).gas.io < detail(first).gas.io);
}

#[test]
fn the_transaction_itself_is_a_call_too() {
    let mut chain = Chain::new();
    let model = chain.install(&models::product(40, 30));
    let (result, calls) = chain.inspect(Transaction::to(PRECOMPILE, infer(model, 3)));
    assert!(result.is_success());
    let [call] = calls.as_slice() else {
        panic!("{calls:?}");
    };
    assert_eq!((call.ordinal, call.step), (0, None));
    assert_eq!(detail(call).gas.reads, Some(COLD_READS));

    let activate = IInference::activateCall { model }.abi_encode();
    let (_, calls) = chain.inspect(Transaction::to(PRECOMPILE, activate));
    assert_eq!((calls[0].function, calls[0].inference), ("activate", None));
}

#[test]
fn failures_say_what_was_charged_before_them() {
    let mut chain = Chain::new();
    let model = chain.install(&models::product(40, 30));
    let (unknown, _) = chain.deploy(&models::product(20, 30), Address::ZERO);
    let out_of_range = infer(model, 1_000_000);
    let short = IInference::inferenceCall {
        model,
        input: words(1, 1),
    };
    let code = Contract::default()
        .call(STATICCALL, PRECOMPILE, &infer(unknown, 1))
        .call(STATICCALL, PRECOMPILE, &short.abi_encode())
        .call(STATICCALL, PRECOMPILE, &out_of_range)
        .call(DELEGATECALL, PRECOMPILE, &infer(model, 1))
        .call(
            STATICCALL,
            PRECOMPILE,
            &infer(Address::repeat_byte(0x77), 1),
        )
        .call_with(STATICCALL, PRECOMPILE, &infer(model, 1), 0, Some(3_000))
        .stop();
    let contract = chain.create(&code);
    let (_, calls) = chain.inspect(Transaction::to(contract, Bytes::new()));
    let parts: Vec<GasParts> = calls.iter().map(|call| detail(call).gas).collect();
    let refused = |reads| GasParts {
        call: GENESIS.base,
        reads: Some(reads),
        ..GasParts::default()
    };
    // Without a record only its first slot is read.
    assert_eq!(parts[0], refused(COLD_ACCOUNT + COLD_SLOT));
    assert_eq!(parts[1], refused(COLD_READS));
    // A revert also undoes what the call has made warm.
    assert_eq!(parts[2].reads, Some(COLD_READS));
    assert!(parts[2].load > 0 && parts[2].run > 0, "it was loaded first");
    assert_eq!(parts[3], refused(0));
    assert_eq!(parts[4], refused(COLD_ACCOUNT));
    assert_eq!(calls[4].model_hash, None);
    // What the reverted call paid for is undone with it, so this one would have to pay again.
    assert_eq!(parts[5].reads, None);
    assert_eq!((parts[5].load, parts[5].run), (parts[2].load, parts[2].run));
    assert!(calls.iter().all(|call| detail(call).output_hash.is_none()));
}

#[test]
fn the_parts_are_what_the_call_costs_its_caller() {
    let mut chain = Chain::new();
    let model = chain.install(&models::product(40, 30));
    let empty = IInference::inferenceCall {
        model,
        input: Vec::new(),
    };
    // Two calls whose own instructions cost the same: one is refused after the reads.
    let code = Contract::default()
        .forward(STATICCALL, PRECOMPILE, &empty.abi_encode())
        .call(STATICCALL, PRECOMPILE, &infer(model, 1))
        .call(STATICCALL, PRECOMPILE, &infer(model, 2))
        .stop();
    let contract = chain.create(&code);
    let (result, calls) = chain.inspect(Transaction::to(contract, Bytes::new()));
    let ExecutionResult::Success { logs, .. } = result else {
        panic!("{result:?}");
    };
    let gas: Vec<u64> = logs
        .iter()
        .map(|log| U256::from_be_slice(&log.data.data[32..64]).to())
        .collect();
    let parts: Vec<u64> = calls.iter().map(|call| sum(&detail(call).gas)).collect();
    assert_eq!(gas[0] - gas[1], parts[1] - parts[2], "the load, paid once");
    assert!(gas[0] > parts[1] && gas[0] < parts[1] + 300);
}

#[test]
fn before_the_fork_nothing_is_told() {
    let later = fixpoint_evm::FixpointEvmFactory::new(crate::chain::NOW + 1);
    let mut chain = Chain::adopting(later);
    let call = infer(Address::repeat_byte(1), 1);
    let (_, calls) = chain.inspect(Transaction::to(PRECOMPILE, call));
    assert_eq!(calls, []);
}
