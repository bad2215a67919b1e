//! Chooses what integers stand for what real numbers: element type, scale and zero point of every
//! value.
//!
//! - int8: asymmetric, one scale per tensor; the range always includes 0, so 0 is exact.
//! - int16: symmetric (TOSA's 16-bit operators have no zero points). The output of a final fully
//!   connected layer stays 32 bit: its scale is so fine and so wide that it never saturates.
//!
//! Every scale is an exact [`Ratio`]. Weights are quantised where they are lowered.

use crate::{
    calibrate::{Range, Ranges},
    error::CompileError,
    ir::{Binary, Code, Dense, Element, Graph, Grid, Op, Reduction, Unary, ValueIndex},
    options::{InputScales, Precision},
    ratio, real,
};
use fixpoint_runtime::{model::format::Ratio, tensor::DType};

/// How far beyond its calibrated range a 16-bit activation may go: a third of a bit of resolution
/// against rare inputs that would saturate far from float.
pub(crate) const HEADROOM_I16: f64 = 1.25;
/// Features whose magnitudes differ by more than this get a scale each.
const UNEVEN_FEATURES: f64 = 4.0;

const ONE: Ratio = Ratio {
    numerator: 1,
    denominator: 1,
};

/// What an element of a value stands for: `(element - zero_point) * scale`.
#[derive(Clone, Debug)]
pub struct Quant {
    /// Element type.
    pub dtype: DType,
    /// Scale.
    pub ratio: Ratio,
    /// Zero point.
    pub zero_point: i32,
    /// Scale and zero point of each index of the last axis instead: the reader, a fully connected
    /// layer, takes them into its weights and sees scale 1 and zero point 0.
    pub features: Option<Vec<(Ratio, i32)>>,
    /// Whether the elements are plain integers or truth values.
    pub plain: bool,
    /// Real numbers that it was seen to hold: where tables must be good.
    pub range: Range,
}

impl Quant {
    fn new(dtype: DType, ratio: Ratio, zero_point: i32) -> Self {
        Self {
            dtype,
            ratio,
            zero_point,
            features: None,
            plain: false,
            range: Range { min: 0.0, max: 0.0 },
        }
    }

    /// The integers that a quantised model prescribes.
    fn prescribed(grid: &Grid) -> Self {
        let dtype = match grid.code {
            Code::I8 | Code::U8 => DType::I8,
            Code::I16 | Code::U16 => DType::I16,
        };
        let ratio = ratio::from_f32(grid.scale);
        let ratio = ratio.unwrap_or_else(|| ratio_of(f64::from(grid.scale)));
        Self::new(dtype, ratio, grid.zero_point - grid.code.offset())
    }

    /// Integers and truth values, which stand for themselves.
    fn plain(dtype: DType) -> Self {
        Self {
            plain: true,
            ..Self::new(dtype, ONE, 0)
        }
    }

    /// Scale as a float.
    pub fn scale(&self) -> f64 {
        ratio::to_f64(self.ratio)
    }

    /// Smallest and largest real number that an element can stand for; nothing of features with
    /// scales of their own and of plain integers.
    pub fn limits(&self) -> Option<[f64; 2]> {
        let (min, max) = self.dtype.range();
        let real = |element: i64| (element - i64::from(self.zero_point)) as f64 * self.scale();
        (!self.plain && self.features.is_none()).then(|| [real(min), real(max)])
    }

    /// The element nearest to a real number, saturated.
    pub fn element(&self, real: f64) -> i64 {
        let (min, max) = self.dtype.range();
        let element = (real / self.scale()).round() + f64::from(self.zero_point);
        (element.clamp(min as f64, max as f64)) as i64
    }
}

/// The element type of all real numbers of a graph at a precision: the model's own if it prescribes
/// one.
///
/// # Errors
/// [`CompileError::Precision`].
pub fn uniform_dtype(graph: &Graph, precision: Precision) -> Result<DType, CompileError> {
    Ok(match precision {
        _ if let Some(bits) = prescribed_bits(graph)? => bits,
        Precision::Int8 => DType::I8,
        Precision::Int16 => DType::I16,
        Precision::Int32 => return Err(CompileError::Precision { precision: "int32" }),
    })
}

/// Chooses for every value of the graph; real numbers have these element types, the same on both
/// sides of an operator that hands on what it reads.
pub fn quantise(
    graph: &Graph,
    ranges: &Ranges,
    dtypes: &[DType],
    scales: InputScales,
) -> Vec<Quant> {
    let readers = graph.readers();
    let producers = graph.producers();
    let mut quants: Vec<Quant> = ranges
        .values
        .iter()
        .zip(&graph.values)
        .zip(dtypes)
        .map(|((range, value), &dtype)| match value.element {
            Element::Real if let Some(grid) = &value.grid => Quant::prescribed(grid),
            Element::Real if value.constant.is_some() => from_range(dtype, *range),
            Element::Real => from_range(dtype, roomy(dtype, range)),
            Element::Integer => Quant::plain(DType::I32),
            Element::Boolean => Quant::plain(DType::Bool),
        })
        .collect();
    for (index, &input) in graph.inputs.iter().enumerate() {
        if graph.values[input].element != Element::Real || graph.values[input].grid.is_some() {
            continue;
        }
        let (features, dtype) = (&ranges.features[index], dtypes[input]);
        if wants_features(graph, input, &readers, features, scales) {
            let constant = smallest_range(features);
            let of = |&range: &Range| {
                let seen = if range.magnitude() > 0.0 {
                    range
                } else {
                    constant
                };
                let quant = input_from_range(dtype, seen);
                (quant.ratio, quant.zero_point)
            };
            quants[input] = Quant::new(dtype, ONE, 0);
            quants[input].features = Some(features.iter().map(of).collect());
        } else {
            quants[input] = input_from_range(dtype, ranges.values[input]);
        }
    }
    for index in 0..graph.nodes.len() {
        let output = graph.nodes[index].output;
        if graph.values[output].element == Element::Real {
            let dtype = dtypes[output];
            propagate(graph, index, dtype, &readers, &producers, &mut quants);
        }
    }
    for (quant, range) in quants.iter_mut().zip(&ranges.values) {
        quant.range = *range;
    }
    quants
}

/// A range with the headroom of an element type.
fn roomy(dtype: DType, range: &Range) -> Range {
    let headroom = if dtype == DType::I16 {
        HEADROOM_I16
    } else {
        1.0
    };
    Range {
        min: range.min * headroom,
        max: range.max * headroom,
    }
}

/// That no value got its scale from a range that is too `wide` to choose one by.
///
/// # Errors
/// [`CompileError::NoScale`].
pub(crate) fn check_scales(
    graph: &Graph,
    ranges: &Ranges,
    wide: &[bool],
    quants: &[Quant],
) -> Result<(), CompileError> {
    for node in &graph.nodes {
        let value = &graph.values[node.output];
        let real = value.element == Element::Real && value.grid.is_none();
        if !real || !wide.get(node.output).is_some_and(|&wide| wide) {
            continue;
        }
        let quant = &quants[node.output];
        let own = from_range(quant.dtype, roomy(quant.dtype, &ranges.values[node.output]));
        if quant.ratio == own.ratio && quant.zero_point == own.zero_point {
            return Err(CompileError::NoScale {
                node: node.name.clone(),
                operator: node.source.clone(),
            });
        }
    }
    Ok(())
}

/// What a node's operator fixes: outputs that share their input's scale, and scales of known range.
fn propagate(
    graph: &Graph,
    index: usize,
    dtype: DType,
    readers: &[usize],
    producers: &[Option<usize>],
    quants: &mut [Quant],
) {
    let node = &graph.nodes[index];
    let input = node.inputs[0];
    if graph.values[node.output].grid.is_some() {
        if matches!(node.op, Op::Clamp { .. })
            && clamps_its_producer(graph, input, readers, producers)
        {
            quants[input] = quants[node.output].clone();
        }
        return;
    }
    match &node.op {
        op if op.picks() => quants[node.output] = quants[input].clone(),
        Op::AveragePool(_) => quants[node.output] = quants[input].clone(),
        Op::Reduce {
            kind: Reduction::Mean,
            ..
        } if dtype == DType::I8 => quants[node.output] = quants[input].clone(),
        Op::Pad { value, .. } if *value == 0.0 => quants[node.output] = quants[input].clone(),
        Op::Clamp { .. } => {
            if clamps_its_producer(graph, input, readers, producers) {
                // What is clamped away needs no room in the producer's output.
                quants[input] = quants[node.output].clone();
            } else {
                quants[node.output] = quants[input].clone();
            }
        }
        Op::Softmax { .. } | Op::Unary(Unary::Sigmoid) => quants[node.output] = fraction(dtype),
        Op::Unary(Unary::Tanh) => quants[node.output] = signed_fraction(dtype),
        Op::Dense(dense)
            if (dtype == DType::I16 || dense.grid.is_some())
                && only_returned(graph, node.output, readers) =>
        {
            quants[node.output] = wide_output(dense, &quants[input]);
        }
        _ => {}
    }
}

/// Whether what writes a clamp's operand can do so in the clamp's own scale.
fn clamps_its_producer(
    graph: &Graph,
    input: ValueIndex,
    readers: &[usize],
    producers: &[Option<usize>],
) -> bool {
    let producer = producers[input].map(|index| &graph.nodes[index].op);
    let free = readers[input] == 1 && graph.values[input].grid.is_none();
    free && producer.is_some_and(chooses_its_scale)
}

/// Width of the integers that a model prescribes, if it does.
fn prescribed_bits(graph: &Graph) -> Result<Option<DType>, CompileError> {
    let mut found: Option<(u32, &str)> = None;
    for value in graph.values.iter().filter(|value| value.constant.is_none()) {
        let Some(grid) = value.grid else { continue };
        match found {
            Some((bits, other)) if bits != grid.code.bits() => {
                return Err(CompileError::MixedWidths {
                    tensors: [other.to_owned(), value.name.clone()],
                });
            }
            _ => found = Some((grid.code.bits(), &value.name)),
        }
    }
    Ok(found.map(|(bits, _)| if bits == 8 { DType::I8 } else { DType::I16 }))
}

/// Whether a value does nothing but leave the model, perhaps in another shape.
fn only_returned(graph: &Graph, value: ValueIndex, readers: &[usize]) -> bool {
    let mut value = value;
    while readers[value] == 1 {
        let reader = graph.nodes.iter().find(|node| node.inputs.contains(&value));
        match reader {
            None => return true,
            Some(node) if matches!(node.op, Op::Reshape) => value = node.output,
            Some(_) => return false,
        }
    }
    false
}

/// Whether an operator's output scale is free, so that a clamp behind it may choose it.
pub(crate) fn chooses_its_scale(op: &Op) -> bool {
    matches!(
        op,
        Op::Conv(_)
            | Op::Dense(_)
            | Op::MatMul
            | Op::Binary(Binary::Add | Binary::Sub | Binary::Mul | Binary::Div)
            | Op::Affine(_)
            | Op::Normalise(_)
            | Op::Concat { .. }
    )
}

/// Whether an input's features get a scale each: only if its one reader is a fully connected layer
/// (perhaps behind a flattening) that can take the scales into its weights.
fn wants_features(
    graph: &Graph,
    input: ValueIndex,
    readers: &[usize],
    features: &[Range],
    scales: InputScales,
) -> bool {
    let reader = |value| graph.nodes.iter().find(|node| node.inputs.contains(&value));
    let mut value = input;
    while let Some(node) = reader(value).filter(|node| matches!(node.op, Op::Reshape)) {
        if readers[value] != 1 {
            return false;
        }
        value = node.output;
    }
    let dense = readers[value] == 1
        && reader(value).is_some_and(
            |node| matches!(&node.op, Op::Dense(dense) if dense.inputs % features.len() == 0),
        );
    let magnitudes = features
        .iter()
        .map(|range| range.magnitude())
        .filter(|&m| m > 0.0);
    let (min, max) = magnitudes.fold((f64::INFINITY, 0.0_f64), |(min, max), m| {
        (min.min(m), max.max(m))
    });
    match scales {
        InputScales::PerTensor => false,
        InputScales::PerFeature => dense && features.len() > 1,
        InputScales::Auto => dense && max > UNEVEN_FEATURES * min,
    }
}

/// The range of a feature that was 0 in every sample: that of the smallest other one. Its weights are read in
/// units of its scale beside those of the others, which must keep their digits.
fn smallest_range(features: &[Range]) -> Range {
    let seen = features.iter().filter(|range| range.magnitude() > 0.0);
    let smallest = seen.min_by(|a, b| a.magnitude().total_cmp(&b.magnitude()));
    smallest.copied().unwrap_or(Range { min: 0.0, max: 0.0 })
}

fn ratio_of(scale: f64) -> Ratio {
    ratio::from_f64(scale).unwrap_or(Ratio {
        numerator: 1,
        denominator: 1,
    })
}

fn from_range(dtype: DType, range: Range) -> Quant {
    if dtype == DType::I16 {
        return Quant::new(dtype, ratio_of(range.magnitude() / 32767.0), 0);
    }
    let (min, max) = (range.min.min(0.0), range.max.max(0.0));
    let ratio = ratio_of((max - min) / 255.0);
    let zero_point = (-128.0 - min / ratio::to_f64(ratio))
        .round()
        .clamp(-128.0, 127.0);
    Quant::new(dtype, ratio, zero_point as i32)
}

/// As [`from_range`], but such that no value of the range is out of the element type's range: an
/// input value that does not fit fails the call.
fn input_from_range(dtype: DType, range: Range) -> Quant {
    let quant = from_range(dtype, range);
    let fits = |quant: &Quant, real: f64| {
        let (min, max) = dtype.range();
        let element = (real / quant.scale() + 0.5).floor() + f64::from(quant.zero_point);
        (min as f64..=max as f64).contains(&element)
    };
    if fits(&quant, range.min) && fits(&quant, range.max) {
        return quant;
    }
    // One step less for the same range leaves room for the rounded zero point.
    let (min, max) = (range.min.min(0.0), range.max.max(0.0));
    let ratio = ratio_of((max - min) / 254.0);
    let zero_point = (-127.0 - min / ratio::to_f64(ratio))
        .round()
        .clamp(-128.0, 127.0);
    if dtype == DType::I16 {
        return Quant::new(dtype, ratio_of(range.magnitude() / 32766.0), 0);
    }
    Quant::new(dtype, ratio, zero_point as i32)
}

/// Values in 0 ..= 1.
fn fraction(dtype: DType) -> Quant {
    match dtype {
        DType::I8 => Quant::new(
            dtype,
            Ratio {
                numerator: 1,
                denominator: 256,
            },
            -128,
        ),
        _ => Quant::new(
            dtype,
            Ratio {
                numerator: 1,
                denominator: 32768,
            },
            0,
        ),
    }
}

/// Values in -1 ..= 1.
fn signed_fraction(dtype: DType) -> Quant {
    let denominator = if dtype == DType::I8 { 128 } else { 32768 };
    Quant::new(
        dtype,
        Ratio {
            numerator: 1,
            denominator,
        },
        0,
    )
}

/// 32 bits at a power-of-two scale that holds the largest value the layer can give for any input.
fn wide_output(dense: &Dense, input: &Quant) -> Quant {
    // The distance of an element from its zero point.
    let largest = if input.dtype == DType::I8 {
        255.0
    } else {
        32768.0
    };
    let magnitude = |index: usize| match &input.features {
        Some(features) => largest * ratio::to_f64(features[index % features.len()].0),
        None => largest * input.scale(),
    };
    let bound = dense
        .weights
        .chunks(dense.inputs)
        .zip(&dense.bias)
        .map(|(weights, &bias)| {
            let sum: f64 = weights
                .iter()
                .enumerate()
                .map(|(index, &weight)| f64::from(weight).abs() * magnitude(index))
                .sum();
            sum + f64::from(bias).abs()
        })
        .fold(0.0_f64, f64::max);
    // Rounded weights may exceed the real ones by half a step each: hence 2^30, not 2^31.
    let exponent = real::log2(bound / 2f64.powi(30)).ceil().clamp(-62.0, 62.0) as i32;
    Quant::new(DType::I32, ratio_of(2f64.powi(exponent)), 0)
}
