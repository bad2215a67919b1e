//! Models built by hand, small enough to read.

use fixpoint_runtime::{
    model::{
        encode,
        format::{
            Affine, Constant, FORMAT_VERSION, Input, Model, Output, Quantisation, Ratio, Signed32,
        },
    },
    ops::{Operator, add::Add, clamp::Clamp, matmul::MatMul},
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
