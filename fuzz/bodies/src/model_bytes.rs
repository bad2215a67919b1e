//! Bytes are parsed, and what parses has one encoding, validates or not, and runs as defined.

use crate::agreement;
use fixpoint_runtime::model::{encode, parse};

/// # Panics
/// If something is wrong.
pub fn check(bytes: &[u8]) {
    let Ok(model) = parse(bytes) else { return };
    assert_eq!(encode(&model), bytes);
    agreement::check(&model, bytes.len() as u64);
}
