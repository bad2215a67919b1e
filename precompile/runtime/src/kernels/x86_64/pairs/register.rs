//! The registers of both widths, as the loops see them.

use crate::kernels::dispatch::Kernel;
use core::arch::x86_64::*;

/// A register of 32-bit sums, and what is done with it.
///
/// # Safety
/// Every function needs the CPU features of the implementation.
pub(super) trait Register: Copy {
    /// Sums in one register.
    const LANES: usize;

    /// The same pair in every lane.
    unsafe fn splat(pair: i32) -> Self;
    /// Reads `LANES` pairs or sums, wherever they begin.
    unsafe fn load<T>(from: *const T) -> Self;
    /// The upper and the lower halves of the words: `word = high * 2^8 + low`, `low` in 0..=255.
    unsafe fn halves(self) -> [Self; 2];
    /// Writes `LANES` sums, wherever they begin.
    unsafe fn store(self, to: *mut i32);
    /// Adds to each lane the two products of a pair, which together fit its 32 bits.
    unsafe fn dot(self, x: Self, weights: Self) -> Self;
    /// Calls a kernel as a function of its own, compiled for these registers: one that is inlined
    /// beside others would leave its sums no registers.
    unsafe fn call_apart<K: Kernel>(kernel: K) -> K::Output;
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

            #[inline(always)]
            unsafe fn splat(pair: i32) -> Self {
                // SAFETY: the caller's.
                unsafe { $splat(pair) }
            }

            #[inline(always)]
            unsafe fn load<T>(from: *const T) -> Self {
                // SAFETY: the caller's; the instruction takes any address.
                unsafe { $load(from.cast()) }
            }

            #[inline(always)]
            unsafe fn halves(self) -> [Self; 2] {
                // SAFETY: the caller's.
                unsafe { [$shift::<8>(self), $and(self, $splat_word(0xff))] }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut i32) {
                // SAFETY: the caller's; the instruction takes any address.
                unsafe { $store(to.cast(), self) }
            }

            #[inline(always)]
            unsafe fn dot(self, x: Self, weights: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $add(self, $madd(x, weights)) }
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

/// The sums of a register, and zeros.
///
/// # Safety
/// Needs the CPU features of `R`.
#[inline(always)]
pub(super) unsafe fn lanes<R: Register>(register: R) -> [i32; 8] {
    let mut lanes = [0; 8];
    // SAFETY: no register has more lanes.
    unsafe { register.store(lanes.as_mut_ptr()) };
    lanes
}
