//! Operators that add up products.

use super::{
    Step,
    draft::{Draft, Value},
    elementwise::zero_point,
    fill::Fill,
    operands::NARROW,
    windows::{Window, padding, pair},
};
use crate::choices::Choices;
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{
        Operator,
        conv2d::Conv2d,
        conv3d::Conv3d,
        depthwise_conv2d::DepthwiseConv2d,
        geometry::{Pad3d, Size3d},
        matmul::MatMul,
        transpose_conv2d::{OutPad2d, TransposeConv2d},
    },
    tensor::DType,
};

pub(super) const STEPS: &[Step] = &[
    conv2d,
    conv3d,
    depthwise_conv2d,
    transpose_conv2d,
    matmul,
    matmul,
];

/// Type of sums of products.
fn accumulator(dtype: DType) -> DType {
    match dtype {
        DType::I8 => DType::I32,
        _ => DType::I48,
    }
}

/// How many outputs: some fill whole vectors.
fn outputs(choices: &mut Choices<'_>) -> u32 {
    choices.pick(&[1, 2, 3, 5, 8, 16, 17])
}

/// Weights, mostly constant.
fn weight(draft: &mut Draft, choices: &mut Choices<'_>, shape: &[u32]) -> Value {
    let fill = choices.pick(&[Fill::Any, Fill::Edges, Fill::Small]);
    draft.exactly(choices, DType::I8, shape, fill)
}

/// The largest sum of so many products, by the types.
fn reach(depth: u32, dtype: DType, zero_points: [Signed32; 2]) -> i64 {
    let largest = |dtype: DType, zero_point: Signed32| {
        let (lowest, highest) = dtype.range();
        let zero_point = i64::from(zero_point.0);
        (zero_point - lowest).max(highest - zero_point)
    };
    let [input, weight] = zero_points;
    i64::from(depth) * largest(dtype, input) * largest(DType::I8, weight)
}

/// A bias, constant or computed, one element for each output or for all: small, or where there is
/// just room for the products beside it, or anything.
fn bias(
    draft: &mut Draft,
    choices: &mut Choices<'_>,
    of: DType,
    (outputs, reach): (u32, i64),
) -> Value {
    let dtype = accumulator(of);
    let size = choices.pick(&[outputs, outputs, 1]);
    let (lowest, highest) = dtype.range();
    let fill = choices.pick(&[
        Fill::Small,
        Fill::Small,
        Fill::Within(lowest / 2, highest / 2),
        Fill::Within(highest - reach - 1, highest - reach + 1),
        Fill::Within(lowest + reach - 1, lowest + reach + 1),
        Fill::Edges,
    ]);
    match choices.below(4) {
        0 => draft.input(choices, dtype, &[size], fill),
        1 => draft.exactly(choices, dtype, &[size], fill),
        _ => draft.constant(choices, dtype, &[size], fill),
    }
}

fn zero_points(choices: &mut Choices<'_>, dtype: DType) -> [Signed32; 2] {
    [dtype, DType::I8].map(|dtype| zero_point(choices, dtype))
}

fn conv2d(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let input = draft.operand_of_rank(choices, NARROW, 4);
    let [batch, height, width, channels] = input.shape[..] else {
        return None;
    };
    let [y, x] = [height, width].map(|size| Window::pick(choices, size, false));
    let outputs = outputs(choices);
    let weight = weight(draft, choices, &[outputs, y.kernel, x.kernel, channels]);
    let zero_points = zero_points(choices, input.dtype);
    let reach = reach(y.kernel * x.kernel * channels, input.dtype, zero_points);
    let bias = bias(draft, choices, input.dtype, (outputs, reach));
    let [input_zero_point, weight_zero_point] = zero_points;
    let shape = [batch, y.output, x.output, outputs];
    let of = (accumulator(input.dtype), &shape[..]);
    draft.push(choices, &[&input, &weight, &bias], of, move |of| {
        Operator::Conv2d(Conv2d {
            input: of[0],
            weight: of[1],
            bias: of[2],
            pad: padding(y, x),
            stride: pair(y.stride, x.stride),
            dilation: pair(y.dilation, x.dilation),
            input_zero_point,
            weight_zero_point,
        })
    })
}

fn depthwise_conv2d(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let input = draft.operand_of_rank(choices, NARROW, 4);
    let [batch, height, width, channels] = input.shape[..] else {
        return None;
    };
    let [y, x] = [height, width].map(|size| Window::pick(choices, size, false));
    let copies = choices.pick(&[1, 1, 2, 3]);
    let weight = weight(draft, choices, &[y.kernel, x.kernel, channels, copies]);
    let zero_points = zero_points(choices, input.dtype);
    let reach = reach(y.kernel * x.kernel, input.dtype, zero_points);
    let bias = bias(draft, choices, input.dtype, (channels * copies, reach));
    let [input_zero_point, weight_zero_point] = zero_points;
    let shape = [batch, y.output, x.output, channels * copies];
    let of = (accumulator(input.dtype), &shape[..]);
    draft.push(choices, &[&input, &weight, &bias], of, move |of| {
        Operator::DepthwiseConv2d(DepthwiseConv2d {
            input: of[0],
            weight: of[1],
            bias: of[2],
            pad: padding(y, x),
            stride: pair(y.stride, x.stride),
            dilation: pair(y.dilation, x.dilation),
            input_zero_point,
            weight_zero_point,
        })
    })
}

fn conv3d(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let input = draft.operand_of_rank(choices, NARROW, 5);
    let [batch, depth, height, width, channels] = input.shape[..] else {
        return None;
    };
    let [z, y, x] = [depth, height, width].map(|size| Window::pick(choices, size, false));
    let outputs = outputs(choices);
    let kernel = [outputs, z.kernel, y.kernel, x.kernel, channels];
    let weight = weight(draft, choices, &kernel);
    let zero_points = zero_points(choices, input.dtype);
    let reach = reach(
        z.kernel * y.kernel * x.kernel * channels,
        input.dtype,
        zero_points,
    );
    let bias = bias(draft, choices, input.dtype, (outputs, reach));
    let [input_zero_point, weight_zero_point] = zero_points;
    let shape = [batch, z.output, y.output, x.output, outputs];
    let of = (accumulator(input.dtype), &shape[..]);
    draft.push(choices, &[&input, &weight, &bias], of, move |of| {
        let size = |z, y, x| Size3d { z, y, x };
        Operator::Conv3d(Conv3d {
            input: of[0],
            weight: of[1],
            bias: of[2],
            pad: Pad3d {
                front: z.before,
                back: z.after,
                top: y.before,
                bottom: y.after,
                left: x.before,
                right: x.after,
            },
            stride: size(z.stride, y.stride, x.stride),
            dilation: size(z.dilation, y.dilation, x.dilation),
            input_zero_point,
            weight_zero_point,
        })
    })
}

/// Along one axis of a transposed convolution.
struct Spread {
    kernel: u32,
    stride: u32,
    sides: [Signed32; 2],
    output: u32,
}

impl Spread {
    fn pick(choices: &mut Choices<'_>, size: u32) -> Self {
        let (kernel, stride) = (choices.pick(&[1, 2, 3, 4]), choices.pick(&[1, 1, 2, 3]));
        let lowest = 1 - i64::from(kernel);
        let sides = [(); 2].map(|()| choices.pick(&[0, -1, lowest, 2]).max(lowest));
        let bare = i64::from((size - 1) * stride + kernel);
        match u32::try_from(bare + sides[0] + sides[1]) {
            Ok(output) if output > 0 => Self {
                kernel,
                stride,
                sides: sides.map(|side| Signed32(side as i32)),
                output,
            },
            _ => Self {
                kernel,
                stride,
                sides: [Signed32(0); 2],
                output: bare as u32,
            },
        }
    }
}

fn transpose_conv2d(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let input = draft.operand_of_rank(choices, NARROW, 4);
    let [batch, height, width, channels] = input.shape[..] else {
        return None;
    };
    let [y, x] = [height, width].map(|size| Spread::pick(choices, size));
    let outputs = outputs(choices);
    let weight = weight(draft, choices, &[outputs, y.kernel, x.kernel, channels]);
    let zero_points = zero_points(choices, input.dtype);
    let reach = reach(y.kernel * x.kernel * channels, input.dtype, zero_points);
    let bias = bias(draft, choices, input.dtype, (outputs, reach));
    let [input_zero_point, weight_zero_point] = zero_points;
    let shape = [batch, y.output, x.output, outputs];
    let of = (accumulator(input.dtype), &shape[..]);
    draft.push(choices, &[&input, &weight, &bias], of, move |of| {
        let ([top, bottom], [left, right]) = (y.sides, x.sides);
        Operator::TransposeConv2d(TransposeConv2d {
            input: of[0],
            weight: of[1],
            bias: of[2],
            out_pad: OutPad2d {
                top,
                bottom,
                left,
                right,
            },
            stride: pair(y.stride, x.stride),
            input_zero_point,
            weight_zero_point,
        })
    })
}

fn matmul(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let a = draft.operand_of_rank(choices, NARROW, 3);
    let [batch, rows, depth] = a.shape[..] else {
        return None;
    };
    let columns = outputs(choices);
    let fill = choices.pick(&[Fill::Any, Fill::Edges, Fill::Small]);
    let b = draft.exactly(choices, a.dtype, &[batch, depth, columns], fill);
    let [a_zero_point, b_zero_point] = [(); 2].map(|()| zero_point(choices, a.dtype));
    let shape = [batch, rows, columns];
    let of = (accumulator(a.dtype), &shape[..]);
    draft.push(choices, &[&a, &b], of, move |of| {
        Operator::MatMul(MatMul {
            a: of[0],
            b: of[1],
            a_zero_point,
            b_zero_point,
        })
    })
}
