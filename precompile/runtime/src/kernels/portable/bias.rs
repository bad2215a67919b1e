//! A bias that is only known while running, added to finished sums.

use crate::kernels::{KernelResult, require, require_shape};
use crate::tensor::DType;

/// Adds `bias`, one element or one per output, to `sums` `[positions, outputs]`. Requires that no sum
/// leaves i32.
#[inline(always)]
pub fn add_bias_i32(bias: &[i32], sums: &mut [i32]) -> KernelResult {
    each_row(bias, sums, |sum, bias| {
        let total = sum.wrapping_add(bias);
        (total, ((sum ^ total) & (bias ^ total)) < 0)
    })
}

/// [`add_bias_i32`] for i48.
#[inline(always)]
pub fn add_bias_i48(bias: &[i64], sums: &mut [i64]) -> KernelResult {
    let (min, max) = DType::I48.range();
    each_row(bias, sums, |sum, bias| {
        let total = sum.wrapping_add(bias);
        (total, total < min || total > max)
    })
}

#[inline(always)]
fn each_row<T: Copy>(bias: &[T], sums: &mut [T], add: impl Fn(T, T) -> (T, bool)) -> KernelResult {
    require_shape(!bias.is_empty() && sums.len().is_multiple_of(bias.len()))?;
    let mut failed = false;
    if let [bias] = *bias {
        for sum in sums {
            let (total, leaves) = add(*sum, bias);
            *sum = total;
            failed |= leaves;
        }
        return require(!failed);
    }
    for row in sums.chunks_exact_mut(bias.len()) {
        for (sum, &bias) in row.iter_mut().zip(bias) {
            let (total, leaves) = add(*sum, bias);
            *sum = total;
            failed |= leaves;
        }
    }
    require(!failed)
}
