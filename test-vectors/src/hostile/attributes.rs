//! Attributes and windows out of their ranges.

use super::{Hostile, PLAIN, hostile, one_input, operators::on};
use crate::builder::{ModelBuilder, conv2d, i8_tensor, i32_tensor, pad_all, rescale, square};
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{
        Operator,
        avg_pool2d::AvgPool2d,
        clamp::Clamp,
        geometry::{Margin, Size2d},
        max_pool2d::MaxPool2d,
        mul::Mul,
        pad::Pad,
        reshape::Reshape,
        slice::Slice,
        transpose::Transpose,
    },
    tensor::DType,
};

/// Attributes out of their ranges.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(super) fn attributes() -> Vec<Hostile> {
    let fault = |name, model: ModelBuilder, code| hostile(name, &model, code, Some(0));
    let clamp = |min, max| {
        on(
            i8_tensor(&[1]),
            Operator::Clamp(Clamp {
                input: 0,
                min: Signed32(min),
                max: Signed32(max),
            }),
        )
    };
    let scaled = |multiplier, shift| {
        on(
            i32_tensor(&[2]),
            Operator::Rescale(rescale(0, DType::I8, multiplier, shift)),
        )
    };
    let transpose = |axes: &[u8]| {
        on(
            i8_tensor(&[2, 3]),
            Operator::Transpose(Transpose {
                input: 0,
                permutation: axes.to_vec().try_into().expect("few"),
            }),
        )
    };
    let slice = |start: u32, size: u32| {
        let list = |value: u32| vec![value].try_into().expect("one");
        on(
            i8_tensor(&[3]),
            Operator::Slice(Slice {
                input: 0,
                start: list(start),
                size: list(size),
            }),
        )
    };
    let mut per_channel = rescale(0, DType::I8, 1, 2);
    per_channel.per_channel = true;
    let mut wide_zero_point = rescale(0, DType::I16, 1, 2);
    wide_zero_point.output_zero_point = Signed32(1);
    let mut narrow_round = rescale(0, DType::I8, 1, 2);
    (narrow_round.scale32, narrow_round.double_round) = (false, true);
    let mut unsigned = rescale(0, DType::I32, 1, 2);
    unsigned.input_unsigned = true;
    let reshape = Reshape {
        input: 0,
        shape: vec![2, 2].try_into().expect("two"),
    };
    let pad = |value| {
        let padding = vec![Margin {
            before: 1,
            after: 0,
        }]
        .try_into()
        .expect("one");
        on(
            i8_tensor(&[1]),
            Operator::Pad(Pad {
                input: 0,
                padding,
                value: Signed32(value),
            }),
        )
    };
    vec![
        fault("three axes of two", transpose(&[0, 1, 2]), 307),
        fault(
            "RESCALE with one multiplier for two channels",
            on(i32_tensor(&[2]), Operator::Rescale(per_channel)),
            307,
        ),
        fault(
            "RESCALE to i16 with a zero point",
            on(i32_tensor(&[2]), Operator::Rescale(wide_zero_point)),
            314,
        ),
        fault("CLAMP from 1 to 0", clamp(1, 0), 315),
        fault("CLAMP to 128", clamp(0, 128), 315),
        fault("RESCALE by 2^-1", scaled(1, 1), 316),
        fault("RESCALE by 2^-63", scaled(1, 63), 316),
        fault(
            "MUL on i8 with a shift",
            on(
                i8_tensor(&[1]),
                Operator::Mul(Mul {
                    a: 0,
                    b: 0,
                    shift_bits: 1,
                }),
            ),
            316,
        ),
        fault("a negative multiplier", scaled(-1, 2), 317),
        fault(
            "16-bit multipliers that round twice",
            on(i32_tensor(&[2]), Operator::Rescale(narrow_round)),
            318,
        ),
        fault(
            "unsigned 8 bits to 32",
            on(i8_tensor(&[2]), Operator::Rescale(unsigned)),
            318,
        ),
        fault("an axis twice", transpose(&[1, 1]), 319),
        fault("an axis that is not", transpose(&[0, 2]), 319),
        fault("a slice beyond the end", slice(1, 3), 320),
        fault("an empty slice", slice(0, 0), 320),
        fault("a slice whose end overflows", slice(u32::MAX, 2), 320),
        fault(
            "RESHAPE of 3 elements to 4",
            on(i8_tensor(&[3]), Operator::Reshape(reshape)),
            321,
        ),
        fault("PAD of i8 with 128", pad(128), 322),
    ]
}

/// Windows.
pub(super) fn windows() -> Vec<Hostile> {
    let fault = |name, model: ModelBuilder, code| hostile(name, &model, code, Some(0));
    let image = || i8_tensor(&[1, 4, 4, 1]);
    let pool = |kernel: u32, stride: u32, pad: u32| {
        let pool = MaxPool2d {
            input: 0,
            kernel: square(kernel),
            stride: square(stride),
            pad: pad_all(pad),
        };
        on(image(), Operator::MaxPool2d(pool))
    };
    let conv = |change: &dyn Fn(&mut fixpoint_runtime::ops::conv2d::Conv2d), bias: i64| {
        let mut model = one_input(image(), PLAIN);
        let weight = model.constant(i8_tensor(&[1, 2, 2, 1]), &[127; 4]);
        let bias = model.constant(i32_tensor(&[1]), &[bias]);
        let mut conv = conv2d(0, weight, bias);
        change(&mut conv);
        let y = model.push(Operator::Conv2d(conv));
        model.output("y", y, PLAIN);
        model
    };
    let average = AvgPool2d {
        input: 0,
        kernel: square(2),
        stride: square(2),
        pad: pad_all(0),
        input_zero_point: Signed32(0),
        output_zero_point: Signed32(-129),
    };
    vec![
        fault("a pool of 0", pool(0, 1, 0), 308),
        fault("a pool of 8193", pool(8_193, 1, 0), 308),
        fault("a stride of 0", pool(2, 0, 0), 309),
        fault(
            "a dilation of 0",
            conv(&|conv| conv.dilation = Size2d { y: 1, x: 0 }, 0),
            310,
        ),
        fault(
            "a kernel reach over the limit",
            conv(&|conv| conv.dilation = square(5_000), 0),
            308,
        ),
        fault("a pool's padding as large as the pool", pool(2, 1, 2), 311),
        fault(
            "a padding over the limit",
            conv(&|conv| conv.pad = pad_all(8_193), 0),
            311,
        ),
        fault("a window that leaves a rest", pool(3, 2, 0), 312),
        fault("a window larger than the image", pool(5, 1, 0), 312),
        fault(
            "a convolution's zero point of 200",
            conv(&|conv| conv.input_zero_point = Signed32(200), 0),
            313,
        ),
        fault(
            "a pool's output zero point of -129",
            on(image(), Operator::AvgPool2d(average)),
            314,
        ),
    ]
}
