//! LOGICAL_LEFT_SHIFT on i8, i16 and i32.

use super::broadcast::Broadcast;
use crate::kernels::KernelResult;

macro_rules! logical_left_shift {
    ($name:ident, $element:ty) => {
        /// `out = a << b`, bits that leave the type dropped. Requires that every shift is at
        /// least 0 and less than the width of the type.
        #[inline(always)]
        pub fn $name(
            shape: &Broadcast,
            a: &[$element],
            b: &[$element],
            out: &mut [$element],
        ) -> KernelResult {
            shape.apply(a, b, out, |x, y| {
                let shift_bits = i32::from(y).cast_unsigned();
                (
                    (i32::from(x) << (shift_bits & 31)) as $element,
                    u32::from(shift_bits >= <$element>::BITS),
                )
            })
        }
    };
}

logical_left_shift!(logical_left_shift_i8, i8);
logical_left_shift!(logical_left_shift_i16, i16);
logical_left_shift!(logical_left_shift_i32, i32);
