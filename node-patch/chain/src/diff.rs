//! What a block changes in the state: plain values, nothing of tries or tables.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use revm::{
    database::{BundleAccount, BundleState},
    state::AccountInfo,
};

/// An account without its storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Transaction count (for a contract, creation count + 1).
    pub nonce: u64,
    /// Wei.
    pub balance: U256,
    /// Keccak of the code, of nothing if there is none.
    pub code_hash: B256,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            nonce: 0,
            balance: U256::ZERO,
            code_hash: KECCAK256_EMPTY,
        }
    }
}

impl From<Account> for AccountInfo {
    fn from(account: Account) -> Self {
        Self {
            nonce: account.nonce,
            balance: account.balance,
            code_hash: account.code_hash,
            code: None,
            ..Self::default()
        }
    }
}

/// What became of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountDiff {
    /// The account afterwards; `None` if it is gone.
    pub account: Option<Account>,
    /// Every slot that it had before is gone; `storage` starts from nothing.
    pub wiped: bool,
    /// Slots that changed, with the value afterwards (zero means removed).
    pub storage: BTreeMap<U256, U256>,
}

/// What became of the state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StateDiff {
    /// Accounts that changed in any way.
    pub accounts: BTreeMap<Address, AccountDiff>,
    /// New code by its hash.
    pub code: BTreeMap<B256, Bytes>,
}

impl StateDiff {
    /// The changes that an execution collected.
    pub fn from_bundle(bundle: BundleState) -> Self {
        let accounts = bundle
            .state
            .iter()
            .map(|(address, account)| (*address, account.into()))
            .collect();
        let code = bundle
            .contracts
            .iter()
            .map(|(hash, code)| (*hash, code.original_bytes()))
            .collect();
        Self { accounts, code }
    }
}

impl From<&BundleAccount> for AccountDiff {
    fn from(bundle: &BundleAccount) -> Self {
        let wiped = bundle.was_destroyed();
        Self {
            account: bundle.info.as_ref().map(|info| Account {
                nonce: info.nonce,
                balance: info.balance,
                code_hash: info.code_hash,
            }),
            wiped,
            storage: bundle
                .storage
                .iter()
                .filter(|(_, value)| wiped || value.is_changed())
                .map(|(slot, value)| (*slot, value.present_value))
                .collect(),
        }
    }
}
