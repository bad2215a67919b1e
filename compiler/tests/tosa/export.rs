//! Models as `.tosa` files, and back: the same model, for every operator.

use fixpoint_compiler::{CompileError, tosa};
use fixpoint_runtime::{
    model::{
        Model,
        format::{Constant, FORMAT_VERSION, Input, Output, Quantisation, Signed32, ValueId},
        validate,
    },
    ops::{
        Operator,
        abs::Abs,
        add::Add,
        argmax::ArgMax,
        arithmetic_right_shift::ArithmeticRightShift,
        avg_pool2d::AvgPool2d,
        bitwise_and::BitwiseAnd,
        bitwise_not::BitwiseNot,
        bitwise_or::BitwiseOr,
        bitwise_xor::BitwiseXor,
        cast::Cast,
        clamp::Clamp,
        clz::Clz,
        concat::Concat,
        conv2d::Conv2d,
        conv3d::Conv3d,
        depthwise_conv2d::DepthwiseConv2d,
        equal::Equal,
        gather::Gather,
        geometry::{Margin, Pad2d, Pad3d, Size2d, Size3d},
        greater::Greater,
        greater_equal::GreaterEqual,
        identity::Identity,
        intdiv::IntDiv,
        logical_and::LogicalAnd,
        logical_left_shift::LogicalLeftShift,
        logical_not::LogicalNot,
        logical_or::LogicalOr,
        logical_right_shift::LogicalRightShift,
        logical_xor::LogicalXor,
        matmul::MatMul,
        max_pool2d::MaxPool2d,
        maximum::Maximum,
        minimum::Minimum,
        mul::Mul,
        negate::Negate,
        pad::Pad,
        reduce_all::ReduceAll,
        reduce_any::ReduceAny,
        reduce_max::ReduceMax,
        reduce_min::ReduceMin,
        reduce_sum::ReduceSum,
        rescale::Rescale,
        reshape::Reshape,
        resize::{Resize, ResizeAxis, ResizeMode},
        reverse::Reverse,
        scatter::Scatter,
        select::Select,
        slice::Slice,
        sub::Sub,
        table::Table,
        tile::Tile,
        transpose::Transpose,
        transpose_conv2d::{OutPad2d, TransposeConv2d},
    },
    tensor::{DType, TensorType},
};
use libssz::{DecodeError, SszDecode as _};
use std::collections::BTreeSet;

use DType::{Bool, I8, I16, I32, I48};

fn tensor(dtype: DType, shape: &[u32]) -> TensorType {
    TensorType::new(dtype, shape).expect("a low rank")
}

/// A model of one operator, which reads inputs from 0 and constants after them.
fn model(inputs: &[TensorType], constants: &[TensorType], operator: Operator) -> Model {
    let name = |text: String| text.into_bytes().try_into().expect("short");
    let input = |(index, tensor): (usize, &TensorType)| Input {
        name: name(format!("value{index}")),
        tensor: tensor.clone(),
        quantisation: Quantisation::None,
        saturates: false,
    };
    let constant = |(index, tensor): (usize, &TensorType)| {
        let elements = 0..tensor.elements();
        let data = elements.flat_map(|element| {
            // No two constants are equal, and no index is out of range or used twice.
            let value = element as i64 + if index == 0 { 0 } else { 100 };
            let value = if tensor.dtype == Bool { 1 } else { value };
            value.to_le_bytes()[..tensor.dtype.size_bytes()].to_vec()
        });
        Constant {
            tensor: tensor.clone(),
            data: data.collect::<Vec<u8>>().try_into().expect("short"),
        }
    };
    let value = (inputs.len() + constants.len()) as ValueId;
    let inputs: Vec<_> = inputs.iter().enumerate().map(input).collect();
    let constants: Vec<_> = constants.iter().enumerate().map(constant).collect();
    let output = Output {
        name: name("result".to_owned()),
        value,
        quantisation: Quantisation::None,
    };
    Model {
        version: FORMAT_VERSION,
        inputs: inputs.try_into().expect("few"),
        constants: constants.try_into().expect("few"),
        operators: vec![operator].try_into().expect("one"),
        outputs: vec![output].try_into().expect("one"),
    }
}

macro_rules! singles {
    ($($variant:ident $dtype:ident,)*) => {
        vec![$(model(
            &[tensor($dtype, &[2, 3])],
            &[],
            Operator::$variant($variant { input: 0 }),
        ),)*]
    };
}

macro_rules! pairs {
    ($($variant:ident $dtype:ident,)*) => {
        vec![$(model(
            &[tensor($dtype, &[2, 3]), tensor($dtype, &[1, 3])],
            &[],
            Operator::$variant($variant { a: 0, b: 1 }),
        ),)*]
    };
}

macro_rules! along_an_axis {
    ($($variant:ident $dtype:ident,)*) => {
        vec![$(model(
            &[tensor($dtype, &[2, 3])],
            &[],
            Operator::$variant($variant { input: 0, axis: 1 }),
        ),)*]
    };
}

fn elementwise() -> Vec<Model> {
    let mut models = singles! {
        Abs I32, BitwiseNot I8, Clz I32, LogicalNot Bool, Identity I48, Identity Bool,
    };
    models.extend(pairs! {
        Add I32, BitwiseAnd I8, BitwiseOr I16, BitwiseXor I32, IntDiv I32, LogicalAnd Bool,
        LogicalLeftShift I8, LogicalRightShift I16, LogicalOr Bool, LogicalXor Bool, Maximum I32,
        Minimum I32, Sub I32, Equal I32, Greater I32, GreaterEqual I32,
    });
    let (i8s, i32s) = (tensor(I8, &[2, 3]), tensor(I32, &[2, 3]));
    for round in [false, true] {
        let operator = ArithmeticRightShift { a: 0, b: 1, round };
        let operator = Operator::ArithmeticRightShift(operator);
        models.push(model(&[i8s.clone(), i8s.clone()], &[], operator));
    }
    let mul = |shift_bits| {
        Operator::Mul(Mul {
            a: 0,
            b: 1,
            shift_bits,
        })
    };
    models.push(model(&[i32s.clone(), i32s.clone()], &[], mul(13)));
    models.push(model(&[i8s.clone(), i8s.clone()], &[], mul(0)));
    for (dtype, min, max) in [(I8, -128, 7), (I16, -2, 300)] {
        let (min, max) = (Signed32(min), Signed32(max));
        let operator = Operator::Clamp(Clamp { input: 0, min, max });
        models.push(model(&[tensor(dtype, &[2, 3])], &[], operator));
    }
    let negate = Negate {
        input: 0,
        input_zero_point: Signed32(-3),
        output_zero_point: Signed32(127),
    };
    models.push(model(&[i8s.clone()], &[], Operator::Negate(negate)));
    let select = Select {
        condition: 0,
        a: 1,
        b: 2,
    };
    let inputs = [tensor(Bool, &[2, 1]), i8s.clone(), tensor(I8, &[1, 3])];
    models.push(model(&inputs, &[], Operator::Select(select)));
    for (dtype, entries) in [(I8, 256), (I16, 513)] {
        let operator = Operator::Table(Table { input: 0, table: 1 });
        let (input, table) = (tensor(dtype, &[4]), tensor(dtype, &[entries]));
        models.push(model(&[input], &[table], operator));
    }
    for (from, to) in [(I8, I32), (I32, Bool), (Bool, I16)] {
        let operator = Operator::Cast(Cast { input: 0, to });
        models.push(model(&[tensor(from, &[5])], &[], operator));
    }
    models
}

fn movement() -> Vec<Model> {
    let mut models = along_an_axis! {
        ArgMax I8, ReduceAll Bool, ReduceAny Bool, ReduceMax I8, ReduceMin I16, ReduceSum I32,
        Reverse I16,
    };
    let i8s = tensor(I8, &[2, 3]);
    let list = |entries: &[u32]| entries.to_vec().try_into().expect("short");
    let concat = Concat {
        inputs: vec![0, 2, 1, 0].try_into().expect("few"),
        axis: 1,
    };
    let inputs = [i8s.clone(), tensor(I8, &[2, 1])];
    models.push(model(
        &inputs,
        &[tensor(I8, &[2, 2])],
        Operator::Concat(concat),
    ));
    let margin = |before, after| Margin { before, after };
    let pad = Pad {
        input: 0,
        padding: vec![margin(1, 0), margin(2, 3)].try_into().expect("short"),
        value: Signed32(-7),
    };
    models.push(model(&[i8s.clone()], &[], Operator::Pad(pad)));
    for shape in [&[3, 1, 2][..], &[6]] {
        let shape = list(shape);
        let operator = Operator::Reshape(Reshape { input: 0, shape });
        models.push(model(&[i8s.clone()], &[], operator));
    }
    // To a scalar: a shape of no elements.
    let scalar = Operator::Reshape(Reshape {
        input: 0,
        shape: list(&[]),
    });
    models.push(model(&[tensor(I32, &[1, 1])], &[], scalar));
    let slice = Operator::Slice(Slice {
        input: 0,
        start: list(&[1, 0]),
        size: list(&[1, 2]),
    });
    models.push(model(&[i8s.clone()], &[], slice));
    let tile = Operator::Tile(Tile {
        input: 0,
        multiples: list(&[1, 4]),
    });
    models.push(model(&[i8s.clone()], &[], tile));
    let transpose = Operator::Transpose(Transpose {
        input: 0,
        permutation: vec![2, 0, 1].try_into().expect("short"),
    });
    models.push(model(&[tensor(Bool, &[2, 3, 4])], &[], transpose));
    let gather = Operator::Gather(Gather {
        values: 0,
        indices: 1,
    });
    let values = tensor(I16, &[1, 4, 2]);
    let indices = tensor(I32, &[1, 3]);
    models.push(model(&[values.clone()], &[indices.clone()], gather));
    let scatter = Operator::Scatter(Scatter {
        values_in: 0,
        indices: 2,
        input: 1,
    });
    let inputs = [values, tensor(I16, &[1, 3, 2])];
    models.push(model(&inputs, &[indices], scatter));
    models
}

fn windows() -> Vec<Model> {
    let size = |y, x| Size2d { y, x };
    let pad = Pad2d {
        top: 1,
        bottom: 0,
        left: 1,
        right: 0,
    };
    let mut models = vec![];
    for (input, bias, zero_point) in [(I8, I32, -5), (I16, I48, 0)] {
        let (input_zero_point, weight_zero_point) = (Signed32(zero_point), Signed32(3));
        let x = tensor(input, &[1, 4, 5, 2]);
        let pool = AvgPool2d {
            input: 0,
            kernel: size(2, 2),
            stride: size(1, 2),
            pad,
            input_zero_point,
            output_zero_point: Signed32(2 * zero_point),
        };
        models.push(model(&[x.clone()], &[], Operator::AvgPool2d(pool)));
        let pool = MaxPool2d {
            input: 0,
            kernel: size(2, 2),
            stride: size(1, 2),
            pad,
        };
        models.push(model(&[x.clone()], &[], Operator::MaxPool2d(pool)));
        let conv = Conv2d {
            input: 0,
            weight: 1,
            bias: 2,
            pad,
            stride: size(1, 2),
            dilation: size(2, 1),
            input_zero_point,
            weight_zero_point,
        };
        let constants = [tensor(I8, &[3, 2, 2, 2]), tensor(bias, &[3])];
        let conv = Operator::Conv2d(conv);
        models.push(model(&[x.clone()], &constants, conv));
        let conv = DepthwiseConv2d {
            input: 0,
            weight: 1,
            bias: 2,
            pad,
            stride: size(1, 2),
            dilation: size(2, 1),
            input_zero_point,
            weight_zero_point,
        };
        let constants = [tensor(I8, &[2, 2, 2, 3]), tensor(bias, &[6])];
        let conv = Operator::DepthwiseConv2d(conv);
        models.push(model(&[x.clone()], &constants, conv));
        let side = |value| Signed32(value);
        let conv = TransposeConv2d {
            input: 0,
            weight: 1,
            bias: 2,
            out_pad: OutPad2d {
                top: side(1),
                bottom: side(-1),
                left: side(0),
                right: side(2),
            },
            stride: size(1, 3),
            input_zero_point,
            weight_zero_point,
        };
        let constants = [tensor(I8, &[3, 2, 2, 2]), tensor(bias, &[1])];
        let conv = Operator::TransposeConv2d(conv);
        models.push(model(&[x], &constants, conv));
        models.push(conv3d(input, bias, input_zero_point));
    }
    for (dtype, zero_points) in [(I8, [1, -2]), (I16, [0, 0])] {
        let operator = Operator::MatMul(MatMul {
            a: 0,
            b: 1,
            a_zero_point: Signed32(zero_points[0]),
            b_zero_point: Signed32(zero_points[1]),
        });
        let inputs = [tensor(dtype, &[2, 3, 4]), tensor(dtype, &[2, 4, 5])];
        models.push(model(&inputs, &[], operator));
    }
    models
}

fn conv3d(input: DType, bias: DType, input_zero_point: Signed32) -> Model {
    let size = |z, y, x| Size3d { z, y, x };
    let conv = Operator::Conv3d(Conv3d {
        input: 0,
        weight: 1,
        bias: 2,
        pad: Pad3d {
            front: 1,
            back: 2,
            top: 0,
            bottom: 1,
            left: 1,
            right: 1,
        },
        stride: size(2, 1, 2),
        dilation: size(1, 2, 1),
        input_zero_point,
        weight_zero_point: Signed32(0),
    });
    let constants = [tensor(I8, &[3, 2, 2, 2, 2]), tensor(bias, &[3])];
    model(&[tensor(input, &[1, 3, 3, 4, 2])], &constants, conv)
}

fn scales() -> Vec<Model> {
    let mut models = vec![];
    let rescale = Rescale {
        input: 0,
        to: I8,
        input_zero_point: Signed32(0),
        output_zero_point: Signed32(-1),
        multipliers: vec![Signed32(1 << 30)].try_into().expect("one"),
        shifts_bits: vec![37].try_into().expect("one"),
        scale32: true,
        double_round: false,
        per_channel: false,
        input_unsigned: false,
        output_unsigned: false,
    };
    let channels = Rescale {
        multipliers: [1, 2, 3].map(Signed32).to_vec().try_into().expect("few"),
        shifts_bits: vec![20, 21, 22].try_into().expect("few"),
        per_channel: true,
        double_round: true,
        ..rescale.clone()
    };
    let unsigned = Rescale {
        to: I16,
        input_zero_point: Signed32(200),
        output_zero_point: Signed32(0),
        input_unsigned: true,
        ..rescale.clone()
    };
    let to_unsigned = Rescale {
        to: I16,
        output_zero_point: Signed32(1 << 15),
        output_unsigned: true,
        ..rescale.clone()
    };
    let wide = Rescale {
        multipliers: vec![Signed32(1 << 14)].try_into().expect("one"),
        scale32: false,
        ..rescale.clone()
    };
    for (dtype, operator) in [
        (I32, rescale),
        (I32, channels),
        (I8, unsigned),
        (I8, to_unsigned),
        (I48, wide),
    ] {
        let input = tensor(dtype, &[2, 3]);
        models.push(model(&[input], &[], Operator::Rescale(operator)));
    }
    let axis = |scale_n, scale_d, offset, border| ResizeAxis {
        scale_n,
        scale_d,
        offset: Signed32(offset),
        border: Signed32(border),
    };
    for (mode, dtype) in [(ResizeMode::Nearest, I8), (ResizeMode::Bilinear, I16)] {
        let operator = Operator::Resize(Resize {
            input: 0,
            mode,
            y: axis(4, 2, -1, 1),
            x: axis(3, 1, 2, -1),
        });
        models.push(model(&[tensor(dtype, &[1, 4, 5, 2])], &[], operator));
    }
    models
}

fn samples() -> Vec<Model> {
    [elementwise(), movement(), windows(), scales()].concat()
}

#[test]
fn every_operator_comes_back() {
    let mut codes = BTreeSet::new();
    for model in samples() {
        let name = model.operators[0].name();
        let file = tosa::export(&model).unwrap_or_else(|error| panic!("{name}: {error}"));
        let back = tosa::import(&file, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(back.model(), &model, "{name}");
        codes.insert(model.operators[0].code());
    }
    let is_operator = |code: &u8| {
        let decoded = Operator::from_ssz_bytes(&[*code]);
        !matches!(decoded, Err(DecodeError::InvalidUnionSelector(other)) if other == *code)
    };
    let all: BTreeSet<u8> = (0..=u8::MAX).filter(is_operator).collect();
    assert!(all.len() > 40, "the registry was asked");
    assert_eq!(codes, all, "an operator has no sample here");
}

/// Several operators, an input that nobody reads, a constant that is an output.
fn graph() -> Model {
    let mut model = model(
        &[tensor(I8, &[2, 3]), tensor(I16, &[1])],
        &[tensor(I8, &[2, 3])],
        Operator::Concat(Concat {
            inputs: vec![0, 2].try_into().expect("few"),
            axis: 0,
        }),
    );
    let clamp = Clamp {
        input: 3,
        min: Signed32(0),
        max: Signed32(9),
    };
    let operators = [
        model.operators[0].clone(),
        Operator::Clamp(clamp),
        Operator::Identity(Identity { input: 2 }),
    ];
    model.operators = operators.to_vec().try_into().expect("few");
    let output = |name: &str, value| Output {
        name: name.as_bytes().to_vec().try_into().expect("short"),
        value,
        quantisation: Quantisation::None,
    };
    let outputs = vec![output("value_7", 5), output("last", 4)];
    model.outputs = outputs.try_into().expect("few");
    model
}

#[test]
fn graphs_come_back_whatever_their_ports_are_called() {
    let model = graph();
    validate(model.clone()).expect("valid");
    let file = tosa::export(&model).expect("exports");
    let back = tosa::import(&file, None).expect("imports");
    assert_eq!(back.model(), &model);
}

#[test]
fn what_a_file_cannot_hold_is_refused() {
    let mut same = graph();
    let name = same.inputs[1].name.clone();
    let mut outputs = same.outputs.to_vec();
    outputs[0].name = name;
    same.outputs = outputs.try_into().expect("few");
    validate(same.clone()).expect("inputs and outputs may share a name");
    let error = tosa::export(&same).expect_err("a file has one list of names");
    assert!(matches!(error, CompileError::TosaExport { .. }), "{error}");
    assert!(error.to_string().contains("'value1'"), "{error}");

    let mut invalid = graph();
    invalid.operators = vec![].try_into().expect("none");
    let error = tosa::export(&invalid).expect_err("not a valid model");
    assert!(matches!(error, CompileError::Rejected { .. }), "{error}");
}
