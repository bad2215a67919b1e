//! Integers that an already quantised model prescribes.

use super::{Lowerer, Output, dense::Rows, emit::Retype};
use crate::ir::{Grid, Node, WeightGrid};
use crate::multiplier::Multiplier;
use fixpoint_runtime::tensor::DType;

/// Numbers that weights are tried multiplied by.
const MOST_TIMES: f64 = 256.0;

impl Lowerer<'_> {
    /// A value in other integers: prescribed ones that its operator could not write itself, or those of
    /// a neighbour of another precision.
    pub(super) fn quantise_node(&mut self, node: &Node) -> Output {
        let (layout, number) = self.any(node.inputs[0]);
        let number = self.in_scale_of(number, node.inputs[0], node.output)?;
        Ok((layout, number))
    }

    /// The model's own integers, as many bits narrower; what does not fit saturates.
    pub(super) fn decode_node(&mut self, node: &Node, grid: &Grid) -> Output {
        let (layout, mut number) = self.any(node.inputs[0]);
        let output = self.quant(node.output).clone();
        let mut to_zero_point = -grid.code.offset();
        if output.dtype == DType::I16 && to_zero_point != 0 {
            let rank = self.shape(node.output).len();
            let offset = self.scalar(i64::from(-to_zero_point), rank)?;
            number = self.sub(number, offset)?;
            to_zero_point = 0;
        }
        let retype = Retype {
            to: output.dtype,
            from_zero_point: 0,
            to_zero_point,
        };
        Ok((layout, self.rescale(number, retype, 1.0)?))
    }

    /// The model's own integers in 32 bits.
    pub(super) fn encode_node(&mut self, node: &Node, grid: &Grid) -> Output {
        let (layout, number) = self.any(node.inputs[0]);
        let offset = grid.code.offset();
        if self.quant(node.inputs[0]).dtype == DType::I16 {
            let wide = self.rescale(number, Retype::widen(0), 1.0)?;
            let rank = self.shape(node.output).len();
            let offset = self.scalar(i64::from(offset), rank)?;
            return Ok((layout, self.add(wide, offset)?));
        }
        Ok((layout, self.rescale(number, Retype::widen(-offset), 1.0)?))
    }
}

/// Rows of the model's own 8-bit weights and biases.
pub(super) fn rows_prescribed(
    grid: &WeightGrid,
    weights: &[f64],
    bias: &[f64],
    scale_in: f64,
    scale_out: f64,
) -> Rows {
    let per_row = weights.len() / bias.len();
    let scale = |output: usize| grid.scales[output % grid.scales.len()];
    let rows = weights.chunks(per_row).enumerate();
    let integers = rows.flat_map(|(output, row)| {
        row.iter()
            .map(move |weight| (weight / scale(output)).round() as i64 + i64::from(grid.zero_point))
    });
    let rounded = bias.iter().enumerate();
    let rounded = rounded.map(|(output, bias)| (bias / (scale(output) * scale_in)).round() as i64);
    Rows {
        weights: integers.collect(),
        bias: grid.bias.clone().unwrap_or_else(|| rounded.collect()),
        factors: (0..bias.len())
            .map(|output| scale_in * scale(output) / scale_out)
            .collect(),
        narrow: Vec::new(),
        zero_point: grid.zero_point,
    }
}

/// The same for products whose accumulator has 48 bits and whose RESCALE a 16-bit multiplier: each
/// row's integers times the number that brings the multiplier nearest to the exact factor.
///
/// Nothing if a factor is out of range, or if rows that must be `uniform` are not.
pub(super) fn rows_prescribed_wide(
    grid: &WeightGrid,
    weights: &[f64],
    bias: &[f64],
    [scale_in, scale_out]: [f64; 2],
    [max_weight, max_bias]: [f64; 2],
    uniform: bool,
) -> Option<Rows> {
    let exact = rows_prescribed(
        &WeightGrid {
            zero_point: 0,
            ..grid.clone()
        },
        weights,
        bias,
        scale_in,
        scale_out,
    );
    let per_row = weights.len() / bias.len();
    let largest =
        |integers: &[i64]| integers.iter().map(|x| x.abs()).max().unwrap_or(0).max(1) as f64;
    let room = |row: &[i64], bias: &[i64]| {
        let most = (max_weight / largest(row)).min(max_bias / largest(bias));
        most.min(MOST_TIMES) as i64
    };
    if uniform && grid.scales.len() > 1 {
        return None;
    }
    let whole = room(&exact.weights, &exact.bias);
    let mut rows = Rows {
        weights: Vec::new(),
        bias: Vec::new(),
        factors: Vec::new(),
        narrow: Vec::new(),
        zero_point: 0,
    };
    for (output, row) in exact.weights.chunks(per_row).enumerate() {
        let own = room(row, &exact.bias[output..=output]);
        let factor = exact.factors[output];
        let candidates = (1..=if uniform { whole } else { own }).filter_map(|times| {
            let multiplier = Multiplier::narrow(factor / times as f64)?;
            let error = (multiplier.factor() * times as f64 / factor - 1.0).abs();
            Some((times, multiplier, error))
        });
        let (times, multiplier, _) = candidates.min_by(|a, b| a.2.total_cmp(&b.2))?;
        rows.weights.extend(row.iter().map(|weight| weight * times));
        rows.bias.push(exact.bias[output] * times);
        rows.factors.push(multiplier.factor());
        rows.narrow.push(multiplier);
    }
    Some(rows)
}
