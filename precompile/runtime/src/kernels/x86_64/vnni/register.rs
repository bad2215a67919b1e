//! The registers of both widths, as the loops see them.

use core::arch::x86_64::*;

/// A register of 32-bit sums, and what is done with it.
///
/// # Safety
/// Every function needs the CPU features of the implementation.
pub(in crate::kernels::x86_64) trait Register: Copy {
    /// Sums in one register.
    const LANES: usize;

    /// The same 32 bits in every lane.
    unsafe fn splat(value: i32) -> Self;
    /// Reads `4 * LANES` bytes, wherever they begin.
    unsafe fn load(from: *const u8) -> Self;
    /// Writes `LANES` sums, wherever they begin.
    unsafe fn store(self, to: *mut i32);
    /// Adds to each lane.
    unsafe fn add(self, other: Self) -> Self;
    /// Adds to each lane four products of unsigned and signed bytes.
    unsafe fn dot(self, unsigned: Self, signed: Self) -> Self;
}

/// Implements [`Register`] by the intrinsics of one width.
macro_rules! register {
    ($register:ty, $lanes:literal, $splat:ident, $load:ident, $store:ident, $add:ident, $dot:expr) => {
        impl Register for $register {
            const LANES: usize = $lanes;

            #[inline(always)]
            unsafe fn splat(value: i32) -> Self {
                // SAFETY: the caller's.
                unsafe { $splat(value) }
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
            unsafe fn dot(self, unsigned: Self, signed: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $dot(self, unsigned, signed) }
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

/// The sums of a register, and zeros.
///
/// # Safety
/// Needs the CPU features of `R`.
#[inline(always)]
pub(super) unsafe fn lanes<R: Register>(register: R) -> [i32; 16] {
    let mut lanes = [0; 16];
    // SAFETY: no register has more lanes.
    unsafe { register.store(lanes.as_mut_ptr()) };
    lanes
}
