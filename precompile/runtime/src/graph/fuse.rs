//! Operators that one step runs: a convolution with its RESCALE and CLAMP, a RESCALE with its CLAMP.
//!
//! They stand next to each other, and nothing else reads what they hand on. All but the first cannot fail,
//! so which operator is reported does not change.

use crate::{
    kernels::Isa,
    model::{Model, ValidModel, format::ValueId},
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

    /// The operator behind this one, if it alone reads what this one writes, as its first operand.
    fn next<'a>(&self, graph: &'a Model, operator: usize) -> Option<&'a Operator> {
        let value = graph.inputs.len() + graph.constants.len() + operator;
        let next = graph.operators.get(operator + 1)?;
        let reads = next.operands().first() == Some(&(value as ValueId));
        (reads && self.0[value] == 1).then_some(next)
    }
}

/// The step of an operator and of those behind it that it can run too, if there are any.
pub(super) fn fused(
    model: &ValidModel,
    readers: &Readers,
    operator: usize,
    isa: Isa,
) -> Option<Step> {
    let graph = model.model();
    if let Operator::Rescale(rescale) = &graph.operators[operator] {
        let bounds = bounds_behind(rescale, readers.next(graph, operator))?;
        let step = rescale.clamped_step(isa, Some(bounds)).ok()?;
        return Some(step.running(2));
    }
    let Some(Operator::Rescale(rescale)) = readers.next(graph, operator) else {
        return None;
    };
    let bounds = bounds_behind(rescale, readers.next(graph, operator + 1));
    let narrowing = rescale.narrowing(bounds)?;
    if !narrowing.suits(isa) {
        return None;
    }
    let values = model.values();
    let numbers = graph.operators[operator].operands();
    let operands: Vec<Operand<'_>> = numbers.iter().map(|&value| values.operand(value)).collect();
    let operation = graph.operators[operator].operation();
    let step = operation.prepare_narrowed(&operands, isa, &narrowing)?;
    Some(step.running(if bounds.is_some() { 3 } else { 2 }))
}

/// What a CLAMP behind a RESCALE clamps to, as the RESCALE may do it.
fn bounds_behind(rescale: &Rescale, next: Option<&Operator>) -> Option<(i32, i32)> {
    match next {
        Some(Operator::Clamp(clamp)) if !rescale.output_unsigned && rescale.to != DType::I32 => {
            Some((clamp.min.0, clamp.max.0))
        }
        _ => None,
    }
}
