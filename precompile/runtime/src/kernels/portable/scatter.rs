//! SCATTER of opaque rows.

use crate::kernels::{KernelError, KernelResult, require, require_shape};

/// Length of the scratch of [`scatter`]: one bit per row of one batch.
pub const fn scatter_scratch_words(rows: usize) -> usize {
    rows.div_ceil(u64::BITS as usize)
}

/// `out` is `values` with `out[n][indices[n][w]] = input[n][w]`, a row being `row_bytes` long: `values`
/// and `out` are `[batch, rows]`, `indices` and `input` `[batch, picks]`. Requires that every index is
/// in `0..rows`, and that none stands twice in a batch.
#[inline(always)]
pub fn scatter(
    batch: usize,
    row_bytes: usize,
    values: &[u8],
    indices: &[i32],
    input: &[u8],
    out: &mut [u8],
    scratch: &mut [u64],
) -> KernelResult {
    require_shape(batch > 0 && row_bytes > 0 && values.len() == out.len())?;
    require_shape(indices.len().is_multiple_of(batch) && !indices.is_empty())?;
    require_shape(indices.len().checked_mul(row_bytes) == Some(input.len()))?;
    let block_bytes = out.len() / batch;
    require_shape(block_bytes > 0 && block_bytes * batch == out.len())?;
    require_shape(block_bytes.is_multiple_of(row_bytes))?;
    let rows = block_bytes / row_bytes;
    let seen = scratch.get_mut(..scatter_scratch_words(rows));
    let seen = seen.ok_or(KernelError::Shape)?;
    out.copy_from_slice(values);
    let picks = indices.len() / batch;
    let batches = indices
        .chunks_exact(picks)
        .zip(input.chunks_exact(picks * row_bytes));
    for ((indices, input), block) in batches.zip(out.chunks_exact_mut(block_bytes)) {
        seen.fill(0);
        for (&index, row) in indices.iter().zip(input.chunks_exact(row_bytes)) {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            require(index < rows)?;
            let (word, bit) = (index / 64, 1_u64 << (index % 64));
            require(seen[word] & bit == 0)?;
            seen[word] |= bit;
            block[index * row_bytes..(index + 1) * row_bytes].copy_from_slice(row);
        }
    }
    Ok(())
}
