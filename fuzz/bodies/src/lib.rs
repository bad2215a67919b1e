//! What is fuzzed: one function from bytes per target, which panics if something is wrong.
//!
//! `cargo fuzz` feeds them for hours, `cargo test` for seconds, and both replay what was once found.
//! Inputs are plain bytes; [`choices`] turns them into decisions, so that every input means
//! something. What may not live here: expectations of their own. Results are compared with the
//! naive definitions in the test vectors' crate, or between kernel sets.

pub mod agreement;
pub mod calldata;
pub mod choices;
pub mod graphs;
pub mod model_bytes;
pub mod mutated_model;
pub mod root_bytes;
pub mod structured;
pub mod wad;

/// Name and body.
pub type Target = (&'static str, fn(&[u8]));

/// The targets.
pub const TARGETS: [Target; 6] = [
    ("calldata", calldata::check),
    ("graphs", graphs::check),
    ("model_bytes", model_bytes::check),
    ("mutated_model", mutated_model::check),
    ("root_bytes", root_bytes::check),
    ("wad", wad::check),
];
