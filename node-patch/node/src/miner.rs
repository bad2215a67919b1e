//! When blocks are made on a chain with one producer: per transaction, by the clock, or on request.
//!
//! The chain makes the blocks; only timing lives here; with what they are made is in
//! `next_block`, undoing them in `snapshots`.

use std::time::Duration;

use alloy_primitives::B256;
use fixpoint_chain::{BlockAttributes, Chain, Mined};
use fixpoint_rpc::{Miner, MiningChange, MiningStatus, RpcError};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    next_block::{NextBlock, warn_of_lead},
    snapshots::Snapshots,
};

/// Makes the blocks of a devnet.
pub struct DevMiner {
    pub(crate) chain: Chain,
    pub(crate) next_block: Mutex<NextBlock>,
    pub(crate) snapshots: Mutex<Snapshots>,
    mode: watch::Sender<Mode>,
    /// Held while a block is made, so that a submitter sees whether another's block has its
    /// transaction before it makes one itself.
    pub(crate) producing: Mutex<()>,
}

/// What triggers blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// A block per transaction, as it arrives.
    pub automine: bool,
    /// A block every so often.
    pub interval: Option<Duration>,
}

impl DevMiner {
    /// A miner of `chain`. Mining by the clock needs [`Self::run`].
    pub fn new(chain: Chain, mode: Mode) -> Self {
        warn_of_lead(chain.head().timestamp);
        Self {
            chain,
            next_block: Mutex::default(),
            snapshots: Mutex::default(),
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

    /// What the block that pooled transactions wait for will be made with. `None` if none of them waits,
    /// since each gets a block as it arrives.
    pub(crate) fn awaited_block(&self) -> Option<BlockAttributes> {
        if self.mode.borrow().automine {
            return None;
        }
        let head = self.chain.head();
        Some(self.next_block.lock().peek(&head))
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
        let attributes = self.next_block.lock().take(&parent, spacing_s)?;
        let mined = self
            .chain
            .mine(attributes)
            .map_err(|error| RpcError::Mining(error.to_string()))?;
        log(&mined);
        Ok(mined)
    }
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
        let mut next_block = self.next_block.lock();
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
                    // Blocks that were made quickly are ahead of the clock, a second each.
                    let now_s = next_block.now_s().max(self.chain.head().timestamp);
                    next_block.set_clock(now_s.saturating_add(seconds))?;
                }
                MiningChange::SetTime(time_s) => next_block.set_clock(time_s)?,
                MiningChange::NextTimestamp(time_s) => {
                    next_block.set_time(time_s, self.chain.head().timestamp)?;
                }
                MiningChange::Coinbase(coinbase) => next_block.coinbase = coinbase,
                MiningChange::NextPrevRandao(random) => next_block.prev_randao = Some(random),
                MiningChange::NextGasLimit(gas) => next_block.gas_limit = Some(gas),
                MiningChange::Spacing(spacing_s) => next_block.spacing_s = spacing_s,
                MiningChange::NextBaseFee(wei) => next_block.base_fee_wei = Some(wei),
            }
        }
        let Mode { automine, interval } = *self.mode.borrow();
        Ok(MiningStatus {
            automine,
            interval,
            time_offset_s: next_block.offset_s,
            spacing_s: next_block.spacing_s,
            next_block: next_block.peek(&self.chain.head()),
        })
    }
}
