//! Any calldata, on a chain that has models: an outcome within its gas, the same every time.

use crate::choices::Choices;
use alloy_primitives::{Address, Bytes, I256, U256};
use alloy_sol_types::{SolCall as _, SolInterface as _};
use fixpoint_evm::{
    offline::{Sandbox, SandboxCall, TRANSACTION_GAS_LIMIT},
    precompile::{Status, abi::IInference},
};
use fixpoint_runtime::{
    kernels::Isa,
    model::format::{Quantisation, Signed32},
    ops::{Operator, add::Add, clamp::Clamp},
    tensor::DType,
};
use fixpoint_test_vectors::{
    builder::{ModelBuilder, i32_tensor, scale, tensor},
    models,
};
use std::cell::RefCell;

/// The gated model's gate.
const GATE: Address = Address::repeat_byte(0x6a);
/// Addresses 1 to 7: four models, a gated one, one that is refused, and no root.
const ADDRESSES: u8 = 7;

thread_local! {
    static CHAINS: RefCell<Vec<Sandbox>> =
        RefCell::new([Isa::portable(), Isa::detect()].map(chain).into());
}

/// # Panics
/// If something is wrong.
pub fn check(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let call = call(&mut choices);
    CHAINS.with_borrow_mut(|chains| {
        // Twice on one chain, and on a chain with other kernels.
        let outcomes = [0, 0, 1].map(|at| {
            let outcome = chains[at].call(&call);
            outcome.unwrap_or_else(|error| panic!("{error}: {call:?}"))
        });
        let [first, again, other] = &outcomes;
        assert_eq!(first, again, "{call:?}");
        assert_eq!(first, other, "{call:?}");
        assert!(first.gas_used <= call.gas, "{call:?}");
        match first.status {
            Status::Success => assert!(!first.output.is_empty(), "{call:?}"),
            Status::Revert => {
                let named = IInference::IInferenceErrors::abi_decode_validate(&first.output);
                assert!(named.is_ok(), "{call:?}: {:?}", first.output);
            }
            Status::OutOfGas => {
                assert!(
                    first.output.is_empty() && first.gas_used == call.gas,
                    "{call:?}"
                );
            }
        }
    });
}

fn call(choices: &mut Choices<'_>) -> SandboxCall {
    let gas = match choices.below(4) {
        0 => u64::from(u16::from_le_bytes(choices.bytes())),
        1 => u64::from(u32::from_le_bytes(choices.bytes())),
        _ => TRANSACTION_GAS_LIMIT,
    };
    let is_static = choices.flag();
    let caller = if choices.flag() { GATE } else { Address::ZERO };
    let input = match choices.below(4) {
        0 => Bytes::copy_from_slice(choices.rest()),
        kind => {
            let mut calldata = calldata(choices);
            if kind == 1 {
                // One byte changed, and the end cut off.
                let len = calldata.len();
                let at = usize::from(u16::from_le_bytes(choices.bytes())) % len;
                calldata[at] = choices.byte();
                calldata.truncate(len - choices.below(64).min(len));
            }
            calldata.into()
        }
    };
    SandboxCall {
        input,
        caller,
        gas,
        is_static,
    }
}

fn calldata(choices: &mut Choices<'_>) -> Vec<u8> {
    let kind = choices.below(6);
    let model = Address::with_last_byte(1 + choices.byte() % (ADDRESSES + 1));
    let words = |choices: &mut Choices<'_>| -> Vec<I256> {
        (0..choices.below(14)).map(|_| word(choices)).collect()
    };
    match kind {
        0 => IInference::modelInfoCall { model }.abi_encode(),
        1 => IInference::activateCall { model }.abi_encode(),
        2 => IInference::inferenceRawCall {
            model,
            input: choices.rest().to_vec().into(),
        }
        .abi_encode(),
        3 => {
            let n = match choices.below(8) {
                7 => U256::from_be_bytes(choices.bytes::<32>()),
                n => U256::from(n),
            };
            IInference::inferenceBatchCall {
                model,
                n,
                input: words(choices),
            }
            .abi_encode()
        }
        _ => IInference::inferenceCall {
            model,
            input: words(choices),
        }
        .abi_encode(),
    }
}

fn word(choices: &mut Choices<'_>) -> I256 {
    let small = |value: i128| I256::try_from(value).unwrap_or_default();
    match choices.below(4) {
        0 => small(i128::from(choices.byte() as i8)),
        1 => small(i128::from(choices.byte() as i8) * 100_000_000_000_000_000),
        2 => small(i128::from(choices.u64().cast_signed())),
        _ => I256::from_raw(U256::from_be_bytes(choices.bytes::<32>())),
    }
}

fn chain(isa: Isa) -> Sandbox {
    let mut chain = Sandbox::new().with_isa(isa);
    let classifier = || models::classifier().payload();
    let refused = [&classifier()[..], &[0]].concat();
    let payloads = [
        classifier(),
        sums(),
        flags(),
        classifier(),
        classifier(),
        refused,
    ];
    for (at, payload) in (1..).zip(&payloads) {
        let model = Address::with_last_byte(at);
        let gate = if at == 5 { GATE } else { Address::ZERO };
        chain.deploy(model, payload, gate).expect("small models");
        if at < 6 {
            let outcome = chain.activate(model).expect("a sound state");
            assert_eq!(
                outcome.status,
                Status::Success,
                "model {at}: {}",
                outcome.output
            );
        }
    }
    chain.set_code(
        Address::with_last_byte(ADDRESSES),
        Bytes::from_static(b"\xfeFXP\x01"),
    );
    chain
}

/// A sum that can fail, and saturates on its way in.
fn sums() -> Vec<u8> {
    let mut model = ModelBuilder::new();
    let a = model.saturating_input("a", i32_tensor(&[2]), scale(1, 3, 0));
    let b = model.input("b", i32_tensor(&[1]), Quantisation::None);
    let sum = model.push(Operator::Add(Add { a, b }));
    model.output("sum", sum, scale(1, 3, 0));
    model.payload()
}

/// Truth values and 16 bits.
fn flags() -> Vec<u8> {
    let mut model = ModelBuilder::new();
    let bools = model.input("flags", tensor(DType::Bool, &[4]), Quantisation::None);
    let x = model.input("x", tensor(DType::I16, &[2]), scale(1, 1 << 15, 0));
    let inputs = vec![bools, bools].try_into().expect("two");
    let twice = model.push(Operator::Concat(fixpoint_runtime::ops::concat::Concat {
        inputs,
        axis: 0,
    }));
    let y = model.push(Operator::Clamp(Clamp {
        input: x,
        min: Signed32(-30_000),
        max: Signed32(99),
    }));
    model.output("twice", twice, Quantisation::None);
    model.output("y", y, scale(u64::MAX, 1, 0));
    model.payload()
}
