//! Blocks: how they are made, checked, kept and read.
//!
//! One call to [`Chain::mine`] runs through these files in this order:
//!
//! 1. [`spec`]: what the network agrees on before block 0; `forks`: when its hardforks begin;
//!    `genesis`: block 0.
//! 2. [`pool`]: signed transactions that wait for a block.
//! 3. [`build`] and [`verify`]: making a block and checking one; both run [`execute`], the only executor.
//!    [`pre_execute`] runs what waits in the pool, for what its inferences say.
//! 4. [`header`]: rules of a header against its parent.
//! 5. [`state`]: accounts and storage at any block, as [`diff`]s over what is on disk; `state_trie`
//!    and `trie` give the roots and proofs.
//! 6. [`store`]: writes finalised blocks; `snapshot` reads them, `tables` is the byte layout;
//!    `rewind` takes them back, on a development chain; `prune` forgets old states; [`repair`] makes a
//!    damaged database again out of its blocks.
//! 7. [`chain`]: the facade that other crates use.
//!
//! Nothing here reads a clock: whoever calls passes the time in. Networking, JSON-RPC and the
//! choice of when to mine live in other crates.

pub mod admission;
pub mod block;
pub mod build;
pub mod chain;
pub mod diff;
pub mod execute;
mod forks;
mod genesis;
pub mod header;
mod listeners;
pub mod logs;
pub mod pool;
pub mod pre_execute;
mod prune;
pub mod repair;
mod rewind;
mod snapshot;
pub mod spec;
pub mod state;
mod state_trie;
pub mod store;
mod tables;
pub mod transfer;
mod tree;
mod trie;
pub mod verify;

pub use admission::AdmissionError;
pub use block::{Block, ExecutedBlock, Receipt, RecoveredTransaction, SealedHeader, Transaction};
pub use build::{BlockAttributes, BuildError, BuiltBlock};
pub use chain::{Chain, Location, Mark, Mined, ReplayPoint, TransactionLookup};
pub use diff::{Account, AccountDiff, StateDiff};
pub use execute::{
    ExecutionError, SkipReason, Skipped, complete_block, context as execution_context,
};
pub use header::HeaderError;
pub use logs::{LogEntry, LogFilter};
pub use pool::{PoolContent, PoolError, PoolStatus};
pub use pre_execute::PreExecuted;
pub use prune::{History, MIN_STATES};
pub use spec::{ChainSpec, SpecError};
pub use state::{AccountProof, StateDatabase, StateError, StateView, StorageProof};
pub use store::{OpenError, StoreError};
pub use transfer::{ImportSummary, TransferError};
pub use verify::VerifyError;

/// The EVM with the inference precompile, as every block of this chain runs it.
pub use fixpoint_evm::FixpointEvmFactory;
