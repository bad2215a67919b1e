//! Blocks as a file: RLP blocks one after another, as `geth export` writes them.

use std::io::{self, BufReader, BufWriter, Read, Write};

use alloy_eips::BlockId;
use alloy_primitives::B256;
use alloy_rlp::{Decodable, Encodable};

use crate::{
    block::Block, chain::Chain, execute::MAX_BLOCK_BYTES, store::StoreError, verify::VerifyError,
};

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
pub enum TransferError {
    /// Reading or writing failed, or the file ends within a block.
    #[error("block {index} of the file: {source}")]
    Io {
        /// Position in the file, from 0.
        index: u64,
        /// Why.
        source: io::Error,
    },
    /// The bytes are not an RLP list.
    #[error("block {index} of the file does not begin as an RLP list")]
    NotAList {
        /// Position in the file, from 0.
        index: u64,
    },
    /// Longer than a block may be.
    #[error("block {index} of the file has {bytes} bytes, at most {MAX_BLOCK_BYTES} are allowed")]
    TooLong {
        /// Position in the file, from 0.
        index: u64,
        /// Length that its header announces.
        bytes: u64,
    },
    /// A list, but not a block.
    #[error("block {index} of the file cannot be decoded: {source}")]
    Decode {
        /// Position in the file, from 0.
        index: u64,
        /// Why.
        source: alloy_rlp::Error,
    },
    /// The file's block 0 is another network's.
    #[error("the file's genesis is {got}, this network's is {want}")]
    Genesis {
        /// In the file.
        got: B256,
        /// This network's.
        want: B256,
    },
    /// The block is wrong.
    #[error("block {number} ({hash}): {source}")]
    Verify {
        /// Number in its header.
        number: u64,
        /// Its hash.
        hash: B256,
        /// Why.
        source: Box<VerifyError>,
    },
    /// A block of the range is not there.
    #[error("there is no block {0} to export")]
    Missing(u64),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Verifies and commits every block of `reader` in turn; stops at the first that fails.
///
/// `now_s` is the caller's clock in seconds since 1970.
pub fn import_rlp_blocks(
    chain: &Chain,
    reader: impl Read,
    now_s: u64,
) -> Result<ImportSummary, TransferError> {
    let mut reader = BufReader::new(reader);
    let (mut imported, mut known) = (0, 0);
    for index in 0u64.. {
        let Some(bytes) = read_list(&mut reader, index)? else {
            break;
        };
        let block = Block::decode(&mut bytes.as_slice())
            .map_err(|source| TransferError::Decode { index, source })?;
        let (number, hash) = (block.header.number, block.header.hash_slow());
        if number == 0 && hash != chain.spec().genesis_hash() {
            return Err(TransferError::Genesis {
                got: hash,
                want: chain.spec().genesis_hash(),
            });
        }
        if chain
            .header(BlockId::from(hash))?
            .is_some_and(|_| number <= chain.head().number)
        {
            known += 1;
            continue;
        }
        chain
            .import(block, now_s)
            .map_err(|source| TransferError::Verify {
                number,
                hash,
                source: Box::new(source),
            })?;
        imported += 1;
    }
    let head = chain.head();
    Ok(ImportSummary {
        imported,
        known,
        head_hash: head.hash(),
        head_number: head.number,
    })
}

/// Writes finalised blocks `from..=to` to `writer`; returns how many.
pub fn export_rlp_blocks(
    chain: &Chain,
    from: u64,
    to: u64,
    writer: impl Write,
) -> Result<u64, TransferError> {
    let mut writer = BufWriter::new(writer);
    let mut count = 0;
    for number in from..=to {
        let block = chain
            .block(number.into())?
            .ok_or(TransferError::Missing(number))?;
        let mut bytes = Vec::new();
        block.to_block().encode(&mut bytes);
        writer
            .write_all(&bytes)
            .map_err(|source| TransferError::Io {
                index: count,
                source,
            })?;
        count += 1;
    }
    writer.flush().map_err(|source| TransferError::Io {
        index: count,
        source,
    })?;
    Ok(count)
}

/// Reads one RLP list, header included; `None` at the end of the file.
fn read_list(reader: &mut impl Read, index: u64) -> Result<Option<Vec<u8>>, TransferError> {
    let io = |source| TransferError::Io { index, source };
    let mut bytes = Vec::new();
    if reader
        .by_ref()
        .take(1)
        .read_to_end(&mut bytes)
        .map_err(io)?
        == 0
    {
        return Ok(None);
    }
    let payload_bytes = match bytes.as_slice() {
        [short @ 0xc0..=0xf7] => u64::from(short - 0xc0),
        [long @ 0xf8..=0xff] => {
            let mut length = [0; 8];
            let length_bytes = usize::from(long - 0xf7);
            let tail = length.split_at_mut(8 - length_bytes).1;
            reader.read_exact(tail).map_err(io)?;
            bytes.extend_from_slice(tail);
            u64::from_be_bytes(length)
        }
        _ => return Err(TransferError::NotAList { index }),
    };
    if payload_bytes > MAX_BLOCK_BYTES as u64 {
        return Err(TransferError::TooLong {
            index,
            bytes: payload_bytes,
        });
    }
    let read = reader
        .by_ref()
        .take(payload_bytes)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if (read as u64) < payload_bytes {
        return Err(io(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(Some(bytes))
}
