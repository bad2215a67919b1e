//! Functions of 32-bit fixed-point numbers: a table of values at every 1/32 and two terms of Taylor's
//! series around the nearest of them, all in integers with 30 fraction bits.
//!
//! With `d` the distance to that point, at most 1/64, the rest of the series is below
//! `d^3 / 6 * max|f'''|`: 8e-8 for the logistic function, 2.5e-7 of the value for `2^-x`. Roundings add a few
//! 1e-9.

use super::{Emitted, Fixed, Lane, MAX_FRACTION_BITS};
use crate::{error::CompileError, real};
use fixpoint_runtime::model::format::ValueId;

/// Fraction bits of arguments: magnitudes below 32 fit.
const ARGUMENT_BITS: u32 = 26;
/// The tables' step is 2^-5.
const STEP_BITS: u32 = 5;
/// Fraction bits of results.
const RESULT_BITS: u32 = MAX_FRACTION_BITS;
const ONE: i64 = 1 << RESULT_BITS;
/// From here on the logistic function is 1 within 2e-7.
const LOGISTIC_END: i64 = 16;
/// From here on `e^-x` is 0 within 3e-9.
const SOFTMAX_END: i64 = 20;
/// From here on `2^-x` is 0 within 1e-9.
const POWER_END: i64 = 30;
/// Bits of a divisor for INTDIV: its quotient has as many.
const DIVISOR_BITS: u32 = 16;

impl Lane {
    /// A value that is not negative with another number of fraction bits, limited to `end`, an
    /// integer below 32.
    fn argument(&mut self, input: ValueId, fraction_bits: u32, end: i64) -> Emitted {
        let mut value = input;
        let limit = end << fraction_bits;
        // Where the limit does not fit, no element is above it.
        if limit <= i64::from(i32::MAX) {
            let limit = self.scalar(2, limit)?;
            value = self.minimum(value, limit)?;
        }
        let distance = fraction_bits.abs_diff(ARGUMENT_BITS);
        let distance_bits = self.scalar(2, i64::from(distance))?;
        match fraction_bits.cmp(&ARGUMENT_BITS) {
            std::cmp::Ordering::Equal => Ok(value),
            std::cmp::Ordering::Greater => self.shift_right(value, distance_bits, true),
            std::cmp::Ordering::Less => self.shift_left(value, distance_bits),
        }
    }

    /// The table's value at the step nearest to an argument in `0..=end`, and the distance to it.
    fn nearest(
        &mut self,
        argument: ValueId,
        len: usize,
        end: i64,
        function: impl Fn(f64) -> f64,
    ) -> Result<[ValueId; 2], CompileError> {
        let steps = end << STEP_BITS;
        let entry = |step: i64| {
            let value = function(step as f64 / f64::from(1 << STEP_BITS));
            (value * ONE as f64).round() as i64
        };
        let entries = (0..=steps).map(entry);
        let table = self.constant(&[1, steps as usize + 1, 1], entries)?;
        let bits = self.scalar(2, i64::from(ARGUMENT_BITS - STEP_BITS))?;
        let index = self.shift_right(argument, bits, true)?;
        let at = self.shift_left(index, bits)?;
        let distance = self.sub(argument, at)?;
        let found = self.gather(table, index)?;
        Ok([self.builder.reshape(found, &[1, len])?, distance])
    }

    /// `1 / (1 + e^-x)` with 30 fraction bits, to 1e-7.
    pub(crate) fn logistic(&mut self, input: Fixed) -> Result<Fixed, CompileError> {
        let magnitude = self.abs(input.value)?;
        let argument = self.argument(magnitude, input.fraction_bits, LOGISTIC_END)?;
        let sigmoid = |x: f64| 1.0 / (1.0 + real::exp(-x));
        let [at, distance] = self.nearest(argument, input.len, LOGISTIC_END, sigmoid)?;
        // s' = s (1 - s), s'' = s' (1 - 2 s).
        let one = self.scalar(2, ONE)?;
        let rest = self.sub(one, at)?;
        let slope = self.mul(at, rest, RESULT_BITS)?;
        let turn = self.sub(rest, at)?;
        let bend = self.mul(slope, turn, RESULT_BITS)?;
        let first = self.mul(distance, slope, ARGUMENT_BITS)?;
        let square = self.mul(distance, distance, ARGUMENT_BITS)?;
        let second = self.mul(square, bend, ARGUMENT_BITS + 1)?;
        let sum = self.add(at, first)?;
        let above = self.add(sum, second)?;
        // The function's other half is its mirror image.
        let below = self.sub(one, above)?;
        let zero = self.scalar(2, 0)?;
        let negative = self.greater(zero, input.value)?;
        Ok(Fixed {
            value: self.select(negative, below, above)?,
            fraction_bits: RESULT_BITS,
            bound: 1.0,
            ..input
        })
    }

    /// `e^x / sum(e^x)` with 30 fraction bits.
    pub(crate) fn softmax(&mut self, input: Fixed) -> Result<Fixed, CompileError> {
        // Differences must fit; half the resolution is far below what matters here.
        let widest = 2.0 * input.bound * 2f64.powi(input.fraction_bits.cast_signed());
        let input = if widest > f64::from(i32::MAX) && input.fraction_bits > 0 {
            self.halved(input)?
        } else {
            input
        };
        let highest = self.reduce_max(input.value, 1)?;
        let clipped = self.sub(highest, input.value)?;
        // log2(e) is above 1: distances beyond 20 are limited first, so that the product fits.
        let limited = self.argument(clipped, input.fraction_bits, SOFTMAX_END)?;
        let log2_e = self.scalar(
            2,
            (std::f64::consts::LOG2_E * (1 << 30) as f64).round() as i64,
        )?;
        let octaves = self.mul(limited, log2_e, 30)?;
        let spare_bits = real::log2(input.len as f64).ceil() as u32;
        let powers = self.negative_power_of_two(octaves, input.len, spare_bits)?;
        self.shares(powers, input.len)
    }

    /// Half the values, in the same units: one fraction bit less.
    fn halved(&mut self, input: Fixed) -> Result<Fixed, CompileError> {
        let one = self.scalar(2, 1)?;
        Ok(Fixed {
            value: self.shift_right(input.value, one, true)?,
            fraction_bits: input.fraction_bits - 1,
            ..input
        })
    }

    /// `2^-x` of arguments in `0..=30`, with 30 fraction bits less the spare ones.
    fn negative_power_of_two(&mut self, octaves: ValueId, len: usize, spare_bits: u32) -> Emitted {
        let end = self.scalar(2, POWER_END << ARGUMENT_BITS)?;
        let octaves = self.minimum(octaves, end)?;
        let bits = self.scalar(2, i64::from(ARGUMENT_BITS))?;
        let whole = self.shift_right(octaves, bits, false)?;
        let taken = self.shift_left(whole, bits)?;
        let fraction = self.sub(octaves, taken)?;
        let [at, distance] = self.nearest(fraction, len, 1, |x| real::exp2(-x))?;
        // 2^-(a + d) = 2^-a (1 - d ln 2 + (d ln 2)^2 / 2).
        let ln_2 = self.scalar(2, (std::f64::consts::LN_2 * ONE as f64).round() as i64)?;
        let scaled = self.mul(distance, ln_2, RESULT_BITS)?;
        let first = self.mul(scaled, at, ARGUMENT_BITS)?;
        let square = self.mul(scaled, scaled, ARGUMENT_BITS)?;
        let second = self.mul(square, at, ARGUMENT_BITS + 1)?;
        let less = self.sub(at, first)?;
        let power = self.add(less, second)?;
        let spare = self.scalar(2, i64::from(spare_bits))?;
        let most = self.scalar(2, 31)?;
        let places = self.add(whole, spare)?;
        let places = self.minimum(places, most)?;
        self.shift_right(power, places, true)
    }

    /// `x / sum(x)` with 30 fraction bits, of elements that are not negative and whose sum is
    /// positive and fits.
    pub(crate) fn shares(&mut self, value: ValueId, len: usize) -> Result<Fixed, CompileError> {
        let sum = self.reduce_sum(value, 1)?;
        // The sum, shifted left until it has 31 bits: between 1 and 2 with 30 fraction bits.
        let zeros = self.clz(sum)?;
        let one = self.scalar(2, 1)?;
        let places = self.sub(zeros, one)?;
        let mantissa = self.shift_left(sum, places)?;
        let reciprocal = self.reciprocal(mantissa, 2)?;
        let raised = self.shift_left(value, places)?;
        Ok(Fixed {
            value: self.mul(raised, reciprocal, RESULT_BITS)?,
            len,
            fraction_bits: RESULT_BITS,
            bound: 1.0,
        })
    }

    /// `2^60 / m` of integers of 31 bits, to 3e-9 of it: between 2^29 and 2^30.
    pub(super) fn reciprocal(&mut self, mantissa: ValueId, rank: usize) -> Emitted {
        let drop = self.scalar(rank, i64::from(31 - DIVISOR_BITS))?;
        let divisor = self.shift_right(mantissa, drop, false)?;
        let largest = self.scalar(rank, i64::from(i32::MAX))?;
        let quotient = self.divide(largest, divisor)?;
        let raise = self.scalar(rank, i64::from(RESULT_BITS - DIVISOR_BITS))?;
        let rough = self.shift_left(quotient, raise)?;
        // One Newton step: r + r (1 - m r).
        let product = self.mul(mantissa, rough, RESULT_BITS)?;
        let unit = self.scalar(rank, ONE)?;
        let error = self.sub(unit, product)?;
        let correction = self.mul(rough, error, RESULT_BITS)?;
        self.add(rough, correction)
    }
}
