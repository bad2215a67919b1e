//! Forgetting old states. Blocks and receipts stay; what is dropped is what brings a state back: the
//! values that accounts and slots had before each block.

use redb::{ReadableTable, WriteTransaction};

use crate::{
    store::StoreError,
    tables::{self, ChangedKey},
};

/// Fewest states that a chain keeps: whoever reads behind the head, such as a trace of the newest
/// blocks, still finds his.
pub const MIN_STATES: u64 = 64;
/// Most blocks whose past values one commit drops. A chain that was kept whole gets shorter block by
/// block instead of halting.
const BLOCKS_PER_COMMIT: usize = 256;

/// How many states of the past a chain keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum History {
    /// All since genesis.
    #[default]
    All,
    /// Those after the newest blocks, at least [`MIN_STATES`].
    States(u64),
}

impl History {
    /// The oldest block whose state is kept if `head` is the newest one.
    fn oldest(self, head: u64) -> u64 {
        match self {
            Self::All => 0,
            Self::States(states) => head.saturating_sub(states.max(MIN_STATES) - 1),
        }
    }
}

/// Drops what only states before those of `history` need, and notes the oldest that is left.
pub(crate) fn prune(
    write: &WriteTransaction,
    history: History,
    head: u64,
) -> Result<(), StoreError> {
    let oldest = history.oldest(head);
    let mut changes = write.open_table(tables::CHANGES)?;
    let mut accounts = write.open_table(tables::ACCOUNT_HISTORY)?;
    let mut slots = write.open_table(tables::STORAGE_HISTORY)?;
    let mut dropped = None;
    for _ in 0..BLOCKS_PER_COMMIT {
        // The state after a block needs the changes of later ones, not its own.
        let first = changes.first()?.map(|(number, _)| number.value());
        let Some(number) = first.filter(|number| *number <= oldest && oldest > 0) else {
            break;
        };
        let keys = match changes.remove(number)? {
            Some(row) => tables::changes_of(row.value())?,
            None => Vec::new(),
        };
        for key in keys {
            match key {
                ChangedKey::Account(address) => {
                    accounts.remove(tables::account_history_key(address, number))?;
                }
                ChangedKey::Slot(address, slot) => {
                    slots.remove(tables::storage_history_key(address, slot, number))?;
                }
            }
        }
        dropped = Some(number);
    }
    let Some(oldest) = dropped else {
        return Ok(());
    };
    let mut meta = write.open_table(tables::META)?;
    meta.insert(tables::META_OLDEST_STATE, &oldest.to_be_bytes()[..])?;
    // Software that does not know of this must not read the past from it.
    let schema = tables::PRUNED_SCHEMA_VERSION.to_be_bytes();
    meta.insert(tables::META_SCHEMA, &schema[..])?;
    Ok(())
}

/// The oldest block whose state is kept, by the row that [`prune`] writes.
pub(crate) fn oldest_state(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<u64, StoreError> {
    let Some(row) = meta.get(tables::META_OLDEST_STATE)? else {
        return Ok(0);
    };
    let bytes = row.value();
    let bytes = bytes.try_into().map_err(|_| StoreError::Corrupt {
        table: "meta",
        detail: format!("oldest_state of {} bytes", bytes.len()),
    })?;
    Ok(u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_states_are_kept_as_asked_for() {
        assert_eq!(History::All.oldest(1_000), 0);
        // Blocks 901 to 1,000.
        assert_eq!(History::States(100).oldest(1_000), 901);
        assert_eq!(History::States(100).oldest(50), 0);
        assert_eq!(History::States(0).oldest(1_000), 1_000 - (MIN_STATES - 1));
        assert_eq!(History::States(u64::MAX).oldest(u64::MAX), 1);
    }
}
