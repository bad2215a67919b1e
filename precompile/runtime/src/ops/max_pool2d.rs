//! [MAX_POOL2D](https://www.mlplatform.org/tosa/tosa_spec.html#_max_pool2d)

use super::{
    geometry::{Pad2d, Size2d, Window, output_shape},
    operation::{Inferred, Operand, Operation, Step},
    shape::{exactly, require_dtype, with_shape},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError,
        portable::{max_pool2d::max_pool2d, window::Window2d},
    },
    model::format::ValueId,
    tensor::DType,
    work::{Work, panel_taps},
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of MAX_POOL2D.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct MaxPool2d {
    /// `input`, `[N, H, W, C]`.
    pub input: ValueId,
    /// Kernel height and width.
    pub kernel: Size2d,
    /// Stride along height and width.
    pub stride: Size2d,
    /// Padding.
    pub pad: Pad2d,
}

impl MaxPool2d {
    fn window(&self, input: &Operand<'_>) -> Result<Window2d, OperatorError> {
        Window::pool(self.kernel, self.pad, self.stride).fit(input)
    }
}

impl Operation for MaxPool2d {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        require_dtype(0, input, &[DType::I8, DType::I16])?;
        let window = self.window(input)?;
        let output = with_shape(input.dtype(), &output_shape(&window, window.channels))?;
        let channels = window.channels as u64;
        let windows = output.elements() / channels.max(1);
        let work = Work {
            pool_elements: panel_taps(windows, channels, window.taps() as u64),
            runs: windows.saturating_mul(window.lines() as u64),
            ..Work::default()
        };
        Ok(Inferred::new(output, work))
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [input] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let window = self.window(input).map_err(|_| KernelError::Shape)?;
        Ok(Step::new(isa, 1, move |reads, out| match (reads, out) {
            ([View::I8(x)], ViewMut::I8(out)) => max_pool2d(&window, x, out),
            ([View::I16(x)], ViewMut::I16(out)) => max_pool2d(&window, x, out),
            _ => Err(KernelError::Shape),
        }))
    }
}
