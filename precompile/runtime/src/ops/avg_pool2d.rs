//! [AVG_POOL2D](https://www.mlplatform.org/tosa/tosa_spec.html#_avg_pool2d)
//!
//! Proved: the sum of a window fits i32.

use super::{
    accumulator::{Reach, require_accumulator, shifted},
    geometry::{Pad2d, Size2d, Window, output_shape},
    operation::{Inferred, Operand, Operation, Step},
    shape::{exactly, require_dtype, require_input_zero_point, with_shape, zero_point_fits},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError,
        portable::{avg_pool2d::avg_pool2d, window::Window2d},
    },
    model::format::{Signed32, ValueId},
    tensor::DType,
    work::{Work, panel_taps},
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of AVG_POOL2D.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct AvgPool2d {
    /// `input`, `[N, H, W, C]`.
    pub input: ValueId,
    /// Kernel height and width.
    pub kernel: Size2d,
    /// Stride along height and width.
    pub stride: Size2d,
    /// Padding.
    pub pad: Pad2d,
    /// Zero point of the input.
    pub input_zero_point: Signed32,
    /// Zero point of the output.
    pub output_zero_point: Signed32,
}

impl AvgPool2d {
    fn window(&self, input: &Operand<'_>) -> Result<Window2d, OperatorError> {
        Window::pool(self.kernel, self.pad, self.stride).fit(input)
    }
}

impl Operation for AvgPool2d {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        require_dtype(0, input, &[DType::I8, DType::I16])?;
        require_input_zero_point(0, input.dtype(), self.input_zero_point.0)?;
        let Signed32(zero_point) = self.output_zero_point;
        if !zero_point_fits(input.dtype(), zero_point) {
            return Err(OperatorError::OutputZeroPoint { zero_point });
        }
        let window = self.window(input)?;
        let output = with_shape(input.dtype(), &output_shape(&window, window.channels))?;
        let channels = window.channels as u64;
        let windows = output.elements() / channels.max(1);
        // A mean is a division beside its sum.
        let taps = window.taps() as u64 + 1;
        let work = Work {
            pool_elements: panel_taps(windows, channels, taps),
            runs: windows.saturating_mul(window.lines() as u64),
            ..Work::default()
        };
        Ok(Inferred::new(output, work))
    }

    fn prove(&self, operands: &[Operand<'_>]) -> Result<(), OperatorError> {
        let [input] = exactly(operands)?;
        let x = shifted(input.dtype().range(), self.input_zero_point.0);
        let taps = self.window(input)?.taps() as u64;
        require_accumulator(DType::I32, &[Reach::unknown(taps, (1, 1), x)], None)
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [input] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let window = self.window(input).map_err(|_| KernelError::Shape)?;
        let (from, to) = (self.input_zero_point.0, self.output_zero_point.0);
        Ok(Step::new(isa, 1, move |reads, out| match (reads, out) {
            ([View::I8(x)], ViewMut::I8(out)) => avg_pool2d(&window, from, to, x, out),
            ([View::I16(x)], ViewMut::I16(out)) => avg_pool2d(&window, from, to, x, out),
            _ => Err(KernelError::Shape),
        }))
    }
}
