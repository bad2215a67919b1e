//! BITWISE_NOT on i8, i16 and i32.

use crate::kernels::{KernelResult, require_shape};
use core::ops::Not;

/// Every bit the other way.
#[inline(always)]
pub fn bitwise_not<T: Copy + Not<Output = T>>(x: &[T], out: &mut [T]) -> KernelResult {
    require_shape(x.len() == out.len())?;
    for (o, &x) in out.iter_mut().zip(x) {
        *o = !x;
    }
    Ok(())
}
