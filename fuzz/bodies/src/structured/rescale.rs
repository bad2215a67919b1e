//! Operators that change the type: RESCALE and CAST.

use super::{
    Step,
    draft::{Draft, Value},
    elementwise::zero_point,
    fill::Fill,
    operands::{MOVABLE, shape},
};
use crate::choices::Choices;
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{self, Operator, rescale::Rescale},
    tensor::DType,
};
use fixpoint_test_vectors::builder;

/// RESCALE more than once: it is what graphs are made of, and the way out of i48.
pub(super) const STEPS: &[Step] = &[rescale, rescale, from_i48, near_the_end, near_i32, cast];

fn rescale(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let types = [DType::I8, DType::I16, DType::I32, DType::I48];
    let input = draft.operand(choices, &types);
    add(draft, choices, &input)
}

fn from_i48(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let input = draft.operand(choices, &[DType::I48]);
    add(draft, choices, &input)
}

/// Values that just fit a shift: from one end of its range to the other, sometimes beyond it.
fn near_the_end(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let dtype = choices.pick(&[DType::I8, DType::I16, DType::I32]);
    let widest = 8 * dtype.size_bytes() - 1;
    let shift_bits = 2 + choices.below(widest - 1) as u8;
    let half = 1_i64 << (shift_bits - 1);
    let beyond = choices.pick(&[0, 0, 0, 1]);
    let rank = choices.below(4);
    let shape = shape(choices, rank);
    let fill = Fill::Within(-half, half - 1 + beyond);
    let input = match choices.flag() {
        true => draft.input(choices, dtype, &shape, fill),
        false => draft.exactly(choices, dtype, &shape, fill),
    };
    let to = choices.pick(&[DType::I8, DType::I16, DType::I32]);
    let any = choices.i32() & i32::MAX;
    let multiplier = choices.pick(&[i32::MAX, 1 << 30, 1, any]);
    let op = builder::rescale(0, to, multiplier, shift_bits);
    draft.push(choices, &[&input], (to, &input.shape), move |of| {
        Operator::Rescale(Rescale {
            input: of[0],
            ..op.clone()
        })
    })
}

/// Values at the ends of i32, kept by a multiplier of 16 bits, then moved by a zero point.
fn near_i32(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let dtype = choices.pick(&[DType::I32, DType::I48]);
    let shape = shape(choices, 1);
    let fill = Fill::Within(i32::MIN.into(), i32::MAX.into());
    let input = draft.input(choices, dtype, &shape, fill);
    let shift_bits = 2 + choices.below(13) as u8;
    let mut op = builder::rescale(0, DType::I8, 1 << shift_bits, shift_bits);
    op.scale32 = false;
    op.output_zero_point = zero_point(choices, DType::I8);
    draft.push(choices, &[&input], (DType::I8, &input.shape), move |of| {
        Operator::Rescale(Rescale {
            input: of[0],
            ..op.clone()
        })
    })
}

fn add(draft: &mut Draft, choices: &mut Choices<'_>, input: &Value) -> Option<Value> {
    let to = choices.pick(&[DType::I8, DType::I16, DType::I32]);
    let mut op = builder::rescale(0, to, 0, 2);
    op.scale32 = input.dtype != DType::I48 && choices.below(4) > 0;
    op.double_round = op.scale32 && choices.flag();
    op.per_channel = !input.shape.is_empty() && choices.flag();
    let channels = match input.shape.last() {
        Some(&channels) if op.per_channel => channels,
        _ => 1,
    };
    factors(&mut op, choices, input.dtype, channels);
    let is_narrow = |dtype| matches!(dtype, DType::I8 | DType::I16);
    if is_narrow(input.dtype) && is_narrow(to) {
        let kind = choices.below(4);
        (op.input_unsigned, op.output_unsigned) = (kind == 0, kind == 1);
    }
    op.input_zero_point = scale_zero_point(choices, input.dtype, op.input_unsigned);
    op.output_zero_point = scale_zero_point(choices, to, op.output_unsigned);
    draft.push(choices, &[input], (to, &input.shape), move |of| {
        Operator::Rescale(Rescale {
            input: of[0],
            ..op.clone()
        })
    })
}

/// Multipliers and shifts, at their ends and where results mostly fit.
fn factors(op: &mut Rescale, choices: &mut Choices<'_>, from: DType, channels: u32) {
    let largest = if op.scale32 { i32::MAX } else { 0x7fff };
    let mut multipliers = Vec::new();
    let mut shifts_bits = Vec::new();
    for _ in 0..channels {
        let any = choices.i32() & largest;
        let half = largest / 2 + 1;
        multipliers.push(Signed32(
            choices.pick(&[any, any, any, half, largest, 1, 0]),
        ));
        let wide = if from == DType::I48 { 62 } else { 2 };
        shifts_bits.push(choices.pick(&[31, 32, 33, 34, 38, 45, 30, 20, 14, 62, wide]));
    }
    op.multipliers = multipliers.try_into().expect("few");
    op.shifts_bits = shifts_bits.try_into().expect("few");
}

fn scale_zero_point(choices: &mut Choices<'_>, dtype: DType, is_unsigned: bool) -> Signed32 {
    match (dtype, is_unsigned) {
        (DType::I8, true) => Signed32(choices.byte().into()),
        (DType::I16, true) => Signed32(choices.pick(&[0, 1 << 15])),
        _ => zero_point(choices, dtype),
    }
}

fn cast(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let input = draft.operand(choices, MOVABLE);
    let to = choices.pick(MOVABLE);
    if to == input.dtype {
        return None;
    }
    draft.push(choices, &[&input], (to, &input.shape), move |of| {
        Operator::Cast(ops::cast::Cast { input: of[0], to })
    })
}
