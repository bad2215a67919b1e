//! [BITWISE_NOT](https://www.mlplatform.org/tosa/tosa_spec.html#_bitwise_not)

use super::{
    operation::{Compute, Inferred, Operand, Operation, Step},
    unary::infer_unary,
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{Isa, KernelError, KernelResult, portable::bitwise_not::bitwise_not},
    model::format::ValueId,
    tensor::DType,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of BITWISE_NOT.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct BitwiseNot {
    /// `input1`.
    pub input: ValueId,
}

impl Operation for BitwiseNot {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        infer_unary(operands, &[DType::I8, DType::I16, DType::I32])
    }

    fn prepare(&self, _operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        Ok(Step::elementwise(isa, self.clone()))
    }
}

impl Compute for BitwiseNot {
    #[inline(always)]
    fn compute(&self, reads: &[View<'_>], out: ViewMut<'_>) -> KernelResult {
        match (reads, out) {
            ([View::I8(x)], ViewMut::I8(out)) => bitwise_not(x, out),
            ([View::I16(x)], ViewMut::I16(out)) => bitwise_not(x, out),
            ([View::I32(x)], ViewMut::I32(out)) => bitwise_not(x, out),
            _ => Err(KernelError::Shape),
        }
    }
}
