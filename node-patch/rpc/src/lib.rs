//! Ethereum JSON-RPC over a Fixpoint chain, HTTP and WebSocket on one port.
//!
//! A request goes through these files in this order:
//!
//! 1. `server`: transport, limits, CORS; `admission`: whose requests go on; `metrics`: what scrapers get;
//!    `explorer`: the page that browsers get; `intercept`: how all three stand before the methods.
//! 2. `families`: the list of all methods, and `methods`: how one is registered and run.
//! 3. One file per family: `eth_blocks`, `eth_state`, `eth_call`, `eth_fees`, `eth_transactions`,
//!    `eth_logs`, `eth_subscribe`, `simulate_v1`, `net_web3`, `txpool`, `debug`, `trace`, `dev`,
//!    `dev_state`, `fixpoint`.
//! 4. `simulate`, `estimate`, `access_list`: EVM runs that leave no trace in the chain; `traced`:
//!    one that is traced, and `trace_budget`: how much it may keep; `inference_traces`: what a
//!    trace shows of inferences.
//! 5. `journal`: what is logged of transactions and calls for people, `console`: what contracts say in them.
//! 6. `inference_cost`: what a model's inferences cost, by operator; `state_file`: a state as a file.
//! 7. `convert`: chain types to JSON types; `error`: failures to error objects.
//!
//! Nothing here makes a block or decides when one is made: see [`Miner`]; nor changes state outside of
//! a transaction: see [`Controls`].

mod access_list;
mod accounts;
mod admission;
mod console;
mod context;
mod controls;
mod convert;
mod debug;
mod dev;
mod dev_state;
mod error;
mod estimate;
mod eth_blocks;
mod eth_call;
mod eth_fees;
mod eth_logs;
mod eth_state;
mod eth_subscribe;
mod eth_transactions;
mod explorer;
mod families;
mod filters;
mod fixpoint;
mod impersonation;
mod inference_cost;
mod inference_traces;
mod intercept;
mod journal;
mod methods;
mod metrics;
mod mining;
mod net_web3;
mod server;
mod simulate;
mod simulate_v1;
mod simulated_block;
mod state_file;
mod trace;
mod trace_budget;
mod traced;
mod txpool;

pub use accounts::DevAccounts;
pub use context::{Context, NodeIdentity};
pub use controls::{Controls, StateChange};
pub use error::RpcError;
pub use explorer::Pages;
pub use mining::{Miner, MiningChange, MiningStatus};
pub use server::RpcServer;
pub use simulate_v1::SimulationError;
pub use state_file::{StateFile, StateFileError};
