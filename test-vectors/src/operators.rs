//! Single operators: input tensors to output tensors.

mod movement;
mod products;

use crate::{
    builder::{ModelBuilder, i8_tensor, i16_tensor, i32_tensor, tensor},
    reference::{self, Tensor},
};
use fixpoint_runtime::{
    model::{
        format::{Quantisation, Signed32},
        validate,
    },
    ops::{
        Operator, add::Add, argmax::ArgMax, arithmetic_right_shift::ArithmeticRightShift,
        cast::Cast, clamp::Clamp, clz::Clz, logical_left_shift::LogicalLeftShift, mul::Mul,
        reduce_max::ReduceMax, reduce_sum::ReduceSum, sub::Sub, table::Table,
    },
    tensor::{DType, TensorType},
};
use fixpoint_vector_schema::OperatorVector;
use std::collections::BTreeMap;

/// Operands: inputs, or constants if the type cannot be an input or is marked so.
pub(crate) struct Operands {
    model: ModelBuilder,
    inputs: Vec<(TensorType, Vec<i64>)>,
}

/// Starts a case: its inputs, then its constants.
pub(crate) fn given(
    inputs: &[(TensorType, &[i64])],
    constants: &[(TensorType, &[i64])],
) -> Operands {
    let mut model = ModelBuilder::new();
    let mut given = Vec::new();
    for (at, (of, elements)) in inputs.iter().enumerate() {
        model.input(&format!("input{at}"), of.clone(), Quantisation::None);
        given.push((of.clone(), elements.to_vec()));
    }
    for (of, elements) in constants {
        model.constant(of.clone(), elements);
    }
    Operands {
        model,
        inputs: given,
    }
}

impl Operands {
    /// Ends a case with its operator.
    pub(crate) fn then(mut self, name: &str, operator: Operator) -> (&'static str, OperatorVector) {
        let file = operator.name();
        let y = self.model.push(operator);
        self.model.output("output", y, Quantisation::None);
        let tensors = self.inputs.iter().map(|(of, elements)| Tensor {
            dtype: of.dtype,
            shape: of.shape.iter().map(|size| *size as usize).collect(),
            data: elements
                .iter()
                .map(|element| i128::from(*element))
                .collect(),
        });
        let tensors: Vec<_> = tensors.collect();
        for tensor in &tensors {
            assert_eq!(
                tensor.data.len(),
                tensor.shape.iter().product::<usize>(),
                "{name}"
            );
        }
        let model = self.model.build();
        if let Err(error) = validate(model.clone()) {
            panic!("{file}, {name}: {error}");
        }
        let output = reference::run(&model, &tensors).ok();
        let vector = OperatorVector {
            name: name.to_owned(),
            model: hex::encode(self.model.payload()),
            inputs: self
                .inputs
                .into_iter()
                .map(|(_, elements)| elements)
                .collect(),
            output: output.map(|outputs| {
                outputs[0]
                    .data
                    .iter()
                    .map(|element| *element as i64)
                    .collect()
            }),
        };
        (file, vector)
    }
}

/// Files, named after operators, and their cases.
#[must_use]
pub fn all() -> BTreeMap<String, Vec<OperatorVector>> {
    let mut files: BTreeMap<String, Vec<OperatorVector>> = BTreeMap::new();
    let cases = [
        elementwise(),
        shifts(),
        searches(),
        movement::all(),
        products::all(),
        products::scales(),
    ];
    for (file, vector) in cases.into_iter().flatten() {
        files.entry(file.to_lowercase()).or_default().push(vector);
    }
    files
}

pub(crate) type Cases = Vec<(&'static str, OperatorVector)>;

const MOST: i64 = i32::MAX as i64;
const LEAST: i64 = i32::MIN as i64;
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn elementwise() -> Cases {
    let words = |a: &[i64], b: &[i64]| {
        let of = |x: &[i64]| i32_tensor(&[x.len() as u32]);
        given(&[(of(a), a), (of(b), b)], &[])
    };
    let add = || Operator::Add(Add { a: 0, b: 1 });
    let sub = || Operator::Sub(Sub { a: 0, b: 1 });
    let mul = |shift_bits| {
        Operator::Mul(Mul {
            a: 0,
            b: 1,
            shift_bits,
        })
    };
    let clamp = |min, max| {
        Operator::Clamp(Clamp {
            input: 0,
            min: Signed32(min),
            max: Signed32(max),
        })
    };
    let cast = |to| Operator::Cast(Cast { input: 0, to });
    let one = |of: TensorType, x: &[i64]| given(&[(of, x)], &[]);
    let matrix = [1, 2, 3, 4, 5, 6];
    let edges = [MOST, LEAST, 0, -1, 65_536];
    vec![
        words(&[1, -2, MOST], &[5, 6, 0]).then("sums", add()),
        words(&[MOST], &[1]).then("a unit over the largest fails", add()),
        words(&[LEAST], &[-1]).then("a unit below the smallest fails", add()),
        given(
            &[
                (i32_tensor(&[2, 1]), &[10, 20]),
                (i32_tensor(&[1, 3]), &[1, 2, 3]),
            ],
            &[],
        )
        .then("both broadcast", add()),
        given(&[(i32_tensor(&[]), &[10]), (i32_tensor(&[]), &[-3])], &[]).then("scalars", add()),
        words(&[1, -2, LEAST], &[5, 6, 0]).then("differences", sub()),
        words(&[0], &[LEAST]).then("minus the smallest fails", sub()),
        given(
            &[
                (i32_tensor(&[2, 3]), &matrix),
                (i32_tensor(&[2, 1]), &[1, 4]),
            ],
            &[],
        )
        .then("second broadcasts", sub()),
        words(&edges, &[2]).then("low 32 bits without a shift", mul(0)),
        words(&[3, -3, 1, -1, 5], &[1]).then("half up by 1", mul(1)),
        words(&[MOST, LEAST], &[MOST]).then("fits with 31", mul(31)),
        words(&[LEAST], &[LEAST]).then("does not fit with 30", mul(30)),
        words(&[MOST, LEAST], &[LEAST]).then("largest shift", mul(63)),
        given(
            &[
                (i8_tensor(&[2]), &[-128, 127]),
                (i8_tensor(&[2]), &[-128, -128]),
            ],
            &[],
        )
        .then("8 bits to 32", mul(0)),
        given(
            &[
                (i16_tensor(&[2]), &[-32_768, 32_767]),
                (i16_tensor(&[1]), &[-32_768]),
            ],
            &[],
        )
        .then("16 bits to 32", mul(0)),
        one(i8_tensor(&[5]), &[-128, -1, 0, 6, 127]).then("8 bits", clamp(-1, 6)),
        one(i8_tensor(&[2]), &[-128, 127]).then("the whole range", clamp(-128, 127)),
        one(i16_tensor(&[3]), &[-32_768, 5, 32_767]).then("to one value", clamp(7, 7)),
        one(i32_tensor(&[6]), &[0, 1, -1, MOST, LEAST, 65_535])
            .then("zeros above the first one", Operator::Clz(Clz { input: 0 })),
        one(i32_tensor(&[]), &[256]).then("a scalar", Operator::Clz(Clz { input: 0 })),
        one(i32_tensor(&[2, 2]), &[2, 4, -2, 1 << 30])
            .then("a matrix", Operator::Clz(Clz { input: 0 })),
        one(i32_tensor(&[5]), &edges).then("32 bits to 8 keeps the low ones", cast(DType::I8)),
        one(i32_tensor(&[5]), &edges).then("32 bits to bool", cast(DType::Bool)),
        one(i32_tensor(&[2]), &[32_768, -32_769]).then("32 bits to 16", cast(DType::I16)),
        one(i8_tensor(&[3]), &[-128, -1, 127]).then("8 bits to 32", cast(DType::I32)),
        one(i16_tensor(&[3]), &[-32_768, 255, 256]).then("16 bits to 8", cast(DType::I8)),
        one(tensor(DType::Bool, &[2]), &[0, 1]).then("bool to 16 bits", cast(DType::I16)),
    ]
}

fn shifts() -> Cases {
    let right = |round| Operator::ArithmeticRightShift(ArithmeticRightShift { a: 0, b: 1, round });
    let left = || Operator::LogicalLeftShift(LogicalLeftShift { a: 0, b: 1 });
    let pair = |of: fn(&[u32]) -> TensorType, a: &[i64], b: &[i64]| {
        given(
            &[(of(&[a.len() as u32]), a), (of(&[b.len() as u32]), b)],
            &[],
        )
    };
    vec![
        pair(i32_tensor, &[5, -5, MOST, LEAST], &[1, 1, 31, 31]).then("down", right(false)),
        pair(i32_tensor, &[5, -5, MOST, LEAST], &[1, 1, 31, 31]).then("half up", right(true)),
        pair(i32_tensor, &[5, -5], &[0]).then("by nothing rounds nothing", right(true)),
        pair(i8_tensor, &[-128, 127, -1, 1], &[7, 7, 7, 7]).then("8 bits by 7", right(true)),
        pair(i8_tensor, &[1], &[8]).then("8 bits by 8 fails", right(false)),
        pair(i16_tensor, &[-32_768, 32_767], &[15]).then("16 bits by 15", right(true)),
        pair(i16_tensor, &[1], &[16]).then("16 bits by 16 fails", right(true)),
        pair(i32_tensor, &[1], &[32]).then("32 bits by 32 fails", right(false)),
        pair(i32_tensor, &[1], &[-1]).then("by -1 fails", right(false)),
        pair(i32_tensor, &[1, -1, 3], &[31, 31, 30]).then("32 bits", left()),
        pair(i16_tensor, &[1, 257], &[15, 8]).then("16 bits", left()),
        pair(i8_tensor, &[1, -1, 3], &[7, 1, 6]).then("8 bits", left()),
        pair(i32_tensor, &[1], &[32]).then("by 32 fails", left()),
        pair(i8_tensor, &[1], &[-1]).then("by -1 fails", left()),
    ]
}

fn searches() -> Cases {
    let argmax = |axis| Operator::ArgMax(ArgMax { input: 0, axis });
    let max = |axis| Operator::ReduceMax(ReduceMax { input: 0, axis });
    let sum = |axis| Operator::ReduceSum(ReduceSum { input: 0, axis });
    let table = |of: fn(&[u32]) -> TensorType, x: &[i64], entries: &[i64]| {
        let (x_of, table_of) = (of(&[x.len() as u32]), of(&[entries.len() as u32]));
        given(&[(x_of, x)], &[(table_of, entries)])
            .then("", Operator::Table(Table { input: 0, table: 1 }))
            .1
    };
    let named = |name: &str, vector: OperatorVector| {
        (
            "TABLE",
            OperatorVector {
                name: name.to_owned(),
                ..vector
            },
        )
    };
    let matrix: &[i64] = &[3, 9, 9, -128, 127, -128];
    let cube: Vec<_> = (0..12).map(|x| x * 7 % 12 - 5).collect();
    let one = |of: TensorType, x: &[i64]| given(&[(of, x)], &[]);
    let ramp: Vec<_> = (0..256).map(|x| 127 - x).collect();
    let line: Vec<_> = (0..513).map(|x| x * 127 - 32_512).collect();
    let mut steep = vec![0; 513];
    (steep[256], steep[257]) = (-32_768, 32_767);
    vec![
        one(i8_tensor(&[2, 3]), matrix).then("the first of equals", argmax(1)),
        one(i8_tensor(&[2, 3]), matrix).then("along rows", argmax(0)),
        one(i8_tensor(&[3]), &[-128; 3]).then("all smallest", argmax(0)),
        one(i16_tensor(&[2, 2, 3]), &cube).then("16 bits, middle axis", argmax(1)),
        one(i8_tensor(&[2, 3]), matrix).then("8 bits", max(1)),
        one(i16_tensor(&[2, 2, 3]), &cube).then("16 bits, middle axis", max(1)),
        one(i32_tensor(&[3]), &[LEAST, LEAST, LEAST + 1]).then("32 bits", max(0)),
        one(i32_tensor(&[2, 2, 3]), &cube).then("last axis", sum(2)),
        one(i32_tensor(&[2, 2, 3]), &cube).then("first axis", sum(0)),
        one(i32_tensor(&[3]), &[MOST, -1, 1]).then("up to the largest", sum(0)),
        one(i32_tensor(&[3]), &[MOST, 1, -1]).then("a running sum over the largest fails", sum(0)),
        one(i32_tensor(&[1]), &[LEAST]).then("one element", sum(0)),
        named("8 bits", table(i8_tensor, &[-128, -1, 0, 127], &ramp)),
        named(
            "16 bits interpolate",
            table(
                i16_tensor,
                &[-32_768, -1, 0, 1, 64, 127, 128, 32_767],
                &line,
            ),
        ),
        named(
            "16 bits, a step too steep elsewhere",
            table(i16_tensor, &[256, -300], &steep),
        ),
        named(
            "16 bits, a step too steep fails",
            table(i16_tensor, &[5, 0], &steep),
        ),
    ]
}
