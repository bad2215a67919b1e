//! The error that each layer adds: the layer in integers, as the runtime computes it, everything else
//! in floating point.
//!
//! A layer's error is that of rounding what it reads and its weights. What it writes is rounded where
//! it is read, and counted there; that of what the model returns, and of what an operator can only
//! write in its own width, is the layer's own.

use super::{Layers, Network, first, widths::Assigned};
use crate::{
    calibrate::Ranges,
    error::CompileError,
    fixed, float,
    ir::{Element, Graph, Tensor, ValueIndex},
    lower::lower,
    moments::{Moments, in_deviations},
    options::Precision,
    ports,
    progress::{Progress, Stage, Watch},
    quantise::{Quant, quantise},
    report::Runner,
    samples::Batch,
};
use fixpoint_runtime::{
    model::{Model, ValidModel, validate},
    tensor::DType,
};

/// What was measured of a layer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LayerError {
    /// Root mean square of what it adds to the model's outputs, in standard deviations of the float
    /// model's answers, of the output where it is largest; of integers, the share that differs.
    pub(crate) error: f64,
    /// Share of its results beyond what their integers can stand for.
    pub(crate) saturated: f64,
}

/// Measures layers that compute something: nothing for the others, nor for one that has no model of
/// its own.
///
/// # Errors
/// [`CompileError::Run`].
pub(crate) fn sensitivities(
    network: &Network<'_>,
    quants: &[Quant],
    raised: &[bool],
    samples: &Batch,
    progress: &mut dyn Watch,
) -> Result<Vec<Option<LayerError>>, CompileError> {
    let (graph, layers) = (network.graph, network.layers);
    let parts: Vec<Option<Part>> = (0..layers.list.len())
        .map(|layer| Part::of(network, layer, raised))
        .collect();
    let mut runners: Vec<Option<Runner<'_>>> = parts
        .iter()
        .map(|part| part.as_ref().map(|part| Runner::new(&part.model)))
        .collect();
    let mut sums = vec![Sum::new(graph); layers.list.len()];
    for sample in 0..samples.len() {
        let exact = float::run(graph, &samples.sample(sample));
        for (layer, (part, runner)) in parts.iter().zip(&mut runners).enumerate() {
            if let (Some(part), Some(runner)) = (part, runner) {
                let replaced = part.run(graph, &exact, runner, sample)?;
                let changed = float::rerun(graph, &exact, replaced);
                sums[layer].add(graph, &exact, &changed);
                for &result in &part.results {
                    sums[layer].saturation(exact.get(result), quants.get(result));
                }
            }
            progress.tell(Progress {
                stage: Stage::Layers,
                done: sample * parts.len() + layer + 1,
                total: samples.len() * parts.len(),
            })?;
        }
    }
    let measured = parts
        .iter()
        .zip(&sums)
        .map(|(part, sum)| part.as_ref().map(|_| sum.finish()));
    Ok(measured.collect())
}

/// A layer as a model of its own.
struct Part {
    model: ValidModel,
    reads: Vec<ValueIndex>,
    results: Vec<ValueIndex>,
}

impl Part {
    fn of(network: &Network<'_>, layer: usize, raised: &[bool]) -> Option<Self> {
        let (graph, layers) = (network.graph, network.layers);
        if !layers.list[layer].computes {
            return None;
        }
        let (reads, results) = (layers.reads(graph, layer), layers.results(graph, layer));
        let alone = cut_out(graph, &layers.list[layer].nodes, &reads, &results);
        let ranges = ranges_of(network, &reads);
        let nodes = layers.list[layer].nodes.iter();
        let first = nodes.filter(|&&node| node < network.first_nodes).count();
        let model = lowered(network, &alone, &ranges, raised[layer], first).ok()?;
        let model = validate(model).ok()?;
        Some(Self {
            model,
            reads,
            results,
        })
    }

    /// The layer's results for what the float model gives it.
    fn run(
        &self,
        graph: &Graph,
        exact: &float::Run,
        runner: &mut Runner<'_>,
        sample: usize,
    ) -> Result<Vec<(ValueIndex, Tensor)>, CompileError> {
        let mut bytes = Vec::new();
        for (input, &value) in self.model.model().inputs.iter().zip(&self.reads) {
            let elements = exact.get(value).map_or(&[][..], |tensor| &tensor.elements);
            bytes.extend(ports::pack(input, elements).bytes);
        }
        let got = runner.run(sample, &bytes)?;
        let tensors = self.results.iter().zip(got).map(|(&value, got)| {
            let own = &graph.values[value];
            (value, Tensor::of(own.element, &own.shape, got.reals))
        });
        Ok(tensors.collect())
    }
}

/// Some nodes as a graph, whose values have the same indices.
fn cut_out(graph: &Graph, nodes: &[usize], reads: &[ValueIndex], results: &[ValueIndex]) -> Graph {
    let mut values = graph.values.clone();
    for &value in reads {
        // Any name will do for a port, but not every name of a tensor.
        values[value].name = format!("v{value}");
    }
    Graph {
        values,
        inputs: reads.to_vec(),
        outputs: results
            .iter()
            .map(|&value| (format!("v{value}"), value))
            .collect(),
        nodes: nodes
            .iter()
            .map(|&node| graph.nodes[node].clone())
            .collect(),
    }
}

/// The ranges of a graph whose inputs are these values.
fn ranges_of(network: &Network<'_>, inputs: &[ValueIndex]) -> Ranges {
    let features = inputs.iter().map(|&value| {
        let own = network
            .graph
            .inputs
            .iter()
            .position(|&input| input == value);
        own.map_or_else(
            || {
                let length = network.graph.values[value]
                    .shape
                    .last()
                    .copied()
                    .unwrap_or(1);
                vec![network.ranges.values[value]; length]
            },
            |index| network.ranges.features[index].clone(),
        )
    });
    Ranges {
        values: network.ranges.values.clone(),
        features: features.collect(),
    }
}

fn lowered(
    network: &Network<'_>,
    graph: &Graph,
    ranges: &Ranges,
    raised: bool,
    first: usize,
) -> Result<Model, CompileError> {
    let names: Vec<String> = graph
        .input_shapes()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    if network.options.precision == Precision::Int32 || (first > 0 && first == graph.nodes.len()) {
        return Ok(fixed::network::lower(graph, ranges, &names)?.model);
    }
    if first > 0 {
        let scales = network.options.input_scales;
        return Ok(first::lowered(graph, ranges, first, scales, &names)?
            .0
            .model);
    }
    let layers = Layers::whole(graph);
    let assigned = if raised || network.options.precision == Precision::Int16 {
        Assigned::uniform(graph, ranges, &layers, DType::I16)
    } else {
        let returned = |value: ValueIndex| {
            network
                .graph
                .outputs
                .iter()
                .any(|&(_, output)| output == value)
        };
        let results = graph.outputs.iter().map(|&(_, value)| value);
        let rounded_where_read: Vec<ValueIndex> =
            results.filter(|&value| !returned(value)).collect();
        Assigned::mixed(graph, ranges, &layers, &[false], &rounded_where_read)
    };
    let scales = network.options.input_scales;
    let quants = quantise(&assigned.graph, &assigned.ranges, &assigned.dtypes, scales);
    Ok(lower(&assigned.graph, &quants, &names)?.model)
}

/// What one layer adds, over all samples.
#[derive(Clone)]
struct Sum {
    outputs: Vec<OutputSum>,
    results: u64,
    saturated: u64,
}

#[derive(Clone, Default)]
struct OutputSum {
    squares: f64,
    differing: u64,
    count: u64,
    exact: Moments,
}

impl Sum {
    fn new(graph: &Graph) -> Self {
        Self {
            outputs: vec![OutputSum::default(); graph.outputs.len()],
            results: 0,
            saturated: 0,
        }
    }

    fn add(&mut self, graph: &Graph, exact: &float::Run, changed: &float::Run) {
        for (sum, &(_, output)) in self.outputs.iter_mut().zip(&graph.outputs) {
            let Some(exact) = exact.get(output) else {
                continue;
            };
            let got = changed.get(output).unwrap_or(exact);
            for (&want, &got) in exact.elements.iter().zip(&got.elements) {
                if !want.is_finite() {
                    continue;
                }
                let error = got - want;
                sum.exact.add(want);
                sum.count += 1;
                sum.squares += error * error;
                sum.differing += u64::from(exact.element != Element::Real && error != 0.0);
            }
        }
    }

    fn saturation(&mut self, exact: Option<&Tensor>, quant: Option<&Quant>) {
        let (Some(exact), Some([low, high])) = (exact, quant.and_then(Quant::limits)) else {
            return;
        };
        self.results += exact.elements.len() as u64;
        let beyond = |&&x: &&f64| x < low || x > high;
        self.saturated += exact.elements.iter().filter(beyond).count() as u64;
    }

    fn finish(&self) -> LayerError {
        let of = |output: &OutputSum| {
            let count = output.count.max(1) as f64;
            if output.differing > 0 {
                output.differing as f64 / count
            } else {
                in_deviations((output.squares / count).sqrt(), output.exact.deviation())
            }
        };
        LayerError {
            error: self.outputs.iter().map(of).fold(0.0, f64::max),
            saturated: self.saturated as f64 / self.results.max(1) as f64,
        }
    }
}
