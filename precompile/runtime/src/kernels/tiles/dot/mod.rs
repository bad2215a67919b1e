//! Matrix products of bytes by dot products of four of them, which are added to a 32-bit sum at once.
//!
//! Rows are moved up by 128 where they are copied anyway or tile by tile, to be unsigned, as x86-64 multiplies
//! unsigned by signed bytes. What that adds is the same for all rows and taken back per output, exactly, as all
//! sums wrap alike:
//!
//! `sum (x - xz) w = sum (x + 128) w  -  (128 + xz) sum w`
//!
//! Where a machine multiplies signed bytes, its registers turn rows back and there is no 128.

mod keep;
mod panels;
mod register;
mod tile;

pub(in crate::kernels) use self::{
    keep::{Keep, Sums},
    panels::Panels,
    register::Register,
};

/// Bytes of rows of a matrix that are moved up at a time: half of a level-1 cache.
const MOVED_BYTES: usize = 16 << 10;
/// They are a multiple of so many rows, for both widths.
const MOVED_ROWS: usize = 12;

/// Rows, moved up by 128, where they lie: each is some lines, runs of neighbouring elements. The rows of a
/// matrix have one, the windows of a convolution as many as their kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    pub(crate) x: &'a [u8],
    pub(crate) count: usize,
    /// Elements from row to row.
    pub(crate) stride: usize,
    /// Elements from line to line of a row.
    pub(crate) line_stride: usize,
}

/// What weights are multiplied with.
#[derive(Debug)]
pub(crate) enum Source<'a> {
    /// Rows as they lie.
    Rows(Rows<'a>),
    /// A matrix, and room for some of its rows moved up.
    Matrix(&'a [i8], &'a mut [u8]),
}

/// Length of the room for so many rows of a matrix that is moved up; it grows up to some tiles.
pub(crate) fn moved_bytes(rows: usize, depth: usize) -> usize {
    let stride = depth.next_multiple_of(4);
    let most = (MOVED_BYTES / stride).next_multiple_of(MOVED_ROWS);
    rows.min(most) * stride
}
