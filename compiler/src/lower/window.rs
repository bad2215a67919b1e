//! Pools, and making a window fit its image.
//!
//! TOSA wants windows to cover the padded image exactly; ONNX rounds down and ignores the rest. The
//! rest is taken from the padding at the end, or cut off the image.

use super::{Layout, Lowerer, Output, TO_CHANNELS_LAST};
use crate::{
    builder::signed,
    error::CompileError,
    ir::{Node, Window},
    tensor::permuted,
};
use fixpoint_runtime::{
    model::format::ValueId,
    ops::{
        Operator,
        avg_pool2d::AvgPool2d,
        depthwise_conv2d::DepthwiseConv2d,
        geometry::{Pad2d, Size2d},
        max_pool2d::MaxPool2d,
    },
    tensor::DType,
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
        let kept = self.fitted_size(node, window, dilation, &shape);
        let mut pad = window.pad;
        for axis in [0, 1] {
            let available = shape[axis + 1] + pad[2 * axis];
            pad[2 * axis + 1] = self
                .covered(node, window, dilation, axis)
                .saturating_sub(available);
        }
        if kept != shape {
            number = self.builder.slice(number, &[0; 4], &kept)?;
        }
        Ok((number, pad))
    }

    /// Elements of the padded image that all windows together reach along an axis.
    fn covered(&self, node: &Node, window: &Window, dilation: [usize; 2], axis: usize) -> usize {
        // A mean over height and width may leave no axes for them.
        let outputs = match self.shape(node.output) {
            &[_, _, height, width] => [height, width],
            _ => [1, 1],
        };
        let reach = dilation[axis] * (window.kernel[axis] - 1) + 1;
        (outputs[axis] - 1) * window.stride[axis] + reach
    }

    /// Shape of the image, channels last, with what no window reaches cut off.
    pub(super) fn fitted_size(
        &self,
        node: &Node,
        window: &Window,
        dilation: [usize; 2],
        shape: &[usize],
    ) -> Vec<usize> {
        let mut kept = shape.to_vec();
        for axis in [0, 1] {
            let available = shape[axis + 1] + window.pad[2 * axis];
            let covered = self.covered(node, window, dilation, axis);
            kept[axis + 1] -= available.saturating_sub(covered);
        }
        kept
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
        let (from, to) = (self.quant(node.inputs[0]), self.quant(node.output));
        if (from.ratio, from.zero_point) != (to.ratio, to.zero_point) {
            return self.average_rescaled(node, window, input);
        }
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

    /// Means of unpadded windows in a scale of their own: sums of the elements, rounded once.
    fn average_rescaled(&mut self, node: &Node, window: &Window, input: ValueId) -> Output {
        let value = node.inputs[0];
        let (channels, area) = (self.shape(value)[1], window.kernel[0] * window.kernel[1]);
        let (from, to) = (self.quant(value).clone(), self.quant(node.output).clone());
        let (_, stride, pad) = geometry(window, [0; 4]);
        let [height, width] = window.kernel;
        let ones = vec![1; channels * area];
        let weight = self
            .builder
            .integers(DType::I8, &[height, width, channels, 1], ones)?;
        let bias = self
            .builder
            .integers(DType::I32, &[channels], vec![0; channels])?;
        let sums = self
            .builder
            .operator(Operator::DepthwiseConv2d(DepthwiseConv2d {
                input,
                weight,
                bias,
                pad,
                stride,
                dilation: Size2d { y: 1, x: 1 },
                input_zero_point: signed(from.zero_point),
                weight_zero_point: signed(0),
            }))?;
        let means = self.narrowed(sums, from.scale() / area as f64, &to)?;
        self.pooled(node, means)
    }

    fn pooled(&mut self, node: &Node, pooled: ValueId) -> Output {
        let shape = self.shape(node.output).to_vec();
        if shape.len() == 4 {
            return Ok((Layout::ChannelsLast, pooled));
        }
        Ok((Layout::Plain, self.builder.reshape(pooled, &shape)?))
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
