//! ADD on i32.

use super::broadcast::Broadcast;
use crate::kernels::KernelResult;

/// `out = a + b`. Requires that no sum leaves i32.
#[inline(always)]
pub fn add_i32(shape: &Broadcast, a: &[i32], b: &[i32], out: &mut [i32]) -> KernelResult {
    shape.apply(a, b, out, |x, y| {
        let sum = x.wrapping_add(y);
        // The sign bit is set when both operands' signs differ from the sum's.
        (sum, (((x ^ sum) & (y ^ sum)) >> 31).cast_unsigned())
    })
}
