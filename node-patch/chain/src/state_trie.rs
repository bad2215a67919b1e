//! The state trie: accounts, each with its storage trie, by hashed keys.

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_trie::TrieAccount;

use crate::{
    diff::{Account, AccountDiff, StateDiff},
    state::{AccountProof, StorageProof},
    trie::{LeafValue, Trie},
};

/// One version of the whole state's commitment. A clone costs a pointer.
#[derive(Debug, Clone, Default)]
pub(crate) struct StateTrie {
    accounts: Trie<AccountLeaf>,
}

#[derive(Debug, Clone, Default)]
struct AccountLeaf {
    account: Account,
    storage: Trie<U256>,
}

impl LeafValue for U256 {
    fn leaf_bytes(&self) -> Vec<u8> {
        alloy_rlp::encode(self)
    }
}

impl LeafValue for AccountLeaf {
    fn leaf_bytes(&self) -> Vec<u8> {
        let Account {
            nonce,
            balance,
            code_hash,
        } = self.account;
        alloy_rlp::encode(TrieAccount::new(
            nonce,
            balance,
            self.storage.root(),
            code_hash,
        ))
    }
}

impl StateTrie {
    /// The state root.
    pub(crate) fn root(&self) -> B256 {
        self.accounts.root()
    }

    /// Brings the trie to the state after `diff`.
    pub(crate) fn apply(&mut self, diff: &StateDiff) {
        for (address, change) in &diff.accounts {
            self.apply_account(*address, change);
        }
    }

    fn apply_account(&mut self, address: Address, change: &AccountDiff) {
        let key = keccak256(address);
        let Some(account) = change.account else {
            self.accounts.remove(&key);
            return;
        };
        let mut leaf = match self.accounts.get(&key) {
            Some(leaf) if !change.wiped => leaf.clone(),
            _ => AccountLeaf::default(),
        };
        leaf.account = account;
        for (slot, value) in &change.storage {
            let slot = keccak256(slot.to_be_bytes::<32>());
            if value.is_zero() {
                leaf.storage.remove(&slot);
            } else {
                leaf.storage.insert(&slot, *value);
            }
        }
        self.accounts.insert(&key, leaf);
    }

    /// Proofs of an account and of some of its slots against [`Self::root`].
    pub(crate) fn proof(&self, address: Address, slots: &[B256]) -> AccountProof {
        let key = keccak256(address);
        let leaf = self.accounts.get(&key).cloned().unwrap_or_default();
        let storage = slots
            .iter()
            .map(|slot| {
                let hashed = keccak256(slot);
                StorageProof {
                    slot: *slot,
                    value: leaf.storage.get(&hashed).copied().unwrap_or_default(),
                    proof: leaf.storage.proof(&hashed),
                }
            })
            .collect();
        AccountProof {
            address,
            balance: leaf.account.balance,
            nonce: leaf.account.nonce,
            code_hash: leaf.account.code_hash,
            storage_root: leaf.storage.root(),
            proof: self.accounts.proof(&key),
            storage,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::KECCAK256_EMPTY;
    use alloy_trie::{Nibbles, proof::verify_proof, root::state_root_unhashed};

    fn change(nonce: u64, storage: &[(u64, u64)]) -> AccountDiff {
        AccountDiff {
            account: Some(Account {
                nonce,
                ..Account::default()
            }),
            wiped: false,
            storage: storage
                .iter()
                .map(|(k, v)| (U256::from(*k), U256::from(*v)))
                .collect(),
        }
    }

    fn one(address: u8, change: AccountDiff) -> StateDiff {
        let accounts = [(Address::repeat_byte(address), change)].into();
        StateDiff {
            accounts,
            ..StateDiff::default()
        }
    }

    /// Address byte, nonce, slots with values.
    type PlainAccount<'a> = (u8, u64, &'a [(u64, u64)]);

    fn reference_root(accounts: &[PlainAccount<'_>]) -> B256 {
        state_root_unhashed(accounts.iter().map(|(address, nonce, storage)| {
            let storage = storage
                .iter()
                .map(|(k, v)| (B256::from(U256::from(*k)), U256::from(*v)));
            let storage_root = alloy_trie::root::storage_root_unhashed(storage);
            let account = TrieAccount::new(*nonce, U256::ZERO, storage_root, KECCAK256_EMPTY);
            (Address::repeat_byte(*address), account)
        }))
    }

    #[test]
    fn storage_survives_a_change_of_the_account_and_not_a_wipe() {
        let mut trie = StateTrie::default();
        trie.apply(&one(1, change(1, &[(5, 6), (7, 8)])));
        trie.apply(&one(1, change(2, &[(7, 0)])));
        assert_eq!(trie.root(), reference_root(&[(1, 2, &[(5, 6)])]));
        trie.apply(&one(
            1,
            AccountDiff {
                wiped: true,
                ..change(1, &[(9, 9)])
            },
        ));
        assert_eq!(trie.root(), reference_root(&[(1, 1, &[(9, 9)])]));
        trie.apply(&one(1, AccountDiff::default()));
        assert_eq!(trie.root(), reference_root(&[]));
    }

    #[test]
    fn account_and_storage_proofs_verify_present_and_absent() {
        let mut trie = StateTrie::default();
        for address in 1..60 {
            trie.apply(&one(address, change(u64::from(address), &[(1, 2), (3, 4)])));
        }
        let slots = [B256::from(U256::from(1)), B256::from(U256::from(2))];
        let proof = trie.proof(Address::repeat_byte(9), &slots);
        assert_eq!((proof.nonce, proof.storage[0].value), (9, U256::from(2)));
        let leaf = TrieAccount::new(9, U256::ZERO, proof.storage_root, KECCAK256_EMPTY);
        let path = Nibbles::unpack(keccak256(proof.address));
        verify_proof(
            trie.root(),
            path,
            Some(alloy_rlp::encode(leaf)),
            &proof.proof,
        )
        .expect("the account's proof");
        for (slot, value) in proof.storage.iter().zip([Some(U256::from(2)), None]) {
            let path = Nibbles::unpack(keccak256(slot.slot));
            let value = value.map(alloy_rlp::encode);
            verify_proof(proof.storage_root, path, value, &slot.proof).expect("the slot's proof");
        }
        let absent = trie.proof(Address::repeat_byte(200), &slots);
        let path = Nibbles::unpack(keccak256(absent.address));
        verify_proof(trie.root(), path, None, &absent.proof).expect("the proof of absence");
    }
}
