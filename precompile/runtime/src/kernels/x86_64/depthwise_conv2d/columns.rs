//! Kernels three columns wide: the taps of a column are woven once, for all windows of a line that see it.

use super::{GROUP, QUARTERS, keep::Keep, register::Register, windows::Call};

/// Columns of a kernel.
const COLUMNS: usize = 3;

/// A column of the input, woven.
type Column<R> = [R; QUARTERS];

/// Whether a kernel is as wide, and each of its columns about fills a group.
pub(super) const fn suit([height, width]: [usize; 2]) -> bool {
    width == COLUMNS && (height == GROUP - 1 || height == GROUP)
}

impl Call<'_> {
    /// Windows of one line, the first of them at `left`, which wraps in the padding. `rows` are the first
    /// elements of the lines of the input that they read, none in the padding.
    ///
    /// # Safety
    /// Needs the CPU features of `R`, which is as wide as the block, and lines of the input at `rows`.
    #[inline(always)]
    pub(super) unsafe fn line_by_columns<R: Register, K: Keep>(
        &self,
        keep: K,
        rows: [Option<usize>; GROUP],
        left: usize,
        out: &mut [K::Element],
    ) {
        // SAFETY: the caller's.
        unsafe {
            match (self.window.stride[1], self.window.dilation[1]) {
                (1, 1) => self.slide::<R, K, 1>(keep, rows, left, out),
                (2, 1) => self.slide::<R, K, 2>(keep, rows, left, out),
                // No window shares a column with the next.
                _ => self.slide::<R, K, COLUMNS>(keep, rows, left, out),
            }
        }
    }

    /// The same; `NEW` columns of a window are not those of the one before. Compiled for itself, so that
    /// registers are its own.
    ///
    /// # Safety
    /// As [`Self::line_by_columns`].
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
    unsafe fn slide<R: Register, K: Keep, const NEW: usize>(
        &self,
        keep: K,
        rows: [Option<usize>; GROUP],
        mut left: usize,
        out: &mut [K::Element],
    ) {
        let bytes = self.block.width as usize;
        let dilation = self.window.dilation[1];
        let (first, channels) = (self.block.first, self.block.channels);
        // SAFETY: the caller's; the weights have a register for each column and quarter.
        unsafe {
            // Each by its name: an array of them would not stay in registers.
            let outside = [R::splat(0); QUARTERS];
            let (mut b, mut c) = match NEW {
                1 => (
                    self.column(rows, left),
                    self.column(rows, left.wrapping_add(1)),
                ),
                2 => (outside, self.column(rows, left)),
                _ => (outside, outside),
            };
            for out in out.chunks_exact_mut(self.window.channels) {
                let second = left.wrapping_add(dilation);
                let third = second.wrapping_add(dilation);
                let a;
                (a, b) = match NEW {
                    1 => (b, c),
                    2 => (c, self.column(rows, second)),
                    _ => (self.column(rows, left), self.column(rows, second)),
                };
                c = self.column(rows, third);
                let mut sums = self.begin::<R>();
                let weights = self.block.woven.as_ptr();
                for quarter in 0..QUARTERS {
                    let weight =
                        |column| R::load_all(weights.add((column * QUARTERS + quarter) * bytes));
                    let sum = sums[quarter].dot(a[quarter], weight(0));
                    let sum = sum.dot(b[quarter], weight(1));
                    sums[quarter] = sum.dot(c[quarter], weight(2));
                }
                let out = &mut out[first..first + channels];
                keep.keep(first, sums, out);
                left = left.wrapping_add(self.window.stride[1]);
            }
        }
    }

    /// A column of the input, moved up by 128.
    ///
    /// # Safety
    /// As [`Self::line_by_columns`].
    #[inline(always)]
    unsafe fn column<R: Register>(&self, rows: [Option<usize>; GROUP], x: usize) -> Column<R> {
        // SAFETY: the caller's.
        unsafe {
            let padding = R::splat(self.padding);
            if x >= self.window.input[1] {
                return [padding; QUARTERS];
            }
            let first = self.x.as_ptr().add(x * self.window.channels);
            let [a, b, c, d] = rows;
            R::weave([
                self.pixel(first, a, padding),
                self.pixel(first, b, padding),
                self.pixel(first, c, padding),
                self.pixel(first, d, padding),
            ])
        }
    }

    /// The block's channels of a pixel, moved up by 128; `padding` where there is no line.
    ///
    /// # Safety
    /// As [`Self::line_by_columns`], with the column's pixel in the first line.
    #[inline(always)]
    unsafe fn pixel<R: Register>(&self, first: *const i8, row: Option<usize>, padding: R) -> R {
        match row {
            // SAFETY: the caller's.
            Some(row) => unsafe {
                R::load(first.add(row), self.block.channels).xor(R::splat(0x80))
            },
            None => padding,
        }
    }
}
