#![doc = include_str!("../README.md")]
//!
//! # The crate
//!
//! A node takes [`FixpointEvmFactory`] where it has Ethereum's factory, or calls [`install`] on the
//! precompile map of its own. [`journal`] is the precompile's state over revm's journal. [`inspect`]
//! tells tracers about inferences. [`offline`] runs single calls without a chain, on a state in memory.
//!
//! What may not live here: anything that decides a result, a price or a check. That is
//! [`precompile`]'s; this crate follows the releases of `alloy-evm` and nothing else.

pub mod factory;
pub mod inspect;
pub mod install;
pub mod journal;
pub mod offline;

pub use factory::FixpointEvmFactory;
pub use fixpoint_precompile as precompile;
