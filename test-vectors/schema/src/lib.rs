//! Schema of the shared test vectors: what the generator writes and every test reads.
//!
//! Hexadecimal has no prefix. What may not live here: anything that a foreign target cannot build
//! quickly, the project's own crates above all; their tests depend on this one.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{fs, path::PathBuf};

/// A vector of a call, in the shape of Ethereum's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CallVector {
    /// Calldata.
    pub input: String,
    /// Return data, or revert data of a call that fails.
    pub expected: String,
    /// Only of a call that fails: the error with its values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_error: Option<String>,
    /// What it shows.
    pub name: String,
    /// Gas used at the precompile's boundary.
    pub gas: u64,
    /// Gas given.
    pub gas_limit: u64,
    /// The immediate caller, if it is not the one that `models.json` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Whether the call is a STATICCALL.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub r#static: bool,
    /// Whether benchmarks leave it out.
    pub no_benchmark: bool,
}

/// `ExpectedError` of a call that runs out of gas.
pub const OUT_OF_GAS: &str = "OutOfGas()";

/// A model of `models.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ModelEntry {
    /// Its payload is `payloads/NAME.hex`.
    pub name: String,
    /// Address of the root.
    pub address: String,
    /// Zero for none.
    pub gate: String,
    /// Addresses of the chunks.
    pub chunks: Vec<String>,
    /// `keccak256` of the root's code.
    pub model_hash: String,
    /// Whether `activate` has been called on it.
    pub activated: bool,
}

/// A contract of `models.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AccountEntry {
    /// What it is.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// Its code; replaces what a model has at the same address.
    pub code: String,
}

/// `models.json`: the state that every call starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct StateFile {
    /// The caller of a call that names none.
    pub caller: String,
    /// Models.
    pub models: Vec<ModelEntry>,
    /// Other contracts.
    pub accounts: Vec<AccountEntry>,
}

/// A payload that is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct HostileVector {
    /// What is wrong with it.
    pub name: String,
    /// The payload.
    pub input: String,
    /// `reason` of `ModelRejected`.
    pub expected_code: u16,
    /// `operatorIndex` of `ModelRejected`; 65535 for none.
    pub operator: u16,
}

/// A vector of one operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct OperatorVector {
    /// What it shows.
    pub name: String,
    /// Payload of a model whose last operator is the one.
    pub model: String,
    /// Input elements, one list per input, row-major.
    pub inputs: Vec<Vec<i64>>,
    /// Output elements; nothing if a requirement of the operator does not hold.
    pub output: Option<Vec<i64>>,
}

/// A field's bytes.
///
/// # Panics
/// If it is not hexadecimal.
#[must_use]
pub fn bytes(field: &str) -> Vec<u8> {
    hex::decode(field).unwrap_or_else(|error| panic!("{field:.80}: {error}"))
}

/// Where a file below `test-vectors/` is.
#[must_use]
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(name)
}

/// A committed file's text.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A committed file's content.
///
/// # Panics
/// If it cannot be read or has another schema.
#[must_use]
pub fn json<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Names of a directory's files, each with the directory.
///
/// # Panics
/// If the directory cannot be read.
#[must_use]
pub fn names(directory: &str) -> Vec<String> {
    let entries = fs::read_dir(path(directory)).expect(directory);
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names
        .map(|name| format!("{directory}/{}", name.to_string_lossy()))
        .collect();
    names.sort();
    names
}

/// Every call, with the file that it is in.
///
/// # Panics
/// If a file cannot be read or holds calls that end otherwise than its name says.
#[must_use]
pub fn calls() -> Vec<(String, CallVector)> {
    let mut calls = Vec::new();
    for file in names("calls") {
        let vectors: Vec<CallVector> = json(&file);
        for vector in vectors {
            let fails = vector.expected_error.is_some();
            assert_eq!(fails, file.contains("/fail-"), "{}", vector.name);
            calls.push((format!("{file}: {}", vector.name), vector));
        }
    }
    calls
}
