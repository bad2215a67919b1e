//! ARGMAX on i8 and i16.

use crate::kernels::{KernelResult, require_shape};

/// The lowest index of the largest element along an axis. `x` is `[outer, axis, inner]`, `out`
/// `[outer, inner]`.
#[inline(always)]
pub fn argmax<T: Copy + Into<i32>>(
    axis: usize,
    inner: usize,
    x: &[T],
    out: &mut [i32],
) -> KernelResult {
    require_shape(axis > 0 && inner > 0 && i32::try_from(axis).is_ok())?;
    require_shape(out.len().is_multiple_of(inner) && Some(x.len()) == out.len().checked_mul(axis))?;
    for (block, best) in x
        .chunks_exact(axis * inner)
        .zip(out.chunks_exact_mut(inner))
    {
        let (strips, rest) = best.as_chunks_mut::<STRIP>();
        let mut first = 0;
        for best in strips {
            *best = strip(inner, &block[first..]);
            first += STRIP;
        }
        for best in rest {
            [*best] = strip(inner, &block[first..]);
            first += 1;
        }
    }
    Ok(())
}

/// Columns searched together, so that rows are read along memory.
const STRIP: usize = 16;

/// The first columns of `rows`, of which each begins `inner` elements behind the one before. Values are
/// as wide as places are, so that both are compared and kept alike.
#[inline(always)]
fn strip<T: Copy + Into<i32>, const COLUMNS: usize>(inner: usize, rows: &[T]) -> [i32; COLUMNS] {
    let mut largest = [i32::MIN; COLUMNS];
    let mut best = [0; COLUMNS];
    let (mut row, mut at) = (0, 0);
    while let Some(values) = rows.get(at..).and_then(<[T]>::first_chunk::<COLUMNS>) {
        for column in 0..COLUMNS {
            let value = values[column].into();
            // Without a branch that values decide.
            let is_larger = value > largest[column];
            largest[column] = if is_larger { value } else { largest[column] };
            best[column] = if is_larger { row } else { best[column] };
        }
        row += 1;
        at += inner;
    }
    best
}
