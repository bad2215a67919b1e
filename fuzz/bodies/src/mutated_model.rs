//! A valid model with one byte of one field changed: refused, or run alike everywhere.

use crate::{agreement, choices::Choices, structured};
use fixpoint_runtime::model::{encode, parse};

/// # Panics
/// If something is wrong.
pub fn check(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let [kind, place_low, place_high, value] = choices.bytes();
    let seed = choices.u64();
    let model = structured::model(&mut choices);
    let mut payload = encode(&model);
    let place = usize::from(u16::from_le_bytes([place_low, place_high])) % payload.len();
    match kind % 4 {
        // As it was made: most of these are valid.
        0 => {}
        1 => payload[place] = value,
        2 => payload[place] = payload[place].wrapping_add(value % 5).wrapping_sub(2),
        _ => payload[place] ^= 1 << (value % 8),
    }
    let Ok(mutated) = parse(&payload) else { return };
    assert_eq!(encode(&mutated), payload);
    agreement::check(&mutated, seed);
}
