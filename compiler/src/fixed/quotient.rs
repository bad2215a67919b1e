//! Quotients, roots, powers of two and logarithms, whatever the magnitude of what they are of: CLZ brings
//! it to 31 bits, and the shift comes back in the end.

use super::{Lane, piecewise::Pieces};
use crate::{CompileError, real};
use fixpoint_runtime::model::format::ValueId;

/// Fraction bits of a power of two between 1 and 2.
const POWER_BITS: i32 = 29;
/// Fraction bits of what is normalised to 1 .. 2, and to 1 .. 4.
const MANTISSA_BITS: i32 = 30;
const EVEN_MANTISSA_BITS: i32 = 29;
/// Largest shift of 32 bits.
const MAX_SHIFT: i64 = 31;
/// Fraction bits of a quotient of two mantissas.
const QUOTIENT_BITS: i32 = 29;

/// A function's values, and the fraction bits that they have.
type Computed = Result<(ValueId, i32), CompileError>;

/// Why a function has no cubics.
fn no_pieces() -> CompileError {
    CompileError::ScaleFactor {
        factor: f64::INFINITY,
    }
}

impl Lane {
    /// A positive value shifted left until it has 31 bits, and the shift.
    pub(crate) fn normalised(
        &mut self,
        value: ValueId,
        rank: usize,
    ) -> Result<[ValueId; 2], CompileError> {
        let zeros = self.clz(value)?;
        let one = self.scalar(rank, 1)?;
        let places = self.sub(zeros, one)?;
        Ok([self.shift_left(value, places)?, places])
    }

    /// `a / b` with this rank, broadcast: integers, and what a unit of them stands for in units of `a` over
    /// units of `b`. A quotient above `bound` may fail the call, one of 2^31 units does. A divisor of 0
    /// counts as one unit.
    pub(crate) fn quotient(
        &mut self,
        [a, b]: [ValueId; 2],
        rank: usize,
        bound: f64,
    ) -> Result<(ValueId, f64), CompileError> {
        let (zero, one) = (self.scalar(rank, 0)?, self.scalar(rank, 1)?);
        let magnitude = self.abs(b)?;
        let magnitude = self.maximum(magnitude, one)?;
        let [mantissa, places] = self.normalised(magnitude, rank)?;
        let reciprocal = self.reciprocal(mantissa, rank)?;
        let negative = self.greater(zero, b)?;
        let minus = self.sub(zero, reciprocal)?;
        let reciprocal = self.select(negative, minus, reciprocal)?;
        let size = self.abs(a)?;
        let zeros = self.clz(size)?;
        let places_a = self.sub(zeros, one)?;
        let raised = self.shift_left(a, places_a)?;
        // a / b = quotient * 2^(places - places_a - 29), the quotient between 2^28 and 2^30.
        let quotient = self.mul(raised, reciprocal, 31)?;
        let top = real::log2(bound).floor() as i32 + 1;
        let distance = self.sub(places, places_a)?;
        // 2^(distance - top + 30), doubled so that what is too large fails: ADD is checked.
        let offset = self.scalar(rank, i64::from(QUOTIENT_BITS - top))?;
        let power = self.add(distance, offset)?;
        let power = self.maximum(power, zero)?;
        let half = self.shift_left(one, power)?;
        let factor = self.add(half, half)?;
        let value = self.mul(quotient, factor, QUOTIENT_BITS.cast_unsigned())?;
        Ok((value, 2f64.powi(top - MANTISSA_BITS)))
    }

    /// `2^x` of `[1, len]` with `fraction_bits`: integers with the second value's fraction bits, as many
    /// as results up to `bound` allow. What reaches twice the bound fails the call.
    pub(crate) fn power_of_two(
        &mut self,
        value: ValueId,
        len: usize,
        fraction_bits: u32,
        bound: f64,
    ) -> Computed {
        let top = real::log2(bound).floor() as i32;
        let bits = self.scalar(2, i64::from(fraction_bits))?;
        let whole = self.shift_right(value, bits, false)?;
        let taken = self.shift_left(whole, bits)?;
        let fraction = self.sub(value, taken)?;
        let last = 1.0 - 2f64.powi(-fraction_bits.cast_signed());
        let pieces = Pieces::fit(
            &real::exp2,
            [0.0, last],
            fraction_bits.cast_signed(),
            POWER_BITS,
        );
        let pieces = pieces.ok_or_else(no_pieces)?;
        let power = self.piecewise(fraction, len, &pieces)?;
        let top_value = self.scalar(2, i64::from(top))?;
        // A power above the top would be a negative shift, which fails.
        let places = self.sub(top_value, whole)?;
        let most = self.scalar(2, MAX_SHIFT)?;
        let places = self.minimum(places, most)?;
        Ok((self.shift_right(power, places, true)?, pieces.bits - top))
    }

    /// Natural logarithm of `[1, len]` integers plus an offset, with `bits` fraction bits; 0 and below
    /// count as 1. A result that does not fit fails the call.
    pub(crate) fn logarithm(
        &mut self,
        value: ValueId,
        len: usize,
        offset: f64,
        bits: i32,
    ) -> Computed {
        let one = self.scalar(2, 1)?;
        let positive = self.maximum(value, one)?;
        let [mantissa, places] = self.normalised(positive, 2)?;
        // ln(x) + offset = ln(mantissa) + rest + (octaves - taken) ln(2), of similar size as the sum.
        let taken = (-offset / std::f64::consts::LN_2).round();
        let rest = offset + taken * std::f64::consts::LN_2;
        let last = 2.0 - 2f64.powi(-MANTISSA_BITS);
        let function = |x: f64| real::ln(x) + rest;
        let pieces = Pieces::fit(&function, [1.0, last], MANTISSA_BITS, bits);
        let pieces = pieces.ok_or_else(no_pieces)?;
        let of_mantissa = self.piecewise(mantissa, len, &pieces)?;
        let most = self.scalar(2, i64::from(MANTISSA_BITS) - taken as i64)?;
        let octaves = self.sub(most, places)?;
        // ln(2) with as many bits as fit, beyond those of the result.
        let more_bits = (MANTISSA_BITS - pieces.bits).max(1);
        let unit = 2f64.powi(pieces.bits + more_bits);
        let octave = self.scalar(2, (std::f64::consts::LN_2 * unit).round() as i64)?;
        let of_octaves = self.mul(octaves, octave, more_bits.cast_unsigned())?;
        Ok((self.add(of_mantissa, of_octaves)?, pieces.bits))
    }

    /// Square root of `[1, len]` integers, and its fraction bits; 0 below 0.
    pub(crate) fn root(&mut self, value: ValueId, len: usize) -> Computed {
        let (zero, one) = (self.scalar(2, 0)?, self.scalar(2, 1)?);
        let positive = self.maximum(value, one)?;
        let zeros = self.clz(positive)?;
        let free = self.sub(zeros, one)?;
        let half = self.shift_right(free, one, false)?;
        let even = self.shift_left(half, one)?;
        let mantissa = self.shift_left(positive, even)?;
        let last = 4.0 - 2f64.powi(-EVEN_MANTISSA_BITS);
        let root = |x: f64| x.max(0.0).sqrt();
        let pieces = Pieces::fit(&root, [1.0, last], EVEN_MANTISSA_BITS, EVEN_MANTISSA_BITS);
        let pieces = pieces.ok_or_else(no_pieces)?;
        let of_mantissa = self.piecewise(mantissa, len, &pieces)?;
        let shifted = self.shift_right(of_mantissa, half, true)?;
        let is_positive = self.greater(value, zero)?;
        let value = self.select(is_positive, shifted, zero)?;
        // sqrt(2^29 m) = 2^14.5 sqrt(m).
        Ok((value, pieces.bits))
    }
}

/// What a unit of the mantissa under a root is worth: `sqrt(2^29)`, to be divided by the root's own unit.
pub(crate) const ROOT_UNIT: f64 = 23_170.475_005_920_79;
