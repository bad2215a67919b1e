//! Reductions, softmax, normalisation.

use super::{ELEMENT_LIMIT, Lowerer, Wide, unsupported};
use crate::{
    error::CompileError,
    fixed::quotient::ROOT_UNIT,
    ir::{Element, Node, Normalise, Reduction},
    real,
};
use fixpoint_runtime::model::format::ValueId;

type Computed = Result<Wide, CompileError>;

/// Fraction bits of exponents: what is 2^-30 of the largest is 0.
const EXPONENT_BITS: i32 = 26;
/// Octaves below the largest element of a softmax from which on its share is 0.
const SOFTMAX_OCTAVES: i64 = 31;
/// Fraction bits of shares.
const SHARE_BITS: i32 = 30;
/// Bits of a row's largest magnitude before it is squared.
const ROW_BITS: i32 = 30;
/// Most bits of epsilon beside a sum of squares of 30 bits.
const EPSILON_BITS: i32 = 29;
/// Largest shift of a product.
const MAX_SHIFT_BITS: u32 = 62;

impl Lowerer<'_> {
    pub(super) fn reduce(&mut self, node: &Node, kind: Reduction, axes: &[usize]) -> Computed {
        if self.element(node.inputs[0]) != Element::Real {
            return self.reduce_plain(node, kind, axes);
        }
        let keeps = !axes.contains(&(self.shape(node.inputs[0]).len().saturating_sub(1)));
        let wide = self.read(node, 0)?;
        let wide = if wide.slope().is_some() || (keeps && kind.picks()) {
            wide
        } else {
            self.uniform(node, 0)?.0
        };
        if kind.picks() {
            // A line that falls turns the largest into the smallest.
            let wide = if wide.lines.iter().all(|line| line.0 > 0.0) {
                wide
            } else {
                self.uniform(node, 0)?.0
            };
            let mut value = wide.value;
            for &axis in axes {
                value = match kind {
                    Reduction::Max => self.lane.reduce_max(value, axis)?,
                    _ => self.lane.reduce_min(value, axis)?,
                };
            }
            return Ok(Wide { value, ..wide });
        }
        let shape = self.shape(node.inputs[0]).to_vec();
        let length: usize = axes.iter().map(|&axis| shape[axis]).product();
        let slope = wide.slope().unwrap_or(1.0);
        // Running sums must fit.
        let worst = wide.bound() / slope * length as f64;
        let excess = real::log2((worst / ELEMENT_LIMIT).max(1.0)).ceil() as i64;
        let mut value = wide.value;
        if excess > 0 {
            let places = self.lane.scalar(shape.len(), excess)?;
            value = self.lane.shift_right(value, places, true)?;
        }
        for &axis in axes {
            value = self.lane.reduce_sum(value, axis)?;
        }
        let share = if kind == Reduction::Mean {
            1.0 / length as f64
        } else {
            1.0
        };
        let slope = slope * real::exp2(excess as f64) * share;
        let bound = self.expected(node.output).min(worst * slope);
        Ok(Wide::scaled(value, slope, bound))
    }

    /// Reductions of integers and of truth values.
    fn reduce_plain(&mut self, node: &Node, kind: Reduction, axes: &[usize]) -> Computed {
        let integer = self.element(node.inputs[0]) == Element::Integer;
        let mut value = self.read(node, 0)?.value;
        if !integer {
            value = self
                .lane
                .cast(value, fixpoint_runtime::tensor::DType::I32)?;
        }
        for &axis in axes {
            value = match kind {
                Reduction::Max => self.lane.reduce_max(value, axis)?,
                Reduction::Min => self.lane.reduce_min(value, axis)?,
                Reduction::Sum if integer => self.lane.reduce_sum(value, axis)?,
                _ => {
                    return Err(unsupported(
                        node,
                        "of integers it is not supported: cast them to float before",
                    ));
                }
            };
        }
        if !integer {
            value = self
                .lane
                .cast(value, fixpoint_runtime::tensor::DType::Bool)?;
        }
        Ok(Wide::scaled(value, 1.0, ELEMENT_LIMIT))
    }

    pub(super) fn softmax(&mut self, node: &Node, axis: usize) -> Computed {
        let (wide, slope) = self.sloped(node, 0)?;
        let shape = self.shape(node.inputs[0]).to_vec();
        let (length, count) = (shape[axis], shape.iter().product::<usize>());
        let mut to_last: Vec<usize> = (0..shape.len()).filter(|&other| other != axis).collect();
        to_last.push(axis);
        let moved_shape: Vec<usize> = to_last.iter().map(|&axis| shape[axis]).collect();
        let moved = self.lane.builder.transpose(wide.value, &shape, &to_last)?;
        let rows = [count / length, length];
        let matrix = self.lane.builder.reshape(moved, &rows)?;
        // Differences must fit.
        let half = self.lane.scalar(2, 1)?;
        let (matrix, slope) = if 2.0 * wide.bound() / slope > ELEMENT_LIMIT {
            (self.lane.shift_right(matrix, half, true)?, 2.0 * slope)
        } else {
            (matrix, slope)
        };
        let highest = self.lane.reduce_max(matrix, 1)?;
        let below = self.lane.sub(matrix, highest)?;
        let octave = 1.0 / (slope * std::f64::consts::LOG2_E);
        let end = -(SOFTMAX_OCTAVES as f64 * octave).min(ELEMENT_LIMIT).round();
        let end = self.lane.scalar(2, end as i64)?;
        let below = self.lane.maximum(below, end)?;
        let below = Wide::scaled(
            below,
            slope,
            SOFTMAX_OCTAVES as f64 / std::f64::consts::LOG2_E,
        );
        let exponent = self.with_bits(below, &rows, std::f64::consts::LOG2_E, EXPONENT_BITS)?;
        let exponent = self.lane.builder.reshape(exponent.value, &[1, count])?;
        // Room for the sum of a row whose elements are equal.
        let spare = real::log2(length as f64).ceil();
        let bound = real::exp2(spare);
        let (powers, _) = self
            .lane
            .power_of_two(exponent, count, EXPONENT_BITS as u32, bound)?;
        let powers = self.lane.builder.reshape(powers, &rows)?;
        let sum = self.lane.reduce_sum(powers, 1)?;
        let [mantissa, places] = self.lane.normalised(sum, 2)?;
        let reciprocal = self.lane.reciprocal(mantissa, 2)?;
        let raised = self.lane.shift_left(powers, places)?;
        let shares = self.lane.mul(raised, reciprocal, SHARE_BITS as u32)?;
        let shares = self.lane.builder.reshape(shares, &moved_shape)?;
        let mut back = vec![0; shape.len()];
        for (position, &axis) in to_last.iter().enumerate() {
            back[axis] = position;
        }
        let value = self.lane.builder.transpose(shares, &moved_shape, &back)?;
        Ok(Wide::even(value, SHARE_BITS, 1.0))
    }

    /// Rows of any magnitude: each is shifted until its largest element has 30 bits.
    pub(super) fn normalise(&mut self, node: &Node, normalise: Normalise) -> Computed {
        let (wide, slope) = self.sloped(node, 0)?;
        let shape = self.shape(node.inputs[0]).to_vec();
        let length = shape.last().copied().unwrap_or(1);
        let rows = [shape.iter().product::<usize>() / length, length];
        let matrix = self.lane.builder.reshape(wide.value, &rows)?;
        let (centred, slope) = if normalise.centre {
            self.centred(matrix, rows, wide.bound() / slope, slope)?
        } else {
            (matrix, slope)
        };
        let one = self.lane.scalar(2, 1)?;
        let sizes = self.lane.abs(centred)?;
        let largest = self.lane.reduce_max(sizes, 1)?;
        let largest = self.lane.maximum(largest, one)?;
        // 30 bits: the quotient's dividend is as large as the row's root at most times sqrt(length).
        let [_, mut places] = self.lane.normalised(largest, 2)?;
        // Squares are between 0 and 2^62, their sum over 2^(32 + sum_bits) fits.
        let sum_bits = real::log2(length as f64).ceil();
        let mut shift = 32 + sum_bits as u32;
        // sum = K s^2 2^(2 places - shift) / slope^2 for elements s.
        let in_sum = |shift: u32| {
            let elements = normalise.epsilon * length as f64 / (slope * slope);
            elements * real::exp2(-f64::from(shift))
        };
        let counts = in_sum(shift) * real::exp2(2.0 * f64::from(ROW_BITS)) >= 0.5;
        if counts {
            // Where epsilon is most of the sum, rows are shifted less, or squares more, until it fits.
            let excess = real::log2(in_sum(shift)).ceil() - f64::from(EPSILON_BITS);
            shift = (shift + excess.max(0.0) as u32).min(MAX_SHIFT_BITS);
            let room = f64::from(EPSILON_BITS) - real::log2(in_sum(shift));
            let most = (room / 2.0).floor().clamp(0.0, 31.0);
            let most = self.lane.scalar(2, most as i64)?;
            places = self.lane.minimum(places, most)?;
        }
        let scaled = self.lane.shift_left(centred, places)?;
        let squares = self.lane.mul(scaled, scaled, shift)?;
        let mut sum = self.lane.reduce_sum(squares, 1)?;
        if counts {
            let epsilon = self.shifted(in_sum(shift), places)?;
            sum = self.lane.add(sum, epsilon)?;
        }
        let sum = self.lane.maximum(sum, one)?;
        let sum = self.lane.builder.reshape(sum, &[1, rows[0]])?;
        let (root, bits) = self.lane.root(sum, rows[0])?;
        let root = self.lane.builder.reshape(root, &[rows[0], 1])?;
        // root * unit = sqrt(sum); x / rms = s 2^places / (sqrt(sum) 2^(shift / 2) / sqrt(K)).
        let unit = ROOT_UNIT * real::exp2(f64::from(-bits));
        let factor = (length as f64).sqrt() / (unit * real::exp2(f64::from(shift) / 2.0));
        let bound = self.expected(node.output).max(1e-9);
        let (value, quotient_unit) = self.lane.quotient([scaled, root], 2, bound / factor)?;
        let value = self.lane.builder.reshape(value, &shape)?;
        Ok(Wide::scaled(value, quotient_unit * factor, bound))
    }

    /// Rows less their means, in units that leave room for the difference.
    fn centred(
        &mut self,
        matrix: ValueId,
        [rows, length]: [usize; 2],
        size: f64,
        slope: f64,
    ) -> Result<(ValueId, f64), CompileError> {
        let excess = real::log2((2.0 * size / ELEMENT_LIMIT).max(1.0)).ceil() as i64;
        let mut value = matrix;
        if excess > 0 {
            let places = self.lane.scalar(2, excess)?;
            value = self.lane.shift_right(value, places, true)?;
        }
        let slope = slope * real::exp2(excess as f64);
        // Each element's share of the mean, with what is lost by rounding it well below a unit.
        let share = self.lane.scalar(
            2,
            (real::exp2(31.0) / length as f64)
                .round()
                .min(f64::from(i32::MAX)) as i64,
        )?;
        let shares = self.lane.mul(value, share, 31)?;
        let mean = self.lane.reduce_sum(shares, 1)?;
        let mean = self.lane.builder.reshape(mean, &[rows, 1])?;
        Ok((self.lane.sub(value, mean)?, slope))
    }

    /// `number * 2^(2 places)`, which is at most 2^29.
    fn shifted(&mut self, number: f64, places: ValueId) -> super::Emitted {
        let exponent = 29 - real::log2(number).floor() as i32;
        let mantissa = (number * real::exp2(f64::from(exponent)))
            .round()
            .min(real::exp2(30.0));
        let one = self.lane.scalar(2, 1)?;
        let twice = self.lane.shift_left(places, one)?;
        let exponent = self.lane.scalar(2, i64::from(exponent))?;
        let right = self.lane.sub(exponent, twice)?;
        let [zero, most] = [0, 31].map(|value| self.lane.scalar(2, value));
        let right = self.lane.maximum(right, zero?)?;
        let right = self.lane.minimum(right, most?)?;
        let mantissa = self.lane.scalar(2, mantissa as i64)?;
        self.lane.shift_right(mantissa, right, true)
    }
}
