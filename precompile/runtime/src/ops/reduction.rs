//! What reductions share: one axis shrinks to size 1.

use super::{
    operation::{Extent, Inferred, Operand, Step},
    shape::{axis_and_inner, exactly, require_axis, require_dtype, with_shape},
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
        ..Work::default()
    };
    Ok(Inferred::new(with_shape(input.dtype(), &shape)?, work))
}

/// A step that is given the size of the axis, the elements inside it, the operand and the output.
pub(crate) fn reduction_step(
    operands: &[Operand<'_>],
    axis: u8,
    isa: Isa,
    run: impl Fn(usize, usize, View<'_>, ViewMut<'_>) -> KernelResult + Send + Sync + 'static,
) -> Result<Step, KernelError> {
    let [input] = exactly(operands).map_err(|_| KernelError::Shape)?;
    let (axis, inner) = axis_and_inner(input.shape(), usize::from(axis));
    let step = Step::new(isa, 1, move |reads, out| match *reads {
        [x] => run(axis, inner, x, out),
        _ => Err(KernelError::Shape),
    });
    Ok(match inner {
        1 => step.by_rows(&[Extent::Rows]),
        _ => step,
    })
}
