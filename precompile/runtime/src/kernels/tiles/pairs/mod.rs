//! Matrix products of pairs of i16, two products of which are added to a 32-bit sum at once.
//!
//! Both sides are without their zero points, so that two products of former bytes fit 32 bits exactly. An i16
//! weight is two: `weight = high * 2^8 + low`, as two products of whole ones do not fit.

mod keep;
mod layout;
pub(crate) mod matmul;
mod panels;
mod register;
mod tile;

pub(crate) use self::panels::Panels;
pub(in crate::kernels) use self::{keep::Keep, layout::Layout, register::Register};

/// Outputs of the widest panel: two registers of eight sums.
const MAX_PANEL: usize = 16;

/// Rows of i16 where they lie: each is some lines, runs of neighbouring elements. The rows of a matrix have
/// one, the windows of a convolution as many as their kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    pub(crate) x: &'a [i16],
    pub(crate) count: usize,
    /// Elements from row to row.
    pub(crate) stride: usize,
    /// Elements from line to line of a row.
    pub(crate) line_stride: usize,
}

impl<'a> Rows<'a> {
    /// The rows of `[m, depth]`.
    pub(crate) const fn of_matrix(x: &'a [i16], depth: usize) -> Self {
        Self {
            x,
            count: x.len() / depth,
            stride: depth,
            line_stride: 0,
        }
    }
}
