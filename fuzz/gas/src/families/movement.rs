//! Operators that write bytes elsewhere.

use super::{Family, sizes};
use crate::{
    class::Class,
    draw::Draw,
    sketch::{Operand, Values, copies, input},
    subject::Subject,
};
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{
        Operator, concat::Concat, geometry::Margin, pad::Pad, reverse::Reverse, slice::Slice,
        tile::Tile, transpose::Transpose,
    },
    tensor::{DType, Shape},
};

const MOVE: &[Class] = &[Class::MOVE, Class::RUNS];
const MOVABLE: &[DType] = &[DType::I8, DType::Bool, DType::I16, DType::I32];

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "CONCAT",
        classes: MOVE,
        member: concat,
    },
    Family {
        name: "PAD",
        classes: MOVE,
        member: pad,
    },
    Family {
        name: "REVERSE",
        classes: MOVE,
        member: reverse,
    },
    Family {
        name: "SLICE",
        classes: MOVE,
        member: slice,
    },
    Family {
        name: "SLICE columns",
        // Each row is a piece of its own: what it moves never costs more.
        classes: &[Class::RUNS],
        member: columns,
    },
    Family {
        name: "TILE",
        classes: MOVE,
        member: tile,
    },
    Family {
        name: "TRANSPOSE",
        classes: MOVE,
        member: transpose,
    },
];

fn operand(draw: &mut Draw<'_>, shape: &[u32]) -> Operand {
    input(draw.pick(MOVABLE), shape, Values::Any)
}

fn list(sizes: &[u32]) -> Option<Shape> {
    Shape::try_from(sizes.to_vec()).ok()
}

fn concat(draw: &mut Draw<'_>) -> Option<Subject> {
    let elements = sizes::budget(draw);
    let shape = sizes::any_shape(draw, elements);
    let axis = draw.below(shape.len()) as u8;
    let parts = draw.pick(&[1, 2, 3, 8, 64]);
    let others = draw.pick(&[1, 2, 3, 64, 1024]);
    let mut other = shape.clone();
    other[usize::from(axis)] = others;
    let dtype = draw.pick(MOVABLE);
    let operands = [
        input(dtype, &shape, Values::Any),
        input(dtype, &other, Values::Any),
    ];
    let note = format!("axis {axis}");
    copies(draw, &operands, note, |of, _| {
        let ids: Vec<_> = (0..parts).map(|part| of[(part + 1) % 2]).collect();
        Operator::Concat(Concat {
            inputs: ids.try_into().expect("at most 64"),
            axis,
        })
    })
}

fn pad(draw: &mut Draw<'_>) -> Option<Subject> {
    let elements = sizes::budget(draw);
    let shape = sizes::any_shape(draw, elements);
    let margin = |draw: &mut Draw<'_>| draw.pick(&[0, 0, 1, 2, 7, 64]);
    let margins: Vec<_> = shape
        .iter()
        .map(|_| Margin {
            before: margin(draw),
            after: margin(draw),
        })
        .collect();
    let pairs: Vec<_> = margins
        .iter()
        .map(|margin| format!("{}+{}", margin.before, margin.after))
        .collect();

    let operands = [operand(draw, &shape)];
    copies(
        draw,
        &operands,
        format!("by {}", pairs.join(" ")),
        |of, _| {
            Operator::Pad(Pad {
                input: of[0],
                padding: margins.clone().try_into().expect("at most six"),
                value: Signed32(1),
            })
        },
    )
}

fn reverse(draw: &mut Draw<'_>) -> Option<Subject> {
    let elements = sizes::budget(draw);
    let shape = sizes::any_shape(draw, elements);
    let axis = draw.below(shape.len()) as u8;
    let operands = [operand(draw, &shape)];
    copies(draw, &operands, format!("axis {axis}"), |of, _| {
        Operator::Reverse(Reverse { input: of[0], axis })
    })
}

fn slice(draw: &mut Draw<'_>) -> Option<Subject> {
    let elements = sizes::budget(draw);
    let size = sizes::any_shape(draw, elements);
    let mut whole = size.clone();
    let mut start = size.clone();
    for (whole, start) in whole.iter_mut().zip(&mut start) {
        let [before, after] = [0, 0].map(|_: u32| draw.pick(&[0, 0, 0, 1, 3, 64, 4095]));
        *start = before;
        *whole += before + after;
    }
    let operands = [operand(draw, &whole)];
    let (start, size) = (list(&start)?, list(&size)?);
    copies(draw, &operands, String::new(), |of, _| {
        Operator::Slice(Slice {
            input: of[0],
            start: start.clone(),
            size: size.clone(),
        })
    })
}

/// A few elements of each row, other ones in each copy.
fn columns(draw: &mut Draw<'_>) -> Option<Subject> {
    let rows = draw.pick(&[64, 512, 1024, 2048, 4096, 8192, 16_384, 65_536]);
    let row = draw.pick(&[
        64, 65, 128, 256, 511, 512, 1024, 2048, 4096, 4097, 8192, 65_536,
    ]);
    let width = draw.pick(&[1, 2, 3, 4, 8]);
    let operands = [operand(draw, &[rows, row])];
    let size = list(&[rows, width])?;
    copies(draw, &operands, String::new(), |of, copy| {
        let column = (copy as u32 * 71) % (row - width);
        Operator::Slice(Slice {
            input: of[0],
            start: list(&[0, column]).expect("two axes"),
            size: size.clone(),
        })
    })
}

fn tile(draw: &mut Draw<'_>) -> Option<Subject> {
    let elements = sizes::budget(draw);
    let shape = sizes::any_shape(draw, elements);
    let mut left = draw.pick(&[1, 4, 64, 4096, 65_536]);
    let multiples: Vec<_> = shape
        .iter()
        .map(|_| {
            let multiple: u32 = draw.pick(&[1, 1, 2, 3, 16, 64, 4096]);
            let multiple = multiple.min(left);
            left /= multiple;
            multiple
        })
        .collect();
    let operands = [operand(draw, &shape)];
    let note = format!("times {multiples:?}");
    let multiples = list(&multiples)?;
    copies(draw, &operands, note, |of, _| {
        Operator::Tile(Tile {
            input: of[0],
            multiples: multiples.clone(),
        })
    })
}

fn transpose(draw: &mut Draw<'_>) -> Option<Subject> {
    let elements = sizes::budget(draw);
    let mut shape = sizes::any_shape(draw, elements);
    if draw.flag() {
        // Strides of powers of two share few sets of a cache.
        for size in &mut shape {
            *size = size.next_power_of_two();
        }
    }
    let mut axes: Vec<u8> = (0..shape.len() as u8).collect();
    let mut permutation = Vec::new();
    while !axes.is_empty() {
        let at = axes.len() - 1 - draw.below(axes.len());
        permutation.push(axes.remove(at));
    }
    let operands = [operand(draw, &shape)];
    let note = format!("axes {permutation:?}");
    copies(draw, &operands, note, |of, _| {
        Operator::Transpose(Transpose {
            input: of[0],
            permutation: permutation.clone().try_into().expect("at most six"),
        })
    })
}
