//! [LOGICAL_NOT](https://www.mlplatform.org/tosa/tosa_spec.html#_logical_not)

use super::{
    operation::{Compute, Inferred, Operand, Operation, Step},
    unary::infer_unary,
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{Isa, KernelError, KernelResult, portable::logical_not::logical_not},
    model::format::ValueId,
    tensor::DType,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of LOGICAL_NOT.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct LogicalNot {
    /// `input1`.
    pub input: ValueId,
}

impl Operation for LogicalNot {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        infer_unary(operands, &[DType::Bool])
    }

    fn prepare(&self, _operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        Ok(Step::elementwise(isa, self.clone()))
    }
}

impl Compute for LogicalNot {
    #[inline(always)]
    fn compute(&self, reads: &[View<'_>], out: ViewMut<'_>) -> KernelResult {
        match (reads, out) {
            ([View::Bool(x)], ViewMut::Bool(out)) => logical_not(x, out),
            _ => Err(KernelError::Shape),
        }
    }
}
