//! What element-wise operators of two operands share: types, broadcasting, work, and the step.

use super::{
    operation::{Inferred, Operand, Step},
    shape::{broadcast, exactly, require_dtype, require_same_dtype},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{Isa, KernelError, KernelResult, portable::broadcast::Broadcast},
    tensor::DType,
    work::Work,
};

/// The broadcast shape of two operands of one type out of `allowed`, as elements of `to`, or of their
/// own type.
pub(crate) fn infer_pair(
    operands: &[Operand<'_>],
    allowed: &[DType],
    to: Option<DType>,
) -> Result<Inferred, OperatorError> {
    let [a, b] = exactly(operands)?;
    require_dtype(0, a, allowed)?;
    require_same_dtype(a, b)?;
    let output = broadcast(to.unwrap_or_else(|| a.dtype()), a, b)?;
    let work = Work {
        elementwise: output.elements(),
        ..Work::default()
    };
    Ok(Inferred::new(output, work))
}

/// A step that computes each element from the two that meet there.
pub(crate) fn pair_step(
    operands: &[Operand<'_>],
    isa: Isa,
    run: impl Fn(&Broadcast, View<'_>, View<'_>, ViewMut<'_>) -> KernelResult + Send + Sync + 'static,
) -> Result<Step, KernelError> {
    let [a, b] = exactly(operands).map_err(|_| KernelError::Shape)?;
    let shape = Broadcast::new(a.shape(), b.shape()).ok_or(KernelError::Shape)?;
    Ok(Step::new(isa, 2, move |reads, out| match *reads {
        [a, b] => run(&shape, a, b, out),
        _ => Err(KernelError::Shape),
    }))
}

/// Refuses a constant second operand with which a shift could only fail: below 0, or not less than the
/// width of the type. What is not constant is checked while running.
pub(crate) fn prove_shift(operands: &[Operand<'_>]) -> Result<(), OperatorError> {
    let [_, b] = exactly(operands)?;
    let max = b.dtype().size_bytes() as i64 * 8 - 1;
    match b.constant.and_then(View::range) {
        Some((low, high)) if low < 0 || high > max => {
            Err(OperatorError::ConstantOperand { operand: 1 })
        }
        _ => Ok(()),
    }
}
