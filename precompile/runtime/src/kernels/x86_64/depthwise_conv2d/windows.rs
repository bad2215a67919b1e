//! The windows of a block of channels, one after another.

use super::{
    Block, GROUP, MAX_CHANNELS, MAX_TAPS, QUARTERS, Width, columns, keep::Keep, register::Register,
};
use crate::kernels::portable::window::Window2d;
use core::arch::x86_64::{__m128i, __m256i, __m512i};

/// Where the taps of a window read, in elements from the first one's.
pub(super) struct Corner {
    offsets: [usize; MAX_TAPS],
    taps: usize,
}

impl Corner {
    pub(super) fn all(window: &Window2d) -> Self {
        let mut offsets = [0; MAX_TAPS];
        let [dilation_y, dilation_x] = window.dilation;
        for (tap, offset) in offsets.iter_mut().enumerate().take(window.taps()) {
            let (y, x) = (tap / window.kernel[1], tap % window.kernel[1]);
            let pixel = y * dilation_y * window.input[1] + x * dilation_x;
            *offset = pixel * window.channels;
        }
        Self {
            offsets,
            taps: window.taps(),
        }
    }
}

/// Windows of a block of channels.
pub(super) struct Call<'a> {
    pub(super) window: &'a Window2d,
    pub(super) taps: &'a Corner,
    pub(super) x: &'a [i8],
    pub(super) padding: u8,
    pub(super) first_position: usize,
    pub(super) block: &'a Block,
    pub(super) offsets: [i32; MAX_CHANNELS],
}

impl Call<'_> {
    /// All windows of the block, kept by `keep`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
    pub(super) fn run<K: Keep>(&self, keep: K, out: &mut [K::Element]) {
        // SAFETY: this function's own features.
        unsafe {
            match self.block.width {
                Width::Xmm => self.windows::<__m128i, K>(keep, out),
                Width::Ymm => self.windows::<__m256i, K>(keep, out),
                Width::Zmm => self.windows::<__m512i, K>(keep, out),
            }
        }
    }

    /// All windows, line by line.
    ///
    /// # Safety
    /// Needs the CPU features of `R`, which is as wide as the block.
    #[inline(always)]
    unsafe fn windows<R: Register, K: Keep>(&self, keep: K, out: &mut [K::Element]) {
        let window = self.window;
        let [height, width] = window.input;
        let mut row = self.first_position / window.output[1];
        let mut column = self.first_position % window.output[1];
        let mut rest = out;
        while !rest.is_empty() {
            let (image, y) = (row / window.output[0], row % window.output[0]);
            let first = image * height * width;
            let top = (y * window.stride[0]).wrapping_sub(window.pad_before[0]);
            let columns = (window.output[1] - column).min(rest.len() / window.channels);
            let (line, others) = rest.split_at_mut(columns * window.channels);
            // SAFETY: the caller's; the lines of the image that are not in the padding.
            unsafe {
                if columns::suit(window.kernel) {
                    let mut rows = [None; GROUP];
                    for (tap, row) in rows.iter_mut().enumerate().take(window.kernel[0]) {
                        let y = top.wrapping_add(tap * window.dilation[0]);
                        let pixel = first + y.min(height) * width;
                        *row = (y < height).then_some(pixel * window.channels + self.block.first);
                    }
                    let left = (column * window.stride[1]).wrapping_sub(window.pad_before[1]);
                    self.line_by_columns::<R, K>(keep, rows, left, line);
                } else {
                    self.line::<R, K>(keep, (first, top), column, line);
                }
            }
            rest = others;
            (column, row) = (0, row + 1);
        }
    }

    /// Windows of one line, from a column of the output on; `first` is the first pixel of the image, `top`
    /// the line where the first tap reads, which wraps in the padding.
    ///
    /// # Safety
    /// As [`Self::windows`].
    #[inline(always)]
    unsafe fn line<R: Register, K: Keep>(
        &self,
        keep: K,
        (first, top): (usize, usize),
        column: usize,
        out: &mut [K::Element],
    ) {
        let window = self.window;
        let [height, width] = window.input;
        let channels = window.channels;
        let bottom = top.wrapping_add((window.kernel[0] - 1) * window.dilation[0]);
        let is_inside = top < height && bottom < height;
        for (at, out) in (column..).zip(out.chunks_exact_mut(channels)) {
            let left = (at * window.stride[1]).wrapping_sub(window.pad_before[1]);
            let right = left.wrapping_add((window.kernel[1] - 1) * window.dilation[1]);
            let out = &mut out[self.block.first..][..self.block.channels];
            // SAFETY: the caller's; there are as many offsets as the widest block has channels; all
            // taps between the corners read the image.
            unsafe {
                let sums = if is_inside && left < width && right < width {
                    let corner = (first + top * width + left) * channels;
                    self.sums::<R, _>(&Inside {
                        corner: corner + self.block.first,
                        offsets: &self.taps.offsets,
                    })
                } else {
                    self.sums::<R, _>(&Border {
                        window,
                        channel: self.block.first,
                        first,
                        top,
                        left,
                    })
                };
                keep.keep(self.block.first, sums, out);
            }
        }
    }

    /// The sums of one window, quarter by quarter.
    ///
    /// # Safety
    /// As [`Self::windows`].
    #[inline(always)]
    unsafe fn sums<R: Register, T: Taps>(&self, taps: &T) -> [R; QUARTERS] {
        let bytes = self.block.width as usize;
        let groups = self.taps.taps.div_ceil(GROUP);
        // SAFETY: the caller's; the weights have as many registers as there are groups and quarters.
        unsafe {
            let mut sums = self.begin::<R>();
            for group in 0..groups {
                let first = group * GROUP;
                let woven = R::weave([
                    self.tap(taps, first),
                    self.tap(taps, first + 1),
                    self.tap(taps, first + 2),
                    self.tap(taps, first + 3),
                ]);
                let weights = self.block.woven[group * QUARTERS * bytes..].as_ptr();
                for quarter in 0..QUARTERS {
                    let weights = R::load_all(weights.add(quarter * bytes));
                    sums[quarter] = sums[quarter].dot(woven[quarter], weights);
                }
            }
            sums
        }
    }

    /// What sums begin with.
    ///
    /// # Safety
    /// Needs the CPU features of `R`, which is as wide as the block.
    #[inline(always)]
    pub(super) unsafe fn begin<R: Register>(&self) -> [R; QUARTERS] {
        let lanes = self.block.width as usize / QUARTERS;
        let offsets = self.offsets.as_ptr();
        // SAFETY: the caller's; there is an offset for each lane of the widest block.
        unsafe {
            [
                R::load_all(offsets.cast()),
                R::load_all(offsets.add(lanes).cast()),
                R::load_all(offsets.add(2 * lanes).cast()),
                R::load_all(offsets.add(3 * lanes).cast()),
            ]
        }
    }

    /// What a tap reads, moved up by 128. Past the last tap weights are 0.
    ///
    /// # Safety
    /// As [`Self::windows`].
    #[inline(always)]
    unsafe fn tap<R: Register, T: Taps>(&self, taps: &T, tap: usize) -> R {
        // SAFETY: the caller's; a tap reads a pixel of the image, which has the block's channels.
        unsafe {
            if tap < self.taps.taps
                && let Some(from) = taps.from(tap)
            {
                let x = self.x.as_ptr().add(from);
                R::load(x, self.block.channels).xor(R::splat(0x80))
            } else {
                R::splat(self.padding)
            }
        }
    }
}

/// Where the taps of a window read.
trait Taps {
    /// The first element of a tap; `None` in the padding.
    fn from(&self, tap: usize) -> Option<usize>;
}

/// All inside the input.
struct Inside<'a> {
    corner: usize,
    offsets: &'a [usize; MAX_TAPS],
}

impl Taps for Inside<'_> {
    #[inline(always)]
    fn from(&self, tap: usize) -> Option<usize> {
        Some(self.corner + self.offsets[tap])
    }
}

/// Some of them in the padding.
struct Border<'a> {
    window: &'a Window2d,
    channel: usize,
    /// The first pixel of the image.
    first: usize,
    /// Where the first tap reads; wraps where that is before the image.
    top: usize,
    left: usize,
}

impl Taps for Border<'_> {
    #[inline(always)]
    fn from(&self, tap: usize) -> Option<usize> {
        let [height, width] = self.window.input;
        let (tap_y, tap_x) = (tap / self.window.kernel[1], tap % self.window.kernel[1]);
        let y = self.top.wrapping_add(tap_y * self.window.dilation[0]);
        let x = self.left.wrapping_add(tap_x * self.window.dilation[1]);
        (y < height && x < width)
            .then(|| (self.first + y * width + x) * self.window.channels + self.channel)
    }
}
