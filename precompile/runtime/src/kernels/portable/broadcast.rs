//! Operands walked together, dimensions of size 1 repeated.

use crate::kernels::{KernelResult, require, require_shape};
use crate::model::limits::MAX_RANK;

/// How the elements of `N` operands meet: adjacent dimensions that behave alike are merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast<const N: usize = 2> {
    /// Outermost first, the innermost last; unused outer dimensions have size 1.
    dims: [Dim<N>; MAX_RANK],
    /// Elements of each operand.
    operands: [usize; N],
    elements: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Dim<const N: usize> {
    size: usize,
    strides: [usize; N],
}

impl<const N: usize> Dim<N> {
    /// Whether it carries on where `inner` ends, in every operand.
    fn continues(&self, inner: &Self) -> bool {
        let mut strides = self.strides.iter().zip(&inner.strides);
        strides.all(|(&own, &inner_stride)| own == inner_stride * inner.size)
    }
}

impl<const N: usize> Broadcast<N> {
    /// Of shapes of equal rank, each dimension equal or 1; else `None`.
    pub fn of(shapes: [&[u32]; N]) -> Option<Self> {
        let rank = shapes.first()?.len();
        if rank > MAX_RANK || shapes.iter().any(|shape| shape.len() != rank) {
            return None;
        }
        let mut broadcast = Self {
            dims: [Dim {
                size: 1,
                strides: [0; N],
            }; MAX_RANK],
            operands: [1; N],
            elements: 1,
        };
        let mut used = 0_usize;
        for axis in (0..rank).rev() {
            let sizes = shapes.map(|shape| shape[axis] as usize);
            let dim = broadcast.push(sizes)?;
            if dim.size == 1 {
                continue;
            }
            let inner = used
                .checked_sub(1)
                .map(|at| &mut broadcast.dims[MAX_RANK - 1 - at]);
            match inner {
                Some(inner) if dim.continues(inner) => inner.size *= dim.size,
                _ => {
                    broadcast.dims[MAX_RANK - 1 - used] = dim;
                    used += 1;
                }
            }
        }
        Some(broadcast)
    }

    /// Of rows: `[rows, columns]` in the result; an operand has its own rows or one for all, of so many
    /// elements: as many as the result's, or one.
    #[inline(always)]
    pub(crate) fn of_rows(
        [rows, columns]: [usize; 2],
        own_rows: [bool; N],
        row_sizes: [usize; N],
    ) -> Self {
        let mut operands = row_sizes;
        let (mut inner, mut outer) = ([1; N], row_sizes);
        for at in 0..N {
            if own_rows[at] {
                operands[at] *= rows;
            } else {
                outer[at] = 0;
            }
            if row_sizes[at] != columns || columns == 1 {
                inner[at] = 0;
            }
        }
        let (mut inner, mut outer) = (
            Dim {
                size: columns,
                strides: inner,
            },
            Dim {
                size: rows,
                strides: outer,
            },
        );
        const UNUSED_SIZE: usize = 1;
        if columns == 1 {
            // Rows of one element are one row.
            inner = core::mem::replace(
                &mut outer,
                Dim {
                    size: UNUSED_SIZE,
                    strides: [0; N],
                },
            );
        } else if outer.continues(&inner) {
            inner.size *= rows;
            outer = Dim {
                size: UNUSED_SIZE,
                strides: [0; N],
            };
        }
        let mut dims = [Dim {
            size: UNUSED_SIZE,
            strides: [0; N],
        }; MAX_RANK];
        dims[MAX_RANK - 1] = inner;
        dims[MAX_RANK - 2] = outer;
        Self {
            dims,
            operands,
            elements: rows * columns,
        }
    }

    /// Counts one more dimension, of these sizes in the operands.
    fn push(&mut self, sizes: [usize; N]) -> Option<Dim<N>> {
        let size = sizes.into_iter().fold(1, usize::max);
        if sizes.iter().any(|&own| own != size && own != 1) {
            return None;
        }
        let mut strides = [0; N];
        for ((stride, elements), own) in strides.iter_mut().zip(&mut self.operands).zip(sizes) {
            if own > 1 {
                *stride = *elements;
            }
            *elements = elements.checked_mul(own)?;
        }
        self.elements = self.elements.checked_mul(size)?;
        Some(Dim { size, strides })
    }

    /// Elements of the result.
    pub const fn elements(&self) -> usize {
        self.elements
    }

    /// Rows of the result: each is one piece of memory in every operand.
    pub const fn rows(&self) -> usize {
        self.elements / self.dims[MAX_RANK - 1].size
    }

    /// Refuses buffers of other lengths.
    pub(crate) fn require_lengths(&self, operands: [usize; N], out: usize) -> KernelResult {
        require_shape(operands == self.operands && out == self.elements)
    }

    /// Strides of the operands along a row: 0 or 1 is all that the innermost dimension can have.
    pub(crate) const fn row_strides(&self) -> [usize; N] {
        self.dims[MAX_RANK - 1].strides
    }

    /// Visits the rows of `out` in order, with the place in each operand where its row starts.
    #[inline(always)]
    pub(crate) fn each_row<O>(&self, out: &mut [O], mut visit: impl FnMut(&mut [O], [usize; N])) {
        let mut index = [0_usize; MAX_RANK - 1];
        let mut places = [0; N];
        for row in out.chunks_exact_mut(self.dims[MAX_RANK - 1].size) {
            visit(row, places);
            for (dim, index) in self.dims[..MAX_RANK - 1].iter().zip(&mut index).rev() {
                for (place, stride) in places.iter_mut().zip(dim.strides) {
                    *place += stride;
                }
                *index += 1;
                if *index < dim.size {
                    break;
                }
                for (place, stride) in places.iter_mut().zip(dim.strides) {
                    *place -= stride * dim.size;
                }
                *index = 0;
            }
        }
    }
}

impl Broadcast {
    /// [`Self::of`] two shapes.
    pub fn new(a: &[u32], b: &[u32]) -> Option<Self> {
        Self::of([a, b])
    }

    /// `out = op(a, b)`, element by element. `op` also gives a word that is 0 unless a REQUIRE fails.
    #[inline(always)]
    pub(crate) fn apply<T: Copy, O: Copy>(
        &self,
        a: &[T],
        b: &[T],
        out: &mut [O],
        op: impl Fn(T, T) -> (O, u32),
    ) -> KernelResult {
        self.require_lengths([a.len(), b.len()], out.len())?;
        let [a_stride, b_stride] = self.row_strides();
        let mut failed = 0;
        self.each_row(out, |row, [a_at, b_at]| {
            let a_row = &a[a_at..a_at + if a_stride == 0 { 1 } else { row.len() }];
            let b_row = &b[b_at..b_at + if b_stride == 0 { 1 } else { row.len() }];
            failed |= match (a_stride, b_stride) {
                (0, _) => row_with(row, b_row, |y| op(a_row[0], y)),
                (_, 0) => row_with(row, a_row, |x| op(x, b_row[0])),
                _ => {
                    let mut failed = 0;
                    for ((o, &x), &y) in row.iter_mut().zip(a_row).zip(b_row) {
                        let (value, word) = op(x, y);
                        *o = value;
                        failed |= word;
                    }
                    failed
                }
            };
        });
        require(failed == 0)
    }
}

#[inline(always)]
fn row_with<T: Copy, O: Copy>(out: &mut [O], x: &[T], op: impl Fn(T) -> (O, u32)) -> u32 {
    let mut failed = 0;
    if let [x] = x {
        let (value, word) = op(*x);
        out.fill(value);
        return word;
    }
    for (o, &x) in out.iter_mut().zip(x) {
        let (value, word) = op(x);
        *o = value;
        failed |= word;
    }
    failed
}
