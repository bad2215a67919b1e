//! REDUCE_MAX on i8, i16 and i32.

use crate::kernels::{KernelResult, require_shape};

/// The largest element along an axis. `x` is `[outer, axis, inner]`, `out` `[outer, inner]`.
#[inline(always)]
pub fn reduce_max<T: Copy + Ord>(
    axis: usize,
    inner: usize,
    x: &[T],
    out: &mut [T],
) -> KernelResult {
    require_shape(axis > 0 && inner > 0)?;
    require_shape(out.len().is_multiple_of(inner) && Some(x.len()) == out.len().checked_mul(axis))?;
    if inner == 1 {
        for (row, largest) in x.chunks_exact(axis).zip(out) {
            *largest = row
                .iter()
                .fold(row[0], |largest, &value| largest.max(value));
        }
        return Ok(());
    }
    for (block, largest) in x
        .chunks_exact(axis * inner)
        .zip(out.chunks_exact_mut(inner))
    {
        largest.copy_from_slice(&block[..inner]);
        for row in block[inner..].chunks_exact(inner) {
            for (largest, &value) in largest.iter_mut().zip(row) {
                *largest = (*largest).max(value);
            }
        }
    }
    Ok(())
}
