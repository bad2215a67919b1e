//! Operators that slide a window: depthwise convolutions, pools, RESIZE. What places a window lives here
//! too.

use super::{Family, sizes};
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
        avg_pool2d::AvgPool2d,
        depthwise_conv2d::DepthwiseConv2d,
        geometry::{Pad2d, Size2d},
        max_pool2d::MaxPool2d,
        resize::{Resize, ResizeAxis, ResizeMode},
    },
    tensor::DType,
};

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "DEPTHWISE_CONV2D i8",
        classes: &[Class::DEPTHWISE_I8, Class::RUNS],
        member: |draw| depthwise(draw, DType::I8),
    },
    Family {
        name: "DEPTHWISE_CONV2D i16",
        classes: &[Class::DEPTHWISE_I16, Class::RUNS],
        member: |draw| depthwise(draw, DType::I16),
    },
    Family {
        name: "AVG_POOL2D",
        classes: &[Class::POOL],
        member: |draw| pool(draw, true),
    },
    Family {
        name: "MAX_POOL2D",
        classes: &[Class::POOL],
        member: |draw| pool(draw, false),
    },
    Family {
        name: "RESIZE",
        classes: &[Class::POOL],
        member: resize,
    },
];

/// A window along one axis, and the input that so many windows need.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) input: u32,
    pub(super) output: u32,
    pub(super) kernel: u32,
    pub(super) stride: u32,
    pub(super) dilation: u32,
    pub(super) before: u32,
    pub(super) after: u32,
}

impl Axis {
    /// A window without its number of places.
    pub(super) fn pick(draw: &mut Draw<'_>, is_pool: bool) -> Self {
        let kernel = draw.pick(&[1, 1, 3, 2, 3, 5, 7, 8, 16, 31, 64, 255, 1024]);
        let dilation = match is_pool {
            true => 1,
            false => draw.pick(&[1, 1, 1, 1, 2, 3, 16, 64, 255, 1024, 4096]),
        };
        let margin = draw.pick(&[0, 0, 0, 1, kernel - 1, kernel / 2, kernel, 64, 4096]);
        let margin = if is_pool {
            margin.min(kernel - 1)
        } else {
            margin
        };
        Self {
            input: 1,
            output: 1,
            kernel,
            stride: draw.pick(&[1, 1, 1, 2, 3, 7, 64, 127, 1024, 4096, 8192]),
            dilation,
            before: margin,
            after: if draw.flag() { margin } else { 0 },
        }
    }

    /// With so many places.
    pub(super) fn with_output(mut self, output: u32) -> Option<Self> {
        let covered = u64::from(self.kernel - 1) * u64::from(self.dilation) + 1;
        let reached = u64::from(output - 1) * u64::from(self.stride) + covered;
        let padding = u64::from(self.before) + u64::from(self.after);
        self.output = output;
        self.input = u32::try_from(reached.checked_sub(padding)?).ok()?;
        (self.input > 0).then_some(self)
    }

    fn note(&self) -> String {
        let mut note = format!("kernel {}", self.kernel);
        if self.stride > 1 {
            note += &format!(" stride {}", self.stride);
        }
        if self.dilation > 1 {
            note += &format!(" dilation {}", self.dilation);
        }
        if self.before + self.after > 0 {
            note += &format!(" padding {}+{}", self.before, self.after);
        }
        note
    }
}

/// Rows and columns of windows, of which so many are wanted in all.
pub(super) fn place(draw: &mut Draw<'_>, [y, x]: [Axis; 2], places: u64) -> Option<[Axis; 2]> {
    let rows = match draw.below(4) {
        0 => 1,
        1 => u32::try_from(places).ok()?.max(1),
        _ => places.isqrt().max(1) as u32,
    };
    let columns = u32::try_from(places / u64::from(rows)).ok()?.max(1);
    Some([y.with_output(rows)?, x.with_output(columns)?])
}

pub(super) fn note([y, x]: &[Axis; 2]) -> String {
    format!("{} by {}", y.note(), x.note())
}

pub(super) const fn padding([y, x]: &[Axis; 2]) -> Pad2d {
    Pad2d {
        top: y.before,
        bottom: y.after,
        left: x.before,
        right: x.after,
    }
}

pub(super) const fn stride([y, x]: &[Axis; 2]) -> Size2d {
    Size2d {
        y: y.stride,
        x: x.stride,
    }
}

pub(super) const fn dilation([y, x]: &[Axis; 2]) -> Size2d {
    Size2d {
        y: y.dilation,
        x: x.dilation,
    }
}

/// The type of sums.
pub(super) const fn accumulator(dtype: DType) -> DType {
    match dtype {
        DType::I8 => DType::I32,
        _ => DType::I48,
    }
}

/// Taps that are worked through for so many elements are few times more.
fn places_for(budget: u64, channels: u32, axes: &[Axis; 2]) -> u64 {
    let taps = u64::from(axes[0].kernel) * u64::from(axes[1].kernel);
    let each = u64::from(channels.next_multiple_of(16)) * taps;
    (budget * 4 / each.max(64)).max(1)
}

fn depthwise(draw: &mut Draw<'_>, dtype: DType) -> Option<Subject> {
    let budget = sizes::budget(draw);
    let channels = sizes::size(draw, 2048);
    let multiplier = draw.pick(&[1, 1, 1, 2, 3, 8, 64]);
    let outputs = channels * multiplier;
    let axes = [0, 1].map(|_| Axis::pick(draw, false));
    let places = places_for(budget, outputs, &axes);
    let axes = place(draw, axes, places)?;
    let [y, x] = &axes;
    let is_bias_computed = draw.below(8) == 0;
    let are_weights_computed = draw.below(8) == 0;
    let input_shape = [1, y.input, x.input, channels];
    let weight_shape = [y.kernel, x.kernel, channels, multiplier];
    let zero_point = if dtype == DType::I8 {
        draw.pick(&[0, -128])
    } else {
        0
    };
    let bias = draw.pick(&[1, outputs]);
    let small = Values::Within(-100, 100);
    let operands = [
        input(dtype, &input_shape, Values::Any),
        operand(are_weights_computed, DType::I8, &weight_shape, Values::Any),
        operand(is_bias_computed, accumulator(dtype), &[bias], small),
    ];
    copies(draw, &operands, note(&axes), |of, _| {
        Operator::DepthwiseConv2d(DepthwiseConv2d {
            input: of[0],
            weight: of[1],
            bias: of[2],
            pad: padding(&axes),
            stride: stride(&axes),
            dilation: dilation(&axes),
            input_zero_point: Signed32(zero_point),
            weight_zero_point: Signed32(0),
        })
    })
}

/// An input or a constant.
pub(super) fn operand(
    is_computed: bool,
    dtype: DType,
    shape: &[u32],
    values: Values,
) -> crate::sketch::Operand {
    match is_computed {
        true => input(dtype, shape, values),
        false => constant(dtype, shape, values),
    }
}

fn pool(draw: &mut Draw<'_>, is_mean: bool) -> Option<Subject> {
    let budget = sizes::budget(draw);
    let channels = sizes::size(draw, 2048);
    let axes = [0, 1].map(|_| Axis::pick(draw, true));
    let places = places_for(budget, channels, &axes);
    let axes = place(draw, axes, places)?;
    let [y, x] = &axes;
    let dtype = draw.pick(&[DType::I8, DType::I16]);
    let operands = [input(dtype, &[1, y.input, x.input, channels], Values::Any)];
    let kernel = Size2d {
        y: y.kernel,
        x: x.kernel,
    };
    copies(draw, &operands, note(&axes), |of, _| match is_mean {
        true => Operator::AvgPool2d(AvgPool2d {
            input: of[0],
            kernel,
            stride: stride(&axes),
            pad: padding(&axes),
            input_zero_point: Signed32(0),
            output_zero_point: Signed32(0),
        }),
        false => Operator::MaxPool2d(MaxPool2d {
            input: of[0],
            kernel,
            stride: stride(&axes),
            pad: padding(&axes),
        }),
    })
}

/// One axis of a RESIZE of so many elements, from its scale.
fn resize_axis(draw: &mut Draw<'_>, size: u32) -> (ResizeAxis, String) {
    let scale_n = draw.pick(&[2, 1, 3, 4, 16, 255, 2048]);
    let scale_d = draw.pick(&[1, 2, 3, 5, 15, 64, 1023, 4095]);
    let scale_d = scale_d.min(16 * scale_n - 1);
    let travel = i64::from(size - 1) * i64::from(scale_n);
    let border = -(travel % i64::from(scale_d));
    let axis = ResizeAxis {
        scale_n,
        scale_d,
        offset: Signed32(0),
        border: Signed32(border as i32),
    };
    (axis, format!("{scale_n}/{scale_d}"))
}

fn resize(draw: &mut Draw<'_>) -> Option<Subject> {
    let budget = sizes::budget(draw);
    let channels = sizes::size(draw, 4096);
    let pixels = (budget / u64::from(channels)).max(1);
    let height = match draw.below(3) {
        0 => 1,
        1 => pixels.min(16_383) as u32,
        _ => pixels.isqrt() as u32,
    };
    let width = (pixels / u64::from(height)).clamp(1, 16_383) as u32;
    let (y, y_note) = resize_axis(draw, height);
    let (x, x_note) = resize_axis(draw, width);
    let mode = draw.pick(&[ResizeMode::Nearest, ResizeMode::Bilinear]);
    let dtype = draw.pick(&[DType::I8, DType::I16]);
    let operands = [input(dtype, &[1, height, width, channels], Values::Any)];
    let note = format!("{mode:?} {y_note} by {x_note}").to_lowercase();
    copies(draw, &operands, note, |of, _| {
        Operator::Resize(Resize {
            input: of[0],
            mode,
            y,
            x,
        })
    })
}
