//! [ARGMAX](https://www.mlplatform.org/tosa/tosa_spec.html#_argmax)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    reduction::runs_along,
    shape::{axis_and_inner, exactly, require_axis, require_dtype, with_shape},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{Isa, KernelError, portable::argmax::argmax},
    model::format::ValueId,
    tensor::DType,
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of ARGMAX.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct ArgMax {
    /// `input`.
    pub input: ValueId,
    /// Axis that is searched; it disappears from the shape.
    pub axis: u8,
}

impl Operation for ArgMax {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        require_dtype(0, input, &[DType::I8, DType::I16])?;
        let axis = require_axis(self.axis, input)?;
        let mut shape = input.shape().to_vec();
        shape.remove(axis);
        let work = Work {
            reduce: input.tensor.elements(),
            runs: runs_along(input.shape(), axis),
            ..Work::default()
        };
        Ok(Inferred::new(with_shape(DType::I32, &shape)?, work))
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [input] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let (axis, inner) = axis_and_inner(input.shape(), usize::from(self.axis));
        Ok(Step::new(isa, 1, move |reads, out| match (reads, out) {
            ([View::I8(x)], ViewMut::I32(out)) => argmax(axis, inner, x, out),
            ([View::I16(x)], ViewMut::I32(out)) => argmax(axis, inner, x, out),
            _ => Err(KernelError::Shape),
        }))
    }
}
