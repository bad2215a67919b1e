//! Inner loops. The only module in which `unsafe` is allowed.
//!
//! [`portable`] is complete alone and is the reference; [`dispatch`] picks per machine.

pub mod dispatch;
pub mod portable;
