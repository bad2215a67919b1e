//! Taking the newest blocks back off the disk. A development chain does that (`evm_revert`); a chain
//! whose blocks others finalise never may.

use alloy_primitives::{Address, B256};
use alloy_rlp::Decodable;
use redb::{ReadableTable, WriteTransaction};

use crate::{
    block::Transaction,
    store::{Store, StoreError},
    tables::{self, ChangedKey},
};

impl Store {
    /// Removes every block after `number` and puts back what they changed, in one write transaction:
    /// killed meanwhile, the next start finds either all of them or none. Code stays; nothing names it.
    pub(crate) fn rewind(&self, number: u64) -> Result<(), StoreError> {
        let write = self.begin()?;
        let newest = {
            let headers = write.open_table(tables::HEADERS)?;
            let newest = headers.last()?;
            newest.map_or(number, |(newest, _)| newest.value())
        };
        for number in (number.saturating_add(1)..=newest).rev() {
            undo_state(&write, number)?;
            remove_block(&write, number)?;
        }
        Ok(write.commit()?)
    }
}

fn missing(table: &'static str, number: u64) -> StoreError {
    StoreError::Corrupt {
        table,
        detail: format!("no row for block {number}"),
    }
}

/// Gives every account and slot that the block changed the value from before it.
fn undo_state(write: &WriteTransaction, number: u64) -> Result<(), StoreError> {
    let mut accounts = write.open_table(tables::ACCOUNTS)?;
    let mut storage = write.open_table(tables::STORAGE)?;
    let mut account_history = write.open_table(tables::ACCOUNT_HISTORY)?;
    let mut storage_history = write.open_table(tables::STORAGE_HISTORY)?;
    let mut changes = write.open_table(tables::CHANGES)?;
    let keys = match changes.remove(number)? {
        Some(row) => tables::changes_of(row.value())?,
        None => return Err(missing("changes", number)),
    };
    for key in keys {
        match key {
            ChangedKey::Account(address) => {
                let row = account_history.remove(tables::account_history_key(address, number))?;
                let row = row.ok_or_else(|| missing("account_history", number))?;
                match tables::past_account_of(row.value())? {
                    Some(past) => {
                        accounts.insert(address.into_array(), tables::account_value(&past))?;
                    }
                    None => {
                        accounts.remove(address.into_array())?;
                    }
                }
            }
            ChangedKey::Slot(address, slot) => {
                let row =
                    storage_history.remove(tables::storage_history_key(address, slot, number))?;
                let row = row.ok_or_else(|| missing("storage_history", number))?;
                let (key, past) = (tables::storage_key(address, slot), row.value());
                if past == [0; 32] {
                    storage.remove(key)?;
                } else {
                    storage.insert(key, past)?;
                }
            }
        }
    }
    Ok(())
}

/// Removes a block and everything that finds it.
fn remove_block(write: &WriteTransaction, number: u64) -> Result<(), StoreError> {
    let hash: [u8; 32] = {
        let mut headers = write.open_table(tables::HEADERS)?;
        let row = headers.remove(number)?;
        let row = row.ok_or_else(|| missing("headers", number))?;
        let hash = row.value().first_chunk::<32>().copied();
        hash.ok_or_else(|| missing("headers", number))?
    };
    write.open_table(tables::NUMBERS)?.remove(hash)?;
    write.open_table(tables::RECEIPTS)?.remove(number)?;
    let hashes = {
        let mut bodies = write.open_table(tables::BODIES)?;
        let row = bodies.remove(number)?;
        let row = row.ok_or_else(|| missing("bodies", number))?;
        transaction_hashes(row.value()).map_err(|error| StoreError::Corrupt {
            table: "bodies",
            detail: error.to_string(),
        })?
    };
    let mut places = write.open_table(tables::TRANSACTIONS)?;
    for hash in hashes {
        places.remove(hash.0)?;
    }
    Ok(())
}

fn transaction_hashes(mut body: &[u8]) -> Result<Vec<B256>, alloy_rlp::Error> {
    let _senders = Vec::<Address>::decode(&mut body)?;
    let transactions = Vec::<Transaction>::decode(&mut body)?;
    Ok(transactions.iter().map(|tx| *tx.tx_hash()).collect())
}
