//! Two operands walked together, dimensions of size 1 repeated.

use crate::kernels::{KernelResult, require, require_shape};
use crate::model::limits::MAX_RANK;

/// How the elements of two operands pair up: adjacent dimensions that behave alike are merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// Outermost first, the innermost last; unused outer dimensions have size 1.
    dims: [Dim; MAX_RANK],
    a_elements: usize,
    b_elements: usize,
    elements: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Dim {
    size: usize,
    a_stride: usize,
    b_stride: usize,
}

impl Broadcast {
    /// Of shapes of equal rank, each dimension equal or 1 in one of them; else `None`.
    pub fn new(a: &[u32], b: &[u32]) -> Option<Self> {
        if a.len() != b.len() || a.len() > MAX_RANK {
            return None;
        }
        let mut dims = [Dim {
            size: 1,
            a_stride: 0,
            b_stride: 0,
        }; MAX_RANK];
        let (mut a_elements, mut b_elements, mut elements) = (1_usize, 1_usize, 1_usize);
        let mut used = 0_usize;
        for (&a_size, &b_size) in a.iter().zip(b).rev() {
            if a_size != b_size && a_size != 1 && b_size != 1 || a_size == 0 || b_size == 0 {
                return None;
            }
            let (a_size, b_size) = (usize::try_from(a_size).ok()?, usize::try_from(b_size).ok()?);
            let dim = Dim {
                size: a_size.max(b_size),
                a_stride: if a_size == 1 { 0 } else { a_elements },
                b_stride: if b_size == 1 { 0 } else { b_elements },
            };
            a_elements = a_elements.checked_mul(a_size)?;
            b_elements = b_elements.checked_mul(b_size)?;
            elements = elements.checked_mul(dim.size)?;
            if dim.size == 1 {
                continue;
            }
            let last = used.checked_sub(1).map(|at| &mut dims[MAX_RANK - 1 - at]);
            match last {
                Some(inner)
                    if dim.a_stride == inner.a_stride * inner.size
                        && dim.b_stride == inner.b_stride * inner.size =>
                {
                    inner.size *= dim.size;
                }
                _ => {
                    dims[MAX_RANK - 1 - used] = dim;
                    used += 1;
                }
            }
        }
        Some(Self {
            dims,
            a_elements,
            b_elements,
            elements,
        })
    }

    /// Elements of the result.
    pub const fn elements(&self) -> usize {
        self.elements
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
        require_shape(
            a.len() == self.a_elements && b.len() == self.b_elements && out.len() == self.elements,
        )?;
        let inner = self.dims[MAX_RANK - 1];
        let mut failed = 0;
        let mut index = [0_usize; MAX_RANK - 1];
        let (mut a_at, mut b_at) = (0, 0);
        for row in out.chunks_exact_mut(inner.size) {
            // A stride of 0 or 1 is all that the innermost dimension can have.
            let a_row = &a[a_at..a_at + if inner.a_stride == 0 { 1 } else { inner.size }];
            let b_row = &b[b_at..b_at + if inner.b_stride == 0 { 1 } else { inner.size }];
            failed |= match (inner.a_stride, inner.b_stride) {
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
            for at in (0..MAX_RANK - 1).rev() {
                let dim = self.dims[at];
                a_at += dim.a_stride;
                b_at += dim.b_stride;
                index[at] += 1;
                if index[at] < dim.size {
                    break;
                }
                a_at -= dim.a_stride * dim.size;
                b_at -= dim.b_stride * dim.size;
                index[at] = 0;
            }
        }
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
