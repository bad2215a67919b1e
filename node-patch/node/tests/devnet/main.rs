//! A devnet as its clients see it: JSON-RPC over HTTP and WebSocket against a running node.

mod blocks;
mod calls;
mod client;
mod crash;
mod dev_state;
mod import;
mod logs;
mod mining;
mod models;
mod proofs;
mod traces;
mod transactions;
mod transport;
