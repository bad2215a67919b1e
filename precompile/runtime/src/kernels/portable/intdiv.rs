//! INTDIV on i32.

use super::broadcast::Broadcast;
use crate::kernels::KernelResult;

/// `out = a / b`, rounded towards zero. Requires that no divisor is 0 and that no quotient is 2^31,
/// the smallest i32 divided by -1.
#[inline(always)]
pub fn intdiv_i32(shape: &Broadcast, a: &[i32], b: &[i32], out: &mut [i32]) -> KernelResult {
    shape.apply(a, b, out, |x, y| match x.checked_div(y) {
        Some(quotient) => (quotient, 0),
        None => (0, 1),
    })
}
