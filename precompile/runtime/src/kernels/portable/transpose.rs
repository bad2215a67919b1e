//! TRANSPOSE of opaque elements.

use super::strides::{Walk, dense};
use crate::kernels::{KernelError, KernelResult, require_shape};
use crate::model::limits::MAX_RANK;

/// Axis `i` of `out` is axis `permutation[i]` of `x` of `shape`. Elements are of 1, 2, 4 or 8 bytes.
#[inline(always)]
pub fn transpose(
    shape: &[u32],
    permutation: &[u8],
    element_bytes: usize,
    x: &[u8],
    out: &mut [u8],
) -> KernelResult {
    let rank = shape.len();
    require_shape(permutation.len() == rank && rank <= MAX_RANK)?;
    let (sizes, strides_bytes, bytes) = dense(shape, element_bytes).ok_or(KernelError::Shape)?;
    require_shape(x.len() == bytes && out.len() == bytes)?;
    let mut seen = [false; MAX_RANK];
    for &axis in permutation {
        let seen = seen.get_mut(usize::from(axis)).ok_or(KernelError::Shape)?;
        require_shape(usize::from(axis) < rank && !*seen)?;
        *seen = true;
    }
    // Innermost axes that stay in place move in one run.
    let moved = (0..rank)
        .rev()
        .find(|&at| usize::from(permutation[at]) != at);
    let Some(moved) = moved else {
        out.copy_from_slice(x);
        return Ok(());
    };
    let run_bytes = strides_bytes[moved];
    let outer = &permutation[..=moved];
    let (&inner_axis, outer) = outer.split_last().ok_or(KernelError::Shape)?;
    let column = (
        sizes[usize::from(inner_axis)],
        strides_bytes[usize::from(inner_axis)],
    );
    let walk = Walk::new(
        outer
            .iter()
            .map(|&axis| (sizes[usize::from(axis)], strides_bytes[usize::from(axis)])),
    );
    let walk = walk.ok_or(KernelError::Shape)?;
    match run_bytes {
        1 => columns::<1>(&walk, column, x, out),
        2 => columns::<2>(&walk, column, x, out),
        4 => columns::<4>(&walk, column, x, out),
        8 => columns::<8>(&walk, column, x, out),
        _ => {
            let mut rows = out.chunks_exact_mut(run_bytes);
            walk.for_each(|offset_bytes| {
                for (at, row) in (0..column.0).zip(&mut rows) {
                    let from = offset_bytes + at * column.1;
                    row.copy_from_slice(&x[from..from + run_bytes]);
                }
            });
        }
    }
    Ok(())
}

/// Writes `out` from front to back, reading `x` in columns of `(count, stride in bytes)`.
#[inline(always)]
fn columns<const RUN_BYTES: usize>(walk: &Walk, column: (usize, usize), x: &[u8], out: &mut [u8]) {
    let (out, _) = out.as_chunks_mut::<RUN_BYTES>();
    let mut rows = out.chunks_exact_mut(column.0);
    walk.for_each(|offset_bytes| {
        let Some(row) = rows.next() else { return };
        let runs = x[offset_bytes..].chunks(column.1);
        for (to, from) in row.iter_mut().zip(runs) {
            if let Some(run) = from.first_chunk::<RUN_BYTES>() {
                *to = *run;
            }
        }
    });
}
