//! REDUCE_ANY on bool, which is 0 or 1.

use super::reduce::reduce;
use crate::kernels::KernelResult;

/// Whether an element along an axis is 1. `x` is `[outer, axis, inner]`, `out` `[outer, inner]`.
#[inline(always)]
pub fn reduce_any(axis: usize, inner: usize, x: &[u8], out: &mut [u8]) -> KernelResult {
    reduce(axis, inner, x, out, |a, b| a | b)
}
