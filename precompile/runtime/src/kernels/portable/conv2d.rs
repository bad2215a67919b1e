//! CONV2D as a matrix product over gathered windows.

use super::window::{Taps, Window2d};
use crate::kernels::{KernelError, KernelResult, PackedWeights, require_shape};

/// Length of the scratch of [`conv2d_i8`] and [`conv2d_i16`] for at most `positions` windows.
pub fn conv2d_scratch_words(weights: &PackedWeights, positions: usize) -> usize {
    weights.scratch_words(positions)
}

/// Windows `first_position ..` of a convolution: `out` is `[positions, outputs]`, so a plan may work
/// through the output tile by tile. `weights` is `[OC, KH, KW, IC]` packed by [`PackedWeights::i8`] as
/// `[OC, KH * KW * IC]`; `bias` has 0, 1 or `OC` elements. Padding stands for the zero point.
pub fn conv2d_i8(
    window: &Window2d,
    weights: &PackedWeights,
    (x, zero_point): (&[i8], i32),
    bias: &[i32],
    first_position: usize,
    out: &mut [i32],
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
    if is_pointwise(window) {
        let from = first_position * window.channels;
        let rows = &x[from..from + positions * window.channels];
        return weights.product_i8(rows, zero_point, bias, out, scratch);
    }
    let zero_point = i8::try_from(zero_point).map_err(|_| KernelError::Shape)?;
    weights.each_tile_i8(out, scratch, bias, zero_point, |first, tile| {
        gather_windows(window, (x, zero_point), first_position + first, tile);
    })
}

/// [`conv2d_i8`] for i16 input and i48 accumulators; weights by [`PackedWeights::i8_for_i16`].
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
    if is_pointwise(window) {
        let from = first_position * window.channels;
        return weights.product_i16(&x[from..from + positions * window.channels], bias, out);
    }
    weights.each_tile_i16(out, scratch, bias, |first, tile| {
        gather_windows(window, (x, 0), first_position + first, tile);
    })
}

/// Whether the windows are the input's pixels, one after another.
fn is_pointwise(window: &Window2d) -> bool {
    window.kernel == [1, 1]
        && window.stride == [1, 1]
        && window.pad_before == [0, 0]
        && window.input == window.output
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
