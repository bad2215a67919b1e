//! MATMUL with both operands known only while running.
//!
//! A constant `B` goes through [`crate::kernels::PackedWeights`] instead.

use crate::kernels::{Isa, KernelResult};

/// Sizes of a MATMUL: `a` is `[batch, rows, depth]`, `b` `[batch, depth, columns]`, the result
/// `[batch, rows, columns]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatMulShape {
    /// Products.
    pub batch: usize,
    /// Rows of `a`.
    pub rows: usize,
    /// Length of a dot product.
    pub depth: usize,
    /// Columns of `b`.
    pub columns: usize,
}

impl MatMulShape {
    /// Length of the scratch of [`matmul_i8`] and [`matmul_i16`].
    pub fn scratch_words(&self) -> usize {
        self.depth * self.columns
    }
}

/// `out = (a - a_zero_point) * (b - b_zero_point)`, i32.
pub fn matmul_i8(
    isa: Isa,
    shape: &MatMulShape,
    (a, a_zero_point): (&[i8], i32),
    (b, b_zero_point): (&[i8], i32),
    out: &mut [i32],
    scratch: &mut [u64],
) -> KernelResult {
    let _ = (isa, shape, a, a_zero_point, b, b_zero_point, out, scratch);
    Ok(())
}

/// `out = a * b`, i48.
pub fn matmul_i16(
    isa: Isa,
    shape: &MatMulShape,
    a: &[i16],
    b: &[i16],
    out: &mut [i64],
    scratch: &mut [u64],
) -> KernelResult {
    let _ = (isa, shape, a, b, out, scratch);
    Ok(())
}
