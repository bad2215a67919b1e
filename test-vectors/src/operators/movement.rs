//! Operators that move elements.

use super::{Cases, given};
use crate::builder::{i8_tensor, i16_tensor, i32_tensor, tensor};
use fixpoint_runtime::{
    model::format::{Signed32, ValueId},
    ops::{
        Operator, concat::Concat, gather::Gather, geometry::Margin, pad::Pad, reshape::Reshape,
        slice::Slice, transpose::Transpose,
    },
    tensor::{DType, TensorType},
};

fn shape(sizes: &[u32]) -> fixpoint_runtime::tensor::Shape {
    sizes.to_vec().try_into().expect("at most six")
}
#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(super) fn all() -> Cases {
    let six: Vec<i64> = (1..=6).collect();
    let cube: Vec<i64> = (0..24).collect();
    let one = |of: TensorType, x: &[i64]| given(&[(of, x)], &[]);
    let concat = |inputs: &[ValueId], axis| {
        Operator::Concat(Concat {
            inputs: inputs.to_vec().try_into().expect("few"),
            axis,
        })
    };
    let pad = |sides: &[(u32, u32)], value| {
        let sides: Vec<_> = sides
            .iter()
            .map(|(before, after)| Margin {
                before: *before,
                after: *after,
            })
            .collect();
        Operator::Pad(Pad {
            input: 0,
            padding: sides.try_into().expect("few"),
            value: Signed32(value),
        })
    };
    let reshape = |sizes: &[u32]| {
        Operator::Reshape(Reshape {
            input: 0,
            shape: shape(sizes),
        })
    };
    let slice = |start: &[u32], size: &[u32]| {
        Operator::Slice(Slice {
            input: 0,
            start: shape(start),
            size: shape(size),
        })
    };
    let transpose = |axes: &[u8]| {
        Operator::Transpose(Transpose {
            input: 0,
            permutation: axes.to_vec().try_into().expect("few"),
        })
    };
    let gather = || {
        Operator::Gather(Gather {
            values: 0,
            indices: 1,
        })
    };
    let rows = |picks: &[i64]| {
        given(
            &[
                (i16_tensor(&[1, 3, 2]), &six),
                (i32_tensor(&[1, picks.len() as u32]), picks),
            ],
            &[],
        )
    };
    vec![
        given(
            &[
                (i8_tensor(&[1, 2]), &[1, 2]),
                (i8_tensor(&[1, 3]), &[3, 4, 5]),
            ],
            &[],
        )
        .then("columns", concat(&[0, 1], 1)),
        given(
            &[
                (i32_tensor(&[1, 2]), &[1, 2]),
                (i32_tensor(&[2, 2]), &[3, 4, 5, 6]),
            ],
            &[],
        )
        .then("rows", concat(&[1, 0], 0)),
        one(tensor(DType::Bool, &[2]), &[1, 0])
            .then("one tensor three times", concat(&[0, 0, 0], 0)),
        one(i8_tensor(&[2, 3]), &six).then("both axes", pad(&[(1, 0), (0, 2)], -7)),
        one(i16_tensor(&[2]), &[1, 2]).then("16 bits", pad(&[(2, 2)], -32_768)),
        one(tensor(DType::Bool, &[1]), &[0]).then("bool", pad(&[(1, 1)], 1)),
        one(i32_tensor(&[]), &[5]).then("a scalar has no side", pad(&[], 9)),
        one(i8_tensor(&[2, 3]), &six).then("to a list", reshape(&[6])),
        one(i32_tensor(&[1]), &[-5]).then("to a scalar", reshape(&[])),
        one(i16_tensor(&[6]), &six).then("to rank six", reshape(&[1, 3, 1, 2, 1, 1])),
        one(i8_tensor(&[2, 3, 4]), &cube).then("a box", slice(&[1, 0, 2], &[1, 3, 2])),
        one(i32_tensor(&[6]), &six).then("the last", slice(&[5], &[1])),
        one(tensor(DType::Bool, &[3]), &[1, 0, 1]).then("all", slice(&[0], &[3])),
        one(i8_tensor(&[2, 3]), &six).then("a matrix", transpose(&[1, 0])),
        one(i16_tensor(&[2, 3, 4]), &cube).then("three axes in a ring", transpose(&[2, 0, 1])),
        one(i32_tensor(&[2, 3, 4]), &cube).then("nothing moves", transpose(&[0, 1, 2])),
        one(i8_tensor(&[]), &[1]).then("a scalar", transpose(&[])),
        rows(&[2, 0, 2]).then("rows", gather()),
        rows(&[3]).then("beyond the last fails", gather()),
        rows(&[-1]).then("before the first fails", gather()),
        given(
            &[
                (i8_tensor(&[2, 2, 1]), &[1, 2, 3, 4]),
                (i32_tensor(&[2, 1]), &[1, 0]),
            ],
            &[],
        )
        .then("per batch", gather()),
    ]
}
