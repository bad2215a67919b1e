//! Reductions: the largest and smallest of elements as they are; sums and means in 32 bits.

use super::{Layout, Lowerer, Output, TO_CHANNELS_LAST, emit::Retype};
use crate::{
    error::CompileError,
    ir::{Element, Node, Reduction, Window},
};
use fixpoint_runtime::{
    model::format::ValueId,
    ops::{
        Operator,
        avg_pool2d::AvgPool2d,
        geometry::{Pad2d, Size2d},
    },
    tensor::DType,
};

impl Lowerer<'_> {
    pub(super) fn reduce_node(&mut self, node: &Node, kind: Reduction, axes: &[usize]) -> Output {
        let value = node.inputs[0];
        let element = self.graph.values[value].element;
        let input = self.quant(value).clone();
        let output = self.quant(node.output);
        let same = output.ratio == input.ratio && output.zero_point == input.zero_point;
        if kind == Reduction::Mean && input.dtype == DType::I8 && same {
            return self.mean_i8(node, axes);
        }
        let (layout, mut number) = match self.any(value) {
            (Layout::ChannelsLast, number) => (Layout::ChannelsLast, number),
            _ => (Layout::Plain, self.plain(value)?),
        };
        let position = |axis: usize| match layout {
            Layout::ChannelsLast => TO_CHANNELS_LAST
                .iter()
                .position(|&from| from == axis)
                .unwrap_or(axis),
            _ => axis,
        };
        let sums = !kind.picks();
        if element == Element::Real && sums {
            number = self.rescale(number, Retype::widen(input.zero_point), 1.0)?;
        }
        for &axis in axes {
            number = self.reduced(node, number, kind, element, position(axis))?;
        }
        if element == Element::Real && sums {
            let shape = self.shape(value);
            let length: usize = axes.iter().map(|&axis| shape[axis]).product();
            let share = if kind == Reduction::Mean {
                1.0 / length as f64
            } else {
                1.0
            };
            let output = self.quant(node.output).clone();
            number = self.narrowed(number, input.scale() * share, &output)?;
        }
        Ok((layout, number))
    }

    fn reduced(
        &mut self,
        node: &Node,
        number: ValueId,
        kind: Reduction,
        element: Element,
        axis: usize,
    ) -> Result<ValueId, CompileError> {
        match (kind, element) {
            (Reduction::Max, Element::Boolean) => self.reduce_true(number, axis, false),
            (Reduction::Min, Element::Boolean) => self.reduce_true(number, axis, true),
            (Reduction::Max, _) => self.reduce_max(number, axis),
            (Reduction::Min, _) => self.reduce_min(number, axis),
            (Reduction::Sum, Element::Real | Element::Integer)
            | (Reduction::Mean, Element::Real) => self.reduce_sum(number, axis),
            _ => Err(Self::unsupported(
                node,
                "of integers it is not supported: cast them to float before",
            )),
        }
    }

    /// The mean over some axes of 8-bit elements: one average pool over all of them.
    fn mean_i8(&mut self, node: &Node, axes: &[usize]) -> Output {
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
        let moved = self
            .builder
            .transpose(plain, &shape, &[reduced, kept].concat())?;
        let input = self.builder.reshape(moved, &[1, height, 1, channels])?;
        let zero_point = crate::builder::signed(self.quant(value).zero_point);
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
        Ok((Layout::Plain, self.builder.reshape(pooled, &shape)?))
    }
}
