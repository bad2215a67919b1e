//! CONV2D as a matrix product over windows, where they lie or gathered.

use super::window::{Taps, Window2d};
use crate::kernels::weights::{Padded, ProductResult, Windows};
use crate::kernels::{Isa, KernelError, KernelResult, PackedWeights, require_shape};

/// Length of the scratch of [`conv2d_i8`] and [`conv2d_i16`].
pub fn conv2d_scratch_words(window: &Window2d, weights: &PackedWeights) -> usize {
    match weights.window_element_bytes() {
        Some(bytes) => {
            let padded = window.padded_elements(window.output[0]);
            (padded * bytes).div_ceil(size_of::<u64>())
        }
        None => weights.scratch_words(window.positions()),
    }
}

/// Weights `[OC, KH, KW, IC]` of i8 input, for [`conv2d_i8`] with this window.
pub fn conv2d_weights_i8(
    isa: Isa,
    weights: &[i8],
    outputs: usize,
    window: &Window2d,
    zero_point: i32,
) -> Option<PackedWeights> {
    let depth = window.taps() * window.channels;
    if window.is_pointwise() || !window.is_dense() {
        return PackedWeights::i8(isa, weights, outputs, depth, zero_point);
    }
    let sizes = [outputs, window.kernel[0], window.line()];
    PackedWeights::i8_windows(isa, weights, sizes, zero_point)
}

/// The same of i16 input, for [`conv2d_i16`].
pub fn conv2d_weights_i16(
    isa: Isa,
    weights: &[i8],
    outputs: usize,
    window: &Window2d,
    zero_point: i32,
) -> Option<PackedWeights> {
    let depth = window.taps() * window.channels;
    if window.is_pointwise() || !window.is_dense() {
        return PackedWeights::i8_for_i16(isa, weights, outputs, depth, zero_point);
    }
    let sizes = [outputs, window.kernel[0], window.line()];
    PackedWeights::i8_windows_for_i16(isa, weights, sizes, zero_point)
}

/// Windows `first_position ..` of a convolution: `out` is `[positions, outputs]`, so a plan may work
/// through the output tile by tile. `weights` are those of [`conv2d_weights_i8`]; `bias` has 0, 1 or
/// `OC` elements. Padding stands for the zero point. Results are i32, or i8 if the weights were narrowed.
pub fn conv2d_i8<O: ProductResult>(
    window: &Window2d,
    weights: &PackedWeights,
    (x, zero_point): (&[i8], i32),
    bias: &[i32],
    first_position: usize,
    out: &mut [O],
    scratch: &mut [u64],
) -> KernelResult {
    let positions = require_sizes(
        window,
        weights,
        x.len(),
        bias.len(),
        first_position,
        out.len(),
    )?;
    if window.is_pointwise() {
        let from = first_position * window.channels;
        let rows = &x[from..from + positions * window.channels];
        return weights.product_i8(rows, zero_point, bias, out, scratch);
    }
    let zero_point = i8::try_from(zero_point).map_err(|_| KernelError::Shape)?;
    match weights.window_element_bytes() {
        Some(1) => {
            let convert = |x: i8| x.cast_unsigned() ^ 0x80;
            let call = (first_position, x, convert, convert(zero_point));
            return padded_windows(window, weights, call, out, scratch, |windows, out| {
                weights.product_windows(windows.of(Padded::Moved), zero_point, bias, out)
            });
        }
        Some(_) => {
            let convert = |x: i8| i16::from(x) - i16::from(zero_point);
            let call = (first_position, x, convert, 0);
            return padded_windows(window, weights, call, out, scratch, |windows, out| {
                weights.product_windows(windows.of(Padded::Words), zero_point, bias, out)
            });
        }
        None => {}
    }
    weights.each_tile_i8(out, scratch, bias, zero_point, |first, tile| {
        gather_windows(window, (x, zero_point), first_position + first, tile);
    })
}

/// [`conv2d_i8`] for i16 input and i48 accumulators; `weights` are those of [`conv2d_weights_i16`].
pub fn conv2d_i16(
    window: &Window2d,
    weights: &PackedWeights,
    x: &[i16],
    bias: &[i64],
    first_position: usize,
    out: &mut [i64],
    scratch: &mut [u64],
) -> KernelResult {
    let positions = require_sizes(
        window,
        weights,
        x.len(),
        bias.len(),
        first_position,
        out.len(),
    )?;
    if window.is_pointwise() {
        let from = first_position * window.channels;
        return weights.product_i16(&x[from..from + positions * window.channels], bias, out);
    }
    if weights.window_element_bytes().is_some() {
        let call = (first_position, x, |x| x, 0);
        return padded_windows(window, weights, call, out, scratch, |windows, out| {
            weights.product_windows_i16(windows.of(Padded::Words), bias, out)
        });
    }
    weights.each_tile_i16(out, scratch, bias, |first, tile| {
        gather_windows(window, (x, 0), first_position + first, tile);
    })
}

/// Windows where they lie, in the input with its padding written out.
struct InPlace<'a, E> {
    x: &'a [E],
    row_stride: usize,
    line_stride: usize,
}

impl<'a, E> InPlace<'a, E> {
    fn of(self, kind: impl Fn(&'a [E]) -> Padded<'a>) -> Windows<'a> {
        Windows {
            x: kind(self.x),
            row_stride: self.row_stride,
            line_stride: self.line_stride,
        }
    }
}

/// Calls `multiply` with the windows of a line of the output and its place, for all that `out` has.
#[inline(always)]
fn padded_windows<I: Copy, E: bytemuck::Pod, O>(
    window: &Window2d,
    weights: &PackedWeights,
    (first_position, x, convert, padding): (usize, &[I], impl Fn(I) -> E + Copy, E),
    out: &mut [O],
    scratch: &mut [u64],
    multiply: impl Fn(InPlace<'_, E>, &mut [O]) -> KernelResult,
) -> KernelResult {
    let [height, width] = window.output;
    let padded: &mut [E] = bytemuck::cast_slice_mut(scratch);
    let row_stride = window.stride[1] * window.channels;
    let line_stride = window.dilation[0] * window.padded_line();
    let (mut position, mut rest) = (first_position, out);
    while !rest.is_empty() {
        // What is left of this image.
        let image = position / (height * width);
        let in_image = position % (height * width);
        let count = (height * width - in_image).min(rest.len() / weights.outputs());
        let rows = in_image / width..(in_image + count).div_ceil(width);
        let padded = padded.get_mut(..window.padded_elements(rows.len()));
        let padded = padded.ok_or(KernelError::Shape)?;
        window.pad(image, rows.clone(), (x, convert), padding, padded);
        let (mut out, after) = rest.split_at_mut(count * weights.outputs());
        if width == 1 {
            // A line would be a window alone: they are as far apart as its lines, so all are one.
            let windows = InPlace {
                x: &padded[..],
                row_stride: window.stride[0] * window.padded_line(),
                line_stride,
            };
            multiply(windows, out)?;
        } else {
            for row in rows.clone() {
                let from = in_image.max(row * width) - row * width;
                let to = (in_image + count).min((row + 1) * width) - row * width;
                let (results, others) = out.split_at_mut((to - from) * weights.outputs());
                let first = (row - rows.start) * window.stride[0] * window.padded_line();
                let windows = InPlace {
                    x: &padded[first + from * row_stride..],
                    row_stride,
                    line_stride,
                };
                multiply(windows, results)?;
                out = others;
            }
        }
        rest = after;
        position += count;
    }
    Ok(())
}

/// The number of windows that `out` holds, if everything fits together.
fn require_sizes(
    window: &Window2d,
    weights: &PackedWeights,
    x: usize,
    bias: usize,
    first_position: usize,
    out: usize,
) -> Result<usize, KernelError> {
    let positions = out / weights.outputs();
    require_shape(window.is_sound() && x == window.input_elements())?;
    require_shape(weights.depth() == window.taps() * window.channels)?;
    require_shape(first_position + positions <= window.positions())?;
    weights.require_result(positions, bias, out)?;
    Ok(positions)
}

/// Writes windows `first ..` as rows `[KH, KW, IC]`, `padding` where a tap is in the padding.
#[inline(always)]
fn gather_windows<T: Copy>(
    window: &Window2d,
    (x, padding): (&[T], T),
    first: usize,
    rows: &mut [T],
) {
    let windows = window.windows(first);
    let row = window.taps() * window.channels;
    for (taps, row) in windows.zip(rows.chunks_exact_mut(row)) {
        gather_window(window, &taps, taps.pixel, (x, padding), row);
    }
}

/// Writes one window as a row `[KH, KW, IC]`, `padding` where a tap is in the padding. `pixel` is what
/// the first tap inside reads.
#[inline(always)]
pub(super) fn gather_window<T: Copy>(
    window: &Window2d,
    taps: &Taps,
    pixel: usize,
    (x, padding): (&[T], T),
    row: &mut [T],
) {
    let channels = window.channels;
    let (from_x, to_x) = (taps.columns.start * channels, taps.columns.end * channels);
    let mut at = pixel;
    for (tap_y, line) in row
        .chunks_exact_mut(window.kernel[1] * channels)
        .enumerate()
    {
        if !taps.rows.contains(&tap_y) {
            line.fill(padding);
            continue;
        }
        line[..from_x].fill(padding);
        line[to_x..].fill(padding);
        let line = &mut line[from_x..to_x];
        // Without dilation, a line of taps is one run of the input.
        let (run, step) = if taps.step[1] == 1 {
            (line.len(), 0)
        } else {
            (channels, taps.step[1])
        };
        for (tap, run) in line.chunks_exact_mut(run.max(1)).enumerate() {
            let from = (at + tap * step) * channels;
            run.copy_from_slice(&x[from..from + run.len()]);
        }
        at += taps.step[0];
    }
}
