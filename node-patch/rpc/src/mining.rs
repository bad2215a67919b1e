//! What the RPC layer asks of whoever makes blocks. When and how blocks are made is the node's part.

use std::time::Duration;

use alloy_primitives::{Address, B256};
use fixpoint_chain::BlockAttributes;

use crate::error::RpcError;

/// How blocks are made at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MiningStatus {
    /// Each transaction gets a block as soon as it arrives.
    pub automine: bool,
    /// Time between blocks, if they are made by the clock.
    pub interval: Option<Duration>,
    /// How far the chain's clock is ahead of this machine's (negative: behind), in seconds.
    pub time_offset_s: i64,
    /// Seconds from each block to the next, if they are not the clock's.
    pub spacing_s: Option<u64>,
    /// What the next block will be made with, if it were made now: what `pending` means.
    pub next_block: BlockAttributes,
}

/// A change in how blocks are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MiningChange {
    /// Switches automine on or off.
    Automine(bool),
    /// Makes a block every so often; `None` stops that.
    Interval(Option<Duration>),
    /// Moves the chain's clock forward by this many seconds.
    IncreaseTime(u64),
    /// Sets the chain's clock to this time, in seconds since 1970.
    SetTime(u64),
    /// Gives the next block exactly this timestamp; the chain's clock goes on from there.
    NextTimestamp(u64),
    /// Pays the tips of the next and later blocks to this account.
    Coinbase(Address),
    /// Gives the next block this PREVRANDAO.
    NextPrevRandao(B256),
    /// Gives the next block this gas limit, whatever its parent's is, and the blocks after it too:
    /// nobody else can verify it.
    NextGasLimit(u64),
    /// Puts each later block this many seconds after its parent, whatever the clock shows; `None`
    /// goes back to the clock.
    Spacing(Option<u64>),
    /// Gives the next block this base fee in wei, against EIP-1559: nobody else can verify it.
    NextBaseFee(u64),
}

/// Makes blocks on a chain with one block producer.
pub trait Miner: Send + Sync {
    /// The pool took in transaction `hash`. With automine on, the transaction is in a block when
    /// this returns, unless it cannot be included yet.
    fn submitted(&self, hash: B256) -> Result<(), RpcError>;

    /// Makes `count` blocks, `spacing_s` seconds apart if given (else by the chain's clock).
    fn mine(&self, count: u64, spacing_s: Option<u64>) -> Result<(), RpcError>;

    /// Applies the changes in order and says how blocks are made then. No change: just says it.
    fn configure(&self, changes: &[MiningChange]) -> Result<MiningStatus, RpcError>;
}
