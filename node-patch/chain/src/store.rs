//! What is on disk: opening the database and writing finalised blocks. Reading is in
//! `snapshot.rs`, the byte layout in `tables.rs`.
//!
//! One block is one write transaction that is flushed before it counts. So a process that is killed
//! at any moment finds, when it opens the database again, exactly the blocks that it acknowledged,
//! and perhaps one more.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy_primitives::{Address, B256, U256};
use redb::{Database, DatabaseError, Durability, ReadableTable, WriteTransaction};

use crate::{
    block::{ExecutedBlock, Receipt, Transaction},
    diff::{AccountDiff, StateDiff},
    prune::{History, prune},
    spec::ChainSpec,
    tables::{self, ChangedKey},
};

/// Name of the database file in the data directory.
pub const FILE_NAME: &str = "chain.redb";

/// The database failed or holds what it never should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database engine failed: disk full, I/O error, corruption that it noticed.
    #[error("the database failed: {0}")]
    Database(Box<redb::Error>),
    /// An earlier write failed, so nothing is written any more; reading goes on.
    #[error(
        "an earlier write failed, so no block can be kept: make room or mend the disk, then start the node again"
    )]
    Halted,
    /// A state that was dropped, see [`History`].
    #[error(
        "the state after block {number} is no longer kept, the oldest is that after block {oldest}"
    )]
    Pruned {
        /// Asked for.
        number: u64,
        /// The oldest that is there.
        oldest: u64,
    },
    /// A row is missing or malformed.
    #[error("the database is corrupt: table {table}: {detail}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// What is wrong there.
        detail: String,
    },
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        match error.into() {
            redb::Error::PreviousIo => Self::Halted,
            error => Self::Database(Box::new(error)),
        }
    }
}

/// The database could not be opened for this network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The database failed, or a row of it is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The data directory could not be made, or the new database not moved into place.
    #[error("cannot use the data directory {path}: {source}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process has it open.
    #[error(
        "{path} is in use by another process: stop that one, or give this one another directory"
    )]
    InUse {
        /// The database file.
        path: PathBuf,
    },
    /// The file is not a database, or is damaged beyond repair.
    #[error(
        "{path} is not a usable database ({detail}): repair it, or move it away to start afresh"
    )]
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// What the engine says.
        detail: String,
    },
    /// A database, but not a chain's.
    #[error("the database holds no chain: move it away to start afresh")]
    NotAChain,
    /// Written by another version of this software.
    #[error("the database has layout version {found}, this software reads those up to {expected}")]
    Schema {
        /// In the database.
        found: u32,
        /// What this software reads.
        expected: u32,
    },
    /// Another network's chain.
    #[error("the database belongs to genesis {found}, this network's is {expected}")]
    Genesis {
        /// In the database.
        found: B256,
        /// This network's.
        expected: B256,
    },
    /// The stored state does not hash to the head's state root.
    #[error(
        "the stored state has root {found}, the head's header says {expected}: the database is damaged, repair it"
    )]
    StateRoot {
        /// Of the stored accounts and storage.
        found: B256,
        /// In the newest header.
        expected: B256,
    },
}

impl OpenError {
    /// Whether [`crate::repair`] may help.
    pub const fn may_be_repaired(&self) -> bool {
        matches!(
            self,
            Self::Store(_) | Self::NotADatabase { .. } | Self::StateRoot { .. }
        )
    }
}

/// The database, opened for one network and holding at least its genesis.
#[derive(Debug, Clone)]
pub struct Store {
    database: Arc<Database>,
    history: History,
    /// The file; `None` in memory.
    path: Option<PathBuf>,
}

impl Store {
    /// Opens or makes the database in `directory`.
    pub fn open(directory: &Path, spec: &ChainSpec, history: History) -> Result<Self, OpenError> {
        let directory_error = |source| OpenError::Directory {
            path: directory.to_path_buf(),
            source,
        };
        std::fs::create_dir_all(directory).map_err(directory_error)?;
        let path = directory.join(FILE_NAME);
        if !path.try_exists().map_err(directory_error)? {
            // A new file gets its name only once it holds a whole genesis: killed in between, the
            // next start begins again instead of finding half a database.
            let unfinished = directory.join(format!("{FILE_NAME}.new"));
            match std::fs::remove_file(&unfinished) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(directory_error(error));
                }
                _ => {}
            }
            let store = Self::over(create(&unfinished)?);
            store.write_genesis(spec)?;
            drop(store);
            std::fs::rename(&unfinished, &path).map_err(directory_error)?;
        }
        Ok(Self {
            history,
            path: Some(path.clone()),
            ..Self::check(create(&path)?, spec)?
        })
    }

    fn over(database: Database) -> Self {
        Self {
            database: Arc::new(database),
            history: History::All,
            path: None,
        }
    }

    /// A database that is gone when the last handle is dropped.
    pub fn in_memory(spec: &ChainSpec, history: History) -> Result<Self, OpenError> {
        let backend = redb::backends::InMemoryBackend::new();
        let database = Database::builder()
            .create_with_backend(backend)
            .map_err(StoreError::from)?;
        let store = Self {
            history,
            ..Self::over(database)
        };
        store.write_genesis(spec)?;
        Ok(store)
    }

    /// The engine's handle, for readers.
    pub(crate) fn database(&self) -> &Arc<Database> {
        &self.database
    }

    fn check(database: Database, spec: &ChainSpec) -> Result<Self, OpenError> {
        use redb::ReadableDatabase;
        let read = database.begin_read().map_err(StoreError::from)?;
        let meta = match read.open_table(tables::META) {
            Ok(meta) => meta,
            Err(redb::TableError::Storage(error)) => return Err(StoreError::from(error).into()),
            Err(_) => return Err(OpenError::NotAChain),
        };
        let row = |name| {
            let value = meta.get(name).map_err(StoreError::from)?;
            value
                .map(|value| value.value().to_vec())
                .ok_or(OpenError::NotAChain)
        };
        let schema: [u8; 4] = row(tables::META_SCHEMA)?
            .try_into()
            .map_err(|_| OpenError::NotAChain)?;
        let found = u32::from_be_bytes(schema);
        if ![tables::SCHEMA_VERSION, tables::PRUNED_SCHEMA_VERSION].contains(&found) {
            return Err(OpenError::Schema {
                found,
                expected: tables::PRUNED_SCHEMA_VERSION,
            });
        }
        let genesis: [u8; 32] = row(tables::META_GENESIS)?
            .try_into()
            .map_err(|_| OpenError::NotAChain)?;
        let (found, expected) = (B256::from(genesis), spec.genesis_hash());
        if found != expected {
            return Err(OpenError::Genesis { found, expected });
        }
        Ok(Self::over(database))
    }

    /// Bytes of the file; `None` in memory. Pages that are free again count: they are used for what
    /// comes next.
    pub(crate) fn disk_bytes(&self) -> Option<u64> {
        let metadata = self.path.as_ref()?.metadata().ok()?;
        Some(metadata.len())
    }

    fn write_genesis(&self, spec: &ChainSpec) -> Result<(), StoreError> {
        let write = self.begin()?;
        {
            let mut meta = write.open_table(tables::META)?;
            meta.insert(
                tables::META_SCHEMA,
                &tables::SCHEMA_VERSION.to_be_bytes()[..],
            )?;
            meta.insert(tables::META_GENESIS, spec.genesis_hash().as_slice())?;
        }
        let genesis = ExecutedBlock {
            header: spec.genesis_header().clone(),
            transactions: Vec::new(),
            receipts: Vec::new(),
        };
        write_block(&write, &genesis)?;
        write_state(&write, 0, &spec.genesis_state())?;
        Ok(write.commit()?)
    }

    /// Writes a block and its changes; once this returns they survive the process.
    pub(crate) fn commit(&self, block: &ExecutedBlock, diff: &StateDiff) -> Result<(), StoreError> {
        let write = self.begin()?;
        check_next(&write, block)?;
        write_block(&write, block)?;
        write_state(&write, block.number(), diff)?;
        prune(&write, self.history, block.number())?;
        Ok(write.commit()?)
    }

    /// A write transaction that is on disk once it is committed.
    pub(crate) fn begin(&self) -> Result<WriteTransaction, StoreError> {
        let mut write = self.database.begin_write()?;
        write.set_durability(Durability::Immediate)?;
        Ok(write)
    }
}

fn create(path: &Path) -> Result<Database, OpenError> {
    let path = path.to_path_buf();
    match Database::create(&path) {
        Ok(database) => Ok(database),
        Err(DatabaseError::DatabaseAlreadyOpen) => Err(OpenError::InUse { path }),
        Err(error) => Err(OpenError::NotADatabase {
            path,
            detail: error.to_string(),
        }),
    }
}

/// The block must follow the newest one on disk. It always does, unless an earlier commit succeeded and
/// the process could not read it back; then going on would overwrite it.
fn check_next(write: &WriteTransaction, block: &ExecutedBlock) -> Result<(), StoreError> {
    let headers = write.open_table(tables::HEADERS)?;
    let newest = headers.last()?;
    let follows = newest.is_some_and(|(number, value)| {
        number.value().checked_add(1) == Some(block.number())
            && value
                .value()
                .starts_with(block.header.parent_hash.as_slice())
    });
    if follows {
        return Ok(());
    }
    let detail = format!("block {} does not follow the newest one", block.hash());
    Err(StoreError::Corrupt {
        table: "headers",
        detail,
    })
}

fn write_block(write: &WriteTransaction, block: &ExecutedBlock) -> Result<(), StoreError> {
    let number = block.number();
    let mut header = block.hash().to_vec();
    alloy_rlp::Encodable::encode(block.header.inner(), &mut header);
    write
        .open_table(tables::HEADERS)?
        .insert(number, header.as_slice())?;
    write
        .open_table(tables::NUMBERS)?
        .insert(block.hash().0, number)?;

    let senders: Vec<Address> = block.senders().collect();
    let transactions: Vec<&Transaction> = block
        .transactions
        .iter()
        .map(|transaction| transaction.inner())
        .collect();
    let mut body = Vec::new();
    alloy_rlp::encode_list::<Address, Address>(&senders, &mut body);
    alloy_rlp::encode_list::<&Transaction, Transaction>(&transactions, &mut body);
    write
        .open_table(tables::BODIES)?
        .insert(number, body.as_slice())?;

    let mut receipts = Vec::new();
    alloy_rlp::encode_list::<Receipt, Receipt>(&block.receipts, &mut receipts);
    write
        .open_table(tables::RECEIPTS)?
        .insert(number, receipts.as_slice())?;

    let mut places = write.open_table(tables::TRANSACTIONS)?;
    for (index, transaction) in (0u32..).zip(&block.transactions) {
        places.insert(transaction.tx_hash().0, tables::place_value(number, index))?;
    }
    Ok(())
}

fn write_state(write: &WriteTransaction, number: u64, diff: &StateDiff) -> Result<(), StoreError> {
    let mut changed = Vec::new();
    for (address, change) in &diff.accounts {
        write_account(write, number, *address, change, &mut changed)?;
        write_slots(write, number, *address, change, &mut changed)?;
    }
    let mut code_table = write.open_table(tables::CODE)?;
    for (hash, code) in &diff.code {
        code_table.insert(hash.0, code.as_ref())?;
    }
    let changes = tables::changes_value(&changed);
    write
        .open_table(tables::CHANGES)?
        .insert(number, changes.as_slice())?;
    // Readers open every table; those that genesis leaves empty must exist too.
    write.open_table(tables::ACCOUNTS)?;
    write.open_table(tables::STORAGE)?;
    write.open_table(tables::ACCOUNT_HISTORY)?;
    write.open_table(tables::STORAGE_HISTORY)?;
    Ok(())
}

fn write_account(
    write: &WriteTransaction,
    number: u64,
    address: Address,
    change: &AccountDiff,
    changed: &mut Vec<ChangedKey>,
) -> Result<(), StoreError> {
    let mut accounts = write.open_table(tables::ACCOUNTS)?;
    let new = change.account.as_ref().map(tables::account_value);
    let old = match new {
        Some(value) => accounts.insert(address.into_array(), value)?,
        None => accounts.remove(address.into_array())?,
    };
    let old = old.map(|value| value.value());
    if old != new {
        let key = tables::account_history_key(address, number);
        let past = old.as_ref().map_or(&[][..], |value| &value[..]);
        write
            .open_table(tables::ACCOUNT_HISTORY)?
            .insert(key, past)?;
        changed.push(ChangedKey::Account(address));
    }
    Ok(())
}

fn write_slots(
    write: &WriteTransaction,
    number: u64,
    address: Address,
    change: &AccountDiff,
    changed: &mut Vec<ChangedKey>,
) -> Result<(), StoreError> {
    let mut storage = write.open_table(tables::STORAGE)?;
    let mut history = write.open_table(tables::STORAGE_HISTORY)?;
    let mut slots = change.storage.clone();
    if change.wiped || change.account.is_none() {
        let all =
            tables::storage_key(address, U256::ZERO)..=tables::storage_key(address, U256::MAX);
        for row in storage.range(all)? {
            let (_, slot) = tables::storage_key_parts(&row?.0.value());
            slots.entry(slot).or_insert(U256::ZERO);
        }
    }
    for (slot, value) in slots {
        let key = tables::storage_key(address, slot);
        let old = if value.is_zero() {
            storage.remove(key)?
        } else {
            storage.insert(key, value.to_be_bytes::<32>())?
        };
        let old = old.map_or([0; 32], |old| old.value());
        if old != value.to_be_bytes::<32>() {
            history.insert(tables::storage_history_key(address, slot, number), old)?;
            changed.push(ChangedKey::Slot(address, slot));
        }
    }
    Ok(())
}
