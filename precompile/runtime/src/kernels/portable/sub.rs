//! SUB on i32.

use super::broadcast::Broadcast;
use crate::kernels::KernelResult;

/// `out = a - b`. Requires that no difference leaves i32.
#[inline(always)]
pub fn sub_i32(shape: &Broadcast, a: &[i32], b: &[i32], out: &mut [i32]) -> KernelResult {
    shape.apply(a, b, out, |x, y| {
        let difference = x.wrapping_sub(y);
        // The sign bit is set when the operands' signs differ and the result's is not the first's.
        (
            difference,
            (((x ^ y) & (x ^ difference)) >> 31).cast_unsigned(),
        )
    })
}
