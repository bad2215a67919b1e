//! [REDUCE_MAX](https://www.mlplatform.org/tosa/tosa_spec.html#_reduce_max)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    shape::{axis_and_inner, exactly, require_axis, require_dtype, with_shape},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{Isa, KernelError, portable::reduce_max::reduce_max},
    model::format::ValueId,
    tensor::DType,
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of REDUCE_MAX.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct ReduceMax {
    /// `input1`.
    pub input: ValueId,
    /// Axis that is reduced; it stays with size 1.
    pub axis: u8,
}

impl Operation for ReduceMax {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        require_dtype(0, input, &[DType::I8, DType::I16, DType::I32])?;
        let axis = require_axis(self.axis, input)?;
        let mut shape = input.shape().to_vec();
        shape[axis] = 1;
        let work = Work {
            reduce: input.tensor.elements(),
            ..Work::default()
        };
        Ok(Inferred::new(with_shape(input.dtype(), &shape)?, work))
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [input] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let (axis, inner) = axis_and_inner(input.shape(), usize::from(self.axis));
        Ok(Step::new(isa, 1, move |reads, out| match (reads, out) {
            ([View::I8(x)], ViewMut::I8(out)) => reduce_max(axis, inner, x, out),
            ([View::I16(x)], ViewMut::I16(out)) => reduce_max(axis, inner, x, out),
            ([View::I32(x)], ViewMut::I32(out)) => reduce_max(axis, inner, x, out),
            _ => Err(KernelError::Shape),
        }))
    }
}
