//! Rows divided by their root mean square.
//!
//! Each row is shifted until its largest magnitude has 31 bits, so that rows of any magnitude are
//! as exact; the shift cancels, but for epsilon, which is shifted by twice as much. Squares of the
//! upper 16 bits are summed in 48 bits; the reciprocal square root comes from CLZ (an even number
//! of bits) and an interpolated table over 1 .. 4.

use super::{
    Layout, Lowerer, Output,
    emit::{Emitted, Retype},
};
use crate::{
    ir::{Node, Normalise},
    multiplier::Multiplier,
    real,
};
use fixpoint_runtime::{model::format::ValueId, tensor::DType};

/// Fraction bits that elements get before the mean is taken away.
const FINE_BITS: i32 = 8;
/// Table entry for `1 / sqrt(1)`.
const TABLE_ONE: f64 = 32766.0;
/// Bits of the product that the reciprocal root's 22 bits are dropped with.
const PRODUCT_SHIFT: u8 = 22;

impl Lowerer<'_> {
    pub(super) fn normalise(&mut self, node: &Node, normalise: Normalise) -> Output {
        let value = node.inputs[0];
        let shape = self.shape(value).to_vec();
        let (input, output) = (self.quant(value).clone(), self.quant(node.output).clone());
        let length = shape.last().copied().unwrap_or(1);
        let rows = shape.iter().product::<usize>() / length;
        let plain = self.plain(value)?;
        let matrix = self.builder.reshape(plain, &[rows, length])?;
        let fine = self.rescale(
            matrix,
            Retype::widen(input.zero_point),
            2f64.powi(FINE_BITS),
        )?;
        let centred = if normalise.centre {
            let elements = self.rescale(matrix, Retype::widen(input.zero_point), 1.0)?;
            let sum = self.reduce_sum(elements, 1)?;
            let share = 2f64.powi(FINE_BITS) / length as f64;
            let mean = self.rescale(sum, Retype::widen(0), share)?;
            self.sub(fine, mean)?
        } else {
            fine
        };
        let [zero, one] = [0, 1].map(|value| self.scalar(value, 2));
        let (zero, one) = (zero?, one?);
        let magnitudes = self.abs(centred)?;
        let largest = self.reduce_max(magnitudes, 1)?;
        let largest = self.maximum(largest, one)?;
        let leading = self.clz(largest)?;
        let shift = self.sub(leading, one)?;
        let scaled = self.shift_left(centred, shift)?;
        let sum_bits = length.next_power_of_two().trailing_zeros() as i32;
        let mut squares = self.squares(scaled, rows, length, sum_bits)?;
        // Epsilon in the sum's unit: epsilon0 * 2^(2 shift).
        let unit = input.scale() * 2f64.powi(16 - FINE_BITS);
        let epsilon = normalise.epsilon * length as f64 / 2f64.powi(sum_bits) / (unit * unit);
        if epsilon > 2f64.powi(-60) {
            let epsilon = self.shifted_epsilon(epsilon, shift)?;
            squares = self.add(squares, epsilon)?;
        }
        let squares = self.maximum(squares, one)?;
        let (root, half) = self.reciprocal_root(squares)?;
        let product = self.mul(scaled, root, PRODUCT_SHIFT)?;
        let headroom = (sum_bits + 4) / 2;
        let back = self.scalar(i64::from(headroom), 2)?;
        let back = self.sub(back, half)?;
        let back = self.maximum(back, zero)?;
        let result = self.shift_right(product, back, true)?;
        // scaled * root * 2^half, in units of 2^-16 * sqrt(length / 2^sum_bits) * 2^-14.5.
        let exponent = f64::from(headroom) + f64::from(PRODUCT_SHIFT) - 16.0 - 14.5;
        let spread = (length as f64 / 2f64.powi(sum_bits)).sqrt();
        let real = spread * real::exp2(exponent) / (TABLE_ONE * 128.0);
        let narrow = self.narrowed(result, real, &output)?;
        Ok((Layout::Plain, self.builder.reshape(narrow, &shape)?))
    }

    /// Each row's sum of squares of its upper 16 bits, over `2^sum_bits`.
    fn squares(&mut self, scaled: ValueId, rows: usize, length: usize, sum_bits: i32) -> Emitted {
        let retype = |to| Retype {
            to,
            from_zero_point: 0,
            to_zero_point: 0,
        };
        let upper = self.rescale(scaled, retype(DType::I16), 2f64.powi(-16))?;
        let lying = self.builder.reshape(upper, &[rows, 1, length])?;
        let standing = self.builder.reshape(upper, &[rows, length, 1])?;
        let sums = self.matmul_of(lying, standing, [0, 0])?;
        let share = Multiplier::narrow(2f64.powi(-sum_bits));
        let share = share.ok_or_else(|| super::emit::scale_out_of_range(2f64.powi(-sum_bits)))?;
        let sums = self.rescale_by(sums, retype(DType::I32), &[share], false)?;
        self.builder.reshape(sums, &[rows, 1])
    }

    /// `epsilon * 2^(2 shift)`, at most 2^30.
    fn shifted_epsilon(&mut self, epsilon: f64, shift: ValueId) -> Emitted {
        // epsilon = mantissa * 2^-places with a mantissa of 30 bits.
        let places = 29 - real::log2(epsilon).floor() as i32;
        let mantissa = (epsilon * 2f64.powi(places)).round().min(2f64.powi(30)) as i64;
        let one = self.scalar(1, 2)?;
        let twice = self.shift_left(shift, one)?;
        let places = self.scalar(i64::from(places), 2)?;
        let right = self.sub(places, twice)?;
        let [zero, most] = [0, 31].map(|value| self.scalar(value, 2));
        let right = self.maximum(right, zero?)?;
        let right = self.minimum(right, most?)?;
        let mantissa = self.scalar(mantissa, 2)?;
        self.shift_right(mantissa, right, true)
    }

    /// `TABLE_ONE * 128 / sqrt(n / 2^29)` for `n = squares * 2^(2 half)` in 2^29 .. 2^31, and half.
    fn reciprocal_root(
        &mut self,
        squares: ValueId,
    ) -> Result<(ValueId, ValueId), crate::CompileError> {
        let one = self.scalar(1, 2)?;
        let leading = self.clz(squares)?;
        let free = self.sub(leading, one)?;
        let half = self.shift_right(free, one, false)?;
        let even = self.shift_left(half, one)?;
        let mantissa = self.shift_left(squares, even)?;
        let fifteen = self.scalar(15, 2)?;
        let top = self.shift_right(mantissa, fifteen, false)?;
        let middle = self.scalar(40_960, 2)?;
        let centred = self.sub(top, middle)?;
        let index = self.cast(centred, DType::I16)?;
        let root = self.table16(index, |position| {
            let top = position * 65536.0 - 32768.0 + 40_960.0;
            TABLE_ONE / (top / 16384.0).max(1.0).sqrt()
        })?;
        Ok((root, half))
    }
}
