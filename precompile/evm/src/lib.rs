//! The inference precompile: the EVM around the tensor runtime.
//!
//! One call, [`call::run`], goes through these stages, each a file:
//!
//! 1. [`abi`]: calldata to a [`abi::Request`];
//! 2. [`root`]: the model's root contract, read at the price that [`meter`] knows;
//! 3. [`record`]: what activation wrote down about it; [`activate`] writes what [`measures`] finds;
//! 4. [`gas`]: the price, from the record and the fork's table, charged before any work;
//! 5. [`load`]: the executable model, from the node's cache or from the chain's code;
//! 6. [`ports`] and [`wad`]: words to tensors; the runtime runs, or [`answers`] has what it said
//!    before; tensors to words;
//! 7. [`abi`] again: return data, or a named [`error`].
//!
//! [`state`] is the seam to a node: small traits, no types of any EVM. [`address`] holds the fixed
//! addresses. What may not live here: types of an EVM implementation, numeric kernels, floats,
//! clocks, globals, anything that panics, and anything whose outcome depends on a cache.

#![cfg_attr(not(feature = "cache"), no_std)]

extern crate alloc;

pub mod abi;
pub mod activate;
pub mod address;
#[cfg(feature = "cache")]
pub mod answer_cache;
pub mod answers;
#[cfg(feature = "cache")]
pub mod cache;
pub mod call;
pub mod context;
pub mod error;
pub mod gas;
mod inference;
pub mod load;
#[cfg(feature = "cache")]
mod lock;
pub mod measures;
pub mod meter;
mod model_info;
pub mod ports;
pub mod record;
pub mod root;
mod served;
pub mod state;
pub mod tally;
pub mod wad;

pub use call::{Call, DatabaseError, Outcome, Status, run};
pub use context::Environment;
