//! TRANSPOSE_CONV2D as a matrix product of the input's pixels, whose results are added where they
//! land.

use crate::kernels::{Isa, KernelError, KernelResult, PackedWeights, require_shape};
use alloc::vec::Vec;

/// Sizes of one TRANSPOSE_CONV2D, in elements; pairs are height, width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransposeWindow2d {
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
    /// Steps in the output between pixels of the input.
    pub stride: [usize; 2],
    /// Rows above and columns to the left that the output gains; negative where it loses them.
    pub out_pad_before: [i64; 2],
}

impl TransposeWindow2d {
    /// Taps of the kernel.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Where the product of an input pixel with a tap lands, along one axis (0 height, 1 width).
    #[inline(always)]
    fn lands(&self, axis: usize, input: usize, tap: usize) -> Option<usize> {
        let place = (input * self.stride[axis] + tap) as i64 + self.out_pad_before[axis];
        usize::try_from(place)
            .ok()
            .filter(|&place| place < self.output[axis])
    }

    fn is_sound(&self) -> bool {
        let all = [self.input, self.output, self.kernel, self.stride];
        self.channels > 0 && all.iter().flatten().all(|&size| size > 0)
    }
}

/// Weights made ready to run: taps in groups, so that the results of one pixel stay small.
#[derive(Debug)]
pub struct TransposeWeights {
    /// `[taps of the group * outputs, channels]` each.
    groups: Vec<PackedWeights>,
    group_taps: usize,
    outputs: usize,
}

/// Results of one pixel that a group aims at.
const GROUP_OUTPUTS: usize = 4096;
/// Pixels that are multiplied together.
const TILE_PIXELS: usize = 16;

impl TransposeWeights {
    /// `weights` is `[OC, KH, KW, IC]`, `pack` how a matrix of them is packed
    /// ([`PackedWeights::i8`], [`PackedWeights::i8_for_i16`]). `None` if a size does not fit.
    pub fn new(
        isa: Isa,
        weights: &[i8],
        window: &TransposeWindow2d,
        outputs: usize,
        zero_point: i32,
        pack: fn(Isa, &[i8], usize, usize, i32) -> Option<PackedWeights>,
    ) -> Option<Self> {
        let (taps, channels) = (window.taps(), window.channels);
        if outputs == 0 || taps == 0 || channels == 0 {
            return None;
        }
        if outputs.checked_mul(taps)?.checked_mul(channels)? != weights.len() {
            return None;
        }
        let group_taps = (GROUP_OUTPUTS / outputs).clamp(1, taps);
        let mut groups = Vec::new();
        for first in (0..taps).step_by(group_taps) {
            let end = (first + group_taps).min(taps);
            let mut rows = Vec::new();
            for tap in first..end {
                if channels == 1 {
                    // A copy of one element would be a call.
                    rows.extend(weights[tap..].iter().step_by(taps));
                    continue;
                }
                for output in 0..outputs {
                    let from = (output * taps + tap) * channels;
                    rows.extend_from_slice(&weights[from..from + channels]);
                }
            }
            let rows_outputs = (end - first) * outputs;
            groups.push(pack(isa, &rows, rows_outputs, channels, zero_point)?);
        }
        Some(Self {
            groups,
            group_taps,
            outputs,
        })
    }

    /// Bytes on the heap.
    pub fn packed_bytes(&self) -> usize {
        let groups = self.groups.iter();
        groups
            .map(|group| size_of::<PackedWeights>() + group.packed_bytes())
            .sum()
    }

    /// Length of the scratch of a run.
    pub fn scratch_words(&self) -> usize {
        let products = self.groups.iter();
        let products = products.map(|group| group.scratch_words(TILE_PIXELS)).max();
        products.unwrap_or(0) + self.tile_words()
    }

    fn tile_words(&self) -> usize {
        TILE_PIXELS * self.group_taps * self.outputs
    }

    fn require_sizes(
        &self,
        window: &TransposeWindow2d,
        x: usize,
        bias: usize,
        out: usize,
    ) -> KernelResult {
        let elements =
            |[height, width]: [usize; 2], channels: usize| window.batch * height * width * channels;
        require_shape(window.is_sound() && x == elements(window.input, window.channels))?;
        require_shape(out == elements(window.output, self.outputs))?;
        require_shape(bias <= 1 || bias == self.outputs)
    }
}

/// `out` is `[N, OH, OW, OC]`, `x` `[N, IH, IW, IC]`; `bias` has 0, 1 or `OC` elements and stands
/// everywhere, also where no product lands.
pub fn transpose_conv2d_i8(
    window: &TransposeWindow2d,
    weights: &TransposeWeights,
    (x, zero_point): (&[i8], i32),
    bias: &[i32],
    out: &mut [i32],
    scratch: &mut [u64],
) -> KernelResult {
    weights.require_sizes(window, x.len(), bias.len(), out.len())?;
    let parts = scratch.split_at_mut_checked(weights.tile_words());
    let (tile, scratch) = parts.ok_or(KernelError::Shape)?;
    start(bias, weights.outputs, out);
    let multiply = |group: &PackedWeights, pixels: &[i8], tile: &mut [i32]| {
        group.product_i8(pixels, zero_point, &[], tile, scratch)
    };
    let tile = bytemuck::cast_slice_mut(tile);
    each_tile(window, weights, x, tile, multiply, out, i32::wrapping_add)
}

/// [`transpose_conv2d_i8`] for i16 input and i48 accumulators.
pub fn transpose_conv2d_i16(
    window: &TransposeWindow2d,
    weights: &TransposeWeights,
    x: &[i16],
    bias: &[i64],
    out: &mut [i64],
    scratch: &mut [u64],
) -> KernelResult {
    weights.require_sizes(window, x.len(), bias.len(), out.len())?;
    let tile = scratch.get_mut(..weights.tile_words());
    let tile = bytemuck::cast_slice_mut(tile.ok_or(KernelError::Shape)?);
    start(bias, weights.outputs, out);
    let multiply = |group: &PackedWeights, pixels: &[i16], tile: &mut [i64]| {
        group.product_i16(pixels, &[], tile)
    };
    each_tile(window, weights, x, tile, multiply, out, i64::wrapping_add)
}

/// Writes the bias to every position.
fn start<T: Copy + Default>(bias: &[T], outputs: usize, out: &mut [T]) {
    match bias {
        [] => out.fill(T::default()),
        [one] => out.fill(*one),
        many => {
            for position in out.chunks_exact_mut(outputs) {
                position.copy_from_slice(many);
            }
        }
    }
}

/// Multiplies the pixels of a line, some at a time, by each group of taps and adds the results.
fn each_tile<X, T: Copy>(
    window: &TransposeWindow2d,
    weights: &TransposeWeights,
    x: &[X],
    tile: &mut [T],
    mut multiply: impl FnMut(&PackedWeights, &[X], &mut [T]) -> KernelResult,
    out: &mut [T],
    add: impl Fn(T, T) -> T + Copy,
) -> KernelResult {
    let line = window.input[1] * window.channels;
    for (row, line) in x.chunks_exact(line).enumerate() {
        let (image, y) = (row / window.input[0], row % window.input[0]);
        let tiles = line.chunks(TILE_PIXELS * window.channels);
        for (first_x, pixels) in (0..).step_by(TILE_PIXELS).zip(tiles) {
            let count = pixels.len() / window.channels;
            for (first_tap, group) in (0..).step_by(weights.group_taps).zip(&weights.groups) {
                let products = tile.get_mut(..count * group.outputs());
                let products = products.ok_or(KernelError::Shape)?;
                multiply(group, pixels, products)?;
                let landing = Landing {
                    window,
                    outputs: weights.outputs,
                    first_tap,
                    image,
                    y,
                };
                for (at, results) in products.chunks_exact(group.outputs()).enumerate() {
                    landing.add(first_x + at, results, out, add);
                }
            }
        }
    }
    Ok(())
}

/// Where the results of one line of pixels with one group of taps land.
struct Landing<'a> {
    window: &'a TransposeWindow2d,
    outputs: usize,
    first_tap: usize,
    image: usize,
    y: usize,
}

impl Landing<'_> {
    /// Adds the results of the pixel at column `x`.
    fn add<T: Copy>(&self, x: usize, results: &[T], out: &mut [T], add: impl Fn(T, T) -> T) {
        let window = self.window;
        let [height, width] = window.output;
        for (tap, result) in (self.first_tap..).zip(results.chunks_exact(self.outputs)) {
            let (tap_y, tap_x) = (tap / window.kernel[1], tap % window.kernel[1]);
            let Some(out_y) = window.lands(0, self.y, tap_y) else {
                continue;
            };
            let Some(out_x) = window.lands(1, x, tap_x) else {
                continue;
            };
            let position = (self.image * height + out_y) * width + out_x;
            let from = position * self.outputs;
            for (sum, &value) in out[from..from + self.outputs].iter_mut().zip(result) {
                *sum = add(*sum, value);
            }
        }
    }
}
