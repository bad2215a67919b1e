//! Sums of a product made i8 before they leave their registers: RESCALE by 32-bit multipliers and shifts
//! of 33 bits or more, which cannot fail, and CLAMP.
//!
//! With so many bits shifted out, the upper half of a product is all that counts:
//! `(p + 2^(shift - 1)) >> shift  ==  ((p >> (shift - 1)) + 1) >> 1`. The zero point is added before that
//! last bit goes.

use crate::kernels::portable::narrowing::Narrowing;
use alloc::vec::Vec;
use core::arch::x86_64::*;

/// Sums in a register.
const LANES: usize = 16;
/// Entries past the last output's: those of a block's other outputs, and of the lane behind them.
const PADDING: usize = WOVEN + 1;
/// Sums of a block of woven registers: four of each sixteen in each of four registers.
const WOVEN: usize = 4 * LANES;
/// The fewest bits that are shifted out.
const LEAST_SHIFT_BITS: u8 = 33;
/// What DOUBLE_ROUND adds to a product that is not negative, and subtracts from others.
const SECOND: i64 = 1 << 30;

/// How the outputs are scaled, as the lanes read it.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    multipliers: Vec<i32>,
    /// Right shifts of the products' upper halves, but for the last bit.
    shifts_bits: Vec<i32>,
    is_double_round: bool,
    /// The last rounding, and the zero point, one bit further up.
    last: i32,
    low: i8,
    high: i8,
}

impl Scale {
    /// Whether no shift is too short.
    pub(crate) fn suits(narrowing: &Narrowing) -> bool {
        let mut shifts = narrowing.shifts_bits.iter();
        shifts.all(|&bits| bits >= LEAST_SHIFT_BITS)
    }

    /// For so many outputs; `None` if a shift is too short.
    pub(crate) fn new(narrowing: &Narrowing, outputs: usize) -> Option<Self> {
        let fits = [1, outputs].contains(&narrowing.shifts_bits.len());
        fits.then(|| Self::repeated(narrowing, outputs))?
    }

    /// The same, with the entries repeated until there are so many.
    fn repeated(narrowing: &Narrowing, outputs: usize) -> Option<Self> {
        let shifts = &narrowing.shifts_bits;
        if narrowing.multipliers.len() != shifts.len() || !Self::suits(narrowing) {
            return None;
        }
        let padded = |entries: &[i32]| {
            let mut entries = entries.repeat(outputs / entries.len());
            entries.resize(outputs + PADDING, 0);
            entries
        };
        let shifts = shifts
            .iter()
            .map(|&bits| i32::from(bits - LEAST_SHIFT_BITS));
        Some(Self {
            multipliers: padded(&narrowing.multipliers),
            shifts_bits: padded(&shifts.collect::<Vec<_>>()),
            is_double_round: narrowing.is_double_round,
            last: 1 + 2 * i32::from(narrowing.zero_point),
            low: narrowing.low,
            high: narrowing.high,
        })
    }

    /// The same, with the entries of a block of outputs as [`Self::keep_woven`] reads them.
    pub(crate) fn weave(&mut self, first: usize) {
        for entries in [&mut self.multipliers, &mut self.shifts_bits] {
            let Some(block) = entries[first..].first_chunk_mut::<WOVEN>() else {
                continue;
            };
            let plain = *block;
            for (at, entry) in block.iter_mut().enumerate() {
                let (quarter, sixteen, of) = (at / LANES, at / 4 % 4, at % 4);
                *entry = plain[sixteen * LANES + quarter * 4 + of];
            }
        }
    }

    /// Whether it is [`Narrow`] with DOUBLE_ROUND that it is for.
    pub(crate) const fn is_double_round(&self) -> bool {
        self.is_double_round
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.multipliers[..]) + size_of_val(&self.shifts_bits[..])
    }
}

/// Whole rows of sums that are narrowed where they lie in memory.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    scale: Scale,
    /// Sums in a run of entries: a row, or some rows of few channels.
    period: usize,
}

impl Rows {
    /// For rows of so many channels; `None` if a shift is too short.
    pub(crate) fn new(narrowing: &Narrowing, channels: usize) -> Option<Self> {
        let copies = if channels < WOVEN {
            let whole = (2 * LANES) >> channels.trailing_zeros().min((2 * LANES).trailing_zeros());
            WOVEN.div_ceil(channels).next_multiple_of(whole)
        } else {
            1
        };
        let period = channels * copies;
        Some(Self {
            scale: Scale::repeated(narrowing, period)?,
            period,
        })
    }

    /// Narrows whole rows of `x`, as many as `out` has places for.
    pub(crate) fn run(&self, x: &[i32], out: &mut [i8]) {
        // SAFETY: these exist only where the set's features were detected.
        unsafe {
            if self.scale.is_double_round {
                self.run_as::<true>(x, out);
            } else {
                self.run_as::<false>(x, out);
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
    fn run_as<const IS_DOUBLE_ROUND: bool>(&self, x: &[i32], out: &mut [i8]) {
        let narrow = Narrow::<IS_DOUBLE_ROUND>(&self.scale);
        for (x, out) in x.chunks(self.period).zip(out.chunks_mut(self.period)) {
            let registers = x.chunks(2 * LANES).zip(out.chunks_mut(2 * LANES));
            for (at, (x, out)) in registers.enumerate() {
                // Lanes of a 32-bit mask that there are sums for.
                let lanes = u32::MAX >> (2 * LANES - x.len());
                // SAFETY: the masks have as many lanes as `x` has elements.
                unsafe {
                    let from = x.as_ptr();
                    let sums = [
                        _mm512_maskz_loadu_epi32(lanes as u16, from),
                        _mm512_maskz_loadu_epi32((lanes >> LANES) as u16, from.wrapping_add(LANES)),
                    ];
                    narrow.keep(at * 2 * LANES, sums, out);
                }
            }
        }
    }
}

/// A scale, compiled apart for DOUBLE_ROUND and SINGLE_ROUND.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Narrow<'a, const IS_DOUBLE_ROUND: bool>(pub(crate) &'a Scale);

impl<const IS_DOUBLE_ROUND: bool> Narrow<'_, IS_DOUBLE_ROUND> {
    /// Writes what one or two registers of sums, of outputs from the first on, come to; as many as there
    /// are places.
    ///
    /// # Safety
    /// Needs AVX-512 F, BW, VL and DQ, and `first` below the number of outputs.
    #[inline(always)]
    pub(crate) unsafe fn keep<const V: usize>(
        self,
        first: usize,
        sums: [__m512i; V],
        out: &mut [i8],
    ) {
        // SAFETY: the caller's; as many bytes are written as there are places, and entries are padded to
        // two registers past the last output.
        unsafe {
            let low = self.scaled(first, sums[0]);
            let high = match sums.get(1) {
                Some(sums) => self.scaled(first + LANES, *sums),
                None => low,
            };
            // Four sums of one, then four of the other, lane by lane.
            let woven = _mm512_cvtsepi16_epi8(_mm512_packs_epi32(low, high));
            let order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
            let bytes = _mm256_permutevar8x32_epi32(woven, order);
            let bytes = _mm256_max_epi8(bytes, _mm256_set1_epi8(self.0.low));
            let bytes = _mm256_min_epi8(bytes, _mm256_set1_epi8(self.0.high));
            match out.len().min(V * LANES) {
                32 => _mm256_storeu_si256(out.as_mut_ptr().cast(), bytes),
                16 => _mm_storeu_si128(out.as_mut_ptr().cast(), _mm256_castsi256_si128(bytes)),
                some => {
                    let mask = u32::MAX >> (32 - some);
                    _mm256_mask_storeu_epi8(out.as_mut_ptr(), mask, bytes);
                }
            }
        }
    }

    /// [`Self::keep`] of a block of outputs whose sums are woven: register `n` has those of outputs
    /// `16 m + 4 n` to `16 m + 4 n + 3`, for `m` from 0 to 3.
    ///
    /// # Safety
    /// As [`Self::keep`], with entries that were woven.
    #[inline(always)]
    pub(crate) unsafe fn keep_woven(self, first: usize, sums: [__m512i; 4], out: &mut [i8]) {
        // SAFETY: the caller's; as many bytes are written as there are places.
        unsafe {
            let [a, b, c, d] = sums;
            let low = _mm512_packs_epi32(self.scaled(first, a), self.scaled(first + LANES, b));
            let high = _mm512_packs_epi32(
                self.scaled(first + 2 * LANES, c),
                self.scaled(first + 3 * LANES, d),
            );
            let bytes = _mm512_packs_epi16(low, high);
            let bytes = _mm512_max_epi8(bytes, _mm512_set1_epi8(self.0.low));
            let bytes = _mm512_min_epi8(bytes, _mm512_set1_epi8(self.0.high));
            match out.len().min(WOVEN) {
                WOVEN => _mm512_storeu_si512(out.as_mut_ptr().cast(), bytes),
                some => {
                    let mask = u64::MAX >> (WOVEN - some);
                    _mm512_mask_storeu_epi8(out.as_mut_ptr(), mask, bytes);
                }
            }
        }
    }

    /// A register of sums, scaled, with the zero point.
    ///
    /// # Safety
    /// Needs AVX-512 F, BW, VL and DQ, and 17 entries from `first` on.
    #[inline(always)]
    unsafe fn scaled(self, first: usize, sums: __m512i) -> __m512i {
        // SAFETY: the caller's.
        unsafe {
            let multipliers = self.0.multipliers.as_ptr().add(first);
            let odd_sums = _mm512_srli_epi64::<32>(sums);
            let even = _mm512_mul_epi32(sums, _mm512_loadu_si512(multipliers.cast()));
            let odd = _mm512_mul_epi32(odd_sums, _mm512_loadu_si512(multipliers.add(1).cast()));
            let (even, odd) = if IS_DOUBLE_ROUND {
                (round_once(sums, even), round_once(odd_sums, odd))
            } else {
                (even, odd)
            };
            let upper = _mm512_mask_shuffle_epi32::<0b11_11_01_01>(odd, 0x5555, even);
            let shifts = _mm512_loadu_si512(self.0.shifts_bits.as_ptr().add(first).cast());
            let shifted = _mm512_srav_epi32(upper, shifts);
            _mm512_srai_epi32::<1>(_mm512_add_epi32(shifted, _mm512_set1_epi32(self.0.last)))
        }
    }
}

/// The first rounding of DOUBLE_ROUND, of products of the even lanes of `sums`.
///
/// # Safety
/// Needs AVX-512 F.
#[inline(always)]
unsafe fn round_once(sums: __m512i, products: __m512i) -> __m512i {
    // SAFETY: the caller's.
    unsafe {
        // Twice what is added, for negative ones.
        let twice = _mm512_and_si512(sums, _mm512_set1_epi64(2 * SECOND));
        let rounded = _mm512_add_epi64(products, _mm512_set1_epi64(SECOND));
        _mm512_sub_epi64(rounded, twice)
    }
}
