//! Operators that add up products or look through a window.

use super::{Result, Tensor, scale::apply_scale_32};
use fixpoint_runtime::{
    ops::{
        avg_pool2d::AvgPool2d,
        conv2d::Conv2d,
        depthwise_conv2d::DepthwiseConv2d,
        geometry::{Pad2d, Size2d},
        matmul::MatMul,
    },
    tensor::DType,
};

/// A window over height and width.
pub(super) struct Window {
    kernel: [usize; 2],
    pad: [usize; 4],
    stride: [usize; 2],
    dilation: [usize; 2],
}

impl Window {
    pub(super) fn new(kernel: Size2d, pad: Pad2d, stride: Size2d, dilation: Size2d) -> Self {
        let pair = |size: Size2d| [size.y as usize, size.x as usize];
        let pad = [pad.top, pad.bottom, pad.left, pad.right].map(|size| size as usize);
        Self {
            kernel: pair(kernel),
            pad,
            stride: pair(stride),
            dilation: pair(dilation),
        }
    }

    /// Shape of the output.
    pub(super) fn shape(&self, x: &Tensor, channels: usize) -> [usize; 4] {
        let size = |axis: usize| {
            let padded = x.shape[axis + 1] + self.pad[2 * axis] + self.pad[2 * axis + 1];
            (padded - 1 - (self.kernel[axis] - 1) * self.dilation[axis]) / self.stride[axis] + 1
        };
        [x.shape[0], size(0), size(1), channels]
    }

    /// Per kernel element in row-major order: where it lies in the input, if not in the padding.
    pub(super) fn taps(&self, x: &Tensor, index: &[usize]) -> Vec<Option<[usize; 2]>> {
        let place = |axis: usize, tap: usize| {
            let padded = index[axis + 1] * self.stride[axis] + tap * self.dilation[axis];
            padded
                .checked_sub(self.pad[2 * axis])
                .filter(|at| *at < x.shape[axis + 1])
        };
        let mut taps = Vec::new();
        for y in 0..self.kernel[0] {
            for column in 0..self.kernel[1] {
                taps.push(
                    place(0, y)
                        .zip(place(1, column))
                        .map(|(y, column)| [y, column]),
                );
            }
        }
        taps
    }
}

fn accumulator(x: &Tensor) -> DType {
    if x.dtype == DType::I8 {
        DType::I32
    } else {
        DType::I48
    }
}

pub(super) fn conv2d(op: &Conv2d, x: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
    let [outputs, y, column, channels] = weight.shape[..] else {
        panic!("a valid model")
    };
    let kernel = Size2d {
        y: y as u32,
        x: column as u32,
    };
    let window = Window::new(kernel, op.pad, op.stride, op.dilation);
    Tensor::from_fn(accumulator(x), &window.shape(x, outputs), |index| {
        let mut sum = bias.broadcast(&index[3..]);
        for (tap, place) in window.taps(x, index).into_iter().enumerate() {
            let Some([in_y, in_column]) = place else {
                continue;
            };
            for channel in 0..channels {
                let weight = weight.at(&[index[3], tap / column, tap % column, channel]);
                let element = x.at(&[index[0], in_y, in_column, channel]);
                sum += (weight - i128::from(op.weight_zero_point.0))
                    * (element - i128::from(op.input_zero_point.0));
            }
        }
        sum
    })
}

pub(super) fn depthwise_conv2d(
    op: &DepthwiseConv2d,
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
) -> Tensor {
    let [y, column, channels, multiplier] = weight.shape[..] else {
        panic!("a valid model")
    };
    let kernel = Size2d {
        y: y as u32,
        x: column as u32,
    };
    let window = Window::new(kernel, op.pad, op.stride, op.dilation);
    Tensor::from_fn(
        accumulator(x),
        &window.shape(x, channels * multiplier),
        |index| {
            let (channel, copy) = (index[3] / multiplier, index[3] % multiplier);
            let mut sum = bias.broadcast(&index[3..]);
            for (tap, place) in window.taps(x, index).into_iter().enumerate() {
                let Some([in_y, in_column]) = place else {
                    continue;
                };
                let weight = weight.at(&[tap / column, tap % column, channel, copy]);
                let element = x.at(&[index[0], in_y, in_column, channel]);
                sum += (weight - i128::from(op.weight_zero_point.0))
                    * (element - i128::from(op.input_zero_point.0));
            }
            sum
        },
    )
}

pub(super) fn matmul(op: &MatMul, a: &Tensor, b: &Tensor) -> Tensor {
    let shape = [a.shape[0], a.shape[1], b.shape[2]];
    Tensor::from_fn(accumulator(a), &shape, |index| {
        let terms = (0..a.shape[2]).map(|depth| {
            (a.at(&[index[0], index[1], depth]) - i128::from(op.a_zero_point.0))
                * (b.at(&[index[0], depth, index[2]]) - i128::from(op.b_zero_point.0))
        });
        terms.sum()
    })
}

pub(super) fn avg_pool2d(op: &AvgPool2d, x: &Tensor) -> Result<Tensor> {
    let window = Window::new(op.kernel, op.pad, op.stride, Size2d { y: 1, x: 1 });
    let (lowest, highest) = x.dtype.range();
    Tensor::try_from_fn(x.dtype, &window.shape(x, x.shape[3]), |index| {
        let taps = window.taps(x, index);
        let elements = taps.iter().flatten().map(|[y, column]| {
            x.at(&[index[0], *y, *column, index[3]]) - i128::from(op.input_zero_point.0)
        });
        let (sum, count) = elements.fold((0, 0_i128), |(sum, count), x| (sum + x, count + 1));
        // The smallest power of two that is not below the count.
        let power = (0..).find(|power| 1 << power >= count).expect("some power");
        let multiplier = (((1 << 30) + 1) << power) / count;
        let mean = apply_scale_32(sum, multiplier, 30 + power, false)?;
        let moved = mean + i128::from(op.output_zero_point.0);
        Ok(moved.clamp(lowest.into(), highest.into()))
    })
}
