//! Registers of bytes and of sums, in three widths.

use super::QUARTERS;
use core::arch::x86_64::*;

/// A register of bytes or sums.
///
/// # Safety
/// Every function needs AVX-512 F, BW, VL, DQ and VNNI.
pub(super) trait Register: Copy {
    /// The same byte everywhere.
    unsafe fn splat(byte: u8) -> Self;
    /// Reads the first `count` bytes.
    unsafe fn load(from: *const i8, count: usize) -> Self;
    /// Reads a whole register.
    unsafe fn load_all(from: *const i8) -> Self;
    /// Bitwise.
    unsafe fn xor(self, other: Self) -> Self;
    /// Adds to each lane four products of unsigned and signed bytes.
    unsafe fn dot(self, unsigned: Self, signed: Self) -> Self;
    /// Weaves the bytes of four taps: each 128-bit lane's channels, four in each result.
    unsafe fn weave(taps: [Self; 4]) -> [Self; QUARTERS];
    /// The sums of woven channels, as the channels stand.
    unsafe fn in_order(quarters: [Self; QUARTERS]) -> [Self; QUARTERS];
    /// The sums of sixteen channels a register, as many registers as there are sixteens, and anything.
    unsafe fn sixteens(quarters: [Self; QUARTERS]) -> [__m512i; QUARTERS];
    /// Writes the first `count` sums.
    unsafe fn store(self, to: *mut i32, count: usize);
}

macro_rules! register {
    (
        $register:ty, $mask:ty, $lanes_mask:ty, $splat:ident, $load:ident, $load_all:ident, $xor:ident,
        $dot:ident, [$low8:ident, $high8:ident, $low16:ident, $high16:ident], $store:ident,
        $in_order:expr, $sixteens:expr
    ) => {
        impl Register for $register {
            #[inline(always)]
            unsafe fn splat(byte: u8) -> Self {
                // SAFETY: the caller's.
                unsafe { $splat(byte.cast_signed()) }
            }

            #[inline(always)]
            unsafe fn load(from: *const i8, count: usize) -> Self {
                let mask = <$mask>::MAX >> (size_of::<Self>() - count);
                // SAFETY: the caller's.
                unsafe { $load(mask, from) }
            }

            #[inline(always)]
            unsafe fn load_all(from: *const i8) -> Self {
                // SAFETY: the caller's; the instruction takes any address.
                unsafe { $load_all(from.cast()) }
            }

            #[inline(always)]
            unsafe fn xor(self, other: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $xor(self, other) }
            }

            #[inline(always)]
            unsafe fn dot(self, unsigned: Self, signed: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $dot(self, unsigned, signed) }
            }

            #[inline(always)]
            unsafe fn weave([a, b, c, d]: [Self; 4]) -> [Self; QUARTERS] {
                // SAFETY: the caller's.
                unsafe {
                    let (low, next_low) = ($low8(a, b), $low8(c, d));
                    let (high, next_high) = ($high8(a, b), $high8(c, d));
                    [
                        $low16(low, next_low),
                        $high16(low, next_low),
                        $low16(high, next_high),
                        $high16(high, next_high),
                    ]
                }
            }

            #[inline(always)]
            unsafe fn in_order(quarters: [Self; QUARTERS]) -> [Self; QUARTERS] {
                // SAFETY: the caller's.
                unsafe { $in_order(quarters) }
            }

            #[inline(always)]
            unsafe fn sixteens(quarters: [Self; QUARTERS]) -> [__m512i; QUARTERS] {
                // SAFETY: the caller's.
                unsafe { $sixteens(quarters) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut i32, count: usize) {
                let lanes = size_of::<Self>() / size_of::<i32>();
                let mask = ((1_u32 << lanes) - 1) >> (lanes - count);
                // SAFETY: the caller's.
                unsafe { $store(to, mask as $lanes_mask, self) }
            }
        }
    };
}

register!(
    __m128i,
    u16,
    u8,
    _mm_set1_epi8,
    _mm_maskz_loadu_epi8,
    _mm_loadu_si128,
    _mm_xor_si128,
    _mm_dpbusd_epi32,
    [
        _mm_unpacklo_epi8,
        _mm_unpackhi_epi8,
        _mm_unpacklo_epi16,
        _mm_unpackhi_epi16
    ],
    _mm_mask_storeu_epi32,
    in_order_128,
    sixteens_128
);
register!(
    __m256i,
    u32,
    u8,
    _mm256_set1_epi8,
    _mm256_maskz_loadu_epi8,
    _mm256_loadu_si256,
    _mm256_xor_si256,
    _mm256_dpbusd_epi32,
    [
        _mm256_unpacklo_epi8,
        _mm256_unpackhi_epi8,
        _mm256_unpacklo_epi16,
        _mm256_unpackhi_epi16
    ],
    _mm256_mask_storeu_epi32,
    in_order_256,
    sixteens_256
);
register!(
    __m512i,
    u64,
    u16,
    _mm512_set1_epi8,
    _mm512_maskz_loadu_epi8,
    _mm512_loadu_si512,
    _mm512_xor_si512,
    _mm512_dpbusd_epi32,
    [
        _mm512_unpacklo_epi8,
        _mm512_unpackhi_epi8,
        _mm512_unpacklo_epi16,
        _mm512_unpackhi_epi16
    ],
    _mm512_mask_storeu_epi32,
    in_order_512,
    sixteens_512
);

/// [`Register::in_order`]: one lane's channels are in order.
///
/// # Safety
/// None is needed.
#[inline(always)]
const unsafe fn in_order_128(quarters: [__m128i; QUARTERS]) -> [__m128i; QUARTERS] {
    quarters
}

/// [`Register::in_order`].
///
/// # Safety
/// Needs AVX2.
#[inline(always)]
unsafe fn in_order_256([a, b, c, d]: [__m256i; QUARTERS]) -> [__m256i; QUARTERS] {
    // SAFETY: the caller's.
    unsafe {
        [
            _mm256_permute2x128_si256::<0x20>(a, b),
            _mm256_permute2x128_si256::<0x20>(c, d),
            _mm256_permute2x128_si256::<0x31>(a, b),
            _mm256_permute2x128_si256::<0x31>(c, d),
        ]
    }
}

/// [`Register::in_order`].
///
/// # Safety
/// Needs AVX-512 F.
#[inline(always)]
unsafe fn in_order_512([a, b, c, d]: [__m512i; QUARTERS]) -> [__m512i; QUARTERS] {
    // SAFETY: the caller's.
    unsafe {
        let low = _mm512_shuffle_i32x4::<0x44>(a, b);
        let next_low = _mm512_shuffle_i32x4::<0x44>(c, d);
        let high = _mm512_shuffle_i32x4::<0xee>(a, b);
        let next_high = _mm512_shuffle_i32x4::<0xee>(c, d);
        [
            _mm512_shuffle_i32x4::<0x88>(low, next_low),
            _mm512_shuffle_i32x4::<0xdd>(low, next_low),
            _mm512_shuffle_i32x4::<0x88>(high, next_high),
            _mm512_shuffle_i32x4::<0xdd>(high, next_high),
        ]
    }
}

/// [`Register::sixteens`]: four quarters are one register.
///
/// # Safety
/// Needs AVX-512 F and DQ.
#[inline(always)]
unsafe fn sixteens_128([a, b, c, d]: [__m128i; QUARTERS]) -> [__m512i; QUARTERS] {
    // SAFETY: the caller's.
    unsafe {
        let low = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(a), b);
        let high = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(c), d);
        let all = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high);
        [all; QUARTERS]
    }
}

/// [`Register::sixteens`]: two quarters are one register.
///
/// # Safety
/// Needs AVX-512 F.
#[inline(always)]
unsafe fn sixteens_256([a, b, c, d]: [__m256i; QUARTERS]) -> [__m512i; QUARTERS] {
    // SAFETY: the caller's.
    unsafe {
        let low = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(a), b);
        let high = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(c), d);
        [low, high, low, high]
    }
}

/// [`Register::sixteens`]: each is one.
///
/// # Safety
/// None is needed.
#[inline(always)]
const unsafe fn sixteens_512(quarters: [__m512i; QUARTERS]) -> [__m512i; QUARTERS] {
    quarters
}
