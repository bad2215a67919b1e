//! From a valid model to an executable plan, and its execution.

pub mod execute;
pub mod plan;

pub use plan::{Arena, Plan};
