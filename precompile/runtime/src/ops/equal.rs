//! [EQUAL](https://www.mlplatform.org/tosa/tosa_spec.html#_equal)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    pairwise::{Pointwise, infer_pair, pair_step},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult,
        portable::{broadcast::Broadcast, equal::equal_i32},
    },
    model::format::ValueId,
    tensor::DType,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of EQUAL.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Equal {
    /// `input1`.
    pub a: ValueId,
    /// `input2`, broadcast against `a`.
    pub b: ValueId,
}

impl Operation for Equal {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.a, self.b]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        infer_pair(operands, &[DType::I32], Some(DType::Bool))
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        pair_step(operands, isa, self.clone())
    }
}

impl Pointwise for Equal {
    #[inline(always)]
    fn compute(&self, shape: &Broadcast, [a, b]: [View<'_>; 2], out: ViewMut<'_>) -> KernelResult {
        match (a, b, out) {
            (View::I32(a), View::I32(b), ViewMut::Bool(out)) => equal_i32(shape, a, b, out),
            _ => Err(KernelError::Shape),
        }
    }
}
