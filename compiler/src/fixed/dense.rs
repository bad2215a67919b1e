//! Products with constant weights: MUL with a shift, then REDUCE_SUM.
//!
//! `y = sum_k(x_k * w_k) + b`, where `x` are integers, whatever real numbers they stand for (the
//! caller has put their scales into `w`), and `y` has a chosen number of fraction bits. Weights are
//! integers of up to 31 bits with one shift for the whole layer, so inputs with few bits (a category's
//! 0 and 1 beside prices) are raised first. Each product is rounded once to a
//! unit of `y`, so the sum is off by about `sqrt(K) / 4` units: 1e-9 of the range.

use super::{Emitted, Lane};
use crate::{error::CompileError, real};
use fixpoint_runtime::model::format::ValueId;

/// Shifts of MUL.
const MAX_SHIFT_BITS: i32 = 63;
/// Largest magnitude of a weight.
const MAX_WEIGHT: f64 = i32::MAX as f64;

/// Inputs are raised to about this many bits.
const INPUT_BITS: f64 = 30.0;
/// Most bits by which an input is raised: the factor and one bit more must fit.
const MAX_RAISE_BITS: f64 = 29.0;
/// Raising by fewer bits than this is not worth a product.
const MIN_RAISE_BITS: u32 = 2;

/// A layer's constants in real numbers per unit of its input's integers.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    /// `[outputs, inputs]`: what one unit of an input adds to an output.
    pub(crate) weights: Vec<f64>,
    /// `[outputs]`.
    pub(crate) bias: Vec<f64>,
}

impl Layer {
    /// Inputs of the layer.
    pub(crate) fn inputs(&self) -> usize {
        self.weights.len() / self.bias.len()
    }

    /// A bound of every running sum, from the largest magnitude of each input.
    pub(crate) fn bound(&self, inputs: &[f64]) -> f64 {
        let rows = self.weights.chunks(self.inputs()).zip(&self.bias);
        rows.map(|(row, bias)| {
            let products = row.iter().zip(inputs.iter().cycle());
            products.map(|(w, x)| w.abs() * x).sum::<f64>() + bias.abs()
        })
        .fold(0.0, f64::max)
    }

    /// The layer for inputs that are `2^bits` times larger, each by its own number of bits.
    fn for_raised(&self, bits: &[u32]) -> Self {
        let weights = self.weights.iter().zip(bits.iter().cycle());
        let lower = |(weight, &bits): (&f64, &u32)| weight * 2f64.powi(-bits.cast_signed());
        Self {
            weights: weights.map(lower).collect(),
            bias: self.bias.clone(),
        }
    }

    /// Weights as integers, and the shift that goes with them.
    fn integers(&self, fraction_bits: i32) -> (Vec<i64>, u32) {
        let unit = 2f64.powi(fraction_bits);
        let largest = self.weights.iter().fold(0.0_f64, |max, w| max.max(w.abs())) * unit;
        // The largest shift with which the largest weight fits.
        let room = if largest > 0.0 {
            real::log2(MAX_WEIGHT / largest).floor() as i32
        } else {
            0
        };
        let shift_bits = room.clamp(0, MAX_SHIFT_BITS);
        let factor = unit * 2f64.powi(shift_bits);
        let integer = |weight: &f64| (weight * factor).round().clamp(-MAX_WEIGHT, MAX_WEIGHT);
        let weights = self.weights.iter().map(|weight| integer(weight) as i64);
        (weights.collect(), shift_bits.cast_unsigned())
    }
}

impl Lane {
    /// `[rows, inputs]` of integers, of these expected magnitudes, to `[rows, outputs]` with
    /// `fraction_bits`.
    ///
    /// # Errors
    /// [`CompileError::ScaleFactor`] if an input's unit is worth more than 2^31 units of the output.
    pub(crate) fn dense(
        &mut self,
        input: ValueId,
        rows: usize,
        layer: &Layer,
        magnitudes: &[f64],
        fraction_bits: i32,
    ) -> Emitted {
        let raise = |size: &f64| {
            let bits = INPUT_BITS - real::log2(size.max(1.0)).ceil();
            bits.clamp(0.0, MAX_RAISE_BITS) as u32
        };
        let raise_bits: Vec<u32> = magnitudes.iter().map(raise).collect();
        if raise_bits.iter().any(|&bits| bits >= MIN_RAISE_BITS) {
            // With a shift, so that a larger input than expected fails the call instead of wrapping.
            let factors = raise_bits.iter().map(|&bits| 2_i64 << bits);
            let factors = self.constant(&[1, raise_bits.len()], factors)?;
            let input = self.builder.reshape(input, &[rows, layer.inputs()])?;
            let raised = self.mul(input, factors, 1)?;
            return self.products(raised, rows, &layer.for_raised(&raise_bits), fraction_bits);
        }
        self.products(input, rows, layer, fraction_bits)
    }

    fn products(
        &mut self,
        input: ValueId,
        rows: usize,
        layer: &Layer,
        fraction_bits: i32,
    ) -> Emitted {
        self.products_of(input, [1, rows], layer, fraction_bits)
    }

    /// The rows of a layer, an equal part of them for each group of inputs.
    fn products_of(
        &mut self,
        input: ValueId,
        [groups, height]: [usize; 2],
        layer: &Layer,
        fraction_bits: i32,
    ) -> Emitted {
        let (inputs, outputs) = (layer.inputs(), layer.bias.len() / groups);
        let unit = 2f64.powi(fraction_bits);
        if let Some(&factor) = layer.weights.iter().find(|w| w.abs() * unit > MAX_WEIGHT) {
            return Err(CompileError::ScaleFactor {
                factor: factor * unit,
            });
        }
        // One group needs no axis.
        let shaped = |rest: &[usize]| match groups {
            1 => rest.to_vec(),
            _ => [&[groups], rest].concat(),
        };
        let (weights, shift_bits) = layer.integers(fraction_bits);
        let weights = self.constant(&shaped(&[1, outputs, inputs]), weights)?;
        let spread = shaped(&[height, 1, inputs]);
        let axis = spread.len() - 1;
        let spread = self.builder.reshape(input, &spread)?;
        let products = self.mul(spread, weights, shift_bits)?;
        let sums = self.reduce_sum(products, axis)?;
        let sums = self.builder.reshape(sums, &shaped(&[height, outputs]))?;
        if layer.bias.iter().all(|&bias| bias == 0.0) {
            return Ok(sums);
        }
        let bias = layer.bias.iter().map(|bias| (bias * unit).round() as i64);
        let bias = self.constant(&shaped(&[1, outputs]), bias)?;
        self.add(sums, bias)
    }

    /// `[G, H, inputs]` of integers times a layer for each `G`: `[G, H, outputs]` with `fraction_bits`.
    ///
    /// # Errors
    /// As [`Self::dense`].
    pub(crate) fn dense_groups(
        &mut self,
        input: ValueId,
        [groups, height]: [usize; 2],
        layers: &[Layer],
        fraction_bits: i32,
    ) -> Emitted {
        let together = Layer {
            weights: layers
                .iter()
                .flat_map(|layer| layer.weights.iter().copied())
                .collect(),
            bias: layers
                .iter()
                .flat_map(|layer| layer.bias.iter().copied())
                .collect(),
        };
        self.products_of(input, [groups, height], &together, fraction_bits)
    }
}
