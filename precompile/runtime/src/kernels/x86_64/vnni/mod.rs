//! VNNI: matrix products with `vpdpbusd`, which adds four 8-bit products to a 32-bit sum at once.
//!
//! The instruction multiplies unsigned by signed bytes. Weights are the unsigned side, moved up by 128
//! when they are packed; rows are read as they stand in memory, four neighbouring elements at a time.
//! What that leaves out is made good per output and per row, exactly, as all sums wrap alike:
//!
//! `sum (x - xz)(w - wz) = sum x (w + 128)  -  (128 + wz) sum x  -  xz sum (w - wz)`
//!
//! Never `vpdpbusds`, which saturates.

mod panels;
mod register;
mod tile;

use self::{panels::Panels, register::Register};
use core::arch::x86_64::{__m256i, __m512i};

/// Rows where they lie: each is some lines, runs of neighbouring elements. The rows of a matrix have one,
/// the windows of a convolution as many as their kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    pub(crate) x: &'a [i8],
    pub(crate) count: usize,
    /// Elements from row to row.
    pub(crate) stride: usize,
    /// Elements from line to line of a row.
    pub(crate) line_stride: usize,
}

/// Weights of AVX512-VNNI: panels of 32 outputs, 12 rows at a time in 24 of 32 registers.
#[derive(Debug)]
pub(crate) struct Avx512Panels(Panels);

/// Weights of AVX-VNNI: panels of 16 outputs, 6 rows at a time in 12 of 16 registers.
#[derive(Debug)]
pub(crate) struct AvxPanels(Panels);

/// Implements what both have.
macro_rules! panels {
    ($panels:ty, $register:ty, $rows:literal, $features:literal) => {
        impl $panels {
            /// Of `[outputs, lines, elements of a line]`, for a machine that has the features.
            pub(crate) fn new(weights: &[i8], sizes: [usize; 3], zero_point: i8) -> Self {
                Self(Panels::new(weights, sizes, zero_point, <$register>::LANES))
            }

            /// Bytes on the heap.
            pub(crate) fn bytes(&self) -> usize {
                self.0.bytes()
            }

            /// i32 results into `out` `[rows, outputs]`; sums wrap. Rows that are not inside `x`, or
            /// more than `out` has places for, are not computed.
            pub(crate) fn product(
                &self,
                rows: Rows<'_>,
                zero_point: i8,
                bias: &[i32],
                out: &mut [i32],
            ) {
                #[target_feature(enable = $features)]
                fn product(
                    panels: &Panels,
                    rows: Rows<'_>,
                    zp: i32,
                    bias: &[i32],
                    out: &mut [i32],
                ) {
                    // SAFETY: this function's own features.
                    unsafe { panels.product::<$register, $rows>(rows, zp, bias, out) }
                }
                // SAFETY: the set that packs these exists only where its features were detected.
                unsafe { product(&self.0, rows, i32::from(zero_point), bias, out) }
            }
        }
    };
}

panels!(
    Avx512Panels,
    __m512i,
    12,
    "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni"
);
panels!(AvxPanels, __m256i, 6, "avx2,avxvnni");
