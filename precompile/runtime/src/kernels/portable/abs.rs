//! ABS on i32.

use crate::kernels::{KernelResult, require, require_shape};

/// The magnitude. Requires that no element is the smallest i32, which has none.
#[inline(always)]
pub fn abs_i32(x: &[i32], out: &mut [i32]) -> KernelResult {
    require_shape(x.len() == out.len())?;
    let mut failed = false;
    for (o, &x) in out.iter_mut().zip(x) {
        *o = x.wrapping_abs();
        failed |= x == i32::MIN;
    }
    require(!failed)
}
