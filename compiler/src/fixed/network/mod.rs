//! Networks at 32 bits: the float graph in the 32-bit lane, for regressors whose last digits count.
//!
//! - this file: values, and the walk over the graph;
//! - `ports`: inputs and outputs;
//! - `weighted`: products with weights, and of two computed tensors; `windows`: pools, and convolutions
//!   as such products;
//! - `pairs`: sums, products, quotients, comparisons, selection; `unary`: functions of one element;
//! - `rows`: reductions, softmax, normalisation; `moves`: elements that only move;
//! - `first_nodes`: where another precision goes on.
//!
//! Inputs are integers on decimal grids, so prices and volumes stay exact until the first product, which
//! takes their scales into its weights. Every other value has as many fraction bits as twice its
//! calibrated magnitude leaves. An input beyond its 32 bits is refused; a sum or a product that leaves
//! 32 bits fails the call.
//!
//! A network of 16 bits may have its [`mod@first_nodes`] here.

mod first_nodes;
mod lines;
mod moves;
mod pairs;
mod ports;
mod rows;
mod unary;
mod weighted;
mod windows;

pub(crate) use first_nodes::{can_lower, first_nodes};

use super::{Emitted, Lane, piecewise::Pieces};
use crate::{
    calibrate::Ranges,
    error::CompileError,
    ir::{Binary, Element, Graph, Node, Op, ValueIndex},
    lower::Lowered,
    real,
};
use fixpoint_runtime::model::format::ValueId;
use std::collections::BTreeMap;

/// Values may be this much larger than any that calibration saw.
const HEADROOM: f64 = 2.0;
/// Largest magnitude of an element that is aimed at.
const ELEMENT_LIMIT: f64 = 2_147_483_000.0;
/// Most fraction bits, and fewest: units of 10^18 and of 10^-18.
const MAX_BITS: i32 = 60;

/// A value of the graph: i32 elements in ONNX order, or truth values.
#[derive(Clone, Debug)]
pub(crate) struct Wide {
    value: ValueId,
    /// What an element stands for, by its index along the last axis: `element * .0 + .1`. One entry
    /// if all have the same.
    lines: Vec<(f64, f64)>,
    /// Largest magnitude expected of an element, likewise.
    magnitudes: Vec<f64>,
}

impl Wide {
    /// A value whose elements all stand for `element * slope` and are expected up to a real `bound`.
    fn scaled(value: ValueId, slope: f64, bound: f64) -> Self {
        Self {
            value,
            lines: vec![(slope, 0.0)],
            magnitudes: vec![bound / slope.abs()],
        }
    }

    /// A value whose elements all stand for `element / 2^bits`.
    fn even(value: ValueId, bits: i32, bound: f64) -> Self {
        Self::scaled(value, 2f64.powi(-bits), bound)
    }

    /// What a unit stands for, if that is the same for all elements and 0 is 0.
    fn slope(&self) -> Option<f64> {
        match self.lines[..] {
            [(slope, 0.0)] if slope > 0.0 => Some(slope),
            _ => None,
        }
    }

    /// Fraction bits, if every element stands for `element / 2^bits`.
    fn bits(&self) -> Option<i32> {
        let slope = self.slope()?;
        let bits = -real::log2(slope).round() as i32;
        (bits.abs() <= MAX_BITS && 2f64.powi(-bits) == slope).then_some(bits)
    }

    /// Largest real magnitude expected.
    fn bound(&self) -> f64 {
        let lines = self.lines.iter().zip(self.magnitudes.iter().cycle());
        lines
            .map(|((slope, offset), size)| slope.abs() * size + offset.abs())
            .fold(0.0, f64::max)
    }
}

/// The most fraction bits with which magnitudes up to `bound` fit an element, and `spare` units besides.
fn bits_for(bound: f64, spare: f64) -> i32 {
    if bound <= 0.0 {
        return MAX_BITS;
    }
    let bits = real::log2((ELEMENT_LIMIT - spare) / bound).floor();
    (bits as i32).clamp(-MAX_BITS, MAX_BITS)
}

/// The walk over the graph.
pub(crate) struct Lowerer<'a> {
    lane: Lane,
    graph: &'a Graph,
    ranges: &'a Ranges,
    values: Vec<Option<Wide>>,
    /// Cubics that were made, by what of: the same function stands in a network many times.
    pieces: BTreeMap<String, Option<Pieces>>,
}

/// Lowers a graph at 32 bits.
///
/// # Errors
/// [`CompileError`]: an operator without a lowering at this precision, or a limit of the format.
pub(crate) fn lower(
    graph: &Graph,
    ranges: &Ranges,
    saturating: &[String],
) -> Result<Lowered, CompileError> {
    let mut lowerer = Lowerer::new(graph, ranges);
    for (index, &input) in graph.inputs.iter().enumerate() {
        lowerer.input(index, input, saturating)?;
    }
    lowerer.nodes(graph.nodes.len())?;
    let producers = graph.producers();
    for (name, output) in &graph.outputs {
        lowerer.lane.builder.originate(producers[*output]);
        lowerer.output(name, *output)?;
    }
    lowerer.lane.builder.skip_reshapes();
    let (model, numbers) = lowerer.lane.builder.finish_numbered()?;
    Ok(Lowered {
        model,
        remarks: Vec::new(),
        origins: numbers.into_origins(),
    })
}

impl<'a> Lowerer<'a> {
    fn new(graph: &'a Graph, ranges: &'a Ranges) -> Self {
        Self {
            lane: Lane::default(),
            graph,
            ranges,
            values: vec![None; graph.values.len()],
            pieces: BTreeMap::new(),
        }
    }

    /// The first so many nodes.
    fn nodes(&mut self, count: usize) -> Result<(), CompileError> {
        for (index, node) in self.graph.nodes[..count].iter().enumerate() {
            self.lane.builder.originate(Some(index));
            let wide = self.node(node)?;
            self.values[node.output] = Some(wide);
        }
        Ok(())
    }

    fn node(&mut self, node: &Node) -> Result<Wide, CompileError> {
        match &node.op {
            Op::Dense(dense) => self.dense(node, dense),
            Op::Conv(conv) => self.conv(node, conv),
            Op::MatMul => self.matmul(node),
            Op::MaxPool(window) => self.pool(node, window, true),
            Op::AveragePool(window) => self.pool(node, window, false),
            Op::Reduce { kind, axes } => self.reduce(node, *kind, axes),
            Op::Affine(affine) => self.affine(node, affine),
            Op::Binary(op) if self.element(node.inputs[0]) != Element::Real => {
                self.integers(node, *op)
            }
            Op::Binary(Binary::Add) => self.sum(node, false),
            Op::Binary(Binary::Sub) => self.sum(node, true),
            Op::Binary(Binary::Mul) => self.product(node, [0, 1]),
            Op::Binary(Binary::Div) => self.quotient(node),
            Op::Binary(Binary::Max) => self.extreme(node, true),
            Op::Binary(Binary::Min) => self.extreme(node, false),
            Op::Clamp { low, high } => self.clamp(node, *low, *high),
            Op::Unary(unary) if self.element(node.inputs[0]) == Element::Real => {
                self.unary(node, *unary)
            }
            Op::Softmax { axis } => self.softmax(node, *axis),
            Op::Normalise(normalise) => self.normalise(node, *normalise),
            Op::Compare(comparison) => self.compare(node, *comparison),
            Op::Logical(logical) => self.logical(node, *logical),
            Op::Not => self.not(node),
            Op::Select => self.select(node),
            Op::Cast => self.cast(node),
            Op::Reshape => self.reshaped(node),
            Op::Broadcast => self.broadcast(node),
            Op::Transpose { permutation } => self.transposed(node, permutation),
            Op::Concat { axis } => self.concatenated(node, *axis),
            Op::Slice { start } => self.sliced(node, start),
            Op::Pad { padding, value } => self.padded(node, padding, *value),
            Op::Gather { axis } => self.gathered(node, *axis),
            Op::ArgMax { axis } => self.argmax(node, *axis),
            Op::Unary(_) => Err(unsupported(
                node,
                "of integers it is not supported: cast them to float before",
            )),
            Op::Quantise(_) | Op::Decode(_) | Op::Encode(_) | Op::Convert => Err(unsupported(
                node,
                "a quantised model has its own integers: use int8 or int16",
            )),
        }
    }

    fn shape(&self, value: ValueIndex) -> &[usize] {
        &self.graph.values[value].shape
    }

    fn element(&self, value: ValueIndex) -> Element {
        self.graph.values[value].element
    }

    /// Largest magnitude that calibration saw of a value, with its headroom.
    fn expected(&self, value: ValueIndex) -> f64 {
        self.ranges.values[value].magnitude() * HEADROOM
    }

    /// An operand, which may be a constant.
    fn read(&mut self, node: &Node, input: usize) -> Result<Wide, CompileError> {
        let value = node.inputs[input];
        if let Some(wide) = &self.values[value] {
            return Ok(wide.clone());
        }
        let graph = self.graph;
        let Some(constant) = &graph.values[value].constant else {
            return Err(unsupported(node, "it reads what has no place at int32"));
        };
        let wide = match constant.element {
            Element::Real => {
                // Masks of attention have a place below all else, however low they are.
                let bound = self.expected(value);
                let bits = bits_for(bound, 1.0);
                let integer = |x: &f64| (x.clamp(-bound, bound) * 2f64.powi(bits)).round() as i64;
                let elements = constant.elements.iter().map(integer);
                let number = self.lane.constant(&constant.shape, elements)?;
                Wide::even(number, bits, bound)
            }
            Element::Integer | Element::Boolean => {
                let dtype = ports::plain_dtype(constant.element);
                let elements = constant.elements.iter().map(|&x| x as i64);
                let builder = &mut self.lane.builder;
                let number = builder.integers(dtype, &constant.shape, elements)?;
                Wide::scaled(number, 1.0, ELEMENT_LIMIT)
            }
        };
        self.values[value] = Some(wide.clone());
        Ok(wide)
    }

    /// An operand whose elements stand for `element / 2^bits`, and the bits.
    fn uniform(&mut self, node: &Node, input: usize) -> Result<(Wide, i32), CompileError> {
        let wide = self.read(node, input)?;
        if let Some(bits) = wide.bits() {
            return Ok((wide, bits));
        }
        let bits = bits_for(wide.bound(), 2.0);
        let shape = self.shape(node.inputs[input]).to_vec();
        Ok((self.with_bits(wide, &shape, 1.0, bits)?, bits))
    }

    /// A value of this shape times a factor, as elements that stand for `element / 2^bits`.
    fn with_bits(
        &mut self,
        wide: Wide,
        shape: &[usize],
        factor: f64,
        bits: i32,
    ) -> Result<Wide, CompileError> {
        let bound = wide.bound() * factor.abs();
        let mut along_last = vec![1; shape.len()];
        let mut len = 1;
        if let (Some(along), Some(&last)) = (along_last.last_mut(), shape.last())
            && wide.lines.len() > 1
        {
            (*along, len) = (last, last);
        }
        let lines = wide.lines.iter().cycle().take(len);
        let lines: Vec<(f64, f64)> = lines
            .map(|(slope, offset)| (slope * factor, offset * factor))
            .collect();
        let unit = 2f64.powi(bits);
        let offsets: Vec<i64> = lines
            .iter()
            .map(|line| (line.1 * unit).round() as i64)
            .collect();
        let largest = lines
            .iter()
            .fold(0.0, |max: f64, line| max.max(line.0.abs()))
            * unit;
        let value = if lines.iter().all(|line| line.0 * unit == 1.0) {
            wide.value
        } else {
            // A product with a weight for each element: as a layer of one term.
            let room = real::log2(f64::from(i32::MAX) / largest).floor();
            if room < 1.0 {
                return Err(CompileError::ScaleFactor { factor: largest });
            }
            let shift_bits = room.min(62.0);
            let weight =
                |line: &(f64, f64)| (line.0 * unit * real::exp2(shift_bits)).round() as i64;
            let weights = self.lane.constant(&along_last, lines.iter().map(weight))?;
            self.lane.mul(wide.value, weights, shift_bits as u32)?
        };
        if offsets.iter().all(|&offset| offset == 0) {
            return Ok(Wide::even(value, bits, bound));
        }
        let offsets = self.lane.constant(&along_last, offsets)?;
        Ok(Wide::even(self.lane.add(value, offsets)?, bits, bound))
    }

    /// An operand's elements with as many axes as the output, for broadcasting.
    fn ranked(&mut self, node: &Node, input: usize, value: ValueId) -> Emitted {
        let shape = self.shape(node.inputs[input]);
        let missing = self.shape(node.output).len() - shape.len();
        if missing == 0 {
            return Ok(value);
        }
        let shape = [vec![1; missing].as_slice(), shape].concat();
        self.lane.builder.reshape(value, &shape)
    }
}

fn unsupported(node: &Node, reason: impl Into<String>) -> CompileError {
    CompileError::Unsupported {
        node: node.name.clone(),
        operator: node.source.clone(),
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests;
