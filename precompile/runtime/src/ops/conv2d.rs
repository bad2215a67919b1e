//! [CONV2D](https://www.mlplatform.org/tosa/tosa_spec.html#_conv2d)
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
        Isa, KernelError, KernelResult, PackedWeights,
        portable::{
            conv2d::{
                conv2d_i8, conv2d_i16, conv2d_scratch_words, conv2d_weights_i8, conv2d_weights_i16,
            },
            narrowing::Narrowing,
            window::Window2d,
        },
    },
    model::format::{Signed32, ValueId},
    tensor::DType,
    work::{line_runs, panel_macs, window_macs},
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of CONV2D.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Conv2d {
    /// `input`, `[N, H, W, IC]`, i8 or i16.
    pub input: ValueId,
    /// `weight`, `[OC, KH, KW, IC]`, i8.
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

impl Conv2d {
    const fn zero_points(&self) -> ZeroPoints {
        ZeroPoints {
            input: self.input_zero_point.0,
            weight: self.weight_zero_point.0,
        }
    }

    /// The window and the output channels, checked.
    fn sizes(&self, operands: &[Operand<'_>]) -> Result<(Window2d, usize), OperatorError> {
        require_types(operands, self.zero_points())?;
        let [input, weight, bias] = exactly(operands)?;
        let [outputs, y, x, channels] = require_rank::<4>(1, weight)?;
        let window = Window {
            kernel: Size2d { y, x },
            pad: self.pad,
            stride: self.stride,
            dilation: self.dilation,
            is_pool: false,
        }
        .fit(input)?;
        require_dimension(1, 3, channels, window.channels as u32)?;
        require_bias(bias, outputs)?;
        Ok((window, outputs as usize))
    }

    fn layer(&self, operands: &[Operand<'_>], isa: Isa) -> Result<(Layer2d, Sums), OperatorError> {
        let [input, _, _] = exactly(operands)?;
        let (window, outputs) = self.sizes(operands)?;
        let layer = Layer2d {
            window,
            outputs,
            isa,
            is_wide: input.dtype() == DType::I16,
            zero_points: self.zero_points(),
        };
        Ok((layer, sums(&window, outputs)))
    }
}

impl Operation for Conv2d {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input, self.weight, self.bias]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let (window, outputs) = self.sizes(operands)?;
        let [input, _, _] = exactly(operands)?;
        let accumulator = accumulator_of(input);
        let output = with_shape(accumulator, &output_shape(&window, outputs))?;
        let sums = sums(&window, outputs);
        let mut work = added_work(operands, self.zero_points(), sums, &output)?;
        let outputs = outputs as u64;
        let windows = output.elements() / outputs.max(1);
        let macs = if window.is_pointwise() {
            panel_macs(windows, outputs, sums.depth)
        } else {
            let lines = windows.saturating_mul(window.lines() as u64);
            let bytes = input.tensor.size_bytes();
            let runs = line_runs(lines, window.is_dilated(), bytes);
            work.runs = work.runs.saturating_add(runs);
            window_macs(windows, outputs, sums.depth)
        };
        match accumulator {
            DType::I32 => work.macs_i8 = macs,
            _ => work.macs_i16x8 = macs,
        }
        Ok(Inferred::new(output, work).checking(sums.outputs as u64))
    }

    fn prove(&self, operands: &[Operand<'_>]) -> Result<(), OperatorError> {
        let (window, outputs) = self.sizes(operands)?;
        prove_sums(operands, self.zero_points(), sums(&window, outputs))
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

fn sums(window: &Window2d, outputs: usize) -> Sums {
    Sums {
        outputs,
        depth: window.taps() as u64 * window.channels as u64,
        is_interleaved: false,
    }
}

struct Layer2d {
    window: Window2d,
    outputs: usize,
    isa: Isa,
    is_wide: bool,
    zero_points: ZeroPoints,
}

impl Layer for Layer2d {
    const IS_BY_ROWS: bool = true;

    type Weights = PackedWeights;

    fn pack(&self, weight: &[i8]) -> Result<PackedLayer<PackedWeights>, KernelError> {
        let zero_point = self.zero_points.weight;
        let weights = if self.is_wide {
            conv2d_weights_i16(self.isa, weight, self.outputs, &self.window, zero_point)
        } else {
            conv2d_weights_i8(self.isa, weight, self.outputs, &self.window, zero_point)
        };
        let weights = weights.ok_or(KernelError::Shape)?;
        Ok(PackedLayer {
            packed_bytes: weights.packed_bytes(),
            scratch_words: conv2d_scratch_words(&self.window, &weights),
            weights,
        })
    }

    fn narrow(packed: PackedWeights, narrowing: &Narrowing) -> Option<PackedWeights> {
        packed.narrowed(narrowing)
    }

    fn run(
        &self,
        weights: &PackedWeights,
        first_position: usize,
        x: View<'_>,
        bias: View<'_>,
        out: ViewMut<'_>,
        scratch: &mut [u64],
    ) -> KernelResult {
        match (x, bias, out) {
            (View::I8(x), View::I32(bias), ViewMut::I32(out)) => {
                let x = (x, self.zero_points.input);
                conv2d_i8(&self.window, weights, x, bias, first_position, out, scratch)
            }
            (View::I8(x), View::I32(bias), ViewMut::I8(out)) => {
                let x = (x, self.zero_points.input);
                conv2d_i8(&self.window, weights, x, bias, first_position, out, scratch)
            }
            (View::I16(x), View::I48(bias), ViewMut::I48(out)) => {
                conv2d_i16(&self.window, weights, x, bias, first_position, out, scratch)
            }
            _ => Err(KernelError::Shape),
        }
    }
}
