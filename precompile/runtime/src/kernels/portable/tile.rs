//! TILE of opaque elements.

use super::strides::dense;
use crate::kernels::{KernelError, KernelResult, require_shape};
use crate::model::limits::MAX_RANK;

/// `x` of `shape` repeated `multiples[axis]` times along each axis.
#[inline(always)]
pub fn tile(
    shape: &[u32],
    multiples: &[u32],
    element_bytes: usize,
    x: &[u8],
    out: &mut [u8],
) -> KernelResult {
    let rank = shape.len();
    require_shape(multiples.len() == rank && rank <= MAX_RANK && element_bytes > 0)?;
    let mut tiled = [1_u32; MAX_RANK];
    for ((tiled, &size), &multiple) in tiled.iter_mut().zip(shape).zip(multiples) {
        *tiled = size.checked_mul(multiple).ok_or(KernelError::Shape)?;
    }
    let (_, from_bytes, x_bytes) = dense(shape, element_bytes).ok_or(KernelError::Shape)?;
    let (_, to_bytes, out_bytes) =
        dense(&tiled[..rank], element_bytes).ok_or(KernelError::Shape)?;
    require_shape(x.len() == x_bytes && out.len() == out_bytes)?;
    // Dimensions inside the innermost one that is repeated stay whole.
    let repeated = (0..rank).rev().find(|&at| multiples[at] > 1);
    let Some(innermost) = repeated else {
        out.copy_from_slice(x);
        return Ok(());
    };
    let run_bytes = from_bytes[innermost] * shape[innermost] as usize;
    let rows = out.chunks_exact_mut(to_bytes[innermost] * tiled[innermost] as usize);
    for (number, row) in rows.enumerate() {
        // Which row of `x` this is: the index along each outer axis, modulo the axis.
        let (mut number, mut source, mut stride) = (number, 0, 1);
        for axis in (0..innermost).rev() {
            let size = shape[axis] as usize;
            source += number % (tiled[axis] as usize) % size * stride;
            number /= tiled[axis] as usize;
            stride *= size;
        }
        let run = &x[source * run_bytes..(source + 1) * run_bytes];
        match run_bytes {
            1 => row.fill(run[0]),
            2 => copies::<2>(run, row),
            4 => copies::<4>(run, row),
            _ => {
                for copy in row.chunks_exact_mut(run_bytes) {
                    copy.copy_from_slice(run);
                }
            }
        }
    }
    Ok(())
}

/// Fills a row with copies of a short run.
#[inline(always)]
fn copies<const RUN_BYTES: usize>(run: &[u8], row: &mut [u8]) {
    if let Some(run) = run.first_chunk::<RUN_BYTES>() {
        row.as_chunks_mut::<RUN_BYTES>().0.fill(*run);
    }
}
