//! VNNI: matrix products with `vpdpbusd`, which adds four 8-bit products to a 32-bit sum at once.
//!
//! The instruction multiplies unsigned by signed bytes. Weights are the unsigned side, moved up by 128
//! when they are packed; rows are read as they stand in memory, four neighbouring elements at a time.
//! What that leaves out is made good per output and per row, exactly, as all sums wrap alike:
//!
//! `sum (x - xz)(w - wz) = sum x (w + 128)  -  (128 + wz) sum x  -  xz sum (w - wz)`
//!
//! Never `vpdpbusds`, which saturates.

use crate::kernels::portable::gemm::bias_of;
use alloc::{vec, vec::Vec};
use core::arch::x86_64::*;

/// A register of 32-bit sums, and what is done with it.
///
/// # Safety
/// Every function needs the CPU features of the implementation.
trait Register: Copy {
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

/// Weights of AVX512-VNNI: panels of 32 outputs, 12 rows at a time in 24 of 32 registers.
#[derive(Debug)]
pub(crate) struct Avx512Panels(Panels);

/// Weights of AVX-VNNI: panels of 16 outputs, 6 rows at a time in 12 of 16 registers.
#[derive(Debug)]
pub(crate) struct AvxPanels(Panels);

impl Avx512Panels {
    /// Of `[outputs, depth]`, for a machine that has the features.
    pub(crate) fn new(weights: &[i8], depth: usize, zero_point: i8) -> Self {
        Self(Panels::new(weights, depth, zero_point, __m512i::LANES))
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// i32 results of `x` `[m, depth]` into `out` `[m, outputs]`; sums wrap.
    pub(crate) fn product(&self, x: &[i8], zero_point: i8, bias: &[i32], out: &mut [i32]) {
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
        fn product(panels: &Panels, call: Call<'_>) {
            // SAFETY: this function's own features.
            unsafe { panels.product::<__m512i, 12>(call) }
        }
        let call = Call::new(x, zero_point, bias, out);
        // SAFETY: the set that packs these exists only where its features were detected.
        unsafe { product(&self.0, call) }
    }
}

impl AvxPanels {
    /// Of `[outputs, depth]`, for a machine that has the features.
    pub(crate) fn new(weights: &[i8], depth: usize, zero_point: i8) -> Self {
        Self(Panels::new(weights, depth, zero_point, __m256i::LANES))
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// i32 results of `x` `[m, depth]` into `out` `[m, outputs]`; sums wrap.
    pub(crate) fn product(&self, x: &[i8], zero_point: i8, bias: &[i32], out: &mut [i32]) {
        #[target_feature(enable = "avx2,avxvnni")]
        fn product(panels: &Panels, call: Call<'_>) {
            // SAFETY: this function's own features.
            unsafe { panels.product::<__m256i, 6>(call) }
        }
        let call = Call::new(x, zero_point, bias, out);
        // SAFETY: the set that packs these exists only where its features were detected.
        unsafe { product(&self.0, call) }
    }
}

/// Registers of outputs that are summed together: a full panel, or what is left of one.
const PANEL: usize = 2;

/// Weights in panels: `[outputs / (PANEL * lanes)][depth / 4][PANEL][lanes][4]`, each moved up by 128.
/// The last panel has one register a step if its outputs fit.
#[derive(Debug)]
struct Panels {
    /// What is past the last weight of an output meets zeros, whatever it is.
    weights: Vec<u8>,
    /// Sum of each output's weights without their zero point.
    sums: Vec<i32>,
    outputs: usize,
    depth: usize,
    /// What the sum of a row is multiplied with.
    offset: i32,
}

/// The operands of a product beside the weights.
struct Call<'a> {
    x: &'a [i8],
    zero_point: i32,
    bias: &'a [i32],
    out: &'a mut [i32],
}

impl<'a> Call<'a> {
    fn new(x: &'a [i8], zero_point: i8, bias: &'a [i32], out: &'a mut [i32]) -> Self {
        let zero_point = i32::from(zero_point);
        Self {
            x,
            zero_point,
            bias,
            out,
        }
    }
}

/// A panel: its first output, how many it has, how many registers wide it is, and where it begins.
struct Panel {
    first: usize,
    width: usize,
    registers: usize,
    weights: usize,
}

impl Panels {
    fn new(weights: &[i8], depth: usize, zero_point: i8, lanes: usize) -> Self {
        let outputs = weights.len() / depth;
        let sum = |row: &[i8]| {
            let sum: i32 = row.iter().map(|&weight| i32::from(weight)).sum();
            sum.wrapping_sub(i32::from(zero_point).wrapping_mul(depth as i32))
        };
        let mut panels = Self {
            weights: Vec::new(),
            sums: weights.chunks_exact(depth).map(sum).collect(),
            outputs,
            depth,
            offset: 128 + i32::from(zero_point),
        };
        let steps = depth.div_ceil(4);
        let registers = panels
            .panels(lanes)
            .map(|panel| panel.registers)
            .sum::<usize>();
        let mut packed = vec![0_u8; registers * steps * lanes * 4];
        for panel in panels.panels(lanes) {
            let step = panel.registers * lanes * 4;
            for output in 0..panel.width {
                let row = &weights[(panel.first + output) * depth..][..depth];
                for (at, four) in row.chunks(4).enumerate() {
                    let place = panel.weights + at * step + output * 4;
                    for (packed, &weight) in packed[place..].iter_mut().zip(four) {
                        *packed = weight.cast_unsigned() ^ 0x80;
                    }
                }
            }
        }
        panels.weights = packed;
        panels
    }

    fn bytes(&self) -> usize {
        self.weights.len() + size_of_val(&self.sums[..])
    }

    /// The panels in order.
    fn panels(&self, lanes: usize) -> impl Iterator<Item = Panel> + use<> {
        let (outputs, steps) = (self.outputs, self.depth.div_ceil(4));
        (0..outputs).step_by(PANEL * lanes).map(move |first| {
            let width = (outputs - first).min(PANEL * lanes);
            Panel {
                first,
                width,
                registers: width.div_ceil(lanes),
                weights: first * steps * 4,
            }
        })
    }

    /// Multiplies groups of at most `M` rows with all panels.
    ///
    /// # Safety
    /// Needs the CPU features of `R`, for which these panels were made.
    #[inline(always)]
    unsafe fn product<R: Register, const M: usize>(&self, call: Call<'_>) {
        let Call {
            x,
            zero_point,
            bias,
            out,
        } = call;
        let groups = x
            .chunks(M * self.depth)
            .zip(out.chunks_mut(M * self.outputs));
        for (rows, out) in groups {
            let mut row_offsets = [0; M];
            for (offset, row) in row_offsets.iter_mut().zip(rows.chunks_exact(self.depth)) {
                // SAFETY: the caller's.
                *offset = unsafe { row_sum::<R>(row) }.wrapping_mul(self.offset);
            }
            for panel in self.panels(R::LANES) {
                let bias = bias_of::<MAX_PANEL, _>(bias, panel.first);
                let mut offsets = [0; MAX_PANEL];
                let sums = &self.sums[panel.first..panel.first + panel.width];
                for ((offset, bias), sum) in offsets.iter_mut().zip(bias).zip(sums) {
                    *offset = bias.wrapping_sub(zero_point.wrapping_mul(*sum));
                }
                let tile = Tile {
                    rows,
                    weights: &self.weights[panel.weights..],
                    depth: self.depth,
                    row_offsets: &row_offsets,
                    offsets: &offsets,
                    width: panel.width,
                    outputs: self.outputs,
                };
                let out = &mut out[panel.first..];
                // SAFETY: the caller's; `rows` has whole rows and `weights` a whole panel.
                unsafe {
                    if panel.registers == PANEL {
                        tile.all::<R, M, PANEL>(out);
                    } else {
                        tile.all::<R, M, 1>(out);
                    }
                }
            }
        }
    }
}

/// Outputs of the widest panel.
const MAX_PANEL: usize = PANEL * 16;

/// Sum of the elements of a row.
///
/// # Safety
/// Needs the CPU features of `R`.
#[inline(always)]
unsafe fn row_sum<R: Register>(row: &[i8]) -> i32 {
    let blocks = row.chunks_exact(4 * R::LANES);
    let rest = blocks.remainder().iter().map(|&x| i32::from(x)).sum();
    // SAFETY: the caller's; a block is as long as a register.
    unsafe {
        let mut sums = R::splat(0);
        for block in blocks {
            sums = sums.dot(R::splat(0x0101_0101), R::load(block.as_ptr().cast()));
        }
        lanes(sums)
            .iter()
            .fold(rest, |sum, &lane| sum.wrapping_add(lane))
    }
}

/// The sums of a register, and zeros.
///
/// # Safety
/// Needs the CPU features of `R`.
#[inline(always)]
unsafe fn lanes<R: Register>(register: R) -> [i32; 16] {
    let mut lanes = [0; 16];
    // SAFETY: no register has more lanes.
    unsafe { register.store(lanes.as_mut_ptr()) };
    lanes
}

/// Some rows and a panel.
struct Tile<'a> {
    rows: &'a [i8],
    weights: &'a [u8],
    depth: usize,
    /// Subtracted from each row's sums.
    row_offsets: &'a [i32],
    /// Added to each output's sums.
    offsets: &'a [i32; MAX_PANEL],
    width: usize,
    outputs: usize,
}

impl Tile<'_> {
    /// Multiplies all rows, at most 12, with the panel of `V` registers.
    ///
    /// # Safety
    /// As [`Self::sums`].
    #[inline(always)]
    unsafe fn all<R: Register, const M: usize, const V: usize>(&self, out: &mut [i32]) {
        // A few rows alone would wait for each sum: their steps are summed apart.
        // SAFETY: the caller's; as many rows as there are.
        unsafe {
            match self.rows.len() / self.depth {
                1 => self.some::<R, 1, V, 4>(out),
                2 => self.some::<R, 2, V, 2>(out),
                3 => self.some::<R, 3, V, 2>(out),
                4 => self.some::<R, 4, V, 1>(out),
                5 => self.some::<R, 5, V, 1>(out),
                6 if M > 6 => self.some::<R, 6, V, 1>(out),
                7 if M > 7 => self.some::<R, 7, V, 1>(out),
                8 if M > 8 => self.some::<R, 8, V, 1>(out),
                9 if M > 9 => self.some::<R, 9, V, 1>(out),
                10 if M > 10 => self.some::<R, 10, V, 1>(out),
                11 if M > 11 => self.some::<R, 11, V, 1>(out),
                _ => self.some::<R, M, V, 1>(out),
            }
        }
    }

    /// Multiplies `M` rows with the panel and keeps the results.
    ///
    /// # Safety
    /// As [`Self::sums`].
    #[inline(always)]
    unsafe fn some<R: Register, const M: usize, const V: usize, const U: usize>(
        &self,
        out: &mut [i32],
    ) {
        // SAFETY: the caller's.
        let sums = unsafe { self.sums::<R, M, V, U>() };
        for (row, sums) in sums.into_iter().enumerate() {
            let out = &mut out[row * self.outputs..][..self.width];
            let row_offset = self.row_offsets[row].wrapping_neg();
            for (register, sums) in sums.into_iter().enumerate() {
                let first = register * R::LANES;
                let offsets = &self.offsets[first..first + R::LANES];
                // SAFETY: the caller's; `offsets` is as long as a register.
                let sums = unsafe {
                    let offsets = R::load(offsets.as_ptr().cast());
                    sums.add(offsets).add(R::splat(row_offset))
                };
                match out.get_mut(first..first + R::LANES) {
                    // SAFETY: the place is as long as a register.
                    Some(out) => unsafe { sums.store(out.as_mut_ptr()) },
                    None => {
                        // SAFETY: the caller's.
                        let lanes = unsafe { lanes(sums) };
                        for (out, lane) in out[first..].iter_mut().zip(lanes) {
                            *out = lane;
                        }
                    }
                }
            }
        }
    }

    /// The sums of `M` rows with the `V` registers of the panel, `U` steps apart.
    ///
    /// # Safety
    /// Needs the CPU features of `R`, `M` rows, and a panel of `V` registers for each step of four.
    #[inline(always)]
    unsafe fn sums<R: Register, const M: usize, const V: usize, const U: usize>(
        &self,
    ) -> [[R; V]; M] {
        let (whole, rest) = (self.depth / 4, self.depth % 4);
        let weights = self.weights.as_ptr();
        let rows = self.rows.as_ptr();
        // SAFETY: the caller's; every address below is that of a whole step of a row or a panel.
        unsafe {
            let mut apart = [[[R::splat(0); V]; M]; U];
            let mut step = 0;
            while step + U <= whole {
                for sums in &mut apart {
                    let panel = weights.add(step * V * R::LANES * 4);
                    add_step(sums, panel, |row| {
                        let four = rows.add(row * self.depth + step * 4);
                        R::splat(four.cast::<i32>().read_unaligned())
                    });
                    step += 1;
                }
            }
            let mut sums = [[R::splat(0); V]; M];
            for part in apart {
                for (sums, part) in sums.iter_mut().zip(part) {
                    for (sum, part) in sums.iter_mut().zip(part) {
                        *sum = sum.add(part);
                    }
                }
            }
            while step < whole {
                let panel = weights.add(step * V * R::LANES * 4);
                add_step(&mut sums, panel, |row| {
                    let four = rows.add(row * self.depth + step * 4);
                    R::splat(four.cast::<i32>().read_unaligned())
                });
                step += 1;
            }
            if rest > 0 {
                let panel = weights.add(step * V * R::LANES * 4);
                add_step(&mut sums, panel, |row| {
                    R::splat(last_elements(
                        &self.rows[row * self.depth..][..self.depth],
                        rest,
                    ))
                });
            }
            sums
        }
    }
}

/// The last `count` elements of a row, 1 to 3, and zeros.
#[inline(always)]
fn last_elements(row: &[i8], count: usize) -> i32 {
    let mut four = [0; 4];
    if let Some(last) = row.last_chunk::<4>() {
        let last = u32::from_le_bytes(last.map(i8::cast_unsigned));
        return (last >> (8 * (4 - count))).cast_signed();
    }
    for (four, x) in four.iter_mut().zip(row) {
        *four = x.cast_unsigned();
    }
    i32::from_le_bytes(four)
}

/// Adds four products to every sum: those of a panel's step with what `four` reads of a row.
///
/// # Safety
/// Needs the CPU features of `R`, and `V` registers at `panel`.
#[inline(always)]
unsafe fn add_step<R: Register, const M: usize, const V: usize>(
    sums: &mut [[R; V]; M],
    panel: *const u8,
    four: impl Fn(usize) -> R,
) {
    // SAFETY: the caller's.
    unsafe {
        let weights: [R; V] =
            core::array::from_fn(|register| R::load(panel.add(register * R::LANES * 4)));
        for (row, sums) in sums.iter_mut().enumerate() {
            let x = four(row);
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = sum.dot(weights, x);
            }
        }
    }
}
