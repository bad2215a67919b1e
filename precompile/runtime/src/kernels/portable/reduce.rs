//! What reductions that join elements in any order share.

use crate::kernels::{KernelResult, require_shape};

/// The elements along an axis joined. `x` is `[outer, axis, inner]`, `out` `[outer, inner]`.
#[inline(always)]
pub(super) fn reduce<T: Copy>(
    axis: usize,
    inner: usize,
    x: &[T],
    out: &mut [T],
    join: impl Fn(T, T) -> T,
) -> KernelResult {
    require_shape(axis > 0 && inner > 0)?;
    require_shape(out.len().is_multiple_of(inner) && Some(x.len()) == out.len().checked_mul(axis))?;
    if inner == 1 {
        for (row, joined) in x.chunks_exact(axis).zip(out) {
            *joined = row
                .iter()
                .fold(row[0], |joined, &value| join(joined, value));
        }
        return Ok(());
    }
    for (block, joined) in x
        .chunks_exact(axis * inner)
        .zip(out.chunks_exact_mut(inner))
    {
        joined.copy_from_slice(&block[..inner]);
        for row in block[inner..].chunks_exact(inner) {
            for (joined, &value) in joined.iter_mut().zip(row) {
                *joined = join(*joined, value);
            }
        }
    }
    Ok(())
}
