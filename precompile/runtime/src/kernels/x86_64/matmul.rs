//! MATMUL of i8 with both operands known only while running, by AVX512-VNNI.
//!
//! `B` is packed when the first row of a matrix is multiplied: panels of 32 columns,
//! `[columns / 32][depth / 4][2][16][4]`, moved up by 128, as `vpdpbusd` multiplies unsigned by signed bytes.
//! What that adds is taken back exactly, as all sums wrap alike:
//!
//! `sum (a - az)(b - bz) = sum a (b + 128)  -  (128 + bz) sum a  -  az sum (b - bz)`

use super::narrow::{Narrow, Scale};
use crate::kernels::tiles::dot::{Keep, Sums};
use core::arch::x86_64::*;

/// Columns of a panel: two registers of sums.
const PANEL: usize = 32;
/// Sums of a register.
const LANES: usize = 16;
/// Rows that are multiplied together: with two registers each, 24 of 32.
const ROWS: usize = 12;
/// Of a register, and a cache line.
const ALIGNMENT: usize = 64;

/// Sizes of one product: `[_, depth]` with `[depth, columns]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) depth: usize,
    pub(crate) columns: usize,
}

/// A packed `B`.
struct Packed<'a> {
    /// Whole registers of four elements of 16 columns.
    panels: &'a mut [u8],
    /// Sums of the columns of each panel, moved up.
    sums: &'a mut [i32],
}

impl Sizes {
    /// Length of the scratch that holds a packed `B`.
    pub(crate) const fn scratch_words(self) -> usize {
        (self.panel_bytes() + self.sums() * size_of::<i32>() + ALIGNMENT) / size_of::<u64>()
    }

    const fn steps(self) -> usize {
        self.depth.div_ceil(4)
    }

    const fn sums(self) -> usize {
        self.columns.next_multiple_of(PANEL)
    }

    const fn panel_bytes(self) -> usize {
        self.sums() * self.steps() * 4
    }

    /// The parts of the scratch; `None` if it is too short.
    fn split(self, scratch: &mut [u64]) -> Option<Packed<'_>> {
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(scratch);
        let start = bytes.as_ptr().align_offset(ALIGNMENT);
        let bytes = bytes.get_mut(start..)?;
        let (panels, rest) = bytes.split_at_mut_checked(self.panel_bytes())?;
        let sums = rest.get_mut(..self.sums() * size_of::<i32>())?;
        Some(Packed {
            panels,
            sums: bytemuck::try_cast_slice_mut(sums).ok()?,
        })
    }
}

/// Packs `b` `[depth, columns]`; `None` if sizes do not fit.
pub(crate) fn pack(sizes: Sizes, b: &[i8], scratch: &mut [u64]) -> Option<()> {
    let packed = sizes.split(scratch)?;
    if b.len() != sizes.depth * sizes.columns {
        return None;
    }
    // SAFETY: called only by the set whose features were detected.
    unsafe { packed.fill(sizes, b) };
    Some(())
}

/// `out = (a - az)(b - bz)` for the `b` that was packed last; `None` if sizes do not fit.
pub(crate) fn product(
    sizes: Sizes,
    a: &[i8],
    zero_points: (i8, i8),
    out: &mut [i32],
    scratch: &mut [u64],
) -> Option<()> {
    of(sizes, a, zero_points, Sums, out, scratch)
}

/// The same, narrowed in registers.
pub(crate) fn narrowed_product(
    sizes: Sizes,
    a: &[i8],
    zero_points: (i8, i8),
    scale: &Scale,
    out: &mut [i8],
    scratch: &mut [u64],
) -> Option<()> {
    if scale.is_double_round() {
        of(sizes, a, zero_points, Narrow::<true>(scale), out, scratch)
    } else {
        of(sizes, a, zero_points, Narrow::<false>(scale), out, scratch)
    }
}

fn of<K: Keep<__m512i>>(
    sizes: Sizes,
    a: &[i8],
    zero_points: (i8, i8),
    keep: K,
    out: &mut [K::Element],
    scratch: &mut [u64],
) -> Option<()> {
    let packed = sizes.split(scratch)?;
    let rows = a.len() / sizes.depth;
    if a.len() != rows * sizes.depth || out.len() != rows * sizes.columns {
        return None;
    }
    // SAFETY: called only by the set whose features were detected.
    unsafe { packed.product(sizes, a, zero_points, keep, out) };
    Some(())
}

impl Packed<'_> {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
    fn fill(self, sizes: Sizes, b: &[i8]) {
        let Sizes { depth, columns } = sizes;
        let steps = sizes.steps();
        let ones = _mm512_set1_epi8(1);
        let panels = self.panels.chunks_exact_mut(steps * PANEL * 4);
        for (panel, (packed, sums)) in panels.zip(self.sums.chunks_exact_mut(PANEL)).enumerate() {
            for register in 0..PANEL / LANES {
                let first = panel * PANEL + register * LANES;
                let width = columns.saturating_sub(first).min(LANES);
                let mask = ((1_u32 << width) - 1) as u16;
                let mut sum = _mm512_setzero_si512();
                for step in 0..steps {
                    let mut rows = [_mm_setzero_si128(); 4];
                    for (at, row) in rows.iter_mut().enumerate().take(depth - step * 4) {
                        let from = (step * 4 + at) * columns + first.min(columns - 1);
                        // SAFETY: the mask has as many elements as the row has from there on.
                        let x = unsafe { _mm_maskz_loadu_epi8(mask, b.as_ptr().add(from)) };
                        *row = _mm_xor_si128(x, _mm_set1_epi8(-128));
                    }
                    let (low, high) = (
                        [
                            _mm_unpacklo_epi8(rows[0], rows[1]),
                            _mm_unpacklo_epi8(rows[2], rows[3]),
                        ],
                        [
                            _mm_unpackhi_epi8(rows[0], rows[1]),
                            _mm_unpackhi_epi8(rows[2], rows[3]),
                        ],
                    );
                    let quarters = [
                        _mm_unpacklo_epi16(low[0], low[1]),
                        _mm_unpackhi_epi16(low[0], low[1]),
                        _mm_unpacklo_epi16(high[0], high[1]),
                        _mm_unpackhi_epi16(high[0], high[1]),
                    ];
                    let half = |at: usize| {
                        let low = _mm256_castsi128_si256(quarters[at]);
                        _mm256_inserti128_si256::<1>(low, quarters[at + 1])
                    };
                    let low = _mm512_castsi256_si512(half(0));
                    let fours = _mm512_inserti64x4::<1>(low, half(2));
                    sum = _mm512_dpbusd_epi32(sum, fours, ones);
                    let at = (step * (PANEL / LANES) + register) * LANES * 4;
                    let place = &mut packed[at..at + LANES * 4];
                    // SAFETY: the place is as long as a register.
                    unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), fours) };
                }
                let place = &mut sums[register * LANES..][..LANES];
                // SAFETY: the place is as long as a register.
                unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), sum) };
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
    fn product<K: Keep<__m512i>>(
        &self,
        sizes: Sizes,
        a: &[i8],
        (az, bz): (i8, i8),
        keep: K,
        out: &mut [K::Element],
    ) {
        let Sizes { depth, columns } = sizes;
        let groups = a.chunks(ROWS * depth).zip(out.chunks_mut(ROWS * columns));
        // What is left out of a column's sum, per unit of `az`.
        let moved = (depth as i32).wrapping_mul(128 + i32::from(bz));
        for (rows, out) in groups {
            let mut row_offsets = [0; ROWS];
            for (offset, row) in row_offsets.iter_mut().zip(rows.chunks_exact(depth)) {
                let sum = row
                    .iter()
                    .fold(0_i32, |sum, &x| sum.wrapping_add(i32::from(x)));
                *offset = sum.wrapping_mul(-128 - i32::from(bz));
            }
            let panels = self.panels.chunks_exact(sizes.steps() * PANEL * 4);
            for (at, (panel, sums)) in panels.zip(self.sums.chunks_exact(PANEL)).enumerate() {
                let mut offsets = [0; PANEL];
                for (offset, sum) in offsets.iter_mut().zip(sums) {
                    *offset = i32::from(az).wrapping_mul(moved.wrapping_sub(*sum));
                }
                let tile = Tile {
                    rows,
                    depth,
                    panel,
                    offsets: &offsets,
                    columns,
                    first: at * PANEL,
                };
                tile.all(&row_offsets, keep, out);
            }
        }
    }
}

/// At most [`ROWS`] rows and a panel.
struct Tile<'a> {
    rows: &'a [i8],
    depth: usize,
    panel: &'a [u8],
    /// Added to the sums of each column.
    offsets: &'a [i32; PANEL],
    columns: usize,
    /// The panel's first column.
    first: usize,
}

impl Tile<'_> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
    fn all<K: Keep<__m512i>>(&self, row_offsets: &[i32; ROWS], keep: K, out: &mut [K::Element]) {
        let count = self.rows.len() / self.depth;
        let mut first = 0;
        while first < count {
            let rows = &self.rows[first * self.depth..];
            let offsets = &row_offsets[first..];
            let out = &mut out[first * self.columns..];
            first += match (count - first, self.columns - self.first) {
                (ROWS.., ..=LANES) => self.some::<K, ROWS, 1>(rows, offsets, keep, out),
                (ROWS.., _) => self.some::<K, ROWS, 2>(rows, offsets, keep, out),
                (4.., ..=LANES) => self.some::<K, 4, 1>(rows, offsets, keep, out),
                (4.., _) => self.some::<K, 4, 2>(rows, offsets, keep, out),
                (_, ..=LANES) => self.some::<K, 1, 1>(rows, offsets, keep, out),
                _ => self.some::<K, 1, 2>(rows, offsets, keep, out),
            };
        }
    }

    /// Multiplies the first `M` of the rows, of which there are as many, with the first `V` registers of the
    /// panel; gives the number of rows.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
    fn some<K: Keep<__m512i>, const M: usize, const V: usize>(
        &self,
        rows: &[i8],
        row_offsets: &[i32],
        keep: K,
        out: &mut [K::Element],
    ) -> usize {
        let (whole, rest) = (self.depth / 4, self.depth % 4);
        let rows = &rows[..M * self.depth];
        let mut sums = [[_mm512_setzero_si512(); V]; M];
        let (steps, _) = self.panel.as_chunks::<{ PANEL * 4 }>();
        for (at, step) in steps[..whole].iter().enumerate() {
            let weights = registers::<V>(step);
            for (row, sums) in sums.iter_mut().enumerate() {
                // SAFETY: `at` is a whole step of a row, of which there are `M`.
                let four = unsafe {
                    let from = rows.as_ptr().add(row * self.depth + at * 4);
                    _mm512_set1_epi32(from.cast::<i32>().read_unaligned())
                };
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = _mm512_dpbusd_epi32(*sum, weights, four);
                }
            }
        }
        if let (1.., Some(step)) = (rest, steps.get(whole)) {
            let weights = registers::<V>(step);
            for (row, sums) in rows.chunks_exact(self.depth).zip(&mut sums) {
                let mut four = [0; 4];
                for (four, &x) in four.iter_mut().zip(&row[whole * 4..]) {
                    *four = x.cast_unsigned();
                }
                let four = _mm512_set1_epi32(i32::from_le_bytes(four));
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = _mm512_dpbusd_epi32(*sum, weights, four);
                }
            }
        }
        let width = (self.columns - self.first).min(PANEL);
        for (row, sums) in sums.iter_mut().enumerate() {
            let out = &mut out[row * self.columns + self.first..][..width];
            let row_offset = _mm512_set1_epi32(row_offsets[row]);
            for (sum, offsets) in sums.iter_mut().zip(self.offsets.as_chunks::<LANES>().0) {
                // SAFETY: `offsets` is as long as a register.
                let offsets = unsafe { _mm512_loadu_si512(offsets.as_ptr().cast()) };
                *sum = _mm512_add_epi32(_mm512_add_epi32(*sum, offsets), row_offset);
            }
            // SAFETY: these features, and a panel begins with a column.
            unsafe { keep.keep(self.first, *sums, out) };
        }
        M
    }
}

/// The first `V` registers of a step.
#[inline]
#[target_feature(enable = "avx512f")]
fn registers<const V: usize>(step: &[u8; PANEL * 4]) -> [__m512i; V] {
    let mut registers = [_mm512_setzero_si512(); V];
    for (register, bytes) in registers
        .iter_mut()
        .zip(step.as_chunks::<{ LANES * 4 }>().0)
    {
        // SAFETY: the chunk is as long as a register.
        *register = unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
    }
    registers
}
