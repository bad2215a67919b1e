//! Strided walks: what SLICE, PAD, TRANSPOSE and GATHER share. Elements are opaque bytes here.

use crate::model::limits::MAX_RANK;

/// A shape with a byte stride per dimension, outermost first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    rank: usize,
    sizes: [usize; MAX_RANK],
    strides_bytes: [usize; MAX_RANK],
}

impl Walk {
    /// Of up to [`MAX_RANK`] dimensions, `(size, stride in bytes)`; `None` of more or of size 0.
    pub(crate) fn new(dims: impl IntoIterator<Item = (usize, usize)>) -> Option<Self> {
        let mut walk = Self {
            rank: 0,
            sizes: [1; MAX_RANK],
            strides_bytes: [0; MAX_RANK],
        };
        for (size, stride_bytes) in dims {
            if size == 0 {
                return None;
            }
            *walk.sizes.get_mut(walk.rank)? = size;
            *walk.strides_bytes.get_mut(walk.rank)? = stride_bytes;
            walk.rank += 1;
        }
        Some(walk)
    }

    /// Calls `visit` with the byte offset of every element, row-major.
    #[inline(always)]
    pub(crate) fn for_each(&self, mut visit: impl FnMut(usize)) {
        let mut index = [0_usize; MAX_RANK];
        let mut offset_bytes = 0;
        loop {
            visit(offset_bytes);
            let mut at = self.rank;
            loop {
                let Some(next) = at.checked_sub(1) else {
                    return;
                };
                at = next;
                offset_bytes += self.strides_bytes[at];
                index[at] += 1;
                if index[at] < self.sizes[at] {
                    break;
                }
                offset_bytes -= self.strides_bytes[at] * self.sizes[at];
                index[at] = 0;
            }
        }
    }
}

/// A dense shape as `usize` sizes and byte strides; `None` over [`MAX_RANK`], of a size 0 or if the
/// bytes do not fit `usize`. The last value is the length in bytes.
pub(crate) fn dense(
    shape: &[u32],
    element_bytes: usize,
) -> Option<([usize; MAX_RANK], [usize; MAX_RANK], usize)> {
    let (mut sizes, mut strides_bytes) = ([1; MAX_RANK], [0; MAX_RANK]);
    let mut bytes = element_bytes;
    for (at, &size) in shape.iter().enumerate().rev() {
        let size = usize::try_from(size).ok().filter(|&size| size > 0)?;
        *sizes.get_mut(at)? = size;
        strides_bytes[at] = bytes;
        bytes = bytes.checked_mul(size)?;
    }
    Some((sizes, strides_bytes, bytes))
}
