//! CONV3D as a matrix product over gathered windows, plane by plane.

use super::conv2d::gather_window;
use super::window::Window2d;
use crate::kernels::{KernelError, KernelResult, PackedWeights, require_shape};

/// Sizes of one CONV3D. What a plane does not know stands beside it, in planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window3d {
    /// Height and width. Its batch are the planes of the output, over the whole batch.
    pub plane: Window2d,
    /// Planes of the input.
    pub input: usize,
    /// Planes of the output.
    pub output: usize,
    /// Planes of the kernel.
    pub kernel: usize,
    /// Step between windows.
    pub stride: usize,
    /// Step between taps.
    pub dilation: usize,
    /// Padding in front.
    pub pad_before: usize,
}

impl Window3d {
    /// Products of one sum.
    pub fn depth(&self) -> usize {
        self.kernel * self.plane.taps() * self.plane.channels
    }

    fn plane_pixels(&self) -> usize {
        self.plane.input[0] * self.plane.input[1]
    }

    fn input_elements(&self) -> usize {
        self.plane.batch / self.output * self.input * self.plane_pixels() * self.plane.channels
    }

    fn is_sound(&self) -> bool {
        let sizes = [
            self.input,
            self.output,
            self.kernel,
            self.stride,
            self.dilation,
        ];
        sizes.iter().all(|&size| size > 0)
            && self.plane.is_sound()
            && self.plane.batch.is_multiple_of(self.output)
    }

    /// Writes windows `first ..` as rows `[KD, KH, KW, IC]`, `padding` where a tap is in the padding.
    #[inline(always)]
    fn gather<T: Copy>(&self, (x, padding): (&[T], T), first: usize, rows: &mut [T]) {
        let positions = self.plane.output[0] * self.plane.output[1];
        let block = self.plane.taps() * self.plane.channels;
        let windows = self.plane.windows(first);
        let rows = rows.chunks_exact_mut(self.kernel * block);
        for ((position, taps), row) in (first..).zip(windows).zip(rows) {
            let output_plane = position / positions;
            let inside = taps.pixel - output_plane * self.plane_pixels();
            let image = output_plane / self.output * self.input;
            let first_plane = output_plane % self.output * self.stride;
            for (tap, block) in row.chunks_exact_mut(block).enumerate() {
                let plane = (first_plane + tap * self.dilation).checked_sub(self.pad_before);
                let Some(plane) = plane.filter(|&plane| plane < self.input) else {
                    block.fill(padding);
                    continue;
                };
                let pixel = (image + plane) * self.plane_pixels() + inside;
                gather_window(&self.plane, &taps, pixel, (x, padding), block);
            }
        }
    }
}

/// A whole convolution: `out` is `[positions, outputs]`. `weights` is `[OC, KD, KH, KW, IC]` packed by
/// [`PackedWeights::i8`] as `[OC, KD * KH * KW * IC]`; `bias` has 0, 1 or `OC` elements. Padding stands
/// for the zero point.
pub fn conv3d_i8(
    window: &Window3d,
    weights: &PackedWeights,
    (x, zero_point): (&[i8], i32),
    bias: &[i32],
    out: &mut [i32],
    scratch: &mut [u64],
) -> KernelResult {
    require_sizes(window, weights, x.len(), bias.len(), out.len())?;
    let zero_point = i8::try_from(zero_point).map_err(|_| KernelError::Shape)?;
    weights.each_tile_i8(out, scratch, bias, zero_point, |first, tile| {
        window.gather((x, zero_point), first, tile);
    })
}

/// [`conv3d_i8`] for i16 input and i48 accumulators; weights by [`PackedWeights::i8_for_i16`].
pub fn conv3d_i16(
    window: &Window3d,
    weights: &PackedWeights,
    x: &[i16],
    bias: &[i64],
    out: &mut [i64],
    scratch: &mut [u64],
) -> KernelResult {
    require_sizes(window, weights, x.len(), bias.len(), out.len())?;
    weights.each_tile_i16(out, scratch, bias, |first, tile| {
        window.gather((x, 0), first, tile);
    })
}

fn require_sizes(
    window: &Window3d,
    weights: &PackedWeights,
    x: usize,
    bias: usize,
    out: usize,
) -> KernelResult {
    require_shape(window.is_sound() && x == window.input_elements())?;
    require_shape(weights.depth() == window.depth())?;
    weights.require_result(window.plane.positions(), bias, out)
}
