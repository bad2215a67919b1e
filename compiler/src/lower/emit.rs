//! One method per TOSA operator: what the lowerings are written with.

use super::Lowerer;
use crate::{
    builder::{list, signed},
    error::CompileError,
    ir::{Comparison, Logical},
    multiplier::Multiplier,
};
use fixpoint_runtime::{
    model::format::ValueId,
    ops::{
        Operator, abs::Abs, add::Add, argmax::ArgMax, arithmetic_right_shift::ArithmeticRightShift,
        cast::Cast, clamp::Clamp, clz::Clz, concat::Concat, equal::Equal, gather::Gather,
        greater::Greater, greater_equal::GreaterEqual, intdiv::IntDiv, logical_and::LogicalAnd,
        logical_left_shift::LogicalLeftShift, logical_not::LogicalNot, logical_or::LogicalOr,
        logical_xor::LogicalXor, matmul::MatMul, maximum::Maximum, minimum::Minimum, mul::Mul,
        reduce_all::ReduceAll, reduce_any::ReduceAny, reduce_max::ReduceMax, reduce_min::ReduceMin,
        reduce_sum::ReduceSum, rescale::Rescale, select::Select, sub::Sub, table::Table,
    },
    tensor::DType,
};

/// A value, or why there is none.
pub(super) type Emitted = Result<ValueId, CompileError>;

/// A scale that does not fit a RESCALE.
pub(super) fn scale_out_of_range(factor: f64) -> CompileError {
    CompileError::ScaleFactor { factor }
}

/// Entries of a 16-bit table whose neighbours differ by at most 32767, as TABLE demands: at a jump
/// that is larger, an entry or two lie on the way.
pub(super) fn limited(entries: &[i64]) -> Vec<i64> {
    let mut last = entries.first().copied().unwrap_or(0);
    let near = entries.iter().map(|&entry| {
        last = entry.clamp(last - 32767, last + 32767);
        last
    });
    near.collect()
}

/// What a RESCALE does besides scaling.
#[derive(Clone, Copy)]
pub(super) struct Retype {
    /// Element type of the output.
    pub(super) to: DType,
    /// Zero point that is taken away.
    pub(super) from_zero_point: i32,
    /// Zero point that is added.
    pub(super) to_zero_point: i32,
}

impl Retype {
    /// To 32 bits, without the zero point.
    pub(super) const fn widen(zero_point: i32) -> Self {
        Self {
            to: DType::I32,
            from_zero_point: zero_point,
            to_zero_point: 0,
        }
    }
}

impl Lowerer<'_> {
    /// RESCALE by one factor, 32-bit multiplier.
    pub(super) fn rescale(&mut self, input: ValueId, retype: Retype, factor: f64) -> Emitted {
        let multiplier = Multiplier::wide(factor).ok_or_else(|| scale_out_of_range(factor))?;
        self.rescale_by(input, retype, &[multiplier], true)
    }

    /// RESCALE by one factor per channel of the last axis, 32-bit multipliers.
    pub(super) fn rescale_channels(
        &mut self,
        input: ValueId,
        retype: Retype,
        factors: &[f64],
    ) -> Emitted {
        let multipliers: Result<Vec<_>, _> = factors
            .iter()
            .map(|&factor| Multiplier::wide(factor).ok_or_else(|| scale_out_of_range(factor)))
            .collect();
        self.rescale_by(input, retype, &multipliers?, true)
    }

    /// RESCALE by given multipliers, `wide` if they are 32 bit.
    pub(super) fn rescale_by(
        &mut self,
        input: ValueId,
        retype: Retype,
        multipliers: &[Multiplier],
        wide: bool,
    ) -> Emitted {
        let uniform = multipliers
            .iter()
            .all(|multiplier| *multiplier == multipliers[0]);
        let multipliers = if uniform {
            &multipliers[..1]
        } else {
            multipliers
        };
        let numbers = multipliers
            .iter()
            .map(|multiplier| signed(multiplier.multiplier))
            .collect();
        let shifts = multipliers
            .iter()
            .map(|multiplier| multiplier.shift_bits)
            .collect();
        self.builder.operator(Operator::Rescale(Rescale {
            input,
            to: retype.to,
            input_zero_point: signed(retype.from_zero_point),
            output_zero_point: signed(retype.to_zero_point),
            multipliers: list(numbers, "channels")?,
            shifts_bits: list(shifts, "channels")?,
            scale32: wide,
            double_round: false,
            per_channel: !uniform,
            input_unsigned: false,
            output_unsigned: false,
        }))
    }

    /// RESHAPE of a value of this shape, unless it has the wanted shape already.
    pub(super) fn reshaped(&mut self, input: ValueId, from: &[usize], to: &[usize]) -> Emitted {
        if from == to {
            Ok(input)
        } else {
            self.builder.reshape(input, to)
        }
    }

    pub(super) fn add(&mut self, a: ValueId, b: ValueId) -> Emitted {
        self.builder.operator(Operator::Add(Add { a, b }))
    }

    pub(super) fn sub(&mut self, a: ValueId, b: ValueId) -> Emitted {
        self.builder.operator(Operator::Sub(Sub { a, b }))
    }

    pub(super) fn mul(&mut self, a: ValueId, b: ValueId, shift_bits: u8) -> Emitted {
        self.builder
            .operator(Operator::Mul(Mul { a, b, shift_bits }))
    }

    pub(super) fn compared(&mut self, how: Comparison, a: ValueId, b: ValueId) -> Emitted {
        self.builder.operator(match how {
            Comparison::Equal => Operator::Equal(Equal { a, b }),
            Comparison::Greater => Operator::Greater(Greater { a, b }),
            Comparison::GreaterEqual => Operator::GreaterEqual(GreaterEqual { a, b }),
        })
    }

    pub(super) fn combined(&mut self, how: Logical, a: ValueId, b: ValueId) -> Emitted {
        self.builder.operator(match how {
            Logical::And => Operator::LogicalAnd(LogicalAnd { a, b }),
            Logical::Or => Operator::LogicalOr(LogicalOr { a, b }),
            Logical::Xor => Operator::LogicalXor(LogicalXor { a, b }),
        })
    }

    pub(super) fn negated(&mut self, input: ValueId) -> Emitted {
        self.builder
            .operator(Operator::LogicalNot(LogicalNot { input }))
    }

    pub(super) fn select(&mut self, condition: ValueId, a: ValueId, b: ValueId) -> Emitted {
        self.builder
            .operator(Operator::Select(Select { condition, a, b }))
    }

    pub(super) fn maximum(&mut self, a: ValueId, b: ValueId) -> Emitted {
        self.builder.operator(Operator::Maximum(Maximum { a, b }))
    }

    pub(super) fn minimum(&mut self, a: ValueId, b: ValueId) -> Emitted {
        self.builder.operator(Operator::Minimum(Minimum { a, b }))
    }

    pub(super) fn abs(&mut self, input: ValueId) -> Emitted {
        self.builder.operator(Operator::Abs(Abs { input }))
    }

    pub(super) fn divide(&mut self, a: ValueId, b: ValueId) -> Emitted {
        self.builder.operator(Operator::IntDiv(IntDiv { a, b }))
    }

    pub(super) fn shift_left(&mut self, a: ValueId, b: ValueId) -> Emitted {
        self.builder
            .operator(Operator::LogicalLeftShift(LogicalLeftShift { a, b }))
    }

    pub(super) fn shift_right(&mut self, a: ValueId, b: ValueId, round: bool) -> Emitted {
        self.builder
            .operator(Operator::ArithmeticRightShift(ArithmeticRightShift {
                a,
                b,
                round,
            }))
    }

    pub(super) fn clz(&mut self, input: ValueId) -> Emitted {
        self.builder.operator(Operator::Clz(Clz { input }))
    }

    pub(super) fn cast(&mut self, input: ValueId, to: DType) -> Emitted {
        self.builder.operator(Operator::Cast(Cast { input, to }))
    }

    pub(super) fn reduce_max(&mut self, input: ValueId, axis: usize) -> Emitted {
        self.builder.operator(Operator::ReduceMax(ReduceMax {
            input,
            axis: axis as u8,
        }))
    }

    pub(super) fn reduce_min(&mut self, input: ValueId, axis: usize) -> Emitted {
        self.builder.operator(Operator::ReduceMin(ReduceMin {
            input,
            axis: axis as u8,
        }))
    }

    /// Whether any (or all) along an axis are true.
    pub(super) fn reduce_true(&mut self, input: ValueId, axis: usize, all: bool) -> Emitted {
        let axis = axis as u8;
        self.builder.operator(if all {
            Operator::ReduceAll(ReduceAll { input, axis })
        } else {
            Operator::ReduceAny(ReduceAny { input, axis })
        })
    }

    pub(super) fn reduce_sum(&mut self, input: ValueId, axis: usize) -> Emitted {
        self.builder.operator(Operator::ReduceSum(ReduceSum {
            input,
            axis: axis as u8,
        }))
    }

    pub(super) fn argmax(&mut self, input: ValueId, axis: usize) -> Emitted {
        self.builder.operator(Operator::ArgMax(ArgMax {
            input,
            axis: axis as u8,
        }))
    }

    pub(super) fn clamp(&mut self, input: ValueId, min: i64, max: i64) -> Emitted {
        self.builder.operator(Operator::Clamp(Clamp {
            input,
            min: signed(min as i32),
            max: signed(max as i32),
        }))
    }

    pub(super) fn matmul_of(&mut self, a: ValueId, b: ValueId, zero_points: [i32; 2]) -> Emitted {
        self.builder.operator(Operator::MatMul(MatMul {
            a,
            b,
            a_zero_point: signed(zero_points[0]),
            b_zero_point: signed(zero_points[1]),
        }))
    }

    pub(super) fn gather(&mut self, values: ValueId, indices: ValueId) -> Emitted {
        self.builder
            .operator(Operator::Gather(Gather { values, indices }))
    }

    pub(super) fn concat(&mut self, inputs: Vec<ValueId>, axis: usize) -> Emitted {
        let inputs = list(inputs, "tensors in one CONCAT")?;
        self.builder.operator(Operator::Concat(Concat {
            inputs,
            axis: axis as u8,
        }))
    }

    /// TABLE with 513 entries of 16 bits: `function` of 512 equal steps from 0 to 1 and its end.
    /// The input's 16 bits count from -32768 (0) to 32768 (1); the output has 7 fraction bits more.
    pub(super) fn table16(&mut self, input: ValueId, function: impl Fn(f64) -> f64) -> Emitted {
        let entries = (0..=512).map(|index| {
            let value = function(f64::from(index) / 512.0).round();
            value.clamp(-32768.0, 32767.0) as i64
        });
        self.table16_of(input, &entries.collect::<Vec<_>>())
    }

    /// TABLE with these 513 entries, as [`limited`] leaves them.
    pub(super) fn table16_of(&mut self, input: ValueId, entries: &[i64]) -> Emitted {
        let near = limited(entries);
        let table = self.builder.integers(DType::I16, &[513], near)?;
        self.builder
            .operator(Operator::Table(Table { input, table }))
    }

    /// TABLE with 256 entries of 8 bits, from element -128.
    pub(super) fn table8(&mut self, input: ValueId, entries: impl Iterator<Item = i64>) -> Emitted {
        let table = self.builder.integers(DType::I8, &[256], entries)?;
        self.builder
            .operator(Operator::Table(Table { input, table }))
    }

    /// A 32-bit constant of `rank` axes of length 1.
    pub(super) fn scalar(&mut self, value: i64, rank: usize) -> Emitted {
        self.builder.integers(DType::I32, &vec![1; rank], [value])
    }
}
