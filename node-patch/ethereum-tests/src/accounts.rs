//! Accounts as fixtures write them.

use std::collections::BTreeMap;

use alloy_genesis::GenesisAccount;
use alloy_primitives::{Address, Bytes, U256};
use serde::Deserialize;

/// A fixture's state.
pub(crate) type Accounts = BTreeMap<Address, Account>;

/// One account.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Account {
    pub(crate) balance: U256,
    pub(crate) nonce: U256,
    pub(crate) code: Bytes,
    pub(crate) storage: BTreeMap<U256, U256>,
}

impl From<&Account> for GenesisAccount {
    fn from(account: &Account) -> Self {
        let storage = account.storage.iter();
        Self {
            nonce: Some(account.nonce.saturating_to()),
            balance: account.balance,
            code: Some(account.code.clone()),
            storage: Some(
                storage
                    .map(|(slot, value)| ((*slot).into(), (*value).into()))
                    .collect(),
            ),
            private_key: None,
        }
    }
}
