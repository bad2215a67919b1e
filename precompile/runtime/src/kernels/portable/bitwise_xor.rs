//! BITWISE_XOR on i8, i16 and i32.

use super::broadcast::Broadcast;
use crate::kernels::KernelResult;
use core::ops::BitXor;

/// `out = a ^ b`, bit by bit.
#[inline(always)]
pub fn bitwise_xor<T: Copy + BitXor<Output = T>>(
    shape: &Broadcast,
    a: &[T],
    b: &[T],
    out: &mut [T],
) -> KernelResult {
    shape.apply(a, b, out, |x, y| (x ^ y, 0))
}
