//! Evaluation of operators on constants alone, once, when a model is validated.

use crate::{
    buffer::{Buffer, View},
    error::OperatorError,
    kernels::Isa,
    ops::operation::{Operand, Operation},
    tensor::TensorType,
};
use alloc::{vec, vec::Vec};

/// The operator's output; `None` if an operand depends on the model's inputs.
///
/// # Errors
/// [`OperatorError::Folding`] if a requirement of the operator does not hold.
pub(super) fn evaluate(
    operation: &dyn Operation,
    operands: &[Operand<'_>],
    output: &TensorType,
) -> Result<Option<Buffer>, OperatorError> {
    let constants: Option<Vec<View<'_>>> =
        operands.iter().map(|operand| operand.constant).collect();
    let Some(constants) = constants else {
        return Ok(None);
    };
    // Every set of kernels gives the same bits, so the simplest one will do.
    let step = operation.prepare(operands, Isa::portable());
    let step = step.map_err(|_| OperatorError::Folding)?;
    let reads = step.reads.iter();
    let reads: Vec<_> = reads.filter_map(|&at| constants.get(at).copied()).collect();
    let mut result = Buffer::zeroed(output);
    let mut scratch = vec![0; step.scratch_words];
    (step.run)(0, &reads, result.view_mut(), &mut scratch).map_err(|_| OperatorError::Folding)?;
    Ok(Some(result))
}
