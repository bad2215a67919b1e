//! Any code as a root or a chunk: one encoding, and a named outcome for every call on it.

use crate::choices::Choices;
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::{SolCall, SolInterface as _};
use fixpoint_evm::{
    offline::{Sandbox, SandboxCall, TRANSACTION_GAS_LIMIT},
    precompile::{
        Status,
        abi::IInference,
        root::{CHUNK_DATA_BYTES, Root, split_chunk},
    },
};

const MODEL: Address = Address::repeat_byte(0x11);

/// # Panics
/// If something is wrong.
pub fn check(bytes: &[u8]) {
    if let Some(root) = Root::decode(bytes) {
        assert_eq!(root.encode(), bytes);
        let sizes = (0..root.chunks.len()).map(|at| root.chunk_data_bytes(at));
        assert!(
            sizes
                .clone()
                .all(|size| (1..=CHUNK_DATA_BYTES).contains(&size))
        );
        assert_eq!(sizes.sum::<usize>(), root.payload_bytes as usize);
    }
    if let Some((gate, data)) = split_chunk(bytes) {
        assert_eq!([&[0], gate.as_slice(), data].concat(), bytes);
    }
    let mut choices = Choices::new(bytes);
    let mut chain = Sandbox::new();
    let gate = Address::repeat_byte(choices.byte() & 1);
    match choices.below(4) {
        // The code itself.
        // EIP-3541: no contract's code begins with EF.
        0 if choices.rest().first() == Some(&0xef) => return,
        0 => chain.set_code(MODEL, Bytes::copy_from_slice(choices.rest())),
        // A sound deployment, of which then the root or a chunk is damaged in one byte.
        kind => {
            let (at, value) = (u16::from_le_bytes(choices.bytes()), choices.byte());
            let payload = choices.rest();
            let Some(root) = chain.deploy(MODEL, payload, gate) else {
                return;
            };
            let mut code = if kind == 1 {
                root.encode()
            } else {
                [&[0], gate.as_slice(), payload].concat()
            };
            let place = usize::from(at) % code.len();
            code[place] = value;
            if code[0] == 0xef {
                return;
            }
            let address = if kind == 1 {
                MODEL
            } else {
                root.chunks[0].address
            };
            if kind < 3 {
                chain.set_code(address, code.into());
            }
        }
    }
    let activation = ask(&mut chain, IInference::activateCall { model: MODEL });
    let info = ask(&mut chain, IInference::modelInfoCall { model: MODEL });
    assert_eq!(
        activation, info,
        "a model is activated if it has information, and only then"
    );
    ask(
        &mut chain,
        IInference::inferenceRawCall {
            model: MODEL,
            input: Bytes::new(),
        },
    );
}

/// Whether the call succeeds. It must fail with a named error otherwise.
fn ask(chain: &mut Sandbox, call: impl SolCall) -> bool {
    let call = SandboxCall {
        input: call.abi_encode().into(),
        caller: Address::repeat_byte(1),
        gas: TRANSACTION_GAS_LIMIT,
        is_static: false,
    };
    let outcome = chain.call(&call).unwrap_or_else(|error| panic!("{error}"));
    if outcome.status == Status::Revert {
        let named = IInference::IInferenceErrors::abi_decode_validate(&outcome.output);
        assert!(named.is_ok(), "{:?}", outcome.output);
    }
    outcome.status == Status::Success
}
