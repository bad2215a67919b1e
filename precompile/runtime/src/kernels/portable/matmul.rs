//! MATMUL with both operands known only while running.
//!
//! A constant `B` goes through [`crate::kernels::PackedWeights`] instead.

use super::gemm::Rows;
use super::gemm::widen;
use crate::kernels::dispatch::Kernel;
use crate::kernels::{Isa, KernelError, KernelResult, require_shape};
#[cfg(all(feature = "std", target_arch = "x86_64"))]
use crate::kernels::{dispatch::Set, x86_64::matmul as vnni};

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

/// With fewer columns than this, a panel is so empty that plain Rust is faster.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
const PANEL_COLUMNS: usize = 4;

impl MatMulShape {
    /// Length of the scratch of [`matmul_i8`].
    pub fn scratch_words_i8(&self, isa: Isa) -> usize {
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        if let Some(sizes) = self.panels(isa) {
            return sizes.scratch_words();
        }
        let _ = isa;
        // `b` transposed and one row of `a`.
        let elements = self.depth * (self.columns + 1);
        elements.div_ceil(size_of::<u64>() / size_of::<i16>())
    }

    /// Length of the scratch of [`matmul_i16`]: the two halves of `b`.
    pub fn scratch_words_i16(&self) -> usize {
        let elements = self.depth * 2 * self.columns;
        elements.div_ceil(size_of::<u64>() / size_of::<i16>())
    }

    /// The sizes for the set's own kernel, if it has one for them.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    fn panels(&self, isa: Isa) -> Option<vnni::Sizes> {
        let is_wide = isa.0 == Set::Avx512Vnni && self.columns >= PANEL_COLUMNS;
        is_wide.then_some(vnni::Sizes {
            depth: self.depth,
            columns: self.columns,
        })
    }

    /// Requires lengths of `a`, `b` and the output for rows from `first_row` on.
    fn require_sizes(&self, first_row: usize, a: usize, b: usize, out: usize) -> KernelResult {
        let Self {
            batch,
            rows,
            depth,
            columns,
        } = *self;
        require_shape([batch, rows, depth, columns].iter().all(|&size| size > 0))?;
        let count = a / depth;
        require_shape(a == count * depth && out == count * columns)?;
        require_shape(b == batch * depth * columns && first_row + count <= batch * rows)
    }

    /// Calls `visit` for the rows of each matrix: its number, whether they begin with its first row, and
    /// their number.
    #[inline(always)]
    fn each_matrix(
        &self,
        first_row: usize,
        count: usize,
        mut visit: impl FnMut(usize, bool, usize) -> KernelResult,
    ) -> KernelResult {
        let (mut row, end) = (first_row, first_row + count);
        while row < end {
            let (matrix, place) = (row / self.rows, row % self.rows);
            let rows = (self.rows - place).min(end - row);
            visit(matrix, place == 0, rows)?;
            row += rows;
        }
        Ok(())
    }
}

/// `out = (a - a_zero_point) * (b - b_zero_point)`, i32, for rows from `first_row` on: `a` has these alone,
/// `b` is whole. The scratch holds the matrix of `b` that the last row was multiplied with: the rows before,
/// if any, must have been multiplied with the same scratch.
pub fn matmul_i8(
    isa: Isa,
    shape: &MatMulShape,
    first_row: usize,
    (a, a_zero_point): (&[i8], i32),
    (b, b_zero_point): (&[i8], i32),
    out: &mut [i32],
    scratch: &mut [u64],
) -> KernelResult {
    shape.require_sizes(first_row, a.len(), b.len(), out.len())?;
    require_shape(scratch.len() >= shape.scratch_words_i8(isa))?;
    let a_zero_point = i8::try_from(a_zero_point).map_err(|_| KernelError::Shape)?;
    let b_zero_point = i8::try_from(b_zero_point).map_err(|_| KernelError::Shape)?;
    let call = CallI8 {
        shape,
        first_row,
        a,
        a_zero_point,
        b,
        b_zero_point,
        out,
        scratch,
    };
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if let Some(sizes) = shape.panels(isa) {
        return call.in_panels(sizes);
    }
    isa.run(call)
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
    shape.require_sizes(0, a.len(), b.len(), out.len())?;
    require_shape(scratch.len() >= shape.scratch_words_i16())?;
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
    first_row: usize,
    a: &'a [i8],
    a_zero_point: i8,
    b: &'a [i8],
    b_zero_point: i8,
    out: &'a mut [i32],
    scratch: &'a mut [u64],
}

impl CallI8<'_> {
    /// Calls `visit` for each matrix with its rows of `a`, the matrix if it is a further one, and their place.
    #[inline(always)]
    fn each_matrix(
        self,
        mut visit: impl FnMut(&[i8], Option<&[i8]>, &mut [i32], &mut [u64]) -> KernelResult,
    ) -> KernelResult {
        let MatMulShape { depth, columns, .. } = *self.shape;
        let (mut a, mut out) = (self.a, self.out);
        let count = a.len() / depth;
        let scratch = self.scratch;
        self.shape
            .each_matrix(self.first_row, count, |matrix, is_first, rows| {
                let (own, rest) = a.split_at(rows * depth);
                let (place, places) = core::mem::take(&mut out).split_at_mut(rows * columns);
                (a, out) = (rest, places);
                let b = &self.b[matrix * depth * columns..][..depth * columns];
                visit(own, is_first.then_some(b), place, scratch)
            })
    }

    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    fn in_panels(self, sizes: vnni::Sizes) -> KernelResult {
        let zero_points = (self.a_zero_point, self.b_zero_point);
        self.each_matrix(|a, b, out, scratch| {
            let packed = b.map_or(Some(()), |b| vnni::pack(sizes, b, scratch));
            packed
                .and_then(|()| vnni::product(sizes, a, zero_points, out, scratch))
                .ok_or(KernelError::Shape)
        })
    }
}

impl Kernel for CallI8<'_> {
    type Output = KernelResult;

    #[inline(always)]
    fn run(self) -> KernelResult {
        let MatMulShape { depth, columns, .. } = *self.shape;
        let (a_zero_point, b_zero_point) =
            (i16::from(self.a_zero_point), i16::from(self.b_zero_point));
        self.each_matrix(|a, b, out, scratch| {
            let scratch: &mut [i16] = bytemuck::cast_slice_mut(scratch);
            let (weights, row) = scratch.split_at_mut(depth * columns);
            let row = &mut row[..depth];
            if let Some(b) = b {
                transposed(b, columns, weights, |x| {
                    i16::from(x).wrapping_sub(b_zero_point)
                });
            }
            let product = Rows { weights, depth };
            for (a, out) in a.chunks_exact(depth).zip(out.chunks_exact_mut(columns)) {
                widen(a, a_zero_point, row);
                product.product_i32(row, &[], out);
            }
            Ok(())
        })
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
