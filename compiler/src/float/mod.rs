//! The graph in floating point: what calibration measures, what constants fold with, and what the
//! lowered model is compared with.
//!
//! Plain loops in double precision; one file per family of operators.

mod elementwise;
mod matrix;
mod movement;
mod rows;
mod window;

use crate::ir::{Element, Graph, Node, Op, Tensor, ValueIndex};

/// Values of a graph in one run: those of inputs and nodes.
#[derive(Debug)]
pub struct Run {
    values: Vec<Option<Tensor>>,
}

impl Run {
    /// A value that is an input or computed.
    pub fn get(&self, value: ValueIndex) -> Option<&Tensor> {
        self.values[value].as_ref()
    }
}

/// Runs a graph: one flat tensor per input, in declared order.
pub fn run(graph: &Graph, inputs: &[Vec<f32>]) -> Run {
    let mut values: Vec<Option<Tensor>> = vec![None; graph.values.len()];
    for (&input, elements) in graph.inputs.iter().zip(inputs) {
        let value = &graph.values[input];
        let elements = elements.iter().map(|&x| f64::from(x)).collect();
        values[input] = Some(Tensor::of(value.element, &value.shape, elements));
    }
    for node in &graph.nodes {
        let tensor = computed(graph, node, |value| values[value].as_ref());
        values[node.output] = Some(tensor);
    }
    Run { values }
}

/// A run with other tensors in the place of some values: what depends on them is computed anew,
/// the rest is as in the run `before`. Holds the tensors that differ.
pub fn rerun(graph: &Graph, before: &Run, replaced: Vec<(ValueIndex, Tensor)>) -> Run {
    let mut values: Vec<Option<Tensor>> = vec![None; graph.values.len()];
    for (value, tensor) in replaced {
        values[value] = Some(tensor);
    }
    for node in &graph.nodes {
        let changed = node.inputs.iter().any(|&input| values[input].is_some());
        if changed && values[node.output].is_none() {
            let tensor = computed(graph, node, |value| {
                values[value].as_ref().or(before.get(value))
            });
            values[node.output] = Some(tensor);
        }
    }
    Run { values }
}

/// What a node computes from values that are known, and from constants.
fn computed<'a>(
    graph: &'a Graph,
    node: &Node,
    known: impl Fn(ValueIndex) -> Option<&'a Tensor>,
) -> Tensor {
    let constant = |value: ValueIndex| graph.values[value].constant.as_deref();
    let operands: Vec<&Tensor> = node
        .inputs
        .iter()
        .filter_map(|&input| known(input).or(constant(input)))
        .collect();
    let output = &graph.values[node.output];
    apply(&node.op, &operands, &output.shape, output.element)
}

/// One operator on its operands; the output has this shape and these elements.
///
/// # Panics
/// If shapes do not fit each other: [`crate::ir::build`] has seen to it that they do.
pub fn apply(op: &Op, operands: &[&Tensor], shape: &[usize], element: Element) -> Tensor {
    let first = operands[0];
    let elements = match op {
        Op::Conv(conv) => window::conv(conv, first, shape),
        Op::MaxPool(window) => window::pool(window, first, shape, true),
        Op::AveragePool(window) => window::pool(window, first, shape, false),
        Op::Dense(dense) => matrix::dense(dense, first),
        Op::MatMul => matrix::matmul(first, operands[1]),
        Op::Reduce { kind, axes } => rows::reduce(*kind, axes, first),
        Op::Softmax { axis } => rows::softmax(*axis, first),
        Op::Normalise(normalise) => rows::normalise(*normalise, first),
        Op::ArgMax { axis } => rows::argmax(*axis, first),
        Op::Binary(binary) => {
            let cut = element == Element::Integer;
            elementwise::pair(first, operands[1], shape, |a, b| {
                let value = binary.apply(a, b);
                if cut { value.trunc() } else { value }
            })
        }
        Op::Compare(comparison) => elementwise::pair(first, operands[1], shape, |a, b| {
            f64::from(comparison.holds(a, b))
        }),
        Op::Logical(logical) => elementwise::pair(first, operands[1], shape, |a, b| {
            f64::from(logical.apply(a != 0.0, b != 0.0))
        }),
        Op::Select => elementwise::select([first, operands[1], operands[2]], shape),
        Op::Affine(affine) => elementwise::affine(affine, first),
        Op::Clamp { low, high } => elementwise::each(first, |x| x.max(*low).min(*high)),
        Op::Unary(unary) => elementwise::each(first, |x| unary.apply(x)),
        Op::Not => elementwise::each(first, |x| f64::from(x == 0.0)),
        Op::Cast => elementwise::each(first, |x| match element {
            Element::Real => x,
            Element::Integer => x.trunc(),
            Element::Boolean => f64::from(x != 0.0),
        }),
        Op::Quantise(grid) => elementwise::each(first, |x| grid.real(grid.code(x))),
        Op::Decode(grid) => elementwise::each(first, |x| {
            let (min, max) = grid.code.limits();
            grid.real(x.clamp(f64::from(min), f64::from(max)))
        }),
        Op::Encode(grid) => elementwise::each(first, |x| grid.code(x)),
        Op::Reshape | Op::Convert => first.elements.clone(),
        Op::Broadcast => movement::broadcast(first, shape),
        Op::Transpose { permutation } => movement::transpose(permutation, first, shape),
        Op::Concat { axis } => movement::concat(*axis, operands),
        Op::Slice { start } => movement::slice(start, first, shape),
        Op::Pad { padding, value } => movement::pad(padding, *value, first, shape),
        Op::Gather { axis } => movement::gather(*axis, first, operands[1]),
    };
    Tensor::of(element, shape, elements)
}
