//! Softmax in integers: `e^(x - max)` by TABLE, the row's sum, its reciprocal by CLZ and TABLE.
//!
//! Every step is exact or an error far below one step of the output. With a row of length `n`:
//!
//! 1. `d = x - max(x)`, never positive, so nothing overflows;
//! 2. exponentials with 22 bits for `d = 0`. 8-bit inputs have 256 differences: one table entry
//!    each. 16-bit inputs: `d` in units of `2^-16` octaves, integer part as a shift, fraction by an
//!    interpolated table of `2^f`;
//! 3. the sum, shifted left until it has 31 bits: `m`; `1 / m` by an interpolated table;
//! 4. each exponential shifted left by the same, times the reciprocal.

use super::{
    Layout, Lowerer, Output,
    emit::{Emitted, Retype},
};
use crate::{ir::Node, quantise::Quant, real};
use fixpoint_runtime::{model::format::ValueId, tensor::DType};

/// Table entry for `e^0` (and for `1 / 1`): just below the largest, so that none saturates.
const TABLE_ONE: f64 = 32766.0;
/// Rows longer than this have their exponentials shortened so that the sum has at most 30 bits.
const LONGEST_FULL_ROW: usize = 256;
/// Fraction bits of the quotient before it is brought into the output's scale.
const QUOTIENT_BITS: i32 = 24;
/// Zero point at which the largest shift, -31, is the smallest 8-bit element.
const SHIFT_ZERO_POINT: i32 = -97;

impl Lowerer<'_> {
    pub(super) fn softmax(&mut self, node: &Node, axis: usize) -> Output {
        let value = node.inputs[0];
        let shape = self.shape(value).to_vec();
        let mut to_last: Vec<usize> = (0..shape.len()).filter(|&other| other != axis).collect();
        to_last.push(axis);
        let moved_shape: Vec<usize> = to_last.iter().map(|&axis| shape[axis]).collect();
        let plain = self.plain(value)?;
        let moved = self.builder.transpose(plain, &shape, &to_last)?;
        let length = shape[axis];
        let rows = shape.iter().product::<usize>() / length;
        let matrix = self.builder.reshape(moved, &[rows, length])?;
        let (input, output) = (self.quant(value).clone(), self.quant(node.output).clone());
        let highest = self.reduce_max(matrix, 1)?;
        let wide = self.rescale(matrix, Retype::widen(0), 1.0)?;
        let highest = self.rescale(highest, Retype::widen(0), 1.0)?;
        let below = self.sub(wide, highest)?;
        let exponentials = if input.dtype == DType::I8 {
            self.exponentials_i8(below, &input)?
        } else {
            self.exponentials_i16(below, &input)?
        };
        let quotient = self.shares(exponentials, length)?;
        let retype = Retype {
            to: output.dtype,
            from_zero_point: 0,
            to_zero_point: output.zero_point,
        };
        let one = TABLE_ONE / 32768.0 * 2f64.powi(QUOTIENT_BITS);
        let result = self.rescale(quotient, retype, 1.0 / (one * output.scale()))?;
        let result = self.builder.reshape(result, &moved_shape)?;
        let mut back = vec![0; shape.len()];
        for (position, &axis) in to_last.iter().enumerate() {
            back[axis] = position;
        }
        Ok((
            Layout::Plain,
            self.builder.transpose(result, &moved_shape, &back)?,
        ))
    }

    /// `e^(below * scale)` for -255 ..= 0: the table's points are 128 apart.
    fn exponentials_i8(&mut self, below: ValueId, input: &Quant) -> Emitted {
        let retype = Retype {
            to: DType::I16,
            from_zero_point: 0,
            to_zero_point: 0,
        };
        let index = self.rescale(below, retype, 128.0)?;
        self.table16(index, |position| {
            let difference = (position - 0.5) * 512.0;
            TABLE_ONE * real::exp(difference.min(0.0) * input.scale())
        })
    }

    /// `e^(below * scale)` as `2^n * 2^f`.
    fn exponentials_i16(&mut self, below: ValueId, input: &Quant) -> Emitted {
        let octaves = input.scale() * std::f64::consts::LOG2_E * 65536.0;
        let position = self.rescale(below, Retype::widen(0), octaves)?;
        let sixteen = self.scalar(16, 2)?;
        let whole = self.shift_right(position, sixteen, false)?;
        let floor = self.shift_left(whole, sixteen)?;
        let fraction = self.sub(position, floor)?;
        let half = self.scalar(32768, 2)?;
        let centred = self.sub(fraction, half)?;
        let index = self.cast(centred, DType::I16)?;
        let power = self.table16(index, |fraction| TABLE_ONE / 2.0 * real::exp2(fraction))?;
        // Shifts stop at 31: an 8-bit element saturates there.
        let retype = Retype {
            to: DType::I8,
            from_zero_point: 0,
            to_zero_point: SHIFT_ZERO_POINT,
        };
        let limited = self.rescale(whole, retype, 1.0)?;
        let limited = self.rescale(limited, Retype::widen(SHIFT_ZERO_POINT), 1.0)?;
        let zero = self.scalar(0, 2)?;
        let shift = self.sub(zero, limited)?;
        self.shift_right(power, shift, true)
    }

    /// Each element divided by its row's sum, with [`QUOTIENT_BITS`] fraction bits.
    fn shares(&mut self, exponentials: ValueId, length: usize) -> Emitted {
        let mut exponentials = exponentials;
        if length > LONGEST_FULL_ROW {
            let excess = length
                .div_ceil(LONGEST_FULL_ROW)
                .next_power_of_two()
                .trailing_zeros();
            let excess = self.scalar(i64::from(excess), 2)?;
            exponentials = self.shift_right(exponentials, excess, true)?;
        }
        let sum = self.reduce_sum(exponentials, 1)?;
        let leading = self.clz(sum)?;
        let one = self.scalar(1, 2)?;
        let shift = self.sub(leading, one)?;
        let mantissa = self.shift_left(sum, shift)?;
        // 2^30 .. 2^31 to the 16 bits of a table index.
        let fourteen = self.scalar(14, 2)?;
        let top = self.shift_right(mantissa, fourteen, false)?;
        let middle = self.scalar(3 << 15, 2)?;
        let centred = self.sub(top, middle)?;
        let index = self.cast(centred, DType::I16)?;
        let reciprocal = self.table16(index, |fraction| TABLE_ONE / (1.0 + fraction))?;
        let shifted = self.shift_left(exponentials, shift)?;
        self.mul(shifted, reciprocal, (52 - QUOTIENT_BITS) as u8)
    }
}
