//! From a valid model to an executable plan, and its execution.
//!
//! [`stages`] decides which operators are run together, [`arena`] places tensors, [`plan`] prepares
//! operators for one set of kernels, [`execute`] runs them.

pub(crate) mod arena;
pub mod execute;
pub mod plan;
mod stages;

pub use plan::{Arena, Plan};
