//! From a valid model to an executable plan, and its execution.
//!
//! [`fuse`] finds operators that one step runs, [`stages`] decides which steps are run together, [`arena`]
//! places tensors, [`plan`] prepares operators for one set of kernels, [`execute`] runs them.

pub(crate) mod arena;
pub mod execute;
mod fuse;
pub mod plan;
mod stages;

pub use plan::{Arena, Plan};
pub use stages::BlockSize;
