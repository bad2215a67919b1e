//! The files.

use alloy_primitives::{Address, Bytes, keccak256};
use fixpoint_evm::precompile::root::{Root, chunk_codes};
use fixpoint_test_vectors::files::{CallVector, StateFile};
use serde::de::DeserializeOwned;
use std::{fs, path::PathBuf};

pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub(crate) fn json<T: DeserializeOwned>(name: &str) -> T {
    let text = fs::read_to_string(path(name)).expect(name);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(crate) fn names(directory: &str) -> Vec<String> {
    let entries = fs::read_dir(path(directory)).expect(directory);
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names
        .map(|name| format!("{directory}/{}", name.to_string_lossy()))
        .collect();
    names.sort();
    names
}

/// Every call, with the file that it is in.
pub(crate) fn calls() -> Vec<(String, CallVector)> {
    let mut calls = Vec::new();
    for file in names("calls") {
        let vectors: Vec<CallVector> = json(&file);
        for vector in vectors {
            assert_eq!(
                vector.expected_error.is_some(),
                file.contains("/fail-"),
                "{}",
                vector.name
            );
            calls.push((format!("{file}: {}", vector.name), vector));
        }
    }
    calls
}

pub(crate) fn address(text: &str) -> Address {
    Address::from_slice(&hex::decode(text).expect("hexadecimal"))
}

/// All code and the models to activate, as `README.md` says.
pub(crate) fn state() -> (Vec<(Address, Bytes)>, Vec<Address>) {
    let file: StateFile = json("models.json");
    let (mut codes, mut active) = (Vec::new(), Vec::new());
    for model in &file.models {
        let text = fs::read_to_string(path(&format!("payloads/{}.hex", model.name))).expect("hex");
        let payload = hex::decode(text.trim_end()).expect("hexadecimal");
        let gate = address(&model.gate);
        let chunks: Vec<_> = model.chunks.iter().map(|chunk| address(chunk)).collect();
        let root = Root::of_payload(&payload, gate, &chunks)
            .expect("few chunks")
            .encode();
        assert_eq!(
            hex::encode(keccak256(&root)),
            model.model_hash,
            "{}",
            model.name
        );
        codes.extend(
            chunks
                .into_iter()
                .zip(chunk_codes(&payload, gate).into_iter().map(Bytes::from)),
        );
        codes.push((address(&model.address), root.into()));
        if model.activated {
            active.push(address(&model.address));
        }
    }
    for account in &file.accounts {
        let code = hex::decode(&account.code).expect("hexadecimal");
        codes.push((address(&account.address), code.into()));
    }
    (codes, active)
}
