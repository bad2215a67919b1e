//! ARGMAX on i8 and i16.

use crate::kernels::{KernelResult, require_shape};

/// The lowest index of the largest element along an axis. `x` is `[outer, axis, inner]`, `out`
/// `[outer, inner]`.
#[inline(always)]
pub fn argmax<T: Copy + Ord>(axis: usize, inner: usize, x: &[T], out: &mut [i32]) -> KernelResult {
    require_shape(axis > 0 && inner > 0 && i32::try_from(axis).is_ok())?;
    require_shape(out.len().is_multiple_of(inner) && Some(x.len()) == out.len().checked_mul(axis))?;
    for (block, best) in x
        .chunks_exact(axis * inner)
        .zip(out.chunks_exact_mut(inner))
    {
        for (first, best) in (0..).step_by(STRIP).zip(best.chunks_mut(STRIP)) {
            strip(inner, &block[first..], best);
        }
    }
    Ok(())
}

/// Columns searched together, so that rows are read along memory.
const STRIP: usize = 64;

/// The columns that `best` has places for, from the first of `rows` on.
#[inline(always)]
fn strip<T: Copy + Ord>(inner: usize, rows: &[T], best: &mut [i32]) {
    let mut largest = [rows[0]; STRIP];
    let largest = &mut largest[..best.len()];
    largest.copy_from_slice(&rows[..best.len()]);
    best.fill(0);
    for (place, row) in (0_i32..).zip(rows.chunks(inner)) {
        for ((largest, best), &value) in largest.iter_mut().zip(best.iter_mut()).zip(row) {
            if value > *largest {
                *largest = value;
                *best = place;
            }
        }
    }
}
