//! [LOGICAL_OR](https://www.mlplatform.org/tosa/tosa_spec.html#_logical_or)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    pairwise::{Pointwise, infer_pair, pair_step},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult,
        portable::{broadcast::Broadcast, logical_or::logical_or},
    },
    model::format::ValueId,
    tensor::DType,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of LOGICAL_OR.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct LogicalOr {
    /// `input1`.
    pub a: ValueId,
    /// `input2`, broadcast against `a`.
    pub b: ValueId,
}

impl Operation for LogicalOr {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.a, self.b]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        infer_pair(operands, &[DType::Bool], None)
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        pair_step(operands, isa, self.clone())
    }
}

impl Pointwise for LogicalOr {
    #[inline(always)]
    fn compute(&self, shape: &Broadcast, [a, b]: [View<'_>; 2], out: ViewMut<'_>) -> KernelResult {
        match (a, b, out) {
            (View::Bool(a), View::Bool(b), ViewMut::Bool(out)) => logical_or(shape, a, b, out),
            _ => Err(KernelError::Shape),
        }
    }
}
