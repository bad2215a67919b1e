//! BITWISE_OR on i8, i16 and i32.

use super::broadcast::Broadcast;
use crate::kernels::KernelResult;
use core::ops::BitOr;

/// `out = a | b`, bit by bit.
#[inline(always)]
pub fn bitwise_or<T: Copy + BitOr<Output = T>>(
    shape: &Broadcast,
    a: &[T],
    b: &[T],
    out: &mut [T],
) -> KernelResult {
    shape.apply(a, b, out, |x, y| (x | y, 0))
}
