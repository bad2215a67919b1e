//! DEPTHWISE_CONV2D, directly: every output channel reads one input channel.

use super::{
    narrowing::Narrowing,
    window::{Taps, Window2d},
};
use crate::kernels::{
    Isa, KernelError, KernelResult,
    dispatch::Kernel,
    require_shape,
    weights::{ProductResult, Results},
};
#[cfg(all(feature = "std", target_arch = "x86_64"))]
use crate::kernels::{dispatch::Set, x86_64::depthwise_conv2d::Weights as Woven};
use alloc::vec::Vec;

/// Weights `[KH, KW, C, M]` made ready to run: widened, without their zero point.
#[derive(Clone, Debug)]
pub struct DepthwiseWeights {
    /// `[KH, KW, M, C]`, or `[KH, KW, C, M]` if a channel's results are computed together.
    taps: Vec<i16>,
    kernel: [usize; 2],
    channels: usize,
    multiplier: usize,
    isa: Isa,
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    woven: Option<Woven>,
}

/// Channels whose sums are kept together.
const BLOCK: usize = 32;
/// The same for what is left.
const SMALL_BLOCK: usize = 8;

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
        let mut taps = Vec::new();
        let lanes = Lanes::of(channels, multiplier);
        for tap in weights.chunks_exact(channels * multiplier) {
            // As they stand, or all of a multiple together.
            let (rows, step) = match lanes {
                Lanes::Multiples => (1, 1),
                Lanes::Channels => (multiplier, multiplier),
            };
            for row in 0..rows {
                let row = tap.iter().skip(row).step_by(step);
                taps.extend(row.map(|&weight| i16::from(weight) - zero_point));
            }
        }
        Some(Self {
            taps,
            kernel,
            channels,
            multiplier,
            isa: Isa::portable(),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            woven: None,
        })
    }

    /// The same, to be run with the instructions of `isa`.
    pub fn with_isa(self, isa: Isa) -> Self {
        Self {
            isa,
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            woven: (isa.0 == Set::Avx512Vnni && self.multiplier == 1)
                .then(|| Woven::new(&self.taps, self.kernel, self.channels))
                .flatten(),
            ..self
        }
    }

    /// The same weights, whose results are i8, by a RESCALE and a CLAMP of their sums; `None` if the set has
    /// no kernel for it.
    pub(crate) fn narrowed(self, narrowing: &Narrowing) -> Option<Self> {
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        if let Some(woven) = self.woven {
            return Some(Self {
                woven: Some(woven.narrowed(narrowing)?),
                ..self
            });
        }
        let _ = narrowing;
        None
    }

    const fn lanes(&self) -> Lanes {
        Lanes::of(self.channels, self.multiplier)
    }

    /// Output channels, `C * M`.
    pub const fn outputs(&self) -> usize {
        self.channels * self.multiplier
    }

    /// Bytes on the heap.
    pub fn packed_bytes(&self) -> usize {
        let taps = self.taps.len() * size_of::<i16>();
        #[cfg(all(feature = "std", target_arch = "x86_64"))]
        if let Some(woven) = &self.woven {
            return taps + woven.bytes();
        }
        taps
    }

    fn require_sizes(
        &self,
        window: &Window2d,
        x: usize,
        bias: usize,
        first_position: usize,
        out: usize,
    ) -> KernelResult {
        let outputs = self.outputs();
        require_shape(window.is_sound() && x == window.input_elements())?;
        require_shape(self.kernel == window.kernel && self.channels == window.channels)?;
        require_shape(out.is_multiple_of(outputs) && (bias <= 1 || bias == outputs))?;
        require_shape(first_position + out / outputs <= window.positions())
    }
}

/// Windows `first_position ..`: `out` is `[positions, C * M]`; `bias` has 0, 1 or `C * M` elements.
/// Padding stands for the zero point. Results are i32, or i8 if the weights were narrowed.
pub fn depthwise_conv2d_i8<O: ProductResult>(
    window: &Window2d,
    weights: &DepthwiseWeights,
    (x, zero_point): (&[i8], i32),
    bias: &[i32],
    first_position: usize,
    out: &mut [O],
) -> KernelResult {
    let zero_point = i8::try_from(zero_point).map_err(|_| KernelError::Shape)?;
    weights.require_sizes(window, x.len(), bias.len(), first_position, out.len())?;
    let out = O::results(out);
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if let Some(woven) = &weights.woven {
        return woven.run(window, (x, zero_point), bias, first_position, out);
    }
    let Results::Sums(out) = out else {
        return Err(KernelError::Shape);
    };
    let zero_point = i16::from(zero_point);
    weights.isa.run(Call {
        window,
        weights,
        x,
        zero_point,
        bias,
        first_position,
        out,
    });
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
    weights.require_sizes(window, x.len(), bias.len(), first_position, out.len())?;
    weights.isa.run(Call {
        window,
        weights,
        x,
        zero_point: 0,
        bias,
        first_position,
        out,
    });
    Ok(())
}

/// An input element, i8 or i16.
trait Widen: Copy {
    fn widen(self) -> i16;
}

impl Widen for i8 {
    #[inline(always)]
    fn widen(self) -> i16 {
        i16::from(self)
    }
}

impl Widen for i16 {
    #[inline(always)]
    fn widen(self) -> i16 {
        self
    }
}

/// An accumulator, i32 or i64.
trait Accumulator: Copy + Default {
    /// Whether sums may leave i32, so that runs of taps are summed apart.
    const IS_WIDE: bool;
    fn plus(self, sum: i32) -> Self;
    fn join(self, other: Self) -> Self;
}

impl Accumulator for i32 {
    const IS_WIDE: bool = false;
    #[inline(always)]
    fn plus(self, sum: i32) -> Self {
        self.wrapping_add(sum)
    }
    #[inline(always)]
    fn join(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
}

impl Accumulator for i64 {
    const IS_WIDE: bool = true;
    #[inline(always)]
    fn plus(self, sum: i32) -> Self {
        self.wrapping_add(Self::from(sum))
    }
    #[inline(always)]
    fn join(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
}

struct Call<'a, T, A> {
    window: &'a Window2d,
    weights: &'a DepthwiseWeights,
    x: &'a [T],
    zero_point: i16,
    bias: &'a [A],
    first_position: usize,
    out: &'a mut [A],
}

impl<T: Widen, A: Accumulator> Kernel for Call<'_, T, A> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            window,
            weights,
            x,
            zero_point,
            bias,
            first_position,
            out,
        } = self;
        let outputs = weights.outputs();
        let windows = window.windows(first_position);
        for (taps, out) in windows.zip(out.chunks_exact_mut(outputs)) {
            match bias {
                [] => out.fill(A::default()),
                [one] => out.fill(*one),
                many => out.copy_from_slice(many),
            }
            blocks(weights, x, zero_point, &taps, out);
        }
    }
}

/// Which results are computed together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lanes {
    /// One of each of several channels.
    Channels,
    /// Several of one channel.
    Multiples,
}

impl Lanes {
    /// Of whatever there is more.
    const fn of(channels: usize, multiplier: usize) -> Self {
        if multiplier > channels {
            Self::Multiples
        } else {
            Self::Channels
        }
    }
}

/// All results of a window, block by block.
#[inline(always)]
fn blocks<T: Widen, A: Accumulator>(
    weights: &DepthwiseWeights,
    x: &[T],
    zero_point: i16,
    taps: &Taps,
    out: &mut [A],
) {
    let DepthwiseWeights {
        channels,
        multiplier,
        ..
    } = *weights;
    let read = Read {
        weights,
        x,
        zero_point,
        taps,
    };
    match weights.lanes() {
        Lanes::Multiples => {
            for (channel, results) in out.chunks_exact_mut(multiplier).enumerate() {
                read.row::<A, true>(channel, channel * multiplier, multiplier, results, 1);
            }
        }
        Lanes::Channels => {
            for multiple in 0..multiplier {
                let results = &mut out[multiple..];
                read.row::<A, false>(0, multiple * channels, channels, results, multiplier);
            }
        }
    }
}

/// What a window reads.
struct Read<'a, T> {
    weights: &'a DepthwiseWeights,
    x: &'a [T],
    zero_point: i16,
    taps: &'a Taps,
}

impl<T: Widen> Read<'_, T> {
    /// `count` results whose weights lie side by side from `first_weight` of each tap on. They are of the
    /// channels from `channel` on, or all of that one channel if it `IS_ONE`; in `out` they are `stride` apart.
    #[inline(always)]
    fn row<A: Accumulator, const IS_ONE: bool>(
        &self,
        channel: usize,
        first_weight: usize,
        count: usize,
        out: &mut [A],
        stride: usize,
    ) {
        let places = (channel, first_weight, count);
        let done = self.widths::<A, IS_ONE, BLOCK>(places, 0, out, stride);
        let done = self.widths::<A, IS_ONE, SMALL_BLOCK>(places, done, out, stride);
        let done = self.widths::<A, IS_ONE, 4>(places, done, out, stride);
        let done = self.widths::<A, IS_ONE, 2>(places, done, out, stride);
        self.widths::<A, IS_ONE, 1>(places, done, out, stride);
    }

    /// Of these results those from `done` on, as far as they fill blocks of this width; how many are done then.
    #[inline(always)]
    fn widths<A: Accumulator, const IS_ONE: bool, const WIDTH: usize>(
        &self,
        (channel, first_weight, count): (usize, usize, usize),
        mut done: usize,
        out: &mut [A],
        stride: usize,
    ) -> usize {
        while done + WIDTH <= count {
            let first_channel = if IS_ONE { channel } else { channel + done };
            let places = (first_channel, first_weight + done);
            if stride == 1 {
                if let Some(sums) = out[done..].first_chunk_mut::<WIDTH>() {
                    self.block::<A, IS_ONE, WIDTH>(places, sums);
                }
            } else {
                // Results that lie apart are not gathered first: reading as one register what was just
                // written piece by piece has to wait.
                let mut sums = [A::default(); WIDTH];
                self.block::<A, IS_ONE, WIDTH>(places, &mut sums);
                for (at, sum) in sums.iter().enumerate() {
                    let result = &mut out[(done + at) * stride];
                    *result = result.join(*sum);
                }
            }
            done += WIDTH;
        }
        done
    }

    /// Adds the products of all taps to the results of a block.
    #[inline(always)]
    fn block<A: Accumulator, const IS_ONE: bool, const WIDTH: usize>(
        &self,
        (first_channel, first_weight): (usize, usize),
        out: &mut [A; WIDTH],
    ) {
        let Read {
            weights,
            x,
            zero_point,
            taps,
        } = *self;
        let (channels, outputs) = (weights.channels, weights.outputs());
        let mut sums = [0_i32; WIDTH];
        let mut summed = 0;
        let mut line = taps.pixel;
        // Plain loops: a closure would not be compiled anew for each set.
        for row in taps.rows.clone() {
            let mut pixel = line;
            line += taps.step[0];
            for column in taps.columns.clone() {
                let tap = row * weights.kernel[1] + column;
                let x = &x[pixel * channels + first_channel..];
                let w = weights.taps[tap * outputs + first_weight..].first_chunk::<WIDTH>();
                let Some(w) = w else { continue };
                if IS_ONE {
                    let x = i32::from(x[0].widen().wrapping_sub(zero_point));
                    for at in 0..WIDTH {
                        sums[at] = sums[at].wrapping_add(x * i32::from(w[at]));
                    }
                } else if let Some(x) = x.first_chunk::<WIDTH>() {
                    for at in 0..WIDTH {
                        let x = x[at].widen().wrapping_sub(zero_point);
                        sums[at] = sums[at].wrapping_add(i32::from(x) * i32::from(w[at]));
                    }
                }
                pixel += taps.step[1];
                if A::IS_WIDE {
                    summed += 1;
                    if summed == RUN_TAPS {
                        summed = 0;
                        flush(&mut sums, out);
                    }
                }
            }
        }
        flush(&mut sums, out);
    }
}

#[inline(always)]
fn flush<A: Accumulator, const WIDTH: usize>(sums: &mut [i32; WIDTH], out: &mut [A; WIDTH]) {
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = out.plus(*sum);
        *sum = 0;
    }
}
