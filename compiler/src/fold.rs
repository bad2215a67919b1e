//! Simplifies the float graph without changing what it computes: constants next to a convolution
//! or a fully connected layer move into its weights.
//!
//! Only exact identities live here (up to float rounding); nothing quantises.

use crate::ir::{Affine, Binary, Conv, Dense, Graph, Node, Op, Unary};

/// Folds until nothing changes.
pub fn fold(graph: &mut Graph) {
    while fold_once(graph) || fold_silu(graph) {}
}

/// Turns `x * sigmoid(x)` into one function of `x`; tells whether there was one.
fn fold_silu(graph: &mut Graph) -> bool {
    let readers = graph.readers();
    let producers = graph.producers();
    for product in 0..graph.nodes.len() {
        let &[a, b] = graph.nodes[product].inputs.as_slice() else {
            continue;
        };
        for (x, sigmoid) in [(a, b), (b, a)] {
            let Some(index) = producers[sigmoid] else {
                continue;
            };
            let node = &graph.nodes[index];
            let is_sigmoid = matches!(node.op, Op::Unary(Unary::Sigmoid)) && node.inputs == [x];
            if is_sigmoid
                && readers[sigmoid] == 1
                && matches!(graph.nodes[product].op, Op::Binary(Binary::Mul))
            {
                graph.nodes[product].op = Op::Unary(Unary::Silu);
                graph.nodes[product].inputs = vec![x];
                graph.nodes.remove(index);
                return true;
            }
        }
    }
    false
}

/// Folds one pair of neighbours; tells whether there was one.
fn fold_once(graph: &mut Graph) -> bool {
    let readers = graph.readers();
    let producers = graph.producers();
    for second in 0..graph.nodes.len() {
        let Some(first) = graph.nodes[second]
            .inputs
            .first()
            .and_then(|&value| producers[value])
        else {
            continue;
        };
        if readers[graph.nodes[first].output] != 1 {
            continue;
        }
        let merged = {
            let (before, after) = (&graph.nodes[first], &graph.nodes[second]);
            let shape = &graph.values[before.output].shape;
            merge(before, after, shape)
        };
        if let Some(op) = merged {
            let Node { name, source, .. } = graph.nodes[first].clone();
            let inputs = std::mem::take(&mut graph.nodes[first].inputs);
            let node = &mut graph.nodes[second];
            // Messages speak of the operator that does the work.
            if matches!(node.op, Op::Affine(_)) {
                (node.name, node.source) = (name, source);
            }
            node.inputs = inputs;
            node.op = op;
            graph.nodes.remove(first);
            return true;
        }
    }
    false
}

/// The one operator that does what two do, if there is one. `shape` is the tensor between them.
fn merge(first: &Node, second: &Node, shape: &[usize]) -> Option<Op> {
    match (&first.op, &second.op) {
        (Op::Conv(conv), Op::Affine(affine)) if conv.grid.is_none() => {
            let (scale, offset) = along_axis(affine, shape, 1)?;
            Some(Op::Conv(scale_outputs_conv(conv, &scale, &offset)))
        }
        (Op::Dense(dense), Op::Affine(affine)) if dense.grid.is_none() => {
            let (scale, offset) = along_axis(affine, shape, shape.len() - 1)?;
            Some(Op::Dense(scale_outputs_dense(dense, &scale, &offset)))
        }
        (Op::Affine(affine), Op::Dense(dense)) if dense.grid.is_none() => {
            let (scale, offset) = along_axis(affine, shape, shape.len() - 1)?;
            Some(Op::Dense(scale_inputs_dense(dense, &scale, &offset)))
        }
        (Op::Affine(affine), Op::Conv(conv)) if conv.grid.is_none() => {
            let (scale, offset) = along_axis(affine, shape, 1)?;
            // An offset would have to reach into the padding, which stays zero.
            let padded = conv.window.pad != [0; 4];
            if padded && offset.iter().any(|&offset| offset != 0.0) {
                return None;
            }
            Some(Op::Conv(scale_inputs_conv(conv, &scale, &offset)))
        }
        (Op::Affine(a), Op::Affine(b)) => chain(a, b, shape),
        (Op::Reshape, Op::Reshape) => Some(Op::Reshape),
        (
            Op::Clamp { low, high },
            Op::Clamp {
                low: low2,
                high: high2,
            },
        ) => Some(Op::Clamp {
            low: low.clamp(*low2, *high2),
            high: high.clamp(*low2, *high2),
        }),
        _ => None,
    }
}

/// Constants that vary along one axis at most, one pair for each index of it.
fn along_axis(affine: &Affine, shape: &[usize], axis: usize) -> Option<(Vec<f32>, Vec<f32>)> {
    let others_are_one = affine
        .shape
        .iter()
        .enumerate()
        .all(|(index, &dim)| dim == 1 || index == axis);
    if !others_are_one || affine.shape.len() != shape.len() {
        return None;
    }
    let spread = |values: &[f32]| (0..shape[axis]).map(|i| values[i % values.len()]).collect();
    Some((spread(&affine.scale), spread(&affine.offset)))
}

fn scale_outputs_conv(conv: &Conv, scale: &[f32], offset: &[f32]) -> Conv {
    let per_output = conv.weights.len() / conv.output_channels;
    let mut conv = conv.clone();
    for (output, weights) in conv.weights.chunks_mut(per_output).enumerate() {
        weights
            .iter_mut()
            .for_each(|weight| *weight *= scale[output]);
        conv.bias[output] = conv.bias[output] * scale[output] + offset[output];
    }
    conv
}

fn scale_outputs_dense(dense: &Dense, scale: &[f32], offset: &[f32]) -> Dense {
    let mut dense = dense.clone();
    for (output, weights) in dense.weights.chunks_mut(dense.inputs).enumerate() {
        weights
            .iter_mut()
            .for_each(|weight| *weight *= scale[output]);
        dense.bias[output] = dense.bias[output] * scale[output] + offset[output];
    }
    dense
}

fn scale_inputs_dense(dense: &Dense, scale: &[f32], offset: &[f32]) -> Dense {
    let mut dense = dense.clone();
    for (output, weights) in dense.weights.chunks_mut(dense.inputs).enumerate() {
        let mut bias = f64::from(dense.bias[output]);
        for (input, weight) in weights.iter_mut().enumerate() {
            bias += f64::from(*weight) * f64::from(offset[input]);
            *weight *= scale[input];
        }
        dense.bias[output] = bias as f32;
    }
    dense
}

fn scale_inputs_conv(conv: &Conv, scale: &[f32], offset: &[f32]) -> Conv {
    let per_output = conv.weights.len() / conv.output_channels;
    let area = conv.window.kernel[0] * conv.window.kernel[1];
    let group_channels = per_output / area;
    let outputs_per_group = conv.output_channels / conv.groups;
    let mut conv = conv.clone();
    for (output, weights) in conv.weights.chunks_mut(per_output).enumerate() {
        let first_channel = output / outputs_per_group * group_channels;
        let mut bias = f64::from(conv.bias[output]);
        for (index, weight) in weights.iter_mut().enumerate() {
            let channel = first_channel + index / area;
            bias += f64::from(*weight) * f64::from(offset[channel]);
            *weight *= scale[channel];
        }
        conv.bias[output] = bias as f32;
    }
    conv
}

/// Two affine maps in a row, if one's constants fit into the other's shape.
fn chain(a: &Affine, b: &Affine, shape: &[usize]) -> Option<Op> {
    let larger: Vec<usize> = a
        .shape
        .iter()
        .zip(&b.shape)
        .map(|(&x, &y)| x.max(y))
        .collect();
    let elements: usize = larger.iter().product();
    // Two long vectors along different axes would become a whole tensor of constants.
    if a.shape.len() != shape.len() || elements > a.scale.len().max(b.scale.len()) {
        return None;
    }
    let spread = |values: &[f32]| -> Vec<f32> {
        (0..elements)
            .map(|index| values[index % values.len()])
            .collect()
    };
    if (a.scale.len() != 1 && a.scale.len() != elements)
        || (b.scale.len() != 1 && b.scale.len() != elements)
    {
        return None;
    }
    let (scale_a, offset_a) = (spread(&a.scale), spread(&a.offset));
    let (scale_b, offset_b) = (spread(&b.scale), spread(&b.offset));
    let scale = scale_a.iter().zip(&scale_b).map(|(x, y)| x * y).collect();
    let offset = (0..elements)
        .map(|i| offset_a[i] * scale_b[i] + offset_b[i])
        .collect();
    Some(Op::Affine(Affine {
        shape: larger,
        scale,
        offset,
    }))
}
