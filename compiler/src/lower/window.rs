//! Pools, and making a window fit its image.
//!
//! TOSA wants windows to cover the padded image exactly; ONNX rounds down and ignores the rest. The
//! rest is taken from the padding at the end, or cut off the image.

use super::{Layout, Lowerer, Output, TO_CHANNELS_LAST, permuted};
use crate::{
    builder::signed,
    error::CompileError,
    ir::{Node, Window},
};
use fixpoint_runtime::{
    model::format::ValueId,
    ops::{
        Operator,
        avg_pool2d::AvgPool2d,
        geometry::{Pad2d, Size2d},
        max_pool2d::MaxPool2d,
    },
};

impl Lowerer<'_> {
    /// The image, channels last, cut so that the window covers it with the returned padding (top,
    /// bottom, left, right).
    pub(super) fn fitted(
        &mut self,
        node: &Node,
        window: &Window,
        dilation: [usize; 2],
    ) -> Result<(ValueId, [usize; 4]), CompileError> {
        let value = node.inputs[0];
        let mut number = self.channels_last(value)?;
        let shape = permuted(self.shape(value), &TO_CHANNELS_LAST);
        let mut pad = window.pad;
        let mut kept = shape.clone();
        // A mean over height and width may leave no axes for them.
        let outputs = match self.shape(node.output) {
            &[_, _, height, width] => [height, width],
            _ => [1, 1],
        };
        for axis in [0, 1] {
            let reach = dilation[axis] * (window.kernel[axis] - 1) + 1;
            let covered = (outputs[axis] - 1) * window.stride[axis] + reach;
            let available = shape[axis + 1] + pad[2 * axis];
            pad[2 * axis + 1] = covered.saturating_sub(available);
            kept[axis + 1] -= available.saturating_sub(covered);
        }
        if kept != shape {
            number = self.slice(number, &[0; 4], &kept)?;
        }
        Ok((number, pad))
    }

    pub(super) fn max_pool(&mut self, node: &Node, window: &Window) -> Output {
        let (input, pad) = self.fitted(node, window, [1, 1])?;
        let (kernel, stride, pad) = geometry(window, pad);
        let pooled = self.builder.operator(Operator::MaxPool2d(MaxPool2d {
            input,
            kernel,
            stride,
            pad,
        }))?;
        self.pooled(node, pooled)
    }

    pub(super) fn average_pool(&mut self, node: &Node, window: &Window) -> Output {
        let (input, pad) = self.fitted(node, window, [1, 1])?;
        let (kernel, stride, pad) = geometry(window, pad);
        let zero_point = signed(self.quant(node.inputs[0]).zero_point);
        let pooled = self.builder.operator(Operator::AvgPool2d(AvgPool2d {
            input,
            kernel,
            stride,
            pad,
            input_zero_point: zero_point,
            output_zero_point: zero_point,
        }))?;
        self.pooled(node, pooled)
    }

    /// The mean over some axes: one average pool over all of them.
    pub(super) fn mean(&mut self, node: &Node, axes: &[usize]) -> Output {
        let value = node.inputs[0];
        let shape = self.shape(value).to_vec();
        if shape.len() == 4 && axes == [2, 3] && self.any(value).0 == Layout::ChannelsLast {
            let window = Window {
                kernel: [shape[2], shape[3]],
                stride: [1, 1],
                pad: [0; 4],
            };
            return self.average_pool(node, &window);
        }
        let (reduced, kept): (Vec<usize>, Vec<usize>) =
            (0..shape.len()).partition(|axis| axes.contains(axis));
        let length = |axes: &[usize]| axes.iter().map(|&axis| shape[axis]).product::<usize>();
        let (height, channels) = (length(&reduced), length(&kept));
        let plain = self.plain(value)?;
        let moved = self.transpose(plain, &shape, &[reduced, kept].concat())?;
        let input = self.reshape(moved, &[1, height, 1, channels])?;
        let zero_point = signed(self.quant(value).zero_point);
        let pooled = self.builder.operator(Operator::AvgPool2d(AvgPool2d {
            input,
            kernel: Size2d {
                y: height as u32,
                x: 1,
            },
            stride: Size2d { y: 1, x: 1 },
            pad: Pad2d {
                top: 0,
                bottom: 0,
                left: 0,
                right: 0,
            },
            input_zero_point: zero_point,
            output_zero_point: zero_point,
        }))?;
        let shape = self.shape(node.output).to_vec();
        Ok((Layout::Plain, self.reshape(pooled, &shape)?))
    }

    fn pooled(&mut self, node: &Node, pooled: ValueId) -> Output {
        let shape = self.shape(node.output).to_vec();
        if shape.len() == 4 {
            return Ok((Layout::ChannelsLast, pooled));
        }
        Ok((Layout::Plain, self.reshape(pooled, &shape)?))
    }
}

fn geometry(window: &Window, pad: [usize; 4]) -> (Size2d, Size2d, Pad2d) {
    let size = |[y, x]: [usize; 2]| Size2d {
        y: y as u32,
        x: x as u32,
    };
    let pad = Pad2d {
        top: pad[0] as u32,
        bottom: pad[1] as u32,
        left: pad[2] as u32,
        right: pad[3] as u32,
    };
    (size(window.kernel), size(window.stride), pad)
}
