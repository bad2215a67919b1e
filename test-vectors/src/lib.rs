//! Shared test vectors: how they are made. `schema/` is how they are read.
//!
//! [`reference`](mod@reference) and [`words`] compute what is expected, from the definitions and
//! apart from the code under test. [`builder`] writes models; [`state`], [`calls`], [`operators`]
//! and [`hostile`] say what the vectors are; [`files`] writes them.
//!
//! What may not live here: anything that a node or a tool runs. Only tests depend on this crate.

pub mod builder;
pub mod calls;
pub mod cases;
pub mod files;
pub mod hostile;
pub mod models;
pub mod operators;
pub mod reference;
pub mod state;
pub mod words;
