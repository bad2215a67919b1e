//! Products of bytes with `sdot`, which adds four 8-bit products to each of four 32-bit sums.
//!
//! The instruction multiplies signed bytes, so rows, which were moved up by 128, are turned back in
//! registers. Two registers are taken as one of eight sums: six rows have 24 sums with a panel of two of
//! those, beside which its weights and a row fit 32 registers.

use crate::kernels::{
    KernelError, KernelResult,
    portable::narrowing::Narrowing,
    tiles::dot::{Panels, Register, Source, Sums},
    weights::Results,
};
use core::arch::{aarch64::*, asm};

/// Which registers: panels of 16 outputs, 6 rows at a time in 24 of 32. A set has them only where the feature
/// was detected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Width;

/// Weights.
#[derive(Debug)]
pub(crate) struct Weights(Panels);

impl Weights {
    /// Of `[outputs, lines, elements of a line]` without a zero point.
    pub(crate) fn new(_width: Width, weights: &[i8], sizes: [usize; 3]) -> Self {
        Self(Panels::new(
            weights,
            sizes,
            <int32x4x2_t as Register>::LANES,
        ))
    }

    /// `None`: sums are not narrowed in registers.
    pub(crate) fn narrowed(self, _narrowing: &Narrowing) -> Option<Self> {
        None
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// Sums into `[rows, outputs]`, which wrap. Rows that are not inside their elements, or more than there
    /// are places for, are not computed.
    pub(crate) fn product(
        &self,
        source: Source<'_>,
        zero_point: i8,
        bias: &[i32],
        out: Results<'_>,
    ) -> KernelResult {
        let Results::Sums(out) = out else {
            return Err(KernelError::Shape);
        };
        // SAFETY: whoever has a width has its feature.
        unsafe { in_pairs(&self.0, source, (i32::from(zero_point), bias), out) };
        Ok(())
    }
}

#[target_feature(enable = "dotprod")]
fn in_pairs(panels: &Panels, source: Source<'_>, offsets: (i32, &[i32]), out: &mut [i32]) {
    // SAFETY: this function's own feature.
    unsafe { panels.of::<int32x4x2_t, Sums, 6>(source, offsets, Sums, out) }
}

impl Register for int32x4x2_t {
    const LANES: usize = 8;

    const MOVED_UP: i32 = 0;

    #[inline(always)]
    unsafe fn splat(value: i32) -> Self {
        // SAFETY: the caller's.
        unsafe { Self(vdupq_n_s32(value), vdupq_n_s32(value)) }
    }

    #[inline(always)]
    unsafe fn row(from: *const u8) -> Self {
        // SAFETY: the caller's.
        unsafe {
            let moved = vdupq_n_s32(from.cast::<i32>().read_unaligned());
            let x = veorq_s32(moved, vreinterpretq_s32_u8(vdupq_n_u8(0x80)));
            Self(x, x)
        }
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller's; the instruction takes any address.
        unsafe {
            Self(
                vreinterpretq_s32_u8(vld1q_u8(from)),
                vreinterpretq_s32_u8(vld1q_u8(from.add(16))),
            )
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut i32) {
        // SAFETY: the caller's; the instruction takes any address.
        unsafe {
            vst1q_s32(to, self.0);
            vst1q_s32(to.add(4), self.1);
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the caller's.
        unsafe { Self(vaddq_s32(self.0, other.0), vaddq_s32(self.1, other.1)) }
    }

    #[inline(always)]
    unsafe fn dot(self, row: Self, weights: Self) -> Self {
        // SAFETY: the caller's.
        unsafe {
            Self(
                sdot(self.0, row.0, weights.0),
                sdot(self.1, row.1, weights.1),
            )
        }
    }
}

/// Adds to each sum four products of signed bytes. `vdotq_s32` is not stable.
///
/// # Safety
/// Needs `dotprod`.
#[inline(always)]
unsafe fn sdot(sums: int32x4_t, x: int32x4_t, weights: int32x4_t) -> int32x4_t {
    let mut sums = sums;
    // SAFETY: the caller's; the instruction changes nothing but the sums.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {x:v}.16b, {weights:v}.16b",
            sums = inout(vreg) sums,
            x = in(vreg) x,
            weights = in(vreg) weights,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}
