//! Operators that add up products or look through a window, and RESCALE.

use super::{Cases, given};
use crate::builder::{
    NO_PAD, conv2d, depthwise_conv2d, i8_tensor, i16_tensor, i32_tensor, pad_all, rescale, square,
    tensor,
};
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{
        Operator,
        avg_pool2d::AvgPool2d,
        geometry::{Pad2d, Size2d},
        matmul::MatMul,
        max_pool2d::MaxPool2d,
        rescale::Rescale,
    },
    tensor::{DType, TensorType},
};

fn ramp(len: i64, step: i64) -> Vec<i64> {
    (0..len).map(|at| at * step % 255 - 127).collect()
}

pub(super) fn all() -> Cases {
    [matmuls(), convolutions(), pools()]
        .into_iter()
        .flatten()
        .collect()
}

fn matmuls() -> Cases {
    let matmul = |a, b| {
        let (a_zero_point, b_zero_point) = (Signed32(a), Signed32(b));
        Operator::MatMul(MatMul {
            a: 0,
            b: 1,
            a_zero_point,
            b_zero_point,
        })
    };
    let (a, b) = (ramp(6, 53), ramp(12, 91));
    let (deep, wide) = (ramp(70, 31), ramp(70 * 3, 17));
    vec![
        given(
            &[(i8_tensor(&[1, 2, 3]), &a), (i8_tensor(&[1, 3, 4]), &b)],
            &[],
        )
        .then("8 bits", matmul(0, 0)),
        given(
            &[(i8_tensor(&[1, 2, 3]), &a), (i8_tensor(&[1, 3, 4]), &b)],
            &[],
        )
        .then("zero points", matmul(-128, 127)),
        given(
            &[(i8_tensor(&[2, 1, 3]), &a)],
            &[(i8_tensor(&[2, 3, 2]), &b)],
        )
        .then("constant, two batches", matmul(3, -4)),
        given(
            &[(i8_tensor(&[1, 1, 70]), &deep)],
            &[(i8_tensor(&[1, 70, 3]), &wide)],
        )
        .then("deep", matmul(1, 0)),
        given(
            &[
                (i8_tensor(&[1, 1, 2]), &[-128; 2]),
                (i8_tensor(&[1, 2, 1]), &[-128; 2]),
            ],
            &[],
        )
        .then("extremes", matmul(127, 127)),
        given(
            &[
                (i16_tensor(&[1, 1, 2]), &[-32_768; 2]),
                (i16_tensor(&[1, 2, 1]), &[-32_768; 2]),
            ],
            &[],
        )
        .then("16 bits to 48", matmul(0, 0)),
    ]
}
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn convolutions() -> Cases {
    let image = ramp(18, 77);
    let weights = ramp(24, 59);
    let case = |of: TensorType, weight: TensorType, weights: &[i64], bias: (TensorType, &[i64])| {
        given(&[(of, &image)], &[(weight, weights), bias])
    };
    let i8_image = || i8_tensor(&[1, 3, 3, 2]);
    let bias = || (i32_tensor(&[3]), &[10_i64, -20, 30][..]);
    let kernel = || i8_tensor(&[3, 2, 2, 2]);
    let mut padded = conv2d(0, 1, 2);
    padded.pad = Pad2d {
        top: 1,
        bottom: 0,
        left: 0,
        right: 1,
    };
    (padded.input_zero_point, padded.weight_zero_point) = (Signed32(-128), Signed32(5));
    let mut strided = conv2d(0, 1, 2);
    (strided.stride, strided.pad) = (Size2d { y: 2, x: 3 }, pad_all(1));
    strided.pad.right = 0;
    strided.pad.left = 2;
    strided.pad.bottom = 2;
    let mut dilated = conv2d(0, 1, 2);
    dilated.dilation = square(2);
    let mut depthwise = depthwise_conv2d(0, 1, 2);
    (depthwise.pad, depthwise.input_zero_point) = (pad_all(1), Signed32(7));
    let deep = ramp(2 * 2 * 2 * 3, 41);
    let deep_kernel = || i8_tensor(&[2, 2, 2, 3]);
    vec![
        case(i8_image(), kernel(), &weights, bias())
            .then("8 bits", Operator::Conv2d(conv2d(0, 1, 2))),
        case(i8_image(), kernel(), &weights, bias())
            .then("padding is the zero point", Operator::Conv2d(padded)),
        case(
            i8_image(),
            kernel(),
            &weights,
            (i32_tensor(&[1]), &[-1_000]),
        )
        .then("strides, one bias for all", Operator::Conv2d(strided)),
        case(i8_image(), kernel(), &weights, bias()).then("dilation", Operator::Conv2d(dilated)),
        case(
            i16_tensor(&[1, 3, 3, 2]),
            kernel(),
            &weights,
            (tensor(DType::I48, &[3]), &[1 << 46, -(1 << 46), 0]),
        )
        .then("16 bits", Operator::Conv2d(conv2d(0, 1, 2))),
        given(&[(i8_image(), &image), (kernel(), &weights)], &[bias()])
            .then("weights are inputs", Operator::Conv2d(conv2d(0, 1, 2))),
        case(
            i8_image(),
            deep_kernel(),
            &deep,
            (i32_tensor(&[6]), &[1, 2, 3, 4, 5, 6]),
        )
        .then(
            "three per channel",
            Operator::DepthwiseConv2d(depthwise_conv2d(0, 1, 2)),
        ),
        case(i8_image(), deep_kernel(), &deep, (i32_tensor(&[1]), &[9])).then(
            "padding is the zero point",
            Operator::DepthwiseConv2d(depthwise),
        ),
        case(
            i16_tensor(&[1, 3, 3, 2]),
            i8_tensor(&[3, 3, 2, 1]),
            &ramp(18, 23),
            (tensor(DType::I48, &[2]), &[-1, 1]),
        )
        .then(
            "16 bits",
            Operator::DepthwiseConv2d(depthwise_conv2d(0, 1, 2)),
        ),
    ]
}

fn pools() -> Cases {
    let image = ramp(18, 77);
    let of = |tensor: TensorType| given(&[(tensor, &image)], &[]);
    let max = |kernel, stride, pad| {
        Operator::MaxPool2d(MaxPool2d {
            input: 0,
            kernel: square(kernel),
            stride: square(stride),
            pad,
        })
    };
    let average = |kernel, pad, from, to| {
        Operator::AvgPool2d(AvgPool2d {
            input: 0,
            kernel: square(kernel),
            stride: square(1),
            pad,
            input_zero_point: Signed32(from),
            output_zero_point: Signed32(to),
        })
    };
    vec![
        of(i8_tensor(&[1, 3, 3, 2])).then("8 bits", max(2, 1, NO_PAD)),
        of(i8_tensor(&[1, 3, 3, 2])).then("padding does not count", max(3, 1, pad_all(1))),
        of(i16_tensor(&[2, 3, 3, 1])).then("16 bits, two images", max(1, 2, NO_PAD)),
        given(&[(i8_tensor(&[1, 1, 2, 1]), &[-128, -128])], &[]).then(
            "smallest",
            max(
                2,
                1,
                Pad2d {
                    top: 1,
                    bottom: 0,
                    left: 0,
                    right: 0,
                },
            ),
        ),
        of(i8_tensor(&[1, 3, 3, 2])).then("8 bits", average(2, NO_PAD, 0, 0)),
        of(i8_tensor(&[1, 3, 3, 2]))
            .then("padding does not count", average(3, pad_all(1), -5, 100)),
        of(i16_tensor(&[2, 3, 3, 1])).then("16 bits", average(3, NO_PAD, 0, 0)),
        given(&[(i8_tensor(&[1, 1, 2, 1]), &[1, -2])], &[])
            .then("halves", average(1, NO_PAD, 1, -128)),
        given(&[(i8_tensor(&[1, 2, 2, 1]), &[-1, -2, -2, -1])], &[])
            .then("minus one and a half", average(2, NO_PAD, 0, 0)),
    ]
}

/// A RESCALE with one thing changed.
fn changed(to: DType, multiplier: i32, shift_bits: u8, change: impl Fn(&mut Rescale)) -> Operator {
    let mut op = rescale(0, to, multiplier, shift_bits);
    change(&mut op);
    Operator::Rescale(op)
}
#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(super) fn scales() -> Cases {
    let one = |of: TensorType, x: &[i64]| given(&[(of, x)], &[]);
    let words = |x: &[i64]| given(&[(i32_tensor(&[x.len() as u32]), x)], &[]);
    let plain = |to, multiplier, shift_bits| changed(to, multiplier, shift_bits, |_| ());
    let (most, least) = (i64::from(i32::MAX), i64::from(i32::MIN));
    let halves = [1, -1, 3, -3, 5, -5];
    vec![
        words(&halves).then("half up", plain(DType::I32, 1 << 30, 31)),
        words(&halves).then(
            "double rounding, shift 31 is single",
            changed(DType::I32, 1 << 30, 31, |op| op.double_round = true),
        ),
        words(&[1 << 20, -(1 << 20), 3 << 19, -(3 << 19)]).then(
            "double rounding",
            changed(DType::I32, (1 << 30) + 1, 51, |op| op.double_round = true),
        ),
        words(&[1 << 20, -(1 << 20), 3 << 19, -(3 << 19)]).then(
            "single rounding of the same",
            plain(DType::I32, (1 << 30) + 1, 51),
        ),
        words(&[10_000, -10_000, 300]).then("saturates 8 bits", plain(DType::I8, 1 << 30, 31)),
        words(&[100_000, -100_000, 7]).then("saturates 16 bits", plain(DType::I16, 1 << 30, 30)),
        words(&[0, 100, -100]).then(
            "output zero point",
            changed(DType::I8, 1 << 30, 30, |op| {
                op.output_zero_point = Signed32(-128)
            }),
        ),
        one(i8_tensor(&[3]), &[-128, 0, 127]).then(
            "input zero point",
            changed(DType::I16, 1 << 30, 29, |op| {
                op.input_zero_point = Signed32(-128)
            }),
        ),
        words(&[1, -2]).then("the smallest shift takes -2 to 1", plain(DType::I32, 1, 2)),
        words(&[2]).then(
            "a value beyond the smallest shift fails",
            plain(DType::I32, 1, 2),
        ),
        words(&[most]).then(
            "a result beyond 32 bits fails",
            plain(DType::I32, i32::MAX, 32),
        ),
        words(&[most, least]).then("largest shift", plain(DType::I32, i32::MAX, 62)),
        words(&[0, 5, -5]).then("a multiplier of 0", plain(DType::I8, 0, 31)),
        given(&[(i32_tensor(&[2, 2]), &[100, 100, -100, -100])], &[]).then(
            "per channel",
            changed(DType::I8, 0, 0, |op| {
                op.per_channel = true;
                op.multipliers = vec![Signed32(1 << 30), Signed32(3)]
                    .try_into()
                    .expect("two");
                op.shifts_bits = vec![31, 9].try_into().expect("two");
            }),
        ),
        one(i8_tensor(&[3]), &[0, -1, -128]).then(
            "unsigned 8 bits in",
            changed(DType::I16, 1 << 30, 30, |op| {
                op.input_unsigned = true;
                op.input_zero_point = Signed32(128);
            }),
        ),
        one(i16_tensor(&[3]), &[-1, 100, 400]).then(
            "unsigned 8 bits out",
            changed(DType::I8, 1 << 30, 30, |op| op.output_unsigned = true),
        ),
        one(i8_tensor(&[2]), &[-128, 127]).then(
            "unsigned 16 bits out",
            changed(DType::I16, 1 << 30, 30, |op| {
                op.output_unsigned = true;
                op.output_zero_point = Signed32(1 << 15);
            }),
        ),
        words(&[70_000, -70_000]).then(
            "16-bit multiplier",
            changed(DType::I16, 32_767, 17, |op| op.scale32 = false),
        ),
        given(
            &[(i8_tensor(&[1]), &[0])],
            &[(tensor(DType::I48, &[3]), &[1 << 46, -(1 << 47), 77])],
        )
        .then(
            "48 bits",
            changed(DType::I32, 32_767, 62, |op| {
                (op.input, op.scale32) = (1, false)
            }),
        ),
    ]
}
