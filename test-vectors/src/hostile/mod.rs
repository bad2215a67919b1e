//! Payloads that must be refused, and why.

mod attributes;
mod operators;

use crate::{
    builder::{
        ModelBuilder, affine, i8_tensor, i16_tensor, i32_tensor, per_element, scale, tensor,
    },
    models::clamp,
};
use fixpoint_runtime::{
    model::format::{Quantisation, Signed32, ValueId},
    ops::{Operator, add::Add, clamp::Clamp, concat::Concat, geometry::Margin, pad::Pad},
    tensor::{DType, TensorType},
};

/// A payload, the code of the error that refuses it, and the operator at fault.
#[derive(Clone, Debug)]
pub struct Hostile {
    /// What is wrong with it.
    pub name: &'static str,
    /// The bytes.
    pub payload: Vec<u8>,
    /// `reason` of `ModelRejected`.
    pub code: u16,
    /// `operatorIndex` of `ModelRejected`; none is 65,535.
    pub operator: Option<u16>,
}

const PLAIN: Quantisation = Quantisation::None;

/// All of them.
#[must_use]
pub fn all() -> Vec<Hostile> {
    let mut all = bytes();
    all.extend(ports());
    all.extend(graphs());
    all.extend(operators::operators());
    all.extend(attributes::attributes());
    all.extend(attributes::windows());
    all
}

fn hostile(name: &'static str, model: &ModelBuilder, code: u16, operator: Option<u16>) -> Hostile {
    Hostile {
        name,
        payload: model.payload(),
        code,
        operator,
    }
}

/// What is no encoding of any model.
fn bytes() -> Vec<Hostile> {
    let good = clamp(2).payload();
    let make = |name, payload, code| Hostile {
        name,
        payload,
        code,
        operator: None,
    };
    let changed = |at: usize, value: u8| {
        let mut payload = good.clone();
        payload[at] = value;
        payload
    };
    vec![
        make("one byte", vec![1], 2),
        make("only a version", good[..2].to_vec(), 2),
        make("cut in the offsets", good[..10].to_vec(), 2),
        make("last byte missing", good[..good.len() - 1].to_vec(), 2),
        make("a byte too many", [&good[..], &[0]].concat(), 2),
        make("version 0", changed(0, 0), 3),
        make("version 2", changed(0, 2), 3),
        make("version 257", changed(1, 1), 3),
        make("an offset into the header", changed(2, 17), 2),
        make("an offset beyond the end", changed(14, 0xff), 2),
        make("offsets that go back", changed(6, 18), 2),
    ]
}

fn one_input(of: TensorType, scale: Quantisation) -> ModelBuilder {
    let mut model = ModelBuilder::new();
    model.input("x", of, scale);
    model
}

/// A copy of `value` as output `y`.
fn finish(mut model: ModelBuilder, value: ValueId, scale: Quantisation) -> ModelBuilder {
    let inputs = vec![value].try_into().expect("one");
    let y = model.push(Operator::Concat(Concat { inputs, axis: 0 }));
    model.output("y", y, scale);
    model
}

/// Inputs and outputs.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn ports() -> Vec<Hostile> {
    let input = |of, scale| finish(one_input(of, scale), 0, PLAIN);
    let output = |scale| finish(one_input(i8_tensor(&[2]), PLAIN), 0, scale);
    let named = |first: &str, second: &str| {
        let mut model = ModelBuilder::new();
        model.input(first, i8_tensor(&[2]), PLAIN);
        model.input(second, i8_tensor(&[2]), PLAIN);
        finish(model, 1, PLAIN)
    };
    let mut no_input = ModelBuilder::new();
    no_input.constant(i8_tensor(&[1]), &[1]);
    let mut no_output = one_input(i8_tensor(&[1]), PLAIN);
    no_output.push(Operator::Clamp(Clamp {
        input: 0,
        min: Signed32(0),
        max: Signed32(1),
    }));
    let mut saturating_plain = ModelBuilder::new();
    saturating_plain.saturating_input("x", i8_tensor(&[2]), PLAIN);
    let mut input_as_output = finish(one_input(i8_tensor(&[2]), PLAIN), 0, PLAIN);
    input_as_output.output("z", 0, PLAIN);
    let mut twice = finish(one_input(i8_tensor(&[2]), PLAIN), 0, PLAIN);
    twice.output("z", 1, PLAIN);
    let mut missing = finish(one_input(i8_tensor(&[2]), PLAIN), 0, PLAIN);
    missing.output("z", 9, PLAIN);
    let mut same_names = finish(one_input(i8_tensor(&[2]), PLAIN), 0, PLAIN);
    let second = same_names.push(Operator::Clamp(Clamp {
        input: 0,
        min: Signed32(0),
        max: Signed32(1),
    }));
    same_names.output("y", second, PLAIN);
    let entries = |count: usize| per_element(0, &vec![affine(1, 2, 0); count]);
    vec![
        hostile("an empty name", &named("a", ""), 100, None),
        hostile("a name with a line break", &named("a", "b\n"), 100, None),
        hostile("two inputs of one name", &named("a", "a"), 100, None),
        hostile("two outputs of one name", &same_names, 100, None),
        hostile("no input", &finish(no_input, 0, PLAIN), 102, None),
        hostile("no output", &no_output, 103, None),
        hostile(
            "a dimension of 0",
            &input(i8_tensor(&[2, 0]), PLAIN),
            104,
            None,
        ),
        hostile(
            "2^26 + 1 elements",
            &input(i8_tensor(&[(1 << 26) + 1]), PLAIN),
            104,
            None,
        ),
        hostile(
            "2^96 elements",
            &input(i8_tensor(&[1 << 31, 1 << 31, 1 << 31, 8]), PLAIN),
            104,
            None,
        ),
        hostile(
            "a plain input that saturates",
            &finish(saturating_plain, 0, PLAIN),
            105,
            None,
        ),
        hostile("an input as output", &input_as_output, 109, None),
        hostile("one value as two outputs", &twice, 109, None),
        hostile("an output that is no value", &missing, 109, None),
        hostile(
            "a quantised bool",
            &input(tensor(DType::Bool, &[2]), scale(1, 2, 0)),
            200,
            None,
        ),
        hostile(
            "a scale of 0",
            &input(i8_tensor(&[2]), scale(0, 1, 0)),
            201,
            None,
        ),
        hostile(
            "a scale over 0",
            &input(i8_tensor(&[2]), scale(1, 0, 0)),
            201,
            None,
        ),
        hostile(
            "a scale of 2/4",
            &input(i8_tensor(&[2]), scale(2, 4, 0)),
            201,
            None,
        ),
        hostile(
            "a zero point of 128",
            &input(i8_tensor(&[2]), scale(1, 2, 128)),
            202,
            None,
        ),
        hostile(
            "an output's zero point of -129",
            &output(scale(1, 2, -129)),
            202,
            None,
        ),
        hostile(
            "scales along an axis that is not",
            &input(i8_tensor(&[2]), per_element(1, &[affine(1, 2, 0)])),
            203,
            None,
        ),
        hostile(
            "two scales for three elements",
            &input(i8_tensor(&[3]), entries(2)),
            204,
            None,
        ),
        hostile(
            "an output's three scales for two elements",
            &output(entries(3)),
            204,
            None,
        ),
    ]
}

/// Constants, order, and what is not needed.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn graphs() -> Vec<Hostile> {
    let with_constant = |of: TensorType, bytes: Vec<u8>, value| {
        let mut model = one_input(i8_tensor(&[2]), PLAIN);
        model.constant_bytes(of, bytes);
        finish(model, value, PLAIN)
    };
    let clamp_of = |input| {
        Operator::Clamp(Clamp {
            input,
            min: Signed32(0),
            max: Signed32(1),
        })
    };
    let mut dead = one_input(i8_tensor(&[2]), PLAIN);
    dead.push(clamp_of(0));
    let mut cycle = one_input(i8_tensor(&[2]), PLAIN);
    cycle.push(clamp_of(2));
    let last = cycle.push(clamp_of(1));
    cycle.output("y", last, PLAIN);
    let mut large = one_input(i32_tensor(&[1 << 23]), PLAIN);
    let doubled = large.push(Operator::Add(Add { a: 0, b: 0 }));
    let again = large.push(Operator::Add(Add { a: doubled, b: 0 }));
    large.output("y", again, PLAIN);
    // One byte of constant that stands for 2^24 more: folding would take too long.
    let mut folding = one_input(i8_tensor(&[2]), PLAIN);
    let seed = folding.constant(i8_tensor(&[1]), &[1]);
    let padding = vec![Margin {
        before: 0,
        after: 1 << 24,
    }]
    .try_into()
    .expect("one");
    let long = folding.push(Operator::Pad(Pad {
        input: seed,
        padding,
        value: Signed32(0),
    }));
    folding.output("y", long, PLAIN);
    vec![
        hostile(
            "a constant one byte short",
            &with_constant(i8_tensor(&[2]), vec![1], 1),
            106,
            None,
        ),
        hostile(
            "a constant one byte long",
            &with_constant(i16_tensor(&[1]), vec![1; 3], 1),
            106,
            None,
        ),
        hostile(
            "a bool constant of 2",
            &with_constant(tensor(DType::Bool, &[2]), vec![1, 2], 1),
            107,
            None,
        ),
        hostile(
            "an i48 constant of 2^47",
            &with_constant(
                tensor(DType::I48, &[1]),
                (1_i64 << 47).to_le_bytes().to_vec(),
                1,
            ),
            107,
            None,
        ),
        hostile(
            "a constant that is not used",
            &with_constant(i8_tensor(&[2]), vec![1, 2], 0),
            108,
            None,
        ),
        hostile(
            "an operator that reaches no output",
            &finish(dead, 0, PLAIN),
            110,
            Some(0),
        ),
        hostile("an arena over the limit", &large, 111, None),
        hostile("constants that grow", &folding, 112, Some(0)),
        hostile("an operator that reads a later one", &cycle, 300, Some(0)),
        hostile(
            "an operator that reads itself",
            &crate::models::forward_reference(),
            300,
            Some(0),
        ),
        hostile(
            "an operand that is no value",
            &finish(one_input(i8_tensor(&[1]), PLAIN), 65_535, PLAIN),
            300,
            Some(0),
        ),
    ]
}
