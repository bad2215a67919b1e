//! Operators on one element at a time, and reductions.

use super::{Family, sizes};
use crate::{
    class::Class,
    draw::Draw,
    sketch::{Values, copies, either, input},
    subject::Subject,
};
use fixpoint_runtime::{
    model::format::{Signed32, ValueId},
    ops::{self, Operator},
    tensor::DType,
};

const ELEMENTWISE: &[Class] = &[Class::ELEMENTWISE];
const BROADCAST: &[Class] = &[Class::ELEMENTWISE, Class::RUNS];
/// Sums and negatives of these stay within i32.
const HALF: Values = Values::Within(-(1 << 30), 1 << 30);
const WIDE: &[DType] = &[DType::I32];
const NARROW: &[DType] = &[DType::I8, DType::I16];
const INTEGERS: &[DType] = &[DType::I8, DType::I16, DType::I32];
const BOOL: &[DType] = &[DType::Bool];
const MOVABLE: &[DType] = &[DType::Bool, DType::I8, DType::I16, DType::I32];

/// A family of pairs.
macro_rules! pairs {
    ($name:literal, $classes:expr, $types:expr, $a:expr, $b:expr, $make:expr) => {
        Family {
            name: $name,
            classes: $classes,
            member: |draw| pair(draw, $types, [$a, $b], $make),
        }
    };
}

/// A family of operators with nothing but two operands.
macro_rules! plain_pairs {
    ($name:literal, $types:expr, $values:expr, $module:ident :: $variant:ident) => {
        pairs!($name, BROADCAST, $types, $values, $values, |of, _| {
            Operator::$variant(ops::$module::$variant { a: of[0], b: of[1] })
        })
    };
}

/// A family of operators with one operand.
macro_rules! unary {
    ($name:literal, $classes:expr, $types:expr, $values:expr, $make:expr) => {
        Family {
            name: $name,
            classes: $classes,
            member: |draw| one(draw, $types, $values, $make),
        }
    };
}

/// A family of reductions.
macro_rules! reductions {
    ($name:literal, $types:expr, $values:expr, $module:ident :: $variant:ident) => {
        Family {
            name: $name,
            classes: &[Class::REDUCE, Class::RUNS],
            member: |draw| {
                reduction(draw, $types, $values, |input, axis| {
                    Operator::$variant(ops::$module::$variant { input, axis })
                })
            },
        }
    };
}

pub(super) const FAMILIES: &[Family] = &[
    plain_pairs!("ADD", WIDE, HALF, add::Add),
    plain_pairs!("SUB", WIDE, HALF, sub::Sub),
    plain_pairs!("MAXIMUM", WIDE, Values::Any, maximum::Maximum),
    plain_pairs!("MINIMUM", WIDE, Values::Any, minimum::Minimum),
    plain_pairs!(
        "BITWISE_AND",
        INTEGERS,
        Values::Any,
        bitwise_and::BitwiseAnd
    ),
    plain_pairs!("BITWISE_OR", INTEGERS, Values::Any, bitwise_or::BitwiseOr),
    plain_pairs!(
        "BITWISE_XOR",
        INTEGERS,
        Values::Any,
        bitwise_xor::BitwiseXor
    ),
    plain_pairs!("LOGICAL_AND", BOOL, Values::Any, logical_and::LogicalAnd),
    plain_pairs!("LOGICAL_OR", BOOL, Values::Any, logical_or::LogicalOr),
    plain_pairs!("LOGICAL_XOR", BOOL, Values::Any, logical_xor::LogicalXor),
    plain_pairs!("EQUAL", WIDE, Values::Within(0, 1), equal::Equal),
    plain_pairs!("GREATER", WIDE, Values::Any, greater::Greater),
    plain_pairs!(
        "GREATER_EQUAL",
        WIDE,
        Values::Any,
        greater_equal::GreaterEqual
    ),
    pairs!(
        "ARITHMETIC_RIGHT_SHIFT",
        ELEMENTWISE,
        INTEGERS,
        Values::Any,
        SHIFTS,
        |of, round| {
            Operator::ArithmeticRightShift(ops::arithmetic_right_shift::ArithmeticRightShift {
                a: of[0],
                b: of[1],
                round,
            })
        }
    ),
    pairs!(
        "LOGICAL_LEFT_SHIFT",
        ELEMENTWISE,
        INTEGERS,
        Values::Any,
        SHIFTS,
        |of, _| {
            Operator::LogicalLeftShift(ops::logical_left_shift::LogicalLeftShift {
                a: of[0],
                b: of[1],
            })
        }
    ),
    pairs!(
        "LOGICAL_RIGHT_SHIFT",
        ELEMENTWISE,
        INTEGERS,
        Values::Any,
        SHIFTS,
        |of, _| {
            Operator::LogicalRightShift(ops::logical_right_shift::LogicalRightShift {
                a: of[0],
                b: of[1],
            })
        }
    ),
    pairs!(
        "MUL i8, i16",
        ELEMENTWISE,
        NARROW,
        Values::Any,
        Values::Any,
        |of, _| {
            Operator::Mul(ops::mul::Mul {
                a: of[0],
                b: of[1],
                shift_bits: 0,
            })
        }
    ),
    pairs!(
        "MUL i32",
        &[Class::MULTIPLY, Class::RUNS],
        WIDE,
        HALF,
        HALF,
        |of, is_shifted| {
            let shift_bits = if is_shifted { 31 } else { 0 };
            Operator::Mul(ops::mul::Mul {
                a: of[0],
                b: of[1],
                shift_bits,
            })
        }
    ),
    pairs!(
        "INTDIV large",
        &[Class::DIVIDE],
        WIDE,
        HALF,
        Values::Within(1, 9),
        |of, _| { Operator::IntDiv(ops::intdiv::IntDiv { a: of[0], b: of[1] }) }
    ),
    pairs!(
        "INTDIV",
        &[Class::DIVIDE],
        WIDE,
        HALF,
        Values::Within(1, 1 << 30),
        |of, _| { Operator::IntDiv(ops::intdiv::IntDiv { a: of[0], b: of[1] }) }
    ),
    unary!("ABS", ELEMENTWISE, WIDE, HALF, |input, _| {
        Operator::Abs(ops::abs::Abs { input })
    }),
    unary!(
        "BITWISE_NOT",
        ELEMENTWISE,
        INTEGERS,
        Values::Any,
        |input, _| { Operator::BitwiseNot(ops::bitwise_not::BitwiseNot { input }) }
    ),
    unary!("CLZ", ELEMENTWISE, WIDE, Values::Any, |input, _| {
        Operator::Clz(ops::clz::Clz { input })
    }),
    unary!("LOGICAL_NOT", ELEMENTWISE, BOOL, Values::Any, |input, _| {
        Operator::LogicalNot(ops::logical_not::LogicalNot { input })
    }),
    unary!("NEGATE", ELEMENTWISE, INTEGERS, HALF, |input, _| {
        Operator::Negate(ops::negate::Negate {
            input,
            input_zero_point: Signed32(0),
            output_zero_point: Signed32(0),
        })
    }),
    unary!(
        "NEGATE i8 with zero points",
        ELEMENTWISE,
        &[DType::I8],
        Values::Any,
        |input, _| {
            Operator::Negate(ops::negate::Negate {
                input,
                input_zero_point: Signed32(-128),
                output_zero_point: Signed32(127),
            })
        }
    ),
    unary!("CLAMP", ELEMENTWISE, NARROW, Values::Any, |input, _| {
        Operator::Clamp(ops::clamp::Clamp {
            input,
            min: Signed32(-5),
            max: Signed32(100),
        })
    }),
    unary!(
        "IDENTITY",
        &[Class::OPERATORS],
        MOVABLE,
        Values::Any,
        |input, _| { Operator::Identity(ops::identity::Identity { input }) }
    ),
    unary!("CAST", ELEMENTWISE, MOVABLE, Values::Any, |input, to| {
        Operator::Cast(ops::cast::Cast { input, to })
    }),
    reductions!("ARGMAX", NARROW, Values::Any, argmax::ArgMax),
    reductions!(
        "ARGMAX ascending",
        NARROW,
        Values::Ascending(32_000),
        argmax::ArgMax
    ),
    reductions!("REDUCE_ALL", BOOL, Values::Any, reduce_all::ReduceAll),
    reductions!("REDUCE_ANY", BOOL, Values::Any, reduce_any::ReduceAny),
    reductions!("REDUCE_MAX", INTEGERS, Values::Any, reduce_max::ReduceMax),
    reductions!("REDUCE_MIN", INTEGERS, Values::Any, reduce_min::ReduceMin),
    reductions!(
        "REDUCE_SUM",
        WIDE,
        Values::Within(-9, 9),
        reduce_sum::ReduceSum
    ),
    reductions!(
        "REDUCE_SUM large",
        WIDE,
        Values::Alternating(1 << 30),
        reduce_sum::ReduceSum
    ),
    Family {
        name: "SELECT",
        classes: BROADCAST,
        member: select,
    },
];

/// Shifts that any type allows.
const SHIFTS: Values = Values::Within(0, 7);

/// Shapes of operands that broadcast to one: the axes on which each has size 1 are drawn.
fn broadcast(draw: &mut Draw<'_>, whole: &[u32], operands: usize) -> Vec<Vec<u32>> {
    let shapes = (0..operands).map(|_| {
        let ones = draw.pick(&[
            0, 0, 0b11_1111, 0b01, 0b10, 0b101, 0b1010, 0b10_1010, 0b11, 0b110,
        ]);
        let size = |(axis, &size): (usize, &u32)| if ones >> axis & 1 == 1 { 1 } else { size };
        // Bits count from the innermost axis.
        let mut shape: Vec<_> = whole.iter().rev().enumerate().map(size).collect();
        shape.reverse();
        shape
    });
    shapes.collect()
}

fn pair(
    draw: &mut Draw<'_>,
    types: &[DType],
    [a_values, b_values]: [Values; 2],
    make: impl Fn(&[ValueId], bool) -> Operator,
) -> Option<Subject> {
    let elements = sizes::budget(draw);
    let whole = sizes::any_shape(draw, elements);
    let shapes = broadcast(draw, &whole, 2);
    let dtype = draw.pick(types);
    let flag = draw.flag();
    let operands = [
        either(draw, dtype, &shapes[0], a_values),
        either(draw, dtype, &shapes[1], b_values),
    ];
    copies(draw, &operands, String::new(), |of, _| make(of, flag))
}

fn one(
    draw: &mut Draw<'_>,
    types: &[DType],
    values: Values,
    make: impl Fn(ValueId, DType) -> Operator,
) -> Option<Subject> {
    let elements = sizes::budget(draw);
    let shape = sizes::any_shape(draw, elements);
    let dtype = draw.pick(types);
    let to = draw.pick(MOVABLE);
    let operands = [input(dtype, &shape, values)];
    copies(draw, &operands, String::new(), |of, _| make(of[0], to))
}

fn reduction(
    draw: &mut Draw<'_>,
    types: &[DType],
    values: Values,
    make: impl Fn(ValueId, u8) -> Operator,
) -> Option<Subject> {
    let elements = sizes::budget(draw);
    let shape = sizes::any_shape(draw, elements);
    let axis = draw.below(shape.len()) as u8;
    let operands = [input(draw.pick(types), &shape, values)];
    copies(draw, &operands, format!("axis {axis}"), |of, _| {
        make(of[0], axis)
    })
}

fn select(draw: &mut Draw<'_>) -> Option<Subject> {
    let elements = sizes::budget(draw);
    let whole = sizes::any_shape(draw, elements);
    let shapes = broadcast(draw, &whole, 3);
    let dtype = draw.pick(MOVABLE);
    let operands = [
        either(draw, DType::Bool, &shapes[0], Values::Any),
        either(draw, dtype, &shapes[1], Values::Any),
        either(draw, dtype, &shapes[2], Values::Any),
    ];
    copies(draw, &operands, String::new(), |of, _| {
        Operator::Select(ops::select::Select {
            condition: of[0],
            a: of[1],
            b: of[2],
        })
    })
}
