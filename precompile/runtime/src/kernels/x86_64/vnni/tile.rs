//! Some rows with one panel: the loop that everything is for.

use super::{Rows, keep::Keep, panels::MAX_PANEL, register::Register};

/// Some rows and a panel.
pub(super) struct Tile<'a> {
    pub(super) rows: Rows<'a>,
    pub(super) weights: &'a [u8],
    /// Lines of a row, and elements of a line.
    pub(super) lines: usize,
    pub(super) line: usize,
    /// Subtracted from each row's sums.
    pub(super) row_offsets: &'a [i32],
    /// Added to each output's sums.
    pub(super) offsets: &'a [i32; MAX_PANEL],
    /// The panel's first output, and how many it has.
    pub(super) first: usize,
    pub(super) width: usize,
    pub(super) outputs: usize,
}

impl Tile<'_> {
    /// Multiplies all rows, at most 12, with the panel of `V` registers.
    ///
    /// # Safety
    /// As [`Self::sums`].
    #[inline(always)]
    pub(super) unsafe fn all<R: Register, K: Keep<R>, const M: usize, const V: usize>(
        &self,
        keep: K,
        out: &mut [K::Element],
    ) {
        // A few rows alone would wait for each sum: their steps are summed apart.
        // SAFETY: the caller's; as many rows as there are.
        unsafe {
            match self.rows.count {
                1 => self.some::<R, K, 1, V, 4>(keep, out),
                2 => self.some::<R, K, 2, V, 2>(keep, out),
                3 => self.some::<R, K, 3, V, 2>(keep, out),
                4 => self.some::<R, K, 4, V, 1>(keep, out),
                5 => self.some::<R, K, 5, V, 1>(keep, out),
                6 if M > 6 => self.some::<R, K, 6, V, 1>(keep, out),
                7 if M > 7 => self.some::<R, K, 7, V, 1>(keep, out),
                8 if M > 8 => self.some::<R, K, 8, V, 1>(keep, out),
                9 if M > 9 => self.some::<R, K, 9, V, 1>(keep, out),
                10 if M > 10 => self.some::<R, K, 10, V, 1>(keep, out),
                11 if M > 11 => self.some::<R, K, 11, V, 1>(keep, out),
                _ => self.some::<R, K, M, V, 1>(keep, out),
            }
        }
    }

    /// Multiplies `M` rows with the panel and keeps the results.
    ///
    /// # Safety
    /// As [`Self::sums`].
    #[inline(always)]
    unsafe fn some<R: Register, K: Keep<R>, const M: usize, const V: usize, const U: usize>(
        &self,
        keep: K,
        out: &mut [K::Element],
    ) {
        // SAFETY: the caller's.
        let sums = unsafe { self.sums::<R, M, V, U>() };
        for (row, mut sums) in sums.into_iter().enumerate() {
            let out = &mut out[row * self.outputs..][..self.width];
            // SAFETY: the caller's; `offsets` is as long as the registers.
            unsafe {
                let row_offset = R::splat(self.row_offsets[row].wrapping_neg());
                for (register, sums) in sums.iter_mut().enumerate() {
                    let offsets = self.offsets[register * R::LANES..].as_ptr();
                    *sums = sums.add(R::load(offsets.cast())).add(row_offset);
                }
                keep.keep(self.first, sums, out);
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
        let (whole, rest) = (self.line / 4, self.line % 4);
        let step_bytes = V * R::LANES * 4;
        let mut panel = self.weights.as_ptr();
        // SAFETY: the caller's; every address below is that of a step of a row or a panel.
        unsafe {
            let mut apart = [[[R::splat(0); V]; M]; U];
            for line in 0..self.lines {
                let rows = self.rows.x.as_ptr().add(line * self.rows.line_stride);
                let mut step = 0;
                while step + U <= whole {
                    for sums in &mut apart {
                        add_step(sums, panel, rows.add(step * 4), self.rows.stride);
                        panel = panel.add(step_bytes);
                        step += 1;
                    }
                }
                while step < whole {
                    add_step(&mut apart[0], panel, rows.add(step * 4), self.rows.stride);
                    panel = panel.add(step_bytes);
                    step += 1;
                }
                if rest == 0 {
                    continue;
                }
                if self.lines > 1 {
                    // Past the end of a line of a window there is something to read.
                    add_step(&mut apart[0], panel, rows.add(step * 4), self.rows.stride);
                } else {
                    let row = |row: usize| &self.rows.x[row * self.rows.stride..][..self.line];
                    let fours: [i32; M] = core::array::from_fn(|at| last_elements(row(at), rest));
                    add_fours(&mut apart[0], panel, &fours);
                }
                panel = panel.add(step_bytes);
            }
            let [first, others @ ..] = &mut apart[..] else {
                return [[R::splat(0); V]; M];
            };
            for part in others {
                for (sums, part) in first.iter_mut().zip(part) {
                    for (sum, part) in sums.iter_mut().zip(part) {
                        *sum = sum.add(*part);
                    }
                }
            }
            *first
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

/// Adds four products to every sum: those of a panel's step with four elements of each row.
///
/// # Safety
/// Needs the CPU features of `R`, `V` registers at `panel`, and four elements of `M` rows from `rows` on.
#[inline(always)]
unsafe fn add_step<R: Register, const M: usize, const V: usize>(
    sums: &mut [[R; V]; M],
    panel: *const u8,
    rows: *const i8,
    stride: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let mut weights = [R::splat(0); V];
        for (register, weights) in weights.iter_mut().enumerate() {
            *weights = R::load(panel.add(register * R::LANES * 4));
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            let x = R::splat(rows.add(row * stride).cast::<i32>().read_unaligned());
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = sum.dot(weights, x);
            }
        }
    }
}

/// [`add_step`] with elements that were read before.
///
/// # Safety
/// Needs the CPU features of `R`, and `V` registers at `panel`.
#[inline(always)]
unsafe fn add_fours<R: Register, const M: usize, const V: usize>(
    sums: &mut [[R; V]; M],
    panel: *const u8,
    fours: &[i32; M],
) {
    // SAFETY: the caller's.
    unsafe {
        for (sums, &four) in sums.iter_mut().zip(fours) {
            for (register, sum) in sums.iter_mut().enumerate() {
                *sum = sum.dot(R::load(panel.add(register * R::LANES * 4)), R::splat(four));
            }
        }
    }
}
