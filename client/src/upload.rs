//! A model's bytes into chunks on chain: what is missing, what it costs, and writing it.
//!
//! Transactions are handed to the node one after another, each once the node has taken the one
//! before, so a run that is killed leaves no gap in the account's nonces; but nobody waits for a
//! block in between. As many are on their way as half a block holds: a fuller block would raise the
//! base fee for the rest of the upload.

use crate::{
    chain::{Chain, mined},
    contracts::IChunkStore,
    error::ChainError,
    steps::{DeployError, Observer, Step},
};
use alloy_primitives::{Address, Bytes};
use fixpoint_precompile::{address::CHUNK_STORE, root::CHUNK_DATA_BYTES};
use std::panic;
use tokio::task::{JoinError, JoinSet};

/// Code deposit (200), calldata (16), and copying: per byte of a chunk, rounded up.
const GAS_PER_CHUNK_BYTE: u64 = 225;
/// Transaction, creation, and the store's own record, per chunk.
const GAS_PER_CHUNK: u64 = 120_000;
/// Questions about chunks that wait for their answers at a time.
const QUESTIONS_AT_A_TIME: usize = 8;

/// A model's chunks: where each is or will be, and which are not there.
pub struct Upload {
    gate: Address,
    /// In the order of the payload; equal parts are one chunk, which the root lists more than once.
    pub addresses: Vec<Address>,
    missing: Vec<Bytes>,
}

impl Upload {
    /// Asks the chain which of the payload's chunks it has from this account.
    ///
    /// # Errors
    /// The node failed.
    pub async fn plan(chain: &Chain, gate: Address, payload: &[u8]) -> Result<Self, ChainError> {
        let parts: Vec<Bytes> = payload
            .chunks(CHUNK_DATA_BYTES)
            .map(Bytes::copy_from_slice)
            .collect();
        let mut found = Vec::with_capacity(parts.len());
        let mut questions = JoinSet::new();
        let mut waiting = parts.into_iter().enumerate();
        loop {
            while questions.len() < QUESTIONS_AT_A_TIME
                && let Some((index, data)) = waiting.next()
            {
                let chain = chain.clone();
                questions.spawn(async move {
                    let (address, written) = look_up(&chain, gate, data.clone()).await?;
                    Ok::<_, ChainError>((index, address, (!written).then_some(data)))
                });
            }
            match questions.join_next().await {
                Some(answer) => found.push(joined(answer)?),
                None => break,
            }
        }
        found.sort_unstable_by_key(|(index, ..)| *index);
        let mut upload = Self {
            gate,
            addresses: Vec::with_capacity(found.len()),
            missing: Vec::new(),
        };
        for (_, address, data) in found {
            if let Some(data) = data
                && !upload.addresses.contains(&address)
            {
                upload.missing.push(data);
            }
            upload.addresses.push(address);
        }
        Ok(upload)
    }

    /// Chunks that are not on chain.
    pub fn missing_count(&self) -> usize {
        self.missing.len()
    }

    /// At most what writing the missing chunks takes, in gas.
    pub fn gas(&self) -> u64 {
        self.missing.iter().map(chunk_gas).sum()
    }

    /// Writes the missing chunks; returns the gas that was used. When the observer asks to stop, what
    /// is on its way is waited for first.
    ///
    /// # Errors
    /// [`DeployError::Stopped`], or the node refused or failed.
    pub async fn write(
        &self,
        chain: &Chain,
        observer: &mut dyn Observer,
    ) -> Result<u64, DeployError> {
        let failed = |source| Step::Chunks.failed(source);
        let largest = self.missing.iter().map(chunk_gas).max().unwrap_or(1);
        let half_block = chain.block_gas_limit().await? / 2;
        let at_a_time = usize::try_from(half_block / largest).unwrap_or(usize::MAX);
        let at_a_time = at_a_time.max(1);
        let mut on_the_way = JoinSet::new();
        let (mut gas_used, mut written) = (0, 0);
        let mut waiting = self.missing.iter();
        observer.progress(Step::Chunks, 0, self.missing.len());
        loop {
            while on_the_way.len() < at_a_time
                && !observer.stop_asked()
                && let Some(data) = waiting.next()
            {
                let call = IChunkStore::writeChunkCall {
                    gate: self.gate,
                    data: data.clone(),
                };
                let sent = chain.submit(CHUNK_STORE, &call).await.map_err(failed)?;
                on_the_way.spawn(mined(sent));
            }
            let Some(receipt) = on_the_way.join_next().await else {
                break;
            };
            gas_used += joined(receipt).map_err(failed)?.gas_used;
            written += 1;
            observer.progress(Step::Chunks, written, self.missing.len());
        }
        if written < self.missing.len() {
            let there = self.addresses.len() - self.missing.len() + written;
            let all = self.addresses.len();
            return Err(DeployError::Stopped {
                place: format!("{there} of {all} chunks are on chain, nothing is on its way"),
            });
        }
        Ok(gas_used)
    }
}

/// What a task came to. Nobody cancels these tasks, so one that did not end panicked.
fn joined<T, E>(task: Result<Result<T, E>, JoinError>) -> Result<T, E> {
    task.unwrap_or_else(|error| panic::resume_unwind(error.into_panic()))
}

/// Where a chunk of this account is, and whether it is there.
async fn look_up(chain: &Chain, gate: Address, data: Bytes) -> Result<(Address, bool), ChainError> {
    let call = IChunkStore::chunkAddressCall {
        writer: chain.account(),
        gate,
        data,
    };
    let address = chain.call(chain.account(), CHUNK_STORE, &call).await?;
    let call = IChunkStore::writerOfCall {
        chunkOrRoot: address,
    };
    let writer = chain.call(chain.account(), CHUNK_STORE, &call).await?;
    Ok((address, writer == chain.account()))
}

/// At most what writing a chunk takes.
fn chunk_gas(data: &Bytes) -> u64 {
    gas_of_bytes(data.len())
}

const fn gas_of_bytes(bytes: usize) -> u64 {
    bytes as u64 * GAS_PER_CHUNK_BYTE + GAS_PER_CHUNK
}

/// At most what writing all chunks of a payload takes.
pub fn gas_of_payload(payload: &[u8]) -> u64 {
    let chunks = payload.chunks(CHUNK_DATA_BYTES);
    chunks.map(|chunk| gas_of_bytes(chunk.len())).sum()
}
