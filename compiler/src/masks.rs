//! Masks of attention: minus infinity, or numbers that stand for it, added to scores before a softmax.
//!
//! Such elements are nothing that a scale must reach: the softmax of any that is far enough below its
//! row is 0. They get a place just below everything else, where they saturate.

use crate::{
    calibrate::Range,
    ir::{Binary, Element, Graph, Op, Tensor, ValueIndex},
};

/// From here down a number that goes into a softmax is meant as minus infinity: exporters write
/// -10,000, -1e9 or the lowest float.
const MASKED: f64 = -5e3;
/// How far below all others masked elements are put: `e^-12` is less than half a 16-bit step of 1.
const DISTANCE: f64 = 12.0;

/// Whether a constant hides some elements of what it is added to, and leaves others.
pub(crate) fn is_mask(constant: &Tensor) -> bool {
    let mut elements = constant.elements.iter();
    elements.any(|&x| x < MASKED) && constant.elements.iter().any(|&x| x >= MASKED)
}

/// Which values hold masked elements: constants, and what they make of scores.
pub(crate) fn masked(graph: &Graph) -> Vec<bool> {
    let mut softened = vec![false; graph.values.len()];
    for node in graph.nodes.iter().rev() {
        let reaches = softened[node.output];
        for &input in passed_on(&node.op, &node.inputs) {
            softened[input] |= reaches;
        }
        if let Op::Softmax { .. } = node.op {
            softened[node.inputs[0]] = true;
        }
    }
    let mut masked = vec![false; graph.values.len()];
    for (index, value) in graph.values.iter().enumerate() {
        let real = value.element == Element::Real && softened[index];
        let elements = value.constant.as_ref().filter(|_| real);
        masked[index] = elements.is_some_and(|tensor| tensor.elements.iter().any(|&x| x < MASKED));
    }
    for node in &graph.nodes {
        let mut inputs = passed_on(&node.op, &node.inputs).iter();
        masked[node.output] = inputs.any(|&input| masked[input]);
    }
    masked
}

/// Operands whose masked elements are masked in the result.
fn passed_on<'a>(op: &Op, inputs: &'a [ValueIndex]) -> &'a [ValueIndex] {
    match op {
        Op::Binary(Binary::Add) | Op::Concat { .. } => inputs,
        Op::Select => &inputs[1..],
        op if op.picks() => &inputs[..1],
        _ => &[],
    }
}

/// Elements that are not masked.
pub(crate) fn seen(elements: &[f64]) -> impl Iterator<Item = f64> {
    elements.iter().copied().filter(|&x| x >= MASKED)
}

/// Gives masked elements a place in the ranges, which are those of all others so far.
pub(crate) fn make_room(graph: &Graph, masked: &[bool], ranges: &mut [Range]) {
    let before = ranges.to_vec();
    for (value, range) in ranges.iter_mut().enumerate() {
        if masked[value] && graph.values[value].constant.is_none() {
            range.min -= DISTANCE;
        }
    }
    for node in &graph.nodes {
        for &constant in passed_on(&node.op, &node.inputs) {
            if !masked[constant] || graph.values[constant].constant.is_none() {
                continue;
            }
            let others = node.inputs.iter().filter(|&&input| input != constant);
            let lowest = others.fold(before[node.output].min, |lowest, &other| {
                lowest.min(before[other].min - before[other].max)
            });
            let range = &mut ranges[constant];
            range.min = range.min.min(lowest - DISTANCE);
        }
    }
}
