//! What element-wise operators of several operands share: types, broadcasting, work, and the step.

use super::{
    operation::{Compute, Extent, Inferred, Operand, Step},
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
        runs: rows_met([a.shape(), b.shape()]),
        ..Work::default()
    };
    Ok(Inferred::new(output, work))
}

/// Rows that operands of these shapes meet in: pieces of memory that are gone through one after another.
pub(crate) fn rows_met<const N: usize>(shapes: [&[u32]; N]) -> u64 {
    Broadcast::of(shapes).map_or(0, |shape| shape.rows() as u64)
}

/// An operator that computes each element from those of `N` operands that meet there.
pub(crate) trait Pointwise<const N: usize = 2>: Send + Sync + 'static {
    /// Computes all of them. Implementations are `#[inline(always)]`, as in [`Compute`].
    fn compute(&self, shape: &Broadcast<N>, reads: [View<'_>; N], out: ViewMut<'_>)
    -> KernelResult;
}

/// The step of an operator of two operands.
pub(crate) fn pair_step(
    operands: &[Operand<'_>],
    isa: Isa,
    operator: impl Pointwise,
) -> Result<Step, KernelError> {
    let [a, b] = exactly(operands).map_err(|_| KernelError::Shape)?;
    broadcast_step([a.shape(), b.shape()], isa, operator)
}

/// The step of an operator of `N` operands.
pub(crate) fn broadcast_step<const N: usize>(
    shapes: [&[u32]; N],
    isa: Isa,
    operator: impl Pointwise<N>,
) -> Result<Step, KernelError> {
    let extents = extents(shapes);
    let row_sizes = shapes.map(|shape| shape.last().map_or(1, |&size| size as usize));
    let step = Step::compiled(
        isa,
        N,
        Meeting {
            operator,
            whole: Broadcast::of(shapes).ok_or(KernelError::Shape)?,
            own_rows: extents.map(|extents| extents.map(|extent| extent == Extent::Rows)),
            row_sizes,
            columns: row_sizes.into_iter().fold(1, usize::max),
        },
    );
    Ok(match extents {
        Some(extents) => step.by_rows(&extents),
        None => step,
    })
}

/// A [`Pointwise`] operator and how its operands meet.
struct Meeting<P, const N: usize> {
    operator: P,
    whole: Broadcast<N>,
    /// Which operands have the rows of the result, if rows can be computed alone; others have one row.
    own_rows: Option<[bool; N]>,
    /// Elements of each operand's rows, and of the result's.
    row_sizes: [usize; N],
    columns: usize,
}

impl<P: Pointwise<N>, const N: usize> Compute for Meeting<P, N> {
    #[inline(always)]
    fn compute(&self, reads: &[View<'_>], out: ViewMut<'_>) -> KernelResult {
        let reads = <[View<'_>; N]>::try_from(reads).map_err(|_| KernelError::Shape)?;
        let rows = out.len() / self.columns;
        let block;
        let shape = match self.own_rows {
            Some(own_rows) if out.len() != self.whole.elements() => {
                block = Broadcast::of_rows([rows, self.columns], own_rows, self.row_sizes);
                &block
            }
            _ => &self.whole,
        };
        self.operator.compute(shape, reads, out)
    }
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
