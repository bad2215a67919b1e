//! [RESHAPE](https://www.mlplatform.org/tosa/tosa_spec.html#_reshape)
//!
//! The elements stay where they are: a plan gives the output the input's place. The step below runs
//! on constants only.

use super::{
    operation::{Inferred, Operand, Operation, Step},
    shape::{MOVABLE, exactly, require_dtype},
};
use crate::{
    error::OperatorError,
    kernels::{Isa, KernelError},
    model::format::ValueId,
    tensor::{Shape, TensorType},
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of RESHAPE.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Reshape {
    /// `input1`.
    pub input: ValueId,
    /// New shape, with as many elements.
    pub shape: Shape,
}

impl Operation for Reshape {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        require_dtype(0, input, &MOVABLE)?;
        let output = TensorType {
            dtype: input.dtype(),
            shape: self.shape.clone(),
        };
        let (got, want) = (output.elements(), input.tensor.elements());
        if got != want {
            return Err(OperatorError::ElementCount { got, want });
        }
        Ok(Inferred::alias(output))
    }

    fn prepare(&self, _operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        Ok(Step::copy(isa))
    }
}
