//! Words of 18 decimals to tensor elements and back, exactly.
//!
//! A quantised element `q` stands for the real number `(q - zero_point) * scale`; a word `w` for
//! `w / 10^18`. Either way the result is the exact rational value rounded to the nearest integer,
//! a half towards plus infinity, as if integers had no bounds:
//!
//! ```text
//! q = floor((2 * w * denominator + 10^18 * numerator) / (2 * 10^18 * numerator)) + zero_point
//! w = floor((2 * (q - zero_point) * numerator * 10^18 + denominator) / (2 * denominator))
//! ```
//!
//! Without quantisation a word is the element itself. No bytes and no ABI live here.

use alloy_primitives::{I256, U256};
use fixpoint_runtime::{model::format::Affine, tensor::DType};

/// `10^18`.
const WAD: u64 = 1_000_000_000_000_000_000;

/// Words of at least this magnitude are outside every element type's range at every scale: the
/// largest is `2^49` steps of `2^64`, and `10^18 < 2^60`. Below it no product here overflows.
const WORD_LIMIT_BITS: usize = 175;

/// Where a word's value lies beside its element type's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// In range.
    Exact(i64),
    /// Below the smallest value.
    Below,
    /// Above the largest value.
    Above,
}

/// The element of type `dtype` that a word stands for; the word itself without a scale.
#[must_use]
pub fn element_of_word(word: I256, scale: Option<Affine>, dtype: DType) -> Element {
    let out_of_range = if word.is_negative() {
        Element::Below
    } else {
        Element::Above
    };
    if word.unsigned_abs() >> WORD_LIMIT_BITS != U256::ZERO {
        return out_of_range;
    }
    let value = match scale {
        None => Some(word),
        Some(scale) => nearest(
            word.wrapping_mul(signed(scale.scale.denominator)),
            signed(scale.scale.numerator).wrapping_mul(signed(WAD)),
        )
        .map(|steps| steps.wrapping_add(from_i64(i64::from(scale.zero_point.0)))),
    };
    let (lowest, highest) = dtype.range();
    match value {
        Some(value) if value < from_i64(lowest) => Element::Below,
        Some(value) if value <= from_i64(highest) => {
            i64::try_from(value).map_or(Element::Above, Element::Exact)
        }
        _ => Element::Above,
    }
}

/// The word that an element stands for; the element itself without a scale.
#[must_use]
pub fn word_of_element(element: i64, scale: Option<Affine>) -> I256 {
    let Some(scale) = scale else {
        return from_i64(element);
    };
    let steps = from_i64(element).wrapping_sub(from_i64(i64::from(scale.zero_point.0)));
    nearest(
        steps
            .wrapping_mul(signed(scale.scale.numerator))
            .wrapping_mul(signed(WAD)),
        signed(scale.scale.denominator),
    )
    .unwrap_or_default()
}

/// `numerator / denominator` to the nearest integer, a half towards plus infinity; `None` if the
/// denominator is 0, which no valid model has. Operands are below `2^240`.
fn nearest(numerator: I256, denominator: I256) -> Option<I256> {
    let two = signed(2);
    numerator
        .wrapping_mul(two)
        .wrapping_add(denominator)
        .checked_div_euclid(denominator.wrapping_mul(two))
}

fn signed(value: u64) -> I256 {
    I256::from_raw(U256::from(value))
}

fn from_i64(value: i64) -> I256 {
    let magnitude = signed(value.unsigned_abs());
    if value < 0 {
        magnitude.wrapping_neg()
    } else {
        magnitude
    }
}
