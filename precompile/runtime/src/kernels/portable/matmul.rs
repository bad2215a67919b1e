//! MATMUL with both operands known only while running.
//!
//! A constant `B` goes through [`crate::kernels::PackedWeights`] instead.

use super::gemm::Rows;
use super::gemm::widen;
use crate::kernels::dispatch::Kernel;
use crate::kernels::{Isa, KernelError, KernelResult, require_shape};

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
        // i8: `b` transposed and one row of `a`; i16: the two halves of `b`.
        let elements = self.depth * (2 * self.columns).max(self.columns + 1);
        elements.div_ceil(size_of::<u64>() / size_of::<i16>())
    }

    fn require_sizes(&self, a: usize, b: usize, out: usize, scratch: usize) -> KernelResult {
        let Self {
            batch,
            rows,
            depth,
            columns,
        } = *self;
        require_shape([batch, rows, depth, columns].iter().all(|&size| size > 0))?;
        require_shape(a == batch * rows * depth && b == batch * depth * columns)?;
        require_shape(out == batch * rows * columns && scratch >= self.scratch_words())
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
    shape.require_sizes(a.len(), b.len(), out.len(), scratch.len())?;
    let a_zero_point = i16::from(i8::try_from(a_zero_point).map_err(|_| KernelError::Shape)?);
    let b_zero_point = i16::from(i8::try_from(b_zero_point).map_err(|_| KernelError::Shape)?);
    let scratch = bytemuck::cast_slice_mut(scratch);
    isa.run(CallI8 {
        shape,
        a,
        a_zero_point,
        b,
        b_zero_point,
        out,
        scratch,
    });
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
    shape.require_sizes(a.len(), b.len(), out.len(), scratch.len())?;
    isa.run(CallI16 {
        shape,
        a,
        b,
        out,
        scratch: bytemuck::cast_slice_mut(scratch),
    });
    Ok(())
}

struct CallI8<'a> {
    shape: &'a MatMulShape,
    a: &'a [i8],
    a_zero_point: i16,
    b: &'a [i8],
    b_zero_point: i16,
    out: &'a mut [i32],
    scratch: &'a mut [i16],
}

impl Kernel for CallI8<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let MatMulShape {
            rows,
            depth,
            columns,
            ..
        } = *self.shape;
        let (weights, row) = self.scratch.split_at_mut(depth * columns);
        let row = &mut row[..depth];
        let batch = self
            .a
            .chunks_exact(rows * depth)
            .zip(self.b.chunks_exact(depth * columns));
        for ((a, b), out) in batch.zip(self.out.chunks_exact_mut(rows * columns)) {
            transposed(b, columns, weights, |x| {
                i16::from(x).wrapping_sub(self.b_zero_point)
            });
            let product = Rows { weights, depth };
            for (a, out) in a.chunks_exact(depth).zip(out.chunks_exact_mut(columns)) {
                widen(a, self.a_zero_point, row);
                product.product_i32(row, &[], out);
            }
        }
    }
}

struct CallI16<'a> {
    shape: &'a MatMulShape,
    a: &'a [i16],
    b: &'a [i16],
    out: &'a mut [i64],
    scratch: &'a mut [i16],
}

impl Kernel for CallI16<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let MatMulShape {
            rows,
            depth,
            columns,
            ..
        } = *self.shape;
        let (high, low) = self.scratch.split_at_mut(depth * columns);
        let low = &mut low[..depth * columns];
        self.out.fill(0);
        let batch = self
            .a
            .chunks_exact(rows * depth)
            .zip(self.b.chunks_exact(depth * columns));
        for ((a, b), out) in batch.zip(self.out.chunks_exact_mut(rows * columns)) {
            transposed(b, columns, high, |x: i16| x >> 8);
            transposed(b, columns, low, |x: i16| x & 0xff);
            Rows {
                weights: high,
                depth,
            }
            .add_product_i64(a, 8, out);
            Rows {
                weights: low,
                depth,
            }
            .add_product_i64(a, 0, out);
        }
    }
}

/// Writes `[depth, columns]` as `[columns, depth]`.
#[inline(always)]
fn transposed<T: Copy>(b: &[T], columns: usize, out: &mut [i16], convert: impl Fn(T) -> i16) {
    let depth = b.len() / columns;
    for (place, row) in b.chunks_exact(columns).enumerate() {
        for (column, &x) in row.iter().enumerate() {
            out[column * depth + place] = convert(x);
        }
    }
}
