//! MAXIMUM on i32.

use super::broadcast::Broadcast;
use crate::kernels::KernelResult;

/// The larger of each two.
#[inline(always)]
pub fn maximum_i32(shape: &Broadcast, a: &[i32], b: &[i32], out: &mut [i32]) -> KernelResult {
    shape.apply(a, b, out, |x, y| (x.max(y), 0))
}
