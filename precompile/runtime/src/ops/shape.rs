//! Checks of types and shapes that several operators share.

use super::operation::Operand;
use crate::{
    buffer::View,
    error::OperatorError,
    tensor::{DType, TensorType},
};

/// Types that operators move about without looking at the elements: all but i48, which only
/// accumulates.
pub(crate) const MOVABLE: [DType; 4] = [DType::Bool, DType::I8, DType::I16, DType::I32];

/// The operands as an array; the caller of an operator passes as many as it named.
pub(crate) fn exactly<'a, 'b, const N: usize>(
    operands: &'a [Operand<'b>],
) -> Result<&'a [Operand<'b>; N], OperatorError> {
    operands.try_into().map_err(|_| OperatorError::NoOperand)
}

/// Refuses element types that are not in the list.
pub(crate) fn require_dtype(
    operand: u8,
    of: &Operand<'_>,
    allowed: &[DType],
) -> Result<(), OperatorError> {
    let dtype = of.dtype();
    if allowed.contains(&dtype) {
        Ok(())
    } else {
        Err(OperatorError::OperandType { operand, dtype })
    }
}

/// The dimensions as an array of the one rank that is allowed.
pub(crate) fn require_rank<const N: usize>(
    operand: u8,
    of: &Operand<'_>,
) -> Result<[u32; N], OperatorError> {
    of.shape().try_into().map_err(|_| OperatorError::Rank {
        operand,
        got: of.shape().len() as u8,
        want: N as u8,
    })
}

/// Refuses a dimension other than `want`.
pub(crate) const fn require_dimension(
    operand: u8,
    axis: u8,
    got: u32,
    want: u32,
) -> Result<(), OperatorError> {
    if got == want {
        return Ok(());
    }
    Err(OperatorError::Dimension {
        operand,
        axis,
        got,
        want,
    })
}

/// The axis as an index into the shape.
pub(crate) fn require_axis(axis: u8, of: &Operand<'_>) -> Result<usize, OperatorError> {
    let rank = of.shape().len();
    if usize::from(axis) < rank {
        return Ok(usize::from(axis));
    }
    Err(OperatorError::Axis {
        axis,
        rank: rank as u8,
    })
}

/// Refuses a zero point outside the element type, or other than 0 where `nonzero` is not allowed.
pub(crate) fn require_input_zero_point(
    operand: u8,
    dtype: DType,
    zero_point: i32,
) -> Result<(), OperatorError> {
    if zero_point_fits(dtype, zero_point) {
        return Ok(());
    }
    Err(OperatorError::InputZeroPoint {
        operand,
        zero_point,
    })
}

/// Whether TOSA allows this zero point: any i8 for i8, else only 0.
pub(crate) fn zero_point_fits(dtype: DType, zero_point: i32) -> bool {
    zero_point == 0 || (dtype == DType::I8 && i8::try_from(zero_point).is_ok())
}

/// A type with one of the operands' dimensions replaced.
pub(crate) fn with_shape(dtype: DType, shape: &[u32]) -> Result<TensorType, OperatorError> {
    TensorType::new(dtype, shape).ok_or(OperatorError::Rank {
        operand: 0,
        got: shape.len() as u8,
        want: crate::model::limits::MAX_RANK as u8,
    })
}

/// The type of an element-wise result: equal ranks, each dimension equal or 1 in one operand.
pub(crate) fn broadcast(
    dtype: DType,
    a: &Operand<'_>,
    b: &Operand<'_>,
) -> Result<TensorType, OperatorError> {
    let mut shape = a.shape().to_vec();
    broadcast_onto(&mut shape, 1, b)?;
    with_shape(dtype, &shape)
}

/// Grows the dimensions of size 1 of `shape` to those of an operand, which must fit otherwise.
pub(crate) fn broadcast_onto(
    shape: &mut [u32],
    operand: u8,
    of: &Operand<'_>,
) -> Result<(), OperatorError> {
    if of.shape().len() != shape.len() {
        return Err(OperatorError::Rank {
            operand,
            got: of.shape().len() as u8,
            want: shape.len() as u8,
        });
    }
    for (axis, (size, &other)) in shape.iter_mut().zip(of.shape()).enumerate() {
        if *size == 1 {
            *size = other;
        } else if other != 1 {
            require_dimension(operand, axis as u8, other, *size)?;
        }
    }
    Ok(())
}

/// Refuses operands of different element types.
pub(crate) fn require_same_dtype(a: &Operand<'_>, b: &Operand<'_>) -> Result<(), OperatorError> {
    require_dtype(1, b, &[a.dtype()])
}

/// A shape seen from one axis: elements of that axis, and of everything inside it.
pub(crate) fn axis_and_inner(shape: &[u32], axis: usize) -> (usize, usize) {
    let inner = shape.iter().skip(axis + 1).map(|size| *size as usize);
    let size = shape.get(axis).map_or(1, |size| *size as usize);
    (size, inner.product())
}

/// Product of sizes. Saturates.
pub(crate) fn product(sizes: &[u32]) -> u64 {
    let sizes = sizes.iter().map(|&size| u64::from(size));
    sizes.fold(1, u64::saturating_mul)
}

/// Refuses constant indices of which one is not in `0..rows`. Others are checked while running.
pub(crate) fn require_indices(
    operand: u8,
    indices: &Operand<'_>,
    rows: u32,
) -> Result<(), OperatorError> {
    match indices.constant.and_then(View::range) {
        Some((low, high)) if low < 0 || high >= i64::from(rows) => {
            Err(OperatorError::ConstantOperand { operand })
        }
        _ => Ok(()),
    }
}
