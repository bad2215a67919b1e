//! The models that calls are made of: each shows one thing.

use crate::builder::{
    ModelBuilder, affine, conv2d, i8_tensor, i16_tensor, i32_tensor, pad_all, per_element, rescale,
    scale, square, tensor,
};
use fixpoint_runtime::{
    model::format::{Quantisation, Signed32, ValueId},
    ops::{
        Operator, add::Add, argmax::ArgMax, clamp::Clamp, concat::Concat, gather::Gather,
        matmul::MatMul, max_pool2d::MaxPool2d, mul::Mul, reshape::Reshape, sub::Sub,
    },
    tensor::{DType, TensorType},
};

const PLAIN: Quantisation = Quantisation::None;

/// Names and models.
#[must_use]
pub fn all() -> Vec<(&'static str, ModelBuilder)> {
    vec![
        ("halves", identity(i8_tensor(&[1]), scale(1, 2, 0), false)),
        (
            "pixel",
            identity(i8_tensor(&[2]), scale(1, 255, -128), false),
        ),
        ("coarse", identity(i8_tensor(&[1]), scale(3, 1, 5), false)),
        (
            "fifteen-bits",
            identity(i16_tensor(&[2]), scale(1, 1 << 15, 0), false),
        ),
        ("thirds", identity(i32_tensor(&[1]), scale(1, 3, 0), false)),
        (
            "widest",
            identity(i32_tensor(&[1]), scale(u64::MAX, 1, i32::MIN), false),
        ),
        (
            "finest",
            identity(i32_tensor(&[1]), scale(1, u64::MAX, 0), false),
        ),
        (
            "saturating",
            identity(i8_tensor(&[3]), scale(1, 10, -3), true),
        ),
        (
            "saturating-wide",
            identity(i32_tensor(&[1]), scale(1, 1, 0), true),
        ),
        ("columns", columns()),
        ("rows", rows()),
        ("plain", plain()),
        ("sum", sum()),
        ("chain", chain()),
        ("classifier", classifier()),
        ("lookup", lookup()),
        ("digits-like", digits_like()),
        ("sixteen-bits", sixteen_bits()),
    ]
}

/// The value itself, as an operator's output.
fn copy(model: &mut ModelBuilder, value: ValueId) -> ValueId {
    let inputs = vec![value].try_into().expect("one");
    model.push(Operator::Concat(Concat { inputs, axis: 0 }))
}

fn identity(of: TensorType, scale: Quantisation, saturates: bool) -> ModelBuilder {
    let mut model = ModelBuilder::new();
    let x = match saturates {
        true => model.saturating_input("x", of, scale.clone()),
        false => model.input("x", of, scale.clone()),
    };
    let y = copy(&mut model, x);
    model.output("y", y, scale);
    model
}

/// `y = min(max(x, -100), 100)` on i8.
#[must_use]
pub fn clamp(elements: u32) -> ModelBuilder {
    let mut model = ModelBuilder::new();
    let x = model.input("x", i8_tensor(&[elements]), scale(1, 1, 0));
    let y = model.push(Operator::Clamp(Clamp {
        input: x,
        min: Signed32(-100),
        max: Signed32(100),
    }));
    model.output("y", y, scale(1, 1, 0));
    model
}

/// An operator that reads its own output.
#[must_use]
pub fn forward_reference() -> ModelBuilder {
    let mut model = ModelBuilder::new();
    model.input("x", i8_tensor(&[1]), PLAIN);
    let y = model.push(Operator::Clamp(Clamp {
        input: 1,
        min: Signed32(0),
        max: Signed32(1),
    }));
    model.output("y", y, PLAIN);
    model
}

/// A scale per column, in and out.
fn columns() -> ModelBuilder {
    let entries = [affine(1, 10, 0), affine(1, 4, -2), affine(7, 3, 100)];
    identity(i8_tensor(&[2, 3]), per_element(1, &entries), false)
}

/// A scale per row.
fn rows() -> ModelBuilder {
    let entries = [affine(1, 10, 0), affine(1, 1_000, 7)];
    identity(i16_tensor(&[2, 2]), per_element(0, &entries), true)
}

/// Every element type as itself: four inputs, four outputs, in another order.
fn plain() -> ModelBuilder {
    let mut model = ModelBuilder::new();
    let flags = model.input("flags", tensor(DType::Bool, &[2]), PLAIN);
    let byte = model.input("byte", i8_tensor(&[1]), PLAIN);
    let short = model.input("short", i16_tensor(&[1]), PLAIN);
    let word = model.input("word", i32_tensor(&[1]), PLAIN);
    for (name, value) in [
        ("word", word),
        ("flags", flags),
        ("short", short),
        ("byte", byte),
    ] {
        let inputs = vec![value].try_into().expect("one");
        let number = 4 + match name {
            "word" => 0,
            "flags" => 1,
            "short" => 2,
            _ => 3,
        };
        assert_eq!(
            model.push(Operator::Concat(Concat { inputs, axis: 0 })),
            number
        );
        model.output(name, number, PLAIN);
    }
    model
}

/// `a + b`, which can leave 32 bits.
fn sum() -> ModelBuilder {
    let mut model = ModelBuilder::new();
    let a = model.input("a", i32_tensor(&[2]), PLAIN);
    let b = model.input("b", i32_tensor(&[1]), PLAIN);
    let sum = model.push(Operator::Add(Add { a, b }));
    model.output("sum", sum, PLAIN);
    model
}

/// `((x + x) - 7) * x >> 4`: three operators that can fail.
fn chain() -> ModelBuilder {
    let mut model = ModelBuilder::new();
    let x = model.input("x", i32_tensor(&[1]), PLAIN);
    let seven = model.constant(i32_tensor(&[1]), &[7]);
    let twice = model.push(Operator::Add(Add { a: x, b: x }));
    let less = model.push(Operator::Sub(Sub { a: twice, b: seven }));
    let y = model.push(Operator::Mul(Mul {
        a: less,
        b: x,
        shift_bits: 4,
    }));
    model.output("y", y, PLAIN);
    model
}

/// Three features to the scores of two classes and the better class.
#[must_use]
pub fn classifier() -> ModelBuilder {
    let mut model = ModelBuilder::new();
    let entries = [affine(1, 10, 0), affine(1, 255, -128), affine(3, 7, 5)];
    let x = model.input("features", i8_tensor(&[1, 1, 3]), per_element(2, &entries));
    let weights = model.constant(i8_tensor(&[1, 3, 2]), &[1, -2, 3, -4, 5, 100]);
    let matmul = MatMul {
        a: x,
        b: weights,
        a_zero_point: Signed32(1),
        b_zero_point: Signed32(0),
    };
    let sums = model.push(Operator::MatMul(matmul));
    let scores = model.push(Operator::Rescale(rescale(sums, DType::I8, 1 << 30, 38)));
    let class = model.push(Operator::ArgMax(ArgMax {
        input: scores,
        axis: 2,
    }));
    model.output("scores", scores, scale(1, 20, 0));
    model.output("class", class, PLAIN);
    model
}

/// Rows of a table that takes two chunks.
fn lookup() -> ModelBuilder {
    let mut model = ModelBuilder::new();
    let indices = model.input("rows", i32_tensor(&[1, 2]), PLAIN);
    let values = model.constant(i8_tensor(&[1, 6_500, 4]), &pattern(26_000, 251, 120));
    let rows = model.push(Operator::Gather(Gather { values, indices }));
    model.output("values", rows, scale(1, 100, 0));
    model
}

/// Integers that repeat only after `period`, between `-reach` and `reach`.
#[must_use]
pub fn pattern(len: usize, period: i64, reach: i64) -> Vec<i64> {
    (0..len as i64)
        .map(|at| (at * 37 + at * at) % period * 2 * reach / period - reach)
        .collect()
}

/// 8 x 8 pixels through two convolutions to ten scores and a digit.
fn digits_like() -> ModelBuilder {
    let mut model = ModelBuilder::new();
    let x = model.input("image", i8_tensor(&[1, 8, 8, 1]), scale(1, 16, -128));
    let first = model.constant(i8_tensor(&[4, 3, 3, 1]), &pattern(36, 31, 127));
    let first_bias = model.constant(i32_tensor(&[4]), &[-300, 0, 5_000, 77]);
    let second = model.constant(i8_tensor(&[6, 3, 3, 4]), &pattern(216, 101, 90));
    let second_bias = model.constant(i32_tensor(&[1]), &[-40]);
    let dense = model.constant(i8_tensor(&[1, 96, 10]), &pattern(960, 241, 110));
    let mut conv = conv2d(x, first, first_bias);
    (conv.pad, conv.input_zero_point) = (pad_all(1), Signed32(-128));
    let y = model.push(Operator::Conv2d(conv));
    let mut scaled = rescale(y, DType::I8, 0, 0);
    scaled.per_channel = true;
    scaled.double_round = true;
    scaled.multipliers = [1_500_000_000, 1_200_000_000, 2_000_000_000, 1_073_741_824]
        .map(Signed32)
        .to_vec()
        .try_into()
        .expect("four");
    scaled.shifts_bits = vec![40, 39, 40, 41].try_into().expect("four");
    let y = model.push(Operator::Rescale(scaled));
    let y = model.push(Operator::Clamp(Clamp {
        input: y,
        min: Signed32(0),
        max: Signed32(127),
    }));
    let mut conv = conv2d(y, second, second_bias);
    conv.pad = pad_all(1);
    let y = model.push(Operator::Conv2d(conv));
    let y = model.push(Operator::Rescale(rescale(y, DType::I8, 1_800_000_000, 40)));
    let pool = MaxPool2d {
        input: y,
        kernel: square(2),
        stride: square(2),
        pad: crate::builder::NO_PAD,
    };
    let y = model.push(Operator::MaxPool2d(pool));
    let shape = vec![1, 1, 96].try_into().expect("three");
    let y = model.push(Operator::Reshape(Reshape { input: y, shape }));
    let matmul = MatMul {
        a: y,
        b: dense,
        a_zero_point: Signed32(0),
        b_zero_point: Signed32(0),
    };
    let y = model.push(Operator::MatMul(matmul));
    let scores = model.push(Operator::Rescale(rescale(y, DType::I8, 1_100_000_000, 40)));
    let digit = model.push(Operator::ArgMax(ArgMax {
        input: scores,
        axis: 2,
    }));
    model.output("scores", scores, scale(1, 8, 0));
    model.output("digit", digit, PLAIN);
    model
}

/// A 16-bit convolution with 48-bit sums, scaled by 16-bit multipliers.
fn sixteen_bits() -> ModelBuilder {
    let mut model = ModelBuilder::new();
    let x = model.input("x", i16_tensor(&[1, 2, 2, 1]), scale(1, 1_000, 0));
    let weights = model.constant(i8_tensor(&[2, 2, 2, 1]), &[127, -128, 64, 1, -1, 2, -3, 4]);
    let bias = model.constant(tensor(DType::I48, &[2]), &[1 << 40, -(1 << 21)]);
    let y = model.push(Operator::Conv2d(conv2d(x, weights, bias)));
    let mut scaled = rescale(y, DType::I16, 16_385, 32);
    scaled.scale32 = false;
    let y = model.push(Operator::Rescale(scaled));
    model.output("y", y, scale(1, 1_000, 0));
    model
}
