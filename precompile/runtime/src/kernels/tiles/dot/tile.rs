//! Some rows with one panel: the loop that everything is for.

use super::{Rows, keep::Keep, panels::MAX_PANEL, register::Register};

/// Some rows and a panel.
pub(super) struct Tile<'a> {
    pub(super) rows: Rows<'a>,
    pub(super) weights: &'a [u8],
    /// Lines of a row, and elements of a line.
    pub(super) lines: usize,
    pub(super) line: usize,
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
                for (register, sums) in sums.iter_mut().enumerate() {
                    let offsets = self.offsets[register * R::LANES..].as_ptr();
                    *sums = sums.add(R::load(offsets.cast()));
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
        let steps = self.line.div_ceil(4);
        let step_bytes = V * R::LANES * 4;
        let mut panel = self.weights.as_ptr();
        // SAFETY: the caller's; every address below is that of a step of a row or a panel.
        unsafe {
            let mut apart = [[[R::splat(0); V]; M]; U];
            for line in 0..self.lines {
                let rows = self.rows.x.as_ptr().add(line * self.rows.line_stride);
                let mut step = 0;
                while step + U <= steps {
                    for sums in &mut apart {
                        add_step(sums, panel, rows.add(step * 4), self.rows.stride);
                        panel = panel.add(step_bytes);
                        step += 1;
                    }
                }
                while step < steps {
                    add_step(&mut apart[0], panel, rows.add(step * 4), self.rows.stride);
                    panel = panel.add(step_bytes);
                    step += 1;
                }
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

/// Adds four products to every sum: those of a panel's step with four elements of each row.
///
/// # Safety
/// Needs the CPU features of `R`, `V` registers at `panel`, and four elements of `M` rows from `rows` on.
#[inline(always)]
unsafe fn add_step<R: Register, const M: usize, const V: usize>(
    sums: &mut [[R; V]; M],
    panel: *const u8,
    rows: *const u8,
    stride: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let mut weights = [R::splat(0); V];
        for (register, weights) in weights.iter_mut().enumerate() {
            *weights = R::load(panel.add(register * R::LANES * 4));
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            let x = R::row(rows.add(row * stride));
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = sum.dot(x, weights);
            }
        }
    }
}
