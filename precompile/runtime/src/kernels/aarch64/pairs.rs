//! Products of pairs of i16 with `smlal`, which multiplies four i16 and adds them to four 32-bit sums.
//!
//! The two products of a pair are summed apart, in neighbours, and put together by `addp` at the end: that
//! is two instructions for a register of pairs, where `smull`, `smull2`, `addp` and `add` are four.

use crate::kernels::{
    dispatch::Kernel,
    tiles::pairs::{Keep, Layout, Register, Rows},
};
use core::arch::aarch64::*;

/// Which registers: there is one width.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Width;

impl Width {
    /// Sums in a register.
    pub(crate) const fn lanes(self) -> usize {
        <int16x8_t as Register>::LANES
    }

    /// [`Layout::rows`] in these registers.
    ///
    /// # Safety
    /// The layout's, but for the features.
    pub(in crate::kernels) unsafe fn rows<K: Keep>(
        self,
        layout: &Layout,
        weights: &[i16],
        rows: &Rows<'_>,
        keep: K,
        out: &mut [K::Element],
    ) {
        // SAFETY: the caller's; NEON is part of every aarch64 that has `std`.
        unsafe { layout.rows::<int16x8_t, K>(weights, rows, keep, out) }
    }

    /// Runs a kernel compiled for these registers.
    pub(in crate::kernels) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: NEON is part of every aarch64 that has `std`.
        unsafe { int16x8_t::call_apart(kernel) }
    }
}

impl Register for int16x8_t {
    const LANES: usize = 4;

    /// Of the even elements of pairs and of the odd ones, in neighbours.
    type Sums = int32x4x2_t;

    #[inline(always)]
    unsafe fn splat(pair: i32) -> Self {
        // SAFETY: the caller's.
        unsafe { vreinterpretq_s16_s32(vdupq_n_s32(pair)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const i16) -> Self {
        // SAFETY: the caller's; the instruction takes any address.
        unsafe { vld1q_s16(from) }
    }

    #[inline(always)]
    unsafe fn halves(self) -> [Self; 2] {
        // SAFETY: the caller's.
        unsafe { [vshrq_n_s16::<8>(self), vandq_s16(self, vdupq_n_s16(0xff))] }
    }

    #[inline(always)]
    unsafe fn begin(from: *const i32) -> Self::Sums {
        // SAFETY: the caller's; the instruction takes any address.
        unsafe { vzipq_s32(vld1q_s32(from), vdupq_n_s32(0)) }
    }

    #[inline(always)]
    unsafe fn dot(sums: Self::Sums, x: Self, weights: Self) -> Self::Sums {
        // SAFETY: the caller's.
        unsafe {
            int32x4x2_t(
                vmlal_s16(sums.0, vget_low_s16(x), vget_low_s16(weights)),
                vmlal_high_s16(sums.1, x, weights),
            )
        }
    }

    #[inline(always)]
    unsafe fn store(sums: Self::Sums, to: *mut i32) {
        // SAFETY: the caller's; the instruction takes any address.
        unsafe { vst1q_s32(to, vpaddq_s32(sums.0, sums.1)) }
    }

    #[inline(always)]
    unsafe fn call_apart<K: Kernel>(kernel: K) -> K::Output {
        #[inline(never)]
        fn call<K: Kernel>(kernel: K) -> K::Output {
            kernel.run()
        }
        call(kernel)
    }
}
