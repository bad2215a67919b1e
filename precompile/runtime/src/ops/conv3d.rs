//! [CONV3D](https://www.mlplatform.org/tosa/tosa_spec.html#_conv3d)
//!
//! Proved: no sum of products leaves i32 (i8 input) or i48 (i16 input). Checked while running, unless
//! there surely is room for a constant bias: adding the bias does not leave it either.

use super::{
    convolution::{
        Layer, PackedLayer, Sums, ZeroPoints, accumulator_of, added_work, prove_sums, require_bias,
        require_types, step,
    },
    geometry::{Axis, Pad2d, Pad3d, Size2d, Size3d, Window},
    operation::{Inferred, Operand, Operation, Step},
    shape::{exactly, require_dimension, require_rank, with_shape},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult, PackedWeights,
        portable::conv3d::{Window3d, conv3d_i8, conv3d_i16},
    },
    model::format::{Signed32, ValueId},
    tensor::{DType, TensorType},
    work::{line_runs, window_macs},
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of CONV3D.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Conv3d {
    /// `input`, `[N, D, H, W, IC]`, i8 or i16.
    pub input: ValueId,
    /// `weight`, `[OC, KD, KH, KW, IC]`, i8.
    pub weight: ValueId,
    /// `bias`, `[OC]` or `[1]`, of the accumulator type.
    pub bias: ValueId,
    /// Padding.
    pub pad: Pad3d,
    /// Stride along depth, height and width.
    pub stride: Size3d,
    /// Dilation along depth, height and width.
    pub dilation: Size3d,
    /// Zero point of the input.
    pub input_zero_point: Signed32,
    /// Zero point of the weight.
    pub weight_zero_point: Signed32,
}

/// Sizes of the operator, checked.
struct Sizes {
    window: Window3d,
    batch: u32,
    outputs: u32,
}

impl Conv3d {
    const fn zero_points(&self) -> ZeroPoints {
        ZeroPoints {
            input: self.input_zero_point.0,
            weight: self.weight_zero_point.0,
        }
    }

    fn sizes(&self, operands: &[Operand<'_>]) -> Result<Sizes, OperatorError> {
        require_types(operands, self.zero_points())?;
        let [input, weight, bias] = exactly(operands)?;
        let [outputs, z, y, x, channels] = require_rank::<5>(1, weight)?;
        let [batch, depth, height, width, input_channels] = require_rank::<5>(0, input)?;
        let planes = Axis {
            number: 1,
            size: depth,
            kernel: z,
            before: self.pad.front,
            after: self.pad.back,
            stride: self.stride.z,
            dilation: self.dilation.z,
        };
        let output_planes = planes.fit(false)?;
        // Height and width are those of one plane; the planes of the output take the batch's place.
        let plane = TensorType::new(input.dtype(), &[1, height, width, input_channels]);
        let plane = plane.ok_or(OperatorError::NoOperand)?;
        let mut plane = Window {
            kernel: Size2d { y, x },
            pad: Pad2d {
                top: self.pad.top,
                bottom: self.pad.bottom,
                left: self.pad.left,
                right: self.pad.right,
            },
            stride: Size2d {
                y: self.stride.y,
                x: self.stride.x,
            },
            dilation: Size2d {
                y: self.dilation.y,
                x: self.dilation.x,
            },
            is_pool: false,
        }
        .fit(&Operand {
            tensor: &plane,
            constant: None,
        })
        .map_err(one_axis_further)?;
        plane.batch = (batch as usize).saturating_mul(output_planes as usize);
        require_dimension(1, 4, channels, input_channels)?;
        require_bias(bias, outputs)?;
        Ok(Sizes {
            window: Window3d {
                plane,
                input: depth as usize,
                output: output_planes as usize,
                kernel: z as usize,
                stride: self.stride.z as usize,
                dilation: self.dilation.z as usize,
                pad_before: self.pad.front as usize,
            },
            batch,
            outputs,
        })
    }
}

/// The error of a plane's axis, as that of the whole input.
const fn one_axis_further(error: OperatorError) -> OperatorError {
    match error {
        OperatorError::WindowFit { axis } => OperatorError::WindowFit { axis: axis + 1 },
        other => other,
    }
}

impl Sizes {
    fn sums(&self) -> Sums {
        Sums {
            outputs: self.outputs as usize,
            depth: self.window.depth() as u64,
            is_interleaved: false,
        }
    }

    /// `[N, OD, OH, OW, OC]`.
    fn output(&self, accumulator: DType) -> Result<TensorType, OperatorError> {
        let [height, width] = self.window.plane.output;
        let [depth, height, width] =
            [self.window.output, height, width].map(|size| u32::try_from(size).unwrap_or(u32::MAX));
        with_shape(
            accumulator,
            &[self.batch, depth, height, width, self.outputs],
        )
    }
}

impl Operation for Conv3d {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input, self.weight, self.bias]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let sizes = self.sizes(operands)?;
        let [input, _, _] = exactly(operands)?;
        let accumulator = accumulator_of(input);
        let output = sizes.output(accumulator)?;
        let sums = sizes.sums();
        let mut work = added_work(operands, self.zero_points(), sums, &output)?;
        let outputs = u64::from(sizes.outputs);
        let windows = output.elements() / outputs.max(1);
        let macs = window_macs(windows, outputs, sums.depth);
        let plane = &sizes.window.plane;
        let lines = windows.saturating_mul((sizes.window.kernel * plane.lines()) as u64);
        let runs = line_runs(lines, plane.is_dilated(), input.tensor.size_bytes());
        work.runs = work.runs.saturating_add(runs);
        match accumulator {
            DType::I32 => work.macs_i8 = macs,
            _ => work.macs_i16x8 = macs,
        }
        Ok(Inferred::new(output, work).checking(sums.outputs as u64))
    }

    fn prove(&self, operands: &[Operand<'_>]) -> Result<(), OperatorError> {
        let sizes = self.sizes(operands)?;
        prove_sums(operands, self.zero_points(), sizes.sums())
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [input, _, _] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let sizes = self.sizes(operands).map_err(|_| KernelError::Shape)?;
        let layer = Layer3d {
            window: sizes.window,
            outputs: sizes.outputs as usize,
            isa,
            is_wide: input.dtype() == DType::I16,
            zero_points: self.zero_points(),
        };
        step(layer, operands, (self.zero_points(), sizes.sums()), isa)
    }
}

struct Layer3d {
    window: Window3d,
    outputs: usize,
    isa: Isa,
    is_wide: bool,
    zero_points: ZeroPoints,
}

impl Layer for Layer3d {
    const IS_BY_ROWS: bool = false;

    type Weights = PackedWeights;

    fn pack(&self, weight: &[i8]) -> Result<PackedLayer<PackedWeights>, KernelError> {
        let pack = if self.is_wide {
            PackedWeights::i8_for_i16
        } else {
            PackedWeights::i8
        };
        let (depth, zero_point) = (self.window.depth(), self.zero_points.weight);
        let weights = pack(self.isa, weight, self.outputs, depth, zero_point);
        let weights = weights.ok_or(KernelError::Shape)?;
        Ok(PackedLayer {
            packed_bytes: weights.packed_bytes(),
            scratch_words: weights.scratch_words(self.window.plane.positions()),
            weights,
        })
    }

    fn run(
        &self,
        weights: &PackedWeights,
        _first_position: usize,
        x: View<'_>,
        bias: View<'_>,
        out: ViewMut<'_>,
        scratch: &mut [u64],
    ) -> KernelResult {
        match (x, bias, out) {
            (View::I8(x), View::I32(bias), ViewMut::I32(out)) => {
                let x = (x, self.zero_points.input);
                conv3d_i8(&self.window, weights, x, bias, out, scratch)
            }
            (View::I16(x), View::I48(bias), ViewMut::I48(out)) => {
                conv3d_i16(&self.window, weights, x, bias, out, scratch)
            }
            _ => Err(KernelError::Shape),
        }
    }
}
