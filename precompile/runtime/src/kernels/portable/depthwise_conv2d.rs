//! DEPTHWISE_CONV2D, directly: every output channel reads one input channel.

use super::gemm::bias_at;
use super::window::Window2d;
use crate::kernels::{KernelError, KernelResult, require_shape};
use alloc::vec::Vec;

/// Weights `[KH, KW, C, M]` made ready to run: widened, without their zero point.
#[derive(Clone, Debug)]
pub struct DepthwiseWeights {
    taps: Vec<i16>,
    kernel: [usize; 2],
    channels: usize,
    multiplier: usize,
}

/// Channels whose sums are kept together.
const BLOCK: usize = 32;

/// Taps whose products (below 2^24 each) surely sum within i32.
const RUN_TAPS: usize = 64;

impl DepthwiseWeights {
    /// `weights` is `[KH, KW, C, M]`, `multiplier` is `M`. `None` if the length does not fit, a size
    /// is 0 or the zero point is not an i8.
    pub fn new(
        weights: &[i8],
        kernel: [usize; 2],
        channels: usize,
        multiplier: usize,
        zero_point: i32,
    ) -> Option<Self> {
        let sizes = [kernel[0], kernel[1], channels, multiplier];
        let elements = sizes
            .iter()
            .try_fold(1_usize, |product, &size| product.checked_mul(size))?;
        if elements == 0 || elements != weights.len() {
            return None;
        }
        let zero_point = i16::from(i8::try_from(zero_point).ok()?);
        let taps = weights
            .iter()
            .map(|&weight| i16::from(weight) - zero_point)
            .collect();
        Some(Self {
            taps,
            kernel,
            channels,
            multiplier,
        })
    }

    /// Output channels, `C * M`.
    pub const fn outputs(&self) -> usize {
        self.channels * self.multiplier
    }

    /// Bytes on the heap.
    pub fn packed_bytes(&self) -> usize {
        self.taps.len() * size_of::<i16>()
    }
}

/// Windows `first_position ..`: `out` is `[positions, C * M]`; `bias` has 0, 1 or `C * M` elements.
/// Padding stands for the zero point.
#[inline(always)]
pub fn depthwise_conv2d_i8(
    window: &Window2d,
    weights: &DepthwiseWeights,
    (x, zero_point): (&[i8], i32),
    bias: &[i32],
    first_position: usize,
    out: &mut [i32],
) -> KernelResult {
    let zero_point = i16::from(i8::try_from(zero_point).map_err(|_| KernelError::Shape)?);
    let widen = |x: i8| i16::from(x).wrapping_sub(zero_point);
    run(window, weights, x, widen, bias, first_position, out)
}

/// [`depthwise_conv2d_i8`] for i16 input and i48 accumulators.
#[inline(always)]
pub fn depthwise_conv2d_i16(
    window: &Window2d,
    weights: &DepthwiseWeights,
    x: &[i16],
    bias: &[i64],
    first_position: usize,
    out: &mut [i64],
) -> KernelResult {
    run(window, weights, x, |x| x, bias, first_position, out)
}

/// An accumulator, i32 or i64.
trait Accumulator: Copy + Default {
    fn plus(self, sum: i32) -> Self;
}

impl Accumulator for i32 {
    #[inline(always)]
    fn plus(self, sum: i32) -> Self {
        self.wrapping_add(sum)
    }
}

impl Accumulator for i64 {
    #[inline(always)]
    fn plus(self, sum: i32) -> Self {
        self.wrapping_add(Self::from(sum))
    }
}

#[inline(always)]
fn run<T: Copy, A: Accumulator>(
    window: &Window2d,
    weights: &DepthwiseWeights,
    x: &[T],
    widen: impl Fn(T) -> i16 + Copy,
    bias: &[A],
    first_position: usize,
    out: &mut [A],
) -> KernelResult {
    let outputs = weights.outputs();
    require_shape(window.is_sound() && x.len() == window.input_elements())?;
    require_shape(weights.kernel == window.kernel && weights.channels == window.channels)?;
    require_shape(out.len() % outputs == 0 && (bias.len() <= 1 || bias.len() == outputs))?;
    require_shape(first_position + out.len() / outputs <= window.positions())?;
    for (position, out) in (first_position..).zip(out.chunks_exact_mut(outputs)) {
        for (at, out) in out.iter_mut().enumerate() {
            *out = bias_at(bias, at);
        }
        let taps = Taps::new(window, position);
        if weights.multiplier == 1 {
            for (block, out) in out.chunks_mut(BLOCK).enumerate() {
                if let Ok(out) = <&mut [A; BLOCK]>::try_from(&mut *out) {
                    one_to_one(weights, x, widen, &taps, block * BLOCK, out);
                } else {
                    one_to_one(weights, x, widen, &taps, block * BLOCK, out);
                }
            }
        } else {
            one_to_many(weights, x, widen, &taps, out);
        }
    }
    Ok(())
}

/// The taps of one window that fall inside the input.
struct Taps {
    /// Index of the first tap, and pixel that it reads.
    first: (usize, usize),
    /// Rows and taps per row.
    count: [usize; 2],
    /// From row to row and from tap to tap: in taps, in pixels.
    step_y: (usize, usize),
    step_x: usize,
}

impl Taps {
    #[inline(always)]
    fn new(window: &Window2d, position: usize) -> Self {
        let [height, width] = window.input;
        let [image, y, x] = window.locate(position);
        let (rows, top) = window.inside(0, y);
        let (columns, left) = window.inside(1, x);
        Self {
            first: (
                rows.start * window.kernel[1] + columns.start,
                (image * height + top) * width + left,
            ),
            count: [rows.len(), columns.len()],
            step_y: (window.kernel[1], window.dilation[0] * width),
            step_x: window.dilation[1],
        }
    }

    /// Tap and pixel indices, in order.
    #[inline(always)]
    fn iter(&self) -> impl Iterator<Item = (usize, usize)> {
        let (tap, pixel) = self.first;
        (0..self.count[0]).flat_map(move |row| {
            let (tap, pixel) = (tap + row * self.step_y.0, pixel + row * self.step_y.1);
            (0..self.count[1]).map(move |column| (tap + column, pixel + column * self.step_x))
        })
    }
}

/// One weight per channel: `out` is a block of at most [`BLOCK`] channels.
#[inline(always)]
fn one_to_one<T: Copy, A: Accumulator>(
    weights: &DepthwiseWeights,
    x: &[T],
    widen: impl Fn(T) -> i16,
    taps: &Taps,
    first_channel: usize,
    out: &mut [A],
) {
    let channels = weights.channels;
    let width = out.len();
    let mut sums = [0_i32; BLOCK];
    let sums = &mut sums[..width];
    for (count, (tap, pixel)) in (1..).zip(taps.iter()) {
        let x = &x[pixel * channels + first_channel..][..width];
        let w = &weights.taps[tap * channels + first_channel..][..width];
        for ((sum, &x), &w) in sums.iter_mut().zip(x).zip(w) {
            *sum = sum.wrapping_add(i32::from(widen(x)) * i32::from(w));
        }
        if count % RUN_TAPS == 0 {
            flush(sums, out);
        }
    }
    flush(sums, out);
}

#[inline(always)]
fn flush<A: Accumulator>(sums: &mut [i32], out: &mut [A]) {
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = out.plus(*sum);
        *sum = 0;
    }
}

/// Several weights per channel.
#[inline(always)]
fn one_to_many<T: Copy, A: Accumulator>(
    weights: &DepthwiseWeights,
    x: &[T],
    widen: impl Fn(T) -> i16,
    taps: &Taps,
    out: &mut [A],
) {
    let (channels, multiplier) = (weights.channels, weights.multiplier);
    for (tap, pixel) in taps.iter() {
        let x = &x[pixel * channels..][..channels];
        let w = &weights.taps[tap * out.len()..][..out.len()];
        let rows = w
            .chunks_exact(multiplier)
            .zip(out.chunks_exact_mut(multiplier));
        for (&x, (w, out)) in x.iter().zip(rows) {
            let x = i32::from(widen(x));
            for (out, &w) in out.iter_mut().zip(w) {
                *out = out.plus(x * i32::from(w));
            }
        }
    }
}
