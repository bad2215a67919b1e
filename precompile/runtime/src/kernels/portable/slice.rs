//! SLICE of opaque elements.

use super::strides::{Walk, dense};
use crate::kernels::{KernelError, KernelResult, require_shape};

/// The box of `size` elements from `start`, out of `x` of `shape`.
#[inline(always)]
pub fn slice(
    shape: &[u32],
    start: &[u32],
    size: &[u32],
    element_bytes: usize,
    x: &[u8],
    out: &mut [u8],
) -> KernelResult {
    let rank = shape.len();
    require_shape(start.len() == rank && size.len() == rank && element_bytes > 0)?;
    let fits = |at: usize| {
        start[at]
            .checked_add(size[at])
            .is_some_and(|end| end <= shape[at])
    };
    require_shape((0..rank).all(fits))?;
    let (_, strides_bytes, x_bytes) = dense(shape, element_bytes).ok_or(KernelError::Shape)?;
    let (sizes, _, out_bytes) = dense(size, element_bytes).ok_or(KernelError::Shape)?;
    require_shape(x.len() == x_bytes && out.len() == out_bytes)?;
    // Dimensions inside the innermost one that is cut are copied in one run.
    let cut = (0..rank)
        .rev()
        .find(|&at| size[at] != shape[at])
        .unwrap_or(0);
    let run_bytes = if rank == 0 {
        out_bytes
    } else {
        sizes[cut] * strides_bytes[cut]
    };
    let first_bytes: usize = (0..rank)
        .map(|at| start[at] as usize * strides_bytes[at])
        .sum();
    let walk = Walk::new((0..cut).map(|at| (sizes[at], strides_bytes[at])));
    let mut rows = out.chunks_exact_mut(run_bytes);
    walk.ok_or(KernelError::Shape)?.for_each(|offset_bytes| {
        if let Some(row) = rows.next() {
            let from = first_bytes + offset_bytes;
            row.copy_from_slice(&x[from..from + run_bytes]);
        }
    });
    Ok(())
}
