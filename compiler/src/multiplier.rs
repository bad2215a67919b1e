//! A real factor as the multiplier and shift of a RESCALE.
//!
//! RESCALE computes `(value * multiplier + rounding) >> shift`. A factor is split into mantissa and
//! exponent exactly (an `f64` is a 53-bit integer times a power of two) and the mantissa rounded
//! once, half away from zero, to the multiplier's width.

use crate::real;
/// Smallest and largest shift that TOSA allows.
const MIN_SHIFT_BITS: i32 = 2;
const MAX_SHIFT_BITS: i32 = 62;
/// Significant bits of a 32-bit and of a 16-bit multiplier.
const BITS_32: i32 = 31;
const BITS_16: i32 = 15;

/// Multiplier and shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiplier {
    /// At least 0; fits 32 or 16 signed bits.
    pub multiplier: i32,
    /// 2 to 62.
    pub shift_bits: u8,
}

impl Multiplier {
    /// The 32-bit multiplier nearest to a factor in 0 .. 2^29; relative error below 2^-31 for
    /// factors above 2^-31.
    pub fn wide(factor: f64) -> Option<Self> {
        Self::of(factor, BITS_32)
    }

    /// The 16-bit multiplier nearest to a factor in 0 .. 2^13; relative error below 2^-15.
    pub fn narrow(factor: f64) -> Option<Self> {
        Self::of(factor, BITS_16)
    }

    /// The smallest 16-bit multiplier whose factor is at least this one.
    pub fn narrow_at_least(factor: f64) -> Option<Self> {
        let nearest = Self::narrow(factor)?;
        if nearest.factor() >= factor {
            return Some(nearest);
        }
        if nearest.multiplier < i32::from(i16::MAX) {
            return Some(Self {
                multiplier: nearest.multiplier + 1,
                ..nearest
            });
        }
        Self::narrow(2f64.powi(BITS_16 - i32::from(nearest.shift_bits)))
    }

    /// The factor that this stands for, exactly.
    pub fn factor(self) -> f64 {
        f64::from(self.multiplier) * 2f64.powi(-i32::from(self.shift_bits))
    }

    fn of(factor: f64, bits: i32) -> Option<Self> {
        if !(factor >= 0.0 && factor.is_finite()) {
            return None;
        }
        if factor == 0.0 {
            return Some(Self {
                multiplier: 0,
                shift_bits: MIN_SHIFT_BITS as u8,
            });
        }
        // factor = mantissa * 2^exponent with mantissa in [1/2, 1).
        let mut exponent = real::log2(factor).floor() as i32 + 1;
        // log2 may round up across a power of two.
        if factor * 2f64.powi(-exponent) < 0.5 {
            exponent -= 1;
        }
        let mut shift_bits = (bits - exponent).min(MAX_SHIFT_BITS);
        let mut multiplier = (factor * 2f64.powi(shift_bits)).round();
        if multiplier >= 2f64.powi(bits) {
            multiplier = 2f64.powi(bits - 1);
            shift_bits -= 1;
        }
        (shift_bits >= MIN_SHIFT_BITS).then_some(Self {
            multiplier: multiplier as i32,
            shift_bits: shift_bits as u8,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn powers_of_two_are_exact() {
        for exponent in -30..=28 {
            let factor = 2f64.powi(exponent);
            let wide = Multiplier::wide(factor).expect("in range");
            assert_eq!(
                (wide.multiplier, wide.factor()),
                (1 << 30, factor),
                "2^{exponent}"
            );
        }
        for exponent in -46..=12 {
            let factor = 2f64.powi(exponent);
            let narrow = Multiplier::narrow(factor).expect("in range");
            assert_eq!(
                (narrow.multiplier, narrow.factor()),
                (1 << 14, factor),
                "2^{exponent}"
            );
        }
    }

    #[test]
    fn limits_are_kept() {
        assert_eq!(
            Multiplier::wide(0.0),
            Some(Multiplier {
                multiplier: 0,
                shift_bits: 2
            })
        );
        assert_eq!(
            Multiplier::wide(1e-30),
            Some(Multiplier {
                multiplier: 0,
                shift_bits: 62
            })
        );
        assert_eq!(Multiplier::wide(2f64.powi(29)), None);
        assert_eq!(Multiplier::narrow(2f64.powi(13)), None);
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Multiplier::wide(bad), None);
        }
        let rounds_up = 1.0 - 2f64.powi(-40);
        assert_eq!(Multiplier::wide(rounds_up).expect("in range").factor(), 1.0);
    }

    proptest! {
        #[test]
        fn the_nearest_multiplier_is_found(mantissa in 0.5f64..1.0, exponent in -30i32..12) {
            let factor = mantissa * 2f64.powi(exponent);
            let wide = Multiplier::wide(factor).expect("in range");
            prop_assert!((wide.factor() / factor - 1.0).abs() <= 2f64.powi(-31));
            prop_assert!((2..=62).contains(&wide.shift_bits));
            let narrow = Multiplier::narrow(factor).expect("in range");
            prop_assert!((narrow.factor() / factor - 1.0).abs() <= 2f64.powi(-15));
            prop_assert!((1 << 14..1 << 15).contains(&narrow.multiplier));
            let above = Multiplier::narrow_at_least(factor).expect("in range");
            prop_assert!(above.factor() >= factor);
            prop_assert!(above.factor() / factor <= 1.0 + 2f64.powi(-14));
            prop_assert!((1 << 14..1 << 15).contains(&above.multiplier));
        }
    }
}
