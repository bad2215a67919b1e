//! [REVERSE](https://www.mlplatform.org/tosa/tosa_spec.html#_reverse)

use super::{
    operation::{Inferred, Operand, Operation, Step},
    shape::{MOVABLE, axis_and_inner, exactly, product, require_axis, require_dtype},
};
use crate::{
    error::OperatorError,
    kernels::{Isa, KernelError, portable::reverse::reverse},
    model::format::ValueId,
    work::Work,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of REVERSE.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Reverse {
    /// `input1`.
    pub input: ValueId,
    /// Axis along which the order is turned round.
    pub axis: u8,
}

impl Operation for Reverse {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        require_dtype(0, input, &MOVABLE)?;
        let axis = require_axis(self.axis, input)?;
        let output = input.tensor.clone();
        let (_, inner) = axis_and_inner(input.shape(), axis);
        let work = Work {
            move_bytes: output.size_bytes(),
            // Single elements are turned round a row at a time.
            runs: if inner == 1 {
                product(&input.shape()[..axis])
            } else {
                product(&input.shape()[..=axis])
            },
            ..Work::default()
        };
        Ok(Inferred::new(output, work))
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [input] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let (axis, inner) = axis_and_inner(input.shape(), usize::from(self.axis));
        let run_bytes = inner * input.dtype().size_bytes();
        Ok(Step::new(isa, 1, move |reads, out| match reads {
            [x] => reverse(axis, run_bytes, x.bytes(), out.into_bytes()),
            _ => Err(KernelError::Shape),
        }))
    }
}
