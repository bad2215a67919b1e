//! MATMUL with both operands known only while running.
//!
//! A constant `B` goes through [`crate::kernels::PackedWeights`] instead.

use super::gemm::Rows;
use super::gemm::widen;
use super::narrowing::Narrowing;
use crate::kernels::dispatch::Kernel;
#[cfg(tiles)]
use crate::kernels::tiles::{pairs::matmul as pairs, suit_panels_of_rows};
use crate::kernels::{Isa, KernelError, KernelResult, require_shape};
#[cfg(all(feature = "std", target_arch = "x86_64"))]
use crate::kernels::{
    dispatch::Set,
    x86_64::{matmul as vnni, narrow::Scale},
};

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
    /// Length of the scratch of [`matmul_i8`].
    pub fn scratch_words_i8(&self, isa: Isa) -> usize {
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        if let Some(sizes) = self.panels(isa) {
            return sizes.scratch_words();
        }
        #[cfg(tiles)]
        if let Some(sizes) = self.pairs_i8(isa) {
            return sizes.scratch_words(self.rows);
        }
        let _ = isa;
        // `b` transposed and one row of `a`.
        let elements = self.depth * (self.columns + 1);
        elements.div_ceil(size_of::<u64>() / size_of::<i16>())
    }

    /// Length of the scratch of [`matmul_i16`].
    pub fn scratch_words_i16(&self, isa: Isa) -> usize {
        #[cfg(tiles)]
        if let Some(sizes) = self.pairs_i16(isa) {
            return sizes.scratch_words(self.rows);
        }
        let _ = isa;
        // The two halves of `b`.
        let elements = self.depth * 2 * self.columns;
        elements.div_ceil(size_of::<u64>() / size_of::<i16>())
    }

    #[cfg(tiles)]
    const fn suits_panels(&self) -> bool {
        suit_panels_of_rows(self.rows, self.columns, self.depth)
    }

    /// The sizes for the set's own kernel, if it has one for them.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    fn panels(&self, isa: Isa) -> Option<vnni::Sizes> {
        let is_wide = isa.0 == Set::Avx512Vnni && self.suits_panels();
        is_wide.then_some(vnni::Sizes {
            depth: self.depth,
            columns: self.columns,
        })
    }

    /// The sizes for products of pairs of i16, if the set has them.
    #[cfg(tiles)]
    fn pairs_i8(&self, isa: Isa) -> Option<pairs::Sizes> {
        let width = isa.pairs().filter(|_| self.suits_panels())?;
        Some(pairs::Sizes::of_bytes(width, self.depth, self.columns))
    }

    /// [`Self::pairs_i8`] for [`matmul_i16`].
    #[cfg(tiles)]
    fn pairs_i16(&self, isa: Isa) -> Option<pairs::Sizes> {
        let width = isa.pairs().filter(|_| self.suits_panels())?;
        Some(pairs::Sizes::of_words(width, self.depth, self.columns))
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
        b,
        zero_points: (a_zero_point, b_zero_point),
        out,
        scratch,
    };
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if let Some(sizes) = shape.panels(isa) {
        let zero_points = call.zero_points;
        return call.in_panels(sizes, |a, out, scratch| {
            vnni::product(sizes, a, zero_points, out, scratch)
        });
    }
    #[cfg(tiles)]
    if let Some(sizes) = shape.pairs_i8(isa) {
        let (a_zero_point, b_zero_point) = call.zero_points;
        return call.each_matrix(|a, b, out, scratch| {
            if let Some(b) = b {
                let convert = |x: i8| i16::from(x) - i16::from(b_zero_point);
                sizes.pack(b, convert, scratch)?;
            }
            sizes.product_i32(a, a_zero_point, out, scratch)
        });
    }
    isa.run(call)
}

/// A product of two inputs whose sums a set narrows before it writes them.
#[derive(Debug)]
pub(crate) struct NarrowedMatMul {
    shape: MatMulShape,
    zero_points: (i8, i8),
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    panels: (vnni::Sizes, Scale),
}

impl NarrowedMatMul {
    /// `None` if the set has no kernel that does this.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    pub(crate) fn new(
        isa: Isa,
        shape: MatMulShape,
        zero_points: (i32, i32),
        narrowing: &Narrowing,
    ) -> Option<Self> {
        let panels = (shape.panels(isa)?, Scale::new(narrowing, shape.columns)?);
        let (a, b) = zero_points;
        Some(Self {
            shape,
            zero_points: (i8::try_from(a).ok()?, i8::try_from(b).ok()?),
            panels,
        })
    }

    /// `None` if the set has no kernel that does this.
    #[cfg(not(all(feature = "std", target_arch = "x86_64")))]
    pub(crate) fn new(
        _isa: Isa,
        _shape: MatMulShape,
        _zero_points: (i32, i32),
        _narrowing: &Narrowing,
    ) -> Option<Self> {
        None
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        return self.panels.1.bytes();
        #[cfg(not(all(feature = "std", target_arch = "x86_64")))]
        return 0;
    }

    /// As [`matmul_i8`], to i8.
    pub(crate) fn run(
        &self,
        first_row: usize,
        a: &[i8],
        b: &[i8],
        out: &mut [i8],
        scratch: &mut [u64],
    ) -> KernelResult {
        let shape = &self.shape;
        shape.require_sizes(first_row, a.len(), b.len(), out.len())?;
        let call = CallI8 {
            shape,
            first_row,
            a,
            b,
            zero_points: self.zero_points,
            out,
            scratch,
        };
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        {
            let (sizes, scale) = &self.panels;
            call.in_panels(*sizes, |a, out, scratch| {
                vnni::narrowed_product(*sizes, a, self.zero_points, scale, out, scratch)
            })
        }
        #[cfg(not(all(feature = "std", target_arch = "x86_64")))]
        {
            let _ = call;
            Err(KernelError::Shape)
        }
    }
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
    require_shape(scratch.len() >= shape.scratch_words_i16(isa))?;
    #[cfg(tiles)]
    if let Some(sizes) = shape.pairs_i16(isa) {
        let (rows, depth, columns) = (shape.rows, shape.depth, shape.columns);
        let matrices = a
            .chunks_exact(rows * depth)
            .zip(b.chunks_exact(depth * columns));
        for ((a, b), out) in matrices.zip(out.chunks_exact_mut(rows * columns)) {
            sizes.pack(b, |x| x, scratch)?;
            sizes.product_i64(a, out, scratch)?;
        }
        return Ok(());
    }
    isa.run(CallI16 {
        shape,
        a,
        b,
        out,
        scratch: bytemuck::cast_slice_mut(scratch),
    });
    Ok(())
}

struct CallI8<'a, O> {
    shape: &'a MatMulShape,
    first_row: usize,
    a: &'a [i8],
    b: &'a [i8],
    zero_points: (i8, i8),
    out: &'a mut [O],
    scratch: &'a mut [u64],
}

impl<O> CallI8<'_, O> {
    /// Calls `visit` for each matrix with its rows of `a`, the matrix if it is a further one, and their place.
    #[inline(always)]
    fn each_matrix(
        self,
        mut visit: impl FnMut(&[i8], Option<&[i8]>, &mut [O], &mut [u64]) -> KernelResult,
    ) -> KernelResult {
        let MatMulShape {
            rows: all_rows,
            depth,
            columns,
            ..
        } = *self.shape;
        let (mut a, mut out, mut row) = (self.a, self.out, self.first_row);
        while !a.is_empty() {
            let (matrix, place) = (row / all_rows, row % all_rows);
            let rows = (all_rows - place).min(a.len() / depth);
            let (own, rest) = a.split_at(rows * depth);
            let (results, places) = out.split_at_mut(rows * columns);
            let b = &self.b[matrix * depth * columns..][..depth * columns];
            visit(own, (place == 0).then_some(b), results, self.scratch)?;
            (a, out) = (rest, places);
            row += rows;
        }
        Ok(())
    }

    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    fn in_panels(
        self,
        sizes: vnni::Sizes,
        multiply: impl Fn(&[i8], &mut [O], &mut [u64]) -> Option<()>,
    ) -> KernelResult {
        self.each_matrix(|a, b, out, scratch| {
            let packed = b.map_or(Some(()), |b| vnni::pack(sizes, b, scratch));
            packed
                .and_then(|()| multiply(a, out, scratch))
                .ok_or(KernelError::Shape)
        })
    }
}

impl Kernel for CallI8<'_, i32> {
    type Output = KernelResult;

    #[inline(always)]
    fn run(self) -> KernelResult {
        let MatMulShape { depth, columns, .. } = *self.shape;
        let (a_zero_point, b_zero_point) = self.zero_points;
        let (a_zero_point, b_zero_point) = (i16::from(a_zero_point), i16::from(b_zero_point));
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

/// Rows that are transposed together: what is written of a column lies in a cache line.
const TRANSPOSED_ROWS: usize = 16;

/// Writes `[depth, columns]` as `[columns, depth]`.
#[inline(always)]
fn transposed<T: Copy>(b: &[T], columns: usize, out: &mut [i16], convert: impl Fn(T) -> i16) {
    let depth = b.len() / columns;
    let mut first = 0;
    for rows in b.chunks(TRANSPOSED_ROWS * columns) {
        let count = rows.len() / columns;
        for column in 0..columns {
            let from = column * depth + first;
            let mut place = column;
            for to in &mut out[from..from + count] {
                *to = convert(rows[place]);
                place += columns;
            }
        }
        first += count;
    }
}
