//! A devnet's state from a file and into one.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use fixpoint_chain::Chain;
use fixpoint_rpc::StateFile;

/// Makes the accounts of the file what they are there.
pub(crate) fn load(chain: &Chain, file: &Path) -> Result<()> {
    let named = || format!("cannot load the state in {}", file.display());
    let bytes = fs::read(file).with_context(named)?;
    let state = StateFile::read(&bytes).with_context(named)?;
    chain.change_state(&state.to_change()).with_context(named)
}

/// Writes the state after the head.
pub(crate) fn dump(chain: &Chain, file: &Path) -> Result<()> {
    let named = || format!("cannot write the state to {}", file.display());
    let state = chain.whole_state().with_context(named)?;
    let json = StateFile::of_state(&state).to_json().with_context(named)?;
    // Renamed into place, so that a crash leaves the file that was there.
    let unfinished = file.with_extension("unfinished");
    fs::write(&unfinished, json)
        .and_then(|()| fs::rename(&unfinished, file))
        .with_context(named)
}
