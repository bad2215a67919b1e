//! RESCALE, TABLE, GATHER and SCATTER.

use super::{Family, sizes};
use crate::{
    class::Class,
    draw::Draw,
    sketch::{Values, constant, copies, either, input},
    subject::Subject,
};
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{Operator, gather::Gather, rescale::Rescale, scatter::Scatter, table::Table},
    tensor::DType,
};

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "RESCALE",
        classes: &[Class::RESCALE],
        member: rescale,
    },
    Family {
        name: "TABLE",
        classes: &[Class::TABLE],
        member: table,
    },
    Family {
        name: "GATHER",
        classes: &[Class::GATHER, Class::MOVE],
        member: gather,
    },
    Family {
        name: "SCATTER",
        classes: &[Class::MOVE, Class::GATHER],
        member: scatter,
    },
];

const MOVABLE: &[DType] = &[DType::I8, DType::Bool, DType::I16, DType::I32];

fn rescale(draw: &mut Draw<'_>) -> Option<Subject> {
    let elements = sizes::budget(draw);
    let shape = sizes::any_shape(draw, elements);
    let from = draw.pick(&[DType::I32, DType::I8, DType::I16, DType::I48]);
    let to = draw.pick(&[DType::I8, DType::I16, DType::I32]);
    let scale32 = from != DType::I48 && draw.below(4) > 0;
    let is_narrow = |dtype| matches!(dtype, DType::I8 | DType::I16);
    let unsigned = draw.below(4);
    let both_narrow = is_narrow(from) && is_narrow(to);
    let per_channel = draw.flag();
    let channels = if per_channel { *shape.last()? } else { 1 };
    let multiplier = if scale32 { 1 << 30 } else { 1 << 14 };
    let shift_bits = draw.pick(&[40_u8, 34, 48, 62]);
    let zero_point = |dtype| {
        if dtype == DType::I8 {
            draw.pick(&[0, -128, 7])
        } else {
            0
        }
    };
    let [input_zero_point, output_zero_point] = [from, to].map(zero_point).map(Signed32);
    let entries = channels as usize;
    let operator = Rescale {
        input: 0,
        to,
        input_zero_point,
        output_zero_point,
        multipliers: vec![Signed32(multiplier); entries].try_into().ok()?,
        shifts_bits: vec![shift_bits; entries].try_into().ok()?,
        scale32,
        double_round: scale32 && draw.flag(),
        per_channel,
        input_unsigned: both_narrow && unsigned == 1,
        output_unsigned: both_narrow && unsigned == 2,
    };
    let note = format!(
        "{}{}, shift {shift_bits}",
        if per_channel {
            "per channel"
        } else {
            "per tensor"
        },
        if operator.double_round {
            ", double round"
        } else {
            ""
        },
    );
    let values = draw.pick(&[Values::Any, Values::Within(-1000, 1000)]);
    copies(draw, &[input(from, &shape, values)], note, |of, _| {
        Operator::Rescale(Rescale {
            input: of[0],
            ..operator.clone()
        })
    })
}

fn table(draw: &mut Draw<'_>) -> Option<Subject> {
    let elements = sizes::budget(draw);
    let shape = sizes::any_shape(draw, elements);
    let (dtype, entries, values) = draw.pick(&[
        (DType::I8, 256, Values::Any),
        (DType::I16, 513, Values::Within(-10_000, 10_000)),
    ]);
    let read = draw.pick(&[Values::Any, Values::Within(0, 0)]);
    let entries = match draw.below(3) {
        0 => input(dtype, &[entries], values),
        _ => constant(dtype, &[entries], values),
    };
    let operands = [input(dtype, &shape, read), entries];
    copies(draw, &operands, String::new(), |of, _| {
        Operator::Table(Table {
            input: of[0],
            table: of[1],
        })
    })
}

/// Batch, rows, picks and channels.
fn picks(draw: &mut Draw<'_>) -> [u32; 4] {
    let elements = sizes::budget(draw);
    let channels = sizes::size(draw, elements);
    let batch = draw.pick(&[1, 1, 1, 2, 3, 64, 1024]);
    let picks = (elements / u64::from(channels) / u64::from(batch)).max(1) as u32;
    // Rows to choose from: a few, or more than a cache holds.
    let bytes: u32 = draw.pick(&[1, 64, 4096, 1 << 16, 1 << 20, 1 << 23, 1 << 24]);
    let rows = (bytes / channels / batch).max(1);
    [batch, rows, picks, channels]
}

fn gather(draw: &mut Draw<'_>) -> Option<Subject> {
    let [batch, rows, picks, channels] = picks(draw);
    let dtype = draw.pick(MOVABLE);
    let order = draw.pick(&[
        Values::Within(0, i64::from(rows) - 1),
        Values::Within(0, i64::from(rows) - 1),
        Values::Ascending(i64::from(rows)),
    ]);
    let operands = [
        either(draw, dtype, &[batch, rows, channels], Values::Any),
        either(draw, DType::I32, &[batch, picks], order),
    ];
    copies(draw, &operands, String::new(), |of, _| {
        Operator::Gather(Gather {
            values: of[0],
            indices: of[1],
        })
    })
}

fn scatter(draw: &mut Draw<'_>) -> Option<Subject> {
    let [batch, rows, picks, channels] = picks(draw);
    let picks = picks.min(rows);
    let dtype = draw.pick(MOVABLE);
    let operands = [
        either(draw, dtype, &[batch, rows, channels], Values::Any),
        either(draw, DType::I32, &[batch, picks], Values::Distinct(rows)),
        either(draw, dtype, &[batch, picks, channels], Values::Any),
    ];
    copies(draw, &operands, String::new(), |of, _| {
        Operator::Scatter(Scatter {
            values_in: of[0],
            indices: of[1],
            input: of[2],
        })
    })
}
