//! Runs every committed vector, from the files alone.

mod calls;
mod evm;
mod models;
mod read;
