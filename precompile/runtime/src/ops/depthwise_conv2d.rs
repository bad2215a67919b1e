//! [DEPTHWISE_CONV2D](https://www.mlplatform.org/tosa/tosa_spec.html#_depthwise_conv2d)
//!
//! Proved: no accumulator, bias included, leaves i32 (i8 input) or i48 (i16 input).

use super::{
    accumulator::{Reach, constant_reaches, require_accumulator, shifted},
    geometry::{Pad2d, Size2d, Window, output_shape},
    operation::{Inferred, Operand, Operation, Step},
    shape::{
        exactly, require_dimension, require_dtype, require_input_zero_point, require_rank,
        with_shape,
    },
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult,
        portable::{
            depthwise_conv2d::{DepthwiseWeights, depthwise_conv2d_i8, depthwise_conv2d_i16},
            window::Window2d,
        },
    },
    model::format::{Signed32, ValueId},
    tensor::DType,
    work::{Work, panel_taps},
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
    outputs: usize,
    accumulator: DType,
    multiplier: usize,
}

impl DepthwiseConv2d {
    fn sizes(&self, operands: &[Operand<'_>]) -> Result<Sizes, OperatorError> {
        let [input, weight, bias] = exactly(operands)?;
        require_dtype(0, input, &[DType::I8, DType::I16])?;
        require_dtype(1, weight, &[DType::I8])?;
        let accumulator = accumulator_of(input);
        require_dtype(2, bias, &[accumulator])?;
        require_input_zero_point(0, input.dtype(), self.input_zero_point.0)?;
        require_input_zero_point(1, weight.dtype(), self.weight_zero_point.0)?;
        let [y, x, channels, multiplier] = require_rank::<4>(1, weight)?;
        // A product that saturates is far over the limit on elements.
        let outputs = channels.saturating_mul(multiplier);
        let window = Window {
            kernel: Size2d { y, x },
            pad: self.pad,
            stride: self.stride,
            dilation: self.dilation,
            is_pool: false,
        }
        .fit(input)?;
        require_dimension(1, 2, channels, window.channels as u32)?;
        let [biases] = require_rank::<1>(2, bias)?;
        if biases != 1 {
            require_dimension(2, 0, biases, outputs)?;
        }
        Ok(Sizes {
            window,
            outputs: outputs as usize,
            accumulator,
            multiplier: multiplier as usize,
        })
    }
}

/// Type of the accumulators, the bias and the output.
fn accumulator_of(input: &Operand<'_>) -> DType {
    match input.dtype() {
        DType::I8 => DType::I32,
        _ => DType::I48,
    }
}

impl Operation for DepthwiseConv2d {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input, self.weight, self.bias]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let sizes = self.sizes(operands)?;
        let shape = output_shape(&sizes.window, sizes.outputs);
        let output = with_shape(sizes.accumulator, &shape)?;
        let outputs = sizes.outputs as u64;
        let windows = output.elements() / outputs.max(1);
        let macs = panel_taps(windows, outputs, sizes.window.taps() as u64);
        // Weights that the model computes are packed anew in every run.
        let weights = operands.get(1).filter(|weight| weight.constant.is_none());
        let mut work = Work {
            move_bytes: weights.map_or(0, |weight| weight.tensor.size_bytes()),
            ..Work::default()
        };
        match sizes.accumulator {
            DType::I32 => work.depthwise_macs_i8 = macs,
            _ => work.depthwise_macs_i16 = macs,
        }
        Ok(Inferred::new(output, work))
    }

    fn prove(&self, operands: &[Operand<'_>]) -> Result<(), OperatorError> {
        let [input, weight, bias] = exactly(operands)?;
        let sizes = self.sizes(operands)?;
        let x = shifted(input.dtype().range(), self.input_zero_point.0);
        let Signed32(zero_point) = self.weight_zero_point;
        let reaches = match weight.constant {
            Some(weights) => constant_reaches(weights, zero_point, sizes.outputs, true, x),
            None => {
                let depth = sizes.window.taps() as u64;
                let weight = shifted(weight.dtype().range(), zero_point);
                vec![Reach::unknown(depth, weight, x)]
            }
        };
        require_accumulator(sizes.accumulator, &reaches, Some(bias))
    }

    /// Weights that are not constant are laid out anew in each run, in memory of that size.
    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [_, weight, _] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let sizes = self.sizes(operands).map_err(|_| KernelError::Shape)?;
        let layer = Layer {
            window: sizes.window,
            multiplier: sizes.multiplier,
            input_zero_point: self.input_zero_point.0,
            weight_zero_point: self.weight_zero_point.0,
        };
        let Some(weights) = weight.constant else {
            return Ok(Step::new(isa, 3, move |reads, out| {
                let [x, weights, bias] = *reads else {
                    return Err(KernelError::Shape);
                };
                let weights = layer.pack(weights)?.with_isa(isa);
                layer.run(&weights, x, bias, out)
            }));
        };
        let weights = layer.pack(weights)?.with_isa(isa);
        let packed_bytes = weights.packed_bytes();
        let step = Step::new(isa, 2, move |reads, out| match *reads {
            [x, bias] => layer.run(&weights, x, bias, out),
            _ => Err(KernelError::Shape),
        });
        Ok(step.reading(&[0, 2]).packing(packed_bytes))
    }
}

/// What one layer needs besides its weights and bias.
struct Layer {
    window: Window2d,
    multiplier: usize,
    input_zero_point: i32,
    weight_zero_point: i32,
}

impl Layer {
    fn pack(&self, weights: View<'_>) -> Result<DepthwiseWeights, KernelError> {
        let View::I8(weights) = weights else {
            return Err(KernelError::Shape);
        };
        let (kernel, channels) = (self.window.kernel, self.window.channels);
        DepthwiseWeights::new(
            weights,
            kernel,
            channels,
            self.multiplier,
            self.weight_zero_point,
        )
        .ok_or(KernelError::Shape)
    }

    fn run(
        &self,
        weights: &DepthwiseWeights,
        x: View<'_>,
        bias: View<'_>,
        out: ViewMut<'_>,
    ) -> KernelResult {
        match (x, bias, out) {
            (View::I8(x), View::I32(bias), ViewMut::I32(out)) => {
                let x = (x, self.input_zero_point);
                depthwise_conv2d_i8(&self.window, weights, x, bias, 0, out)
            }
            (View::I16(x), View::I48(bias), ViewMut::I48(out)) => {
                depthwise_conv2d_i16(&self.window, weights, x, bias, 0, out)
            }
            _ => Err(KernelError::Shape),
        }
    }
}
