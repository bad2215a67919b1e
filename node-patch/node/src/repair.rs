//! Saving what can be saved of a data directory whose database is damaged.

use std::path::Path;

use anyhow::{Context as _, Result};
use fixpoint_chain::{
    ChainSpec,
    repair::{Repair, RepairError, repair},
};

use crate::opening::GENESIS_FILE;

/// How many blocks there are between two lines of progress.
const PROGRESS_BLOCKS: u64 = 1_000;

/// Makes the database in `directory` again out of its own blocks, run from its genesis, and says on
/// standard error how far it is.
///
/// # Errors
/// If nothing can be read; then all is as it was.
pub fn repair_directory(directory: &Path) -> Result<Repair> {
    let genesis = directory.join(GENESIS_FILE);
    let spec = ChainSpec::from_file(&genesis)
        .with_context(|| format!("{} holds no chain", directory.display()))?;
    repair(directory, &spec, |number| {
        if number % PROGRESS_BLOCKS == 0 {
            eprintln!("{number} blocks are through");
        }
    })
    .map_err(|error| {
        let advice = match error {
            RepairError::Unreadable(_) => "; --import-blocks brings back blocks that were exported",
            _ => "",
        };
        anyhow::Error::new(error).context(format!("cannot repair {}{advice}", directory.display()))
    })
}
