//! Moments of a devnet to which `evm_revert` goes back.

use std::collections::BTreeMap;

use fixpoint_chain::Mark;
use fixpoint_rpc::{Controls, RpcError, StateChange};

use crate::{miner::DevMiner, next_block::NextBlock};

/// Most snapshots that are kept: each may hold a pool. The oldest goes first.
const MAX_SNAPSHOTS: usize = 4_096;

/// A moment of the chain, and of what its next block would have been.
#[derive(Debug)]
struct Snapshot {
    mark: Mark,
    next_block: NextBlock,
    /// What the chain's clock showed.
    time_s: u64,
}

/// Snapshots by number.
#[derive(Debug, Default)]
pub(crate) struct Snapshots {
    last: u64,
    kept: BTreeMap<u64, Snapshot>,
}

impl Controls for DevMiner {
    fn change_state(&self, change: &StateChange<'_>) -> Result<(), RpcError> {
        let _producing = self.producing.lock();
        let head = self.chain.head().hash();
        let view = self.chain.state_at(head.into());
        let diff = change(&view.map_err(RpcError::internal)?)?;
        self.chain.change_state(&diff).map_err(RpcError::internal)
    }

    fn snapshot(&self) -> u64 {
        let _producing = self.producing.lock();
        let next_block = self.next_block.lock().clone();
        let snapshot = Snapshot {
            mark: self.chain.mark(),
            time_s: next_block.now_s(),
            next_block,
        };
        let mut snapshots = self.snapshots.lock();
        if snapshots.kept.len() >= MAX_SNAPSHOTS {
            snapshots.kept.pop_first();
        }
        snapshots.last += 1;
        let number = snapshots.last;
        snapshots.kept.insert(number, snapshot);
        number
    }

    fn revert(&self, number: u64) -> Result<bool, RpcError> {
        let _producing = self.producing.lock();
        let mut snapshots = self.snapshots.lock();
        let Some(snapshot) = snapshots.kept.get(&number) else {
            return Ok(false);
        };
        // The state then may be forgotten.
        self.chain.rewind(&snapshot.mark).map_err(RpcError::from)?;
        // The later ones are of a chain that is gone.
        let mut from_here = snapshots.kept.split_off(&number);
        let Some(snapshot) = from_here.remove(&number) else {
            return Ok(false);
        };
        let mut next_block = self.next_block.lock();
        *next_block = snapshot.next_block;
        // Time goes on from the moment of the snapshot.
        next_block.set_clock(snapshot.time_s)?;
        Ok(true)
    }

    fn rollback(&self, blocks: u64) -> Result<(), RpcError> {
        let _producing = self.producing.lock();
        let head = self.chain.head().number;
        let number = head.checked_sub(blocks).ok_or_else(|| {
            RpcError::InvalidParams(format!("depth: {blocks}, but there are {head} blocks"))
        })?;
        let mark = self.chain.mark_at(number).map_err(RpcError::internal)?;
        let mark = mark.ok_or(RpcError::UnknownBlock)?;
        self.chain.rewind(&mark).map_err(RpcError::from)?;
        let mut snapshots = self.snapshots.lock();
        snapshots
            .kept
            .retain(|_, snapshot| snapshot.mark.head().number <= number);
        Ok(())
    }

    fn reset(&self) -> Result<(), RpcError> {
        let _producing = self.producing.lock();
        self.chain
            .rewind(&self.chain.genesis_mark())
            .map_err(RpcError::from)?;
        self.snapshots.lock().kept.clear();
        *self.next_block.lock() = NextBlock::default();
        Ok(())
    }
}
