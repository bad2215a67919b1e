//! Convolutions.
//!
//! int8: CONV2D or DEPTHWISE_CONV2D with a RESCALE per output channel; groups of several channels
//! one by one. int16: GATHER brings each window into a row, then the 16-bit matrix product of
//! [`super::dense`], a batch for each group; images whose index list would be large use 8-bit
//! weights (CONV2D on 16-bit inputs) instead, with a remark in the report.

use super::{
    Layout, Lowerer, Output, TO_CHANNELS_LAST,
    dense::{MAX_WEIGHT_I8, MAX_WEIGHT_I16, Rows, rows_i8, rows_wide, too_narrow},
    emit::{Emitted, Retype},
    prescribed::{rows_prescribed, rows_prescribed_wide},
};
use crate::{
    builder::signed,
    ir::{Conv, Node},
    quantise::Quant,
    tensor::permuted,
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
            let rows = match &conv.grid {
                Some(grid) => rows_prescribed(grid, &weights, &bias, scale_in, scale_out),
                None => rows_i8(&weights, &bias, scale_in, scale_out),
            };
            let mut result = self.conv_groups(number, node, conv, pad, &rows)?;
            if !output.plain {
                let retype = Retype {
                    to: output.dtype,
                    from_zero_point: 0,
                    to_zero_point: output.zero_point,
                };
                result = self.rescale_channels(result, retype, &rows.factors)?;
            }
            return Ok((Layout::ChannelsLast, result));
        }
        let out_shape = permuted(self.shape(node.output), &TO_CHANNELS_LAST);
        let area = conv.window.kernel[0] * conv.window.kernel[1];
        let index_bytes = 4 * out_shape[0] * out_shape[1] * out_shape[2] * area;
        let narrow_weights = index_bytes > MAX_INDEX_BYTES;
        let (max_weight, max_bias) = if narrow_weights {
            (MAX_WEIGHT_I8, MAX_BIAS_I48)
        } else {
            (MAX_WEIGHT_I16, MAX_BIAS_COLUMNS)
        };
        let uniform = conv.groups > 1 && !narrow_weights;
        let (scales, limits) = ([scale_in, scale_out], [max_weight, max_bias]);
        let own = conv
            .grid
            .as_ref()
            .and_then(|grid| rows_prescribed_wide(grid, &weights, &bias, scales, limits, uniform));
        let rows = own.or_else(|| {
            rows_wide(
                &weights, &bias, scale_in, scale_out, max_weight, max_bias, uniform,
            )
        });
        let rows = rows.ok_or_else(|| too_narrow(node))?;
        if narrow_weights {
            self.remarks.push(format!(
                "'{}' ({}): 16-bit activations with 8-bit weights",
                node.name, node.source
            ));
            let product = self.conv_groups(number, node, conv, pad, &rows)?;
            let retype = Retype {
                to: output.dtype,
                from_zero_point: 0,
                to_zero_point: 0,
            };
            let result = self.rescale_by(product, retype, &rows.narrow, false)?;
            return Ok((Layout::ChannelsLast, result));
        }
        let result = self.conv_as_product(number, node, conv, pad, &rows, &output)?;
        Ok((
            Layout::ChannelsLast,
            self.builder.reshape(result, &out_shape)?,
        ))
    }

    /// For each weight as `[OC, KH, KW, IC / groups]`, its index in ONNX order.
    fn weight_order(conv: &Conv, channels: usize) -> Vec<usize> {
        let [height, width] = conv.window.kernel;
        let group_channels = channels / conv.groups;
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

    /// The accumulators of all groups: one operator, or one for each group where the channels of a
    /// group see each other.
    fn conv_groups(
        &mut self,
        number: ValueId,
        node: &Node,
        conv: &Conv,
        pad: [usize; 4],
        rows: &Rows,
    ) -> Emitted {
        let input = self.quant(node.inputs[0]).clone();
        let channels = self.shape(node.inputs[0])[1];
        if conv.groups == 1 || conv.groups == channels {
            return self.conv_operator(number, conv, channels, pad, rows, &input);
        }
        let (group_channels, group_outputs) =
            (channels / conv.groups, conv.output_channels / conv.groups);
        let shape = permuted(self.shape(node.inputs[0]), &TO_CHANNELS_LAST);
        let mut size = self.fitted_size(node, &conv.window, conv.dilation, &shape);
        size[3] = group_channels;
        let one = Conv {
            groups: 1,
            output_channels: group_outputs,
            ..conv.clone()
        };
        let per_row = rows.weights.len() / rows.bias.len();
        let mut products = Vec::new();
        for group in 0..conv.groups {
            let start = [0, 0, 0, group * group_channels];
            let part = self.builder.slice(number, &start, &size)?;
            let range = group * group_outputs..(group + 1) * group_outputs;
            let part_rows = Rows {
                weights: rows.weights[range.start * per_row..range.end * per_row].to_vec(),
                bias: rows.bias[range].to_vec(),
                factors: Vec::new(),
                narrow: Vec::new(),
                zero_point: rows.zero_point,
            };
            products.push(self.conv_operator(
                part,
                &one,
                group_channels,
                pad,
                &part_rows,
                &input,
            )?);
        }
        self.concat(products, 3)
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
        let weight_zero_point = signed(rows.zero_point);
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
        let (images, channels, area) = (
            shape[0],
            shape[1],
            conv.window.kernel[0] * conv.window.kernel[1],
        );
        let reach = conv.reach();
        let [padded_height, padded_width] =
            [0, 1].map(|axis| (out[axis + 2] - 1) * conv.window.stride[axis] + reach[axis]);
        let mut image = number;
        if pad != [0; 4] {
            let padding = [(0, 0), (pad[0], pad[1]), (pad[2], pad[3]), (0, 0)];
            image = self.builder.pad(image, &padding, 0)?;
        }
        let pixels = self
            .builder
            .reshape(image, &[1, images * padded_height * padded_width, channels])?;
        let windows = images * out[2] * out[3];
        let pointwise = area == 1 && conv.window.stride == [1, 1];
        let gathered = if pointwise {
            pixels
        } else {
            let indices = window_indices(conv, &out, images, [padded_height, padded_width]);
            let indices = self
                .builder
                .integers(DType::I32, &[1, indices.len()], indices)?;
            self.gather(pixels, indices)?
        };
        let (groups, group_channels) = (conv.groups, channels / conv.groups);
        let depth = area * group_channels;
        if groups == 1 {
            let matrix = self.builder.reshape(gathered, &[1, windows, depth])?;
            return self.product_i16(matrix, [1, windows], rows, output);
        }
        let apart = [windows, area, groups, group_channels];
        let matrix = self.builder.reshape(gathered, &apart)?;
        let matrix = self.builder.transpose(matrix, &apart, &[2, 0, 1, 3])?;
        let matrix = self.builder.reshape(matrix, &[groups, windows, depth])?;
        let product = self.product_i16(matrix, [groups, windows], rows, output)?;
        let each = conv.output_channels / groups;
        self.builder
            .transpose(product, &[groups, windows, each], &[1, 0, 2])
    }
}

/// For each position of each window, its pixel in the padded images.
fn window_indices(
    conv: &Conv,
    out: &[usize],
    images: usize,
    [padded_height, padded_width]: [usize; 2],
) -> Vec<i64> {
    let [height, width] = conv.window.kernel;
    let mut indices = Vec::new();
    for image in 0..images {
        for window in 0..out[2] * out[3] {
            let (y, x) = (window / out[3], window % out[3]);
            for position in 0..height * width {
                let (ky, kx) = (position / width, position % width);
                let row = y * conv.window.stride[0] + ky * conv.dilation[0];
                let column = x * conv.window.stride[1] + kx * conv.dilation[1];
                let pixel = (image * padded_height + row) * padded_width + column;
                indices.push(pixel as i64);
            }
        }
    }
    indices
}
