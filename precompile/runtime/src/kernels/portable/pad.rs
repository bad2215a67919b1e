//! PAD of opaque elements.

use super::strides::{Walk, dense};
use crate::kernels::{KernelError, KernelResult, require_shape};

/// `x` of `shape` with `(before, after)` elements of `value` added around it, per axis. `value` is
/// one element's bytes.
#[inline(always)]
pub fn pad(
    shape: &[u32],
    padding: &[(u32, u32)],
    value: &[u8],
    x: &[u8],
    out: &mut [u8],
) -> KernelResult {
    let rank = shape.len();
    require_shape(
        padding.len() == rank && !value.is_empty() && rank <= crate::model::limits::MAX_RANK,
    )?;
    let mut padded = [1_u32; crate::model::limits::MAX_RANK];
    for (at, &(before, after)) in padding.iter().enumerate() {
        let sum = before
            .checked_add(after)
            .and_then(|margin| margin.checked_add(shape[at]));
        padded[at] = sum.ok_or(KernelError::Shape)?;
    }
    let (sizes, _, x_bytes) = dense(shape, value.len()).ok_or(KernelError::Shape)?;
    let (_, strides_bytes, out_bytes) =
        dense(&padded[..rank], value.len()).ok_or(KernelError::Shape)?;
    require_shape(x.len() == x_bytes && out.len() == out_bytes)?;
    match *value {
        [byte] => out.fill(byte),
        [a, b] => out.as_chunks_mut().0.fill([a, b]),
        [a, b, c, d] => out.as_chunks_mut().0.fill([a, b, c, d]),
        _ => {
            for element in out.chunks_exact_mut(value.len()) {
                element.copy_from_slice(value);
            }
        }
    }
    // Dimensions inside the innermost one that is padded are copied in one run.
    let grown = (0..rank)
        .rev()
        .find(|&at| padding[at] != (0, 0))
        .unwrap_or(0);
    let run_bytes = if rank == 0 {
        x_bytes
    } else {
        sizes[grown] * strides_bytes[grown]
    };
    let first_bytes: usize = (0..rank)
        .map(|at| padding[at].0 as usize * strides_bytes[at])
        .sum();
    let walk = Walk::new((0..grown).map(|at| (sizes[at], strides_bytes[at])));
    let mut rows = x.chunks_exact(run_bytes);
    walk.ok_or(KernelError::Shape)?.for_each(|offset_bytes| {
        if let Some(row) = rows.next() {
            let to = first_bytes + offset_bytes;
            out[to..to + run_bytes].copy_from_slice(row);
        }
    });
    Ok(())
}
