//! [DEPTHWISE_CONV2D](https://www.mlplatform.org/tosa/tosa_spec.html#_depthwise_conv2d)
//!
//! Proved: no sum of products leaves i32 (i8 input) or i48 (i16 input). Checked while running, unless
//! there surely is room for a constant bias: adding the bias does not leave it either.

use super::{
    convolution::{
        Layer, PackedLayer, Sums, ZeroPoints, accumulator_of, added_work, narrowed_step,
        prove_sums, require_bias, require_types, step,
    },
    geometry::{Pad2d, Size2d, Window, output_shape},
    operation::{Inferred, Operand, Operation, Step},
    shape::{exactly, require_dimension, require_rank, with_shape},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult,
        portable::{
            depthwise_conv2d::{DepthwiseWeights, depthwise_conv2d_i8, depthwise_conv2d_i16},
            narrowing::Narrowing,
            window::Window2d,
        },
    },
    model::format::{Signed32, ValueId},
    tensor::DType,
    work::{line_runs, panel_taps},
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of DEPTHWISE_CONV2D.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct DepthwiseConv2d {
    /// `input`, `[N, H, W, C]`, i8 or i16.
    pub input: ValueId,
    /// `weight`, `[KH, KW, C, M]`, i8.
    pub weight: ValueId,
    /// `bias`, `[OC]` or `[1]`, of the accumulator type.
    pub bias: ValueId,
    /// Padding.
    pub pad: Pad2d,
    /// Stride along height and width.
    pub stride: Size2d,
    /// Dilation along height and width.
    pub dilation: Size2d,
    /// Zero point of the input.
    pub input_zero_point: Signed32,
    /// Zero point of the weight.
    pub weight_zero_point: Signed32,
}

/// Sizes of the operator, checked.
struct Sizes {
    window: Window2d,
    multiplier: usize,
    outputs: usize,
}

impl Sizes {
    fn sums(&self) -> Sums {
        Sums {
            outputs: self.outputs,
            depth: self.window.taps() as u64,
            is_interleaved: true,
        }
    }
}

impl DepthwiseConv2d {
    const fn zero_points(&self) -> ZeroPoints {
        ZeroPoints {
            input: self.input_zero_point.0,
            weight: self.weight_zero_point.0,
        }
    }

    fn sizes(&self, operands: &[Operand<'_>]) -> Result<Sizes, OperatorError> {
        require_types(operands, self.zero_points())?;
        let [input, weight, bias] = exactly(operands)?;
        let [y, x, channels, multiplier] = require_rank::<4>(1, weight)?;
        let window = Window {
            kernel: Size2d { y, x },
            pad: self.pad,
            stride: self.stride,
            dilation: self.dilation,
            is_pool: false,
        }
        .fit(input)?;
        require_dimension(1, 2, channels, window.channels as u32)?;
        // A product that saturates is far over the limit on elements.
        let outputs = channels.saturating_mul(multiplier);
        require_bias(bias, outputs)?;
        Ok(Sizes {
            window,
            multiplier: multiplier as usize,
            outputs: outputs as usize,
        })
    }

    fn layer(
        &self,
        operands: &[Operand<'_>],
        isa: Isa,
    ) -> Result<(DepthwiseLayer, Sums), OperatorError> {
        let sizes = self.sizes(operands)?;
        let layer = DepthwiseLayer {
            window: sizes.window,
            multiplier: sizes.multiplier,
            isa,
            zero_points: self.zero_points(),
        };
        Ok((layer, sizes.sums()))
    }
}

impl Operation for DepthwiseConv2d {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input, self.weight, self.bias]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let sizes = self.sizes(operands)?;
        let [input, _, _] = exactly(operands)?;
        let accumulator = accumulator_of(input);
        let output = with_shape(accumulator, &output_shape(&sizes.window, sizes.outputs))?;
        let sums = sizes.sums();
        let mut work = added_work(operands, self.zero_points(), sums, &output)?;
        let outputs = sizes.outputs as u64;
        let windows = output.elements() / outputs.max(1);
        // Channels are computed together, or the results of each, of whatever there is more. If both are
        // several, results lie apart.
        let rows = sizes.multiplier.min(sizes.window.channels).max(1) as u64;
        let apart = if rows > 1 { 2 } else { 1 };
        let macs = panel_taps(
            windows.saturating_mul(apart * rows),
            outputs / rows,
            sums.depth,
        );
        let lines = windows.saturating_mul(sizes.window.lines() as u64);
        let bytes = input.tensor.size_bytes();
        let runs = line_runs(lines, sizes.window.is_dilated(), bytes);
        work.runs = work.runs.saturating_add(runs);
        match accumulator {
            DType::I32 => work.depthwise_macs_i8 = macs,
            _ => work.depthwise_macs_i16 = macs,
        }
        Ok(Inferred::new(output, work).checking(sums.outputs as u64))
    }

    fn prove(&self, operands: &[Operand<'_>]) -> Result<(), OperatorError> {
        let sizes = self.sizes(operands)?;
        prove_sums(operands, self.zero_points(), sizes.sums())
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let (layer, sums) = self.layer(operands, isa).map_err(|_| KernelError::Shape)?;
        step(layer, operands, (self.zero_points(), sums), isa)
    }

    fn prepare_narrowed(
        &self,
        operands: &[Operand<'_>],
        isa: Isa,
        narrowing: &Narrowing,
    ) -> Option<Step> {
        let (layer, sums) = self.layer(operands, isa).ok()?;
        narrowed_step(layer, operands, (self.zero_points(), sums), isa, narrowing)
    }
}

struct DepthwiseLayer {
    window: Window2d,
    multiplier: usize,
    isa: Isa,
    zero_points: ZeroPoints,
}

impl Layer for DepthwiseLayer {
    const IS_BY_ROWS: bool = true;

    type Weights = DepthwiseWeights;

    fn pack(&self, weight: &[i8]) -> Result<PackedLayer<DepthwiseWeights>, KernelError> {
        let weights = DepthwiseWeights::new(
            weight,
            self.window.kernel,
            self.window.channels,
            self.multiplier,
            self.zero_points.weight,
        );
        let weights = weights.ok_or(KernelError::Shape)?.with_isa(self.isa);
        Ok(PackedLayer {
            packed_bytes: weights.packed_bytes(),
            scratch_words: 0,
            weights,
        })
    }

    fn narrow(packed: DepthwiseWeights, narrowing: &Narrowing) -> Option<DepthwiseWeights> {
        packed.narrowed(narrowing)
    }

    fn run(
        &self,
        weights: &DepthwiseWeights,
        first_position: usize,
        x: View<'_>,
        bias: View<'_>,
        out: ViewMut<'_>,
        _scratch: &mut [u64],
    ) -> KernelResult {
        match (x, bias, out) {
            (View::I8(x), View::I32(bias), ViewMut::I32(out)) => {
                let x = (x, self.zero_points.input);
                depthwise_conv2d_i8(&self.window, weights, x, bias, first_position, out)
            }
            (View::I8(x), View::I32(bias), ViewMut::I8(out)) => {
                let x = (x, self.zero_points.input);
                depthwise_conv2d_i8(&self.window, weights, x, bias, first_position, out)
            }
            (View::I16(x), View::I48(bias), ViewMut::I48(out)) => {
                depthwise_conv2d_i16(&self.window, weights, x, bias, first_position, out)
            }
            _ => Err(KernelError::Shape),
        }
    }
}
