//! What a file declares of its operators' outputs, against what the runtime infers.

use super::error::NodeError;
use crate::{builder::Numbers, error::CompileError};
use fixpoint_runtime::{
    model::format::ValueId,
    tensor::{DType, TensorType},
};

/// An operator's output as the file declares it.
pub(super) struct Declared<'a> {
    /// The operator's name.
    pub(super) operator: &'static str,
    /// The output's name.
    pub(super) output: &'a str,
    /// The builder's number of its value.
    pub(super) value: ValueId,
    /// Its declared element type.
    pub(super) dtype: DType,
    /// Its declared shape, as it stands in the file: a negative dimension is no known one.
    pub(super) shape: &'a [i32],
}

/// Refuses the first output that is not what it is declared to be. Operators that reach no output
/// of the graph are not in the model and are passed over.
pub(super) fn check(
    declared: &[Declared<'_>],
    numbers: &Numbers,
    inferred: &[TensorType],
) -> Result<(), CompileError> {
    for output in declared {
        let number = numbers.of(output.value).map(usize::from);
        let Some(inferred) = number.and_then(|number| inferred.get(number)) else {
            continue;
        };
        if let Some(cause) = difference(output.dtype, output.shape, inferred) {
            return Err(CompileError::TosaNode {
                operator: output.operator,
                output: output.output.to_owned(),
                cause,
            });
        }
    }
    Ok(())
}

fn difference(dtype: DType, shape: &[i32], inferred: &TensorType) -> Option<NodeError> {
    if dtype != inferred.dtype {
        return Some(NodeError::OutputType {
            declared: dtype,
            inferred: inferred.dtype,
        });
    }
    let dims = shape.iter().map(|&dim| u32::try_from(dim));
    if dims.eq(inferred.shape.iter().copied().map(Ok)) {
        return None;
    }
    let (declared, inferred) = (shape.to_vec(), inferred.shape.to_vec());
    Some(if declared.len() == inferred.len() {
        NodeError::OutputShape { declared, inferred }
    } else {
        NodeError::OutputRank { declared, inferred }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_has_its_name() {
        let is = TensorType::new(DType::I8, &[1, 2]).expect("a low rank");
        assert_eq!(difference(DType::I8, &[1, 2], &is), None);
        let (declared, inferred) = (DType::I32, DType::I8);
        assert_eq!(
            difference(DType::I32, &[1], &is),
            Some(NodeError::OutputType { declared, inferred }),
            "the type comes first"
        );
        let inferred = vec![1, 2];
        assert_eq!(
            difference(DType::I8, &[2], &is),
            Some(NodeError::OutputRank {
                declared: vec![2],
                inferred: inferred.clone()
            })
        );
        for shape in [[2, 1], [1, 3], [1, -1]] {
            let (declared, inferred) = (shape.to_vec(), inferred.clone());
            assert_eq!(
                difference(DType::I8, &shape, &is),
                Some(NodeError::OutputShape { declared, inferred })
            );
        }
    }
}
