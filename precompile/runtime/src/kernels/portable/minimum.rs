//! MINIMUM on i32.

use super::broadcast::Broadcast;
use crate::kernels::KernelResult;

/// The smaller of each two.
#[inline(always)]
pub fn minimum_i32(shape: &Broadcast, a: &[i32], b: &[i32], out: &mut [i32]) -> KernelResult {
    shape.apply(a, b, out, |x, y| (x.min(y), 0))
}
