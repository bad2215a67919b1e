//! [ADD](https://www.mlplatform.org/tosa/tosa_spec.html#_add)
//!
//! Checked while running: no sum leaves i32.

use super::{
    operation::{Inferred, Operand, Operation, Step},
    shape::{broadcast, exactly, require_dtype, require_same_dtype},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError,
        portable::{add::add_i32, broadcast::Broadcast},
    },
    model::format::ValueId,
    tensor::DType,
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of ADD.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Add {
    /// `input1`.
    pub a: ValueId,
    /// `input2`, broadcast against `a`.
    pub b: ValueId,
}

impl Operation for Add {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.a, self.b]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [a, b] = exactly(operands)?;
        require_dtype(0, a, &[DType::I32])?;
        require_same_dtype(a, b)?;
        let output = broadcast(DType::I32, a, b)?;
        let work = Work {
            elementwise: output.elements(),
            ..Work::default()
        };
        Ok(Inferred::new(output, work))
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [a, b] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let shape = Broadcast::new(a.shape(), b.shape()).ok_or(KernelError::Shape)?;
        Ok(Step::new(isa, 2, move |reads, out| match (reads, out) {
            ([View::I32(a), View::I32(b)], ViewMut::I32(out)) => add_i32(&shape, a, b, out),
            _ => Err(KernelError::Shape),
        }))
    }
}
