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

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::aliases::I512;
    use fixpoint_runtime::model::format::{Ratio, Signed32};
    use proptest::prelude::*;

    fn affine(numerator: u64, denominator: u64, zero_point: i32) -> Affine {
        let scale = Ratio {
            numerator,
            denominator,
        };
        Affine {
            scale,
            zero_point: Signed32(zero_point),
        }
    }

    fn word(decimal: &str) -> I256 {
        decimal.parse().unwrap()
    }

    #[test]
    fn a_half_goes_towards_plus_infinity_both_ways() {
        // Scale 1/2: a word of 0.25 is half a step.
        let half = Some(affine(1, 2, 0));
        let quarter = word("250000000000000000");
        assert_eq!(element_of_word(quarter, half, DType::I8), Element::Exact(1));
        assert_eq!(
            element_of_word(-quarter, half, DType::I8),
            Element::Exact(0)
        );
        assert_eq!(
            element_of_word(-quarter - I256::ONE, half, DType::I8),
            Element::Exact(-1)
        );
        assert_eq!(
            element_of_word(quarter - I256::ONE, half, DType::I8),
            Element::Exact(0)
        );
        // Scale 1/2^19: one step is 10^18 / 2^19 = 1907348632812.5 units of a word.
        let fine = Some(affine(1, 1 << 19, 0));
        let step = word("1907348632813");
        assert_eq!(word_of_element(1, fine), step);
        assert_eq!(word_of_element(-1, fine), I256::ONE - step);
    }

    #[test]
    fn the_zero_point_stands_for_zero() {
        let scale = Some(affine(1, 255, -128));
        assert_eq!(
            element_of_word(I256::ZERO, scale, DType::I8),
            Element::Exact(-128)
        );
        assert_eq!(
            element_of_word(word("1000000000000000000"), scale, DType::I8),
            Element::Exact(127)
        );
        assert_eq!(word_of_element(-128, scale), I256::ZERO);
        assert_eq!(word_of_element(127, scale), word("1000000000000000000"));
    }

    #[test]
    fn an_unquantised_word_is_the_integer() {
        for (value, dtype, want) in [
            (1, DType::Bool, Element::Exact(1)),
            (2, DType::Bool, Element::Above),
            (-1, DType::Bool, Element::Below),
            (-128, DType::I8, Element::Exact(-128)),
            (-129, DType::I8, Element::Below),
            (32_767, DType::I16, Element::Exact(32_767)),
            (32_768, DType::I16, Element::Above),
            (
                i64::from(i32::MIN),
                DType::I32,
                Element::Exact(i64::from(i32::MIN)),
            ),
            (-(1 << 47), DType::I48, Element::Exact(-(1 << 47))),
            (1 << 47, DType::I48, Element::Above),
        ] {
            assert_eq!(
                element_of_word(from_i64(value), None, dtype),
                want,
                "{value} {dtype:?}"
            );
            assert_eq!(word_of_element(value, None), from_i64(value));
        }
    }

    #[test]
    fn the_extremes_of_a_word_are_out_of_range_at_every_scale() {
        for scale in [affine(u64::MAX, 1, i32::MAX), affine(1, u64::MAX, i32::MIN)] {
            assert_eq!(
                element_of_word(I256::MAX, Some(scale), DType::I48),
                Element::Above
            );
            assert_eq!(
                element_of_word(I256::MIN, Some(scale), DType::I48),
                Element::Below
            );
        }
    }

    #[test]
    fn the_widest_scale_still_reaches_the_range_ends() {
        let widest = Some(affine(u64::MAX, 1, i32::MIN));
        let (_, highest) = DType::I48.range();
        let word = word_of_element(highest, widest);
        assert_eq!(
            element_of_word(word, widest, DType::I48),
            Element::Exact(highest)
        );
    }

    /// Whether `n` is `numerator / denominator` to the nearest integer, a half upwards: the
    /// definition itself, in integers wide enough for anything.
    fn is_nearest(n: I512, numerator: I512, denominator: I512) -> bool {
        let two = I512::ONE + I512::ONE;
        (two * n - I512::ONE) * denominator <= two * numerator
            && two * numerator < (two * n + I512::ONE) * denominator
    }

    fn wide(value: I256) -> I512 {
        let magnitude = alloy_primitives::U512::from(value.unsigned_abs());
        let magnitude = I512::from_raw(magnitude);
        if value.is_negative() {
            -magnitude
        } else {
            magnitude
        }
    }

    fn any_scale() -> impl Strategy<Value = Affine> {
        let part = prop_oneof![
            1u64..100,
            any::<u64>().prop_map(|part| part.max(1)),
            Just(u64::MAX)
        ];
        (part.clone(), part, any::<i32>()).prop_map(|(numerator, denominator, zero_point)| {
            affine(numerator, denominator, zero_point)
        })
    }

    fn any_word() -> impl Strategy<Value = I256> {
        (any::<[u64; 4]>(), 0usize..256)
            .prop_map(|(limbs, shift)| I256::from_raw(U256::from_limbs(limbs)).asr(shift))
    }

    fn any_dtype() -> impl Strategy<Value = DType> {
        prop::sample::select(vec![
            DType::Bool,
            DType::I8,
            DType::I16,
            DType::I32,
            DType::I48,
        ])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn an_element_is_the_nearest_to_its_word(
            word in any_word(), scale in any_scale(), dtype in any_dtype()
        ) {
            // word / 10^18 / (numerator / denominator) = numerator_of_steps / denominator_of_steps
            let steps_numerator = wide(word) * wide(signed(scale.scale.denominator));
            let steps_denominator = wide(signed(WAD)) * wide(signed(scale.scale.numerator));
            let is_nearest_to = |element: i64| {
                let steps = wide(from_i64(element)) - wide(from_i64(i64::from(scale.zero_point.0)));
                is_nearest(steps, steps_numerator, steps_denominator)
            };
            let (lowest, highest) = dtype.range();
            let two = I512::ONE + I512::ONE;
            let beyond = |element: i64| {
                let steps = wide(from_i64(element)) - wide(from_i64(i64::from(scale.zero_point.0)));
                (two * steps * steps_denominator, two * steps_numerator)
            };
            match element_of_word(word, Some(scale), dtype) {
                Element::Exact(element) => {
                    prop_assert!((lowest..=highest).contains(&element));
                    prop_assert!(is_nearest_to(element));
                }
                Element::Below => {
                    let (edge, value) = beyond(lowest);
                    prop_assert!(value < edge - steps_denominator);
                }
                Element::Above => {
                    let (edge, value) = beyond(highest);
                    prop_assert!(value >= edge + steps_denominator);
                }
            }
        }

        #[test]
        fn a_word_is_the_nearest_to_its_element(
            element in -(1i64 << 47)..(1i64 << 47), scale in any_scale()
        ) {
            let steps = wide(from_i64(element)) - wide(from_i64(i64::from(scale.zero_point.0)));
            let numerator = steps * wide(signed(scale.scale.numerator)) * wide(signed(WAD));
            let word = word_of_element(element, Some(scale));
            prop_assert!(is_nearest(wide(word), numerator, wide(signed(scale.scale.denominator))));
        }
    }
}
