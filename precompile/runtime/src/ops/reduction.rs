//! What reductions share: one axis shrinks to size 1.

use super::{
    operation::{Compute, Extent, Inferred, Operand, Step},
    shape::{axis_and_inner, exactly, product, require_axis, require_dtype, with_shape},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{Isa, KernelError, KernelResult},
    tensor::DType,
    work::Work,
};

/// The operand's type, out of `allowed`, with the axis reduced to 1.
pub(crate) fn infer_reduction(
    operands: &[Operand<'_>],
    axis: u8,
    allowed: &[DType],
) -> Result<Inferred, OperatorError> {
    let [input] = exactly(operands)?;
    require_dtype(0, input, allowed)?;
    let axis = require_axis(axis, input)?;
    let mut shape = input.shape().to_vec();
    shape[axis] = 1;
    let work = Work {
        reduce: input.tensor.elements(),
        runs: runs_along(input.shape(), axis),
        ..Work::default()
    };
    Ok(Inferred::new(with_shape(input.dtype(), &shape)?, work))
}

/// Pieces of memory that joining the elements of an axis goes through: along the last axis its rows, else
/// each row of what lies inside the axis.
pub(crate) fn runs_along(shape: &[u32], axis: usize) -> u64 {
    let (size, inner) = axis_and_inner(shape, axis);
    let outside = product(&shape[..axis]);
    match inner {
        1 => outside,
        _ => outside.saturating_mul(size as u64),
    }
}

/// An operator that joins elements along an axis.
pub(crate) trait Reduction: Send + Sync + 'static {
    /// Joins the elements of an axis of that size, with so many elements inside it. Implementations are
    /// `#[inline(always)]`, as in [`Compute`].
    fn reduce(&self, sizes: [usize; 2], x: View<'_>, out: ViewMut<'_>) -> KernelResult;
}

/// The step of such an operator.
pub(crate) fn reduction_step(
    operands: &[Operand<'_>],
    axis: u8,
    isa: Isa,
    operator: impl Reduction,
) -> Result<Step, KernelError> {
    let [input] = exactly(operands).map_err(|_| KernelError::Shape)?;
    let (axis, inner) = axis_and_inner(input.shape(), usize::from(axis));
    let sizes = [axis, inner];
    let step = Step::compiled(isa, 1, Along { operator, sizes });
    Ok(match inner {
        1 => step.by_rows(&[Extent::Rows]),
        _ => step,
    })
}

/// A [`Reduction`] along an axis.
struct Along<R> {
    operator: R,
    sizes: [usize; 2],
}

impl<R: Reduction> Compute for Along<R> {
    #[inline(always)]
    fn compute(&self, reads: &[View<'_>], out: ViewMut<'_>) -> KernelResult {
        match *reads {
            [x] => self.operator.reduce(self.sizes, x, out),
            _ => Err(KernelError::Shape),
        }
    }
}
