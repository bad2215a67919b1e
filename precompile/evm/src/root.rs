//! Root and chunk contracts: how a model's payload lies in contract code.
//!
//! A chunk is `00 | gate (20) | data`. All chunks but the last are full.
//!
//! | Root, offset | Bytes | |
//! |---|---|---|
//! | 0 | 4 | magic `FE 46 58 50`; `FE` is INVALID, so a root never runs |
//! | 4 | 1 | root version, 1 |
//! | 5 | 20 | gate; zero for none |
//! | 25 | 4 | payload length, bytes |
//! | 29 | 32 | content hash, `keccak256(payload)` |
//! | 61 | 2 | number of chunks |
//! | 63 | 52 each | chunk address (20), `keccak256` of the chunk's code (32) |
//!
//! Integers are big-endian. Only layout lives here: what must hold between a root and its chunks
//! is checked in [`crate::activate`].

use alloc::vec::Vec;
use alloy_primitives::{Address, B256, keccak256};

/// First bytes of a root.
pub const ROOT_MAGIC: [u8; 4] = [0xfe, b'F', b'X', b'P'];
/// The root layout read and written here.
pub const ROOT_VERSION: u8 = 1;
/// Bytes of a root before its chunk entries.
pub const ROOT_HEADER_BYTES: usize = 63;
/// Bytes of one chunk entry.
pub const CHUNK_ENTRY_BYTES: usize = 52;
/// EIP-170's limit on code.
pub const MAX_CODE_BYTES: usize = 24_576;
/// Bytes of a chunk before its data: the STOP byte and the gate.
pub const CHUNK_HEADER_BYTES: usize = 21;
/// Data bytes of a full chunk.
pub const CHUNK_DATA_BYTES: usize = MAX_CODE_BYTES - CHUNK_HEADER_BYTES;
/// Chunks that one root can list.
pub const MAX_CHUNKS: usize = (MAX_CODE_BYTES - ROOT_HEADER_BYTES) / CHUNK_ENTRY_BYTES;

/// A root's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The only caller that is served; zero for anyone.
    pub gate: Address,
    /// Length of the payload.
    pub payload_bytes: u32,
    /// `keccak256` of the payload.
    pub content_hash: B256,
    /// The chunks, in payload order.
    pub chunks: Vec<ChunkEntry>,
}

/// Where a chunk is and what it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkEntry {
    /// Address of the chunk contract.
    pub address: Address,
    /// `keccak256` of its code.
    pub code_hash: B256,
}

impl Root {
    /// Reads a root's code; `None` unless [`Self::encode`] would have written it.
    #[must_use]
    pub fn decode(code: &[u8]) -> Option<Self> {
        let mut reader = Reader(code);
        if reader.take::<4>()? != ROOT_MAGIC || reader.take::<1>()? != [ROOT_VERSION] {
            return None;
        }
        let gate = Address::new(reader.take()?);
        let payload_bytes = u32::from_be_bytes(reader.take()?);
        let content_hash = B256::new(reader.take()?);
        let chunks = u16::from_be_bytes(reader.take()?);
        if u32::from(chunks) != chunk_count(payload_bytes)
            || chunks == 0
            || reader.0.len() != usize::from(chunks) * CHUNK_ENTRY_BYTES
            || usize::from(chunks) > MAX_CHUNKS
        {
            return None;
        }
        let chunks = (0..chunks)
            .map(|_| {
                Some(ChunkEntry {
                    address: Address::new(reader.take()?),
                    code_hash: B256::new(reader.take()?),
                })
            })
            .collect::<Option<_>>()?;
        Some(Self {
            gate,
            payload_bytes,
            content_hash,
            chunks,
        })
    }

    /// The root's code. `chunks` must be what [`chunk_codes`] gives for a payload of
    /// `payload_bytes`, else the result is not a root.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut code = Vec::new();
        code.extend_from_slice(&ROOT_MAGIC);
        code.push(ROOT_VERSION);
        code.extend_from_slice(self.gate.as_slice());
        code.extend_from_slice(&self.payload_bytes.to_be_bytes());
        code.extend_from_slice(self.content_hash.as_slice());
        let count = u16::try_from(self.chunks.len()).unwrap_or(u16::MAX);
        code.extend_from_slice(&count.to_be_bytes());
        for chunk in &self.chunks {
            code.extend_from_slice(chunk.address.as_slice());
            code.extend_from_slice(chunk.code_hash.as_slice());
        }
        code
    }

    /// The root of a payload whose chunks ([`chunk_codes`], in order) stand at `addresses`;
    /// `None` if their number is wrong or too large for one root.
    #[must_use]
    pub fn of_payload(payload: &[u8], gate: Address, addresses: &[Address]) -> Option<Self> {
        let payload_bytes = u32::try_from(payload.len()).ok()?;
        let codes = chunk_codes(payload, gate);
        if codes.len() != addresses.len() || codes.is_empty() || codes.len() > MAX_CHUNKS {
            return None;
        }
        let chunks = addresses
            .iter()
            .zip(&codes)
            .map(|(address, code)| ChunkEntry {
                address: *address,
                code_hash: keccak256(code),
            })
            .collect();
        Some(Self {
            gate,
            payload_bytes,
            content_hash: keccak256(payload),
            chunks,
        })
    }

    /// Data bytes of the chunk with this index.
    #[must_use]
    pub fn chunk_data_bytes(&self, index: usize) -> usize {
        let payload_bytes = usize::try_from(self.payload_bytes).unwrap_or(usize::MAX);
        payload_bytes
            .saturating_sub(index.saturating_mul(CHUNK_DATA_BYTES))
            .min(CHUNK_DATA_BYTES)
    }
}

/// Codes of the chunks that carry a payload, in order.
#[must_use]
pub fn chunk_codes(payload: &[u8], gate: Address) -> Vec<Vec<u8>> {
    payload
        .chunks(CHUNK_DATA_BYTES)
        .map(|data| [&[0], gate.as_slice(), data].concat())
        .collect()
}

/// Number of chunks that carry a payload of this length.
#[must_use]
pub const fn chunk_count(payload_bytes: u32) -> u32 {
    payload_bytes.div_ceil(CHUNK_DATA_BYTES as u32)
}

/// Gate and data of a chunk's code; `None` if it is not a chunk.
#[must_use]
pub fn split_chunk(code: &[u8]) -> Option<(Address, &[u8])> {
    let (header, data) = code.split_first_chunk::<CHUNK_HEADER_BYTES>()?;
    let (first, gate) = header.split_first()?;
    (*first == 0).then(|| (Address::from_slice(gate), data))
}

/// Takes fixed-size fields off the front of a slice.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn sample(payload: &[u8]) -> Root {
        let count = chunk_codes(payload, Address::ZERO).len();
        let addresses: Vec<_> = (0..count)
            .map(|i| Address::with_last_byte(u8::try_from(i + 1).unwrap()))
            .collect();
        Root::of_payload(payload, Address::repeat_byte(7), &addresses).unwrap()
    }

    #[test]
    fn limits_agree_with_the_runtime() {
        let limit = fixpoint_runtime::model::limits::MAX_PAYLOAD_BYTES;
        assert_eq!(MAX_CHUNKS, 471);
        assert!(limit <= MAX_CHUNKS * CHUNK_DATA_BYTES);
    }

    #[test]
    fn the_last_chunk_is_as_long_as_what_is_left() {
        let root = sample(&vec![1; 2 * CHUNK_DATA_BYTES + 1]);
        assert_eq!(root.chunks.len(), 3);
        assert_eq!(root.chunk_data_bytes(1), CHUNK_DATA_BYTES);
        assert_eq!(root.chunk_data_bytes(2), 1);
        assert_eq!(sample(&vec![1; CHUNK_DATA_BYTES]).chunks.len(), 1);
    }

    #[test]
    fn refuses_what_is_not_exactly_a_root() {
        let good = sample(&vec![3; 30_000]).encode();
        assert!(Root::decode(&good).is_some());
        for length in 0..good.len() {
            assert_eq!(Root::decode(&good[..length]), None);
        }
        assert_eq!(Root::decode(&[good.as_slice(), &[0]].concat()), None);
        // Magic, version, payload length, chunk count.
        for (offset, value) in [(0, 0xef), (4, 2), (27, 0), (62, 1), (62, 3)] {
            let mut bad = good.clone();
            bad[offset] = value;
            assert_eq!(Root::decode(&bad), None, "byte {offset} = {value}");
        }
    }

    #[test]
    fn a_chunk_starts_with_a_zero_byte_and_a_gate() {
        let gate = Address::repeat_byte(9);
        let code = chunk_codes(&[1, 2, 3], gate).remove(0);
        assert_eq!(split_chunk(&code), Some((gate, [1, 2, 3].as_slice())));
        assert_eq!(split_chunk(&code[..20]), None);
        let mut bad = code;
        bad[0] = 1;
        assert_eq!(split_chunk(&bad), None);
    }

    proptest! {
        #[test]
        fn decode_inverts_encode(length in 1usize..100_000) {
            let root = sample(&vec![5; length]);
            prop_assert_eq!(Root::decode(&root.encode()), Some(root));
        }

        #[test]
        fn no_bytes_panic_and_none_decode_to_another_encoding(
            tail in proptest::collection::vec(any::<u8>(), 0..400)
        ) {
            let code = [ROOT_MAGIC.as_slice(), &[ROOT_VERSION], &tail].concat();
            if let Some(root) = Root::decode(&code) {
                prop_assert_eq!(root.encode(), code);
            }
        }
    }
}
