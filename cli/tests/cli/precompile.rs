//! `fixpoint precompile`: the precompile's own answers, errors and gas.

use crate::support::{digits, ok, ok_json, row_words, shown, write_pictures};
use alloy_primitives::{Address, Bytes, I256, U256, address};
use alloy_sol_types::{SolCall as _, SolError as _, SolValue as _};
use fixpoint_precompile::abi::IInference;
use std::fs;

const MODEL: Address = address!("0x00000000000000000000000000000000000000AA");
/// A gas limit with room for one digits inference.
const GAS: &str = "1000000";

/// Runs `precompile` with the digits model in place; returns status, gas and return data.
fn precompile(arguments: &[&str]) -> (u64, u64, Bytes) {
    let place = format!("{MODEL}={}", digits());
    let mut all = vec!["precompile", "--model", &place];
    all.extend(arguments);
    let text = ok(&all);
    let bytes = hex::decode(text.trim().strip_prefix("0x").unwrap()).unwrap();
    let (status, gas, output) = <(U256, u64, Bytes)>::abi_decode_params(&bytes).unwrap();
    (status.to(), gas, output)
}

fn inference(input: Vec<I256>) -> String {
    let call = IInference::inferenceCall {
        model: MODEL,
        input,
    };
    format!("0x{}", hex::encode(call.abi_encode()))
}

fn ink(pixel: usize) -> I256 {
    I256::try_from(pixel * 7 % 17).unwrap() * I256::try_from(10i64.pow(18)).unwrap()
}

#[test]
fn the_precompile_answers_as_run_does() {
    let folder = tempfile::tempdir().unwrap();
    let picture = shown(&write_pictures(folder.path(), 1));
    let words = ok_json(&["run", &digits(), "--input", &picture, "--json"]);
    let want = row_words(&words["outputs"]["logits"][0]);
    let calldata = inference((0..64).map(ink).collect());
    let file = folder.path().join("calldata.hex");
    fs::write(&file, format!("{calldata}\n")).unwrap();
    let from_file = format!("@{}", shown(&file));
    for arguments in [
        vec!["--input", &calldata, "--gas", GAS],
        vec!["--input", &from_file, "--gas", GAS, "--static"],
    ] {
        let (status, gas, output) = precompile(&arguments);
        assert_eq!(status, 1);
        assert_eq!(
            IInference::inferenceCall::abi_decode_returns(&output).unwrap(),
            want
        );
        let first_call = ok_json(&["inspect", &digits(), "--json"])["gas"]["first_call"].clone();
        assert_eq!(gas, first_call.as_u64().unwrap());
    }
}

#[test]
fn the_precompile_names_its_errors() {
    let short = inference(vec![I256::ZERO; 63]);
    let (status, _, output) = precompile(&["--input", &short, "--gas", GAS]);
    assert_eq!(status, 0);
    let error = IInference::InputLength::abi_decode(&output).unwrap();
    assert_eq!((error.got, error.want), (U256::from(63), U256::from(64)));

    let whole = inference(vec![I256::ZERO; 64]);
    let (status, gas, output) = precompile(&["--input", &whole, "--gas", "20000"]);
    assert_eq!((status, gas, output.len()), (2, 20_000, 0));

    let activate = IInference::activateCall { model: MODEL }.abi_encode();
    let activate = format!("0x{}", hex::encode(activate));
    let (status, _, output) = precompile(&["--input", &activate, "--static"]);
    assert_eq!(status, 0);
    assert!(IInference::StaticCall::abi_decode(&output).is_ok());
}

#[test]
fn a_gate_lets_only_itself_pass() {
    let gate = "0x00000000000000000000000000000000000000BB";
    let place = format!("{MODEL}@{gate}={}", digits());
    let calldata = inference(vec![I256::ZERO; 64]);
    let status = |caller: &str| {
        let text = ok(&[
            "precompile",
            "--model",
            &place,
            "--input",
            &calldata,
            "--caller",
            caller,
        ]);
        text[2 + 63..=2 + 63].to_owned()
    };
    assert_eq!(status(gate), "1");
    assert_eq!(status("0x00000000000000000000000000000000000000CC"), "0");
}
