//! Verifying blocks that somebody else made, in a fresh chain in memory.

use std::{fs::File, io::BufReader, path::Path};

use alloy_primitives::B256;
use anyhow::{Context as _, Result, bail};
use fixpoint_chain::{
    Chain, ChainSpec, Location,
    transfer::{ImportSummary, import_rlp_blocks},
};

/// The time that header rules compare block times with. A devnet's clock may have been moved ahead,
/// and a file of old blocks says nothing about the present: only the order of times is checked.
pub(crate) const END_OF_TIME_S: u64 = i64::MAX as u64;

/// Executes every block of the file `blocks` on a new chain that starts from the file `genesis`, and
/// compares each header in full.
///
/// # Errors
/// At the first block that is not what its header says, or if the head is not `expected_head`.
pub fn import(genesis: &Path, blocks: &Path, expected_head: Option<B256>) -> Result<ImportSummary> {
    let spec = ChainSpec::from_file(genesis)
        .with_context(|| format!("cannot read the genesis {}", genesis.display()))?;
    let chain = Chain::open(Location::Memory, spec)?;
    let file = File::open(blocks).with_context(|| format!("cannot open {}", blocks.display()))?;
    let summary = import_rlp_blocks(&chain, BufReader::new(file), END_OF_TIME_S)
        .with_context(|| format!("cannot import {}", blocks.display()))?;
    if let Some(expected) = expected_head
        && expected != summary.head_hash
    {
        bail!(
            "the head is block {} with hash {}, expected {expected}",
            summary.head_number,
            summary.head_hash
        );
    }
    Ok(summary)
}
