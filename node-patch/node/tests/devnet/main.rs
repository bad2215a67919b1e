//! A devnet as its clients see it: JSON-RPC over HTTP and WebSocket against a running node.

mod alloy_client;
mod anvil;
mod blocks;
mod calls;
mod client;
mod crash;
mod dev_state;
mod hostile;
mod import;
mod inference_traces;
mod logs;
mod mining;
mod models;
mod options;
mod pre_execution;
mod proofs;
mod simulations;
mod traces;
mod transactions;
mod transport;
