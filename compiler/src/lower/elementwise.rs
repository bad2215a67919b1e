//! Sums, products, functions of one element.

use super::{
    Layout, Lowerer, Output, TO_CHANNELS_LAST,
    emit::{Emitted, Retype},
    permuted,
};
use crate::{
    error::CompileError,
    ir::{Affine, Node, Op, Unary, ValueIndex},
    quantise::Quant,
};
use fixpoint_runtime::{model::format::ValueId, tensor::DType};

/// Bits that operands of a sum gain before they are added, so that the common scale loses nothing:
/// 8 + 20 and 15 + 13 bits, and one more for the sum.
const SUM_HEADROOM_BITS_I8: i32 = 20;
const SUM_HEADROOM_BITS_I16: i32 = 13;
/// Largest magnitude of `element * factor + offset` in an affine map's 32 bits.
const AFFINE_LIMIT: f64 = (1 << 29) as f64;

impl Lowerer<'_> {
    pub(super) fn sum(&mut self, node: &Node) -> Output {
        let (layout, numbers) = self.aligned(node)?;
        let output = self.quant(node.output).clone();
        let quants = [
            self.quant(node.inputs[0]).clone(),
            self.quant(node.inputs[1]).clone(),
        ];
        let bits = if output.dtype == DType::I8 {
            SUM_HEADROOM_BITS_I8
        } else {
            SUM_HEADROOM_BITS_I16
        };
        let common = quants[0].scale().max(quants[1].scale()) / 2f64.powi(bits);
        let mut wide = Vec::new();
        for (number, quant) in numbers.into_iter().zip(&quants) {
            let retype = Retype::widen(quant.zero_point);
            wide.push(self.rescale(number, retype, quant.scale() / common)?);
        }
        let sum = match node.op {
            Op::Sub => self.sub(wide[0], wide[1])?,
            _ => self.add(wide[0], wide[1])?,
        };
        Ok((layout, self.narrowed(sum, common, &output)?))
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
    fn narrowed(&mut self, number: ValueId, scale: f64, output: &Quant) -> Emitted {
        let retype = Retype {
            to: output.dtype,
            from_zero_point: 0,
            to_zero_point: output.zero_point,
        };
        self.rescale(number, retype, scale / output.scale())
    }

    /// Both operands in the same order and of the same rank.
    fn aligned(&mut self, node: &Node) -> Result<(Layout, Vec<ValueId>), CompileError> {
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
                number = self.reshape(number, &longer)?;
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
            return Err(Self::unsupported(
                node,
                "a clamp of 32-bit elements is not supported",
            ));
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

    pub(super) fn unary(&mut self, node: &Node, unary: Unary) -> Output {
        let (layout, number) = self.any(node.inputs[0]);
        let (input, output) = (
            self.quant(node.inputs[0]).clone(),
            self.quant(node.output).clone(),
        );
        if input.dtype == DType::I8 {
            let entries = (-128..128).map(|element: i32| {
                let real = f64::from(element - input.zero_point) * input.scale();
                output.element(unary.apply(real))
            });
            return Ok((layout, self.table8(number, entries)?));
        }
        let looked_up = self.table16(number, |position| {
            let real = (position - 0.5) * 65536.0 * input.scale();
            unary.apply(real) / output.scale()
        })?;
        // The table's 7 fraction bits.
        let fine = output.scale() / 128.0;
        Ok((layout, self.narrowed(looked_up, fine, &output)?))
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
