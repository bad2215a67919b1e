//! REDUCE_SUM on i32.

use crate::kernels::{KernelResult, require, require_shape};

/// The sum along an axis. `x` is `[outer, axis, inner]`, `out` `[outer, inner]`. Requires that the
/// running sum, taken from index 0 upwards, never leaves i32.
#[inline(always)]
pub fn reduce_sum_i32(axis: usize, inner: usize, x: &[i32], out: &mut [i32]) -> KernelResult {
    require_shape(axis > 0 && inner > 0)?;
    require_shape(out.len().is_multiple_of(inner) && Some(x.len()) == out.len().checked_mul(axis))?;
    let mut overflow = 0;
    for (block, sums) in x
        .chunks_exact(axis * inner)
        .zip(out.chunks_exact_mut(inner))
    {
        if let [sum] = sums {
            let (total, failed) = row_sum(block);
            *sum = total;
            overflow |= failed;
            continue;
        }
        sums.fill(0);
        for row in block.chunks_exact(inner) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                let next = sum.wrapping_add(value);
                overflow |= (*sum ^ next) & (value ^ next);
                *sum = next;
            }
        }
    }
    require(overflow >= 0)
}

/// The sum of a row, and a word that is negative if the running sum leaves i32.
#[inline(always)]
fn row_sum(row: &[i32]) -> (i32, i32) {
    // No order of summation overflows when the magnitudes together fit.
    let magnitudes = row.iter().fold(0_u64, |sum, value| {
        sum.wrapping_add(u64::from(value.unsigned_abs()))
    });
    if magnitudes <= u64::from(i32::MAX.unsigned_abs()) {
        return (
            row.iter()
                .fold(0_i32, |sum, &value| sum.wrapping_add(value)),
            0,
        );
    }
    let (mut sum, mut overflow) = (0_i32, 0);
    for &value in row {
        let next = sum.wrapping_add(value);
        overflow |= (sum ^ next) & (value ^ next);
        sum = next;
    }
    (sum, overflow)
}
