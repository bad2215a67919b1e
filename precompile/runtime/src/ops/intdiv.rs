//! [INTDIV](https://www.mlplatform.org/tosa/tosa_spec.html#_intdiv)
//!
//! Proved for constant divisors, checked while running for others: no divisor is 0. Checked while
//! running: the smallest i32 is not divided by -1.

use super::{
    operation::{Inferred, Operand, Operation, Step},
    pairwise::{Pointwise, infer_pair, pair_step},
    shape::exactly,
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult,
        portable::{broadcast::Broadcast, intdiv::intdiv_i32},
    },
    model::format::ValueId,
    tensor::DType,
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of INTDIV.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct IntDiv {
    /// `input1`, the dividend.
    pub a: ValueId,
    /// `input2`, the divisor, broadcast against `a`.
    pub b: ValueId,
}

impl Operation for IntDiv {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.a, self.b]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let Inferred { output, work, .. } = infer_pair(operands, &[DType::I32], None)?;
        let work = Work {
            divide: output.elements(),
            elementwise: 0,
            ..work
        };
        Ok(Inferred::new(output, work))
    }

    fn prove(&self, operands: &[Operand<'_>]) -> Result<(), OperatorError> {
        let [_, b] = exactly(operands)?;
        match b.constant {
            Some(View::I32(divisors)) if divisors.contains(&0) => {
                Err(OperatorError::ConstantOperand { operand: 1 })
            }
            _ => Ok(()),
        }
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        pair_step(operands, isa, self.clone())
    }
}

impl Pointwise for IntDiv {
    #[inline(always)]
    fn compute(&self, shape: &Broadcast, [a, b]: [View<'_>; 2], out: ViewMut<'_>) -> KernelResult {
        match (a, b, out) {
            (View::I32(a), View::I32(b), ViewMut::I32(out)) => intdiv_i32(shape, a, b, out),
            _ => Err(KernelError::Shape),
        }
    }
}
