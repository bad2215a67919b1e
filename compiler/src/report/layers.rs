//! What each layer of a model is, costs and does to its accuracy.

use crate::{
    ir::{Graph, ValueIndex},
    precision::{Integers, LayerError, Network},
};
use fixpoint_runtime::{
    model::ValidModel,
    work::{WORK_CLASS_NAMES, WORK_CLASSES, Work},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// A layer of the source model, or operators of one kind in a row where the source has no layers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LayerReport {
    /// Its name in the source model.
    pub name: String,
    /// The operators that it consists of.
    pub operators: String,
    /// Width of its integers; nothing where a model came with its integers.
    pub precision: Option<&'static str>,
    /// Shape of its result.
    pub shape: Vec<usize>,
    /// Layers that it reads, by their index in the list.
    pub reads: Vec<usize>,
    /// Inputs of the model that it reads.
    pub inputs: Vec<String>,
    /// Outputs of the model that it computes.
    pub outputs: Vec<String>,
    /// Learned constants.
    pub parameters: usize,
    /// Multiply-accumulates of one inference.
    pub macs: u64,
    /// Work of one inference by class, classes without any left out.
    pub work: BTreeMap<&'static str, u64>,
    /// What that work costs, in gas, if prices are known.
    pub gas: Option<f64>,
    /// Smallest and largest value of its result over the calibration samples.
    pub range: Option<[f64; 2]>,
    /// Smallest and largest value that the result's integers can stand for.
    pub representable: Option<[f64; 2]>,
    /// Share of its results beyond that, where it was measured.
    pub saturated: Option<f64>,
    /// Error that its integers add to the model's outputs, everything else in floating point: the root
    /// mean square in standard deviations of the float model's answers (of integers, the share that
    /// differs), where it was measured.
    pub error: Option<f64>,
    /// The same at 8 bits, of a layer that was raised to 16.
    pub error_int8: Option<f64>,
}

/// Work by class, classes without any left out.
pub(super) fn by_class(work: &Work) -> BTreeMap<&'static str, u64> {
    let classes = WORK_CLASS_NAMES.into_iter().zip(work.to_array());
    classes.filter(|&(_, count)| count > 0).collect()
}

/// What work costs, in gas: without rounding, which a call does once for its sum.
pub(crate) fn gas(work: &Work, prices: &[u64; WORK_CLASSES]) -> f64 {
    let each = work.to_array().into_iter().zip(prices);
    let milligas: f64 = each
        .map(|(count, &price)| count as f64 * price as f64)
        .sum();
    milligas / 1000.0
}

impl LayerReport {
    fn add_work(&mut self, work: &Work, prices: Option<&[u64; WORK_CLASSES]>) {
        self.macs = work.macs();
        self.work = by_class(work);
        self.gas = prices.map(|prices| gas(work, prices));
    }
}

/// Layers of a network.
pub(crate) fn of_network(
    network: &Network<'_>,
    integers: &Integers,
    raised: &[bool],
    errors: &[Option<LayerError>],
    errors_int8: &[Option<LayerError>],
) -> Vec<LayerReport> {
    let (graph, layers) = (network.graph, network.layers);
    let producers = graph.producers();
    let mut work = vec![Work::default(); layers.list.len()];
    for (of, layer) in integers.model.operator_work().iter().zip(&integers.layers) {
        // What only returns an input is nobody's.
        if let Some(layer) = layer {
            work[*layer].add(of);
        }
    }
    let report = |(index, layer): (usize, &crate::precision::Layer)| {
        let (reads, results) = (layers.reads(graph, index), layers.results(graph, index));
        let mut before: Vec<usize> = reads
            .iter()
            .filter_map(|&value| producers[value].map(|node| layers.of_node[node]))
            .collect();
        before.sort_unstable();
        before.dedup();
        let result = results.last().copied();
        let quant = result.and_then(|value| integers.quants.get(value));
        let range = result.map(|value| network.ranges.values[value]);
        let measured = errors.get(index).copied().flatten();
        let mut report = LayerReport {
            name: layer.name.clone(),
            operators: operators(&layer.operators),
            precision: network.precision_of(layer, raised[index]),
            shape: result.map_or_else(Vec::new, |value| graph.values[value].shape.clone()),
            reads: before,
            inputs: names(
                reads.iter().filter(|value| graph.inputs.contains(value)),
                graph,
            ),
            outputs: returned(graph, &results),
            parameters: graph.parameters_of(layer.nodes.iter().map(|&node| &graph.nodes[node])),
            range: range.map(|range| [range.min, range.max]),
            representable: quant.and_then(crate::quantise::Quant::limits),
            saturated: measured.map(|measured| measured.saturated),
            error: measured.map(|measured| measured.error),
            error_int8: errors_int8
                .get(index)
                .copied()
                .flatten()
                .filter(|_| raised[index])
                .map(|measured| measured.error),
            ..LayerReport::default()
        };
        report.add_work(&work[index], network.options.prices.as_ref());
        report
    };
    layers.list.iter().enumerate().map(report).collect()
}

/// Operators of a layer, each named once.
fn operators(all: &[String]) -> String {
    let mut each: Vec<&str> = Vec::new();
    for operator in all {
        if each.last() != Some(&operator.as_str()) {
            each.push(operator);
        }
    }
    each.join(", ")
}

fn names<'a>(values: impl Iterator<Item = &'a ValueIndex>, graph: &Graph) -> Vec<String> {
    values
        .map(|&value| graph.values[value].name.clone())
        .collect()
}

fn returned(graph: &Graph, results: &[ValueIndex]) -> Vec<String> {
    let outputs = graph
        .outputs
        .iter()
        .filter(|(_, value)| results.contains(value));
    outputs.map(|(name, _)| name.clone()).collect()
}

/// Operators of one kind in a row, of a model without layers of its own.
pub(crate) fn of_operators(
    model: &ValidModel,
    prices: Option<&[u64; WORK_CLASSES]>,
) -> Vec<LayerReport> {
    let content = model.model();
    let first_output = content.inputs.len() + content.constants.len();
    let mut reports: Vec<LayerReport> = Vec::new();
    let mut works: Vec<Work> = Vec::new();
    let mut counts: Vec<usize> = Vec::new();
    let mut of_operator = Vec::new();
    for (index, (operator, work)) in content
        .operators
        .iter()
        .zip(model.operator_work())
        .enumerate()
    {
        let name = operator.name();
        if reports.last().is_none_or(|last| last.operators != name) {
            reports.push(LayerReport {
                name: name.to_owned(),
                operators: name.to_owned(),
                ..LayerReport::default()
            });
            works.push(Work::default());
            counts.push(0);
        }
        let last = reports.len() - 1;
        of_operator.push(last);
        works[last].add(work);
        counts[last] += 1;
        let report = &mut reports[last];
        let shape = model.value_types()[first_output + index].shape.iter();
        report.shape = shape.map(|&dim| dim as usize).collect();
        for operand in operator.operands() {
            let operand = usize::from(operand);
            if let Some(before) = operand
                .checked_sub(first_output)
                .map(|before| of_operator[before])
                && before != last
                && !report.reads.contains(&before)
            {
                report.reads.push(before);
            }
            if let Some(input) = content.inputs.get(operand) {
                let name = String::from_utf8_lossy(&input.name).into_owned();
                if !report.inputs.contains(&name) {
                    report.inputs.push(name);
                }
            }
        }
    }
    for output in content.outputs.iter() {
        let name = String::from_utf8_lossy(&output.name).into_owned();
        reports[of_operator[usize::from(output.value) - first_output]]
            .outputs
            .push(name);
    }
    for ((report, work), count) in reports.iter_mut().zip(&works).zip(counts) {
        report.reads.sort_unstable();
        report.add_work(work, prices);
        if count > 1 {
            report.operators = format!("{} x{count}", report.operators);
        }
    }
    reports
}
