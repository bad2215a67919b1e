//! REDUCE_MIN on i8, i16 and i32.

use super::reduce::reduce;
use crate::kernels::KernelResult;

/// The smallest element along an axis. `x` is `[outer, axis, inner]`, `out` `[outer, inner]`.
#[inline(always)]
pub fn reduce_min<T: Copy + Ord>(
    axis: usize,
    inner: usize,
    x: &[T],
    out: &mut [T],
) -> KernelResult {
    reduce(axis, inner, x, out, |a, b| a.min(b))
}
