//! The model: its bytes, its limits, and the proof that it may run.
//!
//! [`parse`] knows bytes and nothing of operators' meaning; [`validate`] knows meaning and never
//! sees bytes. Only [`ValidModel`] leaves this module for the planner.

mod constants;
mod fold;
pub mod format;
pub mod limits;
mod parse;
mod ports;
mod reachability;
pub(crate) mod validate;

pub use format::Model;
pub use parse::{encode, parse};
pub use validate::{ValidModel, validate, validate_within, validation_steps_limit};
