//! ARITHMETIC_RIGHT_SHIFT on i8, i16 and i32.

use super::broadcast::Broadcast;
use crate::kernels::KernelResult;

macro_rules! arithmetic_right_shift {
    ($name:ident, $element:ty) => {
        /// `out = a >> b`, rounded half up if `round`, else down. Requires that every shift is at
        /// least 0 and less than the width of the type.
        #[inline(always)]
        pub fn $name(
            shape: &Broadcast,
            a: &[$element],
            b: &[$element],
            round: bool,
            out: &mut [$element],
        ) -> KernelResult {
            const WIDTH_BITS: u32 = <$element>::BITS;
            shape.apply(a, b, out, |x, y| {
                let shift_bits = i32::from(y).cast_unsigned();
                let x = i32::from(x);
                let down = x >> (shift_bits & 31);
                // The last bit shifted out; with no shift there is none.
                let half = (x >> (shift_bits.wrapping_sub(1) & 31)) & 1;
                let up = half & i32::from(round && shift_bits != 0);
                ((down + up) as $element, u32::from(shift_bits >= WIDTH_BITS))
            })
        }
    };
}

arithmetic_right_shift!(arithmetic_right_shift_i8, i8);
arithmetic_right_shift!(arithmetic_right_shift_i16, i16);
arithmetic_right_shift!(arithmetic_right_shift_i32, i32);
