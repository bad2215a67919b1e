//! [CLAMP](https://www.mlplatform.org/tosa/tosa_spec.html#_clamp)

use super::{
    operation::{Compute, Inferred, Operand, Operation, Step},
    shape::{exactly, require_dtype},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{Isa, KernelError, KernelResult, portable::clamp::clamp},
    model::format::{Signed32, ValueId},
    tensor::DType,
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of CLAMP.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Clamp {
    /// `input`, i8 or i16.
    pub input: ValueId,
    /// Smallest output.
    pub min: Signed32,
    /// Largest output; at least `min`.
    pub max: Signed32,
}

impl Operation for Clamp {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        require_dtype(0, input, &[DType::I8, DType::I16])?;
        let (lowest, highest) = input.dtype().range();
        let (Signed32(min), Signed32(max)) = (self.min, self.max);
        if i64::from(min) < lowest || i64::from(max) > highest || min > max {
            return Err(OperatorError::Bounds { min, max });
        }
        let work = Work {
            elementwise: input.tensor.elements(),
            ..Work::default()
        };
        Ok(Inferred::new(input.tensor.clone(), work))
    }

    fn prepare(&self, _operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        Ok(Step::elementwise(isa, self.clone()))
    }
}

impl Compute for Clamp {
    #[inline(always)]
    fn compute(&self, reads: &[View<'_>], out: ViewMut<'_>) -> KernelResult {
        // The bounds are in the element type's range, so these casts keep their values.
        let (Signed32(min), Signed32(max)) = (self.min, self.max);
        match (reads, out) {
            ([View::I8(x)], ViewMut::I8(out)) => clamp(x, min as i8, max as i8, out),
            ([View::I16(x)], ViewMut::I16(out)) => clamp(x, min as i16, max as i16, out),
            _ => Err(KernelError::Shape),
        }
    }
}
