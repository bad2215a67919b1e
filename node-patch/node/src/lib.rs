//! The node: a chain, a miner and an RPC server, wired together.
//!
//! 1. [`accounts`] and [`genesis`]: what a devnet starts with.
//! 2. [`miner`]: when blocks are made; `next_block`: with what; `snapshots`: how they are undone.
//!    [`pre_execution`] runs what waits for one.
//! 3. `opening`: the chain that it runs on; [`devnet`]: the wiring, for tests ([`Node`]) and for the command line ([`run_devnet`]).
//! 4. [`banner`]: what a person sees first.
//! 5. [`import`]: checking somebody else's blocks in a fresh chain; [`repair`]: this node's own, out of a
//!    damaged database; [`blocks_file`]: to a file and back.
//!
//! What a block is and how calls are answered live in `fixpoint-chain` and `fixpoint-rpc`.

pub mod accounts;
pub mod banner;
pub mod blocks_file;
pub mod devnet;
pub mod genesis;
pub mod import;
pub mod kernels;
pub mod miner;
mod next_block;
mod opening;
pub mod pre_execution;
pub mod repair;
mod snapshots;
mod state;

pub use devnet::{DevnetConfig, Node, run_devnet};
pub use fixpoint_chain::{ChainSpec, History, MIN_STATES, spec};
pub use next_block::machine_time_s;
pub use pre_execution::PreExecution;
