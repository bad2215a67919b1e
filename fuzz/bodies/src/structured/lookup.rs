//! Operators that look elements up: by an index, or in a table.

use super::{
    Step,
    draft::{Draft, Value},
    fill::Fill,
    operands::{MOVABLE, NARROW},
};
use crate::choices::Choices;
use fixpoint_runtime::{
    ops::{self, Operator},
    tensor::DType,
};

pub(super) const STEPS: &[Step] = &[gather, scatter, table];

fn gather(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let values = draft.operand_of_rank(choices, MOVABLE, 3);
    let [batch, rows, channels] = values.shape[..] else {
        return None;
    };
    let picks = 1 + choices.below(4) as u32;
    let beyond = i64::from(choices.below(12) == 0);
    let fill = Fill::Within(0, i64::from(rows) - 1 + beyond);
    let indices = match choices.below(4) {
        0 => computed_indices(draft, choices, batch, rows)?,
        1 => draft.input(choices, DType::I32, &[batch, picks], fill),
        _ => draft.constant(choices, DType::I32, &[batch, picks], fill),
    };
    let shape = [batch, indices.shape[1], channels];
    let of = (values.dtype, &shape[..]);
    draft.push(choices, &[&values, &indices], of, |of| {
        Operator::Gather(ops::gather::Gather {
            values: of[0],
            indices: of[1],
        })
    })
}

/// Any numbers, bounded on both sides.
fn computed_indices(
    draft: &mut Draft,
    choices: &mut Choices<'_>,
    batch: u32,
    rows: u32,
) -> Option<Value> {
    let value = draft.operand(choices, &[DType::I32]);
    let elements: u32 = value.shape.iter().product();
    if !elements.is_multiple_of(batch) {
        return None;
    }
    let flat = draft.reshape(choices, &value, &[batch, elements / batch])?;
    let highest = i64::from(rows) - 1;
    let zero = draft.constant(choices, DType::I32, &[1, 1], Fill::Within(0, 0));
    let last = draft.constant(choices, DType::I32, &[1, 1], Fill::Within(highest, highest));
    let of = (DType::I32, &flat.shape[..]);
    let raised = draft.push(choices, &[&flat, &zero], of, |of| {
        Operator::Maximum(ops::maximum::Maximum { a: of[0], b: of[1] })
    })?;
    draft.push(choices, &[&last, &raised], of, |of| {
        Operator::Minimum(ops::minimum::Minimum { a: of[0], b: of[1] })
    })
}

fn scatter(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let values = draft.operand_of_rank(choices, MOVABLE, 3);
    let [batch, rows, channels] = values.shape[..] else {
        return None;
    };
    let writes = 1 + choices.below(rows as usize) as u32;
    let fill = Fill::Shuffled(rows);
    let indices = match choices.below(3) {
        0 => draft.input(choices, DType::I32, &[batch, writes], fill),
        _ => draft.constant(choices, DType::I32, &[batch, writes], fill),
    };
    let fill = Fill::pick(choices);
    let shape = [batch, writes, channels];
    let input = draft.exactly(choices, values.dtype, &shape, fill);
    let of = (values.dtype, &values.shape[..]);
    draft.push(choices, &[&values, &indices, &input], of, |of| {
        Operator::Scatter(ops::scatter::Scatter {
            values_in: of[0],
            indices: of[1],
            input: of[2],
        })
    })
}

fn table(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let input = draft.operand(choices, NARROW);
    let (entries, to) = match input.dtype {
        DType::I8 => (256, DType::I8),
        _ => (513, DType::I32),
    };
    // Neighbours differ by an i16 only if they are from half of the range.
    let fill = match choices.below(8) {
        0 => Fill::Any,
        1 => Fill::Edges,
        _ => Fill::Within(-(1 << 14), (1 << 14) - 1),
    };
    let table = match choices.below(8) {
        0 => draft.input(choices, input.dtype, &[entries], fill),
        _ => draft.constant(choices, input.dtype, &[entries], fill),
    };
    let of = (to, &input.shape[..]);
    draft.push(choices, &[&input, &table], of, |of| {
        Operator::Table(ops::table::Table {
            input: of[0],
            table: of[1],
        })
    })
}
