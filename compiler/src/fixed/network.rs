//! Networks at 32 bits: the float graph in the 32-bit lane, for regressors whose last digits count.
//!
//! Inputs are integers on a decimal grid for each feature, so prices and volumes stay exact until the
//! first product, which takes their scales into its weights. Every other value has as many fraction
//! bits as the worst sum that its layer can give for inputs of twice the calibrated magnitude. An
//! input beyond its 32 bits is refused; a sum that leaves 32 bits all the same fails the call.

use super::{Emitted, Fixed, Lane, dense::Layer, fraction_bits_for};
use crate::{
    builder::{list, tensor_type},
    calibrate::{Range, Ranges},
    classical::grid,
    error::CompileError,
    ir::{Affine, Binary, Dense, Element, Graph, Node, Op, Unary, ValueIndex},
    lower::Lowered,
    real,
};
use fixpoint_runtime::{
    model::format::{self, PerElement, Quantisation, Ratio, Signed32, ValueId},
    tensor::DType,
};

/// Values may be this much larger than any that calibration saw.
const HEADROOM: f64 = 2.0;

/// A value of the graph: i32 elements in ONNX order.
#[derive(Clone, Debug)]
struct Wide {
    value: ValueId,
    /// What an element stands for, by its index along the last axis: `element * .0 + .1`. One entry
    /// if all have the same.
    lines: Vec<(f64, f64)>,
    /// Largest magnitude expected of an element, likewise.
    magnitudes: Vec<f64>,
    /// Fraction bits, if every element stands for `element / 2^bits`.
    fraction_bits: Option<u32>,
}

struct Lowerer<'a> {
    lane: Lane,
    graph: &'a Graph,
    ranges: &'a Ranges,
    values: Vec<Option<Wide>>,
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
    let mut lowerer = Lowerer {
        lane: Lane::default(),
        graph,
        ranges,
        values: vec![None; graph.values.len()],
    };
    for (index, &input) in graph.inputs.iter().enumerate() {
        lowerer.input(index, input, saturating)?;
    }
    for (index, node) in graph.nodes.iter().enumerate() {
        lowerer.lane.builder.originate(Some(index));
        let wide = lowerer.node(node)?;
        lowerer.values[node.output] = Some(wide);
    }
    let producers = graph.producers();
    for (name, output) in &graph.outputs {
        lowerer.lane.builder.originate(producers[*output]);
        let node = Node {
            name: name.clone(),
            source: "output".to_owned(),
            op: Op::Reshape,
            inputs: vec![*output],
            output: *output,
        };
        let (value, bits) = lowerer.uniform(&node, 0)?;
        let scale = Ratio {
            numerator: 1,
            denominator: 1 << bits,
        };
        let quantisation = Quantisation::PerTensor(affine(scale));
        lowerer
            .lane
            .builder
            .output(name, value.value, quantisation)?;
    }
    lowerer.lane.builder.skip_reshapes();
    let (model, numbers) = lowerer.lane.builder.finish_numbered()?;
    Ok(Lowered {
        model,
        remarks: Vec::new(),
        origins: numbers.into_origins(),
    })
}

fn affine(scale: Ratio) -> format::Affine {
    format::Affine {
        scale,
        zero_point: Signed32(0),
    }
}

/// The finest decimal grid for a range with its headroom.
fn decimals(range: &Range) -> i32 {
    let magnitude = if range.magnitude() > 0.0 {
        range.magnitude()
    } else {
        1.0
    };
    grid::decimals(&[], &[], magnitude, HEADROOM).unwrap_or(grid::MIN_DECIMALS)
}

impl Lowerer<'_> {
    fn input(
        &mut self,
        index: usize,
        input: ValueIndex,
        saturating: &[String],
    ) -> Result<(), CompileError> {
        let value = &self.graph.values[input];
        let features = &self.ranges.features[index];
        let rank = value.shape.len();
        let per_feature = rank > 0 && features.len() > 1;
        let of: Vec<i32> = if per_feature {
            features.iter().map(decimals).collect()
        } else {
            vec![decimals(&self.ranges.values[input])]
        };
        let entries: Vec<format::Affine> = of.iter().map(|&d| affine(grid::ratio(d))).collect();
        let quantisation = if per_feature {
            Quantisation::PerElement(PerElement {
                axis: (rank - 1) as u8,
                entries: list(entries, "elements of a per-element scale")?,
            })
        } else {
            Quantisation::PerTensor(entries[0])
        };
        let tensor = tensor_type(DType::I32, &value.shape)?;
        let saturates = saturating.contains(&value.name);
        let number = self
            .lane
            .builder
            .input(&value.name, tensor, quantisation, saturates)?;
        let size = |(range, &decimals): (&Range, &i32)| {
            range.magnitude() * HEADROOM * 10f64.powi(decimals)
        };
        let magnitudes = if per_feature {
            features.iter().zip(&of).map(size).collect()
        } else {
            vec![size((&self.ranges.values[input], &of[0]))]
        };
        self.values[input] = Some(Wide {
            value: number,
            lines: of.iter().map(|&d| (10f64.powi(-d), 0.0)).collect(),
            magnitudes,
            fraction_bits: None,
        });
        Ok(())
    }

    fn node(&mut self, node: &Node) -> Result<Wide, CompileError> {
        let real = |&value: &ValueIndex| self.graph.values[value].element == Element::Real;
        if !real(&node.output) || !node.inputs.iter().all(real) {
            return Err(unsupported(node));
        }
        match &node.op {
            Op::Dense(dense) => self.dense(node, dense),
            Op::Affine(affine) => self.affine(node, affine),
            Op::Binary(Binary::Add) => self.sum(node, false),
            Op::Binary(Binary::Sub) => self.sum(node, true),
            Op::Binary(Binary::Mul) => self.product(node),
            Op::Clamp { low, high } => self.clamp(node, *low, *high),
            Op::Unary(unary) => self.unary(node, *unary),
            Op::Reshape => self.reshaped(node),
            _ => Err(unsupported(node)),
        }
    }

    fn shape(&self, value: ValueIndex) -> &[usize] {
        &self.graph.values[value].shape
    }

    fn read(&self, node: &Node, input: usize) -> Result<Wide, CompileError> {
        self.values[node.inputs[input]]
            .clone()
            .ok_or_else(|| unsupported(node))
    }

    /// The largest magnitude of a value with its headroom, or of what its sums can give if that is less.
    fn expected(&self, value: ValueIndex, worst: f64) -> f64 {
        (self.ranges.values[value].magnitude() * HEADROOM).min(worst)
    }

    /// A value whose elements stand for `element / 2^bits`, and the bits.
    fn uniform(&mut self, node: &Node, input: usize) -> Result<(Wide, u32), CompileError> {
        let wide = self.read(node, input)?;
        if let Some(bits) = wide.fraction_bits {
            return Ok((wide, bits));
        }
        let lines = wide.lines.iter().zip(&wide.magnitudes);
        let bound = lines.map(|((slope, offset), size)| slope.abs() * size + offset.abs());
        let bound = bound.fold(0.0, f64::max);
        let bits = fraction_bits_for(bound, 2.0).ok_or_else(|| too_large(node))?;
        let shape = self.shape(node.inputs[input]).to_vec();
        let axis_len = wide.lines.len();
        let mut along_last = vec![1; shape.len()];
        if let Some(last) = along_last.last_mut() {
            *last = axis_len;
        }
        // A product with a weight for each element: as a layer of one term.
        let unit = 2f64.powi(bits.cast_signed());
        let largest = wide
            .lines
            .iter()
            .fold(0.0_f64, |max, line| max.max(line.0.abs()))
            * unit;
        let room = real::log2(f64::from(i32::MAX) / largest).floor();
        if room < 0.0 {
            return Err(too_large(node));
        }
        let shift_bits = room.min(63.0) as u32;
        let factor = unit * 2f64.powi(shift_bits.cast_signed());
        let weights = wide
            .lines
            .iter()
            .map(|line| (line.0 * factor).round() as i64);
        let weights = self.lane.constant(&along_last, weights)?;
        let mut value = self.lane.mul(wide.value, weights, shift_bits)?;
        if wide.lines.iter().any(|line| line.1 != 0.0) {
            let offsets = wide.lines.iter().map(|line| (line.1 * unit).round() as i64);
            let offsets = self.lane.constant(&along_last, offsets)?;
            value = self.lane.add(value, offsets)?;
        }
        Ok((even(value, bits, bound), bits))
    }

    fn dense(&mut self, node: &Node, dense: &Dense) -> Result<Wide, CompileError> {
        let input = self.read(node, 0)?;
        let line = |column: usize| input.lines[column % input.lines.len()];
        let sizes: Vec<f64> = (0..dense.inputs)
            .map(|column| input.magnitudes[column % input.magnitudes.len()])
            .collect();
        let mut layer = Layer {
            weights: Vec::with_capacity(dense.weights.len()),
            bias: Vec::with_capacity(dense.bias.len()),
        };
        for (row, &bias) in dense.weights.chunks(dense.inputs).zip(&dense.bias) {
            let mut sum = f64::from(bias);
            for (column, &weight) in row.iter().enumerate() {
                let (slope, offset) = line(column);
                layer.weights.push(f64::from(weight) * slope);
                sum += f64::from(weight) * offset;
            }
            layer.bias.push(sum);
        }
        let worst = layer.bound(&sizes);
        let bits = fraction_bits_for(worst, layer.inputs() as f64 + 1.0);
        let bits = bits.ok_or_else(|| too_large(node))?;
        let rows = self.shape(node.inputs[0]).iter().product::<usize>() / dense.inputs;
        let value = self.lane.dense(input.value, rows, &layer, &sizes, bits)?;
        let shape = self.shape(node.output).to_vec();
        let value = self.lane.reshape(value, &shape)?;
        Ok(even(value, bits, self.expected(node.output, worst)))
    }

    /// Constants along the last axis only change what the elements stand for.
    fn affine(&mut self, node: &Node, affine: &Affine) -> Result<Wide, CompileError> {
        let mut wide = self.read(node, 0)?;
        let last = affine.shape.last().copied().unwrap_or(1);
        if affine.scale.len() != last {
            return Err(unsupported(node));
        }
        let len = last.max(wide.lines.len());
        let line = |index: usize| {
            let (slope, offset) = wide.lines[index % wide.lines.len()];
            let scale = f64::from(affine.scale[index % last]);
            (
                slope * scale,
                offset * scale + f64::from(affine.offset[index % last]),
            )
        };
        let lines = (0..len).map(line).collect();
        let size = |index: usize| wide.magnitudes[index % wide.magnitudes.len()];
        wide.magnitudes = (0..len).map(size).collect();
        wide.lines = lines;
        wide.fraction_bits = None;
        Ok(wide)
    }

    /// Two values with the same fraction bits, few enough for `bound`.
    fn aligned(&mut self, node: &Node, bound: f64) -> Result<([Wide; 2], u32), CompileError> {
        let (a, a_bits) = self.uniform(node, 0)?;
        let (b, b_bits) = self.uniform(node, 1)?;
        let most = fraction_bits_for(bound, 4.0).ok_or_else(|| too_large(node))?;
        let bits = most.min(a_bits).min(b_bits);
        let mut a = self.coarser(node, 0, &a, a_bits - bits)?;
        let mut b = self.coarser(node, 1, &b, b_bits - bits)?;
        a.value = self.ranked(node, 0, a.value)?;
        b.value = self.ranked(node, 1, b.value)?;
        Ok(([a, b], bits))
    }

    /// An operand with as many axes as the output, for broadcasting.
    fn ranked(&mut self, node: &Node, input: usize, value: ValueId) -> Emitted {
        let shape = self.shape(node.inputs[input]);
        let missing = self.shape(node.output).len() - shape.len();
        if missing == 0 {
            return Ok(value);
        }
        let shape = [vec![1; missing].as_slice(), shape].concat();
        self.lane.reshape(value, &shape)
    }

    fn coarser(
        &mut self,
        node: &Node,
        input: usize,
        wide: &Wide,
        less_bits: u32,
    ) -> Result<Wide, CompileError> {
        let rank = self.shape(node.inputs[input]).len();
        let mut wide = wide.clone();
        if less_bits > 0 {
            let places = self.lane.scalar(rank, i64::from(less_bits))?;
            wide.value = self.lane.shift_right(wide.value, places, true)?;
        }
        Ok(wide)
    }

    fn sum(&mut self, node: &Node, negated: bool) -> Result<Wide, CompileError> {
        let worst: f64 = (0..2)
            .map(|input| self.ranges.values[node.inputs[input]].magnitude() * HEADROOM)
            .sum();
        let ([a, b], bits) = self.aligned(node, worst)?;
        let value = if negated {
            self.lane.sub(a.value, b.value)?
        } else {
            self.lane.add(a.value, b.value)?
        };
        Ok(even(value, bits, self.expected(node.output, worst)))
    }

    fn product(&mut self, node: &Node) -> Result<Wide, CompileError> {
        let (a, a_bits) = self.uniform(node, 0)?;
        let (b, b_bits) = self.uniform(node, 1)?;
        let worst = real(&a, a_bits) * real(&b, b_bits);
        let bits = fraction_bits_for(worst, 2.0).ok_or_else(|| too_large(node))?;
        let shift_bits = (a_bits + b_bits).saturating_sub(bits);
        let bits = a_bits + b_bits - shift_bits;
        let a = self.ranked(node, 0, a.value)?;
        let b = self.ranked(node, 1, b.value)?;
        let value = self.lane.mul(a, b, shift_bits)?;
        Ok(even(value, bits, self.expected(node.output, worst)))
    }

    fn clamp(&mut self, node: &Node, low: f64, high: f64) -> Result<Wide, CompileError> {
        let (wide, bits) = self.uniform(node, 0)?;
        let rank = self.shape(node.output).len();
        let unit = 2f64.powi(bits.cast_signed());
        let mut value = wide.value;
        if low.is_finite() {
            let low = (low * unit)
                .round()
                .clamp(f64::from(i32::MIN), f64::from(i32::MAX));
            let low = self.lane.scalar(rank, low as i64)?;
            value = self.lane.maximum(value, low)?;
        }
        if high.is_finite() {
            let high = (high * unit)
                .round()
                .clamp(f64::from(i32::MIN), f64::from(i32::MAX));
            let high = self.lane.scalar(rank, high as i64)?;
            value = self.lane.minimum(value, high)?;
        }
        let worst = real(&wide, bits);
        Ok(even(value, bits, self.expected(node.output, worst)))
    }

    fn unary(&mut self, node: &Node, unary: Unary) -> Result<Wide, CompileError> {
        let (wide, bits) = self.uniform(node, 0)?;
        let shape = self.shape(node.output).to_vec();
        let len = shape.iter().product();
        let bound = real(&wide, bits);
        if let Unary::Abs = unary {
            let value = self.lane.abs(wide.value)?;
            return Ok(even(value, bits, bound));
        }
        // What sums can give counts here, not what is expected: the functions end where they are flat.
        let input = Fixed {
            value: self.lane.reshape(wide.value, &[1, len])?,
            len,
            fraction_bits: bits,
            bound: f64::from(i32::MAX) * 2f64.powi(-bits.cast_signed()),
        };
        let result = match unary {
            Unary::Sigmoid => self.lane.logistic(input)?,
            Unary::Tanh => self.lane.hyperbolic_tangent(input)?,
            _ => return Err(unsupported(node)),
        };
        let value = self.lane.reshape(result.value, &shape)?;
        Ok(even(value, result.fraction_bits, 1.0))
    }

    fn reshaped(&mut self, node: &Node) -> Result<Wide, CompileError> {
        let wide = self.read(node, 0)?;
        let shape = self.shape(node.output).to_vec();
        let same_rows = self.shape(node.inputs[0]).last() == shape.last();
        // Scales along the last axis go with it, or along a flattened one by repetition; otherwise they
        // are evened out.
        let flattens = shape
            .last()
            .is_some_and(|last| last % wide.lines.len() == 0)
            && shape.len() <= self.shape(node.inputs[0]).len();
        let wide = if wide.lines.len() == 1 || same_rows || flattens {
            wide
        } else {
            self.uniform(node, 0)?.0
        };
        Ok(Wide {
            value: self.lane.reshape(wide.value, &shape)?,
            ..wide
        })
    }
}

/// A value with one scale for all elements.
fn even(value: ValueId, bits: u32, bound: f64) -> Wide {
    let unit = 2f64.powi(bits.cast_signed());
    Wide {
        value,
        lines: vec![(1.0 / unit, 0.0)],
        magnitudes: vec![bound * unit],
        fraction_bits: Some(bits),
    }
}

/// The largest real magnitude expected of a value with one scale.
fn real(wide: &Wide, bits: u32) -> f64 {
    wide.magnitudes[0] * 2f64.powi(-bits.cast_signed())
}

fn unsupported(node: &Node) -> CompileError {
    CompileError::Unsupported {
        node: node.name.clone(),
        operator: node.source.clone(),
        reason: "no lowering at int32, which has fully connected layers, sums and products, clips, Sigmoid, Tanh and Abs: use int16"
            .to_owned(),
    }
}

fn too_large(node: &Node) -> CompileError {
    CompileError::Unsupported {
        node: node.name.clone(),
        operator: node.source.clone(),
        reason:
            "its values reach 2^31 for inputs of twice the samples' magnitude: scale the inputs"
                .to_owned(),
    }
}
