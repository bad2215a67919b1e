//! Exact positive rationals for the scales of ports.
//!
//! A port's scale is consensus data, so everything inside the compiler derives from the rational
//! that is written, never from the float it came from.

use crate::real;
use fixpoint_runtime::model::format::Ratio;

/// Largest denominator that counts as "the fraction that was meant".
const MAX_SIMPLE_DENOMINATOR: u64 = 1_000_000;
/// A float this close (relatively) to a simple fraction is taken to mean it: a few rounding errors
/// of f32 arithmetic on the way are forgiven.
const SIMPLE_TOLERANCE: f64 = 1e-9;
/// Bits of the numerator when a scale is not a simple fraction.
const NUMERATOR_BITS: i32 = 31;
/// Explicit bits of a float32's fraction.
const MANTISSA_BITS: u32 = 23;
/// Biased exponent of the float32 1.0.
const EXPONENT_OF_ONE: i32 = 127;

/// A fraction in lowest terms.
///
/// Nothing if either part is 0.
pub fn reduced(numerator: u64, denominator: u64) -> Option<Ratio> {
    let divisor = gcd(numerator, denominator);
    (numerator > 0 && denominator > 0).then(|| Ratio {
        numerator: numerator / divisor,
        denominator: denominator / divisor,
    })
}

/// Reads `"0.05"`, `"3"` or `"1/255"` exactly; nothing if it is not positive or needs more than
/// 64 bits.
pub fn parse(text: &str) -> Option<Ratio> {
    if let Some((numerator, denominator)) = text.split_once('/') {
        return reduced(
            numerator.trim().parse().ok()?,
            denominator.trim().parse().ok()?,
        );
    }
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits_only(whole) || !digits_only(fraction) {
        return None;
    }
    let denominator = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    reduced(format!("{whole}{fraction}").parse().ok()?, denominator)
}

/// The rational for a positive finite float: a simple fraction such as 16/255 if the float is that
/// close to one, else 31 bits over a power of two of at most 2^63. The relative error is at most
/// 1e-9 for scales above 2^-32.
///
/// Nothing if the float is not in 2^-62 .. 2^62.
pub fn from_f64(value: f64) -> Option<Ratio> {
    if !(value > 2f64.powi(-62) && value < 2f64.powi(62)) {
        return None;
    }
    if let Some(simple) = simple_fraction(value) {
        return Some(simple);
    }
    // Integer bits of the value; the numerator gets NUMERATOR_BITS in all.
    let exponent = real::log2(value).floor() as i32 + 1;
    let shift_bits = (NUMERATOR_BITS - exponent).clamp(0, 63);
    let numerator = (value * 2f64.powi(shift_bits)).round();
    reduced(numerator as u64, 1_u64 << shift_bits)
}

/// The fraction that a positive float32 is: exact, as a float is an integer over (or times) a power
/// of two.
///
/// Nothing if it is not positive and finite, or a term needs more than 64 bits.
pub fn from_f32(value: f32) -> Option<Ratio> {
    if !(value.is_finite() && value > 0.0) {
        return None;
    }
    let bits = value.to_bits();
    let (biased, fraction) = (bits >> MANTISSA_BITS, bits & ((1 << MANTISSA_BITS) - 1));
    // A subnormal has no leading one and the exponent of the smallest normal number.
    let leading = u32::from(biased > 0) << MANTISSA_BITS;
    let exponent = biased.max(1).cast_signed() - EXPONENT_OF_ONE - MANTISSA_BITS.cast_signed();
    let mantissa = u64::from(leading | fraction);
    let zeros = mantissa.trailing_zeros();
    let (odd, exponent) = (mantissa >> zeros, exponent + zeros.cast_signed());
    let power = 1_u64.checked_shl(exponent.unsigned_abs())?;
    if exponent < 0 {
        return reduced(odd, power);
    }
    reduced(odd.checked_mul(power)?, 1)
}

/// The float nearest to a rational.
pub fn to_f64(ratio: Ratio) -> f64 {
    ratio.numerator as f64 / ratio.denominator as f64
}

/// Continued-fraction expansion up to [`MAX_SIMPLE_DENOMINATOR`].
fn simple_fraction(value: f64) -> Option<Ratio> {
    let (mut previous, mut current) = ((0_u64, 1_u64), (1_u64, 0_u64));
    let mut rest = value;
    loop {
        let whole = rest.floor();
        if !(0.0..1e12).contains(&whole) {
            return None;
        }
        let step = |a: u64, b: u64| (whole as u64).checked_mul(a)?.checked_add(b);
        let next = (step(current.0, previous.0)?, step(current.1, previous.1)?);
        if next.1 > MAX_SIMPLE_DENOMINATOR {
            return None;
        }
        let error = (next.0 as f64 / next.1 as f64 - value).abs();
        if next.0 > 0 && error <= value * SIMPLE_TOLERANCE {
            return reduced(next.0, next.1);
        }
        (previous, current) = (current, next);
        rest = 1.0 / (rest - whole);
    }
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(numerator: u64, denominator: u64) -> Option<Ratio> {
        Some(Ratio {
            numerator,
            denominator,
        })
    }

    #[test]
    fn scales_that_were_meant_are_found() {
        assert_eq!(from_f64(1.0), ratio(1, 1));
        assert_eq!(from_f64(16.0 / 255.0), ratio(16, 255));
        assert_eq!(from_f64(1.0 / 255.0), ratio(1, 255));
        assert_eq!(from_f64(0.05), ratio(1, 20));
        assert_eq!(from_f64(1.0 / 32768.0), ratio(1, 32768));
        assert_eq!(from_f64(1e9), ratio(1_000_000_000, 1));
    }

    #[test]
    fn other_scales_are_off_by_a_billionth_at_most() {
        for value in [
            std::f64::consts::PI * 1e-9,
            0.1234567891234,
            12345.678912345,
        ] {
            let ratio = from_f64(value).expect("in range");
            assert!(
                (to_f64(ratio) / value - 1.0).abs() <= 1e-9,
                "{value}: {ratio:?}"
            );
            assert_eq!(gcd(ratio.numerator, ratio.denominator), 1);
        }
    }

    #[test]
    fn what_is_not_positive_and_finite_has_no_ratio() {
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-300, 1e300] {
            assert_eq!(from_f64(value), None, "{value}");
        }
    }

    #[test]
    fn a_float32_is_taken_exactly() {
        assert_eq!(from_f32(1.0), ratio(1, 1));
        assert_eq!(from_f32(0.00390625), ratio(1, 256));
        assert_eq!(from_f32(3.5), ratio(7, 2));
        // The nearest float32 to 1/255 is not 1/255.
        assert_eq!(from_f32(1.0 / 255.0), ratio(8_421_505, 1 << 31));
        assert_eq!(from_f32(2f32.powi(-63)), ratio(1, 1 << 63));
        assert_eq!(from_f32(2f32.powi(63)), ratio(1 << 63, 1));
        let largest = 2f32.powi(64).next_down();
        assert_eq!(from_f32(largest), ratio(((1 << 24) - 1) << 40, 1));
        for value in [0.584_702_9_f32, 0.391_015_23, 1.5e-7, 12_345.678, 1e9] {
            let ratio = from_f32(value).expect("in range");
            assert_eq!(to_f64(ratio), f64::from(value), "{ratio:?}");
            assert_eq!(gcd(ratio.numerator, ratio.denominator), 1);
        }
        for value in [
            0.0,
            -1.0,
            f32::NAN,
            f32::INFINITY,
            2f32.powi(64),
            2f32.powi(-64),
            f32::from_bits(1),
            f32::MAX,
        ] {
            assert_eq!(from_f32(value), None, "{value:e}");
        }
    }

    #[test]
    fn decimals_and_fractions_are_read_exactly() {
        assert_eq!(parse("0.05"), ratio(1, 20));
        assert_eq!(parse("2"), ratio(2, 1));
        assert_eq!(parse("4/6"), ratio(2, 3));
        assert_eq!(parse(".5"), ratio(1, 2));
        for text in [
            "",
            ".",
            "-1",
            "0",
            "1/0",
            "1e-3",
            "a",
            "0.00000000000000000000001",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
