//! The first nodes of a network of 16 bits that compute at 32.
//!
//! A candle moves by 0.3 % of a price: a price in 16 bits has lost its digits before the network begins.
//! So inputs stay at 32 bits until they have been compared, averaged and divided, up to the first
//! product with weights. A network that gives one number is measured as well, and further nodes follow
//! until its error is small: what is rounded to 16 bits early is wrong in everything behind it.

use super::{Goal, Integers, Network};
use crate::{
    calibrate::{Range, Ranges},
    error::CompileError,
    fixed,
    ir::{Binary, Element, Graph, Node, Op, Reduction, ValueIndex},
    lower::{Lowered, lower_behind},
    options::{InputScales, Precision},
    prescribed::is_quantised,
    progress::{Progress, Stage, Watch},
    quantise::{HEADROOM_I16, Quant, quantise},
    report::{Answers, Float},
    split::Split,
};
use fixpoint_runtime::tensor::DType;

/// What the error of a number is brought below, in deviations of the answers. A fifth of the bar of 16
/// bits: calibration samples are often chosen for their extremes, so their answers deviate more than
/// others do.
const WANTED_ERROR: f64 = 1e-3;

/// Fewest samples that answers have a deviation over.
const FEWEST_SAMPLES: usize = 16;

/// A network whose first nodes compute at 32 bits, and what its values' elements stand for behind those.
///
/// # Errors
/// [`CompileError`], one variant per cause.
pub(super) fn lowered(
    graph: &Graph,
    ranges: &Ranges,
    count: usize,
    scales: InputScales,
    saturating: &[String],
) -> Result<(Lowered, Vec<Quant>), CompileError> {
    let (rest, rest_ranges) = behind(graph, ranges, count);
    let dtypes = vec![DType::I16; graph.values.len()];
    let mut quants = quantise(&rest, &rest_ranges, &dtypes, scales);
    let lowered = lower_behind(graph, ranges, count, &rest, &quants, saturating)?;
    for node in &graph.nodes[..count] {
        // Nothing is beyond what these can stand for.
        quants[node.output].plain = true;
    }
    Ok((lowered, quants))
}

/// The nodes from one on as a graph, with what those before it give among its inputs.
fn behind(graph: &Graph, ranges: &Ranges, count: usize) -> (Graph, Ranges) {
    let (first, nodes) = graph.nodes.split_at(count);
    let read = nodes.iter().flat_map(|node| node.inputs.iter().copied());
    let mut inputs: Vec<ValueIndex> = read.chain(graph.outputs.iter().map(|&(_, v)| v)).collect();
    inputs.sort_unstable();
    inputs.dedup();
    let computed = |value: ValueIndex| nodes.iter().any(|node| node.output == value);
    inputs.retain(|&value| graph.values[value].constant.is_none() && !computed(value));
    let mut values = ranges.values.clone();
    let features = inputs.iter().map(|&value| {
        let own = graph.inputs.iter().position(|&input| input == value);
        let is_read = first.iter().any(|node| node.inputs.contains(&value));
        if let (Some(index), false) = (own, is_read) {
            return ranges.features[index].clone();
        }
        let range = &mut values[value];
        *range = Range {
            min: range.min * HEADROOM_I16,
            max: range.max * HEADROOM_I16,
        };
        let length = graph.values[value].shape.last().copied().unwrap_or(1);
        vec![*range; length]
    });
    let features = features.collect();
    let rest = Graph {
        values: graph.values.clone(),
        inputs,
        outputs: graph.outputs.clone(),
        nodes: nodes.to_vec(),
    };
    (rest, Ranges { values, features })
}

/// Products with weights, or of two computed matrices.
const fn is_product(op: &Op) -> bool {
    matches!(op, Op::Conv(_) | Op::Dense(_) | Op::MatMul)
}

/// Whether a node's rounding counts for more than what its operands were rounded by: differences, means,
/// quotients, curves.
fn compares(graph: &Graph, node: &Node) -> bool {
    let computed = |&value: &ValueIndex| graph.values[value].constant.is_none();
    graph.values[node.output].element == Element::Real
        && match &node.op {
            Op::Binary(Binary::Max | Binary::Min) => false,
            Op::Binary(_) => node.inputs.iter().all(computed),
            Op::Reduce { kind, .. } => matches!(kind, Reduction::Sum | Reduction::Mean),
            Op::Normalise(_) | Op::Unary(_) => true,
            _ => false,
        }
}

/// Nodes before the first product, if they compare what the inputs give; none if there is no product.
fn before_products(graph: &Graph) -> usize {
    let first = graph.nodes.iter().position(|node| is_product(&node.op));
    let first = first.unwrap_or(0);
    let compared = graph.nodes[..first]
        .iter()
        .any(|node| compares(graph, node));
    if compared { first } else { 0 }
}

/// How many of the first nodes are to compute at 32 bits.
///
/// # Errors
/// [`CompileError`], one variant per cause.
pub(super) fn needed(
    network: &Network<'_>,
    split: &Split,
    float: &Float<'_>,
    progress: &mut dyn Watch,
) -> Result<usize, CompileError> {
    let graph = network.graph;
    if network.options.precision != Precision::Int16 || is_quantised(graph) {
        return Ok(0);
    }
    let can = |count: usize| fixed::network::can_lower(graph, network.ranges, count);
    let least = Some(before_products(graph))
        .filter(|&count| can(count))
        .unwrap_or(0);
    let samples = if split.held.is_empty() {
        &split.calibration
    } else {
        &split.held
    };
    if samples.len() < FEWEST_SAMPLES || !gives_a_number(graph) {
        return Ok(least);
    }
    // Behind each product, and behind all.
    let products = graph.nodes.iter().enumerate().skip(least);
    let products = products.filter(|(_, node)| is_product(&node.op));
    let behind = products
        .map(|(index, _)| index + 1)
        .filter(|&count| count > least);
    let mut cuts: Vec<usize> = [least].into_iter().chain(behind).collect();
    cuts.push(graph.nodes.len());
    cuts.dedup();
    let cuts = &cuts[..cuts.partition_point(|&count| can(count))];
    let goal = Goal {
        error: WANTED_ERROR,
        samples,
        answers: &Answers::of(float, samples, progress)?,
    };
    let raised = vec![false; network.layers.list.len()];
    let mut misses = |count: usize| -> Result<bool, CompileError> {
        progress.tell(Progress {
            stage: Stage::Raise,
            done: count,
            total: graph.nodes.len(),
        })?;
        let network = Network {
            first_nodes: count,
            ..*network
        };
        let integers: Integers = network.build(&raised)?;
        Ok(goal.error_of(&network, &integers)? >= goal.error)
    };
    // The more nodes, the smaller the error: halve what is left.
    let (mut low, mut high) = (0, cuts.len().saturating_sub(1));
    if cuts.is_empty() || !misses(cuts[0])? {
        return Ok(least);
    }
    while low + 1 < high {
        let middle = low.midpoint(high);
        if misses(cuts[middle])? {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(cuts[high])
}

/// Whether a graph gives one real number and nothing else: no classes.
fn gives_a_number(graph: &Graph) -> bool {
    let is_number = |&(_, output): &(String, ValueIndex)| {
        let value = &graph.values[output];
        value.element == Element::Real && value.shape.iter().product::<usize>() == 1
    };
    graph.outputs.iter().all(is_number)
}
