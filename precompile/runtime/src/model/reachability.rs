//! Everything in a model is there for an output.

use super::format::Model;
use crate::error::ModelError;
use alloc::vec;

/// Refuses operators that reach no output, and constants that no operator reads. Inputs may be
/// unused: what a caller passes is the author's choice.
///
/// # Errors
/// [`ModelError::UnusedOperator`] with the lowest index, then [`ModelError::UnusedConstant`].
pub(super) fn check(model: &Model) -> Result<(), ModelError> {
    let first_constant = model.inputs.len();
    let first_output = first_constant + model.constants.len();
    let mut is_needed = vec![false; first_output + model.operators.len()];
    for output in model.outputs.iter() {
        is_needed[usize::from(output.value)] = true;
    }
    let mut unused_operator = None;
    for (index, operator) in model.operators.iter().enumerate().rev() {
        if !is_needed[first_output + index] {
            unused_operator = Some(index as u16);
            continue;
        }
        for operand in operator.operands() {
            is_needed[usize::from(operand)] = true;
        }
    }
    if let Some(operator) = unused_operator {
        return Err(ModelError::UnusedOperator { operator });
    }
    let constants = &is_needed[first_constant..first_output];
    match constants.iter().position(|is_needed| !is_needed) {
        Some(constant) => Err(ModelError::UnusedConstant {
            constant: constant as u16,
        }),
        None => Ok(()),
    }
}
