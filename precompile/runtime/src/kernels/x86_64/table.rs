//! TABLE by AVX-512: tables in registers, as gathers are slower.

use core::arch::x86_64::*;

/// i16 in a register.
const WORDS: usize = 32;
/// i8 in a register.
const BYTES: usize = 64;

/// Whether [`table_i8`] may run where AVX-512 F and BW may.
pub(crate) fn has_bytes() -> bool {
    std::is_x86_feature_detected!("avx512vbmi")
}

/// `out = table[x + 128]`, for as many as there are of both. Only where [`has_bytes`] holds.
pub(crate) fn table_i8(table: &[i8; 256], x: &[i8], out: &mut [i8]) {
    // SAFETY: the caller's, and the set's features.
    unsafe { table_i8_512(table, x, out) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn table_i8_512(table: &[i8; 256], x: &[i8], out: &mut [i8]) {
    // SAFETY: a quarter of the table is as long as a register.
    let [a, b, c, d] = [0, 1, 2, 3]
        .map(|quarter| unsafe { _mm512_loadu_si512(table.as_ptr().add(quarter * BYTES).cast()) });
    for (x, out) in x.chunks(BYTES).zip(out.chunks_mut(BYTES)) {
        let mask = u64::MAX >> (BYTES - x.len().min(out.len()));
        // SAFETY: the mask has no more elements than `x` and `out`.
        unsafe {
            let x = _mm512_maskz_loadu_epi8(mask, x.as_ptr());
            // The lower seven bits are those of `x + 128`; its topmost is set where `x` is not negative.
            let lower = _mm512_permutex2var_epi8(a, x, b);
            let upper = _mm512_permutex2var_epi8(c, x, d);
            let found = _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), upper, lower);
            _mm512_mask_storeu_epi8(out.as_mut_ptr(), mask, found);
        }
    }
}

/// Interpolates as [`crate::kernels::portable::table::table_i16`] does, for as many as there are of both.
/// Whether all entries that elements lie between differ by an i16, which is not looked at where
/// `always_holds` says so.
pub(crate) fn table_i16(
    table: &[i16; 513],
    always_holds: bool,
    x: &[i16],
    out: &mut [i32],
) -> bool {
    // SAFETY: called only by the set whose features were detected.
    unsafe { table_i16_512(table, always_holds, x, out) }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn table_i16_512(table: &[i16; 513], always_holds: bool, x: &[i16], out: &mut [i32]) -> bool {
    let mut failed = 0;
    for (x, out) in x.chunks(WORDS).zip(out.chunks_mut(WORDS)) {
        let mask = u32::MAX >> (WORDS - x.len().min(out.len()));
        // SAFETY: the mask has no more elements than `x`.
        let x = unsafe { _mm512_maskz_loadu_epi16(mask, x.as_ptr()) };
        let fractions = _mm512_and_si512(x, _mm512_set1_epi16(127));
        let sign = _mm512_set1_epi16(i16::MIN);
        let indices = _mm512_srli_epi16::<7>(_mm512_xor_si512(x, sign));
        // SAFETY: from there on there are 512 entries.
        let base = unsafe { look_up(table.as_ptr(), indices) };
        let [first, second] = if always_holds && _mm512_test_epi16_mask(fractions, fractions) == 0 {
            [
                _mm512_slli_epi32::<7>(_mm512_cvtepi16_epi32(_mm512_castsi512_si256(base))),
                _mm512_slli_epi32::<7>(_mm512_cvtepi16_epi32(_mm512_extracti64x4_epi64::<1>(base))),
            ]
        } else {
            // SAFETY: from there on there are 512 entries.
            let next = unsafe { look_up(table.as_ptr().add(1), indices) };
            let slopes = _mm512_sub_epi16(next, base);
            failed |= _mm512_cmpneq_epi16_mask(slopes, _mm512_subs_epi16(next, base)) & mask;
            interpolated(base, slopes, fractions)
        };
        // SAFETY: the mask has no more elements than `out`.
        unsafe {
            _mm512_mask_storeu_epi32(out.as_mut_ptr(), mask as u16, first);
            let place = out.as_mut_ptr().wrapping_add(WORDS / 2);
            _mm512_mask_storeu_epi32(place, (mask >> 16) as u16, second);
        }
    }
    failed == 0
}

/// `base * 128 + slope * fraction`, in order.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn interpolated(base: __m512i, slopes: __m512i, fractions: __m512i) -> [__m512i; 2] {
    let whole = _mm512_set1_epi16(128);
    // Elements 0 to 3 of every eight, and the others.
    let low = _mm512_madd_epi16(
        _mm512_unpacklo_epi16(base, slopes),
        _mm512_unpacklo_epi16(whole, fractions),
    );
    let high = _mm512_madd_epi16(
        _mm512_unpackhi_epi16(base, slopes),
        _mm512_unpackhi_epi16(whole, fractions),
    );
    let first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    let second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    [
        _mm512_permutex2var_epi64(low, first, high),
        _mm512_permutex2var_epi64(low, second, high),
    ]
}

/// The entries of these indices, 0 to 511.
///
/// # Safety
/// Needs AVX-512 F and BW, and 512 entries from `table` on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn look_up(table: *const i16, indices: __m512i) -> __m512i {
    let bit = |bit: i16| _mm512_test_epi16_mask(indices, _mm512_set1_epi16(bit));
    let (second, fourth) = (bit(64), bit(128));
    // One of 64 entries by the lower six bits, of 128 by the next, of 256 by the next.
    let quarter = |at: usize| {
        // SAFETY: the caller's: `at` is at most 7.
        let pairs = [0, 1, 2, 3].map(|pair| unsafe {
            let from = table.add((at + pair) * 64);
            let low = _mm512_loadu_si512(from.cast());
            let high = _mm512_loadu_si512(from.add(WORDS).cast());
            _mm512_permutex2var_epi16(low, indices, high)
        });
        let low = _mm512_mask_blend_epi16(second, pairs[0], pairs[1]);
        let high = _mm512_mask_blend_epi16(second, pairs[2], pairs[3]);
        _mm512_mask_blend_epi16(fourth, low, high)
    };
    let upper = bit(256);
    match upper {
        // What a softmax looks up is never positive.
        0 => quarter(0),
        u32::MAX => quarter(4),
        _ => _mm512_mask_blend_epi16(upper, quarter(0), quarter(4)),
    }
}
