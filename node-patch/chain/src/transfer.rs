//! Blocks as a file: RLP blocks one after another, as `geth export` writes them.

use std::io::{Read, Write};

use alloy_primitives::B256;

use crate::chain::Chain;

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportSummary {
    /// Blocks that were verified and committed.
    pub imported: u64,
    /// Blocks that were there already (same hash).
    pub known: u64,
    /// Hash of the head afterwards.
    pub head_hash: B256,
    /// Number of the head afterwards.
    pub head_number: u64,
}

/// A file of blocks could not be read, written or imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {}

/// Verifies and commits every block of `reader` in turn; stops at the first that fails.
///
/// `now_s` is the caller's clock in seconds since 1970.
pub fn import_rlp_blocks(
    chain: &Chain,
    reader: impl Read,
    now_s: u64,
) -> Result<ImportSummary, TransferError> {
    let _ = (chain, reader, now_s);
    todo!()
}

/// Writes finalised blocks `from..=to` to `writer`; returns how many.
pub fn export_rlp_blocks(
    chain: &Chain,
    from: u64,
    to: u64,
    writer: impl Write,
) -> Result<u64, TransferError> {
    let _ = (chain, from, to, writer);
    todo!()
}
