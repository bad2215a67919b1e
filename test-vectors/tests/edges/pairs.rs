//! Element-wise operators: each pair of edges.

use super::{Seen, check, edges, model, one};
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{
        Operator, abs::Abs, add::Add, arithmetic_right_shift::ArithmeticRightShift,
        bitwise_and::BitwiseAnd, bitwise_not::BitwiseNot, bitwise_or::BitwiseOr,
        bitwise_xor::BitwiseXor, cast::Cast, clamp::Clamp, clz::Clz, equal::Equal,
        greater::Greater, greater_equal::GreaterEqual, identity::Identity, intdiv::IntDiv,
        logical_and::LogicalAnd, logical_left_shift::LogicalLeftShift, logical_not::LogicalNot,
        logical_or::LogicalOr, logical_right_shift::LogicalRightShift, logical_xor::LogicalXor,
        maximum::Maximum, minimum::Minimum, mul::Mul, negate::Negate, select::Select, sub::Sub,
    },
    tensor::DType::{self, Bool, I8, I16, I32, I48},
};

const INTEGERS: [DType; 3] = [I8, I16, I32];

/// Every pair of edges of a type.
fn pairs(dtype: DType, operator: Operator) -> Seen {
    let valid = model(&[one(dtype), one(dtype)], operator);
    let mut seen = Seen::default();
    for a in edges(dtype) {
        for b in edges(dtype) {
            check(&valid, &[vec![a], vec![b]], &mut seen);
        }
    }
    seen
}

/// Every edge of a type.
fn singles(dtype: DType, operator: Operator) -> Seen {
    let valid = model(&[one(dtype)], operator);
    let mut seen = Seen::default();
    for x in edges(dtype) {
        check(&valid, &[vec![x]], &mut seen);
    }
    seen
}

#[test]
fn sums_and_differences_that_leave_i32() {
    pairs(I32, Operator::Add(Add { a: 0, b: 1 })).both("ADD");
    pairs(I32, Operator::Sub(Sub { a: 0, b: 1 })).both("SUB");
}

#[test]
fn products_by_every_shift() {
    for dtype in [I8, I16] {
        let mul = Mul {
            a: 0,
            b: 1,
            shift_bits: 0,
        };
        pairs(dtype, Operator::Mul(mul)).only_answers("MUL");
    }
    for shift_bits in 0..=63 {
        let mul = Mul {
            a: 0,
            b: 1,
            shift_bits,
        };
        let seen = pairs(I32, Operator::Mul(mul));
        match shift_bits {
            // From 32 on nothing is left that could not fit.
            0 | 32.. => seen.only_answers("MUL"),
            _ => seen.both("MUL"),
        }
    }
}

#[test]
fn divisions_by_zero_and_beyond_i32() {
    pairs(I32, Operator::IntDiv(IntDiv { a: 0, b: 1 })).both("INTDIV");
}

#[test]
fn shifts_in_and_out_of_the_width() {
    let (a, b) = (0, 1);
    for dtype in INTEGERS {
        for round in [false, true] {
            let shift = ArithmeticRightShift { a, b, round };
            pairs(dtype, Operator::ArithmeticRightShift(shift)).both("ARITHMETIC_RIGHT_SHIFT");
        }
        let shift = Operator::LogicalLeftShift(LogicalLeftShift { a, b });
        pairs(dtype, shift).both("LOGICAL_LEFT_SHIFT");
        let shift = Operator::LogicalRightShift(LogicalRightShift { a, b });
        pairs(dtype, shift).both("LOGICAL_RIGHT_SHIFT");
    }
}

#[test]
fn magnitudes_and_opposites() {
    singles(I32, Operator::Abs(Abs { input: 0 })).both("ABS");
    let negate = |from: i32, to: i32| {
        Operator::Negate(Negate {
            input: 0,
            input_zero_point: Signed32(from),
            output_zero_point: Signed32(to),
        })
    };
    singles(I32, negate(0, 0)).both("NEGATE");
    singles(I16, negate(0, 0)).only_answers("NEGATE");
    for from in [-128, -1, 0, 127] {
        for to in [-128, 0, 1, 127] {
            singles(I8, negate(from, to)).only_answers("NEGATE");
        }
    }
}

#[test]
fn bits_flags_and_comparisons() {
    let (a, b) = (0, 1);
    for dtype in INTEGERS {
        pairs(dtype, Operator::BitwiseAnd(BitwiseAnd { a, b })).only_answers("BITWISE_AND");
        pairs(dtype, Operator::BitwiseOr(BitwiseOr { a, b })).only_answers("BITWISE_OR");
        pairs(dtype, Operator::BitwiseXor(BitwiseXor { a, b })).only_answers("BITWISE_XOR");
        singles(dtype, Operator::BitwiseNot(BitwiseNot { input: 0 })).only_answers("BITWISE_NOT");
    }
    pairs(Bool, Operator::LogicalAnd(LogicalAnd { a, b })).only_answers("LOGICAL_AND");
    pairs(Bool, Operator::LogicalOr(LogicalOr { a, b })).only_answers("LOGICAL_OR");
    pairs(Bool, Operator::LogicalXor(LogicalXor { a, b })).only_answers("LOGICAL_XOR");
    singles(Bool, Operator::LogicalNot(LogicalNot { input: 0 })).only_answers("LOGICAL_NOT");
    pairs(I32, Operator::Equal(Equal { a, b })).only_answers("EQUAL");
    pairs(I32, Operator::Greater(Greater { a, b })).only_answers("GREATER");
    pairs(I32, Operator::GreaterEqual(GreaterEqual { a, b })).only_answers("GREATER_EQUAL");
    pairs(I32, Operator::Maximum(Maximum { a, b })).only_answers("MAXIMUM");
    pairs(I32, Operator::Minimum(Minimum { a, b })).only_answers("MINIMUM");
    singles(I32, Operator::Clz(Clz { input: 0 })).only_answers("CLZ");
}

#[test]
fn casts_clamps_and_copies() {
    let types = [Bool, I8, I16, I32];
    for from in types {
        for to in types.into_iter().filter(|to| *to != from) {
            singles(from, Operator::Cast(Cast { input: 0, to })).only_answers("CAST");
        }
    }
    for dtype in [Bool, I8, I16, I32, I48] {
        singles(dtype, Operator::Identity(Identity { input: 0 })).only_answers("IDENTITY");
    }
    for dtype in [I8, I16] {
        let (low, high) = dtype.range();
        for (min, max) in [(low, high), (low, low), (high, high), (0, 0), (-1, 5)] {
            let (min, max) = (Signed32(min as i32), Signed32(max as i32));
            let input = 0;
            singles(dtype, Operator::Clamp(Clamp { input, min, max })).only_answers("CLAMP");
        }
    }
}

#[test]
fn choices() {
    for dtype in [Bool, I8, I16, I32] {
        let select = Select {
            condition: 0,
            a: 1,
            b: 2,
        };
        let valid = model(
            &[one(Bool), one(dtype), one(dtype)],
            Operator::Select(select),
        );
        let mut seen = Seen::default();
        let (low, high) = dtype.range();
        for condition in [0, 1] {
            let (a, b) = (vec![low.into()], vec![high.into()]);
            check(&valid, &[vec![condition], a, b], &mut seen);
        }
        seen.only_answers("SELECT");
    }
}
