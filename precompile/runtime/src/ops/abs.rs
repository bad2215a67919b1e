//! [ABS](https://www.mlplatform.org/tosa/tosa_spec.html#_abs)
//!
//! Checked while running: no element is the smallest i32.

use super::{
    operation::{Compute, Inferred, Operand, Operation, Step},
    unary::infer_unary,
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{Isa, KernelError, KernelResult, portable::abs::abs_i32},
    model::format::ValueId,
    tensor::DType,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of ABS.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Abs {
    /// `input1`.
    pub input: ValueId,
}

impl Operation for Abs {
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

impl Compute for Abs {
    #[inline(always)]
    fn compute(&self, reads: &[View<'_>], out: ViewMut<'_>) -> KernelResult {
        match (reads, out) {
            ([View::I32(x)], ViewMut::I32(out)) => abs_i32(x, out),
            _ => Err(KernelError::Shape),
        }
    }
}
