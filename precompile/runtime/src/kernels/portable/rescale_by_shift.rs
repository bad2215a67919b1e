//! RESCALE by a power of two: what widens, narrows and aligns elements, and half of the passes of a layer
//! norm. It is a shift.

use super::rescale_elements::{RescaleInput, RescaleOutput};
use crate::kernels::dispatch::Kernel;
use crate::kernels::{KernelResult, require, require_shape};

/// A scale that is a power of two, rounded once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shift {
    /// Bits to the left, 0 to 28.
    left_bits: u32,
    /// Bits to the right, 0 to 31; one of the two is 0.
    right_bits: u32,
    /// The largest value allowed; the smallest is one less than its negative.
    largest: i32,
}

impl Shift {
    /// Of a 32-bit multiplier and the right shift of its products; `None` if the scale is no power of two
    /// or too small.
    pub(crate) fn new(multiplier: i32, shift_bits: u8) -> Option<Self> {
        let is_power = multiplier > 0 && multiplier & (multiplier - 1) == 0;
        if !is_power || !(2..=62).contains(&shift_bits) {
            return None;
        }
        let (up, down) = (multiplier.trailing_zeros(), u32::from(shift_bits));
        let right_bits = down.saturating_sub(up);
        (right_bits <= 31).then_some(Self {
            left_bits: up.saturating_sub(down),
            right_bits,
            largest: ((1_i64 << (down - 1)) - 1).min(i64::from(i32::MAX)) as i32,
        })
    }
}

/// A RESCALE by [`Shift`] of elements of at most 32 bits.
pub(crate) struct ShiftCall<'a, I, O> {
    pub(crate) shift: Shift,
    /// Subtracted from the input; 0 of 32 bits.
    pub(crate) input_zero_point: i32,
    /// Added to the scaled value.
    pub(crate) zero_point: i32,
    /// Smallest and largest output.
    pub(crate) range: (i32, i32),
    pub(crate) x: &'a [I],
    pub(crate) out: &'a mut [O],
}

impl<I: RescaleInput, O: RescaleOutput> Kernel for ShiftCall<'_, I, O> {
    type Output = KernelResult;

    /// Requires that every value is in the range that the shift allows: what it comes to, and that plus a
    /// zero point of 16 bits, is then in i32, as the multiplier is at most 2^30.
    #[inline(always)]
    fn run(self) -> KernelResult {
        let Self {
            shift,
            input_zero_point,
            zero_point,
            range: (low, high),
            ..
        } = self;
        require_shape(self.x.len() == self.out.len())?;
        let mut outside = 0;
        let value = |x: I| (x.widen() as i32).wrapping_sub(input_zero_point);
        let finish = |scaled: i32| O::truncate(scaled.wrapping_add(zero_point).max(low).min(high));
        // For a negative value, its complement is how far it is below -1.
        let beyond = |value: i32| shift.largest.wrapping_sub(value ^ (value >> 31));
        if let Some(half_bits) = shift.right_bits.checked_sub(1) {
            for (out, &x) in self.out.iter_mut().zip(self.x) {
                let value = value(x);
                outside |= beyond(value);
                // The last bit shifted out rounds.
                *out = finish(((value >> half_bits) >> 1) + ((value >> half_bits) & 1));
            }
        } else {
            for (out, &x) in self.out.iter_mut().zip(self.x) {
                let value = value(x);
                outside |= beyond(value);
                *out = finish(value << shift.left_bits);
            }
        }
        require(outside >= 0)
    }
}
