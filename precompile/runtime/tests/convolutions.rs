//! What the four convolutions share beside their products: a bias that may have to be checked.

mod support;

use fixpoint_runtime::{
    error::{ExecutionError, RunError},
    graph::{Arena, Plan},
    kernels::Isa,
    model::{self, Model, ValidModel, format::Signed32},
    ops::{
        Operator,
        conv2d::Conv2d,
        conv3d::Conv3d,
        depthwise_conv2d::DepthwiseConv2d,
        geometry::{Pad2d, Pad3d, Size2d, Size3d},
        transpose_conv2d::{OutPad2d, TransposeConv2d},
    },
    tensor::DType::{I8, I16, I32, I48},
};
use support::{constant, model, tensor};

const NONE: Signed32 = Signed32(0);
const ONE: Size2d = Size2d { y: 1, x: 1 };
const NO_PAD: Pad2d = Pad2d {
    top: 0,
    bottom: 0,
    left: 0,
    right: 0,
};

fn conv2d() -> Operator {
    Operator::Conv2d(Conv2d {
        input: 0,
        weight: 1,
        bias: 2,
        pad: NO_PAD,
        stride: ONE,
        dilation: ONE,
        input_zero_point: NONE,
        weight_zero_point: NONE,
    })
}

fn depthwise_conv2d() -> Operator {
    Operator::DepthwiseConv2d(DepthwiseConv2d {
        input: 0,
        weight: 1,
        bias: 2,
        pad: NO_PAD,
        stride: ONE,
        dilation: ONE,
        input_zero_point: NONE,
        weight_zero_point: NONE,
    })
}

fn conv3d() -> Operator {
    let one = Size3d { z: 1, y: 1, x: 1 };
    Operator::Conv3d(Conv3d {
        input: 0,
        weight: 1,
        bias: 2,
        pad: Pad3d {
            front: 0,
            back: 0,
            top: 0,
            bottom: 0,
            left: 0,
            right: 0,
        },
        stride: one,
        dilation: one,
        input_zero_point: NONE,
        weight_zero_point: NONE,
    })
}

fn transpose_conv2d() -> Operator {
    Operator::TransposeConv2d(TransposeConv2d {
        input: 0,
        weight: 1,
        bias: 2,
        out_pad: OutPad2d {
            top: NONE,
            bottom: NONE,
            left: NONE,
            right: NONE,
        },
        stride: ONE,
        input_zero_point: NONE,
        weight_zero_point: NONE,
    })
}

/// Each with the shape of one pixel and of one weight.
fn convolutions() -> [(Operator, &'static [u32]); 4] {
    [
        (conv2d(), &[1; 4]),
        (depthwise_conv2d(), &[1; 4]),
        (conv3d(), &[1; 5]),
        (transpose_conv2d(), &[1; 4]),
    ]
}

fn valid(model: Model) -> ValidModel {
    model::validate(model).expect("valid")
}

fn run(valid: &ValidModel, input: &[u8]) -> Result<Vec<u8>, RunError> {
    let plan = Plan::new(valid, Isa::detect());
    let mut output = vec![0xAA; valid.output_bytes() as usize];
    plan.run(&mut Arena::new(&plan), input, &mut output)?;
    Ok(output)
}

const FAILED: RunError = RunError::Execution(ExecutionError { operator: 0 });

#[test]
fn a_constant_bias_without_room_is_checked_in_each_run() {
    for (operator, shape) in convolutions() {
        let name = operator.name();
        let with_bias = |bias: i32| {
            let constants = [
                constant(I8, shape, &[1]),
                constant(I32, &[1], &[bias.into()]),
            ];
            let operators = std::slice::from_ref(&operator);
            valid(model(&[tensor(I8, shape)], &constants, operators, &[3]))
        };
        let unchecked = with_bias(1000).work().elementwise;
        for (edge, step) in [(i32::MAX, 1_i8), (i32::MIN, -1)] {
            let valid = with_bias(edge - i32::from(step));
            assert_eq!(valid.work().elementwise, unchecked + 1, "{name}: paid for");
            let reached = run(&valid, &[step as u8]);
            assert_eq!(reached, Ok(edge.to_le_bytes().to_vec()), "{name}");
            assert_eq!(run(&valid, &[(2 * step) as u8]), Err(FAILED), "{name}");
        }
    }
}

#[test]
fn a_computed_bias_is_checked_in_each_run() {
    for (operator, shape) in convolutions() {
        let name = operator.name();
        let inputs = [tensor(I16, shape), tensor(I8, shape), tensor(I48, &[1])];
        let operators = std::slice::from_ref(&operator);
        let valid = valid(model(&inputs, &[], operators, &[3]));
        for (edge, step) in [((1_i64 << 47) - 1, 1_i16), (-(1 << 47), -1)] {
            let input = |bias: i64| [&step.to_le_bytes()[..], &[1], &bias.to_le_bytes()].concat();
            let reached = run(&valid, &input(edge - i64::from(step)));
            assert_eq!(reached, Ok(edge.to_le_bytes().to_vec()), "{name}");
            assert_eq!(run(&valid, &input(edge)), Err(FAILED), "{name}");
            let outside = RunError::InputValue { index: 2 };
            let beyond = run(&valid, &input(edge + i64::from(step)));
            assert_eq!(beyond, Err(outside), "{name}: no i48");
        }
    }
}
