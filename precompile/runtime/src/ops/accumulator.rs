//! Proof that accumulators never leave their type, whatever the order in which terms are added.
//!
//! Every bound is that of the worst **partial** sum: positive terms alone, negative terms alone. So
//! it holds for any order of addition, for windows that padding cuts short, and for kernels that
//! accumulate modulo the width of a register.

use super::operation::Operand;
use crate::{buffer::View, error::OperatorError, tensor::DType};
use alloc::{vec, vec::Vec};

/// The sums that a dot product can reach: of its negative terms, of its positive terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// At most 0.
    pub(crate) low: i64,
    /// At least 0.
    pub(crate) high: i64,
}

impl Reach {
    /// Adds `count` terms `weight * x` with each factor anywhere in its range.
    fn add(&mut self, weight: (i64, i64), x: (i64, i64), count: i64) {
        let corners = [
            weight.0 * x.0,
            weight.0 * x.1,
            weight.1 * x.0,
            weight.1 * x.1,
        ];
        let low = corners.into_iter().fold(0, i64::min);
        let high = corners.into_iter().fold(0, i64::max);
        self.low += low * count;
        self.high += high * count;
    }

    /// A dot product of `depth` terms of which neither factor is known.
    pub(crate) fn unknown(depth: u64, weight: (i64, i64), x: (i64, i64)) -> Self {
        let mut reach = Self::default();
        reach.add(weight, x, depth as i64);
        reach
    }

    /// The larger of two, each way.
    fn union(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }
}

/// Range of `element - zero_point`.
pub(crate) const fn shifted(range: (i64, i64), zero_point: i32) -> (i64, i64) {
    (range.0 - zero_point as i64, range.1 - zero_point as i64)
}

/// The reach of every output of a product with constant weights. `outputs` weights stand next to
/// each other if `interleaved` (`[depth, outputs]`), else those of one output do
/// (`[outputs, depth]`).
pub(crate) fn constant_reaches(
    weights: View<'_>,
    weight_zero_point: i32,
    outputs: usize,
    interleaved: bool,
    x: (i64, i64),
) -> Vec<Reach> {
    fn signs<T: Copy + Into<i32>>(
        weights: &[T],
        zero_point: i32,
        (outputs, interleaved): (usize, bool),
    ) -> Vec<Signs> {
        if interleaved {
            return columns(weights, zero_point, outputs);
        }
        let depth = weights.len() / outputs.max(1);
        let rows = weights.chunks_exact(depth.max(1));
        let rows = rows.map(|row| Signs::of(row, zero_point));
        rows.take(outputs).collect()
    }
    let sums = match weights {
        View::I8(weights) => signs(weights, weight_zero_point, (outputs, interleaved)),
        View::I16(weights) => signs(weights, weight_zero_point, (outputs, interleaved)),
        _ => Vec::new(),
    };
    sums.into_iter().map(|sums| sums.reach(x)).collect()
}

/// The sum of the weights of one output that are positive, and of those that are negative: all that
/// its reach depends on.
#[derive(Clone, Copy, Debug, Default)]
struct Signs {
    positive: i64,
    negative: i64,
}

/// Weights of which the sums surely fit i32, so that they vectorise: each is within 2^16.
const WEIGHTS_PER_SUM: usize = 1 << 14;

impl Signs {
    /// Of weights that stand side by side.
    fn of<T: Copy + Into<i32>>(weights: &[T], zero_point: i32) -> Self {
        let mut signs = Self::default();
        for weights in weights.chunks(WEIGHTS_PER_SUM) {
            let (mut positive, mut negative) = (0_i32, 0_i32);
            for &weight in weights {
                let weight = weight.into() - zero_point;
                positive += weight.max(0);
                negative += weight.min(0);
            }
            signs.positive += i64::from(positive);
            signs.negative += i64::from(negative);
        }
        signs
    }

    /// With every `x` anywhere in its range.
    fn reach(self, x: (i64, i64)) -> Reach {
        let (down, up) = (x.0.min(0), x.1.max(0));
        Reach {
            low: self.positive * down + self.negative * up,
            high: self.positive * up + self.negative * down,
        }
    }
}

/// [`Signs::of`] the columns of weights `[depth, outputs]`.
fn columns<T: Copy + Into<i32>>(weights: &[T], zero_point: i32, outputs: usize) -> Vec<Signs> {
    let mut signs = vec![Signs::default(); outputs];
    for row in weights.chunks_exact(outputs.max(1)) {
        for (signs, &weight) in signs.iter_mut().zip(row) {
            let weight = i64::from(weight.into() - zero_point);
            signs.positive += weight.max(0);
            signs.negative += weight.min(0);
        }
    }
    signs
}

/// Refuses sums that, with the bias, could leave the accumulator. `reaches` has one entry per
/// output, or one for all; the bias one element per output, or one for all.
pub(crate) fn require_accumulator(
    accumulator: DType,
    reaches: &[Reach],
    bias: Option<&Operand<'_>>,
) -> Result<(), OperatorError> {
    match bias.and_then(|bias| bias.constant) {
        Some(View::I32(bias)) => require_each(accumulator, reaches, bias),
        Some(View::I48(bias)) => require_each(accumulator, reaches, bias),
        _ => {
            let range = bias.map_or((0, 0), Operand::range);
            let all = reaches.iter().copied().fold(Reach::default(), Reach::union);
            require_inside(accumulator, all, range)
        }
    }
}

fn require_each<T: Copy + Into<i64>>(
    accumulator: DType,
    reaches: &[Reach],
    bias: &[T],
) -> Result<(), OperatorError> {
    for (output, element) in (0..reaches.len().max(bias.len())).zip(bias.iter().cycle()) {
        // One entry stands for all outputs.
        let reach = reaches.get(output).or(reaches.first()).copied();
        let element = (*element).into();
        require_inside(accumulator, reach.unwrap_or_default(), (element, element))?;
    }
    Ok(())
}

fn require_inside(accumulator: DType, reach: Reach, bias: (i64, i64)) -> Result<(), OperatorError> {
    let (min, max) = accumulator.range();
    let low = reach.low + bias.0.min(0);
    let high = reach.high + bias.1.max(0);
    if low < min {
        return Err(OperatorError::Accumulator { bound: low });
    }
    if high > max {
        return Err(OperatorError::Accumulator { bound: high });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const I8: (i64, i64) = (-128, 127);

    #[test]
    fn partial_sums_are_bounded_not_only_the_total() {
        // +100 and -100 cancel in the total, but a partial sum reaches +-12,800.
        let reaches = constant_reaches(View::I8(&[100, -100]), 0, 1, false, I8);
        let edge = 100 * 128 + 100 * 127;
        assert_eq!(
            reaches,
            [Reach {
                low: -edge,
                high: edge
            }]
        );
    }

    #[test]
    fn a_reach_is_the_sum_of_what_each_product_can_be() {
        // Ranges on both sides of 0, and on one.
        for x in [I8, (-255, 0), (0, 255), (-200, -3), (4, 250)] {
            for zero_point in [0, -128, 127] {
                let weights: Vec<i8> = (0..=255).map(|at: u8| at.cast_signed()).collect();
                let mut want = Reach::default();
                for &weight in &weights {
                    let weight = i64::from(weight) - i64::from(zero_point);
                    want.add((weight, weight), x, 1);
                }
                let rows = constant_reaches(View::I8(&weights), zero_point, 1, false, x);
                assert_eq!(rows, [want], "{x:?} {zero_point}");
                let columns = constant_reaches(View::I8(&weights), zero_point, 1, true, x);
                assert_eq!(columns, [want], "{x:?} {zero_point}");
            }
        }
    }

    #[test]
    fn long_sums_do_not_wrap() {
        let weights = vec![i16::MIN; 3 * WEIGHTS_PER_SUM + 1];
        let reaches = constant_reaches(View::I16(&weights), 0, 1, false, (-2, 1));
        let sum = weights.len() as i64 * i64::from(i16::MIN);
        let [low, high] = [sum, -2 * sum];
        assert_eq!(reaches, [Reach { low, high }]);
    }

    #[test]
    fn both_layouts_give_the_same_reaches() {
        let rows = constant_reaches(View::I8(&[1, 2, 3, 4, 5, 6]), 1, 2, false, I8);
        let columns = constant_reaches(View::I8(&[1, 4, 2, 5, 3, 6]), 1, 2, true, I8);
        assert_eq!(rows, columns);
        assert_eq!(rows[0].high, (1 + 2) * 127);
        assert_eq!(rows[1].low, -(3 + 4 + 5) * 128);
    }

    #[test]
    fn the_largest_sum_that_fits_passes_and_one_more_does_not() {
        let fits = Reach {
            low: -(1 << 31),
            high: (1 << 31) - 1,
        };
        assert!(require_accumulator(DType::I32, &[fits], None).is_ok());
        let over = Reach {
            low: 0,
            high: 1 << 31,
        };
        assert_eq!(
            require_accumulator(DType::I32, &[fits, over], None),
            Err(OperatorError::Accumulator { bound: 1 << 31 })
        );
        assert!(require_accumulator(DType::I48, &[over], None).is_ok());
    }

    #[test]
    fn a_constant_bias_counts_per_output_and_an_unknown_one_with_its_range() {
        let tensor = crate::tensor::TensorType::new(DType::I32, &[2]).expect("rank 1");
        let reaches = [Reach { low: 0, high: 10 }, Reach { low: 0, high: 1000 }];
        let bias = |constant| Operand {
            tensor: &tensor,
            constant,
        };
        let near = [i32::MAX - 10, 0];
        let fits = bias(Some(View::I32(&near)));
        assert!(require_accumulator(DType::I32, &reaches, Some(&fits)).is_ok());
        let far = [0, i32::MAX - 999];
        let over = bias(Some(View::I32(&far)));
        assert!(require_accumulator(DType::I32, &reaches, Some(&over)).is_err());
        assert!(require_accumulator(DType::I32, &reaches, Some(&bias(None))).is_err());
    }
}
