//! CONCAT of opaque elements.

use crate::kernels::{KernelResult, require_shape};

/// Copies one operand to its place. Everything from the axis inwards is one run of bytes: `part` is
/// `[outer, part_bytes]` and goes to `offset_bytes` of every row of `out` `[outer, out_bytes]`.
/// Called once per operand, with the offset growing by `part_bytes`.
#[inline(always)]
pub fn concat_part(
    part: &[u8],
    part_bytes: usize,
    out: &mut [u8],
    out_bytes: usize,
    offset_bytes: usize,
) -> KernelResult {
    require_shape(part_bytes > 0 && out_bytes > 0)?;
    require_shape(part.len().is_multiple_of(part_bytes) && out.len().is_multiple_of(out_bytes))?;
    require_shape(part.len() / part_bytes == out.len() / out_bytes)?;
    require_shape(
        offset_bytes
            .checked_add(part_bytes)
            .is_some_and(|end| end <= out_bytes),
    )?;
    for (part, row) in part
        .chunks_exact(part_bytes)
        .zip(out.chunks_exact_mut(out_bytes))
    {
        row[offset_bytes..offset_bytes + part_bytes].copy_from_slice(part);
    }
    Ok(())
}
