//! Products with weights, and of two computed matrices.
//!
//! Small layers are MUL and REDUCE_SUM: few operators, but each term is rounded to a unit of the result,
//! and running sums must fit. Others are [`limbs`](crate::fixed::limbs): exact until the result, which
//! alone must fit, so it may have as many bits as twice what calibration saw of it leaves.

use super::{Lowerer, Wide, bits_for};
use crate::{
    error::CompileError,
    fixed::{dense::Layer, limbs},
    ir::{Dense, Node},
    real,
};
use fixpoint_runtime::model::format::ValueId;

type Computed = Result<Wide, CompileError>;

/// Multiplications from which on halves cost less than MUL and REDUCE_SUM.
const LARGE: usize = 6_000;
/// Outputs of a group below which MATMUL has little to do at once.
const FEW: usize = 4;
/// Terms from which on rounding each would cost a bit and a half.
const LONG: usize = 24;
/// How far above what calibration saw the worst sum may be before its bits are missed.
const WASTEFUL: f64 = 4.0;

/// How a layer's sums are computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sums {
    /// By MUL and REDUCE_SUM, with these fraction bits.
    Rounded(i32),
    /// From 16-bit halves, with these.
    Exact(i32),
}

/// The way for layers on `rows` rows of inputs up to these sizes, whose results are expected up to a bound.
pub(super) fn sums(layers: &[Layer], rows: usize, sizes: &[f64], expected: f64) -> Sums {
    let worst = layers
        .iter()
        .fold(0.0, |max: f64, layer| max.max(layer.bound(sizes)));
    let terms = layers[0].inputs();
    let products = rows
        * layers
            .iter()
            .map(|layer| layer.weights.len())
            .sum::<usize>();
    let rounded = bits_for(worst, terms as f64 + 1.0);
    let bias = |layer: &Layer| layer.bias.iter().fold(0.0, |max: f64, b| max.max(b.abs()));
    // A sum is what it gives less the bias.
    let largest_bias = layers.iter().map(bias).fold(0.0, f64::max);
    let bound = worst.min(expected + largest_bias);
    let wide = layers[0].bias.len() >= FEW;
    let worth_it = (wide && products >= LARGE) || terms >= LONG || worst > WASTEFUL * bound;
    // Weights must fit: a coarser input needs coarser results.
    let exact = (0..4).map(|less| bits_for(bound, terms as f64) - less);
    let mut exact = exact.filter(|&bits| layers.iter().all(|layer| limbs::fits(layer, bits)));
    match exact.next() {
        Some(bits) if worth_it && bits + 1 >= rounded => Sums::Exact(bits),
        _ => Sums::Rounded(rounded),
    }
}

impl Lowerer<'_> {
    pub(super) fn dense(&mut self, node: &Node, dense: &Dense) -> Computed {
        let input = self.read(node, 0)?;
        let sizes = cycled(&input.magnitudes, dense.inputs);
        let bias: Vec<f64> = dense.bias.iter().map(|&bias| f64::from(bias)).collect();
        let layer = layer(&dense.weights, bias, |column| {
            input.lines[column % input.lines.len()]
        });
        let rows = self.shape(node.inputs[0]).iter().product::<usize>() / dense.inputs;
        let expected = self.expected(node.output);
        let layers = [layer];
        let (value, bits) = match sums(&layers, rows, &sizes, expected) {
            Sums::Rounded(bits) => (
                self.lane
                    .dense(input.value, rows, &layers[0], &sizes, bits)?,
                bits,
            ),
            Sums::Exact(bits) => {
                let halves = self.halves(input.value, [rows, dense.inputs])?;
                let halves = self
                    .lane
                    .builder
                    .reshape(halves, &[1, rows, 2 * dense.inputs])?;
                (self.lane.limbs(halves, [1, rows], &layers, bits)?, bits)
            }
        };
        let shape = self.shape(node.output).to_vec();
        let value = self.lane.builder.reshape(value, &shape)?;
        let bound = expected.min(layers[0].bound(&sizes));
        Ok(Wide::even(value, bits, bound))
    }

    /// Product of two computed matrices: MUL and REDUCE_SUM.
    pub(super) fn matmul(&mut self, node: &Node) -> Computed {
        let (a, slope_a) = self.sloped(node, 0)?;
        let (b, slope_b) = self.sloped(node, 1)?;
        let (shape_a, shape_b) = (
            self.shape(node.inputs[0]).to_vec(),
            self.shape(node.inputs[1]).to_vec(),
        );
        let rank = shape_a.len();
        let batch: usize = shape_a[..rank - 2].iter().product();
        let (height, depth, width) = (shape_a[rank - 2], shape_a[rank - 1], shape_b[rank - 1]);
        let left = self
            .lane
            .builder
            .reshape(a.value, &[batch, height, 1, depth])?;
        let right = self.lane.builder.reshape(b.value, &[batch, depth, width])?;
        let right = self
            .lane
            .builder
            .transpose(right, &[batch, depth, width], &[0, 2, 1])?;
        let right = self
            .lane
            .builder
            .reshape(right, &[batch, 1, width, depth])?;
        // Running sums must fit: at most all terms at their largest.
        let worst = a.bound() * b.bound() * depth as f64;
        let bound = worst.min(self.expected(node.output) * real::exp2(2.0));
        let products = self.multiplied([(left, slope_a), (right, slope_b)], bound)?;
        let sums = self.lane.reduce_sum(products.value, 3)?;
        let shape = self.shape(node.output).to_vec();
        let value = self.lane.builder.reshape(sums, &shape)?;
        let expected = self.expected(node.output).min(worst);
        Ok(Wide::scaled(
            value,
            products.slope().unwrap_or(1.0),
            expected,
        ))
    }

    /// Halves of `[rows, width]`, for layers whose sums are exact.
    pub(super) fn halves(&mut self, value: ValueId, [rows, width]: [usize; 2]) -> super::Emitted {
        let matrix = self.lane.builder.reshape(value, &[rows, width])?;
        self.lane.split_halves(matrix)
    }
}

/// As many numbers, from the first again where they end.
pub(super) fn cycled(numbers: &[f64], count: usize) -> Vec<f64> {
    numbers.iter().copied().cycle().take(count).collect()
}

/// Rows of weights per unit of the inputs' integers; what inputs stand for at 0 goes into the bias.
pub(super) fn layer(
    weights: &[f32],
    mut bias: Vec<f64>,
    line: impl Fn(usize) -> (f64, f64),
) -> Layer {
    let inputs = weights.len() / bias.len();
    let mut scaled = Vec::with_capacity(weights.len());
    for (row, bias) in weights.chunks(inputs).zip(&mut bias) {
        for (column, &weight) in row.iter().enumerate() {
            let (slope, offset) = line(column);
            scaled.push(f64::from(weight) * slope);
            *bias += f64::from(weight) * offset;
        }
    }
    Layer {
        weights: scaled,
        bias,
    }
}
