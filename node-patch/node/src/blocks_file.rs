//! A data directory's blocks as a file, and back: what survives a database that cannot be repaired.
//!
//! The file is RLP blocks one after another, as geth's `export` writes them.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::BufReader,
    path::Path,
};

use anyhow::{Context as _, Result};
use fixpoint_chain::{
    Chain, ChainSpec, Location,
    transfer::{ImportSummary, export_rlp_blocks, import_rlp_blocks},
};

use crate::{import::END_OF_TIME_S, opening::GENESIS_FILE};

/// Writes every block of the chain in `directory` to `file`; returns how many. A file of that name is
/// replaced only by a whole one that is on disk.
///
/// # Errors
/// If the chain cannot be opened, such as while a node runs on it, or the file not be written.
pub fn export_directory(directory: &Path, file: &Path) -> Result<u64> {
    let chain = open(directory)?;
    let mut unfinished = OsString::from(file);
    unfinished.push(".new");
    let cannot_write = || format!("cannot write {}", file.display());
    let out = File::create(&unfinished).with_context(cannot_write)?;
    let count = export_rlp_blocks(&chain, 0, chain.head().number, &out)?;
    out.sync_all()
        .and_then(|()| fs::rename(&unfinished, file))
        .with_context(cannot_write)?;
    Ok(count)
}

/// Verifies the blocks of `file` and adds those that the chain in `directory` lacks; without a database
/// there, it begins at the directory's genesis.
///
/// # Errors
/// At the first block that is not what its header says; those before it are kept.
pub fn import_directory(directory: &Path, file: &Path) -> Result<ImportSummary> {
    let chain = open(directory)?;
    let blocks = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    import_rlp_blocks(&chain, BufReader::new(blocks), END_OF_TIME_S).with_context(|| {
        format!(
            "cannot import all of {}; the head is block {}",
            file.display(),
            chain.head().number
        )
    })
}

fn open(directory: &Path) -> Result<Chain> {
    let genesis = directory.join(GENESIS_FILE);
    let spec = ChainSpec::from_file(&genesis)
        .with_context(|| format!("{} has no {GENESIS_FILE}", directory.display()))?;
    Chain::open(Location::Directory(directory.to_path_buf()), spec)
        .with_context(|| format!("cannot open the chain in {}", directory.display()))
}
