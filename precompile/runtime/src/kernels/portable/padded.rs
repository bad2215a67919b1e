//! The input of a window with its padding written out, so that a line of taps is one run of elements
//! wherever the window stands.

use super::window::Window2d;
use core::ops::Range;

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
        let last = (self.output[1] - 1) * self.stride[1];
        (last + self.kernel[1]) * self.channels
    }

    /// Padded lines that so many rows of the output read.
    pub(crate) const fn padded_lines(&self, output_rows: usize) -> usize {
        let last = output_rows.saturating_sub(1) * self.stride[0];
        last + (self.kernel[0] - 1) * self.dilation[0] + 1
    }

    /// Writes the padded lines that rows of the output of an image read, moved up by 128 to be unsigned.
    pub(crate) fn pad(
        &self,
        image: usize,
        output_rows: Range<usize>,
        (x, padding): (&[i8], i8),
        out: &mut [u8],
    ) {
        let [height, width] = self.input;
        let padding = padding.cast_unsigned() ^ 0x80;
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
            for (out, x) in inside.iter_mut().zip(source) {
                *out = x.cast_unsigned() ^ 0x80;
            }
            right.fill(padding);
        }
    }
}
