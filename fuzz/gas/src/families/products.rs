//! Operators that add up products over channels: MATMUL and the convolutions.

use super::{
    Family, sizes,
    windows::{Axis, accumulator, dilation, note, operand, padding, place, stride},
};
use crate::{
    class::Class,
    draw::Draw,
    sketch::{Values, constant, copies, input},
    subject::Subject,
};
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{
        Operator,
        conv2d::Conv2d,
        conv3d::Conv3d,
        geometry::{Pad3d, Size2d, Size3d},
        matmul::MatMul,
        transpose_conv2d::{OutPad2d, TransposeConv2d},
    },
    tensor::DType,
};

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "CONV2D i8",
        classes: &[Class::MACS_I8, Class::RUNS],
        member: |draw| conv2d(draw, DType::I8),
    },
    Family {
        name: "CONV2D i16",
        classes: &[Class::MACS_I16X8, Class::RUNS],
        member: |draw| conv2d(draw, DType::I16),
    },
    Family {
        name: "CONV3D i8",
        classes: &[Class::MACS_I8, Class::RUNS],
        member: |draw| conv3d(draw, DType::I8),
    },
    Family {
        name: "CONV3D i16",
        classes: &[Class::MACS_I16X8, Class::RUNS],
        member: |draw| conv3d(draw, DType::I16),
    },
    Family {
        name: "MATMUL i8",
        classes: &[Class::MACS_I8, Class::MOVE, Class::RUNS],
        member: |draw| matmul(draw, DType::I8),
    },
    Family {
        name: "MATMUL i16",
        classes: &[Class::MACS_I16, Class::MOVE, Class::RUNS],
        member: |draw| matmul(draw, DType::I16),
    },
    Family {
        name: "TRANSPOSE_CONV2D i8",
        classes: &[Class::MACS_I8, Class::MOVE, Class::RUNS],
        member: |draw| transpose_conv2d(draw, DType::I8),
    },
    Family {
        name: "TRANSPOSE_CONV2D i16",
        classes: &[Class::MACS_I16X8, Class::MOVE, Class::RUNS],
        member: |draw| transpose_conv2d(draw, DType::I16),
    },
];

/// Multiply-accumulates for each element of a budget.
const MACS: u64 = 32;

fn zero_point(draw: &mut Draw<'_>, dtype: DType) -> Signed32 {
    Signed32(match dtype {
        DType::I8 => draw.pick(&[0, -128, 5]),
        _ => 0,
    })
}

/// Rows that so many multiply-accumulates pay for.
fn rows_for(budget: u64, outputs: u64, depth: u64) -> u64 {
    let row = outputs.next_multiple_of(16) * depth.next_multiple_of(32);
    (budget * MACS / row.max(512)).max(1)
}

fn matmul(draw: &mut Draw<'_>, dtype: DType) -> Option<Subject> {
    let budget = sizes::budget(draw);
    let depth = sizes::size(draw, 8192);
    let columns = sizes::size(draw, 8192);
    let rows = rows_for(budget, columns.into(), depth.into());
    // A few rows, or all that is paid for.
    let rows = draw.pick(&[1, 2, 3, 4, 13, 64, u64::MAX]).min(rows) as u32;
    let batch = match draw.below(4) {
        0 => rows_for(budget, columns.into(), depth.into()) as u32 / rows,
        1 => 2,
        _ => 1,
    };
    let batch = batch.max(1);
    let are_both_inputs = draw.below(3) == 0;
    let is_left_constant = !are_both_inputs && draw.below(6) == 0;
    let small = if dtype == DType::I8 {
        Values::Any
    } else {
        Values::Within(-3000, 3000)
    };
    let operands = [
        operand(!is_left_constant, dtype, &[batch, rows, depth], small),
        operand(
            are_both_inputs || is_left_constant,
            dtype,
            &[batch, depth, columns],
            small,
        ),
    ];
    let zero_points = [0, 1].map(|_| zero_point(draw, dtype));
    copies(draw, &operands, String::new(), |of, _| {
        Operator::MatMul(MatMul {
            a: of[0],
            b: of[1],
            a_zero_point: zero_points[0],
            b_zero_point: zero_points[1],
        })
    })
}

/// Channels in and out.
fn channels(draw: &mut Draw<'_>) -> [u32; 2] {
    [0, 1].map(|_| sizes::size(draw, 4096))
}

fn conv2d(draw: &mut Draw<'_>, dtype: DType) -> Option<Subject> {
    let budget = sizes::budget(draw);
    let [inputs, outputs] = channels(draw);
    let axes = [0, 1].map(|_| Axis::pick(draw, false));
    let taps = u64::from(axes[0].kernel) * u64::from(axes[1].kernel);
    let places = rows_for(budget, outputs.into(), taps * u64::from(inputs));
    let axes = place(draw, axes, places)?;
    let [y, x] = &axes;
    let are_weights_computed = draw.below(6) == 0;
    let is_bias_computed = draw.below(6) == 0;
    let bias = draw.pick(&[1, outputs]);
    let small = Values::Within(-100, 100);
    let operands = [
        input(dtype, &[1, y.input, x.input, inputs], Values::Any),
        operand(
            are_weights_computed,
            DType::I8,
            &[outputs, y.kernel, x.kernel, inputs],
            Values::Any,
        ),
        operand(is_bias_computed, accumulator(dtype), &[bias], small),
    ];
    let input_zero_point = zero_point(draw, dtype);
    let weight_zero_point = zero_point(draw, DType::I8);
    copies(draw, &operands, note(&axes), |of, _| {
        Operator::Conv2d(Conv2d {
            input: of[0],
            weight: of[1],
            bias: of[2],
            pad: padding(&axes),
            stride: stride(&axes),
            dilation: dilation(&axes),
            input_zero_point,
            weight_zero_point,
        })
    })
}

fn conv3d(draw: &mut Draw<'_>, dtype: DType) -> Option<Subject> {
    let budget = sizes::budget(draw);
    let [inputs, outputs] = channels(draw);
    let [z, y, x] = [0, 1, 2].map(|_| Axis::pick(draw, false));
    let taps = u64::from(z.kernel) * u64::from(y.kernel) * u64::from(x.kernel);
    let places = rows_for(budget, outputs.into(), taps * u64::from(inputs));
    let planes = draw.pick(&[1, 1, 2, 3, 16]);
    let z = z.with_output(planes)?;
    let plane = place(draw, [y, x], (places / u64::from(planes)).max(1))?;
    let [y, x] = &plane;
    let are_weights_computed = draw.below(6) == 0;
    let operands = [
        input(dtype, &[1, z.input, y.input, x.input, inputs], Values::Any),
        operand(
            are_weights_computed,
            DType::I8,
            &[outputs, z.kernel, y.kernel, x.kernel, inputs],
            Values::Any,
        ),
        constant(accumulator(dtype), &[1], Values::Within(-100, 100)),
    ];
    let input_zero_point = zero_point(draw, dtype);
    let note = format!("{}, depth {}", note(&plane), note(&[z, z]));
    let size = |z, Size2d { y, x }| Size3d { z, y, x };
    copies(draw, &operands, note, |of, _| {
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
            stride: size(z.stride, stride(&plane)),
            dilation: size(z.dilation, dilation(&plane)),
            input_zero_point,
            weight_zero_point: Signed32(0),
        })
    })
}

fn transpose_conv2d(draw: &mut Draw<'_>, dtype: DType) -> Option<Subject> {
    let budget = sizes::budget(draw);
    let [inputs, outputs] = channels(draw);
    let [kernel_y, kernel_x] = [0, 1].map(|_| draw.pick(&[1, 2, 3, 4, 5, 8, 16, 64, 1024]));
    let results = u64::from(outputs) * u64::from(kernel_y) * u64::from(kernel_x);
    let pixels = rows_for(budget, results, inputs.into());
    let height = match draw.below(3) {
        0 => 1,
        1 => pixels as u32,
        _ => pixels.isqrt() as u32,
    };
    let width = (pixels / u64::from(height)).max(1) as u32;
    let [stride_y, stride_x] = [0, 1].map(|_| draw.pick(&[1, 2, 3, 8, 64, 1024, 8192]));
    let [before, after] = [0, 1].map(|_| draw.pick(&[0, 0, 1, -1, 64]));
    let are_weights_computed = draw.below(6) == 0;
    let operands = [
        input(dtype, &[1, height, width, inputs], Values::Any),
        operand(
            are_weights_computed,
            DType::I8,
            &[outputs, kernel_y, kernel_x, inputs],
            Values::Any,
        ),
        constant(accumulator(dtype), &[1], Values::Within(-100, 100)),
    ];
    let input_zero_point = zero_point(draw, dtype);
    let note = format!("stride {stride_y} by {stride_x}, padding {before}+{after}");
    copies(draw, &operands, note, |of, _| {
        Operator::TransposeConv2d(TransposeConv2d {
            input: of[0],
            weight: of[1],
            bias: of[2],
            out_pad: OutPad2d {
                top: Signed32(before),
                bottom: Signed32(after),
                left: Signed32(before),
                right: Signed32(after),
            },
            stride: Size2d {
                y: stride_y,
                x: stride_x,
            },
            input_zero_point,
            weight_zero_point: Signed32(0),
        })
    })
}
