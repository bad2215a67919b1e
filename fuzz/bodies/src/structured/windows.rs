//! Steps that look through a window or multiply matrices.

use super::{Chain, MAX_ELEMENTS};
use crate::choices::Choices;
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{
        Operator,
        avg_pool2d::AvgPool2d,
        geometry::{Pad2d, Size2d},
        matmul::MatMul,
        max_pool2d::MaxPool2d,
    },
    tensor::DType,
};
use fixpoint_test_vectors::builder::{conv2d, depthwise_conv2d, square};

impl Chain {
    /// Operators with a window.
    pub(super) fn window(&mut self, choices: &mut Choices<'_>) {
        self.reshape(4);
        let [_, height, width, _] = self.shape[..] else {
            return;
        };
        if self.elements() > MAX_ELEMENTS {
            return;
        }
        let kind = choices.below(4);
        let most = 1 + choices.below(3) as u32;
        let side = choices.below(most.min(height).min(width) as usize) as u32;
        let kernel = Size2d {
            y: most.min(height),
            x: most.min(width),
        };
        let pad = Pad2d {
            top: side,
            bottom: side,
            left: side,
            right: 0,
        };
        let outputs = 1 + choices.below(4) as u32;
        if kind < 2 {
            self.pool(choices, kind == 0, kernel, pad);
        } else {
            self.convolution(choices, (kind == 2, outputs), kernel, pad);
        }
    }

    fn pool(&mut self, choices: &mut Choices<'_>, is_max: bool, kernel: Size2d, pad: Pad2d) {
        let (input, stride) = (self.value, square(1));
        let operator = if is_max {
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
                input_zero_point: self.zero_point(choices),
                output_zero_point: self.zero_point(choices),
            })
        };
        self.push_window(operator, self.dtype, kernel, pad, self.shape[3]);
    }

    fn convolution(
        &mut self,
        choices: &mut Choices<'_>,
        (is_dense, outputs): (bool, u32),
        kernel: Size2d,
        pad: Pad2d,
    ) {
        let (channels, any) = (self.shape[3], (-128, 127));
        let accumulator = self.accumulator();
        let biases = (-100_000, 100_000);
        let input_zero_point = self.zero_point(choices);
        let weight_zero_point = Signed32(i32::from(choices.byte() as i8) / 2);
        if is_dense {
            let shape = [outputs, kernel.y, kernel.x, channels];
            let weight = self.constant(choices, DType::I8, &shape, any);
            let bias = self.constant(choices, accumulator, &[outputs], biases);
            let mut op = conv2d(self.value, weight, bias);
            (op.pad, op.input_zero_point) = (pad, input_zero_point);
            op.weight_zero_point = weight_zero_point;
            self.push_window(Operator::Conv2d(op), accumulator, kernel, pad, outputs);
        } else {
            let copies = outputs.min(2);
            let shape = [kernel.y, kernel.x, channels, copies];
            let weight = self.constant(choices, DType::I8, &shape, any);
            let bias = self.constant(choices, accumulator, &[1], biases);
            let mut op = depthwise_conv2d(self.value, weight, bias);
            (op.pad, op.input_zero_point) = (pad, input_zero_point);
            op.weight_zero_point = weight_zero_point;
            let operator = Operator::DepthwiseConv2d(op);
            self.push_window(operator, accumulator, kernel, pad, channels * copies);
        }
    }

    fn push_window(
        &mut self,
        operator: Operator,
        to: DType,
        kernel: Size2d,
        pad: Pad2d,
        channels: u32,
    ) {
        let height = self.shape[1] + pad.top + pad.bottom + 1 - kernel.y;
        let width = self.shape[2] + pad.left + pad.right + 1 - kernel.x;
        self.push(operator, to, vec![self.shape[0], height, width, channels]);
    }

    /// Any that the type may have.
    fn zero_point(&self, choices: &mut Choices<'_>) -> Signed32 {
        let byte = i32::from(choices.byte() as i8);
        Signed32(if self.dtype == DType::I8 { byte } else { 0 })
    }

    /// Type of sums of products.
    fn accumulator(&self) -> DType {
        if self.dtype == DType::I8 {
            DType::I32
        } else {
            DType::I48
        }
    }

    pub(super) fn product(&mut self, choices: &mut Choices<'_>) {
        self.reshape(3);
        let [batch, rows, depth] = self.shape[..] else {
            return;
        };
        let columns = 1 + choices.below(20) as u32;
        let (dtype, range) = (self.dtype, self.dtype.range());
        let b = self.constant(choices, dtype, &[batch, depth, columns], range);
        let zero_point = |byte: u8| {
            Signed32(if dtype == DType::I8 {
                i32::from(byte as i8)
            } else {
                0
            })
        };
        let matmul = MatMul {
            a: self.value,
            b,
            a_zero_point: zero_point(choices.byte()),
            b_zero_point: zero_point(choices.byte()),
        };
        let to = if dtype == DType::I8 {
            DType::I32
        } else {
            DType::I48
        };
        self.push(Operator::MatMul(matmul), to, vec![batch, rows, columns]);
    }
}
