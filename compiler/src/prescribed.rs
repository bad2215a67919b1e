//! Already quantised models: their integers become those of the operators before them, and what
//! their scales leave open is bounded without samples.

use crate::{
    calibrate::{Range, Ranges, constant_range},
    error::CompileError,
    ir::{Binary, Element, Graph, Grid, Node, Op, Reduction, ValueIndex},
};

/// Points at which a function is looked at to bound it.
const POINTS: usize = 1024;

/// Whether the model prescribes integers.
pub(crate) fn is_quantised(graph: &Graph) -> bool {
    graph
        .nodes
        .iter()
        .any(|node| matches!(node.op, Op::Quantise(_) | Op::Decode(_) | Op::Encode(_)))
        || graph
            .inputs
            .iter()
            .any(|&input| graph.values[input].grid.is_some())
}

/// Lets operators whose result is only quantised write the prescribed integers themselves.
pub(crate) fn absorb(graph: &mut Graph) {
    let mut index = 0;
    while index < graph.nodes.len() {
        let node = graph.nodes[index].clone();
        if let Op::Quantise(grid) = node.op
            && takes(graph, node.inputs[0], &grid)
        {
            let (x, output) = (node.inputs[0], node.output);
            graph.values[x].grid = Some(grid);
            graph.nodes.remove(index);
            replace(graph, output, x);
        } else {
            index += 1;
        }
    }
}

/// Whether a value can have these integers: nothing else reads it, or reads it as others.
fn takes(graph: &Graph, value: ValueIndex, grid: &Grid) -> bool {
    let own = &graph.values[value];
    if own.element != Element::Real || own.constant.is_some() {
        return false;
    }
    if own.grid.is_some() {
        return own.grid == Some(*grid);
    }
    let returned = graph.outputs.iter().any(|&(_, output)| output == value);
    let only_quantised = graph.nodes.iter().all(|node| {
        !node.inputs.contains(&value) || matches!(node.op, Op::Quantise(other) if other == *grid)
    });
    if returned || !only_quantised {
        return false;
    }
    match graph.nodes.iter().find(|node| node.output == value) {
        None => graph.inputs.contains(&value),
        Some(node) => writes_any(graph, node, grid),
    }
}

/// Whether an operator writes whatever integers are wanted.
fn writes_any(graph: &Graph, node: &Node, grid: &Grid) -> bool {
    match &node.op {
        Op::Conv(_)
        | Op::Dense(_)
        | Op::MatMul
        | Op::Binary(_)
        | Op::Affine(_)
        | Op::Unary(_)
        | Op::Softmax { .. }
        | Op::Normalise(_)
        | Op::Select
        | Op::Pad { .. }
        | Op::Cast
        | Op::Concat { .. } => true,
        Op::Reduce { kind, .. } => !kind.picks(),
        // Windows over padding are means of fewer elements.
        Op::AveragePool(window) => window.pad == [0; 4] && grid.code.bits() == 8,
        // A clamp works in the scale that its operand is written in.
        Op::Clamp { .. } => {
            let x = node.inputs[0];
            let alone = graph.readers()[x] == 1 && graph.values[x].grid.is_none();
            let producer = graph.nodes.iter().find(|other| other.output == x);
            alone && producer.is_some_and(|node| crate::quantise::chooses_its_scale(&node.op))
        }
        _ => false,
    }
}

fn replace(graph: &mut Graph, from: ValueIndex, to: ValueIndex) {
    for node in &mut graph.nodes {
        for input in &mut node.inputs {
            if *input == from {
                *input = to;
            }
        }
    }
    for (_, output) in &mut graph.outputs {
        if *output == from {
            *output = to;
        }
    }
}

/// A range, and whether it is one that values come near to: sums of products have bounds that they
/// never reach.
#[derive(Clone, Copy)]
struct Bound {
    range: Range,
    tight: bool,
}

/// What every value can be, from the prescribed integers alone, and for which that is too wide to
/// choose integers by.
///
/// # Errors
/// [`CompileError::NoCalibration`] if the model prescribes none, or an input has none.
pub(crate) fn declared(graph: &Graph) -> Result<(Ranges, Vec<bool>), CompileError> {
    let unknown = Bound {
        range: Range { min: 0.0, max: 0.0 },
        tight: true,
    };
    let mut bounds: Vec<Bound> = graph
        .values
        .iter()
        .map(|value| {
            let range = constant_range(value).or_else(|| value.grid.map(|grid| grid.range()));
            Bound {
                range: range.unwrap_or(unknown.range),
                tight: true,
            }
        })
        .collect();
    for &input in &graph.inputs {
        let value = &graph.values[input];
        if value.element == Element::Real && value.grid.is_none() {
            return Err(CompileError::NoCalibration);
        }
    }
    if !is_quantised(graph) {
        return Err(CompileError::NoCalibration);
    }
    for node in &graph.nodes {
        let output = &graph.values[node.output];
        if output.element == Element::Real && output.grid.is_none() {
            bounds[node.output] = bound(graph, node, &bounds);
        }
    }
    let feature = |&input: &ValueIndex| {
        let count = graph.values[input].shape.last().copied().unwrap_or(1);
        vec![bounds[input].range; count]
    };
    let ranges = Ranges {
        values: bounds.iter().map(|bound| bound.range).collect(),
        features: graph.inputs.iter().map(feature).collect(),
    };
    Ok((ranges, bounds.iter().map(|bound| !bound.tight).collect()))
}

/// What an operator's result can be.
fn bound(graph: &Graph, node: &Node, bounds: &[Bound]) -> Bound {
    let operand = |index: usize| bounds[node.inputs[index]];
    let first = operand(0);
    let tight = node.inputs.iter().all(|&input| bounds[input].tight);
    let corners = |values: &[f64], tight| Bound {
        range: hull(values),
        tight,
    };
    let Range { min, max } = first.range;
    match &node.op {
        op if op.picks() => first,
        Op::AveragePool(_) => first,
        Op::Pad { value, .. } => corners(&[min, max, *value], first.tight),
        Op::Concat { .. } | Op::Select => {
            let skipped = usize::from(matches!(node.op, Op::Select));
            let ends = node.inputs[skipped..].iter();
            let ends: Vec<f64> = ends
                .flat_map(|&input| [bounds[input].range.min, bounds[input].range.max])
                .collect();
            corners(&ends, tight)
        }
        Op::Clamp { low, high } => corners(
            &[min.max(*low).min(*high), max.max(*low).min(*high)],
            first.tight,
        ),
        Op::Unary(unary) => {
            let at = |index: usize| unary.apply(min + (max - min) * index as f64 / POINTS as f64);
            let values = (0..=POINTS).map(at).filter(|value| value.is_finite());
            corners(&values.collect::<Vec<_>>(), first.tight)
        }
        Op::Softmax { .. } => corners(&[0.0, 1.0], true),
        Op::Binary(binary) => {
            let other = operand(1).range;
            let straddles = other.min <= 0.0 && other.max >= 0.0;
            let values = [min, max].map(|a| [other.min, other.max].map(|b| binary.apply(a, b)));
            let divides = *binary == Binary::Div;
            corners(values.as_flattened(), tight && !(divides && straddles))
        }
        Op::Affine(affine) => {
            let ends = affine
                .scale
                .iter()
                .zip(&affine.offset)
                .flat_map(|(&scale, &offset)| {
                    [min, max].map(|x| x * f64::from(scale) + f64::from(offset))
                });
            corners(&ends.collect::<Vec<_>>(), first.tight)
        }
        Op::Reduce { kind, axes } => {
            let shape = &graph.values[node.inputs[0]].shape;
            let length: usize = axes.iter().map(|&axis| shape[axis]).product();
            match kind {
                Reduction::Sum => corners(&[min * length as f64, max * length as f64], false),
                _ => first,
            }
        }
        Op::Normalise(_) => {
            let last = graph.values[node.inputs[0]].shape.last();
            let length = last.copied().unwrap_or(1);
            let root = (length as f64).sqrt();
            corners(&[-root, root], length <= 16)
        }
        Op::Conv(conv) => sums(&conv.weights, &conv.bias, first.range),
        Op::Dense(dense) => sums(&dense.weights, &dense.bias, first.range),
        _ => Bound {
            range: first.range,
            tight: false,
        },
    }
}

/// What rows of weights can add up to.
fn sums(weights: &[f32], bias: &[f32], input: Range) -> Bound {
    let per_row = weights.len() / bias.len().max(1);
    let rows = weights
        .chunks(per_row.max(1))
        .zip(bias)
        .flat_map(|(row, &bias)| {
            let total: f64 = row.iter().map(|&weight| f64::from(weight).abs()).sum();
            let reach = total * input.magnitude();
            [f64::from(bias) - reach, f64::from(bias) + reach]
        });
    Bound {
        range: hull(&rows.collect::<Vec<_>>()),
        tight: false,
    }
}

fn hull(values: &[f64]) -> Range {
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if min > max {
        Range { min: 0.0, max: 0.0 }
    } else {
        Range { min, max }
    }
}
