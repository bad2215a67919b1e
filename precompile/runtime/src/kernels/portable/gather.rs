//! GATHER of opaque rows.

use crate::kernels::{KernelResult, require, require_shape};

/// `out[n][w] = values[n][indices[n][w]]`, a row being `row_bytes` long: `values` is
/// `[batch, rows]`, `indices` `[batch, picks]`. Requires that every index is in `0..rows`.
#[inline(always)]
pub fn gather(
    batch: usize,
    rows: usize,
    row_bytes: usize,
    values: &[u8],
    indices: &[i32],
    out: &mut [u8],
) -> KernelResult {
    require_shape(batch > 0 && rows > 0 && row_bytes > 0 && indices.len().is_multiple_of(batch))?;
    let block_bytes = rows.checked_mul(row_bytes);
    require_shape(block_bytes.and_then(|bytes| bytes.checked_mul(batch)) == Some(values.len()))?;
    require_shape(indices.len().checked_mul(row_bytes) == Some(out.len()))?;
    let picks = indices.len() / batch;
    if picks == 0 {
        return Ok(());
    }
    let blocks = values
        .chunks_exact(rows * row_bytes)
        .zip(indices.chunks_exact(picks));
    for ((block, indices), out) in blocks.zip(out.chunks_exact_mut(picks * row_bytes)) {
        for (&index, to) in indices.iter().zip(out.chunks_exact_mut(row_bytes)) {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            require(index < rows)?;
            to.copy_from_slice(&block[index * row_bytes..(index + 1) * row_bytes]);
        }
    }
    Ok(())
}
