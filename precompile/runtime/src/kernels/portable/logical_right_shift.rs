//! LOGICAL_RIGHT_SHIFT on i8, i16 and i32.

use super::broadcast::Broadcast;
use crate::kernels::KernelResult;

macro_rules! logical_right_shift {
    ($name:ident, $element:ty) => {
        /// `out = a >> b` within the width of the type, zeros shifted in. Requires that every shift
        /// is at least 0 and less than that width.
        #[inline(always)]
        pub fn $name(
            shape: &Broadcast,
            a: &[$element],
            b: &[$element],
            out: &mut [$element],
        ) -> KernelResult {
            shape.apply(a, b, out, |x, y| {
                let shift_bits = i32::from(y).cast_unsigned();
                let x = u32::from(x.cast_unsigned());
                (
                    (x >> (shift_bits & 31)) as $element,
                    u32::from(shift_bits >= <$element>::BITS),
                )
            })
        }
    };
}

logical_right_shift!(logical_right_shift_i8, i8);
logical_right_shift!(logical_right_shift_i16, i16);
logical_right_shift!(logical_right_shift_i32, i32);
