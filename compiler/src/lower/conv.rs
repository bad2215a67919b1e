//! Convolutions.
//!
//! int8: CONV2D or DEPTHWISE_CONV2D with a RESCALE per output channel. int16: GATHER brings each
//! window into a row, then the 16-bit matrix product of [`super::dense`]; depthwise convolutions
//! and images whose index list would be large use 8-bit weights (CONV2D on 16-bit inputs) instead,
//! with a remark in the report.

use super::{
    Layout, Lowerer, Output, TO_CHANNELS_LAST,
    dense::{MAX_WEIGHT_I8, MAX_WEIGHT_I16, Rows, rows_i8, rows_wide, too_narrow},
    emit::{Emitted, Retype},
    permuted,
};
use crate::{
    builder::signed,
    ir::{Conv, Node},
    quantise::Quant,
};
use fixpoint_runtime::{
    model::format::ValueId,
    ops::{
        Operator,
        conv2d::Conv2d,
        depthwise_conv2d::DepthwiseConv2d,
        geometry::{Pad2d, Size2d},
    },
    tensor::DType,
};

/// Bytes of a GATHER's index list above which 8-bit weights are used instead.
const MAX_INDEX_BYTES: usize = 64 << 10;
/// Largest bias of a 48-bit accumulator: half its range stays free for the sum.
const MAX_BIAS_I48: f64 = (1_i64 << 46) as f64;
/// Largest bias that two 16-bit columns can carry.
const MAX_BIAS_COLUMNS: f64 = 32767.0 * 32767.0;

impl Lowerer<'_> {
    pub(super) fn conv(&mut self, node: &Node, conv: &Conv) -> Output {
        let value = node.inputs[0];
        let channels = self.shape(value)[1];
        let depthwise = conv.groups > 1;
        if depthwise && conv.groups != channels {
            return Err(Self::unsupported(
                node,
                "grouped convolutions are not supported, only depthwise ones",
            ));
        }
        let input = self.quant(value).clone();
        let output = self.quant(node.output).clone();
        let (number, pad) = self.fitted(node, &conv.window, conv.dilation)?;
        let order = Self::weight_order(conv, channels);
        let weights: Vec<f64> = order
            .iter()
            .map(|&index| f64::from(conv.weights[index]))
            .collect();
        let bias: Vec<f64> = conv.bias.iter().map(|&bias| f64::from(bias)).collect();
        let (scale_in, scale_out) = (input.scale(), output.scale());
        if input.dtype == DType::I8 {
            let rows = rows_i8(&weights, &bias, scale_in, scale_out);
            let product = self.conv_operator(number, conv, channels, pad, &rows, &input)?;
            let retype = Retype {
                to: output.dtype,
                from_zero_point: 0,
                to_zero_point: output.zero_point,
            };
            let result = self.rescale_channels(product, retype, &rows.factors)?;
            return Ok((Layout::ChannelsLast, result));
        }
        let out_shape = permuted(self.shape(node.output), &TO_CHANNELS_LAST);
        let area = conv.window.kernel[0] * conv.window.kernel[1];
        let index_bytes = 4 * out_shape[1] * out_shape[2] * area;
        if depthwise || index_bytes > MAX_INDEX_BYTES || out_shape[0] != 1 {
            self.remarks.push(format!(
                "'{}' ({}): 16-bit activations with 8-bit weights",
                node.name, node.source
            ));
            let rows = rows_wide(
                &weights,
                &bias,
                scale_in,
                scale_out,
                MAX_WEIGHT_I8,
                MAX_BIAS_I48,
            );
            let rows = rows.ok_or_else(|| too_narrow(node))?;
            let product = self.conv_operator(number, conv, channels, pad, &rows, &input)?;
            let retype = Retype {
                to: output.dtype,
                from_zero_point: 0,
                to_zero_point: 0,
            };
            let result = self.rescale_by(product, retype, &rows.narrow, false)?;
            return Ok((Layout::ChannelsLast, result));
        }
        let rows = rows_wide(
            &weights,
            &bias,
            scale_in,
            scale_out,
            MAX_WEIGHT_I16,
            MAX_BIAS_COLUMNS,
        );
        let rows = rows.ok_or_else(|| too_narrow(node))?;
        let result = self.conv_as_product(number, node, conv, pad, &rows, &output)?;
        Ok((Layout::ChannelsLast, self.reshape(result, &out_shape)?))
    }

    /// For each weight as `[OC, KH, KW, IC]` (depthwise: `[OC, KH, KW]`), its index in ONNX order.
    fn weight_order(conv: &Conv, channels: usize) -> Vec<usize> {
        let [height, width] = conv.window.kernel;
        let group_channels = if conv.groups > 1 { 1 } else { channels };
        let mut order = Vec::with_capacity(conv.weights.len());
        for output in 0..conv.output_channels {
            for position in 0..height * width {
                order.extend((0..group_channels).map(|channel| {
                    (output * group_channels + channel) * height * width + position
                }));
            }
        }
        order
    }

    /// CONV2D or DEPTHWISE_CONV2D with 8-bit weights.
    fn conv_operator(
        &mut self,
        number: ValueId,
        conv: &Conv,
        channels: usize,
        pad: [usize; 4],
        rows: &Rows,
        input: &Quant,
    ) -> Emitted {
        let [height, width] = conv.window.kernel;
        let outputs = conv.output_channels;
        let accumulator = if input.dtype == DType::I8 {
            DType::I32
        } else {
            DType::I48
        };
        let bias = self
            .builder
            .integers(accumulator, &[outputs], rows.bias.iter().copied())?;
        let pad = Pad2d {
            top: pad[0] as u32,
            bottom: pad[1] as u32,
            left: pad[2] as u32,
            right: pad[3] as u32,
        };
        let size = |[y, x]: [usize; 2]| Size2d {
            y: y as u32,
            x: x as u32,
        };
        let (stride, dilation) = (size(conv.window.stride), size(conv.dilation));
        let input_zero_point = signed(input.zero_point);
        let weight_zero_point = signed(0);
        if conv.groups > 1 {
            // [OC, KH * KW] to [KH, KW, C, M]: output channel = c * M + m in both.
            let area = height * width;
            let weights = (0..area)
                .flat_map(|position| (0..outputs).map(move |output| (output, position)))
                .map(|(output, position)| rows.weights[output * area + position]);
            let shape = [height, width, channels, outputs / channels];
            let weight = self.builder.integers(DType::I8, &shape, weights)?;
            return self
                .builder
                .operator(Operator::DepthwiseConv2d(DepthwiseConv2d {
                    input: number,
                    weight,
                    bias,
                    pad,
                    stride,
                    dilation,
                    input_zero_point,
                    weight_zero_point,
                }));
        }
        let shape = [outputs, height, width, channels];
        let weight = self
            .builder
            .integers(DType::I8, &shape, rows.weights.iter().copied())?;
        self.builder.operator(Operator::Conv2d(Conv2d {
            input: number,
            weight,
            bias,
            pad,
            stride,
            dilation,
            input_zero_point,
            weight_zero_point,
        }))
    }

    /// Windows brought into rows, times the weights.
    fn conv_as_product(
        &mut self,
        number: ValueId,
        node: &Node,
        conv: &Conv,
        pad: [usize; 4],
        rows: &Rows,
        output: &Quant,
    ) -> Emitted {
        let shape = self.shape(node.inputs[0]).to_vec();
        let out = self.shape(node.output).to_vec();
        let (channels, [height, width]) = (shape[1], conv.window.kernel);
        let reach = |axis: usize| {
            (out[axis + 2] - 1) * conv.window.stride[axis]
                + conv.dilation[axis] * (conv.window.kernel[axis] - 1)
                + 1
        };
        let (padded_height, padded_width) = (reach(0), reach(1));
        let mut image = number;
        if pad != [0; 4] {
            let padding = [(0, 0), (pad[0], pad[1]), (pad[2], pad[3]), (0, 0)];
            image = self.pad(image, &padding, 0)?;
        }
        let pixels = self.reshape(image, &[1, padded_height * padded_width, channels])?;
        let windows = out[2] * out[3];
        let pointwise = height * width == 1 && conv.window.stride == [1, 1];
        let gathered = if pointwise {
            pixels
        } else {
            let mut indices = Vec::new();
            for y in 0..out[2] {
                for x in 0..out[3] {
                    for ky in 0..height {
                        for kx in 0..width {
                            let row = y * conv.window.stride[0] + ky * conv.dilation[0];
                            let column = x * conv.window.stride[1] + kx * conv.dilation[1];
                            indices.push((row * padded_width + column) as i64);
                        }
                    }
                }
            }
            let indices = self
                .builder
                .integers(DType::I32, &[1, indices.len()], indices)?;
            self.gather(pixels, indices)?
        };
        let matrix = self.reshape(gathered, &[1, windows, height * width * channels])?;
        self.product_i16(matrix, windows, rows, output)
    }
}
