//! [`super::rescale`] in AVX2, which has no arithmetic right shift of 64 bits: products are moved up to be
//! positive, shifted, and moved down again by what that became.

use super::rescale::Range;
use alloc::vec::Vec;
use core::arch::x86_64::*;

/// How the channels are scaled, as the lanes read it.
#[derive(Clone, Debug)]
pub(crate) struct Channels {
    registers: Vec<Scales>,
    is_double_round: bool,
}

/// The scales of the channels of a register.
#[derive(Clone, Debug)]
struct Scales {
    multipliers: [i32; LANES],
    shifts_bits: [i32; LANES],
    /// What is added to the products of the even and of the odd lanes.
    rounds: [[i64; LANES / 2]; 2],
    /// What is added to the low 32 bits of what is left of them.
    moves: [i32; LANES],
}

/// Elements in a register.
const LANES: usize = 8;
/// Fewer channels than this are repeated until they fill whole registers.
const FEW_CHANNELS: usize = 64;
/// What DOUBLE_ROUND adds to a product that is not negative, and subtracts from others.
const SECOND: i64 = 1 << 30;
/// No product, rounded, is below the negative of this.
const UP: i64 = 1 << 62;

impl Channels {
    /// For elements of so many bits; `None` if a value could fail.
    pub(crate) fn new(
        input_bits: u32,
        multipliers: &[i32],
        shifts_bits: &[u8],
        is_double_round: bool,
    ) -> Option<Self> {
        let least_bits = super::rescale::least_shift_bits(input_bits, is_double_round);
        if shifts_bits.iter().any(|&bits| bits < least_bits) {
            return None;
        }
        let channels = multipliers.len();
        let copies = if channels < FEW_CHANNELS {
            LANES >> channels.trailing_zeros().min(LANES.trailing_zeros())
        } else {
            1
        };
        let second = if is_double_round { SECOND } else { 0 };
        let registers = (0..(copies * channels).div_ceil(LANES)).map(|register| {
            let mut scales = Scales {
                multipliers: [0; LANES],
                shifts_bits: [0; LANES],
                rounds: [[0; LANES / 2]; 2],
                moves: [0; LANES],
            };
            let mut channel = register * LANES % channels;
            for lane in 0..LANES.min(copies * channels - register * LANES) {
                let bits = shifts_bits[channel];
                scales.multipliers[lane] = multipliers[channel];
                scales.shifts_bits[lane] = i32::from(bits);
                scales.rounds[lane % 2][lane / 2] = UP + (1 << (bits - 1)) + second;
                scales.moves[lane] = (UP >> bits).wrapping_neg() as i32;
                channel = if channel + 1 == channels {
                    0
                } else {
                    channel + 1
                };
            }
            scales
        });
        Some(Self {
            registers: registers.collect(),
            is_double_round,
        })
    }

    /// Scales whole rows of channels.
    pub(crate) fn run<I: Load, O: Store>(
        &self,
        channels: usize,
        x: &[I],
        range: Range,
        out: &mut [O],
    ) {
        // SAFETY: these exist only where the set's features were detected.
        unsafe {
            if self.is_double_round {
                self.run_256::<I, O, true>(channels, x, range, out);
            } else {
                self.run_256::<I, O, false>(channels, x, range, out);
            }
        }
    }

    #[inline(never)]
    #[target_feature(enable = "avx2")]
    fn run_256<I: Load, O: Store, const IS_DOUBLE_ROUND: bool>(
        &self,
        channels: usize,
        x: &[I],
        range: Range,
        out: &mut [O],
    ) {
        // Few channels are whole registers, one after another.
        let period = if channels < FEW_CHANNELS {
            x.len().max(1)
        } else {
            channels
        };
        for (x, out) in x.chunks(period).zip(out.chunks_mut(period)) {
            let (whole, rest) = x.as_chunks::<LANES>();
            let (places, last) = out.as_chunks_mut::<LANES>();
            let mut scales = self.registers.iter();
            let mut next = || match scales.next() {
                Some(next) => next,
                None => {
                    scales = self.registers[1..].iter();
                    &self.registers[0]
                }
            };
            for (x, out) in whole.iter().zip(places) {
                *out = scale::<I, O, IS_DOUBLE_ROUND>(next(), x, range);
            }
            if !rest.is_empty() {
                let mut padded = [I::default(); LANES];
                padded[..rest.len()].copy_from_slice(rest);
                let scaled = scale::<I, O, IS_DOUBLE_ROUND>(next(), &padded, range);
                last.copy_from_slice(&scaled[..rest.len()]);
            }
        }
    }
}

/// Scales the elements of a register.
#[inline]
#[target_feature(enable = "avx2")]
fn scale<I: Load, O: Store, const IS_DOUBLE_ROUND: bool>(
    scales: &Scales,
    x: &[I; LANES],
    range: Range,
) -> [O; LANES] {
    let multipliers = bytemuck::cast(scales.multipliers);
    let shifts: __m256i = bytemuck::cast(scales.shifts_bits);
    // SAFETY: this function's own features.
    let x = unsafe { I::load(x) };
    let x = _mm256_sub_epi32(x, _mm256_set1_epi32(range.input_zero_point));
    let even = product::<IS_DOUBLE_ROUND>(x, multipliers, &scales.rounds[0]);
    let odd = product::<IS_DOUBLE_ROUND>(
        _mm256_srli_epi64::<32>(x),
        _mm256_srli_epi64::<32>(multipliers),
        &scales.rounds[1],
    );
    let low_half = _mm256_set1_epi64x(0xffff_ffff);
    let even = _mm256_srlv_epi64(even, _mm256_and_si256(shifts, low_half));
    let odd = _mm256_srlv_epi64(odd, _mm256_srli_epi64::<32>(shifts));
    let scaled = _mm256_blend_epi32::<0b1010_1010>(even, _mm256_slli_epi64::<32>(odd));
    let moved = _mm256_add_epi32(scaled, bytemuck::cast(scales.moves));
    let moved = _mm256_add_epi32(moved, _mm256_set1_epi32(range.zero_point));
    let low = _mm256_set1_epi32(range.low);
    let high = _mm256_set1_epi32(range.high);
    // SAFETY: this function's own features.
    unsafe { O::of(_mm256_min_epi32(_mm256_max_epi32(moved, low), high)) }
}

/// Products of the even lanes, rounded and moved up.
#[inline]
#[target_feature(enable = "avx2")]
fn product<const IS_DOUBLE_ROUND: bool>(
    x: __m256i,
    multipliers: __m256i,
    rounds: &[i64; LANES / 2],
) -> __m256i {
    let product = _mm256_mul_epi32(x, multipliers);
    let rounded = _mm256_add_epi64(product, bytemuck::cast(*rounds));
    if !IS_DOUBLE_ROUND {
        return rounded;
    }
    // What was added is taken back twice from negative ones. A product of 0 counts as neither: it
    // becomes 0 either way.
    let is_negative = _mm256_cmpgt_epi64(_mm256_setzero_si256(), product);
    let twice = _mm256_and_si256(is_negative, _mm256_set1_epi64x(2 * SECOND));
    _mm256_sub_epi64(rounded, twice)
}

/// An element that is scaled.
pub(crate) trait Load: Copy + Default {
    /// A register of them, in 32 bits each.
    ///
    /// # Safety
    /// Needs AVX2.
    unsafe fn load(from: &[Self; LANES]) -> __m256i;
}

impl Load for i8 {
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn load(from: &[Self; LANES]) -> __m256i {
        _mm256_cvtepi8_epi32(_mm_cvtsi64_si128(bytemuck::cast(*from)))
    }
}

impl Load for i16 {
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn load(from: &[Self; LANES]) -> __m256i {
        _mm256_cvtepi16_epi32(bytemuck::cast(*from))
    }
}

impl Load for i32 {
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn load(from: &[Self; LANES]) -> __m256i {
        bytemuck::cast(*from)
    }
}

/// An element that scaled values are narrowed to.
pub(crate) trait Store: Copy {
    /// The low bits of the lanes.
    ///
    /// # Safety
    /// Needs AVX2.
    unsafe fn of(lanes: __m256i) -> [Self; LANES];
}

impl Store for i8 {
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn of(lanes: __m256i) -> [Self; LANES] {
        // The low bytes of the lanes of each half, in its first 32 bits.
        let low = _mm256_set1_epi64x(0x0c08_0400);
        let bytes = _mm256_shuffle_epi8(lanes, low);
        let halves = (
            _mm256_castsi256_si128(bytes),
            _mm256_extracti128_si256::<1>(bytes),
        );
        bytemuck::cast(_mm_cvtsi128_si64(_mm_unpacklo_epi32(halves.0, halves.1)))
    }
}

impl Store for i16 {
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn of(lanes: __m256i) -> [Self; LANES] {
        // The low words of the lanes of each half, in its first 64 bits.
        let low = _mm256_set1_epi64x(0x0d0c_0908_0504_0100);
        let words = _mm256_permute4x64_epi64::<0b1000>(_mm256_shuffle_epi8(lanes, low));
        bytemuck::cast(_mm256_castsi256_si128(words))
    }
}

impl Store for i32 {
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn of(lanes: __m256i) -> [Self; LANES] {
        bytemuck::cast(lanes)
    }
}
