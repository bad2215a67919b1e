//! [ARITHMETIC_RIGHT_SHIFT](https://www.mlplatform.org/tosa/tosa_spec.html#_arithmetic_right_shift)
//!
//! Proved for constant shifts, checked while running for others: every shift is at least 0 and less
//! than the width of the type.

use super::{
    operation::{Inferred, Operand, Operation, Step},
    pairwise::{Pointwise, infer_pair, pair_step, prove_shift},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult,
        portable::{
            arithmetic_right_shift::{
                arithmetic_right_shift_i8, arithmetic_right_shift_i16, arithmetic_right_shift_i32,
            },
            broadcast::Broadcast,
        },
    },
    model::format::ValueId,
    tensor::DType,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of ARITHMETIC_RIGHT_SHIFT.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct ArithmeticRightShift {
    /// `input1`.
    pub a: ValueId,
    /// `input2`, broadcast against `a`.
    pub b: ValueId,
    /// Whether the result is rounded half up instead of down.
    pub round: bool,
}

impl Operation for ArithmeticRightShift {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.a, self.b]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        infer_pair(operands, &[DType::I8, DType::I16, DType::I32], None)
    }

    fn prove(&self, operands: &[Operand<'_>]) -> Result<(), OperatorError> {
        prove_shift(operands)
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        pair_step(operands, isa, self.clone())
    }
}

impl Pointwise for ArithmeticRightShift {
    #[inline(always)]
    fn compute(&self, shape: &Broadcast, [a, b]: [View<'_>; 2], out: ViewMut<'_>) -> KernelResult {
        let round = self.round;
        match (a, b, out) {
            (View::I8(a), View::I8(b), ViewMut::I8(out)) => {
                arithmetic_right_shift_i8(shape, a, b, round, out)
            }
            (View::I16(a), View::I16(b), ViewMut::I16(out)) => {
                arithmetic_right_shift_i16(shape, a, b, round, out)
            }
            (View::I32(a), View::I32(b), ViewMut::I32(out)) => {
                arithmetic_right_shift_i32(shape, a, b, round, out)
            }
            _ => Err(KernelError::Shape),
        }
    }
}
