//! GREATER_EQUAL on i32.

use super::broadcast::Broadcast;
use crate::kernels::KernelResult;

/// Whether `a >= b`, as 0 or 1.
#[inline(always)]
pub fn greater_equal_i32(shape: &Broadcast, a: &[i32], b: &[i32], out: &mut [u8]) -> KernelResult {
    shape.apply(a, b, out, |x, y| (u8::from(x >= y), 0))
}
