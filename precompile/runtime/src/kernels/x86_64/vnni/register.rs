//! The registers of both widths.

use crate::kernels::tiles::dot::Register;
use core::arch::x86_64::*;

/// Implements [`Register`] by the intrinsics of one width.
macro_rules! register {
    ($register:ty, $lanes:literal, $splat:ident, $load:ident, $store:ident, $add:ident, $dot:expr) => {
        impl Register for $register {
            const LANES: usize = $lanes;

            const MOVED_UP: i32 = 128;

            #[inline(always)]
            unsafe fn splat(value: i32) -> Self {
                // SAFETY: the caller's.
                unsafe { $splat(value) }
            }

            #[inline(always)]
            unsafe fn row(from: *const u8) -> Self {
                // SAFETY: the caller's.
                unsafe { $splat(from.cast::<i32>().read_unaligned()) }
            }

            #[inline(always)]
            unsafe fn load(from: *const u8) -> Self {
                // SAFETY: the caller's; the instruction takes any address.
                unsafe { $load(from.cast()) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut i32) {
                // SAFETY: the caller's; the instruction takes any address.
                unsafe { $store(to.cast(), self) }
            }

            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $add(self, other) }
            }

            #[inline(always)]
            unsafe fn dot(self, row: Self, weights: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $dot(self, row, weights) }
            }
        }
    };
}

register!(
    __m512i,
    16,
    _mm512_set1_epi32,
    _mm512_loadu_si512,
    _mm512_storeu_si512,
    _mm512_add_epi32,
    _mm512_dpbusd_epi32
);
register!(
    __m256i,
    8,
    _mm256_set1_epi32,
    _mm256_loadu_si256,
    _mm256_storeu_si256,
    _mm256_add_epi32,
    _mm256_dpbusd_avx_epi32
);
