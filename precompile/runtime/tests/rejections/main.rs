//! One model for every reason to reject one, and the codes of the reasons.

mod operators;
#[path = "../support/mod.rs"]
mod support;

use fixpoint_runtime::{
    error::{ModelError, OperatorError, ParseError, QuantisationError, Side},
    model::{
        self, Model,
        format::{Affine, Constant, PerElement, Quantisation, Ratio, Signed32},
        limits::{MAX_KERNEL, MAX_PAYLOAD_BYTES, MAX_STRIDE, MAX_TENSOR_ELEMENTS},
    },
    ops::{
        Operator,
        add::Add,
        argmax::ArgMax,
        avg_pool2d::AvgPool2d,
        cast::Cast,
        clamp::Clamp,
        clz::Clz,
        concat::Concat,
        conv2d::Conv2d,
        gather::Gather,
        geometry::{Margin, Pad2d, Size2d},
        logical_left_shift::LogicalLeftShift,
        matmul::MatMul,
        mul::Mul,
        pad::Pad,
        rescale::Rescale,
        reshape::Reshape,
        slice::Slice,
        table::Table,
        transpose::Transpose,
    },
    tensor::DType::{self, Bool, I8, I16, I32},
};
use std::collections::BTreeSet;
use support::{constant, list, model, tensor};

const ONE: Size2d = Size2d { y: 1, x: 1 };
const NO_PAD: Pad2d = Pad2d {
    top: 0,
    bottom: 0,
    left: 0,
    right: 0,
};

/// CLZ of an i32 input: the smallest valid model.
fn smallest() -> Model {
    single(I32, &[4], Operator::Clz(Clz { input: 0 }))
}

/// One input, one operator on it.
fn single(dtype: DType, shape: &[u32], operator: Operator) -> Model {
    model(&[tensor(dtype, shape)], &[], &[operator], &[1])
}

/// One input, one constant, one operator on both.
fn with_constant(dtype: DType, shape: &[u32], other: Constant, operator: Operator) -> Model {
    model(&[tensor(dtype, shape)], &[other], &[operator], &[2])
}

fn changed(change: impl FnOnce(&mut Model)) -> Model {
    let mut model = smallest();
    change(&mut model);
    model
}

fn pool(change: impl FnOnce(&mut AvgPool2d)) -> Model {
    let mut operator = AvgPool2d {
        input: 0,
        kernel: Size2d { y: 2, x: 2 },
        stride: Size2d { y: 2, x: 2 },
        pad: NO_PAD,
        input_zero_point: Signed32(0),
        output_zero_point: Signed32(0),
    };
    change(&mut operator);
    single(I8, &[1, 4, 4, 1], Operator::AvgPool2d(operator))
}

/// A 1x1 convolution with `[outputs, 1, 1, channels]` weights of 127 and this bias.
fn conv(channels: u32, bias: &[i64], change: impl FnOnce(&mut Conv2d)) -> Model {
    let mut operator = Conv2d {
        input: 0,
        weight: 1,
        bias: 2,
        pad: NO_PAD,
        stride: ONE,
        dilation: ONE,
        input_zero_point: Signed32(0),
        weight_zero_point: Signed32(0),
    };
    change(&mut operator);
    let weights = vec![127; channels as usize];
    model(
        &[tensor(I8, &[1, 3, 3, channels])],
        &[
            constant(I8, &[1, 1, 1, channels], &weights),
            constant(I32, &[bias.len() as u32], bias),
        ],
        &[Operator::Conv2d(operator)],
        &[3],
    )
}

fn rescale(change: impl FnOnce(&mut Rescale)) -> Model {
    let mut operator = Rescale {
        input: 0,
        to: I8,
        input_zero_point: Signed32(0),
        output_zero_point: Signed32(0),
        multipliers: list!([Signed32(1 << 30)]),
        shifts_bits: list!([31]),
        scale32: true,
        double_round: false,
        per_channel: false,
        input_unsigned: false,
        output_unsigned: false,
    };
    change(&mut operator);
    single(I32, &[2, 3], Operator::Rescale(operator))
}

fn affine(numerator: u64, denominator: u64, zero_point: i32) -> Affine {
    Affine {
        scale: Ratio {
            numerator,
            denominator,
        },
        zero_point: Signed32(zero_point),
    }
}

fn quantised(quantisation: Quantisation) -> Model {
    let mut quantised = single(
        I8,
        &[2, 3],
        Operator::Clamp(Clamp {
            input: 0,
            min: Signed32(0),
            max: Signed32(1),
        }),
    );
    let mut inputs = quantised.inputs.into_inner();
    inputs[0].quantisation = quantisation;
    quantised.inputs = list!(inputs);
    quantised
}

#[expect(clippy::too_many_lines, reason = "a list")]
fn model_errors() -> Vec<(Model, ModelError)> {
    let named = |name: &str| {
        changed(|model| {
            let mut inputs = model.inputs.to_vec();
            inputs[0].name = list!(name.as_bytes());
            model.inputs = list!(inputs);
        })
    };
    let input_name = ModelError::Name {
        side: Side::Input,
        port: 0,
    };
    vec![
        (named(""), input_name),
        (named("t\u{e9}"), input_name),
        (
            model(&[], &[constant(I32, &[1], &[0])], &[], &[]),
            ModelError::NoInput,
        ),
        (
            model(&[tensor(I32, &[4])], &[], &[], &[]),
            ModelError::NoOutput,
        ),
        (
            single(I32, &[4, 0], Operator::Clz(Clz { input: 0 })),
            ModelError::TensorSize {
                value: 0,
                elements: 0,
                limit: MAX_TENSOR_ELEMENTS,
            },
        ),
        (
            single(
                I8,
                &[8],
                Operator::Pad(Pad {
                    input: 0,
                    padding: list!([Margin {
                        before: u32::MAX,
                        after: u32::MAX
                    }]),
                    value: Signed32(0),
                }),
            ),
            ModelError::TensorSize {
                value: 1,
                elements: u64::from(u32::MAX),
                limit: MAX_TENSOR_ELEMENTS,
            },
        ),
        (
            changed(|model| {
                let mut inputs = model.inputs.to_vec();
                inputs[0].saturates = true;
                model.inputs = list!(inputs);
            }),
            ModelError::Saturation { port: 0 },
        ),
        (
            with_constant(
                I32,
                &[4],
                Constant {
                    tensor: tensor(I32, &[4]),
                    data: list!([0; 15]),
                },
                Operator::Add(Add { a: 0, b: 1 }),
            ),
            ModelError::ConstantLength {
                constant: 0,
                got: 15,
                want: 16,
            },
        ),
        (
            with_constant(
                Bool,
                &[1],
                constant(Bool, &[3], &[0, 1, 2]),
                Operator::Concat(Concat {
                    inputs: list!([0, 1]),
                    axis: 0,
                }),
            ),
            ModelError::ConstantValue {
                constant: 0,
                element: 2,
            },
        ),
        (
            with_constant(
                I32,
                &[4],
                constant(I32, &[1], &[0]),
                Operator::Clz(Clz { input: 0 }),
            ),
            ModelError::UnusedConstant { constant: 0 },
        ),
        (
            model(
                &[tensor(I32, &[4])],
                &[],
                &[Operator::Clz(Clz { input: 0 })],
                &[0],
            ),
            ModelError::OutputValue { port: 0, value: 0 },
        ),
        (
            model(
                &[tensor(I32, &[4])],
                &[],
                &[Operator::Clz(Clz { input: 0 })],
                &[1, 1],
            ),
            ModelError::OutputValue { port: 1, value: 1 },
        ),
        (
            model(
                &[tensor(I32, &[4])],
                &[],
                &[Operator::Clz(Clz { input: 0 })],
                &[2],
            ),
            ModelError::OutputValue { port: 0, value: 2 },
        ),
        (
            model(
                &[tensor(I32, &[4])],
                &[],
                &[0, 0, 1].map(|input| Operator::Clz(Clz { input })),
                &[3],
            ),
            ModelError::UnusedOperator { operator: 1 },
        ),
        (
            single(I32, &[1 << 24], Operator::Clz(Clz { input: 0 })),
            ModelError::ArenaSize {
                bytes: 128 << 20,
                limit: 64 << 20,
            },
        ),
    ]
}

fn quantisation_errors() -> Vec<(Model, QuantisationError)> {
    let per_element = |axis, entries: usize| {
        quantised(Quantisation::PerElement(PerElement {
            axis,
            entries: list!(vec![affine(1, 1, 0); entries]),
        }))
    };
    let mut flag = single(Bool, &[1], Operator::Cast(Cast { input: 0, to: I8 }));
    let mut inputs = flag.inputs.into_inner();
    inputs[0].quantisation = Quantisation::PerTensor(affine(1, 1, 0));
    flag.inputs = list!(inputs);
    vec![
        (flag, QuantisationError::Type { dtype: Bool }),
        (
            quantised(Quantisation::PerTensor(affine(2, 4, 0))),
            QuantisationError::Scale { index: 0 },
        ),
        (
            quantised(Quantisation::PerTensor(affine(1, 0, 0))),
            QuantisationError::Scale { index: 0 },
        ),
        (
            quantised(Quantisation::PerTensor(affine(1, 1, 128))),
            QuantisationError::ZeroPoint { index: 0 },
        ),
        (
            per_element(2, 3),
            QuantisationError::Axis { axis: 2, rank: 2 },
        ),
        (
            per_element(1, 2),
            QuantisationError::Entries { got: 2, want: 3 },
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a list")]
fn shape_errors() -> Vec<(Model, OperatorError)> {
    vec![
        (
            single(I32, &[4], Operator::Clz(Clz { input: 1 })),
            OperatorError::OperandOrder {
                operand: 0,
                value: 1,
            },
        ),
        (
            single(
                I32,
                &[4],
                Operator::Concat(Concat {
                    inputs: list!([]),
                    axis: 0,
                }),
            ),
            OperatorError::NoOperand,
        ),
        (
            single(I16, &[4], Operator::Clz(Clz { input: 0 })),
            OperatorError::OperandType {
                operand: 0,
                dtype: I16,
            },
        ),
        (
            single(I8, &[4], Operator::Cast(Cast { input: 0, to: I8 })),
            OperatorError::OutputType { dtype: I8 },
        ),
        (
            single(
                I8,
                &[2, 3],
                Operator::MatMul(MatMul {
                    a: 0,
                    b: 0,
                    a_zero_point: Signed32(0),
                    b_zero_point: Signed32(0),
                }),
            ),
            OperatorError::Rank {
                operand: 0,
                got: 2,
                want: 3,
            },
        ),
        (
            with_constant(
                I32,
                &[4, 3],
                constant(I32, &[1, 2], &[0, 0]),
                Operator::Add(Add { a: 0, b: 1 }),
            ),
            OperatorError::Dimension {
                operand: 1,
                axis: 1,
                got: 2,
                want: 3,
            },
        ),
        (
            with_constant(
                I8,
                &[4],
                constant(I8, &[255], &[0; 255]),
                Operator::Table(Table { input: 0, table: 1 }),
            ),
            OperatorError::Dimension {
                operand: 1,
                axis: 0,
                got: 255,
                want: 256,
            },
        ),
        (
            single(I8, &[4], Operator::ArgMax(ArgMax { input: 0, axis: 1 })),
            OperatorError::Axis { axis: 1, rank: 1 },
        ),
        (
            single(
                I8,
                &[4, 2],
                Operator::Transpose(Transpose {
                    input: 0,
                    permutation: list!([0]),
                }),
            ),
            OperatorError::EntryCount { got: 1, want: 2 },
        ),
        (
            single(
                I8,
                &[4, 2],
                Operator::Transpose(Transpose {
                    input: 0,
                    permutation: list!([0, 0]),
                }),
            ),
            OperatorError::Permutation,
        ),
        (
            single(
                I8,
                &[4, 2],
                Operator::Slice(Slice {
                    input: 0,
                    start: list!([0, 1]),
                    size: list!([4, 2]),
                }),
            ),
            OperatorError::Outside { axis: 1 },
        ),
        (
            single(
                I8,
                &[4, 2],
                Operator::Reshape(Reshape {
                    input: 0,
                    shape: list!([3, 3]),
                }),
            ),
            OperatorError::ElementCount { got: 9, want: 8 },
        ),
        (
            single(
                I8,
                &[4],
                Operator::Pad(Pad {
                    input: 0,
                    padding: list!([Margin {
                        before: 1,
                        after: 0
                    }]),
                    value: Signed32(128),
                }),
            ),
            OperatorError::PaddingValue { value: 128 },
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a list")]
fn attribute_errors() -> Vec<(Model, OperatorError)> {
    vec![
        (
            pool(|pool| pool.kernel.y = 0),
            OperatorError::Kernel {
                size: 0,
                limit: MAX_KERNEL,
            },
        ),
        (
            pool(|pool| pool.stride.x = 0),
            OperatorError::Stride {
                stride: 0,
                limit: MAX_STRIDE,
            },
        ),
        (
            conv(1, &[0], |conv| conv.dilation.y = 0),
            OperatorError::Dilation,
        ),
        (
            pool(|pool| pool.pad.left = 2),
            OperatorError::Padding { pad: 2, limit: 1 },
        ),
        (
            pool(|pool| pool.kernel.x = 3),
            OperatorError::WindowFit { axis: 2 },
        ),
        (
            conv(1, &[0], |conv| conv.stride = Size2d { y: 3, x: 1 }),
            OperatorError::WindowFit { axis: 1 },
        ),
        (
            conv(1, &[0], |conv| conv.weight_zero_point = Signed32(128)),
            OperatorError::InputZeroPoint {
                operand: 1,
                zero_point: 128,
            },
        ),
        (
            rescale(|rescale| rescale.input_zero_point = Signed32(1)),
            OperatorError::InputZeroPoint {
                operand: 0,
                zero_point: 1,
            },
        ),
        (
            pool(|pool| pool.output_zero_point = Signed32(-129)),
            OperatorError::OutputZeroPoint { zero_point: -129 },
        ),
        (
            single(
                I8,
                &[4],
                Operator::Clamp(Clamp {
                    input: 0,
                    min: Signed32(1),
                    max: Signed32(0),
                }),
            ),
            OperatorError::Bounds { min: 1, max: 0 },
        ),
        (
            single(
                I8,
                &[4],
                Operator::Mul(Mul {
                    a: 0,
                    b: 0,
                    shift_bits: 1,
                }),
            ),
            OperatorError::Shift { shift_bits: 1 },
        ),
        (
            rescale(|rescale| rescale.shifts_bits = list!([63])),
            OperatorError::Shift { shift_bits: 63 },
        ),
        (
            rescale(|rescale| rescale.multipliers = list!([Signed32(-1)])),
            OperatorError::Multiplier { multiplier: -1 },
        ),
        (
            rescale(|rescale| rescale.per_channel = true),
            OperatorError::EntryCount { got: 1, want: 3 },
        ),
        (
            rescale(|rescale| rescale.output_unsigned = true),
            OperatorError::RescaleFlags,
        ),
        (
            rescale(|rescale| (rescale.scale32, rescale.double_round) = (false, true)),
            OperatorError::RescaleFlags,
        ),
    ]
}

fn proof_errors() -> Vec<(Model, OperatorError)> {
    vec![
        (
            // 127 * -128 in each of 132,105 channels.
            conv(132_105, &[0], |_| {}),
            OperatorError::Accumulator {
                bound: -127 * 128 * 132_105,
            },
        ),
        (
            conv(66_312, &[0], |conv| conv.input_zero_point = Signed32(-128)),
            OperatorError::Accumulator {
                bound: 127 * 255 * 66_312,
            },
        ),
        (
            with_constant(
                I32,
                &[2],
                constant(I32, &[2], &[31, 32]),
                Operator::LogicalLeftShift(LogicalLeftShift { a: 0, b: 1 }),
            ),
            OperatorError::ConstantOperand { operand: 1 },
        ),
        (
            with_constant(
                I8,
                &[1, 4, 2],
                constant(I32, &[1, 2], &[0, 4]),
                Operator::Gather(Gather {
                    values: 0,
                    indices: 1,
                }),
            ),
            OperatorError::ConstantOperand { operand: 1 },
        ),
        (
            model(
                &[tensor(I32, &[1])],
                &[constant(I32, &[1], &[i64::from(i32::MAX)])],
                &[
                    Operator::Add(Add { a: 1, b: 1 }),
                    Operator::Add(Add { a: 0, b: 2 }),
                ],
                &[3],
            ),
            OperatorError::Folding,
        ),
    ]
}

#[test]
fn every_reason_is_found_and_named() {
    model::validate(smallest()).expect("the models below differ in one thing");
    let mut codes = BTreeSet::new();
    let mut check = |model: Model, expected: ModelError| {
        let bytes = model::encode(&model);
        let parsed = model::parse(&bytes).expect("what is wrong is not the bytes");
        assert_eq!(model::validate(parsed).err(), Some(expected));
        codes.insert(expected.code());
    };
    for (model, expected) in model_errors() {
        check(model, expected);
    }
    for (model, cause) in quantisation_errors() {
        let (side, port) = (Side::Input, 0);
        check(model, ModelError::Quantisation { side, port, cause });
    }
    let operator_errors = [
        shape_errors(),
        attribute_errors(),
        proof_errors(),
        operators::errors(),
    ];
    for (model, cause) in operator_errors.into_iter().flatten() {
        let expected = ModelError::Operator { operator: 0, cause };
        assert_eq!(expected.operator(), Some(0));
        check(model, expected);
    }
    // Steps of validation have a test of their own.
    // 101 is given no more.
    let all = (100..112).chain(200..205).chain(300..334);
    let all = all.filter(|&code| code != 101);
    let missing: Vec<u16> = all.filter(|code| !codes.contains(code)).collect();
    assert!(missing.is_empty(), "no model for {missing:?}");
}

#[test]
fn the_largest_sum_that_cannot_overflow_is_accepted() {
    model::validate(conv(132_104, &[0], |_| {})).expect("the bound is exact");
    let above = |conv: &mut Conv2d| conv.input_zero_point = Signed32(-128);
    model::validate(conv(66_311, &[0], above)).expect("the bound is exact");
}

#[test]
fn validation_ends_soon_after_the_payload() {
    // Each CONCAT reads 64 times 1 MiB of the same constant.
    let inputs = || list!([1; 64]);
    let concat = Operator::Concat(Concat {
        inputs: inputs(),
        axis: 0,
    });
    let hostile = model(
        &[tensor(I8, &[1])],
        &[constant(I8, &[1 << 20], &vec![0; 1 << 20])],
        &[
            concat,
            Operator::Concat(Concat {
                inputs: list!([0, 2]),
                axis: 0,
            }),
        ],
        &[3],
    );
    let error = model::validate(hostile).expect_err("64 MiB to fold for 1 MiB of payload");
    assert!(
        matches!(error, ModelError::ValidationSteps { operator: 0, .. }),
        "{error}"
    );
    assert_eq!((error.code(), error.operator()), (112, Some(0)));
}

#[test]
fn bytes_that_are_no_model_are_named() {
    let good = model::encode(&smallest());
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        model::parse(&bytes)
    };
    assert_eq!(model::parse(&[]), Err(ParseError::NotAModel));
    assert_eq!(with(0, 2), Err(ParseError::Version { version: 2 }));
    assert_eq!(with(2, 17), Err(ParseError::NotAModel), "first offset");
    assert_eq!(
        model::parse(&good[..good.len() - 1]),
        Err(ParseError::NotAModel)
    );
    let long = vec![0; MAX_PAYLOAD_BYTES + 1];
    let error = model::parse(&long).expect_err("too long");
    assert_eq!(error.code(), 1);
    let codes = [
        ParseError::NotAModel.code(),
        ParseError::Version { version: 0 }.code(),
        ParseError::NotCanonical.code(),
    ];
    assert_eq!(codes, [2, 3, 4]);
}
