//! [CLZ](https://www.mlplatform.org/tosa/tosa_spec.html#_clz)

use super::{
    operation::{Compute, Inferred, Operand, Operation, Step},
    unary::infer_unary,
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{Isa, KernelError, KernelResult, portable::clz::clz_i32},
    model::format::ValueId,
    tensor::DType,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of CLZ.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Clz {
    /// `input1`.
    pub input: ValueId,
}

impl Operation for Clz {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        infer_unary(operands, &[DType::I32])
    }

    fn prepare(&self, _operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        Ok(Step::elementwise(isa, self.clone()))
    }
}

impl Compute for Clz {
    #[inline(always)]
    fn compute(&self, reads: &[View<'_>], out: ViewMut<'_>) -> KernelResult {
        match (reads, out) {
            ([View::I32(x)], ViewMut::I32(out)) => clz_i32(x, out),
            _ => Err(KernelError::Shape),
        }
    }
}
