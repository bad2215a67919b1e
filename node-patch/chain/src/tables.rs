//! The byte layout of the database: tables, keys, values. All integers are big-endian, so that keys
//! sort by block number.
//!
//! | table | key | value |
//! |---|---|---|
//! | `meta` | name | `schema`: u32; `genesis`: hash; `oldest_state`: u64, in layout 2 |
//! | `headers` | block number | hash, RLP header |
//! | `numbers` | block hash | block number |
//! | `bodies` | block number | RLP list of senders, RLP list of transactions |
//! | `receipts` | block number | RLP list of receipts |
//! | `transactions` | transaction hash | block number (8), index (4) |
//! | `accounts` | address | nonce (8), balance (32), code hash (32) |
//! | `storage` | address, slot | word |
//! | `code` | code hash | code |
//! | `account_history` | address, block number | the account before that block; empty if there was none |
//! | `storage_history` | address, slot, block number | the word before that block |
//! | `changes` | block number | changed keys: 0, address or 1, address, slot |
//!
//! `accounts` and `storage` hold the newest finalised state. The value at block `n` is in the first
//! history row of a block after `n`; without one it is the newest value. In layout 2 the history rows and
//! `changes` of blocks up to `oldest_state` are gone: states before it cannot be read.

use alloy_primitives::{Address, B256, U256};
use redb::TableDefinition;

use crate::{diff::Account, store::StoreError};

/// Version of the layout of a database that holds every state. One of an unknown version is refused.
pub(crate) const SCHEMA_VERSION: u32 = 1;
/// Version of the layout of one that has forgotten old states.
pub(crate) const PRUNED_SCHEMA_VERSION: u32 = 2;

pub(crate) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
pub(crate) const HEADERS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("headers");
pub(crate) const NUMBERS: TableDefinition<'_, [u8; 32], u64> = TableDefinition::new("numbers");
pub(crate) const BODIES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("bodies");
pub(crate) const RECEIPTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("receipts");
pub(crate) const TRANSACTIONS: TableDefinition<'_, [u8; 32], [u8; 12]> =
    TableDefinition::new("transactions");
pub(crate) const ACCOUNTS: TableDefinition<'_, [u8; 20], [u8; 72]> =
    TableDefinition::new("accounts");
pub(crate) const STORAGE: TableDefinition<'_, [u8; 52], [u8; 32]> = TableDefinition::new("storage");
pub(crate) const CODE: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("code");
pub(crate) const ACCOUNT_HISTORY: TableDefinition<'_, [u8; 28], &[u8]> =
    TableDefinition::new("account_history");
pub(crate) const STORAGE_HISTORY: TableDefinition<'_, [u8; 60], [u8; 32]> =
    TableDefinition::new("storage_history");
pub(crate) const CHANGES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("changes");

pub(crate) const META_SCHEMA: &str = "schema";
pub(crate) const META_GENESIS: &str = "genesis";
pub(crate) const META_OLDEST_STATE: &str = "oldest_state";

pub(crate) fn account_value(account: &Account) -> [u8; 72] {
    let mut value = [0; 72];
    value[..8].copy_from_slice(&account.nonce.to_be_bytes());
    value[8..40].copy_from_slice(&account.balance.to_be_bytes::<32>());
    value[40..].copy_from_slice(account.code_hash.as_slice());
    value
}

pub(crate) fn account_of(value: &[u8; 72]) -> Account {
    let mut nonce = [0; 8];
    nonce.copy_from_slice(&value[..8]);
    Account {
        nonce: u64::from_be_bytes(nonce),
        balance: U256::from_be_slice(&value[8..40]),
        code_hash: B256::from_slice(&value[40..]),
    }
}

/// An account as `account_history` keeps it.
pub(crate) fn past_account_of(value: &[u8]) -> Result<Option<Account>, StoreError> {
    if value.is_empty() {
        return Ok(None);
    }
    let value = value.try_into().map_err(|_| StoreError::Corrupt {
        table: "account_history",
        detail: format!("a value of {} bytes", value.len()),
    })?;
    Ok(Some(account_of(value)))
}

pub(crate) fn storage_key(address: Address, slot: U256) -> [u8; 52] {
    let mut key = [0; 52];
    key[..20].copy_from_slice(address.as_slice());
    key[20..].copy_from_slice(&slot.to_be_bytes::<32>());
    key
}

pub(crate) fn storage_key_parts(key: &[u8; 52]) -> (Address, U256) {
    (
        Address::from_slice(&key[..20]),
        U256::from_be_slice(&key[20..]),
    )
}

pub(crate) fn account_history_key(address: Address, block: u64) -> [u8; 28] {
    let mut key = [0; 28];
    key[..20].copy_from_slice(address.as_slice());
    key[20..].copy_from_slice(&block.to_be_bytes());
    key
}

pub(crate) fn storage_history_key(address: Address, slot: U256, block: u64) -> [u8; 60] {
    let mut key = [0; 60];
    key[..52].copy_from_slice(&storage_key(address, slot));
    key[52..].copy_from_slice(&block.to_be_bytes());
    key
}

pub(crate) fn place_value(block: u64, index: u32) -> [u8; 12] {
    let mut value = [0; 12];
    value[..8].copy_from_slice(&block.to_be_bytes());
    value[8..].copy_from_slice(&index.to_be_bytes());
    value
}

pub(crate) fn place_of(value: &[u8; 12]) -> (u64, u32) {
    let (mut block, mut index) = ([0; 8], [0; 4]);
    block.copy_from_slice(&value[..8]);
    index.copy_from_slice(&value[8..]);
    (u64::from_be_bytes(block), u32::from_be_bytes(index))
}

/// A key whose value a block changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangedKey {
    /// The account's own fields.
    Account(Address),
    /// One of its slots.
    Slot(Address, U256),
}

pub(crate) fn changes_value(keys: &[ChangedKey]) -> Vec<u8> {
    let mut value = Vec::new();
    for key in keys {
        match key {
            ChangedKey::Account(address) => {
                value.push(0);
                value.extend_from_slice(address.as_slice());
            }
            ChangedKey::Slot(address, slot) => {
                value.push(1);
                value.extend_from_slice(&storage_key(*address, *slot));
            }
        }
    }
    value
}

pub(crate) fn changes_of(mut value: &[u8]) -> Result<Vec<ChangedKey>, StoreError> {
    let mut keys = Vec::new();
    while let Some((tag, rest)) = value.split_first() {
        let key = match tag {
            0 => rest
                .split_first_chunk::<20>()
                .map(|(address, rest)| (ChangedKey::Account(Address::from(*address)), rest)),
            1 => rest.split_first_chunk::<52>().map(|(key, rest)| {
                let (address, slot) = storage_key_parts(key);
                (ChangedKey::Slot(address, slot), rest)
            }),
            _ => None,
        };
        let Some((key, rest)) = key else {
            let detail = format!("tag {tag} before {} bytes", rest.len());
            return Err(StoreError::Corrupt {
                table: "changes",
                detail,
            });
        };
        keys.push(key);
        value = rest;
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_went() {
        let account = Account {
            nonce: 0x0102_0304_0506_0708,
            balance: U256::from(12_345),
            code_hash: B256::repeat_byte(9),
        };
        assert_eq!(account_of(&account_value(&account)), account);
        assert_eq!(
            past_account_of(&account_value(&account)).expect("whole"),
            Some(account)
        );
        assert_eq!(past_account_of(&[]).expect("absent"), None);
        assert!(past_account_of(&[1, 2]).is_err());
        assert_eq!(place_of(&place_value(7, 9)), (7, 9));
        let key = storage_key(Address::repeat_byte(3), U256::from(4));
        assert_eq!(
            storage_key_parts(&key),
            (Address::repeat_byte(3), U256::from(4))
        );
    }

    #[test]
    fn changed_keys_come_back_and_damage_is_noticed() {
        let keys = [
            ChangedKey::Account(Address::repeat_byte(1)),
            ChangedKey::Slot(Address::repeat_byte(2), U256::from(5)),
        ];
        let value = changes_value(&keys);
        assert_eq!(changes_of(&value).expect("whole"), keys);
        assert!(changes_of(&value[..value.len() - 1]).is_err());
        assert!(changes_of(&[2]).is_err());
    }

    #[test]
    fn history_keys_sort_by_block_within_one_account() {
        let key = |address, block| account_history_key(Address::repeat_byte(address), block);
        assert!(key(1, 255) < key(1, 256));
        assert!(key(1, u64::MAX) < key(2, 0));
    }
}
