//! Reasons that one or two operators alone can give.

use super::{
    conv, single,
    support::{self, list, tensor},
};
use fixpoint_runtime::{
    error::OperatorError,
    model::{
        self, Model,
        format::Signed32,
        limits::{MAX_KERNEL, MAX_RESIZE_NUMERATOR, MAX_RESIZE_SIZE},
    },
    ops::{
        Operator,
        geometry::Size2d,
        resize::{Resize, ResizeAxis, ResizeMode},
        scatter::Scatter,
        tile::Tile,
        transpose_conv2d::{OutPad2d, TransposeConv2d},
    },
    tensor::DType::{I8, I32},
};

/// A RESIZE of 3 rows to 5, one change away from valid.
fn resize(height: u32, change: impl FnOnce(&mut ResizeAxis)) -> Model {
    let mut y = ResizeAxis {
        scale_n: 2,
        scale_d: 1,
        offset: Signed32(0),
        border: Signed32(0),
    };
    let x = y;
    change(&mut y);
    let resize = Resize {
        input: 0,
        mode: ResizeMode::Bilinear,
        y,
        x,
    };
    single(I8, &[1, height, 2, 1], Operator::Resize(resize))
}

fn transpose_conv2d(top: i32, height: u32) -> Model {
    let operator = TransposeConv2d {
        input: 0,
        weight: 1,
        bias: 2,
        out_pad: OutPad2d {
            top: Signed32(top),
            bottom: Signed32(0),
            left: Signed32(0),
            right: Signed32(0),
        },
        stride: Size2d { y: 1, x: 1 },
        input_zero_point: Signed32(0),
        weight_zero_point: Signed32(0),
    };
    let inputs = [
        tensor(I8, &[1, height, 2, 1]),
        tensor(I8, &[1, 3, 3, 1]),
        tensor(I32, &[1]),
    ];
    support::model(&inputs, &[], &[Operator::TransposeConv2d(operator)], &[3])
}

fn scale(numerator: u32, denominator: u32) -> (Model, OperatorError) {
    let model = resize(3, |y| (y.scale_n, y.scale_d) = (numerator, denominator));
    let error = OperatorError::ResizeScale {
        axis: 1,
        numerator,
        denominator,
    };
    (model, error)
}

fn offset(offset: i32) -> (Model, OperatorError) {
    let model = resize(3, |y| y.offset = Signed32(offset));
    (model, OperatorError::ResizeOffset { axis: 1, offset })
}

fn border(border: i32) -> (Model, OperatorError) {
    let model = resize(3, |y| y.border = Signed32(border));
    (model, OperatorError::ResizeBorder { axis: 1, border })
}

fn out_padding(pad: i32) -> (Model, OperatorError) {
    let error = OperatorError::OutPadding {
        pad,
        kernel: 3,
        limit: MAX_KERNEL,
    };
    (transpose_conv2d(pad, 2), error)
}

pub(super) fn errors() -> Vec<(Model, OperatorError)> {
    vec![
        (
            single(
                I8,
                &[2, 2],
                Operator::Tile(Tile {
                    input: 0,
                    multiples: list!([1, 0]),
                }),
            ),
            OperatorError::Multiple { axis: 1 },
        ),
        (
            support::model(
                &[
                    tensor(I8, &[1, 2, 1]),
                    tensor(I32, &[1, 3]),
                    tensor(I8, &[1, 3, 1]),
                ],
                &[],
                &[Operator::Scatter(Scatter {
                    values_in: 0,
                    indices: 1,
                    input: 2,
                })],
                &[3],
            ),
            OperatorError::Picks { picks: 3, rows: 2 },
        ),
        out_padding(-3),
        out_padding(MAX_KERNEL as i32 + 1),
        (
            transpose_conv2d_of_no_rows(),
            OperatorError::WindowFit { axis: 1 },
        ),
        scale(0, 1),
        scale(2, 0),
        scale(2, 32),
        scale(MAX_RESIZE_NUMERATOR + 1, 1),
        offset(-3),
        offset(32),
        border(-33),
        border(2),
        (
            resize(MAX_RESIZE_SIZE + 1, |_| {}),
            OperatorError::ResizeSize {
                axis: 1,
                size: u64::from(MAX_RESIZE_SIZE) + 1,
                limit: MAX_RESIZE_SIZE,
            },
        ),
        (
            resize(MAX_RESIZE_SIZE, |_| {}),
            OperatorError::ResizeSize {
                axis: 1,
                size: 2 * u64::from(MAX_RESIZE_SIZE) - 1,
                limit: MAX_RESIZE_SIZE,
            },
        ),
        (
            resize(3, |y| y.scale_d = 3),
            OperatorError::ResizeFit { axis: 1 },
        ),
        (
            resize(3, |y| y.offset = Signed32(5)),
            OperatorError::ResizeFit { axis: 1 },
        ),
    ]
}

fn transpose_conv2d_of_no_rows() -> Model {
    let mut model = transpose_conv2d(-2, 1);
    let operator = model.operators.iter().next().cloned();
    let Some(Operator::TransposeConv2d(mut operator)) = operator else {
        unreachable!("the model has one operator")
    };
    operator.out_pad.bottom = Signed32(-2);
    model.operators = list!([Operator::TransposeConv2d(operator)]);
    model
}

#[test]
fn the_edges_of_resize_are_allowed() {
    for (scale_n, scale_d, offset, border) in [
        (2, 1, -2, 0),
        (2, 1, 0, 1),
        (2, 1, 0, -4),
        (2, 31, 0, -4),
        (MAX_RESIZE_NUMERATOR, 1, 0, 0),
    ] {
        let model = resize(3, |y| {
            (y.scale_n, y.scale_d) = (scale_n, scale_d);
            (y.offset, y.border) = (Signed32(offset), Signed32(border));
        });
        model::validate(model).expect("an edge");
    }
}

#[test]
fn a_bias_is_no_reason_to_reject() {
    for bias in [0, i32::MAX, i32::MIN] {
        model::validate(conv(1000, &[bias.into()], |_| {})).expect("checked while running");
    }
    model::validate(transpose_conv2d(0, 2)).expect("checked while running");
}
