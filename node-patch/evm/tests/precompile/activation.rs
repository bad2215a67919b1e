//! What `activate` accepts, refuses by name, and leaves behind.

use crate::{
    assembly::{CALL, Contract, init_code},
    chain::{Chain, SENDER, named},
    models,
};
use alloy_primitives::{Address, B256, I256, keccak256};
use alloy_sol_types::SolCall as _;
use fixpoint_evm::precompile::{
    abi::IInference::{self, IInferenceErrors},
    activate::NO_OPERATOR,
    address::PRECOMPILE,
    root::{ChunkEntry, Root, chunk_codes},
};
use fixpoint_runtime::error::ParseError;

fn activate(model: Address) -> IInference::activateCall {
    IInference::activateCall { model }
}

/// A root that lists these chunks and claims this payload.
fn root(chunks: &[(Address, B256)], payload: &[u8]) -> Root {
    Root {
        gate: Address::ZERO,
        payload_bytes: u32::try_from(payload.len()).unwrap(),
        content_hash: keccak256(payload),
        chunks: chunks
            .iter()
            .map(|(address, code_hash)| ChunkEntry {
                address: *address,
                code_hash: *code_hash,
            })
            .collect(),
    }
}

#[test]
fn activating_again_is_a_cheap_no_op() {
    let mut chain = Chain::new();
    let payload = models::clamp(2);
    let (model, root) = chain.deploy(&payload, Address::ZERO);
    let first = chain.ask(activate(model));
    assert_eq!(first.modelHash, keccak256(root.encode()));
    let second = chain.ask(activate(model));
    assert_eq!(first, second);
    let step = Contract::default().call(CALL, PRECOMPILE, &activate(model).abi_encode());
    let step = chain.steps(step.stop()).remove(0);
    assert!(step.is_success && step.gas < 20_000, "{step:?}");
}

#[test]
fn a_copy_of_an_activated_root_is_activated() {
    let mut chain = Chain::new();
    let (model, root) = chain.deploy(&models::clamp(1), Address::ZERO);
    chain.ask(activate(model));
    let copy = chain.create(&root.encode());
    let output = chain.ask(IInference::inferenceCall {
        model: copy,
        input: vec![I256::ZERO],
    });
    assert_eq!(output, vec![I256::ZERO]);
}

#[test]
fn a_root_created_in_the_activating_transaction_is_refused() {
    let mut chain = Chain::new();
    let payload = models::clamp(2);
    let chunk = chain.create(&chunk_codes(&payload, Address::ZERO)[0]);
    let code = Root::of_payload(&payload, Address::ZERO, &[chunk])
        .unwrap()
        .encode();
    let attacker = SENDER.create(chain.nonce());
    let model = attacker.create2(B256::ZERO, keccak256(init_code(&code)));
    let steps = chain.steps(
        Contract::default()
            .create2(&init_code(&code))
            .call(CALL, PRECOMPILE, &activate(model).abi_encode())
            .stop(),
    );
    let want = IInferenceErrors::CreatedInThisTransaction(IInference::CreatedInThisTransaction {
        account: model,
    });
    assert_eq!(named(&steps[0].output), want);
    // It is only too early.
    chain.ask(activate(model));
}

#[test]
fn a_chunk_created_in_the_activating_transaction_is_refused() {
    let mut chain = Chain::new();
    let payload = models::clamp(2);
    let chunk_code = chunk_codes(&payload, Address::ZERO).remove(0);
    let attacker = SENDER.create(chain.nonce() + 1);
    let chunk = attacker.create2(B256::ZERO, keccak256(init_code(&chunk_code)));
    let model = chain.create(&root(&[(chunk, keccak256(&chunk_code))], &payload).encode());
    let steps = chain.steps(
        Contract::default()
            .create2(&init_code(&chunk_code))
            .call(CALL, PRECOMPILE, &activate(model).abi_encode())
            .stop(),
    );
    let want = IInferenceErrors::CreatedInThisTransaction(IInference::CreatedInThisTransaction {
        account: chunk,
    });
    assert_eq!(named(&steps[0].output), want);
    chain.ask(activate(model));
}

#[test]
fn a_model_created_and_destroyed_in_the_activating_transaction_is_no_model() {
    let mut chain = Chain::new();
    // Init code that destroys its own contract: CALLER SELFDESTRUCT.
    let destroyed = [0x33, 0xff];
    let attacker = SENDER.create(chain.nonce());
    let model = attacker.create2(B256::ZERO, keccak256(destroyed));
    let steps = chain.steps(
        Contract::default()
            .create2(&destroyed)
            .call(CALL, PRECOMPILE, &activate(model).abi_encode())
            .stop(),
    );
    let want = IInferenceErrors::NotAModel(IInference::NotAModel { model });
    assert_eq!(named(&steps[0].output), want);
}

#[test]
fn a_reverted_activation_leaves_no_record() {
    let mut chain = Chain::new();
    let (model, _) = chain.deploy(&models::clamp(2), Address::ZERO);
    let call = activate(model).abi_encode();
    let inner = chain.create(&Contract::default().call(CALL, PRECOMPILE, &call).revert());
    let steps = chain.steps(Contract::default().call(CALL, inner, &[]).stop());
    assert!(!steps[0].is_success);
    let error = chain.refusal(&IInference::modelInfoCall { model });
    assert_eq!(
        error,
        IInferenceErrors::NotActivated(IInference::NotActivated { model })
    );
}

#[test]
fn chunks_must_be_what_the_root_says() {
    let mut chain = Chain::new();
    let payload = models::clamp(2);
    let code = chunk_codes(&payload, Address::ZERO).remove(0);
    let chunk = chain.create(&code);
    let mut corrupted = code.clone();
    *corrupted.last_mut().unwrap() ^= 1;
    let corrupted = chain.create(&corrupted);
    let not_a_chunk = chain.create(&[&[1], &code[1..]].concat());
    let short = chain.create(&code[..code.len() - 1]);
    let hash_of = |code: &[u8]| keccak256(code);
    let empty = Address::repeat_byte(0xee);
    for (address, code_hash) in [
        (corrupted, hash_of(&code)),
        (empty, hash_of(&[])),
        (not_a_chunk, hash_of(&[&[1], &code[1..]].concat())),
        (short, hash_of(&code[..code.len() - 1])),
    ] {
        let model = chain.create(&root(&[(address, code_hash)], &payload).encode());
        let want = IInferenceErrors::ChunkMismatch(IInference::ChunkMismatch { chunk: address });
        assert_eq!(chain.refusal(&activate(model)), want);
    }
    let good = chain.create(&root(&[(chunk, hash_of(&code))], &payload).encode());
    chain.ask(activate(good));
}

#[test]
fn the_payload_must_have_the_content_hash() {
    let mut chain = Chain::new();
    let payload = models::clamp(2);
    let code = chunk_codes(&payload, Address::ZERO).remove(0);
    let chunk = chain.create(&code);
    let wrong = Root {
        content_hash: B256::repeat_byte(1),
        ..root(&[(chunk, keccak256(&code))], &payload)
    };
    let model = chain.create(&wrong.encode());
    let want = IInference::ContentHashMismatch {
        got: keccak256(&payload),
        want: B256::repeat_byte(1),
    };
    assert_eq!(
        chain.refusal(&activate(model)),
        IInferenceErrors::ContentHashMismatch(want)
    );
}

#[test]
fn root_and_chunks_must_agree_on_the_gate() {
    let mut chain = Chain::new();
    let payload = models::clamp(2);
    let code = chunk_codes(&payload, Address::repeat_byte(0x6a)).remove(0);
    let chunk = chain.create(&code);
    let free = chain.create(&root(&[(chunk, keccak256(&code))], &payload).encode());
    let want = IInferenceErrors::GateMismatch(IInference::GateMismatch { chunk });
    assert_eq!(chain.refusal(&activate(free)), want);
}

#[test]
fn a_payload_that_is_no_model_is_rejected_with_the_reason() {
    let mut chain = Chain::new();
    let (model, _) = chain.deploy(&[9; 100], Address::ZERO);
    let reason = ParseError::Version { version: 0x0909 }.code();
    let want = IInference::ModelRejected {
        reason,
        operatorIndex: NO_OPERATOR,
    };
    assert_eq!(
        chain.refusal(&activate(model)),
        IInferenceErrors::ModelRejected(want)
    );
    let mut bad = models::clamp(2);
    bad.push(0);
    let (model, _) = chain.deploy(&bad, Address::ZERO);
    let error = chain.refusal(&activate(model));
    assert!(
        matches!(error, IInferenceErrors::ModelRejected(_)),
        "{error:?}"
    );
}
