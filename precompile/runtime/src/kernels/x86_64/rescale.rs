//! RESCALE by 32-bit multipliers where nothing can fail: of i32 shifted by 32 bits or more, which is what
//! follows a convolution, and of narrow elements shifted by more bits than they have.
//!
//! Products of the even and of the odd lanes are made apart, as there is none of all; what is left of them
//! then meets in one register again.

use super::rescale_avx2;
use crate::kernels::{Isa, dispatch::Set};
use alloc::vec::Vec;
use core::arch::x86_64::*;

/// How the channels are scaled, as the lanes read it.
#[derive(Clone, Debug)]
pub(crate) struct Channels {
    multipliers: Vec<i32>,
    /// What is added to the products of the even and of the odd lanes of each register.
    rounds: Vec<[[i64; 8]; 2]>,
    /// Right shifts: of the products' upper halves, or, if one is below 32 bits, of the products.
    shifts_bits: Vec<i32>,
    is_upper: bool,
    is_double_round: bool,
}

/// What all channels share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) input_zero_point: i32,
    pub(crate) zero_point: i32,
    pub(crate) low: i32,
    pub(crate) high: i32,
}

/// Sums in a register.
const LANES: usize = 16;
/// Fewer channels than this are repeated until they fill whole registers and are not fewer.
const FEW_CHANNELS: usize = 128;
/// What DOUBLE_ROUND adds to a product that is not negative, and subtracts from others.
const SECOND: i64 = 1 << 30;

/// The fewest bits that are shifted out of elements of so many bits.
pub(super) const fn least_shift_bits(input_bits: u32, is_double_round: bool) -> u8 {
    // A value, without any zero point, is below half of the last bit that is shifted out, and the
    // result below 2^31. Only shifts of 32 bits or more round twice.
    match (input_bits, is_double_round) {
        (8, false) => 10,
        (16, false) => 18,
        _ => 32,
    }
}

/// A RESCALE by a set's own kernel.
#[derive(Clone, Debug)]
pub(crate) enum Wide {
    Avx2(rescale_avx2::Channels),
    Avx512(Channels),
}

impl Wide {
    /// Whether the set has a kernel.
    pub(crate) const fn is_in(isa: Isa) -> bool {
        !matches!(isa.0, Set::Portable | Set::Sse2)
    }

    /// For elements of so many bits; `None` if the set has no kernel, or a value could fail.
    pub(crate) fn new(
        isa: Isa,
        input_bits: u32,
        (multipliers, shifts_bits): (&[i32], &[u8]),
        is_double_round: bool,
    ) -> Option<Self> {
        match isa.0 {
            Set::Portable | Set::Sse2 => None,
            Set::Avx2 | Set::AvxVnni => {
                rescale_avx2::Channels::new(input_bits, multipliers, shifts_bits, is_double_round)
                    .map(Self::Avx2)
            }
            Set::Avx512Vnni => Channels::new(input_bits, multipliers, shifts_bits, is_double_round)
                .map(Self::Avx512),
        }
    }

    /// Scales whole rows of channels.
    pub(crate) fn run<I: Widen + rescale_avx2::Load, O: Narrow + rescale_avx2::Store>(
        &self,
        channels: usize,
        x: &[I],
        range: Range,
        out: &mut [O],
    ) {
        match self {
            Self::Avx2(own) => own.run(channels, x, range, out),
            Self::Avx512(own) => own.run(channels, x, range, out),
        }
    }
}

impl Channels {
    /// For elements of so many bits; `None` if a value could fail.
    pub(crate) fn new(
        input_bits: u32,
        multipliers: &[i32],
        shifts_bits: &[u8],
        is_double_round: bool,
    ) -> Option<Self> {
        let least_bits = least_shift_bits(input_bits, is_double_round);
        if shifts_bits.iter().any(|&bits| bits < least_bits) {
            return None;
        }
        let is_upper = shifts_bits.iter().all(|&bits| bits >= 32);
        let channels = multipliers.len();
        let copies = if channels < FEW_CHANNELS {
            let whole = LANES >> channels.trailing_zeros().min(LANES.trailing_zeros());
            FEW_CHANNELS.div_ceil(channels).next_multiple_of(whole)
        } else {
            1
        };
        let multipliers: Vec<i32> = multipliers.repeat(copies);
        let shifts_bits: Vec<u8> = shifts_bits.repeat(copies);
        let second = if is_double_round { SECOND } else { 0 };
        let round = |bits: Option<&u8>| bits.map_or(0, |&bits| (1_i64 << (bits - 1)) + second);
        let rounds = shifts_bits.chunks(LANES).map(|bits| {
            let half = |first: usize| core::array::from_fn(|at| round(bits.get(2 * at + first)));
            [half(0), half(1)]
        });
        let rounds = rounds.collect();
        let padding = multipliers.len().next_multiple_of(LANES) - multipliers.len();
        let padded = |mut values: Vec<i32>| {
            values.resize(values.len() + padding, 0);
            values
        };
        let shifted_out = if is_upper { 32 } else { 0 };
        let shifts = shifts_bits
            .iter()
            .map(|&bits| i32::from(bits) - shifted_out);
        Some(Self {
            multipliers: padded(multipliers),
            rounds,
            shifts_bits: padded(shifts.collect()),
            is_upper,
            is_double_round,
        })
    }

    /// Scales whole rows of channels.
    pub(crate) fn run<I: Widen, O: Narrow>(
        &self,
        channels: usize,
        x: &[I],
        range: Range,
        out: &mut [O],
    ) {
        // SAFETY: these exist only where the set's features were detected.
        unsafe {
            if self.is_upper {
                self.run_512::<I, O, true>(channels, x, range, out);
            } else {
                self.run_512::<I, O, false>(channels, x, range, out);
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
    fn run_512<I: Widen, O: Narrow, const IS_UPPER: bool>(
        &self,
        channels: usize,
        x: &[I],
        range: Range,
        out: &mut [O],
    ) {
        let period = match channels {
            many if many >= FEW_CHANNELS => many,
            // Padding is none: these are whole registers.
            _ => self.multipliers.len(),
        };
        let input_zero_point = _mm512_set1_epi32(range.input_zero_point);
        let low = _mm512_set1_epi32(range.low);
        let high = _mm512_set1_epi32(range.high);
        let zero_point = _mm512_set1_epi32(range.zero_point);
        let multipliers = self.multipliers.as_chunks::<LANES>().0;
        let shifts = self.shifts_bits.as_chunks::<LANES>().0;
        for (x, out) in x.chunks(period).zip(out.chunks_mut(period)) {
            let registers = x.chunks(LANES).zip(out.chunks_mut(LANES));
            let channels = multipliers.iter().zip(shifts).zip(&self.rounds);
            for ((x, out), ((multipliers, shifts), rounds)) in registers.zip(channels) {
                let mask = u16::MAX >> (LANES - x.len());
                // SAFETY: the mask has as many lanes as `x` and `out` have elements; the channels are
                // whole registers.
                unsafe {
                    let x = _mm512_sub_epi32(I::load(x.as_ptr(), mask), input_zero_point);
                    let multipliers = _mm512_loadu_si512(multipliers.as_ptr().cast());
                    let shifts = _mm512_loadu_si512(shifts.as_ptr().cast());
                    let even = self.product(x, multipliers, &rounds[0]);
                    let odd = self.product(
                        _mm512_srli_epi64::<32>(x),
                        _mm512_srli_epi64::<32>(multipliers),
                        &rounds[1],
                    );
                    let scaled = if IS_UPPER {
                        let upper = _mm512_mask_shuffle_epi32::<0b11_11_01_01>(odd, 0x5555, even);
                        _mm512_srav_epi32(upper, shifts)
                    } else {
                        let low_half = _mm512_set1_epi64(0xffff_ffff);
                        let even = _mm512_srav_epi64(even, _mm512_and_si512(shifts, low_half));
                        let odd = _mm512_srav_epi64(odd, _mm512_srli_epi64::<32>(shifts));
                        _mm512_mask_shuffle_epi32::<0b10_10_00_00>(even, 0xaaaa, odd)
                    };
                    let moved = _mm512_add_epi32(scaled, zero_point);
                    let clamped = _mm512_min_epi32(_mm512_max_epi32(moved, low), high);
                    O::store(out.as_mut_ptr(), mask, clamped);
                }
            }
        }
    }

    /// Products of the even lanes, rounded.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
    fn product(&self, x: __m512i, multipliers: __m512i, rounds: &[i64; 8]) -> __m512i {
        // SAFETY: eight elements are a register.
        let rounds = unsafe { _mm512_loadu_si512(rounds.as_ptr().cast()) };
        let product = _mm512_mul_epi32(x, multipliers);
        let rounded = _mm512_add_epi64(product, rounds);
        if !self.is_double_round {
            return rounded;
        }
        // What was added is taken back twice from negative ones. A product of 0 counts as neither: it
        // becomes 0 either way.
        let is_negative = _mm512_movepi64_mask(product);
        _mm512_mask_sub_epi64(rounded, is_negative, rounded, _mm512_set1_epi64(2 * SECOND))
    }
}

/// An element that is scaled.
pub(crate) trait Widen: Copy {
    /// Reads the lanes in the mask, and zeros.
    ///
    /// # Safety
    /// Needs AVX-512 F, BW, VL and DQ, and an element for each lane in the mask.
    unsafe fn load(from: *const Self, mask: u16) -> __m512i;
}

macro_rules! widen {
    ($element:ty, $load:expr) => {
        impl Widen for $element {
            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
            unsafe fn load(from: *const Self, mask: u16) -> __m512i {
                // SAFETY: the caller's.
                unsafe { $load(mask, from) }
            }
        }
    };
}

widen!(i8, |mask, from| _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(
    mask, from
)));
widen!(i16, |mask, from| _mm512_cvtepi16_epi32(
    _mm256_maskz_loadu_epi16(mask, from)
));
widen!(i32, |mask, from| _mm512_maskz_loadu_epi32(mask, from));

/// An element that scaled values are narrowed to.
pub(crate) trait Narrow: Copy {
    /// Writes the low bits of the lanes in the mask.
    ///
    /// # Safety
    /// Needs AVX-512 F, BW, VL and DQ, and a place for each lane in the mask.
    unsafe fn store(to: *mut Self, mask: u16, lanes: __m512i);
}

macro_rules! narrow {
    ($element:ty, $store:ident) => {
        impl Narrow for $element {
            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
            unsafe fn store(to: *mut Self, mask: u16, lanes: __m512i) {
                // SAFETY: the caller's.
                unsafe { $store(to.cast(), mask, lanes) }
            }
        }
    };
}

narrow!(i8, _mm512_mask_cvtepi32_storeu_epi8);
narrow!(i16, _mm512_mask_cvtepi32_storeu_epi16);
narrow!(i32, _mm512_mask_storeu_epi32);
