//! [TRANSPOSE_CONV2D](https://www.mlplatform.org/tosa/tosa_spec.html#_transpose_conv2d)
//!
//! Proved: no sum of products leaves i32 (i8 input) or i48 (i16 input). Checked while running, unless
//! there surely is room for a constant bias: adding the bias does not leave it either.

use super::{
    convolution::{
        Layer, PackedLayer, Sums, ZeroPoints, accumulator_of, added_work, prove_sums, require_bias,
        require_types, step,
    },
    geometry::Size2d,
    operation::{Inferred, Operand, Operation, Step},
    shape::{exactly, require_dimension, require_rank, with_shape},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult, PackedWeights,
        portable::transpose_conv2d::{
            TransposeWeights, TransposeWindow2d, transpose_conv2d_i8, transpose_conv2d_i16,
        },
    },
    model::{
        format::{Signed32, ValueId},
        limits::{MAX_KERNEL, MAX_STRIDE},
    },
    tensor::DType,
    work::panel_macs,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// What the output gains on each side, in TOSA's order; negative where it loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SszEncode, SszDecode)]
pub struct OutPad2d {
    /// Rows above.
    pub top: Signed32,
    /// Rows below.
    pub bottom: Signed32,
    /// Columns to the left.
    pub left: Signed32,
    /// Columns to the right.
    pub right: Signed32,
}

/// Attributes of TRANSPOSE_CONV2D.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct TransposeConv2d {
    /// `input`, `[N, IH, IW, IC]`, i8 or i16.
    pub input: ValueId,
    /// `weight`, `[OC, KH, KW, IC]`, i8.
    pub weight: ValueId,
    /// `bias`, `[OC]` or `[1]`, of the accumulator type.
    pub bias: ValueId,
    /// Padding of the output; each more than minus the kernel.
    pub out_pad: OutPad2d,
    /// Stride along height and width.
    pub stride: Size2d,
    /// Zero point of the input.
    pub input_zero_point: Signed32,
    /// Zero point of the weight.
    pub weight_zero_point: Signed32,
}

/// One axis of the output.
struct Axis {
    number: u8,
    size: u32,
    kernel: u32,
    before: i32,
    after: i32,
    stride: u32,
}

impl Axis {
    /// Elements of the output along this axis.
    fn fit(&self) -> Result<u32, OperatorError> {
        if self.kernel == 0 || self.kernel > MAX_KERNEL {
            return Err(OperatorError::Kernel {
                size: self.kernel.into(),
                limit: MAX_KERNEL,
            });
        }
        if self.stride == 0 || self.stride > MAX_STRIDE {
            return Err(OperatorError::Stride {
                stride: self.stride,
                limit: MAX_STRIDE,
            });
        }
        let kernel = i64::from(self.kernel);
        for pad in [self.before, self.after] {
            if i64::from(pad) <= -kernel || i64::from(pad) > i64::from(MAX_KERNEL) {
                return Err(OperatorError::OutPadding {
                    pad,
                    kernel: self.kernel,
                    limit: MAX_KERNEL,
                });
            }
        }
        let travel = (i64::from(self.size) - 1) * i64::from(self.stride);
        let output = travel + i64::from(self.before) + i64::from(self.after) + kernel;
        let output = u32::try_from(output).ok().filter(|&size| size > 0);
        output.ok_or(OperatorError::WindowFit { axis: self.number })
    }
}

impl TransposeConv2d {
    const fn zero_points(&self) -> ZeroPoints {
        ZeroPoints {
            input: self.input_zero_point.0,
            weight: self.weight_zero_point.0,
        }
    }

    /// The sizes and the output channels, checked.
    fn sizes(&self, operands: &[Operand<'_>]) -> Result<(TransposeWindow2d, u32), OperatorError> {
        require_types(operands, self.zero_points())?;
        let [input, weight, bias] = exactly(operands)?;
        let [outputs, kernel_y, kernel_x, channels] = require_rank::<4>(1, weight)?;
        let [batch, height, width, input_channels] = require_rank::<4>(0, input)?;
        require_dimension(1, 3, channels, input_channels)?;
        require_bias(bias, outputs)?;
        let rows = Axis {
            number: 1,
            size: height,
            kernel: kernel_y,
            before: self.out_pad.top.0,
            after: self.out_pad.bottom.0,
            stride: self.stride.y,
        };
        let columns = Axis {
            number: 2,
            size: width,
            kernel: kernel_x,
            before: self.out_pad.left.0,
            after: self.out_pad.right.0,
            stride: self.stride.x,
        };
        let output = [rows.fit()?, columns.fit()?];
        let window = TransposeWindow2d {
            batch: batch as usize,
            channels: channels as usize,
            input: [height as usize, width as usize],
            output: output.map(|size| size as usize),
            kernel: [kernel_y as usize, kernel_x as usize],
            stride: [self.stride.y as usize, self.stride.x as usize],
            out_pad_before: [self.out_pad.top.0.into(), self.out_pad.left.0.into()],
        };
        Ok((window, outputs))
    }
}

impl Operation for TransposeConv2d {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input, self.weight, self.bias]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let (window, outputs) = self.sizes(operands)?;
        let [input, _, _] = exactly(operands)?;
        let accumulator = accumulator_of(input);
        let [height, width] = window.output.map(|size| size as u32);
        let shape = [window.batch as u32, height, width, outputs];
        let output = with_shape(accumulator, &shape)?;
        let channels = window.channels as u64;
        let pixels = input.tensor.elements() / channels.max(1);
        let results = u64::from(outputs) * window.taps() as u64;
        let macs = panel_macs(pixels, results, channels);
        let sums = sums(&window, outputs);
        let mut work = added_work(operands, self.zero_points(), sums, &output)?;
        // Each result of a pixel is added where it lands, in runs of the output channels.
        let runs = pixels.saturating_mul(window.taps() as u64);
        let additions = runs.saturating_mul(u64::from(outputs));
        work.elementwise = work.elementwise.saturating_add(additions);
        work.runs = work.runs.saturating_add(runs);
        work.move_bytes = work.move_bytes.saturating_add(output.size_bytes());
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
        let [input, _, _] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let (window, outputs) = self.sizes(operands).map_err(|_| KernelError::Shape)?;
        let layer = TransposeLayer {
            window,
            outputs: outputs as usize,
            isa,
            is_wide: input.dtype() == DType::I16,
            zero_points: self.zero_points(),
        };
        let sums = sums(&window, outputs);
        step(layer, operands, (self.zero_points(), sums), isa)
    }
}

fn sums(window: &TransposeWindow2d, outputs: u32) -> Sums {
    Sums {
        outputs: outputs as usize,
        depth: window.taps() as u64 * window.channels as u64,
        is_interleaved: false,
    }
}

struct TransposeLayer {
    window: TransposeWindow2d,
    outputs: usize,
    isa: Isa,
    is_wide: bool,
    zero_points: ZeroPoints,
}

impl Layer for TransposeLayer {
    const IS_BY_ROWS: bool = false;

    type Weights = TransposeWeights;

    fn pack(&self, weight: &[i8]) -> Result<PackedLayer<TransposeWeights>, KernelError> {
        let pack = if self.is_wide {
            PackedWeights::i8_for_i16
        } else {
            PackedWeights::i8
        };
        let zero_point = self.zero_points.weight;
        let (isa, window) = (self.isa, &self.window);
        let weights = TransposeWeights::new(isa, weight, window, self.outputs, zero_point, pack);
        let weights = weights.ok_or(KernelError::Shape)?;
        Ok(PackedLayer {
            packed_bytes: weights.packed_bytes(),
            scratch_words: weights.scratch_words(),
            weights,
        })
    }

    fn run(
        &self,
        weights: &TransposeWeights,
        _first_position: usize,
        x: View<'_>,
        bias: View<'_>,
        out: ViewMut<'_>,
        scratch: &mut [u64],
    ) -> KernelResult {
        match (x, bias, out) {
            (View::I8(x), View::I32(bias), ViewMut::I32(out)) => {
                let x = (x, self.zero_points.input);
                transpose_conv2d_i8(&self.window, weights, x, bias, out, scratch)
            }
            (View::I16(x), View::I48(bias), ViewMut::I48(out)) => {
                transpose_conv2d_i16(&self.window, weights, x, bias, out, scratch)
            }
            _ => Err(KernelError::Shape),
        }
    }
}
