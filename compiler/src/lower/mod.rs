//! The quantised graph to TOSA operators.
//!
//! - this file: the walk over the graph, and the layout of values;
//! - `emit`: one method per TOSA operator;
//! - `conv`, `dense`: products with constant weights;
//! - `elementwise`, `table`, `quotient`: functions of one or two elements;
//! - `prescribed`: integers of already quantised models;
//! - `logic`: truth values, comparisons, selection, casts;
//! - `reduce`, `softmax`, `normalise`: whole rows;
//! - `window`, `shape`: pools, and elements that only move.
//!
//! ONNX images are channels first, TOSA's are channels last. A value is transposed when an operator
//! needs the other order, once, and not at all where both orders are the same bytes.

mod conv;
mod dense;
mod elementwise;
mod emit;
mod logic;
mod normalise;
mod prescribed;
mod quotient;
mod reduce;
mod shape;
mod softmax;
mod table;
mod window;

use crate::{
    builder::{ModelBuilder, list, tensor_type},
    calibrate::Ranges,
    error::CompileError,
    fixed,
    ir::{Binary, Element, Graph, Node, Op, ValueIndex},
    quantise::Quant,
    tensor::permuted,
};
use fixpoint_runtime::model::{
    Model,
    format::{Affine, PerElement, Quantisation, Signed32, ValueId},
};

/// `[N, C, H, W]` to `[N, H, W, C]`, and back.
pub(crate) const TO_CHANNELS_LAST: [usize; 4] = [0, 2, 3, 1];
pub(crate) const TO_CHANNELS_FIRST: [usize; 4] = [0, 3, 1, 2];

/// How a value's elements are ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Layout {
    /// As in ONNX.
    Plain,
    /// An `[N, C, H, W]` value as `[N, H, W, C]`.
    ChannelsLast,
    /// A value that flattens `[N, C, H, W]`, as the flattened `[N, H, W, C]`; holds `[C, H, W]`.
    FlatChannelsLast([usize; 3]),
}

/// A lowered model and what a reader of the report should know about it.
#[derive(Debug)]
pub struct Lowered {
    /// The model.
    pub model: Model,
    /// Remarks on lossy choices.
    pub remarks: Vec<String>,
    /// Index of the node that each operator of the model was written for.
    pub origins: Vec<Option<usize>>,
}

/// Lowers a graph; out-of-range values of the named inputs saturate.
///
/// # Errors
/// [`CompileError`]: an operator without a lowering at this precision, or a limit of the format.
pub fn lower(
    graph: &Graph,
    quants: &[Quant],
    saturating_inputs: &[String],
) -> Result<Lowered, CompileError> {
    check_inputs(graph, saturating_inputs)?;
    let mut lowerer = Lowerer::new(graph, quants);
    for &input in &graph.inputs {
        let number = declared(
            &mut lowerer.builder,
            graph,
            quants,
            input,
            saturating_inputs,
        )?;
        lowerer.values[input].push((Layout::Plain, number));
    }
    lowerer.finished(0, &graph.producers())
}

/// Lowers a graph whose first `count` nodes compute at 32 bits. `rest` are the nodes behind them, with
/// what those give among its inputs; values have the same indices in both.
///
/// # Errors
/// As [`lower`], and as the nodes at 32 bits.
pub(crate) fn lower_behind(
    graph: &Graph,
    ranges: &Ranges,
    count: usize,
    rest: &Graph,
    quants: &[Quant],
    saturating_inputs: &[String],
) -> Result<Lowered, CompileError> {
    check_inputs(graph, saturating_inputs)?;
    let mut lowerer = Lowerer::new(rest, quants);
    let mut others = Vec::new();
    let other = |builder: &mut ModelBuilder, input: ValueIndex| {
        let number = declared(builder, graph, quants, input, saturating_inputs)?;
        others.push((input, number));
        Ok(())
    };
    let mut first = fixed::network::first_nodes(graph, ranges, count, saturating_inputs, other)?;
    let mut builder = first.take_builder();
    for (input, number) in others {
        lowerer.values[input].push((Layout::Plain, number));
    }
    let producers = graph.producers();
    for &value in &rest.inputs {
        if !lowerer.values[value].is_empty() {
            continue;
        }
        builder.originate(producers[value]);
        let Some((number, unit)) = first.value(&mut builder, value)? else {
            continue;
        };
        lowerer.builder = builder;
        let narrow = match graph.values[value].element {
            Element::Real => lowerer.narrowed(number, unit, &quants[value].clone())?,
            Element::Integer | Element::Boolean => number,
        };
        builder = std::mem::take(&mut lowerer.builder);
        lowerer.values[value].push((Layout::Plain, narrow));
    }
    lowerer.builder = builder;
    lowerer.finished(count, &producers)
}

/// That inputs of these names exist.
fn check_inputs(graph: &Graph, names: &[String]) -> Result<(), CompileError> {
    let own = || {
        graph
            .inputs
            .iter()
            .map(|&input| graph.values[input].name.as_str())
    };
    match names.iter().find(|name| !own().any(|own| own == *name)) {
        None => Ok(()),
        Some(name) => Err(CompileError::NoSuchInput {
            name: name.clone(),
            inputs: own().collect::<Vec<_>>().join(", "),
        }),
    }
}

/// Declares an input in its own integers.
fn declared(
    builder: &mut ModelBuilder,
    graph: &Graph,
    quants: &[Quant],
    input: ValueIndex,
    saturating_inputs: &[String],
) -> Result<ValueId, CompileError> {
    let value = &graph.values[input];
    // A model that quantises its input saturates there itself.
    let saturates = saturating_inputs.contains(&value.name) || value.grid.is_some();
    let tensor = tensor_type(quants[input].dtype, &value.shape)?;
    let quantisation = quantisation(&quants[input], value.shape.len())?;
    builder.input(&value.name, tensor, quantisation, saturates)
}

/// A port's quantisation as it stands in the model.
fn quantisation(quant: &Quant, rank: usize) -> Result<Quantisation, CompileError> {
    if quant.plain {
        return Ok(Quantisation::None);
    }
    let affine = |scale, zero_point| Affine {
        scale,
        zero_point: Signed32(zero_point),
    };
    let Some(features) = &quant.features else {
        return Ok(Quantisation::PerTensor(affine(
            quant.ratio,
            quant.zero_point,
        )));
    };
    let entries: Vec<Affine> = features
        .iter()
        .map(|&(scale, zero_point)| affine(scale, zero_point))
        .collect();
    Ok(Quantisation::PerElement(PerElement {
        axis: rank.saturating_sub(1) as u8,
        entries: list(entries, "elements of a per-element scale")?,
    }))
}

/// State of the walk.
struct Lowerer<'a> {
    builder: ModelBuilder,
    graph: &'a Graph,
    quants: &'a [Quant],
    /// Every order in which a value exists so far.
    values: Vec<Vec<(Layout, ValueId)>>,
    remarks: Vec<String>,
}

/// A node's output: its order and its number.
type Output = Result<(Layout, ValueId), CompileError>;

impl<'a> Lowerer<'a> {
    fn new(graph: &'a Graph, quants: &'a [Quant]) -> Self {
        Self {
            builder: ModelBuilder::default(),
            graph,
            quants,
            values: vec![Vec::new(); graph.values.len()],
            remarks: Vec::new(),
        }
    }

    /// The model, with all nodes, which come behind `before` others. `producers` are of all.
    fn finished(
        mut self,
        before: usize,
        producers: &[Option<usize>],
    ) -> Result<Lowered, CompileError> {
        self.constants()?;
        let graph = self.graph;
        for (index, node) in graph.nodes.iter().enumerate() {
            self.builder.originate(Some(before + index));
            let (layout, number) = self.node(node)?;
            self.values[node.output].push((layout, number));
        }
        for (name, output) in &graph.outputs {
            self.builder.originate(producers[*output]);
            let number = self.plain(*output)?;
            let rank = graph.values[*output].shape.len();
            let quantisation = quantisation(&self.quants[*output], rank)?;
            self.builder.output(name, number, quantisation)?;
        }
        self.builder.skip_reshapes();
        let (model, numbers) = self.builder.finish_numbered()?;
        Ok(Lowered {
            model,
            remarks: self.remarks,
            origins: numbers.into_origins(),
        })
    }

    fn node(&mut self, node: &Node) -> Output {
        match &node.op {
            Op::Conv(conv) => self.conv(node, conv),
            Op::Dense(dense) => self.dense(node, dense),
            Op::MatMul => self.matmul(node),
            Op::MaxPool(window) => self.max_pool(node, window),
            Op::AveragePool(window) => self.average_pool(node, window),
            Op::Reduce { kind, axes } => self.reduce_node(node, *kind, axes),
            Op::Binary(op) if self.is_plain(node) => self.integers(node, *op),
            Op::Binary(Binary::Mul) => self.product(node),
            Op::Binary(Binary::Div) => self.quotient(node),
            Op::Binary(op) => self.sum(node, *op),
            Op::Affine(affine) => self.affine(node, affine),
            Op::Clamp { low, high } => self.clamp_node(node, *low, *high),
            Op::Unary(unary) => self.unary(node, *unary),
            Op::Softmax { axis } => self.softmax(node, *axis),
            Op::Normalise(normalise) => self.normalise(node, *normalise),
            Op::Compare(comparison) => self.compare(node, *comparison),
            Op::Logical(logical) => self.logical(node, *logical),
            Op::Not => self.not(node),
            Op::Select => self.select_node(node),
            Op::Cast => self.cast_node(node),
            Op::Quantise(_) | Op::Convert => self.quantise_node(node),
            Op::Decode(grid) => self.decode_node(node, grid),
            Op::Encode(grid) => self.encode_node(node, grid),
            Op::Reshape => self.reshape_node(node),
            Op::Broadcast => self.broadcast_node(node),
            Op::Transpose { permutation } => self.transpose_node(node, permutation),
            Op::Concat { axis } => self.concat_node(node, *axis),
            Op::Slice { start } => self.slice_node(node, start),
            Op::Pad { padding, value } => self.pad_node(node, padding, *value),
            Op::Gather { axis } => self.gather_node(node, *axis),
            Op::ArgMax { axis } => self.argmax_node(node, *axis),
        }
    }

    /// Constants that operators read or that are returned, as elements of their own scale.
    fn constants(&mut self) -> Result<(), CompileError> {
        let graph = self.graph;
        let read = graph
            .nodes
            .iter()
            .flat_map(|node| node.inputs.iter().copied());
        let mut read: Vec<ValueIndex> = read.chain(graph.outputs.iter().map(|&(_, v)| v)).collect();
        read.sort_unstable();
        read.dedup();
        for value in read {
            let Some(constant) = &graph.values[value].constant else {
                continue;
            };
            let quant = &self.quants[value];
            let elements = constant.elements.iter().map(|&real| quant.element(real));
            let number = self
                .builder
                .integers(quant.dtype, &constant.shape, elements)?;
            self.values[value].push((Layout::Plain, number));
        }
        Ok(())
    }

    /// Whether a node computes with integers that stand for themselves.
    fn is_plain(&self, node: &Node) -> bool {
        self.graph.values[node.inputs[0]].element == Element::Integer
    }

    fn unsupported(node: &Node, reason: impl Into<String>) -> CompileError {
        CompileError::Unsupported {
            node: node.name.clone(),
            operator: node.source.clone(),
            reason: reason.into(),
        }
    }

    fn shape(&self, value: ValueIndex) -> &[usize] {
        &self.graph.values[value].shape
    }

    fn quant(&self, value: ValueIndex) -> &Quant {
        &self.quants[value]
    }

    /// The value in an order that it already has, if it has it.
    fn existing(&self, value: ValueIndex, layout: &Layout) -> Option<ValueId> {
        self.values[value]
            .iter()
            .find(|(has, _)| has == layout)
            .map(|&(_, number)| number)
    }

    /// The value in whatever order it was computed.
    fn any(&self, value: ValueIndex) -> (Layout, ValueId) {
        self.values[value][0].clone()
    }

    /// The value in ONNX order.
    fn plain(&mut self, value: ValueIndex) -> Result<ValueId, CompileError> {
        if let Some(number) = self.existing(value, &Layout::Plain) {
            return Ok(number);
        }
        let shape = self.shape(value).to_vec();
        let number = match self.any(value) {
            (Layout::FlatChannelsLast([channels, height, width]), number) => {
                let images = shape[0];
                let image = self
                    .builder
                    .reshape(number, &[images, height, width, channels])?;
                let transposed = self.builder.transpose(
                    image,
                    &[images, height, width, channels],
                    &TO_CHANNELS_FIRST,
                )?;
                self.builder.reshape(transposed, &shape)?
            }
            (_, number) => {
                let last = permuted(&shape, &TO_CHANNELS_LAST);
                self.builder.transpose(number, &last, &TO_CHANNELS_FIRST)?
            }
        };
        self.values[value].push((Layout::Plain, number));
        Ok(number)
    }

    /// An `[N, C, H, W]` value as `[N, H, W, C]`.
    fn channels_last(&mut self, value: ValueIndex) -> Result<ValueId, CompileError> {
        if let Some(number) = self.existing(value, &Layout::ChannelsLast) {
            return Ok(number);
        }
        let plain = self.plain(value)?;
        let shape = self.shape(value).to_vec();
        let number = self.builder.transpose(plain, &shape, &TO_CHANNELS_LAST)?;
        self.values[value].push((Layout::ChannelsLast, number));
        Ok(number)
    }
}
