//! Operators that look through a window, and RESIZE.

use super::{
    Step,
    draft::{Draft, Value},
    elementwise::zero_point,
    operands::NARROW,
};
use crate::choices::Choices;
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{
        Operator,
        avg_pool2d::AvgPool2d,
        geometry::{Pad2d, Size2d},
        max_pool2d::MaxPool2d,
        resize::{Resize, ResizeAxis, ResizeMode},
    },
    tensor::DType,
};

pub(super) const STEPS: &[Step] = &[
    |draft, choices| pool(draft, choices, true),
    |draft, choices| pool(draft, choices, false),
    resize,
];

/// A window along one axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) kernel: u32,
    pub(super) stride: u32,
    pub(super) dilation: u32,
    pub(super) before: u32,
    pub(super) after: u32,
    pub(super) output: u32,
}

impl Window {
    /// One that fits an axis of this size.
    pub(super) fn pick(choices: &mut Choices<'_>, size: u32, is_pool: bool) -> Self {
        let kernel = choices.pick(&[1, 2, 3, 3, 2, 4]);
        let (stride, dilation) = (choices.pick(&[1, 1, 2, 3]), choices.pick(&[1, 1, 2, 3]));
        let dilation = if is_pool { 1 } else { dilation };
        let most = if is_pool { kernel - 1 } else { 3 };
        let before = choices.pick(&[0, 1, 2, 0]).min(most);
        let covered = (kernel - 1) * dilation + 1;
        let least = choices.pick(&[0, 1, 0]);
        let fits = |after: &u32| {
            let padded = size + before + after;
            padded >= covered && (padded - covered).is_multiple_of(stride)
        };
        let after = (least..=most).find(fits);
        after.map_or(Self::whole(size), |after| Self {
            kernel,
            stride,
            dilation,
            before,
            after,
            output: (size + before + after - covered) / stride + 1,
        })
    }

    /// One that sees all of the axis at once.
    fn whole(size: u32) -> Self {
        let kernel = size.min(3);
        Self {
            kernel,
            stride: 1,
            dilation: 1,
            before: 0,
            after: 0,
            output: size - kernel + 1,
        }
    }
}

/// Both kernels, and so on.
pub(super) fn pair(y: u32, x: u32) -> Size2d {
    Size2d { y, x }
}

/// The padding of two windows.
pub(super) fn padding(y: Window, x: Window) -> Pad2d {
    Pad2d {
        top: y.before,
        bottom: y.after,
        left: x.before,
        right: x.after,
    }
}

fn pool(draft: &mut Draft, choices: &mut Choices<'_>, is_max: bool) -> Option<Value> {
    let value = draft.operand_of_rank(choices, NARROW, 4);
    let [batch, height, width, channels] = value.shape[..] else {
        return None;
    };
    let [y, x] = [height, width].map(|size| Window::pick(choices, size, true));
    let (kernel, stride) = (pair(y.kernel, x.kernel), pair(y.stride, x.stride));
    let pad = padding(y, x);
    let [from, to] = [(); 2].map(|()| zero_point(choices, value.dtype));
    let shape = [batch, y.output, x.output, channels];
    draft.push(choices, &[&value], (value.dtype, &shape), move |of| {
        let input = of[0];
        if is_max {
            Operator::MaxPool2d(MaxPool2d {
                input,
                kernel,
                stride,
                pad,
            })
        } else {
            Operator::AvgPool2d(AvgPool2d {
                input,
                kernel,
                stride,
                pad,
                input_zero_point: from,
                output_zero_point: to,
            })
        }
    })
}

fn resize(draft: &mut Draft, choices: &mut Choices<'_>) -> Option<Value> {
    let value = draft.operand_of_rank(choices, NARROW, 4);
    let [batch, height, width, channels] = value.shape[..] else {
        return None;
    };
    let [(y, out_height), (x, out_width)] = [height, width].map(|size| resized(choices, size));
    let (mode, to) = match (choices.flag(), value.dtype) {
        (true, of) => (ResizeMode::Nearest, of),
        (false, DType::I8) => (ResizeMode::Bilinear, DType::I32),
        _ => (ResizeMode::Bilinear, DType::I48),
    };
    let shape = [batch, out_height, out_width, channels];
    draft.push(choices, &[&value], (to, &shape), move |of| {
        Operator::Resize(Resize {
            input: of[0],
            mode,
            y,
            x,
        })
    })
}

/// A scale of one axis, and how many elements come of it.
fn resized(choices: &mut Choices<'_>, size: u32) -> (ResizeAxis, u32) {
    let numerator = choices.pick(&[1_i32, 2, 3, 4, 5, 7, 16, 2048]);
    let denominators = [1, 2, 3, numerator, numerator / 2, 15, 16 * numerator - 1];
    let denominator = choices.pick(&denominators).clamp(1, 16 * numerator - 1);
    let ends = [-numerator, 16 * numerator - 1, 0, 0, -1, 1];
    let any = choices.i32().rem_euclid(2 * numerator) - numerator;
    let offset = choices.pick(&[&ends[..], &[any, any]].concat());
    let highest = choices.pick(&[numerator - 1, 0, any, numerator / 2]);
    // The highest border below that one which ends on an element.
    let end = (size as i32 - 1) * numerator - offset + highest;
    let border = highest - end.rem_euclid(denominator);
    let elements = end.div_euclid(denominator) + 1;
    let is_small = (1..=20).contains(&elements) && border >= -16 * numerator;
    let axis = |scale_n, scale_d, offset, border| ResizeAxis {
        scale_n,
        scale_d,
        offset: Signed32(offset),
        border: Signed32(border),
    };
    if is_small {
        let scale = (numerator as u32, denominator as u32);
        (axis(scale.0, scale.1, offset, border), elements as u32)
    } else {
        (axis(2, 1, 0, 0), 2 * size - 1)
    }
}
