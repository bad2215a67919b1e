//! What the RPC layer asks of a development chain beyond making blocks.

use fixpoint_chain::{StateDiff, StateView};

use crate::error::RpcError;

/// Tells how a state is to be changed.
pub type StateChange<'a> = dyn Fn(&StateView) -> Result<StateDiff, RpcError> + 'a;

/// What only the single producer of a development chain may do to it: others cannot verify the blocks
/// that come of it. A node that gives no controls has none of the methods that need them.
pub trait Controls: Send + Sync {
    /// Changes the state after the head, outside of any transaction. `change` is asked what of, given
    /// that state; no block comes in between.
    fn change_state(&self, change: &StateChange<'_>) -> Result<(), RpcError>;

    /// Remembers this moment; gives the number by which to come back.
    fn snapshot(&self) -> u64;

    /// Goes back to a moment; false if there is none of this number. It is used up, and so is every
    /// later one.
    fn revert(&self, snapshot: u64) -> Result<bool, RpcError>;

    /// Undoes the newest `blocks` blocks, with every snapshot that was taken since.
    fn rollback(&self, blocks: u64) -> Result<(), RpcError>;

    /// Goes back to the genesis block, and forgets every moment.
    fn reset(&self) -> Result<(), RpcError>;
}
