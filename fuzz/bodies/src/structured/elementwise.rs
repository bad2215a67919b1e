//! Elementwise operators: two operands that broadcast, one, or three.

use super::{
    Step,
    draft::{Draft, Value},
    fill::Fill,
    operands::{INTEGERS, MOVABLE, NARROW, broadcast},
};
use crate::choices::Choices;
use fixpoint_runtime::{
    model::format::{Signed32, ValueId},
    ops::{self, Operator},
    tensor::DType,
};

const I32: &[DType] = &[DType::I32];
const BOOL: &[DType] = &[DType::Bool];

/// An operator of two operands without attributes.
macro_rules! pair {
    ($variant:ident, $module:ident) => {
        |of: &[ValueId]| Operator::$variant(ops::$module::$variant { a: of[0], b: of[1] })
    };
}

/// An operator of one operand without attributes.
macro_rules! single {
    ($variant:ident, $module:ident) => {
        |of: &[ValueId]| Operator::$variant(ops::$module::$variant { input: of[0] })
    };
}

pub(super) const STEPS: &[Step] = &[
    |d, c| pairwise(d, c, I32, None, pair!(Add, add)),
    |d, c| pairwise(d, c, I32, None, pair!(Sub, sub)),
    |d, c| pairwise(d, c, INTEGERS, None, pair!(BitwiseAnd, bitwise_and)),
    |d, c| pairwise(d, c, INTEGERS, None, pair!(BitwiseOr, bitwise_or)),
    |d, c| pairwise(d, c, INTEGERS, None, pair!(BitwiseXor, bitwise_xor)),
    |d, c| pairwise(d, c, BOOL, None, pair!(LogicalAnd, logical_and)),
    |d, c| pairwise(d, c, BOOL, None, pair!(LogicalOr, logical_or)),
    |d, c| pairwise(d, c, BOOL, None, pair!(LogicalXor, logical_xor)),
    |d, c| pairwise(d, c, I32, None, pair!(Maximum, maximum)),
    |d, c| pairwise(d, c, I32, None, pair!(Minimum, minimum)),
    |d, c| pairwise(d, c, I32, Some(DType::Bool), pair!(Equal, equal)),
    |d, c| pairwise(d, c, I32, Some(DType::Bool), pair!(Greater, greater)),
    |d, c| {
        pairwise(
            d,
            c,
            I32,
            Some(DType::Bool),
            pair!(GreaterEqual, greater_equal),
        )
    },
    |d, c| shift(d, c, pair!(LogicalLeftShift, logical_left_shift)),
    |d, c| shift(d, c, pair!(LogicalRightShift, logical_right_shift)),
    arithmetic_right_shift,
    intdiv,
    mul,
    |d, c| unary(d, c, I32, single!(Abs, abs)),
    |d, c| unary(d, c, INTEGERS, single!(BitwiseNot, bitwise_not)),
    |d, c| unary(d, c, I32, single!(Clz, clz)),
    |d, c| unary(d, c, BOOL, single!(LogicalNot, logical_not)),
    negate,
    clamp,
    select,
];

/// Adds an operator on two values, whichever of them is the larger.
fn add(
    draft: &mut Draft,
    choices: &mut Choices<'_>,
    (a, b): (&Value, &Value),
    dtype: DType,
    make: impl Fn(&[ValueId]) -> Operator + 'static,
) -> Option<Value> {
    let shape = broadcast(&a.shape, &b.shape)?;
    draft.push(choices, &[a, b], (dtype, &shape), make)
}

fn pairwise(
    draft: &mut Draft,
    choices: &mut Choices<'_>,
    types: &[DType],
    to: Option<DType>,
    make: fn(&[ValueId]) -> Operator,
) -> Option<Value> {
    let a = draft.operand(choices, types);
    // Both of one fill would overflow, or never be equal.
    let fill = Fill::pick(choices);
    let b = draft.partner(choices, &a, a.dtype, fill);
    let operands = if choices.flag() { (&a, &b) } else { (&b, &a) };
    add(draft, choices, operands, to.unwrap_or(a.dtype), make)
}

/// What is shifted, and by how much: mostly less than the width.
fn shifted(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<(Value, Value)> {
    let a = draft.operand(choices, INTEGERS);
    let most = 8 * a.dtype.size_bytes() as i64 - 1;
    let most = if choices.below(16) == 0 {
        most + 1
    } else {
        most
    };
    let fill = Fill::Within(0, most);
    let b = draft.partner(choices, &a, a.dtype, fill);
    let is_bounded = choices.below(8) > 0;
    let b = match is_bounded {
        true => draft.masked(choices, &b, most | 1)?,
        false => b,
    };
    Some((a, b))
}

fn shift(
    draft: &mut Draft,
    choices: &mut Choices<'_>,
    make: fn(&[ValueId]) -> Operator,
) -> Option<Value> {
    let (a, b) = shifted(draft, choices)?;
    add(draft, choices, (&a, &b), a.dtype, make)
}

fn arithmetic_right_shift(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let (a, b) = shifted(draft, choices)?;
    let round = choices.flag();
    add(draft, choices, (&a, &b), a.dtype, move |of| {
        Operator::ArithmeticRightShift(ops::arithmetic_right_shift::ArithmeticRightShift {
            a: of[0],
            b: of[1],
            round,
        })
    })
}

fn intdiv(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let a = draft.operand(choices, I32);
    let divisors = [
        Fill::Within(1, 9),
        Fill::Within(1, i64::from(i32::MAX)),
        Fill::Within(i64::from(i32::MIN), -1),
        Fill::Within(-9, -1),
        Fill::Edges,
    ];
    let fill = choices.pick(&divisors);
    let shape = super::operands::broadcastable(choices, &a.shape);
    let b = match choices.below(4) {
        0 => draft.partner(choices, &a, DType::I32, fill),
        1 => draft.input(choices, DType::I32, &shape, fill),
        _ => draft.constant(choices, DType::I32, &shape, fill),
    };
    add(draft, choices, (&a, &b), DType::I32, pair!(IntDiv, intdiv))
}

fn mul(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let a = draft.operand(choices, INTEGERS);
    let fill = Fill::pick(choices);
    let b = draft.partner(choices, &a, a.dtype, fill);
    let shift_bits = match a.dtype {
        DType::I32 => choices.pick(&[0, 1, 2, 16, 30, 31, 32, 33, 47, 62, 63]),
        _ => 0,
    };
    add(draft, choices, (&a, &b), DType::I32, move |of| {
        Operator::Mul(ops::mul::Mul {
            a: of[0],
            b: of[1],
            shift_bits,
        })
    })
}

fn unary(
    draft: &mut Draft,
    choices: &mut Choices<'_>,
    types: &[DType],
    make: fn(&[ValueId]) -> Operator,
) -> Option<Value> {
    let input = draft.operand(choices, types);
    let of = (input.dtype, &input.shape[..]);
    draft.push(choices, &[&input], of, make)
}

fn negate(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let input = draft.operand(choices, INTEGERS);
    let [from, to] = [(); 2].map(|()| zero_point(choices, input.dtype));
    let of = (input.dtype, &input.shape[..]);
    draft.push(choices, &[&input], of, move |of| {
        Operator::Negate(ops::negate::Negate {
            input: of[0],
            input_zero_point: from,
            output_zero_point: to,
        })
    })
}

/// A zero point that the type may have.
pub(super) fn zero_point(choices: &mut Choices<'_>, dtype: DType) -> Signed32 {
    let any = choices.byte().cast_signed();
    let value = choices.pick(&[0, 0, i8::MIN, i8::MAX, 1, -1, any, any]);
    Signed32(if dtype == DType::I8 { value.into() } else { 0 })
}

fn clamp(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let input = draft.operand(choices, NARROW);
    let (lowest, highest) = input.dtype.range();
    let bounds = [lowest, highest, 0, -1, 1, 5, lowest + 1, highest - 1];
    let [a, b] = [(); 2].map(|()| choices.pick(&bounds) as i32);
    let of = (input.dtype, &input.shape[..]);
    draft.push(choices, &[&input], of, move |of| {
        Operator::Clamp(ops::clamp::Clamp {
            input: of[0],
            min: Signed32(a.min(b)),
            max: Signed32(a.max(b)),
        })
    })
}

fn select(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let a = draft.operand(choices, MOVABLE);
    let fill = Fill::pick(choices);
    let b = draft.partner(choices, &a, a.dtype, fill);
    let condition = draft.partner(choices, &a, DType::Bool, Fill::Any);
    let (a, b) = if choices.flag() { (a, b) } else { (b, a) };
    let shape = broadcast(&condition.shape, &broadcast(&a.shape, &b.shape)?)?;
    draft.push(choices, &[&condition, &a, &b], (a.dtype, &shape), |of| {
        Operator::Select(ops::select::Select {
            condition: of[0],
            a: of[1],
            b: of[2],
        })
    })
}
