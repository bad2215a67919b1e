//! When blocks are made on a chain with one producer: per transaction, by the clock, or on request.
//!
//! The chain makes the blocks; only timing and the chain's clock live here.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy_primitives::{B256, keccak256};
use fixpoint_chain::{BlockAttributes, Chain, Mined};
use fixpoint_rpc::{Miner, MiningChange, MiningStatus, RpcError};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::genesis::COINBASE;

/// Makes the blocks of a devnet.
pub struct DevMiner {
    chain: Chain,
    clock: Mutex<ChainClock>,
    mode: watch::Sender<Mode>,
    /// Held while a block is made, so that a submitter sees whether another's block has its
    /// transaction before it makes one itself.
    producing: Mutex<()>,
}

/// What triggers blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// A block per transaction, as it arrives.
    pub automine: bool,
    /// A block every so often.
    pub interval: Option<Duration>,
}

impl Mode {
    /// By the clock if a time is given, else per transaction.
    pub fn new(interval: Option<Duration>) -> Self {
        Self {
            automine: interval.is_none(),
            interval,
        }
    }
}

/// The chain's clock: this machine's, moved.
#[derive(Debug, Default)]
struct ChainClock {
    offset_s: i64,
    /// The exact time of the next block, once.
    next_s: Option<u64>,
}

impl ChainClock {
    fn now_s(&self) -> u64 {
        machine_time_s().saturating_add_signed(self.offset_s)
    }

    /// From now on the clock shows `time_s`.
    fn set(&mut self, time_s: u64) -> Result<(), RpcError> {
        self.offset_s = offset_s(time_s)?;
        Ok(())
    }

    /// The next block has this time, after its parent's.
    fn set_next(&mut self, time_s: u64, parent_s: u64) -> Result<(), RpcError> {
        if time_s <= parent_s {
            return Err(RpcError::Mining(too_early(time_s, parent_s)));
        }
        // The clock goes there with the block; whether it can is known now.
        offset_s(time_s)?;
        self.next_s = Some(time_s);
        Ok(())
    }
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

impl DevMiner {
    /// A miner of `chain`. Mining by the clock needs [`Self::run`].
    pub fn new(chain: Chain, mode: Mode) -> Self {
        let clock = Mutex::new(ChainClock::default());
        Self {
            chain,
            clock,
            mode: watch::Sender::new(mode),
            producing: Mutex::new(()),
        }
    }

    /// Makes blocks by the clock, whenever that is on, until the task is dropped.
    pub async fn run(self: std::sync::Arc<Self>) {
        let mut mode = self.mode.subscribe();
        loop {
            let interval = mode.borrow_and_update().interval;
            let Some(interval) = interval else {
                if mode.changed().await.is_err() {
                    return;
                }
                continue;
            };
            tokio::select! {
                changed = mode.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(interval) => self.tick().await,
            }
        }
    }

    async fn tick(self: &std::sync::Arc<Self>) {
        let miner = std::sync::Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || {
            let _producing = miner.producing.lock();
            miner.produce(None)
        });
        match made.await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "no block was made"),
            Err(panic) => tracing::error!(%panic, "making a block panicked"),
        }
    }

    /// Makes one block. The caller holds `producing`.
    fn produce(&self, spacing_s: Option<u64>) -> Result<Mined, RpcError> {
        let parent = self.chain.head();
        let earliest = parent.timestamp.saturating_add(1);
        let mut clock = self.clock.lock();
        let timestamp_s = match (clock.next_s.take(), spacing_s) {
            (Some(time_s), _) => {
                if time_s < earliest {
                    return Err(RpcError::Mining(too_early(time_s, parent.timestamp)));
                }
                clock.set(time_s)?;
                time_s
            }
            (None, Some(spacing_s)) => {
                let time_s = parent.timestamp.saturating_add(spacing_s.max(1));
                if time_s > clock.now_s() {
                    clock.set(time_s)?;
                }
                time_s
            }
            (None, None) => clock.now_s().max(earliest),
        };
        drop(clock);
        let mined = self
            .chain
            .mine(BlockAttributes {
                fee_recipient: COINBASE,
                // Nobody is kept from guessing it, which a devnet can live with; it differs per block.
                prev_randao: keccak256(parent.hash()),
                ..BlockAttributes::at(timestamp_s)
            })
            .map_err(|error| RpcError::Mining(error.to_string()))?;
        log(&mined);
        Ok(mined)
    }
}

fn too_early(time_s: u64, parent_s: u64) -> String {
    format!("timestamp {time_s} is not after the newest block's timestamp {parent_s}")
}

fn log(mined: &Mined) {
    let header = &mined.block.header;
    tracing::info!(
        number = header.number,
        hash = %header.hash(),
        transactions = mined.block.transactions.len(),
        gas_used = header.gas_used,
        "block"
    );
    for skipped in &mined.skipped {
        tracing::info!(hash = %skipped.hash, reason = %skipped.reason, "transaction left out");
    }
}

impl Miner for DevMiner {
    fn submitted(&self, hash: B256) -> Result<(), RpcError> {
        if !self.mode.borrow().automine {
            return Ok(());
        }
        let _producing = self.producing.lock();
        // Another submitter's block may have had room for this one.
        while self.chain.pooled_transaction(hash).is_some() && self.chain.pool_status().pending > 0
        {
            let mined = self.produce(None)?;
            let left_out = mined.skipped.iter().find(|skipped| skipped.hash == hash);
            if let Some(skipped) = left_out
                && self.chain.pooled_transaction(hash).is_none()
            {
                return Err(RpcError::TransactionRejected(skipped.reason.to_string()));
            }
            if mined.block.transactions.is_empty() {
                break;
            }
        }
        Ok(())
    }

    fn mine(&self, count: u64, spacing_s: Option<u64>) -> Result<(), RpcError> {
        let _producing = self.producing.lock();
        for block in 0..count {
            // The spacing is between the blocks of this call: the first one keeps the chain's clock.
            self.produce(if block == 0 { None } else { spacing_s })?;
        }
        Ok(())
    }

    fn configure(&self, changes: &[MiningChange]) -> Result<MiningStatus, RpcError> {
        let mut clock = self.clock.lock();
        for change in changes {
            match *change {
                MiningChange::Automine(automine) => self.mode.send_modify(|mode| {
                    mode.automine = automine;
                    if automine {
                        mode.interval = None;
                    }
                }),
                MiningChange::Interval(interval) => self.mode.send_modify(|mode| {
                    mode.interval = interval;
                    if interval.is_some() {
                        mode.automine = false;
                    }
                }),
                MiningChange::IncreaseTime(seconds) => {
                    let time_s = clock.now_s().saturating_add(seconds);
                    clock.set(time_s)?;
                }
                MiningChange::SetTime(time_s) => clock.set(time_s)?,
                MiningChange::NextTimestamp(time_s) => {
                    clock.set_next(time_s, self.chain.head().timestamp)?;
                }
            }
        }
        let Mode { automine, interval } = *self.mode.borrow();
        Ok(MiningStatus {
            automine,
            interval,
            time_offset_s: clock.offset_s,
        })
    }
}
