//! [NEGATE](https://www.mlplatform.org/tosa/tosa_spec.html#_negate)
//!
//! Checked while running, on i32: no element is the smallest i32. i8 and i16 saturate.

use super::{
    operation::{Compute, Inferred, Operand, Operation, Step},
    shape::{exactly, require_input_zero_point, zero_point_fits},
    unary::infer_unary,
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError, KernelResult,
        portable::negate::{negate_i8, negate_i16, negate_i32},
    },
    model::format::{Signed32, ValueId},
    tensor::DType,
};
use alloc::{vec, vec::Vec};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of NEGATE.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Negate {
    /// `input1`.
    pub input: ValueId,
    /// Zero point of the input; 0 unless i8.
    pub input_zero_point: Signed32,
    /// Zero point of the output; 0 unless i8.
    pub output_zero_point: Signed32,
}

impl Operation for Negate {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let inferred = infer_unary(operands, &[DType::I8, DType::I16, DType::I32])?;
        let [input] = exactly(operands)?;
        require_input_zero_point(0, input.dtype(), self.input_zero_point.0)?;
        let Signed32(zero_point) = self.output_zero_point;
        if !zero_point_fits(input.dtype(), zero_point) {
            return Err(OperatorError::OutputZeroPoint { zero_point });
        }
        Ok(inferred)
    }

    fn prepare(&self, _operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        Ok(Step::elementwise(isa, self.clone()))
    }
}

impl Compute for Negate {
    #[inline(always)]
    fn compute(&self, reads: &[View<'_>], out: ViewMut<'_>) -> KernelResult {
        let narrow = |Signed32(zero_point)| i8::try_from(zero_point);
        let from = narrow(self.input_zero_point).map_err(|_| KernelError::Shape)?;
        let to = narrow(self.output_zero_point).map_err(|_| KernelError::Shape)?;
        match (reads, out) {
            ([View::I8(x)], ViewMut::I8(out)) => negate_i8(x, from, to, out),
            ([View::I16(x)], ViewMut::I16(out)) => negate_i16(x, out),
            ([View::I32(x)], ViewMut::I32(out)) => negate_i32(x, out),
            _ => Err(KernelError::Shape),
        }
    }
}
