//! [BITWISE_AND](https://www.mlplatform.org/tosa/tosa_spec.html#_bitwise_and)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    pairwise::{Pointwise, infer_pair, pair_step},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult,
        portable::{bitwise_and::bitwise_and, broadcast::Broadcast},
    },
    model::format::ValueId,
    tensor::DType,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of BITWISE_AND.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct BitwiseAnd {
    /// `input1`.
    pub a: ValueId,
    /// `input2`, broadcast against `a`.
    pub b: ValueId,
}

impl Operation for BitwiseAnd {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.a, self.b]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        infer_pair(operands, &[DType::I8, DType::I16, DType::I32], None)
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        pair_step(operands, isa, self.clone())
    }
}

impl Pointwise for BitwiseAnd {
    #[inline(always)]
    fn compute(&self, shape: &Broadcast, [a, b]: [View<'_>; 2], out: ViewMut<'_>) -> KernelResult {
        match (a, b, out) {
            (View::I8(a), View::I8(b), ViewMut::I8(out)) => bitwise_and(shape, a, b, out),
            (View::I16(a), View::I16(b), ViewMut::I16(out)) => bitwise_and(shape, a, b, out),
            (View::I32(a), View::I32(b), ViewMut::I32(out)) => bitwise_and(shape, a, b, out),
            _ => Err(KernelError::Shape),
        }
    }
}
