//! Real numbers to and from WAD words (signed 18-decimal fixed point), for files and screens.
//!
//! Binary floating point is exact up to here: a float's own value is what is rounded, once.

use alloy_primitives::{I256, U256};

/// 10^18.
const WAD: u64 = 1_000_000_000_000_000_000;

/// The WAD nearest to the exact value of `value`, halves up. `None` for NaN, infinities and what
/// does not fit.
pub fn wad_from_f64(value: f64) -> Option<I256> {
    if !value.is_finite() {
        return None;
    }
    let bits = value.to_bits();
    let exponent_bits = ((bits >> 52) & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) = match exponent_bits {
        0 => (fraction, -1074),
        biased => (fraction | (1 << 52), biased - 1075),
    };
    // Below 2^113, so a left shift of up to 142 bits stays below 2^255.
    let scaled = U256::from(mantissa) * U256::from(WAD);
    let negative = value.is_sign_negative();
    let magnitude = if exponent >= 0 {
        if exponent > 142 {
            return None;
        }
        scaled << exponent as usize
    } else {
        round_shift_right(scaled, exponent.unsigned_abs() as usize, negative)
    };
    let magnitude = I256::try_from(magnitude).ok()?;
    Some(if negative { -magnitude } else { magnitude })
}

/// `value / 2^shift_bits` to the nearest integer; a half goes toward +infinity of the signed value.
fn round_shift_right(value: U256, shift_bits: usize, negative: bool) -> U256 {
    if shift_bits > 255 {
        return U256::ZERO;
    }
    let half = U256::ONE << (shift_bits - 1);
    let bias = if negative { half - U256::ONE } else { half };
    (value + bias) >> shift_bits
}

/// The float nearest to a WAD, within an ulp: for people, never for comparing.
pub fn wad_to_f64(word: I256) -> f64 {
    let (sign, magnitude) = word.into_sign_and_abs();
    let whole = magnitude / U256::from(WAD);
    let rest = magnitude % U256::from(WAD);
    let value = f64::from(whole) + rest.to::<u64>() as f64 / WAD as f64;
    if sign.is_negative() { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_become_the_nearest_wad() {
        let cases: [(f64, &str); 7] = [
            (1.0, "1000000000000000000"),
            (-2.5, "-2500000000000000000"),
            (0.1, "100000000000000006"),
            (16.0, "16000000000000000000"),
            (1e-18, "1"),
            (1e-20, "0"),
            (5e-324, "0"),
        ];
        for (value, wad) in cases {
            assert_eq!(wad_from_f64(value), Some(wad.parse().unwrap()), "{value}");
        }
    }

    #[test]
    fn a_half_goes_up() {
        // 2^-19 * 10^18 = 1907348632812.5 exactly.
        let half = (0.5f64).powi(19);
        assert_eq!(wad_from_f64(half), Some("1907348632813".parse().unwrap()));
        assert_eq!(wad_from_f64(-half), Some("-1907348632812".parse().unwrap()));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for value in [f64::NAN, f64::INFINITY, 1e300, -1e300] {
            assert_eq!(wad_from_f64(value), None);
        }
        assert!(wad_from_f64(5e58).is_some());
    }

    #[test]
    fn words_read_back() {
        for value in [0.0, 1.5, -3.25, 1234567.875] {
            assert_eq!(wad_to_f64(wad_from_f64(value).unwrap()), value);
        }
    }
}
