//! [LOGICAL_XOR](https://www.mlplatform.org/tosa/tosa_spec.html#_logical_xor)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    pairwise::{Pointwise, infer_pair, pair_step},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult,
        portable::{broadcast::Broadcast, logical_xor::logical_xor},
    },
    model::format::ValueId,
    tensor::DType,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of LOGICAL_XOR.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct LogicalXor {
    /// `input1`.
    pub a: ValueId,
    /// `input2`, broadcast against `a`.
    pub b: ValueId,
}

impl Operation for LogicalXor {
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

impl Pointwise for LogicalXor {
    #[inline(always)]
    fn compute(&self, shape: &Broadcast, [a, b]: [View<'_>; 2], out: ViewMut<'_>) -> KernelResult {
        match (a, b, out) {
            (View::Bool(a), View::Bool(b), ViewMut::Bool(out)) => logical_xor(shape, a, b, out),
            _ => Err(KernelError::Shape),
        }
    }
}
