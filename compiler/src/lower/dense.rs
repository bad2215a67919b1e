//! Matrix products.
//!
//! int8 with constant weights: CONV2D with a 1x1 kernel, which has a bias and, with its RESCALE, a
//! scale per output. int16: MATMUL to 48 bits; the bias becomes two more columns (32767 and 1) of
//! the input, and the weights' scales are chosen so that the 16-bit multipliers of the RESCALE are
//! exact.

use super::{
    Layout, Lowerer, Output,
    emit::{Emitted, Retype},
    prescribed::{rows_prescribed, rows_prescribed_wide},
};
use crate::{
    builder::signed,
    error::CompileError,
    ir::{Dense, Node},
    multiplier::Multiplier,
    quantise::Quant,
    ratio,
};
use fixpoint_runtime::{
    model::format::ValueId,
    ops::{
        Operator,
        conv2d::Conv2d,
        geometry::{Pad2d, Size2d},
    },
    tensor::DType,
};

/// Largest 8-bit and 16-bit weight; the ranges are symmetric.
pub(super) const MAX_WEIGHT_I8: f64 = 127.0;
pub(super) const MAX_WEIGHT_I16: f64 = 32767.0;
/// The first bias column of a 16-bit product; the second is 1.
const BIAS_COLUMN: i64 = 32767;
/// Pairs of bias columns that are a constant; more are repeated by a TILE.
const MAX_CONSTANT_COLUMNS: usize = 1024;
/// Largest 32-bit bias in accumulator units: half the range stays free for the sum.
const MAX_BIAS_I32: f64 = (1 << 30) as f64;

/// Rows of weights with a scale each.
pub(super) struct Rows {
    /// Quantised weights, row by row.
    pub(super) weights: Vec<i64>,
    /// Bias of each row in accumulator units.
    pub(super) bias: Vec<i64>,
    /// What a RESCALE of the accumulator multiplies each row by.
    pub(super) factors: Vec<f64>,
    /// The same as multipliers, if they are 16 bit and exact.
    pub(super) narrow: Vec<Multiplier>,
    /// The integer that stands for a weight of 0.
    pub(super) zero_point: i32,
}

/// Quantises rows of 8-bit weights for 8-bit inputs. `scale_in` and `scale_out` are those of the
/// activations on both sides.
pub(super) fn rows_i8(weights: &[f64], bias: &[f64], scale_in: f64, scale_out: f64) -> Rows {
    let per_row = weights.len() / bias.len();
    let mut rows = Rows {
        weights: vec![],
        bias: vec![],
        factors: vec![],
        narrow: vec![],
        zero_point: 0,
    };
    for (row, &bias) in weights.chunks(per_row).zip(bias) {
        let largest = row
            .iter()
            .fold(0.0_f64, |max, weight| max.max(weight.abs()));
        // A bias far above the weights would overflow: coarser weights make room for it.
        let scale = (largest / MAX_WEIGHT_I8).max(bias.abs() / (MAX_BIAS_I32 * scale_in));
        let scale = if scale > 0.0 { scale } else { 1.0 };
        rows.weights
            .extend(row.iter().map(|weight| (weight / scale).round() as i64));
        rows.bias.push((bias / (scale * scale_in)).round() as i64);
        rows.factors.push(scale_in * scale / scale_out);
    }
    rows
}

/// Quantises rows of weights for products whose accumulator has 48 bits: the scale of each row is
/// the smallest that fits and makes the RESCALE's 16-bit multiplier exact; all rows have the same
/// if it must be `uniform`.
pub(super) fn rows_wide(
    weights: &[f64],
    bias: &[f64],
    scale_in: f64,
    scale_out: f64,
    max_weight: f64,
    max_bias: f64,
    uniform: bool,
) -> Option<Rows> {
    let per_row = weights.len() / bias.len();
    let mut rows = Rows {
        weights: vec![],
        bias: vec![],
        factors: vec![],
        narrow: vec![],
        zero_point: 0,
    };
    let needed_by = |row: &[f64], bias: f64| {
        let largest = row
            .iter()
            .fold(0.0_f64, |max, weight| max.max(weight.abs()));
        (largest / max_weight).max(bias.abs() / (max_bias * scale_in))
    };
    let pairs = || weights.chunks(per_row).zip(bias);
    let largest = pairs()
        .map(|(row, &bias)| needed_by(row, bias))
        .fold(0.0, f64::max);
    for (row, &bias) in pairs() {
        let needed = if uniform {
            largest
        } else {
            needed_by(row, bias)
        };
        let needed = if needed > 0.0 {
            needed
        } else {
            scale_out / scale_in
        };
        let multiplier = Multiplier::narrow_at_least(needed * scale_in / scale_out)?;
        let scale = multiplier.factor() * scale_out / scale_in;
        let integer = |weight: &f64| (weight / scale).round().clamp(-max_weight, max_weight) as i64;
        rows.weights.extend(row.iter().map(integer));
        rows.bias.push((bias / (scale * scale_in)).round() as i64);
        rows.factors.push(multiplier.factor());
        rows.narrow.push(multiplier);
    }
    Some(rows)
}

impl Lowerer<'_> {
    pub(super) fn dense(&mut self, node: &Node, dense: &Dense) -> Output {
        let value = node.inputs[0];
        let (layout, number) = self.any(value);
        let (number, order) = match layout {
            // Reordering the weights is free, reordering the value is not.
            Layout::FlatChannelsLast(image) if self.existing(value, &Layout::Plain).is_none() => {
                (number, Some(image))
            }
            _ => (self.plain(value)?, None),
        };
        let (input, output) = (self.quant(value).clone(), self.quant(node.output).clone());
        let (weights, zero_points) = fold_features(dense, &input, order);
        let bias: Vec<f64> = dense.bias.iter().map(|&bias| f64::from(bias)).collect();
        let rows_in = self.shape(value).iter().product::<usize>() / dense.inputs;
        let result = if input.dtype == DType::I8 {
            let (scale_in, scale_out) = (input.scale(), output.scale());
            let mut rows = match &dense.grid {
                Some(grid) if input.features.is_none() => {
                    rows_prescribed(grid, &weights, &bias, scale_in, scale_out)
                }
                _ => rows_i8(&weights, &bias, scale_in, scale_out),
            };
            for (row, bias) in rows.weights.chunks(dense.inputs).zip(&mut rows.bias) {
                *bias -= row
                    .iter()
                    .zip(&zero_points)
                    .map(|(weight, zero)| weight * zero)
                    .sum::<i64>();
            }
            self.dense_i8(number, rows_in, dense, &rows, [&input, &output])?
        } else {
            let max_bias = MAX_WEIGHT_I16 * BIAS_COLUMN as f64;
            let (scale_in, scale_out) = (input.scale(), output.scale());
            let limits = [MAX_WEIGHT_I16, max_bias];
            let own = dense.grid.as_ref().filter(|_| input.features.is_none());
            let own = own.and_then(|grid| {
                let scales = [scale_in, scale_out];
                rows_prescribed_wide(grid, &weights, &bias, scales, limits, false)
            });
            let rows = own.or_else(|| {
                let [max_weight, max_bias] = limits;
                rows_wide(
                    &weights, &bias, scale_in, scale_out, max_weight, max_bias, false,
                )
            });
            let rows = rows.ok_or_else(|| too_narrow(node))?;
            let from = self.shape(value).to_vec();
            let matrix = self.reshaped(number, &from, &[1, rows_in, dense.inputs])?;
            self.product_i16(matrix, [1, rows_in], &rows, &output)?
        };
        let shape = self.shape(node.output).to_vec();
        Ok((Layout::Plain, self.builder.reshape(result, &shape)?))
    }

    fn dense_i8(
        &mut self,
        number: ValueId,
        rows_in: usize,
        dense: &Dense,
        rows: &Rows,
        [input, output]: [&Quant; 2],
    ) -> Emitted {
        let image = self
            .builder
            .reshape(number, &[rows_in, 1, 1, dense.inputs])?;
        let shape = [dense.outputs, 1, 1, dense.inputs];
        let weight = self
            .builder
            .integers(DType::I8, &shape, rows.weights.iter().copied())?;
        let bias =
            self.builder
                .integers(DType::I32, &[dense.outputs], rows.bias.iter().copied())?;
        let product = self.builder.operator(Operator::Conv2d(Conv2d {
            input: image,
            weight,
            bias,
            pad: Pad2d {
                top: 0,
                bottom: 0,
                left: 0,
                right: 0,
            },
            stride: Size2d { y: 1, x: 1 },
            dilation: Size2d { y: 1, x: 1 },
            input_zero_point: signed(input.zero_point),
            weight_zero_point: signed(rows.zero_point),
        }))?;
        if output.plain {
            return Ok(product);
        }
        let retype = Retype {
            to: output.dtype,
            from_zero_point: 0,
            to_zero_point: output.zero_point,
        };
        self.rescale_channels(product, retype, &rows.factors)
    }

    /// `[G, H, K]` of 16 bits times the rows of each group, plus bias, rescaled: `[G, H, rows / G]`.
    /// With more than one group the rows' scale must be uniform.
    pub(super) fn product_i16(
        &mut self,
        input: ValueId,
        [groups, height]: [usize; 2],
        rows: &Rows,
        output: &Quant,
    ) -> Emitted {
        let outputs = rows.bias.len() / groups;
        let inputs = rows.weights.len() / rows.bias.len();
        let has_bias = rows.bias.iter().any(|&bias| bias != 0);
        // bias = high * 32767 + low with |low| at most half of 32767.
        let high = |bias: i64| (bias as f64 / BIAS_COLUMN as f64).round() as i64;
        let mut matrix: Vec<i64> = Vec::new();
        for group in 0..groups {
            let first = group * outputs;
            for input in 0..inputs {
                let row = |output: usize| rows.weights[(first + output) * inputs + input];
                matrix.extend((0..outputs).map(row));
            }
            if has_bias {
                let bias = &rows.bias[first..first + outputs];
                matrix.extend(bias.iter().map(|&bias| high(bias)));
                matrix.extend(bias.iter().map(|&bias| bias - high(bias) * BIAS_COLUMN));
            }
        }
        let mut depth = inputs;
        let mut input = input;
        if has_bias {
            let columns = self.bias_columns(groups, height)?;
            input = self.concat(vec![input, columns], 2)?;
            depth += 2;
        }
        let weights = self
            .builder
            .integers(DType::I16, &[groups, depth, outputs], matrix)?;
        let product = self.matmul_of(input, weights, [0, 0])?;
        let retype = Retype {
            to: output.dtype,
            from_zero_point: 0,
            to_zero_point: 0,
        };
        let multipliers = if groups > 1 {
            &rows.narrow[..1]
        } else {
            &rows.narrow
        };
        self.rescale_by(product, retype, multipliers, false)
    }

    /// `[groups, height, 2]`: the columns that the bias is multiplied with.
    fn bias_columns(&mut self, groups: usize, height: usize) -> Emitted {
        let pairs = groups * height;
        if pairs <= MAX_CONSTANT_COLUMNS {
            let columns = (0..pairs).flat_map(|_| [BIAS_COLUMN, 1]);
            return self
                .builder
                .integers(DType::I16, &[groups, height, 2], columns);
        }
        let pair = self
            .builder
            .integers(DType::I16, &[1, 1, 2], [BIAS_COLUMN, 1])?;
        self.builder.tile(pair, &[groups, height, 1])
    }

    /// Product of two computed matrices.
    pub(super) fn matmul(&mut self, node: &Node) -> Output {
        let [a, b] = [node.inputs[0], node.inputs[1]];
        let (shape_a, shape_b) = (self.shape(a).to_vec(), self.shape(b).to_vec());
        let (rank_a, rank_b) = (shape_a.len(), shape_b.len());
        if rank_a < 2 || rank_b < 2 || shape_a[..rank_a - 2] != shape_b[..rank_b - 2] {
            return Err(Self::unsupported(
                node,
                "the two tensors must have the same batch dimensions",
            ));
        }
        let batch: usize = shape_a[..rank_a - 2].iter().product();
        let (plain_a, plain_b) = (self.plain(a)?, self.plain(b)?);
        let left = self
            .builder
            .reshape(plain_a, &[batch, shape_a[rank_a - 2], shape_a[rank_a - 1]])?;
        let right = self
            .builder
            .reshape(plain_b, &[batch, shape_b[rank_b - 2], shape_b[rank_b - 1]])?;
        let zero_points = [self.quant(a).zero_point, self.quant(b).zero_point];
        let product = self.matmul_of(left, right, zero_points)?;
        let output = self.quant(node.output).clone();
        let factor = self.quant(a).scale() * self.quant(b).scale() / output.scale();
        let retype = Retype {
            to: output.dtype,
            from_zero_point: 0,
            to_zero_point: output.zero_point,
        };
        let scaled = if output.plain {
            product
        } else if output.dtype == DType::I8 {
            self.rescale(product, retype, factor)?
        } else {
            let multiplier = Multiplier::narrow(factor).ok_or_else(|| too_narrow(node))?;
            self.rescale_by(product, retype, &[multiplier], false)?
        };
        let shape = self.shape(node.output).to_vec();
        Ok((Layout::Plain, self.builder.reshape(scaled, &shape)?))
    }
}

/// Weights in the order of the input's elements with the features' scales in them, and the
/// features' zero points per column (none if the input has one scale).
fn fold_features(dense: &Dense, input: &Quant, order: Option<[usize; 3]>) -> (Vec<f64>, Vec<i64>) {
    let feature = |column: usize| {
        input
            .features
            .as_ref()
            .map(|features| features[column % features.len()])
    };
    let scales: Vec<f64> = (0..dense.inputs)
        .map(|column| feature(column).map_or(1.0, |(scale, _)| ratio::to_f64(scale)))
        .collect();
    let zero_points = match &input.features {
        Some(_) => (0..dense.inputs)
            .map(|column| feature(column).map_or(0, |(_, zero)| i64::from(zero)))
            .collect(),
        None => Vec::new(),
    };
    let mut weights = Vec::with_capacity(dense.weights.len());
    for row in dense.weights.chunks(dense.inputs) {
        weights.extend((0..dense.inputs).map(|position| {
            let column = match order {
                // Position in [H, W, C] to column in [C, H, W].
                Some([channels, height, width]) => {
                    position % channels * height * width + position / channels
                }
                None => position,
            };
            f64::from(row[column]) * scales[column]
        }));
    }
    (weights, zero_points)
}

/// Why a product of this node has no lowering.
pub(super) fn too_narrow(node: &Node) -> CompileError {
    Lowerer::unsupported(node, "its output range is too small for its input range")
}
