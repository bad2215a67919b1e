//! [SELECT](https://www.mlplatform.org/tosa/tosa_spec.html#_select)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    pairwise::{Pointwise, broadcast_step, rows_met},
    shape::{MOVABLE, broadcast_onto, exactly, require_dtype, with_shape},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult,
        portable::{broadcast::Broadcast, select::select},
    },
    model::format::ValueId,
    tensor::DType,
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of SELECT. All three operands are broadcast against each other.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Select {
    /// `input1`, bool.
    pub condition: ValueId,
    /// `input2`: taken where the condition is true.
    pub a: ValueId,
    /// `input3`: taken where it is false.
    pub b: ValueId,
}

impl Operation for Select {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.condition, self.a, self.b]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [condition, a, b] = exactly(operands)?;
        require_dtype(0, condition, &[DType::Bool])?;
        require_dtype(1, a, &MOVABLE)?;
        require_dtype(2, b, &[a.dtype()])?;
        let mut shape = condition.shape().to_vec();
        broadcast_onto(&mut shape, 1, a)?;
        broadcast_onto(&mut shape, 2, b)?;
        let output = with_shape(a.dtype(), &shape)?;
        let work = Work {
            // Three operands are walked instead of two, and none of it vectorises well.
            elementwise: output.elements().saturating_mul(2),
            runs: rows_met([condition.shape(), a.shape(), b.shape()]).saturating_mul(2),
            ..Work::default()
        };
        Ok(Inferred::new(output, work))
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [condition, a, b] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let shapes = [condition.shape(), a.shape(), b.shape()];
        broadcast_step(shapes, isa, self.clone())
    }
}

impl Pointwise<3> for Select {
    #[inline(always)]
    fn compute(
        &self,
        shape: &Broadcast<3>,
        reads: [View<'_>; 3],
        out: ViewMut<'_>,
    ) -> KernelResult {
        let [View::Bool(condition), a, b] = reads else {
            return Err(KernelError::Shape);
        };
        match (a, b, out) {
            (View::Bool(a), View::Bool(b), ViewMut::Bool(out)) => {
                select(shape, condition, a, b, out)
            }
            (View::I8(a), View::I8(b), ViewMut::I8(out)) => select(shape, condition, a, b, out),
            (View::I16(a), View::I16(b), ViewMut::I16(out)) => select(shape, condition, a, b, out),
            (View::I32(a), View::I32(b), ViewMut::I32(out)) => select(shape, condition, a, b, out),
            _ => Err(KernelError::Shape),
        }
    }
}
