//! The precompile in real transactions: every way to reach it, and what the EVM around it sees.

mod activation;
mod assembly;
mod calls;
mod chain;
mod failures;
mod gas;
mod inspection;
mod limits;
mod models;
