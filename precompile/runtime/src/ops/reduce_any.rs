//! [REDUCE_ANY](https://www.mlplatform.org/tosa/tosa_spec.html#_reduce_any)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    reduction::{Reduction, infer_reduction, reduction_step},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{Isa, KernelError, KernelResult, portable::reduce_any::reduce_any},
    model::format::ValueId,
    tensor::DType,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of REDUCE_ANY.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct ReduceAny {
    /// `input1`.
    pub input: ValueId,
    /// Axis that is reduced; it stays with size 1.
    pub axis: u8,
}

impl Operation for ReduceAny {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        infer_reduction(operands, self.axis, &[DType::Bool])
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        reduction_step(operands, self.axis, isa, self.clone())
    }
}

impl Reduction for ReduceAny {
    #[inline(always)]
    fn reduce(&self, [axis, inner]: [usize; 2], x: View<'_>, out: ViewMut<'_>) -> KernelResult {
        match (x, out) {
            (View::Bool(x), ViewMut::Bool(out)) => reduce_any(axis, inner, x, out),
            _ => Err(KernelError::Shape),
        }
    }
}
