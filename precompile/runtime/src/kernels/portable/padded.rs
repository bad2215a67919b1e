//! The input of a window with its padding written out, so that a line of taps is one run of elements
//! wherever the window stands.

use super::window::Window2d;
use core::ops::Range;

/// Elements past a line's end that the last step of a window may read.
const LAST_STEP: usize = 3;

impl Window2d {
    /// Whether the taps of a line stand next to each other.
    pub(crate) const fn has_solid_lines(&self) -> bool {
        self.dilation[1] == 1
    }

    /// Elements of a line of taps.
    pub(crate) const fn line(&self) -> usize {
        self.kernel[1] * self.channels
    }

    /// Elements of a padded line of the input: as far as the windows reach.
    pub(crate) const fn padded_line(&self) -> usize {
        let last = self.output[1].saturating_sub(1) * self.stride[1];
        (last + self.kernel[1]) * self.channels
    }

    /// Padded lines that so many rows of the output read.
    pub(crate) const fn padded_lines(&self, output_rows: usize) -> usize {
        let last = output_rows.saturating_sub(1) * self.stride[0];
        last + (self.kernel[0] - 1) * self.dilation[0] + 1
    }

    /// Elements that windows of so many rows of the output of an image read, and those of a last step.
    pub(crate) const fn padded_elements(&self, output_rows: usize) -> usize {
        self.padded_lines(output_rows) * self.padded_line() + LAST_STEP
    }

    /// Whether windows read enough of each padded element that writing these is less than gathering windows.
    pub(crate) const fn is_dense(&self) -> bool {
        // On 32 bits, the largest products saturate.
        let positions = self.output[0].saturating_mul(self.output[1]);
        let windows = positions.saturating_mul(self.taps().saturating_mul(self.channels));
        let padded = self.padded_lines(self.output[0]);
        self.has_solid_lines() && padded.saturating_mul(self.padded_line()) <= windows
    }

    /// Writes the padded lines that rows of the output of an image read, each element as `convert` makes it.
    #[inline(always)]
    pub(crate) fn pad<I: Copy, E: Copy>(
        &self,
        image: usize,
        output_rows: Range<usize>,
        (x, convert): (&[I], impl Fn(I) -> E),
        padding: E,
        out: &mut [E],
    ) {
        let [height, width] = self.input;
        let first = output_rows.start * self.stride[0];
        let lines = out.chunks_exact_mut(self.padded_line());
        for (at, line) in lines.enumerate().take(self.padded_lines(output_rows.len())) {
            let y = (first + at).wrapping_sub(self.pad_before[0]);
            if y >= height {
                line.fill(padding);
                continue;
            }
            let source = &x[(image * height + y) * width * self.channels..];
            let source = &source[..width * self.channels];
            let before = (self.pad_before[1] * self.channels).min(line.len());
            let (left, rest) = line.split_at_mut(before);
            let (inside, right) = rest.split_at_mut(source.len().min(rest.len()));
            left.fill(padding);
            for (out, &x) in inside.iter_mut().zip(source) {
                *out = convert(x);
            }
            right.fill(padding);
        }
    }
}
