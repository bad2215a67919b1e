//! [CAST](https://www.mlplatform.org/tosa/tosa_spec.html#_cast)

use super::{
    operation::{Compute, Inferred, Operand, Operation, Step},
    shape::{MOVABLE, exactly, require_dtype, with_shape},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{Isa, KernelError, KernelResult, portable::cast::cast},
    model::format::ValueId,
    tensor::DType,
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of CAST.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Cast {
    /// `input`.
    pub input: ValueId,
    /// Element type of the output.
    pub to: DType,
}

impl Operation for Cast {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        require_dtype(0, input, &MOVABLE)?;
        if !MOVABLE.contains(&self.to) || self.to == input.dtype() {
            return Err(OperatorError::OutputType { dtype: self.to });
        }
        let work = Work {
            elementwise: input.tensor.elements(),
            ..Work::default()
        };
        let output = with_shape(self.to, input.shape())?;
        Ok(Inferred::new(output, work))
    }

    fn prepare(&self, _operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        Ok(Step::elementwise(isa, self.clone()))
    }
}

impl Compute for Cast {
    #[inline(always)]
    fn compute(&self, reads: &[View<'_>], out: ViewMut<'_>) -> KernelResult {
        match (reads, out) {
            ([View::Bool(x)], ViewMut::I8(out)) => cast(x, out),
            ([View::Bool(x)], ViewMut::I16(out)) => cast(x, out),
            ([View::Bool(x)], ViewMut::I32(out)) => cast(x, out),
            ([View::I8(x)], ViewMut::Bool(out)) => cast(x, out),
            ([View::I8(x)], ViewMut::I16(out)) => cast(x, out),
            ([View::I8(x)], ViewMut::I32(out)) => cast(x, out),
            ([View::I16(x)], ViewMut::Bool(out)) => cast(x, out),
            ([View::I16(x)], ViewMut::I8(out)) => cast(x, out),
            ([View::I16(x)], ViewMut::I32(out)) => cast(x, out),
            ([View::I32(x)], ViewMut::Bool(out)) => cast(x, out),
            ([View::I32(x)], ViewMut::I8(out)) => cast(x, out),
            ([View::I32(x)], ViewMut::I16(out)) => cast(x, out),
            _ => Err(KernelError::Shape),
        }
    }
}
