//! Operators that one step runs: a convolution with its RESCALE and CLAMP, a RESCALE with its CLAMP.
//!
//! They stand next to each other, and nothing else reads what they hand on. All but the first cannot fail,
//! so which operator is reported does not change.

use crate::{
    kernels::Isa,
    model::{ValidModel, format::ValueId},
    ops::{
        Operator,
        operation::{Operand, Step},
        rescale::Rescale,
    },
    tensor::DType,
};
use alloc::{vec, vec::Vec};

/// How often the values of a model are read, its own outputs counted.
pub(super) struct Readers(Vec<u32>);

impl Readers {
    pub(super) fn of(model: &ValidModel) -> Self {
        let graph = model.model();
        let mut counts = vec![0; model.values().len()];
        let operands = graph.operators.iter().flat_map(Operator::operands);
        for value in operands.chain(graph.outputs.iter().map(|output| output.value)) {
            counts[usize::from(value)] += 1;
        }
        Self(counts)
    }

    /// The operator behind this one, if it alone reads what this one writes, as its first operand; and its
    /// index. Aliases between them are passed over.
    fn next<'a>(&self, model: &'a ValidModel, operator: usize) -> Option<(usize, &'a Operator)> {
        let graph = model.model();
        let first_output = graph.inputs.len() + graph.constants.len();
        for (at, next) in graph.operators.iter().enumerate().skip(operator + 1) {
            let value = (first_output + at - 1) as ValueId;
            if next.operands().first() != Some(&value) || self.0[usize::from(value)] != 1 {
                return None;
            }
            if model.values().alias(value + 1).is_none() {
                return Some((at, next));
            }
        }
        None
    }
}

/// The step of an operator and of those behind it that it can run too, if there are any.
pub(super) fn fused(
    model: &ValidModel,
    readers: &Readers,
    operator: usize,
    isa: Isa,
) -> Option<Step> {
    if let Operator::Rescale(rescale) = &model.model().operators[operator] {
        let (last, bounds) = bounds_behind(rescale, readers.next(model, operator))?;
        let from = model.values().operand(rescale.input).dtype();
        let step = rescale.clamped_step(from, isa, Some(bounds)).ok()?;
        return Some(step.running(last + 1 - operator));
    }
    let Some((at, Operator::Rescale(rescale))) = readers.next(model, operator) else {
        return None;
    };
    let clamp = bounds_behind(rescale, readers.next(model, at));
    let narrowing = rescale.narrowing(clamp.map(|(_, bounds)| bounds))?;
    if !narrowing.suits(isa) {
        return None;
    }
    let values = model.values();
    let source = &model.model().operators[operator];
    let numbers = source.operands();
    let operands: Vec<Operand<'_>> = numbers.iter().map(|&value| values.operand(value)).collect();
    let step = source
        .operation()
        .prepare_narrowed(&operands, isa, &narrowing)?;
    let last = clamp.map_or(at, |(last, _)| last);
    Some(step.running(last + 1 - operator))
}

/// The index of a CLAMP behind a RESCALE, and what it clamps to, as the RESCALE may do it.
fn bounds_behind(
    rescale: &Rescale,
    next: Option<(usize, &Operator)>,
) -> Option<(usize, (i32, i32))> {
    match next {
        Some((at, Operator::Clamp(clamp)))
            if !rescale.output_unsigned && rescale.to != DType::I32 =>
        {
            Some((at, (clamp.min.0, clamp.max.0)))
        }
        _ => None,
    }
}
