//! A model's bytes into chunks on chain: what is missing, what it costs, and writing it.
//!
//! Transactions are handed to the node one after another, each once the node has taken the one
//! before, so a run that is killed leaves no gap in the account's nonces; but nobody waits for a
//! block in between. As many are on their way as half a block holds: a fuller block would raise the
//! base fee for the rest of the upload.

use crate::{
    interrupt::{Interrupt, Stopped},
    onchain::{IChunkStore, OnChain, mined},
};
use alloy_primitives::{Address, Bytes};
use anyhow::{Context as _, Result};
use fixpoint_precompile::{address::CHUNK_STORE, root::CHUNK_DATA_BYTES};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinSet;

/// Code deposit (200), calldata (16), and copying: per byte of a chunk, rounded up.
const GAS_PER_CHUNK_BYTE: u64 = 225;
/// Transaction, creation, and the store's own record, per chunk.
const GAS_PER_CHUNK: u64 = 120_000;
/// Questions about chunks that wait for their answers at a time.
const QUESTIONS_AT_A_TIME: usize = 8;

/// A model's chunks: where each is or will be, and which are not there.
pub(crate) struct Upload {
    gate: Address,
    /// In the order of the payload; equal parts are one chunk, which the root lists more than once.
    pub(crate) addresses: Vec<Address>,
    missing: Vec<Bytes>,
}

impl Upload {
    /// Asks the chain which of the payload's chunks it has from this account.
    ///
    /// # Errors
    /// The node failed.
    pub(crate) async fn plan(chain: &OnChain, gate: Address, payload: &[u8]) -> Result<Self> {
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
                    anyhow::Ok((index, address, (!written).then_some(data)))
                });
            }
            match questions.join_next().await {
                Some(answer) => found.push(answer.context("looking for a chunk")??),
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
    pub(crate) fn missing_count(&self) -> usize {
        self.missing.len()
    }

    /// At most what writing the missing chunks takes, in gas.
    pub(crate) fn gas(&self) -> u64 {
        self.missing.iter().map(chunk_gas).sum()
    }

    /// Writes the missing chunks; returns the gas that was used. When the user asks to stop, what is
    /// on its way is waited for first.
    ///
    /// # Errors
    /// [`Stopped`], or the node refused or failed.
    pub(crate) async fn write(
        &self,
        chain: &OnChain,
        interrupt: &Interrupt,
        hide_progress: bool,
    ) -> Result<u64> {
        let largest = self.missing.iter().map(chunk_gas).max().unwrap_or(1);
        let half_block = chain.block_gas_limit().await? / 2;
        let at_a_time = usize::try_from(half_block / largest)?.max(1);
        let bar = progress(self.missing.len() as u64, hide_progress);
        let mut on_the_way = JoinSet::new();
        let (mut gas_used, mut written) = (0, 0);
        let mut waiting = self.missing.iter();
        loop {
            while on_the_way.len() < at_a_time
                && !interrupt.asked()
                && let Some(data) = waiting.next()
            {
                let call = IChunkStore::writeChunkCall {
                    gate: self.gate,
                    data: data.clone(),
                };
                let sent = chain.submit(CHUNK_STORE, &call).await.context(AGAIN)?;
                on_the_way.spawn(mined(sent));
            }
            let Some(receipt) = on_the_way.join_next().await else {
                break;
            };
            gas_used += receipt?.context(AGAIN)?.gas_used;
            written += 1;
            bar.inc(1);
        }
        bar.finish_and_clear();
        if written < self.missing.len() {
            let there = self.addresses.len() - self.missing.len() + written;
            let all = self.addresses.len();
            let text = format!("{there} of {all} chunks are on chain, nothing is on its way");
            return Err(Stopped(text).into());
        }
        Ok(gas_used)
    }
}

const AGAIN: &str = "writing a chunk; run the same command again to go on from here";

/// Where a chunk of this account is, and whether it is there.
async fn look_up(chain: &OnChain, gate: Address, data: Bytes) -> Result<(Address, bool)> {
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
pub(crate) fn gas_of_payload(payload: &[u8]) -> u64 {
    let chunks = payload.chunks(CHUNK_DATA_BYTES);
    chunks.map(|chunk| gas_of_bytes(chunk.len())).sum()
}

fn progress(length: u64, hidden: bool) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if hidden || length == 0 {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("chunks {bar:40} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}
