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

    /// These changes and then `later`, as one.
    pub fn followed_by(mut self, later: &Self) -> Self {
        for (address, change) in &later.accounts {
            match self.accounts.get_mut(address) {
                Some(earlier) => earlier.follow(change),
                None => {
                    self.accounts.insert(*address, change.clone());
                }
            }
        }
        let code = later.code.iter();
        self.code
            .extend(code.map(|(hash, code)| (*hash, code.clone())));
        self
    }
}

impl AccountDiff {
    fn follow(&mut self, later: &Self) {
        // Gone, or made anew after it was gone: nothing of the storage before is left.
        if later.wiped || later.account.is_none() || self.account.is_none() {
            self.wiped = true;
            self.storage.clear();
        }
        self.account = later.account;
        let storage = later.storage.iter();
        self.storage
            .extend(storage.map(|(slot, value)| (*slot, *value)));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn change(account: Option<u64>, wiped: bool, storage: &[(u64, u64)]) -> StateDiff {
        let storage = storage.iter();
        let diff = AccountDiff {
            account: account.map(|nonce| Account {
                nonce,
                ..Account::default()
            }),
            wiped,
            storage: storage
                .map(|(slot, value)| (U256::from(*slot), U256::from(*value)))
                .collect(),
        };
        StateDiff {
            accounts: [(Address::repeat_byte(1), diff)].into(),
            ..StateDiff::default()
        }
    }

    #[test]
    fn one_change_after_another_is_one_change() {
        let first = change(Some(1), false, &[(1, 1), (2, 2)]);
        let second = change(Some(2), false, &[(2, 3), (4, 4)]);
        let both = change(Some(2), false, &[(1, 1), (2, 3), (4, 4)]);
        assert_eq!(first.clone().followed_by(&second), both);
        assert_eq!(StateDiff::default().followed_by(&first), first);

        let gone = change(None, true, &[]);
        assert_eq!(first.clone().followed_by(&gone), gone);
        let anew = change(Some(1), true, &[(4, 4)]);
        assert_eq!(gone.followed_by(&change(Some(1), false, &[(4, 4)])), anew);
        assert_eq!(first.followed_by(&anew), anew);
    }
}
