//! VNNI: matrix products with `vpdpbusd`, which adds four 8-bit products to a 32-bit sum at once.
//!
//! The instruction multiplies unsigned by signed bytes. Never `vpdpbusds`, which saturates.

mod register;

use super::narrow::{Narrow, Scale};
use crate::kernels::{
    KernelError, KernelResult,
    portable::narrowing::Narrowing,
    tiles::dot::{Keep, Panels, Register, Source, Sums},
    weights::Results,
};
use core::arch::x86_64::{__m256i, __m512i};

/// Which registers. A set has a width only where its features were detected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// AVX-VNNI: panels of 16 outputs, 6 rows at a time in 12 of 16 registers.
    Ymm,
    /// AVX512-VNNI: panels of 32 outputs, 12 rows at a time in 24 of 32 registers.
    Zmm,
}

impl Width {
    /// Sums in a register.
    const fn lanes(self) -> usize {
        match self {
            Self::Ymm => <__m256i as Register>::LANES,
            Self::Zmm => <__m512i as Register>::LANES,
        }
    }
}

/// Weights.
#[derive(Debug)]
pub(crate) struct Weights {
    width: Width,
    panels: Panels,
    /// What is made of the sums, if it is not they that are wanted.
    scale: Option<Scale>,
}

impl Weights {
    /// Of `[outputs, lines, elements of a line]` without a zero point.
    pub(crate) fn new(width: Width, weights: &[i8], sizes: [usize; 3]) -> Self {
        Self {
            width,
            panels: Panels::new(weights, sizes, width.lanes()),
            scale: None,
        }
    }

    /// The same, for results of i8; `None` if not all sums can be narrowed in registers.
    pub(crate) fn narrowed(self, narrowing: &Narrowing) -> Option<Self> {
        if self.width != Width::Zmm {
            return None;
        }
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

    /// Results into `[rows, outputs]`; sums wrap. Rows that are not inside their elements, or more than
    /// there are places for, are not computed. Sums are not what [`Self::narrowed`] weights give, nor i8
    /// the others.
    pub(crate) fn product(
        &self,
        source: Source<'_>,
        zero_point: i8,
        bias: &[i32],
        out: Results<'_>,
    ) -> KernelResult {
        let offsets = (i32::from(zero_point), bias);
        let panels = &self.panels;
        // SAFETY: whoever has a width has its features.
        unsafe {
            match (self.width, out, &self.scale) {
                (Width::Ymm, Results::Sums(out), _) => in_ymm(panels, source, offsets, out),
                (Width::Zmm, Results::Sums(out), None) => {
                    in_zmm(panels, source, offsets, Sums, out);
                }
                (Width::Zmm, Results::Narrow(out), Some(scale)) if scale.is_double_round() => {
                    in_zmm(panels, source, offsets, Narrow::<true>(scale), out);
                }
                (Width::Zmm, Results::Narrow(out), Some(scale)) => {
                    in_zmm(panels, source, offsets, Narrow::<false>(scale), out);
                }
                _ => return Err(KernelError::Shape),
            }
        }
        Ok(())
    }
}

#[target_feature(enable = "avx2,avxvnni")]
fn in_ymm(panels: &Panels, source: Source<'_>, offsets: (i32, &[i32]), out: &mut [i32]) {
    // SAFETY: this function's own features.
    unsafe { panels.of::<__m256i, Sums, 6>(source, offsets, Sums, out) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
fn in_zmm<K: Keep<__m512i>>(
    panels: &Panels,
    source: Source<'_>,
    offsets: (i32, &[i32]),
    keep: K,
    out: &mut [K::Element],
) {
    // SAFETY: this function's own features.
    unsafe { panels.of::<__m512i, K, 12>(source, offsets, keep, out) }
}

impl<const IS_DOUBLE_ROUND: bool> Keep<__m512i> for Narrow<'_, IS_DOUBLE_ROUND> {
    type Element = i8;

    #[inline(always)]
    unsafe fn keep<const V: usize>(self, first: usize, sums: [__m512i; V], out: &mut [i8]) {
        // SAFETY: the caller's.
        unsafe { Self::keep(self, first, sums, out) }
    }
}
