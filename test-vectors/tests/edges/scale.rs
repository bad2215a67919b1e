//! RESCALE at the edges of multipliers, shifts, values and zero points.

use super::{Seen, check, model};
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{Operator, rescale::Rescale},
    tensor::DType::{self, I8, I16, I32, I48},
};
use fixpoint_test_vectors::builder::tensor;

fn rescale(from: DType, to: DType) -> Rescale {
    Rescale {
        input: 0,
        to,
        input_zero_point: Signed32(0),
        output_zero_point: Signed32(0),
        multipliers: vec![Signed32(1 << 30)].try_into().expect("one"),
        shifts_bits: vec![30].try_into().expect("one"),
        scale32: from != I48,
        double_round: false,
        per_channel: false,
        input_unsigned: false,
        output_unsigned: false,
    }
}

/// Values around the edges of a type and of a shift.
fn values(dtype: DType, shift_bits: u8) -> Vec<i128> {
    let (low, high) = dtype.range();
    let (low, high) = (i128::from(low), i128::from(high));
    let reach = 1_i128 << (shift_bits - 1);
    let mut values = vec![low, low + 1, -2, -1, 0, 1, 2, high - 1, high];
    values.extend([-reach - 1, -reach, reach - 1, reach]);
    values.retain(|value| (low..=high).contains(value));
    values
}

#[test]
fn multipliers_shifts_and_values() {
    let mut seen = Seen::default();
    for from in [I8, I16, I32, I48] {
        let largest = if from == I48 {
            i32::from(i16::MAX)
        } else {
            i32::MAX
        };
        for to in [I8, I16, I32] {
            for multiplier in [0, 1, largest / 2 + 1, largest] {
                for shift_bits in [2, 3, 14, 15, 30, 31, 32, 33, 45, 61, 62] {
                    for double_round in [false, true] {
                        if double_round && from == I48 {
                            continue;
                        }
                        let mut operator = rescale(from, to);
                        operator.multipliers = vec![Signed32(multiplier)].try_into().expect("one");
                        operator.shifts_bits = vec![shift_bits].try_into().expect("one");
                        operator.double_round = double_round;
                        let valid = model(&[tensor(from, &[1])], Operator::Rescale(operator));
                        for value in values(from, shift_bits) {
                            check(&valid, &[vec![value]], &mut seen);
                        }
                    }
                }
            }
        }
    }
    seen.both("RESCALE");
}

#[test]
fn zero_points_and_unsigned_bits() {
    let mut seen = Seen::default();
    let edges = |is_unsigned: bool, dtype: DType| match (dtype, is_unsigned) {
        (I8, false) => vec![-128, -1, 0, 127],
        (I8, true) => vec![0, 1, 128, 255],
        (I16, true) => vec![0, 1 << 15],
        _ => vec![0],
    };
    for from in [I8, I16] {
        for to in [I8, I16] {
            for (input_unsigned, output_unsigned) in [(false, false), (true, false), (false, true)]
            {
                for input_zero_point in edges(input_unsigned, from) {
                    for output_zero_point in edges(output_unsigned, to) {
                        let operator = Rescale {
                            input_zero_point: Signed32(input_zero_point),
                            output_zero_point: Signed32(output_zero_point),
                            input_unsigned,
                            output_unsigned,
                            ..rescale(from, to)
                        };
                        let valid = model(&[tensor(from, &[1])], Operator::Rescale(operator));
                        for value in values(from, 30) {
                            check(&valid, &[vec![value]], &mut seen);
                        }
                    }
                }
            }
        }
    }
    seen.only_answers("RESCALE");
}

#[test]
fn output_zero_points_beyond_i32() {
    // A 16-bit multiplier allows a scaled value at the edge of i32, so that the zero point matters.
    let mut seen = Seen::default();
    for output_zero_point in [-128, -1, 0, 1, 127] {
        let operator = Rescale {
            multipliers: vec![Signed32(4)].try_into().expect("one"),
            shifts_bits: vec![2].try_into().expect("one"),
            output_zero_point: Signed32(output_zero_point),
            ..rescale(I48, I8)
        };
        let valid = model(&[tensor(I48, &[1])], Operator::Rescale(operator));
        let (low, high) = (i128::from(i32::MIN), i128::from(i32::MAX));
        for value in [
            low - 1,
            low,
            low + 1,
            low + 128,
            high - 127,
            high - 1,
            high,
            high + 1,
        ] {
            check(&valid, &[vec![value]], &mut seen);
        }
    }
    seen.both("RESCALE");
}
