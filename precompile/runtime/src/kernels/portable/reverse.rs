//! REVERSE of opaque elements.

use crate::kernels::{KernelResult, require_shape};

/// The order along an axis turned round. Everything inside the axis is one run of bytes: `x` and `out`
/// are `[outer, axis, run_bytes]`.
#[inline(always)]
pub fn reverse(axis: usize, run_bytes: usize, x: &[u8], out: &mut [u8]) -> KernelResult {
    require_shape(axis > 0 && run_bytes > 0 && x.len() == out.len())?;
    let block_bytes = axis.checked_mul(run_bytes);
    let block_bytes = block_bytes.filter(|&bytes| x.len().is_multiple_of(bytes));
    require_shape(block_bytes.is_some())?;
    let block_bytes = block_bytes.unwrap_or(1);
    let blocks = x.chunks_exact(block_bytes);
    for (block, out) in blocks.zip(out.chunks_exact_mut(block_bytes)) {
        match run_bytes {
            1 => runs::<1>(block, out),
            2 => runs::<2>(block, out),
            4 => runs::<4>(block, out),
            _ => {
                let rows = block.chunks_exact(run_bytes).rev();
                for (to, from) in out.chunks_exact_mut(run_bytes).zip(rows) {
                    to.copy_from_slice(from);
                }
            }
        }
    }
    Ok(())
}

/// One block of short runs.
#[inline(always)]
fn runs<const RUN_BYTES: usize>(block: &[u8], out: &mut [u8]) {
    let (runs, _) = block.as_chunks::<RUN_BYTES>();
    let (out, _) = out.as_chunks_mut::<RUN_BYTES>();
    for (to, from) in out.iter_mut().zip(runs.iter().rev()) {
        *to = *from;
    }
}
