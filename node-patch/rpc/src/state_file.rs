//! A state as a file: what `anvil_dumpState` gives and `anvil_loadState` takes.
//!
//! The form is anvil's, so that either reads what the other wrote; of anvil's files only the accounts
//! are taken. Over RPC the JSON is compressed by gzip, as anvil does it.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
};

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use fixpoint_chain::{Account, AccountDiff, StateDiff};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde::{Deserialize, Serialize};

use crate::dev::Number;

/// First bytes of what gzip has written.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Most bytes of a state's JSON.
const MAX_JSON_BYTES: u64 = 1 << 30;

/// A state that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StateFileError {
    /// Not the JSON of a state.
    #[error("not a state in anvil's form: {0}")]
    Json(#[from] serde_json::Error),
    /// Not what gzip writes, or longer than a state may be.
    #[error("cannot be decompressed: {0}")]
    Gzip(#[from] std::io::Error),
    /// Code that the EVM cannot hold.
    #[error("account {address}: its code {detail}")]
    Code {
        /// Whose.
        address: Address,
        /// What is wrong.
        detail: String,
    },
}

/// Accounts with their code and storage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateFile {
    accounts: BTreeMap<Address, AccountRecord>,
    /// Anvil's blocks have no place in a chain of this node, nor these in anvil.
    #[serde(default, skip_deserializing)]
    block: Option<()>,
    #[serde(default, skip_deserializing)]
    best_block_number: Option<()>,
    #[serde(default, skip_deserializing)]
    blocks: Vec<()>,
    #[serde(default, skip_deserializing)]
    transactions: Vec<()>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct AccountRecord {
    #[serde(deserialize_with = "number")]
    nonce: u64,
    balance: U256,
    #[serde(default)]
    code: Bytes,
    #[serde(default)]
    storage: BTreeMap<Word, Word>,
}

/// A word that is written with all its digits and read with as many as there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Word(U256);

impl Serialize for Word {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        B256::from(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        U256::deserialize(deserializer).map(Self)
    }
}

fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Number::deserialize(deserializer).map(|Number(number)| number)
}

impl StateFile {
    /// The accounts of a whole state.
    pub fn of_state(state: &StateDiff) -> Self {
        let records = state.accounts.iter().filter_map(|(address, change)| {
            let account = change.account?;
            let code = state.code.get(&account.code_hash).cloned();
            let storage = change.storage.iter();
            let record = AccountRecord {
                nonce: account.nonce,
                balance: account.balance,
                code: code.unwrap_or_default(),
                storage: storage
                    .map(|(slot, value)| (Word(*slot), Word(*value)))
                    .collect(),
            };
            Some((*address, record))
        });
        Self {
            accounts: records.collect(),
            ..Self::default()
        }
    }

    /// The change that makes each of its accounts what it is here; others stay.
    pub fn to_change(&self) -> StateDiff {
        let mut change = StateDiff::default();
        for (address, record) in &self.accounts {
            let code_hash = if record.code.is_empty() {
                KECCAK256_EMPTY
            } else {
                keccak256(&record.code)
            };
            let account = Account {
                nonce: record.nonce,
                balance: record.balance,
                code_hash,
            };
            let storage = record.storage.iter();
            let diff = AccountDiff {
                account: Some(account),
                wiped: true,
                storage: storage.map(|(slot, value)| (slot.0, value.0)).collect(),
            };
            change.accounts.insert(*address, diff);
            change.code.insert(code_hash, record.code.clone());
        }
        change
    }

    /// Reads JSON, compressed or not.
    ///
    /// # Errors
    /// [`StateFileError`].
    pub fn read(bytes: &[u8]) -> Result<Self, StateFileError> {
        let file: Self = if bytes.starts_with(&GZIP_MAGIC) {
            let mut json = Vec::new();
            GzDecoder::new(bytes)
                .take(MAX_JSON_BYTES)
                .read_to_end(&mut json)?;
            serde_json::from_slice(&json)?
        } else {
            serde_json::from_slice(bytes)?
        };
        for (address, record) in &file.accounts {
            revm::bytecode::Bytecode::new_raw_checked(record.code.clone()).map_err(|error| {
                StateFileError::Code {
                    address: *address,
                    detail: error.to_string(),
                }
            })?;
        }
        Ok(file)
    }

    /// Its JSON.
    ///
    /// # Errors
    /// None that a state can cause.
    pub fn to_json(&self) -> Result<Vec<u8>, StateFileError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// Its JSON, compressed.
    ///
    /// # Errors
    /// None that a state can cause.
    pub fn to_gzip(&self) -> Result<Vec<u8>, StateFileError> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&self.to_json()?)?;
        Ok(encoder.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{
        "block": { "number": "0x2" }, "best_block_number": "0x2",
        "accounts": {
            "0x00000000000000000000000000000000000000aa": {
                "nonce": 7, "balance": "0x5", "code": "0x60", "storage": { "0x1": "0x2" }
            },
            "0x00000000000000000000000000000000000000bb": {
                "nonce": "0x1", "balance": "0x0", "code": "0x", "storage": {}
            }
        },
        "blocks": [{ "header": {} }], "transactions": []
    }"#;

    #[test]
    fn what_is_written_is_read_in_either_form() {
        let file = StateFile::read(JSON.as_bytes()).unwrap();
        assert_eq!(file.accounts.len(), 2);
        assert_eq!(StateFile::read(&file.to_json().unwrap()).unwrap(), file);
        assert_eq!(StateFile::read(&file.to_gzip().unwrap()).unwrap(), file);
        let change = file.to_change();
        let account = &change.accounts[&Address::with_last_byte(0xaa)];
        assert_eq!(account.account.unwrap().nonce, 7);
        assert_eq!(account.storage[&U256::ONE], U256::from(2));
        assert_eq!(StateFile::of_state(&change), file);
    }

    #[test]
    fn what_is_no_state_is_refused_by_name() {
        let bad = |bytes: &[u8]| StateFile::read(bytes).unwrap_err();
        assert!(matches!(bad(b"{}"), StateFileError::Json(_)));
        assert!(matches!(bad(&[0x1f, 0x8b, 0]), StateFileError::Gzip(_)));
        let code = JSON.replace("0x60", "0xef0100");
        assert!(matches!(bad(code.as_bytes()), StateFileError::Code { .. }));
    }
}
