//! Models built by hand, small enough to read.

use fixpoint_runtime::{
    model::{
        encode,
        format::{
            Affine, Constant, FORMAT_VERSION, Input, Model, Output, Quantisation, Ratio, Signed32,
        },
    },
    ops::{
        Operator,
        add::Add,
        clamp::Clamp,
        conv2d::Conv2d,
        geometry::{Pad2d, Size2d},
        matmul::MatMul,
        max_pool2d::MaxPool2d,
        rescale::Rescale,
        reshape::Reshape,
    },
    tensor::{DType, TensorType},
};

fn tensor(dtype: DType, shape: &[u32]) -> TensorType {
    TensorType {
        dtype,
        shape: shape.to_vec().try_into().unwrap(),
    }
}

/// An element stands for itself.
fn unit() -> Quantisation {
    Quantisation::PerTensor(Affine {
        scale: Ratio {
            numerator: 1,
            denominator: 1,
        },
        zero_point: Signed32(0),
    })
}

fn model(
    input: (TensorType, Quantisation),
    constants: Vec<Constant>,
    operators: Vec<Operator>,
    output: Quantisation,
) -> Vec<u8> {
    let value = u16::try_from(constants.len() + operators.len()).unwrap();
    encode(&Model {
        version: FORMAT_VERSION,
        inputs: vec![Input {
            name: b"x".to_vec().try_into().unwrap(),
            tensor: input.0,
            quantisation: input.1,
            saturates: false,
        }]
        .try_into()
        .unwrap(),
        constants: constants.try_into().unwrap(),
        operators: operators.try_into().unwrap(),
        outputs: vec![Output {
            name: b"y".to_vec().try_into().unwrap(),
            value,
            quantisation: output,
        }]
        .try_into()
        .unwrap(),
    })
}

/// `y = min(max(x, -100), 100)` on `elements` i8 of scale 1.
pub(crate) fn clamp(elements: u32) -> Vec<u8> {
    let clamp = Clamp {
        input: 0,
        min: Signed32(-100),
        max: Signed32(100),
    };
    model(
        (tensor(DType::I8, &[elements]), unit()),
        vec![],
        vec![Operator::Clamp(clamp)],
        unit(),
    )
}

/// `y = x + x` on two unquantised i32: fails if a sum leaves i32.
pub(crate) fn double() -> Vec<u8> {
    let add = Operator::Add(Add { a: 0, b: 0 });
    model(
        (tensor(DType::I32, &[2]), Quantisation::None),
        vec![],
        vec![add],
        Quantisation::None,
    )
}

/// `y = x W` on one row of `depth` i8, with `depth * width` weights.
pub(crate) fn product(depth: u32, width: u32) -> Vec<u8> {
    let weights: Vec<u8> = (0..depth * width)
        .map(|index| (index % 251) as u8)
        .collect();
    let constant = Constant {
        tensor: tensor(DType::I8, &[1, depth, width]),
        data: weights.try_into().unwrap(),
    };
    let matmul = Operator::MatMul(MatMul {
        a: 0,
        b: 1,
        a_zero_point: Signed32(0),
        b_zero_point: Signed32(0),
    });
    model(
        (tensor(DType::I8, &[1, 1, depth]), unit()),
        vec![constant],
        vec![matmul],
        unit(),
    )
}

/// `clamp` again and again: `count` operators on one element.
pub(crate) fn chain_of_clamps(count: u16) -> Vec<u8> {
    let operators = (0..count)
        .map(|index| {
            Operator::Clamp(Clamp {
                input: index,
                min: Signed32(-100),
                max: Signed32(100),
            })
        })
        .collect();
    model((tensor(DType::I8, &[1]), unit()), vec![], operators, unit())
}

/// A classifier of 8x8 images with the shapes of `test-vectors/models/digits`, weights made up:
/// conv 1 to 16, conv 16 to 32, pool, conv 32 to 32, pool, dense 128 to 10.
pub(crate) fn digits() -> Vec<u8> {
    let convolutions = [(1, 16), (16, 32), (32, 32)];
    let mut constants = Vec::new();
    for (inputs, outputs) in convolutions {
        constants.push(weights(DType::I8, &[outputs, 3, 3, inputs]));
        constants.push(weights(DType::I32, &[outputs]));
    }
    constants.push(weights(DType::I8, &[1, 128, 10]));
    let first = 1 + u16::try_from(constants.len()).unwrap();
    let mut operators: Vec<Operator> = Vec::new();
    let mut value = 0;
    let add = |operators: &mut Vec<Operator>, operator| {
        operators.push(operator);
        first + u16::try_from(operators.len()).unwrap() - 1
    };
    for (layer, (_, outputs)) in (0u16..).zip(convolutions) {
        let weight = 1 + 2 * layer;
        value = add(&mut operators, Operator::Conv2d(convolution(value, weight)));
        value = add(&mut operators, Operator::Rescale(rescale(value, outputs)));
        if layer > 0 {
            value = add(&mut operators, Operator::MaxPool2d(halve(value)));
        }
    }
    let shape = vec![1, 1, 128].try_into().unwrap();
    value = add(
        &mut operators,
        Operator::Reshape(Reshape {
            input: value,
            shape,
        }),
    );
    let (a_zero_point, b_zero_point) = (Signed32(0), Signed32(0));
    let dense = MatMul {
        a: value,
        b: first - 1,
        a_zero_point,
        b_zero_point,
    };
    value = add(&mut operators, Operator::MatMul(dense));
    add(&mut operators, Operator::Rescale(rescale(value, 10)));
    model(
        (tensor(DType::I8, &[1, 8, 8, 1]), unit()),
        constants,
        operators,
        unit(),
    )
}

fn weights(dtype: DType, shape: &[u32]) -> Constant {
    let elements = shape.iter().product::<u32>() as usize;
    let data: Vec<u8> = match dtype {
        DType::I8 => (0..elements)
            .map(|index| (index * 37 % 251) as u8)
            .collect(),
        _ => vec![0; elements * dtype.size_bytes()],
    };
    Constant {
        tensor: tensor(dtype, shape),
        data: data.try_into().unwrap(),
    }
}

fn convolution(input: u16, weight: u16) -> Conv2d {
    Conv2d {
        input,
        weight,
        bias: weight + 1,
        pad: Pad2d {
            top: 1,
            bottom: 1,
            left: 1,
            right: 1,
        },
        stride: Size2d { y: 1, x: 1 },
        dilation: Size2d { y: 1, x: 1 },
        input_zero_point: Signed32(0),
        weight_zero_point: Signed32(0),
    }
}

fn rescale(input: u16, channels: u32) -> Rescale {
    Rescale {
        input,
        to: DType::I8,
        input_zero_point: Signed32(0),
        output_zero_point: Signed32(0),
        multipliers: vec![Signed32(1 << 30); channels as usize]
            .try_into()
            .unwrap(),
        shifts_bits: vec![40; channels as usize].try_into().unwrap(),
        scale32: true,
        double_round: false,
        per_channel: true,
        input_unsigned: false,
        output_unsigned: false,
    }
}

fn halve(input: u16) -> MaxPool2d {
    let size = Size2d { y: 2, x: 2 };
    let pad = Pad2d {
        top: 0,
        bottom: 0,
        left: 0,
        right: 0,
    };
    MaxPool2d {
        input,
        kernel: size,
        stride: size,
        pad,
    }
}
