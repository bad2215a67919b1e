//! A window that slides over height and width: the geometry of convolutions and pools.

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
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Image, output row and output column of a window.
    pub(crate) fn locate(&self, position: usize) -> [usize; 3] {
        let (row, x) = (position / self.output[1], position % self.output[1]);
        [row / self.output[0], row % self.output[0], x]
    }

    /// The taps of a window that fall inside the input along one axis (0 height, 1 width): their
    /// indices, and the input coordinate of the first of them.
    pub(crate) fn inside(&self, axis: usize, output: usize) -> (core::ops::Range<usize>, usize) {
        let (dilation, kernel) = (self.dilation[axis], self.kernel[axis]);
        let start = output * self.stride[axis];
        let missing = self.pad_before[axis].saturating_sub(start);
        let first = missing.div_ceil(dilation).min(kernel);
        let reach = (self.input[axis] + self.pad_before[axis]).saturating_sub(start);
        let end = reach.div_ceil(dilation).min(kernel).max(first);
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
