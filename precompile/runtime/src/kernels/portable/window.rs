//! A window that slides over height and width: the geometry of convolutions and pools.

use core::ops::Range;

/// Sizes of one convolution or pool, in elements; pairs are height, width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window2d {
    /// Images in the batch.
    pub batch: usize,
    /// Channels of the input.
    pub channels: usize,
    /// Size of the input.
    pub input: [usize; 2],
    /// Size of the output.
    pub output: [usize; 2],
    /// Size of the kernel.
    pub kernel: [usize; 2],
    /// Steps between windows.
    pub stride: [usize; 2],
    /// Steps between taps; 1 for pools.
    pub dilation: [usize; 2],
    /// Padding above and to the left. What is below and to the right follows from `output`.
    pub pad_before: [usize; 2],
}

impl Window2d {
    /// Elements of the input.
    pub fn input_elements(&self) -> usize {
        self.batch * self.input[0] * self.input[1] * self.channels
    }

    /// Windows: positions of the output over all images.
    pub fn positions(&self) -> usize {
        self.batch * self.output[0] * self.output[1]
    }

    /// Taps of one window.
    pub const fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Whether the windows are the input's pixels, one after another.
    pub(crate) fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1]
            && self.stride == [1, 1]
            && self.pad_before == [0, 0]
            && self.input == self.output
    }

    /// Pieces of memory that one window's taps lie in: lines, or single taps if they are dilated.
    pub(crate) const fn lines(&self) -> usize {
        if self.dilation[1] == 1 {
            self.kernel[0]
        } else {
            self.kernel[0] * self.kernel[1]
        }
    }

    /// Whether taps lie apart.
    pub(crate) const fn is_dilated(&self) -> bool {
        self.dilation[0] != 1 || self.dilation[1] != 1
    }

    /// The taps of windows `first ..` that fall inside the input, to the end.
    pub(crate) fn windows(&self, first: usize) -> Windows<'_> {
        let (row, x) = (first / self.output[1], first % self.output[1]);
        let (image, y) = (row / self.output[0], row % self.output[0]);
        Windows {
            window: self,
            image,
            y,
            x,
            rows: self.inside(0, y),
        }
    }

    /// The taps of a window that fall inside the input along one axis (0 height, 1 width): their
    /// indices, and the input coordinate of the first of them.
    #[inline(always)]
    fn inside(&self, axis: usize, output: usize) -> (Range<usize>, usize) {
        let (dilation, kernel) = (self.dilation[axis], self.kernel[axis]);
        let start = output * self.stride[axis];
        let missing = self.pad_before[axis].saturating_sub(start);
        let reach = (self.input[axis] + self.pad_before[axis]).saturating_sub(start);
        // Divisions are slow, and rarely needed.
        let in_taps = |size: usize| {
            if dilation == 1 {
                size
            } else {
                size.div_ceil(dilation)
            }
        };
        let first = in_taps(missing).min(kernel);
        let end = in_taps(reach).min(kernel).max(first);
        (
            first..end,
            (start + first * dilation).saturating_sub(self.pad_before[axis]),
        )
    }

    /// Whether no size that is divided by or stepped by is 0.
    pub(crate) fn is_sound(&self) -> bool {
        let all = [
            self.output,
            self.kernel,
            self.stride,
            self.dilation,
            self.input,
        ];
        self.channels > 0 && all.iter().flatten().all(|&size| size > 0)
    }
}

/// The windows of a [`Window2d`] in order; see [`Window2d::windows`].
pub(crate) struct Windows<'a> {
    window: &'a Window2d,
    image: usize,
    y: usize,
    x: usize,
    rows: (Range<usize>, usize),
}

/// The taps of one window that fall inside the input.
pub(crate) struct Taps {
    /// Rows and columns of the kernel that do.
    pub(crate) rows: Range<usize>,
    pub(crate) columns: Range<usize>,
    /// The pixel that the first of these taps reads.
    pub(crate) pixel: usize,
    /// Pixels from row to row and from column to column.
    pub(crate) step: [usize; 2],
}

impl Taps {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// Calls `visit` with the index of every tap in the kernel and the pixel that it reads.
    #[inline(always)]
    pub(crate) fn for_each(&self, kernel_width: usize, mut visit: impl FnMut(usize, usize)) {
        let mut line = self.pixel;
        for row in self.rows.clone() {
            let mut pixel = line;
            for column in self.columns.clone() {
                visit(row * kernel_width + column, pixel);
                pixel += self.step[1];
            }
            line += self.step[0];
        }
    }
}

impl Iterator for Windows<'_> {
    type Item = Taps;

    #[inline(always)]
    fn next(&mut self) -> Option<Taps> {
        let window = self.window;
        if self.image == window.batch {
            return None;
        }
        let (columns, left) = window.inside(1, self.x);
        let (rows, top) = self.rows.clone();
        let [height, width] = window.input;
        let taps = Taps {
            rows,
            columns,
            pixel: (self.image * height + top) * width + left,
            step: [window.dilation[0] * width, window.dilation[1]],
        };
        self.x += 1;
        if self.x == window.output[1] {
            self.x = 0;
            self.y += 1;
            if self.y == window.output[0] {
                self.y = 0;
                self.image += 1;
            }
            self.rows = window.inside(0, self.y);
        }
        Some(taps)
    }
}
