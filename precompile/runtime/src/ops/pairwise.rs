//! What element-wise operators of several operands share: types, broadcasting, work, and the step.

use super::{
    operation::{Extent, Inferred, Operand, Step},
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
    broadcast_step([a.shape(), b.shape()], isa, move |shape, reads, out| {
        let [a, b] = reads;
        run(shape, a, b, out)
    })
}

/// A step that computes each element from those of `N` operands that meet there.
pub(crate) fn broadcast_step<const N: usize>(
    shapes: [&[u32]; N],
    isa: Isa,
    run: impl Fn(&Broadcast<N>, [View<'_>; N], ViewMut<'_>) -> KernelResult + Send + Sync + 'static,
) -> Result<Step, KernelError> {
    let whole = Broadcast::of(shapes).ok_or(KernelError::Shape)?;
    let extents = extents(shapes);
    let row_shapes = shapes.map(|shape| shape.last().copied().unwrap_or(1));
    let own_rows = extents.map(|extents| extents.map(|extent| extent == Extent::Rows));
    let columns = row_shapes.into_iter().fold(1, u32::max);
    let step = Step::new(isa, N, move |reads, out| {
        let reads = <[View<'_>; N]>::try_from(reads).map_err(|_| KernelError::Shape)?;
        if out.len() == whole.elements() {
            return run(&whole, reads, out);
        }
        let own_rows = own_rows.ok_or(KernelError::Shape)?;
        let rows = out.len() as u32 / columns;
        let shapes: [[u32; 2]; N] =
            core::array::from_fn(|at| [if own_rows[at] { rows } else { 1 }, row_shapes[at]]);
        let block = Broadcast::of(shapes.each_ref().map(|shape| &shape[..]));
        run(&block.ok_or(KernelError::Shape)?, reads, out)
    });
    Ok(match extents {
        Some(extents) => step.by_rows(&extents),
        None => step,
    })
}

/// What rows of the result take of each operand; `None` if it is neither their rows nor one for all.
fn extents<const N: usize>(shapes: [&[u32]; N]) -> Option<[Extent; N]> {
    let outer = |shape: &[u32]| {
        let outer = shape.split_last().map_or(&[][..], |(_, outer)| outer);
        outer.iter().map(|&size| u64::from(size)).product::<u64>()
    };
    // The shapes broadcast, so an operand that has as many rows as the result has the same ones.
    let rank = shapes.first().map_or(0, |shape| shape.len());
    let size = |axis: usize| shapes.iter().map(|shape| u64::from(shape[axis])).max();
    let rows = (0..rank.saturating_sub(1))
        .filter_map(size)
        .product::<u64>();
    let mut extents = [Extent::Rows; N];
    for (extent, shape) in extents.iter_mut().zip(shapes) {
        *extent = match outer(shape) {
            own if own == rows => Extent::Rows,
            1 => Extent::All,
            _ => return None,
        };
    }
    Some(extents)
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
