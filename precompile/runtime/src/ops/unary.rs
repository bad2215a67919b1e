//! What element-wise operators of one operand share.

use super::{
    operation::{Inferred, Operand},
    shape::{exactly, require_dtype},
};
use crate::{error::OperatorError, tensor::DType, work::Work};

/// The operand's own type, out of `allowed`.
pub(crate) fn infer_unary(
    operands: &[Operand<'_>],
    allowed: &[DType],
) -> Result<Inferred, OperatorError> {
    let [input] = exactly(operands)?;
    require_dtype(0, input, allowed)?;
    let work = Work {
        elementwise: input.tensor.elements(),
        ..Work::default()
    };
    Ok(Inferred::new(input.tensor.clone(), work))
}
