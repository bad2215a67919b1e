//! Ways to reach the precompile, and chains and blocks that do not have it.

use crate::{
    assembly::{CALL, CALLCODE, Contract, DELEGATECALL, STATICCALL, Step},
    chain::{Chain, NOW, Transaction, named},
    models,
};
use alloy_primitives::{Address, Bytes, I256, U256, address};
use alloy_sol_types::SolCall as _;
use fixpoint_evm::{
    FixpointEvmFactory,
    precompile::{
        abi::IInference::{self, IInferenceErrors},
        address::{PRECOMPILE, PRECOMPILE_CODE},
        record::CURRENT_RECORD_VERSION,
    },
};
use revm::{
    Database as _,
    state::{AccountInfo, Bytecode},
};

const ONE: I256 = I256::from_raw(U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]));

fn all_calls(model: Address) -> [(&'static str, Vec<u8>); 5] {
    let input = vec![ONE; 3];
    let n = U256::from(1);
    [
        (
            "inference",
            IInference::inferenceCall {
                model,
                input: input.clone(),
            }
            .abi_encode(),
        ),
        (
            "inferenceBatch",
            IInference::inferenceBatchCall { model, n, input }.abi_encode(),
        ),
        (
            "inferenceRaw",
            IInference::inferenceRawCall {
                model,
                input: vec![1; 3].into(),
            }
            .abi_encode(),
        ),
        (
            "modelInfo",
            IInference::modelInfoCall { model }.abi_encode(),
        ),
        ("activate", IInference::activateCall { model }.abi_encode()),
    ]
}

fn one_step(chain: &mut Chain, operation: u8, data: &[u8]) -> Step {
    let code = Contract::default().call(operation, PRECOMPILE, data).stop();
    chain.steps(code).remove(0)
}

#[test]
fn call_and_staticcall_are_served_and_static_calls_cannot_activate() {
    let mut chain = Chain::new();
    let model = chain.install(&models::clamp(3));
    for operation in [CALL, STATICCALL] {
        for (name, data) in all_calls(model) {
            let step = one_step(&mut chain, operation, &data);
            if operation == STATICCALL && name == "activate" {
                assert!(!step.is_success);
                let want = IInferenceErrors::StaticCall(IInference::StaticCall {});
                assert_eq!(named(&step.output), want);
            } else {
                assert!(step.is_success, "{operation:x} {name}");
                assert!(!step.output.is_empty());
            }
        }
    }
}

#[test]
fn code_of_another_account_cannot_borrow_the_precompile() {
    let mut chain = Chain::new();
    let (model, _) = chain.deploy(&models::clamp(3), Address::ZERO);
    for operation in [CALLCODE, DELEGATECALL] {
        for (name, data) in all_calls(model) {
            let step = one_step(&mut chain, operation, &data);
            assert!(
                !step.is_success && step.output.is_empty(),
                "{operation:x} {name}"
            );
            assert!(step.gas < 2_000, "a refusal is cheap: {}", step.gas);
        }
    }
    let unchanged = chain.refusal(&IInference::modelInfoCall { model });
    assert!(matches!(unchanged, IInferenceErrors::NotActivated(_)));
}

#[test]
fn value_is_refused_and_stays_with_the_caller() {
    let mut chain = Chain::new();
    let model = chain.install(&models::clamp(3));
    let payer = address!("0x00000000000000000000000000000000000ca11e");
    for (name, data) in all_calls(model) {
        for operation in [CALL, CALLCODE] {
            let code = Contract::default()
                .call_with(operation, PRECOMPILE, &data, 1, None)
                .stop();
            let code = Bytecode::new_raw(code);
            let info = AccountInfo::new(U256::from(5), 1, code.hash_slow(), code);
            chain.state.insert_account(payer, info);
            let step = chain.steps_at(payer, Vec::new()).remove(0);
            assert!(!step.is_success && step.output.is_empty(), "{name}");
            let balance = chain.state.basic(payer).unwrap().unwrap().balance;
            assert_eq!(balance, U256::from(5));
        }
    }
    assert_eq!(
        chain.state.basic(PRECOMPILE).unwrap().unwrap().balance,
        U256::ZERO
    );
}

#[test]
fn a_call_below_a_static_call_cannot_activate() {
    let mut chain = Chain::new();
    let (model, _) = chain.deploy(&models::clamp(3), Address::ZERO);
    let activate = IInference::activateCall { model }.abi_encode();
    // Logs are state changes too, so the inner contract only forwards what came back.
    let inner = Contract::default()
        .forward(CALL, PRECOMPILE, &activate)
        .return_last();
    let inner = chain.create(&inner);
    let step = one_step_at(&mut chain, STATICCALL, inner);
    let want = IInferenceErrors::StaticCall(IInference::StaticCall {});
    assert_eq!(named(&step.output), want);
}

fn one_step_at(chain: &mut Chain, operation: u8, to: Address) -> Step {
    let code = Contract::default().call(operation, to, &[]).stop();
    chain.steps(code).remove(0)
}

#[test]
fn an_account_that_delegates_to_the_precompile_does_not_become_it() {
    let mut chain = Chain::new();
    let model = chain.install(&models::clamp(3));
    let account = address!("0x0000000000000000000000000000000000007702");
    let code = Bytecode::new_eip7702(PRECOMPILE);
    let info = AccountInfo::new(U256::from(5), 1, code.hash_slow(), code);
    chain.state.insert_account(account, info);
    for (name, data) in all_calls(model) {
        for operation in [CALL, CALLCODE, DELEGATECALL, STATICCALL] {
            let code = Contract::default()
                .call_with(operation, account, &data, 0, Some(50_000))
                .stop();
            let step = chain.steps(code).remove(0);
            // The delegate's code is one INVALID byte.
            assert!(
                !step.is_success && step.output.is_empty(),
                "{operation:x} {name}"
            );
        }
    }
    // Nor can it be a model.
    let error = chain.refusal(&IInference::activateCall { model: account });
    assert!(
        matches!(error, IInferenceErrors::MalformedRoot(_)),
        "{error:?}"
    );
}

#[test]
fn before_its_fork_the_address_is_an_empty_account() {
    let mut chain = Chain::adopting(FixpointEvmFactory::new(NOW + 1));
    let calls = all_calls(Address::ZERO);
    let code = Contract::default()
        .call(CALL, PRECOMPILE, &calls[0].1)
        .stop();
    let step = chain.steps(code).remove(0);
    assert!(step.is_success && step.output.is_empty());
    assert!(step.gas > 2_600, "cold: {}", step.gas);
    let sizes = chain.steps(Contract::default().code_size(PRECOMPILE).stop());
    assert!(sizes[0].gas > 2_600);
    chain.factory = FixpointEvmFactory::new(NOW);
    let step = one_step(&mut chain, CALL, &calls[0].1);
    assert!(!step.is_success && step.gas < 2_600 + 2_600, "{step:?}");
    assert!(matches!(
        named(&step.output),
        IInferenceErrors::NotAModel(_)
    ));
}

#[test]
fn a_chain_that_adopts_it_later_keeps_the_records() {
    let mut chain = Chain::adopting(FixpointEvmFactory::default());
    let model = chain.install(&models::clamp(3));
    let account = chain.state.basic(PRECOMPILE).unwrap().unwrap();
    assert_eq!(account.nonce, 1);
    assert_eq!(
        account.code_hash,
        alloy_primitives::keccak256(PRECOMPILE_CODE)
    );
    // A later transaction that touches it would delete an empty account.
    chain.send(Transaction::to(PRECOMPILE, Bytes::new()));
    let output = chain.ask(IInference::inferenceCall {
        model,
        input: vec![ONE; 3],
    });
    assert_eq!(output, vec![ONE; 3]);
}

#[test]
fn what_an_inference_returns() {
    let mut chain = Chain::new();
    let model = chain.install(&models::clamp(2));
    let word = |units: i64| I256::try_from(units).unwrap() * ONE;
    let input = vec![word(-128), word(5)];
    let output = chain.ask(IInference::inferenceCall {
        model,
        input: input.clone(),
    });
    assert_eq!(output, vec![word(-100), word(5)]);
    let n = U256::from(2);
    let batch = [input, vec![word(127), word(0)]].concat();
    let output = chain.ask(IInference::inferenceBatchCall {
        model,
        n,
        input: batch,
    });
    assert_eq!(output, vec![word(-100), word(5), word(100), word(0)]);
    let none = IInference::inferenceBatchCall {
        model,
        n: U256::ZERO,
        input: vec![],
    };
    assert_eq!(chain.ask(none), Vec::<I256>::new());
    let raw = IInference::inferenceRawCall {
        model,
        input: vec![0x80, 5].into(),
    };
    assert_eq!(chain.ask(raw), Bytes::from(vec![0x9c, 5]));
    let info = chain.ask(IInference::modelInfoCall { model });
    assert_eq!((info.inputs.len(), info.outputs.len()), (1, 1));
    assert_eq!(
        (info.inputs[0].name.as_str(), info.inputs[0].dtype),
        ("x", 3)
    );
    assert_eq!(info.inputs[0].shape, vec![2]);
    assert_eq!(info.inputs[0].scaleNumerator, vec![1]);
    let version = CURRENT_RECORD_VERSION;
    assert_eq!((info.recordVersion, info.gate), (version, Address::ZERO));
}
