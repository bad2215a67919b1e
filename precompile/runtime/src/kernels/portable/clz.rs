//! CLZ on i32.

use crate::kernels::{KernelResult, require_shape};

/// Number of zero bits above the highest one bit, 32 for 0.
#[inline(always)]
pub fn clz_i32(x: &[i32], out: &mut [i32]) -> KernelResult {
    require_shape(x.len() == out.len())?;
    for (o, &x) in out.iter_mut().zip(x) {
        *o = x.leading_zeros().cast_signed();
    }
    Ok(())
}
