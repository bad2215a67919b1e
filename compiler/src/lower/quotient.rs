//! Quotients of two computed tensors.
//!
//! The divisor's magnitude is shifted left until it has 31 bits, `1 / m` comes from an interpolated
//! table, and the product is shifted by as much as the divisor was. What is lost is a relative
//! error of about 2^-17, whatever the divisor's magnitude. A divisor of 0 counts as one step of its
//! scale; the quotient then saturates, as it does in the range of 16 bits.

use super::{Lowerer, Output, emit::Retype};
use crate::{
    ir::{Comparison, Node},
    real,
};
use fixpoint_runtime::tensor::DType;

/// Table entry for `1 / 1`.
const TABLE_ONE: f64 = 32766.0;
/// Most bits that the quotient keeps beyond those of its largest value.
const MAX_EXTRA_BITS: i32 = 10;

impl Lowerer<'_> {
    pub(super) fn quotient(&mut self, node: &Node) -> Output {
        let (layout, numbers) = self.aligned(node)?;
        let quants = [0, 1].map(|index| self.quant(node.inputs[index]).clone());
        let output = self.quant(node.output).clone();
        let rank = self.shape(node.output).len();
        let a = self.rescale(numbers[0], Retype::widen(quants[0].zero_point), 1.0)?;
        let b = self.rescale(numbers[1], Retype::widen(quants[1].zero_point), 1.0)?;
        let [zero, one] = [0, 1].map(|value| self.scalar(value, rank));
        let (zero, one) = (zero?, one?);
        let negative = self.compared(Comparison::Greater, zero, b)?;
        let minus = self.sub(zero, a)?;
        let dividend = self.select(negative, minus, a)?;
        let magnitude = self.abs(b)?;
        let magnitude = self.maximum(magnitude, one)?;
        let leading = self.clz(magnitude)?;
        let shift = self.sub(leading, one)?;
        let mantissa = self.shift_left(magnitude, shift)?;
        // 2^30 .. 2^31 to the 16 bits of a table index.
        let fourteen = self.scalar(14, rank)?;
        let top = self.shift_right(mantissa, fourteen, false)?;
        let middle = self.scalar(3 << 15, rank)?;
        let centred = self.sub(top, middle)?;
        let index = self.cast(centred, DType::I16)?;
        let reciprocal = self.table16(index, |fraction| TABLE_ONE / (1.0 + fraction))?;
        // dividend / divisor * TABLE_ONE * 2^(30 - shift)
        let product = self.mul(dividend, reciprocal, 7)?;
        let largest = output.range.magnitude().max(output.scale()) * 1.5;
        let elements = largest * quants[1].scale() / quants[0].scale();
        let extra = (14.0 - real::log2(elements).ceil()) as i32;
        let extra = extra.clamp(0, MAX_EXTRA_BITS);
        let bits = self.scalar(i64::from(30 - extra), rank)?;
        let right = self.sub(bits, shift)?;
        let scaled = if extra == 0 {
            self.shift_right(product, right, true)?
        } else {
            // Small divisors: to the left, after what would not fit has been cut.
            let left = self.sub(zero, right)?;
            let left = self.maximum(left, zero)?;
            let right = self.maximum(right, zero)?;
            let limit = self.scalar(1 << 30, rank)?;
            let limit = self.shift_right(limit, left, false)?;
            let lowest = self.sub(zero, limit)?;
            let cut = self.minimum(product, limit)?;
            let cut = self.maximum(cut, lowest)?;
            let narrow = self.shift_right(cut, right, true)?;
            self.shift_left(narrow, left)?
        };
        let unit = quants[0].scale() / (quants[1].scale() * TABLE_ONE * 2f64.powi(extra));
        Ok((layout, self.narrowed(scaled, unit, &output)?))
    }
}
