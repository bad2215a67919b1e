//! Operators that a plan runs together, and long lists of tiny ones.

use super::{Family, sizes};
use crate::{
    class::Class,
    draw::Draw,
    sketch::{Values, chain, constant, graph, input},
    subject::Subject,
};
use fixpoint_runtime::{
    model::format::{Signed32, ValueId},
    ops::{
        Operator, abs::Abs, add::Add, clamp::Clamp, clz::Clz, conv2d::Conv2d, maximum::Maximum,
        mul::Mul, negate::Negate, rescale::Rescale, reverse::Reverse, transpose::Transpose,
    },
    tensor::DType,
};
use fixpoint_test_vectors::builder;

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "chain",
        classes: &[
            Class::ELEMENTWISE,
            Class::MULTIPLY,
            Class::RESCALE,
            Class::MOVE,
        ],
        member: mixed,
    },
    Family {
        name: "layer",
        classes: &[Class::MACS_I8, Class::MACS_I16X8, Class::RESCALE],
        member: layer,
    },
];

/// Kinds of operators from i32 to i32.
const KINDS: usize = 9;
/// Of these, the one that reads a row for all rows, those that read one element, and TRANSPOSE.
const WITH_ROW: usize = 0;
const WITH_ELEMENT: [usize; 2] = [1, 2];
const TRANSPOSE: usize = 3;

/// Operators from i32 to i32, of up to four kinds in turns.
fn mixed(draw: &mut Draw<'_>) -> Option<Subject> {
    let elements = sizes::budget(draw);
    let mut shape = sizes::any_shape(draw, elements);
    let kinds = [0; 4].map(|_: usize| draw.below(KINDS));
    let length = draw.pick(&[4, 8, 16, 64, 256, 2048, 16_000]);
    if kinds.contains(&TRANSPOSE) {
        // What is transposed has the same shape again.
        let side = elements.isqrt().max(1) as u32;
        shape = vec![side, side];
    }
    let small = Values::Within(-9, 9);
    let mut operands = vec![input(DType::I32, &shape, small)];
    let mut ones = vec![1; shape.len()];
    if kinds.iter().any(|kind| WITH_ELEMENT.contains(kind)) {
        operands.push(constant(DType::I32, &ones, small));
    }
    if kinds.contains(&WITH_ROW) {
        *ones.last_mut()? = *shape.last()?;
        operands.push(constant(DType::I32, &ones, small));
    }
    let note = format!("kinds {kinds:?}");
    chain(draw, &operands, (length, note), |of, link| {
        link_of(kinds[link % kinds.len()], of)
    })
}

fn link_of(kind: usize, of: &[ValueId]) -> Operator {
    let input = of[0];
    match kind {
        WITH_ROW => Operator::Maximum(Maximum {
            a: input,
            b: of[of.len() - 1],
        }),
        1 => Operator::Add(Add { a: input, b: of[1] }),
        2 => Operator::Mul(Mul {
            a: input,
            b: of[1],
            shift_bits: 31,
        }),
        TRANSPOSE => Operator::Transpose(Transpose {
            input,
            permutation: vec![1, 0].try_into().expect("two axes"),
        }),
        4 => Operator::Rescale(half(input)),
        5 => Operator::Negate(Negate {
            input,
            input_zero_point: Signed32(0),
            output_zero_point: Signed32(0),
        }),
        6 => Operator::Reverse(Reverse { input, axis: 0 }),
        7 => Operator::Clz(Clz { input }),
        _ => Operator::Abs(Abs { input }),
    }
}

/// A RESCALE by a half.
fn half(input: ValueId) -> Rescale {
    Rescale {
        double_round: true,
        ..builder::rescale(input, DType::I32, 1 << 30, 31)
    }
}

/// A convolution with its RESCALE and CLAMP, as networks are made of.
fn layer(draw: &mut Draw<'_>) -> Option<Subject> {
    let macs = 32 * sizes::budget(draw);
    let [inputs, outputs] = [0, 1].map(|_| sizes::size(draw, 2048));
    let kernel = draw.pick(&[1, 3, 5]);
    let depth = u64::from(inputs) * u64::from(kernel) * u64::from(kernel);
    let side = (macs / depth / u64::from(outputs)).max(1).isqrt() as u32;
    let width = draw.pick(&[side, 1, side * side]);
    let height = side * side / width;
    let (dtype, sum) = draw.pick(&[(DType::I8, DType::I32), (DType::I16, DType::I48)]);
    let to = draw.pick(&[DType::I8, DType::I16]);
    let small = Values::Within(-100, 100);
    let operands = [
        input(dtype, &[1, height, width, inputs], Values::Any),
        constant(DType::I8, &[outputs, kernel, kernel, inputs], Values::Any),
        constant(sum, &[outputs], small),
    ];
    let is_per_channel = draw.flag();
    let scales = if is_per_channel { outputs as usize } else { 1 };
    let scale32 = sum == DType::I32;
    let multiplier = if scale32 { 1 << 30 } else { 1 << 14 };
    let double_round = scale32 && draw.flag();
    let rescale = Rescale {
        multipliers: vec![Signed32(multiplier); scales].try_into().ok()?,
        shifts_bits: vec![40; scales].try_into().ok()?,
        scale32,
        double_round,
        per_channel: is_per_channel,
        ..builder::rescale(0, to, multiplier, 40)
    };
    let note = format!("RESCALE to {to:?}, {scales} scales, CLAMP");
    graph(draw, &operands, note, |model, of| {
        let sums = model.push(Operator::Conv2d(Conv2d {
            pad: builder::pad_all(kernel / 2),
            ..builder::conv2d(of[0], of[1], of[2])
        }));
        let scaled = model.push(Operator::Rescale(Rescale {
            input: sums,
            ..rescale.clone()
        }));
        vec![model.push(Operator::Clamp(Clamp {
            input: scaled,
            min: Signed32(0),
            max: Signed32(100),
        }))]
    })
}
