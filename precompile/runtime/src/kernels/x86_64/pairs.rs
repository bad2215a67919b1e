//! Products of pairs of i16 with `pmaddwd`, which adds the two products of a pair to a 32-bit sum: for SSE2 in
//! 128 bits, for AVX2 in 256.

use crate::kernels::{
    dispatch::Kernel,
    tiles::pairs::{Keep, Layout, Register, Rows},
};
use core::arch::x86_64::*;

/// Which registers. A set has a width only where its features were detected.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Width {
    /// SSE2.
    Xmm,
    /// AVX2.
    Ymm,
}

impl Width {
    /// Sums in a register.
    pub(crate) const fn lanes(self) -> usize {
        match self {
            Self::Xmm => <__m128i as Register>::LANES,
            Self::Ymm => <__m256i as Register>::LANES,
        }
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
        // SAFETY: the caller's; whoever has a width has its features.
        unsafe {
            match self {
                Self::Xmm => layout.rows::<__m128i, K>(weights, rows, keep, out),
                Self::Ymm => layout.rows::<__m256i, K>(weights, rows, keep, out),
            }
        }
    }

    /// Runs a kernel compiled for these registers.
    pub(in crate::kernels) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: whoever has a width has its features.
        unsafe {
            match self {
                Self::Xmm => __m128i::call_apart(kernel),
                Self::Ymm => __m256i::call_apart(kernel),
            }
        }
    }
}

/// Implements [`Register`] by the intrinsics of one width.
macro_rules! register {
    (
        $register:ty, $lanes:literal, $feature:literal,
        $splat:ident, $load:ident, $store:ident, $add:ident, $madd:ident,
        [$shift:ident, $and:ident, $splat_word:ident]
    ) => {
        impl Register for $register {
            const LANES: usize = $lanes;

            type Sums = Self;

            #[inline(always)]
            unsafe fn splat(pair: i32) -> Self {
                // SAFETY: the caller's.
                unsafe { $splat(pair) }
            }

            #[inline(always)]
            unsafe fn load(from: *const i16) -> Self {
                // SAFETY: the caller's; the instruction takes any address.
                unsafe { $load(from.cast()) }
            }

            #[inline(always)]
            unsafe fn halves(self) -> [Self; 2] {
                // SAFETY: the caller's.
                unsafe { [$shift::<8>(self), $and(self, $splat_word(0xff))] }
            }

            #[inline(always)]
            unsafe fn begin(from: *const i32) -> Self {
                // SAFETY: the caller's; the instruction takes any address.
                unsafe { $load(from.cast()) }
            }

            #[inline(always)]
            unsafe fn dot(sums: Self, x: Self, weights: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $add(sums, $madd(x, weights)) }
            }

            #[inline(always)]
            unsafe fn store(sums: Self, to: *mut i32) {
                // SAFETY: the caller's; the instruction takes any address.
                unsafe { $store(to.cast(), sums) }
            }

            #[inline(always)]
            unsafe fn call_apart<K: Kernel>(kernel: K) -> K::Output {
                #[inline(never)]
                #[target_feature(enable = $feature)]
                fn call<K: Kernel>(kernel: K) -> K::Output {
                    kernel.run()
                }
                // SAFETY: the caller's.
                unsafe { call(kernel) }
            }
        }
    };
}

register!(
    __m128i,
    4,
    "sse2",
    _mm_set1_epi32,
    _mm_loadu_si128,
    _mm_storeu_si128,
    _mm_add_epi32,
    _mm_madd_epi16,
    [_mm_srai_epi16, _mm_and_si128, _mm_set1_epi16]
);
register!(
    __m256i,
    8,
    "avx2",
    _mm256_set1_epi32,
    _mm256_loadu_si256,
    _mm256_storeu_si256,
    _mm256_add_epi32,
    _mm256_madd_epi16,
    [_mm256_srai_epi16, _mm256_and_si256, _mm256_set1_epi16]
);
