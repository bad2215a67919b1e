//! Operators that look elements up: indices, tables, places.

use super::{Seen, check, edges, model};
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{
        Operator,
        argmax::ArgMax,
        gather::Gather,
        resize::{Resize, ResizeAxis, ResizeMode},
        scatter::Scatter,
        table::Table,
    },
    tensor::DType::{I8, I16, I32},
};
use fixpoint_test_vectors::builder::tensor;

#[test]
fn indices_in_and_out_of_range() {
    let gather = Operator::Gather(Gather {
        values: 0,
        indices: 1,
    });
    let valid = model(&[tensor(I8, &[2, 3, 2]), tensor(I32, &[2, 2])], gather);
    let mut seen = Seen::default();
    for index in edges(I32).into_iter().chain([3]) {
        for at in 0..4 {
            let mut indices = vec![0, 1, 2, 0];
            indices[at] = index;
            check(&valid, &[(0..12).collect(), indices], &mut seen);
        }
    }
    seen.both("GATHER");
}

#[test]
fn rows_written_outside_and_twice() {
    let scatter = Operator::Scatter(Scatter {
        values_in: 0,
        indices: 1,
        input: 2,
    });
    let inputs = [
        tensor(I16, &[2, 3, 1]),
        tensor(I32, &[2, 2]),
        tensor(I16, &[2, 2, 1]),
    ];
    let valid = model(&inputs, scatter);
    let mut seen = Seen::default();
    for index in edges(I32).into_iter().chain([3]) {
        for at in 0..4 {
            // Batches do not see each other's rows.
            let mut indices = vec![0, 1, 1, 0];
            indices[at] = index;
            let rows = vec![-1, -2, -3, -4];
            check(&valid, &[(0..6).collect(), indices, rows], &mut seen);
        }
    }
    seen.both("SCATTER");
}

#[test]
fn slopes_of_tables() {
    let lookup = Operator::Table(Table { input: 0, table: 1 });
    let valid = model(&[tensor(I16, &[1]), tensor(I16, &[513])], lookup.clone());
    let mut seen = Seen::default();
    let ends = [-32768, -32767, -1, 0, 1, 32766, 32767];
    for base in ends {
        for next in ends {
            // In the first, a middle and the last interval, at its start and at its end.
            for place in [0_usize, 256, 511] {
                let mut table = vec![0; 513];
                (table[place], table[place + 1]) = (base, next);
                for fraction in [0, 1, 127] {
                    let x = (place as i128 - 256) * 128 + fraction;
                    check(&valid, &[vec![x], table.clone()], &mut seen);
                }
            }
        }
    }
    seen.both("TABLE");
    let valid = model(&[tensor(I8, &[1]), tensor(I8, &[256])], lookup);
    let mut seen = Seen::default();
    for x in edges(I8) {
        check(&valid, &[vec![x], (-128..128).rev().collect()], &mut seen);
    }
    seen.only_answers("TABLE");
}

#[test]
fn the_first_of_equals() {
    for dtype in [I8, I16] {
        let argmax = Operator::ArgMax(ArgMax { input: 0, axis: 0 });
        let valid = model(&[tensor(dtype, &[3])], argmax);
        let mut seen = Seen::default();
        let (low, high) = dtype.range();
        for a in [low, 0, high] {
            for b in [low, 0, high] {
                for c in [low, 0, high] {
                    check(&valid, &[vec![a.into(), b.into(), c.into()]], &mut seen);
                }
            }
        }
        seen.only_answers("ARGMAX");
    }
}

#[test]
fn places_between_and_beyond_elements() {
    let mut seen = Seen::default();
    // Each numerator with the offsets and borders at the ends of what it allows.
    for scale_n in [1, 2, 3, 8, 2048] {
        for scale_d in [1, 2, 15, 16 * scale_n - 1] {
            let n = scale_n as i32;
            for offset in [-n, -1, 0, n - 1, n, 16 * n - 1] {
                // The largest border with which the output comes out even.
                let travel = 2 * n - offset;
                let fits = |border: &i32| {
                    let travel = travel + border;
                    travel >= 0 && travel % scale_d as i32 == 0
                };
                let Some(border) = (-16 * n..n).rev().find(fits) else {
                    continue;
                };
                let axis = ResizeAxis {
                    scale_n,
                    scale_d,
                    offset: Signed32(offset),
                    border: Signed32(border),
                };
                resize(axis, &mut seen);
            }
        }
    }
    seen.only_answers("RESIZE");
    assert!(seen.answers > 100, "{}", seen.answers);
}

/// Three rows by an axis, in both modes and types; the columns stay as they are.
fn resize(y: ResizeAxis, seen: &mut Seen) {
    let x = ResizeAxis {
        scale_n: 1,
        scale_d: 1,
        offset: Signed32(0),
        border: Signed32(0),
    };
    let outputs = (2 * y.scale_n as i32 - y.offset.0 + y.border.0) / y.scale_d as i32 + 1;
    if outputs > 5_000 {
        return;
    }
    for mode in [ResizeMode::Nearest, ResizeMode::Bilinear] {
        for dtype in [I8, I16] {
            let resize = Resize {
                input: 0,
                mode,
                y,
                x,
            };
            let valid = model(&[tensor(dtype, &[1, 3, 2, 1])], Operator::Resize(resize));
            let (low, high) = dtype.range();
            let (low, high) = (i128::from(low), i128::from(high));
            check(&valid, &[vec![low, high, high, low, 1, -1]], seen);
        }
    }
}
