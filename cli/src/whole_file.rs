//! Files that are written whole or not at all.

use anyhow::{Context as _, Result};
use std::path::Path;

/// Writes a file under another name and then moves it to its own: whoever reads it, and whoever is
/// interrupted, finds all of it or what was there before.
///
/// # Errors
/// It can't be written; names it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_added_extension("partial");
    std::fs::write(&partial, bytes)
        .and_then(|()| std::fs::rename(&partial, path))
        .inspect_err(|_| {
            // What could be written of it is of no use; it may not even be there.
            let _ = std::fs::remove_file(&partial);
        })
        .with_context(|| format!("can't write {}", path.display()))
}
