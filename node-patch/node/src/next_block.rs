//! What the next block will be made with: the chain's clock, and what a developer has set.
//!
//! Pending calls see the same block that is made next, so both ask here.

use std::time::{SystemTime, UNIX_EPOCH};

use alloy_primitives::{Address, B256, keccak256};
use fixpoint_chain::{BlockAttributes, SealedHeader};
use fixpoint_rpc::RpcError;

use crate::genesis::COINBASE;

/// How far the newest block may be ahead of this machine's clock without a word: blocks that are made
/// quickly are a second apart, whatever the clock shows.
const SILENT_LEAD_S: u64 = 60;

/// The next block, as far as it is known.
#[derive(Clone, Debug)]
pub(crate) struct NextBlock {
    /// How far the chain's clock is ahead of this machine's, in seconds.
    pub(crate) offset_s: i64,
    /// The exact time of the next block, once.
    time_s: Option<u64>,
    /// Receives the tips of this and later blocks.
    pub(crate) coinbase: Address,
    /// The next block's PREVRANDAO, once.
    pub(crate) prev_randao: Option<B256>,
    /// The next block's base fee, once.
    pub(crate) base_fee_wei: Option<u64>,
    /// The next block's gas limit, once; later blocks keep their parent's.
    pub(crate) gas_limit: Option<u64>,
    /// Seconds from each block to the next, instead of what the clock shows.
    pub(crate) spacing_s: Option<u64>,
}

impl Default for NextBlock {
    fn default() -> Self {
        Self {
            offset_s: 0,
            time_s: None,
            coinbase: COINBASE,
            prev_randao: None,
            base_fee_wei: None,
            gas_limit: None,
            spacing_s: None,
        }
    }
}

impl NextBlock {
    /// What the chain's clock shows.
    pub(crate) fn now_s(&self) -> u64 {
        machine_time_s().saturating_add_signed(self.offset_s)
    }

    /// From now on the clock shows `time_s`.
    pub(crate) fn set_clock(&mut self, time_s: u64) -> Result<(), RpcError> {
        self.offset_s = offset_s(time_s)?;
        Ok(())
    }

    /// The next block has this time, after its parent's.
    pub(crate) fn set_time(&mut self, time_s: u64, parent_s: u64) -> Result<(), RpcError> {
        if time_s <= parent_s {
            return Err(RpcError::Mining(too_early(time_s, parent_s)));
        }
        // The clock goes there with the block; whether it can is known now.
        offset_s(time_s)?;
        self.time_s = Some(time_s);
        Ok(())
    }

    /// The attributes of a child of `parent`, if it were made now.
    pub(crate) fn peek(&self, parent: &SealedHeader) -> BlockAttributes {
        let earliest = parent.timestamp.saturating_add(1);
        let spaced = self
            .spacing_s
            .map(|spacing_s| parent.timestamp.saturating_add(spacing_s));
        let time_s = self.time_s.or(spaced);
        let time_s = time_s.unwrap_or_else(|| self.now_s()).max(earliest);
        self.attributes(parent, time_s)
    }

    /// The attributes of a child of `parent` that is made now. The clock goes on with it, and what was
    /// set for one block is used up.
    ///
    /// Its time is the one that was set for it, else `spacing_s` after its parent's if given, else what
    /// the clock shows.
    pub(crate) fn take(
        &mut self,
        parent: &SealedHeader,
        spacing_s: Option<u64>,
    ) -> Result<BlockAttributes, RpcError> {
        let parent_s = parent.timestamp;
        let time_s = match (self.time_s.take(), spacing_s.or(self.spacing_s)) {
            (Some(time_s), _) if time_s <= parent_s => {
                return Err(RpcError::Mining(too_early(time_s, parent_s)));
            }
            (Some(time_s), _) => {
                self.set_clock(time_s)?;
                time_s
            }
            (None, Some(spacing_s)) => {
                let time_s = parent_s.saturating_add(spacing_s.max(1));
                if time_s > self.now_s() {
                    self.set_clock(time_s)?;
                }
                time_s
            }
            (None, None) => self.now_s().max(parent_s.saturating_add(1)),
        };
        let attributes = self.attributes(parent, time_s);
        (self.prev_randao, self.base_fee_wei, self.gas_limit) = (None, None, None);
        Ok(attributes)
    }

    fn attributes(&self, parent: &SealedHeader, timestamp_s: u64) -> BlockAttributes {
        BlockAttributes {
            fee_recipient: self.coinbase,
            // Nobody is kept from guessing it, which a devnet can live with; it differs per block.
            prev_randao: self.prev_randao.unwrap_or_else(|| keccak256(parent.hash())),
            base_fee_wei: self.base_fee_wei,
            gas_limit: self.gas_limit,
            ..BlockAttributes::at(timestamp_s)
        }
    }
}

/// Says so if the newest block is far ahead of this machine's clock, which was set back, or the chain's
/// was moved before a restart.
pub(crate) fn warn_of_lead(head_time_s: u64) {
    if let Some(lead_s) = notable_lead_s(head_time_s, machine_time_s()) {
        tracing::warn!(
            lead_s,
            "the newest block is ahead of this machine's clock: until that is there, blocks are a second apart"
        );
    }
}

fn notable_lead_s(head_time_s: u64, clock_s: u64) -> Option<u64> {
    let lead_s = head_time_s.saturating_sub(clock_s);
    (lead_s > SILENT_LEAD_S).then_some(lead_s)
}

/// How far `time_s` is from this machine's clock, in seconds.
fn offset_s(time_s: u64) -> Result<i64, RpcError> {
    let offset = i128::from(time_s) - i128::from(machine_time_s());
    i64::try_from(offset)
        .map_err(|_| RpcError::InvalidParams(format!("timestamp {time_s} is out of range")))
}

/// Seconds since 1970 on this machine.
pub fn machine_time_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}

fn too_early(time_s: u64, parent_s: u64) -> String {
    format!("timestamp {time_s} is not after the newest block's timestamp {parent_s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_lead_of_the_newest_block_is_worth_a_word() {
        let clock_s = 1_000_000;
        assert_eq!(notable_lead_s(0, clock_s), None);
        assert_eq!(notable_lead_s(clock_s + SILENT_LEAD_S, clock_s), None);
        assert_eq!(notable_lead_s(clock_s + 3_600, clock_s), Some(3_600));
        // A machine without a clock shows 1970.
        assert_eq!(notable_lead_s(clock_s, 0), Some(clock_s));
    }
}
