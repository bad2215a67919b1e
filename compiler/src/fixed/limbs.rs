//! Products with constant weights whose sums are exact: both factors as two 16-bit halves, multiplied
//! by MATMUL into 48 bits.
//!
//! With `x = 2^16 h + l + 2^15` (`l` from -2^15 to 2^15 - 1, so every i32 has both halves) and weights
//! `w = 2^16 u + v` with [`WEIGHT_BITS`] fraction bits,
//!
//! `sum(x w) / 2^31 = 2 sum(h u) + sum(h v + l u) / 2^15 + sum(l v) / 2^31 + constant`.
//!
//! The three sums are three groups of columns of one MATMUL. The first is exact to the end; the others keep
//! [`FINE_BITS`] until they are added up, so an output is rounded once, however many terms it has. MUL with
//! REDUCE_SUM rounds every term, and its running sums must fit 32 bits; here only the result must.

use super::{Emitted, Lane, dense::Layer};
use fixpoint_runtime::{model::format::ValueId, tensor::DType};

/// Fraction bits of weights.
pub(crate) const WEIGHT_BITS: i32 = 31;
/// Bits of a half.
const HALF_BITS: u32 = 16;
/// Every input is this power of two above what its halves say.
const OFFSET_BITS: i32 = 15;
/// Most inputs of a layer: the second sum, shifted, fits 32 bits.
const MAX_INPUTS: usize = 1 << 14;
/// Largest weight: its upper half fits 16 bits.
const MAX_WEIGHT: f64 = ((1_i64 << 31) - (1 << 16)) as f64;
/// Shifts of the three sums. The first is in 2 units, so that what does not fit 32 bits fails when it is
/// doubled, saturated as it may be.
const SHIFTS_BITS: [u32; 3] = [0, 15, 31];
/// Bits below a unit that the second and third sum keep until they are added up, in layers of at most
/// so many inputs.
const FINE_BITS: u32 = 4;
const MAX_FINE_INPUTS: usize = 1 << 10;

/// `value = 2^16 * .0 + .1` with `.1` from -2^15 to 2^15 - 1.
const fn halves(value: i64) -> [i64; 2] {
    let upper = (value + (1 << (HALF_BITS - 1))) >> HALF_BITS;
    [upper, value - (upper << HALF_BITS)]
}

/// Rows of weights and their constants in units of the output, for inputs in their own units.
struct Rows {
    weights: Vec<i64>,
    constants: Vec<i64>,
    /// What the constants lack, in fine units.
    fine_constants: Vec<i64>,
}

/// Bits below a unit in layers of so many inputs.
const fn fine_bits(inputs: usize) -> u32 {
    if inputs > MAX_FINE_INPUTS {
        0
    } else {
        FINE_BITS
    }
}

/// A layer in integers; nothing if a weight is above 1 unit of output for a unit of input.
fn rows(layer: &Layer, fraction_bits: i32) -> Option<Rows> {
    let unit = 2f64.powi(fraction_bits);
    let factor = unit * 2f64.powi(WEIGHT_BITS);
    let integer = |weight: &f64| (weight * factor).round();
    let too_large = |weight: &f64| integer(weight).abs() > MAX_WEIGHT;
    if layer.inputs() > MAX_INPUTS || layer.weights.iter().any(too_large) {
        return None;
    }
    let weights: Vec<i64> = layer.weights.iter().map(|w| integer(w) as i64).collect();
    let lines = weights.chunks(layer.inputs()).zip(&layer.bias);
    // What the 2^15 in every input amounts to goes with the bias.
    let constant = |(line, bias): (&[i64], &f64)| {
        let offset = line.iter().sum::<i64>() as f64 * 2f64.powi(OFFSET_BITS - WEIGHT_BITS);
        bias * unit + offset
    };
    let constants: Vec<f64> = lines.map(constant).collect();
    let fits = constants.iter().all(|c| c.abs() <= f64::from(i32::MAX));
    let fine = 2f64.powi(fine_bits(layer.inputs()).cast_signed());
    let lacking = |c: &f64| ((c - c.round()) * fine).round() as i64;
    fits.then(|| Rows {
        weights,
        fine_constants: constants.iter().map(lacking).collect(),
        constants: constants.iter().map(|c| c.round() as i64).collect(),
    })
}

/// Whether [`Lane::limbs`] can compute a layer with these fraction bits.
pub(crate) fn fits(layer: &Layer, fraction_bits: i32) -> bool {
    rows(layer, fraction_bits).is_some()
}

impl Lane {
    /// `[rows, width]` of 32 bits as `[rows, 2 width]` of 16: upper halves, then lower ones.
    pub(crate) fn split_halves(&mut self, input: ValueId) -> Emitted {
        let bits = self.scalar(2, i64::from(HALF_BITS))?;
        let upper = self.shift_right(input, bits, false)?;
        let upper = self.cast(upper, DType::I16)?;
        // The lower half less 2^15, as a signed number.
        let turned = self.scalar(2, 1 << (HALF_BITS - 1))?;
        let lower = self.bitwise_xor(input, turned)?;
        let lower = self.cast(lower, DType::I16)?;
        self.concat(vec![upper, lower], 1)
    }

    /// `[G, H, 2 K]` of [halves](Self::split_halves) times a layer for each `G`: `[G, H, outputs]` with
    /// `fraction_bits`.
    ///
    /// Layers must [fit](fits).
    pub(crate) fn limbs(
        &mut self,
        halves_of_inputs: ValueId,
        [groups, height]: [usize; 2],
        layers: &[Layer],
        fraction_bits: i32,
    ) -> Emitted {
        let (inputs, outputs) = (layers[0].inputs(), layers[0].bias.len());
        let mut matrix = Vec::with_capacity(groups * 6 * inputs * outputs);
        let (mut constants, mut fine_constants) = (Vec::new(), Vec::new());
        for layer in layers {
            let Some(rows) = rows(layer, fraction_bits) else {
                return Err(crate::CompileError::ScaleFactor {
                    factor: layer
                        .weights
                        .iter()
                        .fold(0.0, |max: f64, w| max.max(w.abs()))
                        * 2f64.powi(fraction_bits),
                });
            };
            for position in 0..2 * inputs {
                let input = position % inputs;
                let weight = |output: usize| halves(rows.weights[output * inputs + input]);
                // What an upper half and what a lower half adds to each of the three sums.
                let shares: [fn([i64; 2]) -> i64; 3] = if position < inputs {
                    [|w| w[0], |w| w[1], |_| 0]
                } else {
                    [|_| 0, |w| w[0], |w| w[1]]
                };
                for share in shares {
                    matrix.extend((0..outputs).map(|output| share(weight(output))));
                }
            }
            constants.extend(rows.constants);
            fine_constants.extend(rows.fine_constants);
        }
        let shape = [groups, 2 * inputs, 3 * outputs];
        let matrix = self.builder.integers(DType::I16, &shape, matrix)?;
        let sums = self.matmul(halves_of_inputs, matrix)?;
        let fine_bits = fine_bits(inputs);
        let shifts = SHIFTS_BITS.map(|bits| bits.saturating_sub(fine_bits) as u8);
        let shifts = shifts.iter().flat_map(|&bits| vec![bits; outputs]);
        let sums = self.narrowed_48(sums, shifts.collect())?;
        let of_upper = self
            .builder
            .slice(sums, &[0; 3], &[groups, height, outputs])?;
        // Doubled by a checked product.
        let four = self.scalar(3, 4)?;
        let upper = self.mul(of_upper, four, 1)?;
        let of_lower =
            self.builder
                .slice(sums, &[0, 0, outputs], &[groups, height, 2 * outputs])?;
        let of_lower = self
            .builder
            .reshape(of_lower, &[groups * height, 2, outputs])?;
        let lower = self.reduce_sum(of_lower, 1)?;
        let mut lower = self.builder.reshape(lower, &[groups, height, outputs])?;
        if fine_bits > 0 {
            let constants = self.constant(&[groups, 1, outputs], fine_constants)?;
            lower = self.add(lower, constants)?;
            let bits = self.scalar(3, i64::from(fine_bits))?;
            lower = self.shift_right(lower, bits, true)?;
        }
        let sum = self.add(upper, lower)?;
        if constants.iter().all(|&constant| constant == 0) {
            return Ok(sum);
        }
        let constants = self.constant(&[groups, 1, outputs], constants)?;
        self.add(sum, constants)
    }
}
