//! Whom a call is for, `activate`, and calldata that is no call.

use crate::{
    cases::{Case, Subject, activate, inference, integers, length, milli},
    state::{GATE, State, call},
};
use alloy_primitives::{Address, FixedBytes, U256};
use alloy_sol_types::SolCall as _;
use fixpoint_evm::precompile::abi::IInference::{self, IInferenceErrors as Error};

/// Whom and what a call is for.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(super) fn accounts(state: &State) -> Vec<Case> {
    let word = integers(&[0]);
    let ask = |model: Address| call(inference(model, &word));
    let gated = state.model("gated").address;
    let refusal = || {
        Error::Gated(IInference::Gated {
            model: gated,
            gate: GATE,
        })
    };
    let raw = |model| {
        call(
            IInference::inferenceRawCall {
                model,
                input: vec![0; 2].into(),
            }
            .abi_encode(),
        )
    };
    let info = |model| call(IInference::modelInfoCall { model }.abi_encode());
    let nobody = Address::repeat_byte(0x99);
    let no_model = |model| Error::NotAModel(IInference::NotAModel { model });
    let inactive = state.model("inactive").address;
    let not_activated = || Error::NotActivated(IInference::NotActivated { model: inactive });
    let subject = Subject::new(state, "gated");
    let mut cases = vec![
        subject
            .words("gated: its gate calls", &milli(&[1_000, -128_000]))
            .from(GATE),
        subject
            .raw("gated: its gate calls, raw", &[5, 0x80])
            .from(GATE),
        subject
            .batch(
                "gated: its gate calls, batch",
                2,
                &milli(&[1_000, 2_000, 3_000, 4_000]),
            )
            .from(GATE)
            .statically(),
        Case::fails("gated: somebody calls", ask(gated), refusal()),
        Case::fails("gated: somebody calls, raw", raw(gated), refusal()),
        Case::fails(
            "gated: refused before the length is looked at",
            call(inference(gated, &[])),
            refusal(),
        ),
        subject.info("gated: information is for everybody"),
        Subject::new(state, "digits-like").info("information on a large model"),
        Subject::new(state, "rows")
            .info("information on a model with a scale per row")
            .statically(),
        Case::fails("no code", ask(nobody), no_model(nobody)),
        Case::fails("no code, raw", raw(nobody), no_model(nobody)),
        Case::fails("no code, information", info(nobody), no_model(nobody)),
        Case::fails(
            "the zero address",
            ask(Address::ZERO),
            no_model(Address::ZERO),
        ),
        Case::fails("not activated", ask(inactive), not_activated()),
        Case::fails("not activated, raw", raw(inactive), not_activated()),
        Case::fails(
            "not activated, information",
            info(inactive),
            not_activated(),
        ),
        Case::fails(
            "too many words",
            call(inference(state.model("halves").address, &integers(&[0, 0]))),
            length(2, U256::ONE),
        ),
        Case::fails(
            "no words",
            call(inference(state.model("halves").address, &[])),
            length(0, U256::ONE),
        ),
    ];
    let roots = [
        "runnable code",
        "root cut short",
        "root with a trailing byte",
        "root of version 2",
        "root with a wrong chunk count",
    ];
    for name in roots {
        let model = state.account(name).address;
        cases.push(Case::fails(
            name,
            ask(model),
            Error::MalformedRoot(IInference::MalformedRoot { model }),
        ));
    }
    let chunk = state.model("halves").chunks()[0];
    cases.push(Case::fails(
        "a chunk is no root",
        ask(chunk),
        Error::MalformedRoot(IInference::MalformedRoot { model: chunk }),
    ));
    cases
}

/// `activate`, with every way in which it can refuse.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(super) fn activation(state: &State) -> Vec<Case> {
    let address = |name: &str| state.model(name).address;
    let try_it = |name: &str| call(activate(address(name)));
    let chunk = |name: &str| state.model(name).chunks()[0];
    let mismatch =
        |name: &str| Error::ChunkMismatch(IInference::ChunkMismatch { chunk: chunk(name) });
    let rejected = |reason: u16, operator: u16| {
        Error::ModelRejected(IInference::ModelRejected {
            reason,
            operatorIndex: operator,
        })
    };
    let static_call = || Error::StaticCall(IInference::StaticCall {});
    let nobody = Address::repeat_byte(0x99);
    let malformed = state.account("runnable code").address;
    let want = state.model("content-hash").root().content_hash;
    let mut wrong = want;
    wrong.0[0] ^= 1;
    let too_expensive = Error::TooExpensive(IInference::TooExpensive { gas: 0, limit: 0 });
    vec![
        Case::succeeds("first time", try_it("inactive")),
        Case::succeeds("again changes nothing", try_it("halves")),
        Case::succeeds("again, of two chunks", try_it("lookup")),
        Case::succeeds("again, gated", try_it("gated")),
        Case::fails("in a STATICCALL", try_it("inactive"), static_call()).statically(),
        Case::fails("again in a STATICCALL", try_it("halves"), static_call()).statically(),
        Case::fails(
            "nothing there, in a STATICCALL",
            call(activate(nobody)),
            static_call(),
        )
        .statically(),
        Case::fails(
            "nothing there",
            call(activate(nobody)),
            Error::NotAModel(IInference::NotAModel { model: nobody }),
        ),
        Case::fails(
            "no root",
            call(activate(malformed)),
            Error::MalformedRoot(IInference::MalformedRoot { model: malformed }),
        ),
        Case::fails(
            "a chunk of another gate",
            try_it("chunk-gate"),
            Error::GateMismatch(IInference::GateMismatch {
                chunk: chunk("chunk-gate"),
            }),
        ),
        Case::fails(
            "a chunk without code",
            try_it("chunk-missing"),
            mismatch("chunk-missing"),
        ),
        Case::fails(
            "a chunk with a changed byte",
            try_it("chunk-changed"),
            mismatch("chunk-changed"),
        ),
        Case::fails(
            "a chunk without its last byte",
            try_it("chunk-short"),
            mismatch("chunk-short"),
        ),
        Case::fails(
            "another content hash",
            try_it("content-hash"),
            Error::ContentHashMismatch(IInference::ContentHashMismatch {
                got: want,
                want: wrong,
            }),
        ),
        Case::fails(
            "bytes that are no model",
            try_it("trailing-byte"),
            rejected(2, u16::MAX),
        ),
        Case::fails(
            "an operator that reads its own output",
            try_it("forward-reference"),
            rejected(300, 0),
        ),
        Case::fails(
            "more gas than a transaction has",
            try_it("too-expensive"),
            too_expensive,
        ),
    ]
}

/// Calldata that is no call.
pub(super) fn calldata(state: &State) -> Vec<Case> {
    let unknown = |name: &str, data: &[u8], selector: [u8; 4]| {
        let selector = FixedBytes(selector);
        Case::fails(
            name,
            call(data.to_vec()),
            Error::UnknownSelector(IInference::UnknownSelector { selector }),
        )
    };
    let good = inference(state.model("halves").address, &integers(&[0]));
    let malformed = |name: &str, data: Vec<u8>| {
        Case::fails(
            name,
            call(data),
            Error::MalformedCalldata(IInference::MalformedCalldata {}),
        )
    };
    let changed = |at: usize, value: u8| {
        let mut data = good.clone();
        data[at] = value;
        data
    };
    let halves = Subject::new(state, "halves");
    let mut trailing = halves.words("bytes behind the arguments are ignored", &integers(&[0]));
    trailing.call.input = [&trailing.call.input[..], &[1, 2, 3]].concat().into();
    vec![
        unknown("nothing", &[], [0; 4]),
        unknown("half a selector", &[1, 2], [1, 2, 0, 0]),
        unknown(
            "another selector",
            &[0xde, 0xad, 0xbe, 0xef, 0],
            [0xde, 0xad, 0xbe, 0xef],
        ),
        malformed("a selector alone", good[..4].to_vec()),
        malformed("cut short", good[..good.len() - 1].to_vec()),
        malformed("an address of 21 bytes", changed(4 + 11, 1)),
        malformed("an offset beyond the end", changed(4 + 63, 0x80)),
        malformed("an offset beyond 64 bits", changed(4 + 32, 1)),
        malformed("a length beyond the end", changed(4 + 95, 2)),
        malformed("a length beyond 64 bits", changed(4 + 64, 0xff)),
        malformed(
            "raw, cut short",
            IInference::inferenceRawCall {
                model: Address::ZERO,
                input: vec![1; 40].into(),
            }
            .abi_encode()[..4 + 96 + 39]
                .to_vec(),
        ),
        trailing,
    ]
}
