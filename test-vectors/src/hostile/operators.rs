//! Types, shapes and constants that operators do not take.

use super::{Hostile, PLAIN, hostile, one_input};
use crate::builder::{ModelBuilder, i8_tensor, i16_tensor, i32_tensor};
use fixpoint_runtime::{
    model::format::{Signed32, ValueId},
    ops::{
        Operator, add::Add, argmax::ArgMax, cast::Cast, concat::Concat, gather::Gather,
        logical_left_shift::LogicalLeftShift, matmul::MatMul, table::Table,
    },
    tensor::{DType, TensorType},
};

/// One operator on one input.
pub(super) fn on(of: TensorType, operator: Operator) -> ModelBuilder {
    let mut model = one_input(of, PLAIN);
    let y = model.push(operator);
    model.output("y", y, PLAIN);
    model
}

/// One operator on an input and a constant of zeros.
pub(super) fn on_both(
    of: TensorType,
    constant: TensorType,
    bytes: u8,
    operator: Operator,
) -> ModelBuilder {
    let mut model = one_input(of, PLAIN);
    let len = constant.size_bytes() as usize;
    model.constant_bytes(constant, vec![bytes; len]);
    let y = model.push(operator);
    model.output("y", y, PLAIN);
    model
}

/// Types and shapes that operators do not take.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(super) fn operators() -> Vec<Hostile> {
    let add = || Operator::Add(Add { a: 0, b: 1 });
    let gather = || {
        Operator::Gather(Gather {
            values: 0,
            indices: 1,
        })
    };
    let matmul = |a, b| {
        Operator::MatMul(MatMul {
            a: 0,
            b: 1,
            a_zero_point: Signed32(a),
            b_zero_point: Signed32(b),
        })
    };
    let table = || Operator::Table(Table { input: 0, table: 1 });
    let concat = |inputs: &[ValueId], axis| {
        Operator::Concat(Concat {
            inputs: inputs.to_vec().try_into().expect("few"),
            axis,
        })
    };
    let fault = |name, model: ModelBuilder, code| hostile(name, &model, code, Some(0));
    vec![
        fault(
            "CONCAT of nothing",
            on(i8_tensor(&[1]), concat(&[], 0)),
            301,
        ),
        fault(
            "ADD on i8",
            on_both(i8_tensor(&[2]), i8_tensor(&[2]), 0, add()),
            302,
        ),
        fault(
            "ADD of i32 and i16",
            on_both(i32_tensor(&[2]), i16_tensor(&[2]), 0, add()),
            302,
        ),
        fault(
            "CAST to i48",
            on(
                i8_tensor(&[1]),
                Operator::Cast(Cast {
                    input: 0,
                    to: DType::I48,
                }),
            ),
            303,
        ),
        fault(
            "CAST to the same type",
            on(
                i8_tensor(&[1]),
                Operator::Cast(Cast {
                    input: 0,
                    to: DType::I8,
                }),
            ),
            303,
        ),
        fault(
            "ADD of other ranks",
            on_both(i32_tensor(&[2]), i32_tensor(&[1, 2]), 0, add()),
            304,
        ),
        fault(
            "MATMUL of rank 2",
            on_both(i8_tensor(&[2, 2]), i8_tensor(&[2, 2]), 0, matmul(0, 0)),
            304,
        ),
        fault(
            "ADD of 2 and 3 elements",
            on_both(i32_tensor(&[2]), i32_tensor(&[3]), 0, add()),
            305,
        ),
        fault(
            "MATMUL of other depths",
            on_both(
                i8_tensor(&[1, 1, 2]),
                i8_tensor(&[1, 3, 1]),
                0,
                matmul(0, 0),
            ),
            305,
        ),
        fault(
            "GATHER of other batches",
            on_both(i8_tensor(&[2, 2, 1]), i32_tensor(&[1, 1]), 0, gather()),
            305,
        ),
        fault(
            "TABLE of 255 entries",
            on_both(i8_tensor(&[2]), i8_tensor(&[255]), 0, table()),
            305,
        ),
        fault(
            "ARGMAX along an axis that is not",
            on(
                i8_tensor(&[2]),
                Operator::ArgMax(ArgMax { input: 0, axis: 1 }),
            ),
            306,
        ),
        fault(
            "CONCAT along an axis that is not",
            on(i8_tensor(&[2]), concat(&[0], 1)),
            306,
        ),
        fault(
            "MATMUL with a zero point of 128",
            on_both(
                i8_tensor(&[1, 1, 2]),
                i8_tensor(&[1, 2, 1]),
                0,
                matmul(0, 128),
            ),
            313,
        ),
        fault(
            "MATMUL on i16 with a zero point",
            on_both(
                i16_tensor(&[1, 1, 2]),
                i16_tensor(&[1, 2, 1]),
                0,
                matmul(1, 0),
            ),
            313,
        ),
        fault(
            "a sum of 2^17 products beyond i32",
            on_both(
                i8_tensor(&[1, 1, 132_105]),
                i8_tensor(&[1, 132_105, 1]),
                0x80,
                matmul(0, 0),
            ),
            323,
        ),
        fault(
            "GATHER of a constant row that is not",
            on_both(i8_tensor(&[1, 2, 1]), i32_tensor(&[1, 1]), 0x7f, gather()),
            324,
        ),
        fault(
            "a constant shift of -1",
            on_both(
                i8_tensor(&[2]),
                i8_tensor(&[1]),
                0xff,
                Operator::LogicalLeftShift(LogicalLeftShift { a: 0, b: 1 }),
            ),
            324,
        ),
        {
            let mut model = one_input(i8_tensor(&[1]), PLAIN);
            let most = model.constant(i32_tensor(&[1]), &[i64::from(i32::MAX)]);
            let y = model.push(Operator::Add(Add { a: most, b: most }));
            model.output("y", y, PLAIN);
            hostile("a sum of constants beyond i32", &model, 325, Some(0))
        },
    ]
}
