//! The command line from outside: the binary, run as a user runs it.
//!
//! 1. [`models`], [`report`], [`sources`], [`precompile`], [`conformance`], [`genesis`]: what needs no chain.
//! 2. [`onchain`] and [`resume`]: against a devnet in this process; [`repair`]: on what one left behind.
//! 3. [`errors`]: failures and help of all commands.

mod conformance;
mod devnet;
mod errors;
mod genesis;
mod models;
mod onchain;
mod precompile;
mod repair;
mod report;
mod resume;
mod sources;
mod support;
