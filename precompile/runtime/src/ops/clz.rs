//! [CLZ](https://www.mlplatform.org/tosa/tosa_spec.html#_clz)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    shape::{exactly, require_dtype},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{Isa, KernelError, portable::clz::clz_i32},
    model::format::ValueId,
    tensor::DType,
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of CLZ.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Clz {
    /// `input1`.
    pub input: ValueId,
}

impl Operation for Clz {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        require_dtype(0, input, &[DType::I32])?;
        let work = Work {
            elementwise: input.tensor.elements(),
            ..Work::default()
        };
        Ok(Inferred::new(input.tensor.clone(), work))
    }

    fn prepare(&self, _operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        Ok(Step::new(isa, 1, |reads, out| match (reads, out) {
            ([View::I32(x)], ViewMut::I32(out)) => clz_i32(x, out),
            _ => Err(KernelError::Shape),
        }))
    }
}
