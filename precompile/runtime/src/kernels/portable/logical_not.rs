//! LOGICAL_NOT on bool, which is 0 or 1.

use crate::kernels::{KernelResult, require_shape};

/// 1 for 0, 0 for 1.
#[inline(always)]
pub fn logical_not(x: &[u8], out: &mut [u8]) -> KernelResult {
    require_shape(x.len() == out.len())?;
    for (o, &x) in out.iter_mut().zip(x) {
        *o = x ^ 1;
    }
    Ok(())
}
