//! [REDUCE_SUM](https://www.mlplatform.org/tosa/tosa_spec.html#_reduce_sum)
//!
//! Checked while running: the running sum, taken from index 0 upwards, never leaves i32.

use super::{
    operation::{Inferred, Operand, Operation, Step},
    reduction::{Reduction, infer_reduction, reduction_step},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{Isa, KernelError, KernelResult, portable::reduce_sum::reduce_sum_i32},
    model::format::ValueId,
    tensor::DType,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of REDUCE_SUM.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct ReduceSum {
    /// `input1`.
    pub input: ValueId,
    /// Axis that is reduced; it stays with size 1.
    pub axis: u8,
}

impl Operation for ReduceSum {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        infer_reduction(operands, self.axis, &[DType::I32])
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        reduction_step(operands, self.axis, isa, self.clone())
    }
}

impl Reduction for ReduceSum {
    #[inline(always)]
    fn reduce(&self, [axis, inner]: [usize; 2], x: View<'_>, out: ViewMut<'_>) -> KernelResult {
        match (x, out) {
            (View::I32(x), ViewMut::I32(out)) => reduce_sum_i32(axis, inner, x, out),
            _ => Err(KernelError::Shape),
        }
    }
}
