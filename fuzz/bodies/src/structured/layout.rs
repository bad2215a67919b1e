//! Operators that move elements, and those that put an axis together.

use super::{
    Step,
    draft::{Draft, Value},
    fill::Fill,
    operands::{INTEGERS, MOVABLE, NARROW},
};
use crate::choices::Choices;
use fixpoint_runtime::{
    model::format::{Signed32, ValueId},
    ops::{self, Operator, geometry::Margin},
    tensor::DType,
};

const I32: &[DType] = &[DType::I32];
const BOOL: &[DType] = &[DType::Bool];
const ANY: &[DType] = &[
    DType::I48,
    DType::Bool,
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I48,
];

/// An operator along an axis.
macro_rules! along {
    ($variant:ident, $module:ident) => {
        |of: &[ValueId], axis| Operator::$variant(ops::$module::$variant { input: of[0], axis })
    };
}

pub(super) const STEPS: &[Step] = &[
    |d, c| reduction(d, c, BOOL, along!(ReduceAll, reduce_all)),
    |d, c| reduction(d, c, BOOL, along!(ReduceAny, reduce_any)),
    |d, c| reduction(d, c, INTEGERS, along!(ReduceMax, reduce_max)),
    |d, c| reduction(d, c, INTEGERS, along!(ReduceMin, reduce_min)),
    |d, c| reduction(d, c, I32, along!(ReduceSum, reduce_sum)),
    argmax,
    reverse,
    concat,
    pad,
    reshape,
    slice,
    tile,
    transpose,
    identity,
];

fn reduction(
    draft: &mut Draft,
    choices: &mut Choices<'_>,
    types: &[DType],
    make: fn(&[ValueId], u8) -> Operator,
) -> Option<Value> {
    let (input, axis) = draft.operand_with_axis(choices, types);
    let mut shape = input.shape.clone();
    shape[axis] = 1;
    let of = (input.dtype, &shape[..]);
    draft.push(choices, &[&input], of, move |of| make(of, axis as u8))
}

fn argmax(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let (input, axis) = draft.operand_with_axis(choices, NARROW);
    let mut shape = input.shape.clone();
    shape.remove(axis);
    let make = along!(ArgMax, argmax);
    let of = (DType::I32, &shape[..]);
    draft.push(choices, &[&input], of, move |of| make(of, axis as u8))
}

fn reverse(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let (input, axis) = draft.operand_with_axis(choices, MOVABLE);
    let make = along!(Reverse, reverse);
    let of = (input.dtype, &input.shape[..]);
    draft.push(choices, &[&input], of, move |of| make(of, axis as u8))
}

fn concat(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let (first, axis) = draft.operand_with_axis(choices, MOVABLE);
    let mut parts = vec![first.clone()];
    for _ in 0..choices.below(4) {
        let mut shape = first.shape.clone();
        shape[axis] = choices.pick(&[1, 2, 3, shape[axis]]);
        let fill = Fill::pick(choices);
        let part = match choices.below(4) {
            0 => first.clone(),
            _ => draft.exactly(choices, first.dtype, &shape, fill),
        };
        let at = choices.below(parts.len() + 1);
        parts.insert(at, part);
    }
    let mut shape = first.shape.clone();
    shape[axis] = parts.iter().map(|part| part.shape[axis]).sum();
    let parts: Vec<_> = parts.iter().collect();
    draft.push(choices, &parts, (first.dtype, &shape), move |of| {
        Operator::Concat(ops::concat::Concat {
            inputs: of.to_vec().try_into().expect("few"),
            axis: axis as u8,
        })
    })
}

fn pad(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let (input, _) = draft.operand_with_axis(choices, MOVABLE);
    let margins: Vec<_> = input
        .shape
        .iter()
        .map(|_| Margin {
            before: choices.pick(&[0, 0, 1, 2]),
            after: choices.pick(&[0, 0, 1, 3]),
        })
        .collect();
    let sizes = input.shape.iter().zip(&margins);
    let shape: Vec<_> = sizes
        .map(|(size, margin)| margin.before + size + margin.after)
        .collect();
    let (lowest, highest) = input.dtype.range();
    let value = choices.pick(&[0, lowest, highest, 1]) as i32;
    let pad = ops::pad::Pad {
        input: 0,
        padding: margins.try_into().expect("one per axis"),
        value: Signed32(value),
    };
    draft.push(choices, &[&input], (input.dtype, &shape), move |of| {
        Operator::Pad(ops::pad::Pad {
            input: of[0],
            ..pad.clone()
        })
    })
}

/// The elements in any other shape.
fn reshape(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let input = draft.operand(choices, MOVABLE);
    let mut left: u32 = input.shape.iter().product();
    let rank = choices.pick(&[0, 1, 2, 3, 4, 5, 6]);
    let rank = if left > 1 { rank.max(1) } else { rank };
    let mut shape = vec![1; rank];
    let mut factor = 2;
    while left > 1 {
        if left.is_multiple_of(factor) {
            shape[choices.below(rank)] *= factor;
            left /= factor;
        } else {
            factor += 1;
        }
    }
    draft.reshape(choices, &input, &shape)
}

fn slice(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let (input, _) = draft.operand_with_axis(choices, MOVABLE);
    let mut start = Vec::new();
    let mut shape = Vec::new();
    for &size in &input.shape {
        let from = choices.below(size as usize) as u32;
        start.push(from);
        shape.push(1 + choices.below((size - from) as usize) as u32);
    }
    let slice = ops::slice::Slice {
        input: 0,
        start: start.try_into().expect("one per axis"),
        size: shape.clone().try_into().expect("one per axis"),
    };
    draft.push(choices, &[&input], (input.dtype, &shape), move |of| {
        Operator::Slice(ops::slice::Slice {
            input: of[0],
            ..slice.clone()
        })
    })
}

fn tile(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let (input, _) = draft.operand_with_axis(choices, MOVABLE);
    let multiples: Vec<_> = input
        .shape
        .iter()
        .map(|_| choices.pick(&[1, 1, 2, 3]))
        .collect();
    let sizes = input.shape.iter().zip(&multiples);
    let shape: Vec<_> = sizes.map(|(size, multiple)| size * multiple).collect();
    let tile = ops::tile::Tile {
        input: 0,
        multiples: multiples.try_into().expect("one per axis"),
    };
    draft.push(choices, &[&input], (input.dtype, &shape), move |of| {
        Operator::Tile(ops::tile::Tile {
            input: of[0],
            ..tile.clone()
        })
    })
}

fn transpose(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let (input, _) = draft.operand_with_axis(choices, MOVABLE);
    let mut axes: Vec<_> = (0..input.rank() as u8).collect();
    for at in 0..axes.len() {
        let other = choices.below(axes.len());
        axes.swap(at, other);
    }
    let sizes = axes.iter().map(|axis| input.shape[usize::from(*axis)]);
    let shape: Vec<_> = sizes.collect();
    let transpose = ops::transpose::Transpose {
        input: 0,
        permutation: axes.try_into().expect("one per axis"),
    };
    draft.push(choices, &[&input], (input.dtype, &shape), move |of| {
        Operator::Transpose(ops::transpose::Transpose {
            input: of[0],
            ..transpose.clone()
        })
    })
}

fn identity(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let input = draft.operand(choices, ANY);
    let of = (input.dtype, &input.shape[..]);
    draft.push(choices, &[&input], of, |of| {
        Operator::Identity(ops::identity::Identity { input: of[0] })
    })
}
