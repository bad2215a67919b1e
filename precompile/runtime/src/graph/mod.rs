//! From a valid model to an executable plan, and its execution.
//!
//! [`arena`] places tensors, [`plan`] prepares operators for one set of kernels, [`execute`] runs
//! them. A stage that fuses steps would stand between the last two: it would turn a plan's steps
//! into fewer ones, each with the index of the operator it reports.

pub(crate) mod arena;
pub mod execute;
pub mod plan;

pub use plan::{Arena, Plan};
