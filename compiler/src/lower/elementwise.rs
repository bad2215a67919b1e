//! Sums, products, functions of one element.

use super::{
    Layout, Lowerer, Output, TO_CHANNELS_LAST,
    emit::{Emitted, Retype},
};
use crate::{
    error::CompileError,
    ir::{Affine, Binary, Node, ValueIndex},
    quantise::Quant,
    tensor::permuted,
};
use fixpoint_runtime::{model::format::ValueId, tensor::DType};

/// Bits that operands of a sum gain before they are added, so that the common scale loses nothing:
/// 8 + 20 and 15 + 13 bits, and one more for the sum.
const SUM_HEADROOM_BITS_I8: i32 = 20;
const SUM_HEADROOM_BITS_I16: i32 = 13;
/// Largest magnitude of `element * factor + offset` in an affine map's 32 bits.
const AFFINE_LIMIT: f64 = (1 << 29) as f64;

impl Lowerer<'_> {
    /// Both operands of a pair in 32 bits of a common scale, which is returned.
    pub(super) fn common(
        &mut self,
        node: &Node,
    ) -> Result<(Layout, [ValueId; 2], f64), CompileError> {
        let (layout, numbers) = self.aligned(node)?;
        let quants = [0, 1].map(|index| self.quant(node.inputs[index]).clone());
        let bits = if quants[0].dtype == DType::I8 {
            SUM_HEADROOM_BITS_I8
        } else {
            SUM_HEADROOM_BITS_I16
        };
        let common = quants[0].scale().max(quants[1].scale()) / 2f64.powi(bits);
        let mut wide = [0; 2];
        for (index, quant) in quants.iter().enumerate() {
            let retype = Retype::widen(quant.zero_point);
            wide[index] = self.rescale(numbers[index], retype, quant.scale() / common)?;
        }
        Ok((layout, wide, common))
    }

    pub(super) fn sum(&mut self, node: &Node, op: Binary) -> Output {
        let (layout, [a, b], common) = self.common(node)?;
        let output = self.quant(node.output).clone();
        let result = match op {
            Binary::Sub => self.sub(a, b)?,
            Binary::Max => self.maximum(a, b)?,
            Binary::Min => self.minimum(a, b)?,
            _ => self.add(a, b)?,
        };
        Ok((layout, self.narrowed(result, common, &output)?))
    }

    /// Integers that stand for themselves.
    pub(super) fn integers(&mut self, node: &Node, op: Binary) -> Output {
        let (layout, numbers) = self.aligned(node)?;
        let &[a, b] = numbers.as_slice() else {
            return Err(Self::unsupported(node, "it needs two operands"));
        };
        let result = match op {
            Binary::Add => self.add(a, b)?,
            Binary::Sub => self.sub(a, b)?,
            Binary::Mul => self.mul(a, b, 0)?,
            Binary::Div => self.divide(a, b)?,
            Binary::Max => self.maximum(a, b)?,
            Binary::Min => self.minimum(a, b)?,
        };
        Ok((layout, result))
    }

    pub(super) fn product(&mut self, node: &Node) -> Output {
        let (layout, mut numbers) = self.aligned(node)?;
        let output = self.quant(node.output).clone();
        let quants = [
            self.quant(node.inputs[0]).clone(),
            self.quant(node.inputs[1]).clone(),
        ];
        if output.dtype == DType::I8 {
            for (number, quant) in numbers.iter_mut().zip(&quants) {
                *number = self.rescale(*number, Retype::widen(quant.zero_point), 1.0)?;
            }
        }
        let product = self.mul(numbers[0], numbers[1], 0)?;
        let scale = quants[0].scale() * quants[1].scale();
        Ok((layout, self.narrowed(product, scale, &output)?))
    }

    /// 32-bit elements of this scale in an output's own type and scale.
    pub(super) fn narrowed(&mut self, number: ValueId, scale: f64, output: &Quant) -> Emitted {
        let retype = Retype {
            to: output.dtype,
            from_zero_point: 0,
            to_zero_point: output.zero_point,
        };
        self.rescale(number, retype, scale / output.scale())
    }

    /// All operands in the same order and of the output's rank.
    pub(super) fn aligned(&mut self, node: &Node) -> Result<(Layout, Vec<ValueId>), CompileError> {
        let rank = self.shape(node.output).len();
        let last = |lowerer: &Self, value: ValueIndex| lowerer.any(value).0 == Layout::ChannelsLast;
        let channels_last = rank == 4
            && node
                .inputs
                .iter()
                .all(|&value| self.shape(value).len() == 4)
            && node.inputs.iter().any(|&value| last(self, value));
        let mut numbers = Vec::new();
        for &value in &node.inputs {
            if channels_last {
                numbers.push(self.channels_last(value)?);
                continue;
            }
            let mut number = self.plain(value)?;
            let shape = self.shape(value).to_vec();
            if shape.len() < rank {
                let mut longer = vec![1; rank - shape.len()];
                longer.extend(shape);
                number = self.builder.reshape(number, &longer)?;
            }
            numbers.push(number);
        }
        let layout = if channels_last {
            Layout::ChannelsLast
        } else {
            Layout::Plain
        };
        Ok((layout, numbers))
    }

    /// `x * scale + offset`: in 32 bits with as many fraction bits as fit, then back.
    pub(super) fn affine(&mut self, node: &Node, affine: &Affine) -> Output {
        let value = node.inputs[0];
        let (input, output) = (self.quant(value).clone(), self.quant(node.output).clone());
        let (layout, number) = match self.any(value) {
            (Layout::ChannelsLast, number) => (Layout::ChannelsLast, number),
            _ => (Layout::Plain, self.plain(value)?),
        };
        let order = order_of(&affine.shape, &layout);
        let shape = match layout {
            Layout::ChannelsLast => permuted(&affine.shape, &TO_CHANNELS_LAST),
            _ => affine.shape.clone(),
        };
        let elements = if input.dtype == DType::I8 {
            256.0
        } else {
            65536.0
        };
        let largest = |values: &[f32]| {
            values
                .iter()
                .fold(0.0_f64, |max, &v| max.max(f64::from(v).abs()))
        };
        // One unit of the 32-bit result.
        let bound =
            (largest(&affine.scale) * elements * input.scale()).max(largest(&affine.offset));
        let unit = if bound > 0.0 {
            bound / AFFINE_LIMIT
        } else {
            1.0
        };
        let factors: Vec<i64> = order
            .iter()
            .map(|&index| (f64::from(affine.scale[index]) * input.scale() / unit).round() as i64)
            .collect();
        let offsets: Vec<i64> = order
            .iter()
            .map(|&index| (f64::from(affine.offset[index]) / unit).round() as i64)
            .collect();
        let wide = self.rescale(number, Retype::widen(input.zero_point), 1.0)?;
        let factors = self.builder.integers(DType::I32, &shape, factors)?;
        let mut result = self.mul(wide, factors, 0)?;
        if offsets.iter().any(|&offset| offset != 0) {
            let offsets = self.builder.integers(DType::I32, &shape, offsets)?;
            result = self.add(result, offsets)?;
        }
        Ok((layout, self.narrowed(result, unit, &output)?))
    }

    pub(super) fn clamp_node(&mut self, node: &Node, low: f64, high: f64) -> Output {
        let (layout, number) = self.any(node.inputs[0]);
        let quant = self.quant(node.output).clone();
        let (min, max) = quant.dtype.range();
        if quant.dtype == DType::I32 {
            let rank = self.shape(node.output).len();
            let mut number = number;
            if low.is_finite() {
                let low = self.scalar(quant.element(low), rank)?;
                number = self.maximum(number, low)?;
            }
            if high.is_finite() {
                let high = self.scalar(quant.element(high), rank)?;
                number = self.minimum(number, high)?;
            }
            return Ok((layout, number));
        }
        let bound = |real: f64, default| {
            if real.is_finite() {
                quant.element(real)
            } else {
                default
            }
        };
        let (low, high) = (bound(low, min), bound(high, max));
        if (low, high) == (min, max) {
            return Ok((layout, number));
        }
        Ok((layout, self.clamp(number, low, high.max(low))?))
    }
}

/// For each element of a constant in its value's order, its index in ONNX order.
fn order_of(shape: &[usize], layout: &Layout) -> Vec<usize> {
    let elements: usize = shape.iter().product();
    let &[images, channels, height, width] = shape else {
        return (0..elements).collect();
    };
    if *layout != Layout::ChannelsLast {
        return (0..elements).collect();
    }
    let mut order = Vec::with_capacity(elements);
    for image in 0..images {
        for position in 0..height * width {
            order.extend((0..channels).map(|c| (image * channels + c) * height * width + position));
        }
    }
    order
}
