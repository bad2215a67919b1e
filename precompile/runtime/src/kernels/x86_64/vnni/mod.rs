//! VNNI: matrix products with `vpdpbusd`, which adds four 8-bit products to a 32-bit sum at once.
//!
//! The instruction multiplies unsigned by signed bytes. Weights are the unsigned side, moved up by 128
//! when they are packed; rows are read as they stand in memory, four neighbouring elements at a time.
//! What that leaves out is made good per output and per row, exactly, as all sums wrap alike:
//!
//! `sum (x - xz)(w - wz) = sum x (w + 128)  -  (128 + wz) sum x  -  xz sum (w - wz)`
//!
//! Never `vpdpbusds`, which saturates.

mod keep;
mod panels;
mod register;
mod tile;

use self::{
    keep::{Keep, Sums},
    panels::Panels,
    register::Register,
};
use super::narrow::Scale;
use crate::kernels::{KernelError, KernelResult, portable::rescale::Narrowing, weights::Results};
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
pub(crate) struct Avx512Panels {
    panels: Panels,
    /// What is made of the sums, if it is not they that are wanted.
    scale: Option<Scale>,
}

/// Weights of AVX-VNNI: panels of 16 outputs, 6 rows at a time in 12 of 16 registers.
#[derive(Debug)]
pub(crate) struct AvxPanels(Panels);

impl Avx512Panels {
    /// Of `[outputs, lines, elements of a line]`, for a machine that has the features.
    pub(crate) fn new(weights: &[i8], sizes: [usize; 3], zero_point: i8) -> Self {
        Self {
            panels: Panels::new(weights, sizes, zero_point, <__m512i as Register>::LANES),
            scale: None,
        }
    }

    /// The same, for results of i8; `None` if not all sums can be narrowed in registers.
    pub(crate) fn narrowed(self, narrowing: &Narrowing) -> Option<Self> {
        let scale = Scale::new(narrowing, self.panels.outputs())?;
        Some(Self {
            scale: Some(scale),
            ..self
        })
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.panels.bytes() + self.scale.as_ref().map_or(0, Scale::bytes)
    }

    /// Results into `[rows, outputs]`; sums wrap. Rows that are not inside `x`, or more than there are
    /// places for, are not computed. Sums are not what [`Self::narrowed`] weights give, nor i8 the others.
    pub(crate) fn product(
        &self,
        rows: Rows<'_>,
        zero_point: i8,
        bias: &[i32],
        out: Results<'_>,
    ) -> KernelResult {
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
        fn product<K: Keep<__m512i>>(
            panels: &Panels,
            rows: Rows<'_>,
            (zero_point, bias): (i32, &[i32]),
            keep: K,
            out: &mut [K::Element],
        ) {
            // SAFETY: this function's own features.
            unsafe { panels.product::<__m512i, K, 12>(rows, zero_point, bias, keep, out) }
        }
        let offsets = (i32::from(zero_point), bias);
        // SAFETY: the set that packs these exists only where its features were detected.
        unsafe {
            match (out, &self.scale) {
                (Results::Sums(out), None) => product(&self.panels, rows, offsets, Sums, out),
                (Results::Narrow(out), Some(scale)) => {
                    product(&self.panels, rows, offsets, scale, out);
                }
                _ => return Err(KernelError::Shape),
            }
        }
        Ok(())
    }
}

impl AvxPanels {
    /// Of `[outputs, lines, elements of a line]`, for a machine that has the features.
    pub(crate) fn new(weights: &[i8], sizes: [usize; 3], zero_point: i8) -> Self {
        let lanes = <__m256i as Register>::LANES;
        Self(Panels::new(weights, sizes, zero_point, lanes))
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// As [`Avx512Panels::product`]; there are sums alone.
    pub(crate) fn product(
        &self,
        rows: Rows<'_>,
        zero_point: i8,
        bias: &[i32],
        out: Results<'_>,
    ) -> KernelResult {
        #[target_feature(enable = "avx2,avxvnni")]
        fn product(
            panels: &Panels,
            rows: Rows<'_>,
            zero_point: i32,
            bias: &[i32],
            out: &mut [i32],
        ) {
            // SAFETY: this function's own features.
            unsafe { panels.product::<__m256i, Sums, 6>(rows, zero_point, bias, Sums, out) }
        }
        let Results::Sums(out) = out else {
            return Err(KernelError::Shape);
        };
        // SAFETY: the set that packs these exists only where its features were detected.
        unsafe { product(&self.0, rows, i32::from(zero_point), bias, out) };
        Ok(())
    }
}
