//! What can be saved of a damaged database: its blocks are run again from genesis into a new one, up to
//! the first that cannot be read or is not what its header says.
//!
//! Nothing of the damaged file is trusted: a block that gets into the new one has passed every check
//! that a stranger's block passes. The damaged file stays, under another name. It is locked meanwhile
//! as a node locks it, and replaced in one step: killed at any moment, a repair leaves the old database
//! or the new one, never none.

use std::{
    fs::{self, File, TryLockError},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use alloy_primitives::B256;

use crate::{
    block::Block,
    chain::{Chain, Location},
    prune::History,
    snapshot::Snapshot,
    spec::ChainSpec,
    state_trie::StateTrie,
    store::{FILE_NAME, OpenError, Store},
};

/// Where the new database is made, below the data directory.
const WORKSHOP: &str = "repair";
/// Blocks are as old as they are: no clock refuses them.
const END_OF_TIME_S: u64 = u64::MAX;

/// What a repair came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// Number of the newest block of the damaged database.
    pub old_head: u64,
    /// Number and hash of the newest block now.
    pub head: (u64, B256),
    /// Why the next block is not there; `None` if none is missing.
    pub stopped: Option<String>,
    /// Where the damaged file is.
    pub damaged: PathBuf,
}

/// A database that could not be repaired. It is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// The damaged database cannot be read at all.
    #[error("nothing can be read: {0}")]
    Unreadable(String),
    /// The new one cannot be made.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Files could not be made, moved or removed.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Makes the database in `directory` again out of its own blocks. `progress` hears the number of each
/// block that is through.
pub fn repair(
    directory: &Path,
    spec: &ChainSpec,
    progress: impl FnMut(u64),
) -> Result<Repair, RepairError> {
    let file = |path: &Path| {
        let path = path.to_path_buf();
        move |source| RepairError::File { path, source }
    };
    let current = directory.join(FILE_NAME);
    // Held to the end: a node that ran on would write blocks into a file that was put aside.
    let _lock = lock(&current)?;
    let workshop = directory.join(WORKSHOP);
    match fs::remove_dir_all(&workshop) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(file(&workshop)(error));
        }
        _ => {}
    }
    let (old_head, head, stopped) = {
        // Opening writes what the last process left undone, so the damaged file is copied first.
        fs::create_dir(&workshop).map_err(file(&workshop))?;
        let copy = workshop.join("damaged");
        fs::create_dir(&copy).map_err(file(&copy))?;
        fs::copy(&current, copy.join(FILE_NAME)).map_err(file(&current))?;
        let damaged = read(|| Damaged::open(&copy, spec)).map_err(RepairError::Unreadable)?;
        let location = Location::Directory(workshop.clone());
        let chain = Chain::open(location, spec.clone())?;
        let stopped = refill(&chain, &damaged, progress);
        let head = chain.head();
        (damaged.head(), (head.number, head.hash()), stopped)
    };
    let damaged = free_name(directory);
    // A second name, so that there is a database under the first all the time.
    fs::hard_link(&current, &damaged)
        .or_else(|_| fs::copy(&current, &damaged).map(drop))
        .map_err(file(&damaged))?;
    let made = workshop.join(FILE_NAME);
    fs::rename(&made, &current).map_err(file(&made))?;
    fs::remove_dir_all(&workshop).map_err(file(&workshop))?;
    Ok(Repair {
        old_head,
        head,
        stopped,
        damaged,
    })
}

/// Keeps every node from opening the database, for as long as the answer lives.
fn lock(path: &Path) -> Result<File, RepairError> {
    let file = |source| RepairError::File {
        path: path.to_path_buf(),
        source,
    };
    let database = File::open(path).map_err(file)?;
    match database.try_lock() {
        Ok(()) => Ok(database),
        Err(TryLockError::WouldBlock) => Err(RepairError::Open(OpenError::InUse {
            path: path.to_path_buf(),
        })),
        Err(TryLockError::Error(source)) => Err(file(source)),
    }
}

/// A name that no earlier repair took.
fn free_name(directory: &Path) -> PathBuf {
    let names = (1u32..).map(|count| directory.join(format!("{FILE_NAME}.damaged-{count}")));
    let mut free = names.filter(|name| !name.exists());
    free.next().unwrap_or_else(|| directory.join("damaged"))
}

/// Imports block after block; says why it could not go on.
fn refill(chain: &Chain, damaged: &Damaged, mut progress: impl FnMut(u64)) -> Option<String> {
    for number in 1.. {
        let block = match read(|| damaged.block(number)) {
            Ok(Some(block)) => block,
            Ok(None) if number <= damaged.head() => {
                return Some(format!("block {number} is missing"));
            }
            Ok(None) => return None,
            Err(cause) => return Some(format!("block {number} cannot be read: {cause}")),
        };
        if let Err(error) = chain.import(block, END_OF_TIME_S) {
            return Some(format!("block {number}: {error}"));
        }
        progress(number);
    }
    None
}

/// The engine may panic on pages that make no sense.
fn read<T>(act: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(act))
        .unwrap_or_else(|_| Err("the database engine gave up on a damaged page".to_owned()))
}

/// A database that is read as far as it goes.
struct Damaged(Snapshot);

impl Damaged {
    fn open(directory: &Path, spec: &ChainSpec) -> Result<Self, String> {
        let store = Store::open(directory, spec, History::All);
        let store = store.map_err(|error| error.to_string())?;
        // Its state is not looked at, so its trie may be empty.
        let snapshot = Snapshot::open(&store, StateTrie::default());
        snapshot.map(Self).map_err(|error| error.to_string())
    }

    fn head(&self) -> u64 {
        self.0.head().number
    }

    fn block(&self, number: u64) -> Result<Option<Block>, String> {
        let block = self.0.block(number).map_err(|error| error.to_string())?;
        Ok(block.map(|block| block.to_block()))
    }
}
