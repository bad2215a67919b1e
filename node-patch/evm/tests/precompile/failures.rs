//! Every other named error, and that nothing but a broken database is fatal.

use crate::{
    chain::{Chain, GAS, Transaction, named},
    models,
};
use alloy_primitives::{Address, Bytes, I256, U256};
use alloy_sol_types::{SolCall as _, SolInterface as _};
use fixpoint_evm::{
    offline::{Sandbox, SandboxCall},
    precompile::{
        Status,
        abi::IInference::{self, IInferenceErrors},
        address::PRECOMPILE,
        root::{Root, chunk_codes},
    },
};
use revm::context::result::ExecutionResult;

fn inference(model: Address, input: Vec<I256>) -> IInference::inferenceCall {
    IInference::inferenceCall { model, input }
}

fn wad(units: i64) -> I256 {
    I256::try_from(units).unwrap() * I256::try_from(1_000_000_000_000_000_000_i64).unwrap()
}

#[test]
fn what_is_not_a_model() {
    let mut chain = Chain::new();
    let model = Address::repeat_byte(0xaa);
    let want = IInferenceErrors::NotAModel(IInference::NotAModel { model });
    assert_eq!(chain.refusal(&inference(model, vec![])), want);
    assert_eq!(chain.refusal(&IInference::modelInfoCall { model }), want);
    assert_eq!(chain.refusal(&IInference::activateCall { model }), want);
    let model = PRECOMPILE;
    let want = IInferenceErrors::MalformedRoot(IInference::MalformedRoot { model });
    assert_eq!(chain.refusal(&inference(model, vec![])), want);
    let (model, _) = chain.deploy(&models::clamp(1), Address::ZERO);
    let want = IInferenceErrors::NotActivated(IInference::NotActivated { model });
    assert_eq!(chain.refusal(&inference(model, vec![wad(1)])), want);
    let raw = IInference::inferenceRawCall {
        model,
        input: Bytes::new(),
    };
    assert_eq!(chain.refusal(&raw), want);
}

#[test]
fn a_gated_model_serves_its_gate_alone() {
    let mut sandbox = Sandbox::new();
    let (model, gate) = (Address::repeat_byte(0xaa), Address::repeat_byte(0x6a));
    sandbox.deploy(model, &models::clamp(1), gate).unwrap();
    assert_eq!(sandbox.activate(model).unwrap().status, Status::Success);
    let mut call = SandboxCall {
        input: inference(model, vec![wad(1)]).abi_encode().into(),
        caller: Address::repeat_byte(1),
        gas: GAS,
        is_static: true,
    };
    let refused = sandbox.call(&call).unwrap();
    let want = IInferenceErrors::Gated(IInference::Gated { model, gate });
    assert_eq!(
        (refused.status, named(&refused.output)),
        (Status::Revert, want)
    );
    call.caller = gate;
    assert_eq!(sandbox.call(&call).unwrap().status, Status::Success);
}

#[test]
fn inputs_must_have_the_length_and_the_range() {
    let mut chain = Chain::new();
    let model = chain.install(&models::clamp(2));
    let length = |got: u64, want: U256| {
        IInferenceErrors::InputLength(IInference::InputLength {
            got: U256::from(got),
            want,
        })
    };
    for got in [0, 1, 3] {
        let call = inference(model, vec![wad(0); usize::try_from(got).unwrap()]);
        assert_eq!(chain.refusal(&call), length(got, U256::from(2)));
        let input = vec![0; usize::try_from(got).unwrap()].into();
        let raw = IInference::inferenceRawCall { model, input };
        assert_eq!(chain.refusal(&raw), length(got, U256::from(2)));
    }
    for (n, want) in [
        (U256::from(2), U256::from(4)),
        (U256::ZERO, U256::ZERO),
        (U256::MAX, U256::MAX),
        (U256::from(1) << 255, U256::MAX),
    ] {
        let call = IInference::inferenceBatchCall {
            model,
            n,
            input: vec![wad(0); 3],
        };
        assert_eq!(chain.refusal(&call), length(3, want));
    }
    let index = U256::from(1);
    let want = IInferenceErrors::InputRange(IInference::InputRange { index });
    for word in [wad(128), wad(-129), I256::MAX, I256::MIN] {
        assert_eq!(chain.refusal(&inference(model, vec![wad(0), word])), want);
    }
}

#[test]
fn a_failed_operator_is_named_and_nothing_else() {
    let mut chain = Chain::new();
    let model = chain.install(&models::double());
    let half = I256::try_from(1 << 30).unwrap();
    let want = IInferenceErrors::ExecutionFailed(IInference::ExecutionFailed { operatorIndex: 0 });
    assert_eq!(chain.refusal(&inference(model, vec![half, half])), want);
    let output = chain.ask(inference(model, vec![half - I256::ONE, I256::ZERO]));
    assert_eq!(output[0], I256::try_from((1i64 << 31) - 2).unwrap());
}

#[test]
fn calldata_that_says_nothing() {
    let mut chain = Chain::new();
    for (data, want) in [
        (
            Bytes::new(),
            IInferenceErrors::UnknownSelector(IInference::UnknownSelector {
                selector: [0; 4].into(),
            }),
        ),
        (
            Bytes::copy_from_slice(&IInference::inferenceCall::SELECTOR),
            IInferenceErrors::MalformedCalldata(IInference::MalformedCalldata {}),
        ),
    ] {
        match chain.send(Transaction::to(PRECOMPILE, data)) {
            ExecutionResult::Revert { output, .. } => assert_eq!(named(&output), want),
            other => panic!("{other:?}"),
        }
    }
}

/// Calls made of a model, a few words, and noise: all end in a way that a block can hold.
#[test]
fn no_calldata_is_fatal() {
    let mut chain = Chain::new();
    let model = chain.install(&models::double());
    let mut seed = 1u64;
    let mut random = move || {
        // xorshift64
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let mut reverts = 0;
    for _ in 0..2_000 {
        let selectors: Vec<_> = IInference::IInferenceCalls::selectors().collect();
        let mut data = selectors[usize::try_from(random()).unwrap() % selectors.len()].to_vec();
        data.extend(model.into_word());
        for _ in 0..random() % 7 {
            let word = match random() % 4 {
                0 => U256::from(random() % 200),
                1 => U256::from(random()),
                2 => U256::MAX - U256::from(random()),
                _ => U256::from(32 * (random() % 8)),
            };
            data.extend(word.to_be_bytes::<32>());
        }
        let gas = 21_000 + 40 * data.len() as u64 + random() % 100_000;
        let transaction = Transaction {
            gas,
            ..Transaction::to(PRECOMPILE, data)
        };
        match chain.send(transaction) {
            ExecutionResult::Revert { output, .. } => {
                named(&output);
                reverts += 1;
            }
            ExecutionResult::Success { .. } | ExecutionResult::Halt { .. } => {}
        }
    }
    assert!(reverts > 500, "{reverts}");
}

#[test]
fn a_database_that_lost_a_chunk_is_fatal() {
    let mut sandbox = Sandbox::new();
    let model = Address::repeat_byte(0xaa);
    let payload = models::clamp(1);
    let root = sandbox.deploy(model, &payload, Address::ZERO).unwrap();
    sandbox.activate(model).unwrap();
    let call = SandboxCall {
        input: inference(model, vec![wad(1)]).abi_encode().into(),
        caller: Address::ZERO,
        gas: GAS,
        is_static: true,
    };
    for damage in [
        Bytes::new(),
        Bytes::from(chunk_codes(&[1; 9], Address::ZERO).remove(0)),
    ] {
        sandbox.damage_code(root.chunks[0].code_hash, damage);
        assert!(sandbox.call(&call).is_err());
    }
    let code = Bytes::from(chunk_codes(&payload, Address::ZERO).remove(0));
    sandbox.damage_code(root.chunks[0].code_hash, code);
    assert_eq!(sandbox.call(&call).unwrap().status, Status::Success);
}

#[test]
fn a_state_that_was_made_up_cannot_poison_the_cache() {
    // A simulation may override any code and any slot: a record under the hash of a root whose
    // chunks were never proved must not make the node remember a model that is not one.
    let mut sandbox = Sandbox::new();
    let model = Address::repeat_byte(0xaa);
    let payload = models::clamp(1);
    sandbox.deploy(model, &payload, Address::ZERO).unwrap();
    sandbox.activate(model).unwrap();
    let fake = Address::repeat_byte(0xbb);
    let chunk = Address::repeat_byte(0xcc);
    let root = Root::of_payload(&[1; 50], Address::ZERO, &[chunk]).unwrap();
    sandbox.set_code(fake, root.encode().into());
    sandbox.set_code(chunk, chunk_codes(&[1; 50], Address::ZERO).remove(0).into());
    let hash = |root: &Root| alloy_primitives::keccak256(root.encode());
    let real = Root::of_payload(&payload, Address::ZERO, &[Sandbox::chunk_address(model, 0)]);
    sandbox.copy_record(hash(&real.unwrap()), hash(&root));
    let call = SandboxCall {
        input: inference(fake, vec![wad(1)]).abi_encode().into(),
        caller: Address::ZERO,
        gas: GAS,
        is_static: true,
    };
    assert!(sandbox.call(&call).is_err());
    assert!(sandbox.call(&call).is_err(), "nothing was remembered");
}

#[test]
fn a_record_that_was_made_up_runs_nothing() {
    // A simulation may override the sizes and the work in a record: nothing may be allocated or run
    // by them.
    let mut sandbox = Sandbox::new();
    let (small, large) = (Address::repeat_byte(0xaa), Address::repeat_byte(0xbb));
    let hashes = [(small, 1), (large, 500)].map(|(model, elements)| {
        let root = sandbox
            .deploy(model, &models::clamp(elements), Address::ZERO)
            .unwrap();
        assert_eq!(sandbox.activate(model).unwrap().status, Status::Success);
        alloy_primitives::keccak256(root.encode())
    });
    let call = |model, words: usize| SandboxCall {
        input: inference(model, vec![wad(1); words]).abi_encode().into(),
        caller: Address::ZERO,
        gas: GAS,
        is_static: true,
    };
    assert!(sandbox.call(&call(large, 500)).is_ok());
    sandbox.copy_record(hashes[0], hashes[1]);
    assert!(sandbox.call(&call(large, 1)).is_err(), "held or not");
    assert!(sandbox.call(&call(small, 1)).is_ok());
}
