//! [REDUCE_MIN](https://www.mlplatform.org/tosa/tosa_spec.html#_reduce_min)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    reduction::{Reduction, infer_reduction, reduction_step},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{Isa, KernelError, KernelResult, portable::reduce_min::reduce_min},
    model::format::ValueId,
    tensor::DType,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of REDUCE_MIN.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct ReduceMin {
    /// `input1`.
    pub input: ValueId,
    /// Axis that is reduced; it stays with size 1.
    pub axis: u8,
}

impl Operation for ReduceMin {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        infer_reduction(operands, self.axis, &[DType::I8, DType::I16, DType::I32])
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        reduction_step(operands, self.axis, isa, self.clone())
    }
}

impl Reduction for ReduceMin {
    #[inline(always)]
    fn reduce(&self, [axis, inner]: [usize; 2], x: View<'_>, out: ViewMut<'_>) -> KernelResult {
        match (x, out) {
            (View::I8(x), ViewMut::I8(out)) => reduce_min(axis, inner, x, out),
            (View::I16(x), ViewMut::I16(out)) => reduce_min(axis, inner, x, out),
            (View::I32(x), ViewMut::I32(out)) => reduce_min(axis, inner, x, out),
            _ => Err(KernelError::Shape),
        }
    }
}
