//! [IDENTITY](https://www.mlplatform.org/tosa/tosa_spec.html#_identity)
//!
//! The elements stay where they are: a plan gives the output the input's place. The step below runs
//! on constants only.

use super::{
    operation::{Inferred, Operand, Operation, Step},
    shape::exactly,
};
use crate::{
    error::OperatorError,
    kernels::{Isa, KernelError},
    model::format::ValueId,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of IDENTITY.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Identity {
    /// `input1`, of any type.
    pub input: ValueId,
}

impl Operation for Identity {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        Ok(Inferred::alias(input.tensor.clone()))
    }

    fn prepare(&self, _operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        Ok(Step::copy(isa))
    }
}
