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
        let taps = weights
            .iter()
            .map(|&weight| i16::from(weight) - zero_point)
            .collect();
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
}

impl Accumulator for i32 {
    const IS_WIDE: bool = false;
    #[inline(always)]
    fn plus(self, sum: i32) -> Self {
        self.wrapping_add(sum)
    }
}

impl Accumulator for i64 {
    const IS_WIDE: bool = true;
    #[inline(always)]
    fn plus(self, sum: i32) -> Self {
        self.wrapping_add(Self::from(sum))
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
            if weights.multiplier > 1 {
                one_to_many(weights, x, zero_point, &taps, out);
                continue;
            }
            blocks(weights, x, zero_point, &taps, out);
        }
    }
}

/// One weight per channel, block by block.
#[inline(always)]
fn blocks<T: Widen, A: Accumulator>(
    weights: &DepthwiseWeights,
    x: &[T],
    zero_point: i16,
    taps: &Taps,
    out: &mut [A],
) {
    let mut first = 0;
    let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
    for out in blocks {
        one_to_one::<T, A, BLOCK>(weights, x, zero_point, taps, first, out);
        first += BLOCK;
    }
    let (blocks, rest) = rest.as_chunks_mut::<SMALL_BLOCK>();
    for out in blocks {
        one_to_one::<T, A, SMALL_BLOCK>(weights, x, zero_point, taps, first, out);
        first += SMALL_BLOCK;
    }
    for out in rest.as_chunks_mut::<1>().0 {
        one_to_one::<T, A, 1>(weights, x, zero_point, taps, first, out);
        first += 1;
    }
}

/// One weight per channel, for a block of channels.
#[inline(always)]
fn one_to_one<T: Widen, A: Accumulator, const WIDTH: usize>(
    weights: &DepthwiseWeights,
    x: &[T],
    zero_point: i16,
    taps: &Taps,
    first_channel: usize,
    out: &mut [A; WIDTH],
) {
    let channels = weights.channels;
    let mut sums = [0_i32; WIDTH];
    let mut summed = 0;
    let mut line = taps.pixel;
    // Plain loops: a closure would not be compiled anew for each set.
    for row in taps.rows.clone() {
        let mut pixel = line;
        line += taps.step[0];
        for column in taps.columns.clone() {
            let tap = row * weights.kernel[1] + column;
            let x = x[pixel * channels + first_channel..].first_chunk::<WIDTH>();
            let w = weights.taps[tap * channels + first_channel..].first_chunk::<WIDTH>();
            let (Some(x), Some(w)) = (x, w) else { continue };
            for at in 0..WIDTH {
                let x = x[at].widen().wrapping_sub(zero_point);
                sums[at] = sums[at].wrapping_add(i32::from(x) * i32::from(w[at]));
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

#[inline(always)]
fn flush<A: Accumulator, const WIDTH: usize>(sums: &mut [i32; WIDTH], out: &mut [A; WIDTH]) {
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = out.plus(*sum);
        *sum = 0;
    }
}

/// Several weights per channel.
#[inline(always)]
fn one_to_many<T: Widen, A: Accumulator>(
    weights: &DepthwiseWeights,
    x: &[T],
    zero_point: i16,
    taps: &Taps,
    out: &mut [A],
) {
    let (channels, multiplier) = (weights.channels, weights.multiplier);
    taps.for_each(weights.kernel[1], |tap, pixel| {
        let x = &x[pixel * channels..][..channels];
        let w = &weights.taps[tap * out.len()..][..out.len()];
        let rows = w
            .chunks_exact(multiplier)
            .zip(out.chunks_exact_mut(multiplier));
        for (&x, (w, out)) in x.iter().zip(rows) {
            let x = i32::from(x.widen().wrapping_sub(zero_point));
            for (out, &w) in out.iter_mut().zip(w) {
                *out = out.plus(x * i32::from(w));
            }
        }
    });
}
