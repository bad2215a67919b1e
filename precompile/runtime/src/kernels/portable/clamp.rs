//! CLAMP on i8 and i16.

use crate::kernels::{KernelResult, require_shape};

/// `out = min(max(x, low), high)`, with `low <= high`.
#[inline(always)]
pub fn clamp<T: Copy + Ord>(x: &[T], low: T, high: T, out: &mut [T]) -> KernelResult {
    require_shape(x.len() == out.len() && low <= high)?;
    for (o, &x) in out.iter_mut().zip(x) {
        *o = x.max(low).min(high);
    }
    Ok(())
}

/// [`clamp`] where the result takes the place of the operand.
#[inline(always)]
pub fn clamp_in_place<T: Copy + Ord>(x: &mut [T], low: T, high: T) -> KernelResult {
    require_shape(low <= high)?;
    for x in x {
        *x = (*x).max(low).min(high);
    }
    Ok(())
}
