//! LOGICAL_AND on bool, which is 0 or 1.

use super::broadcast::Broadcast;
use crate::kernels::KernelResult;

/// `out = a & b`.
#[inline(always)]
pub fn logical_and(shape: &Broadcast, a: &[u8], b: &[u8], out: &mut [u8]) -> KernelResult {
    shape.apply(a, b, out, |x, y| (x & y, 0))
}
