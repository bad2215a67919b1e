//! Truth values, comparisons, selection, casts.

use super::{
    Layout, Lowerer, Output,
    emit::{Emitted, Retype},
};
use crate::{
    ir::{Comparison, Element, Logical, Node},
    quantise::Quant,
    real,
};
use fixpoint_runtime::{model::format::ValueId, tensor::DType};

impl Lowerer<'_> {
    pub(super) fn compare(&mut self, node: &Node, comparison: Comparison) -> Output {
        match self.graph.values[node.inputs[0]].element {
            Element::Boolean => {
                let (layout, numbers) = self.aligned(node)?;
                let differ = self.combined(Logical::Xor, numbers[0], numbers[1])?;
                if comparison != Comparison::Equal {
                    return Err(Self::unsupported(node, "truth values have no order"));
                }
                Ok((layout, self.negated(differ)?))
            }
            Element::Integer => {
                let (layout, numbers) = self.aligned(node)?;
                Ok((layout, self.compared(comparison, numbers[0], numbers[1])?))
            }
            Element::Real => {
                let (layout, [a, b], _) = self.common(node)?;
                Ok((layout, self.compared(comparison, a, b)?))
            }
        }
    }

    pub(super) fn logical(&mut self, node: &Node, logical: Logical) -> Output {
        let (layout, numbers) = self.aligned(node)?;
        Ok((layout, self.combined(logical, numbers[0], numbers[1])?))
    }

    pub(super) fn not(&mut self, node: &Node) -> Output {
        let (layout, number) = self.any(node.inputs[0]);
        Ok((layout, self.negated(number)?))
    }

    pub(super) fn select_node(&mut self, node: &Node) -> Output {
        let (layout, numbers) = self.aligned(node)?;
        let a = self.in_scale_of(numbers[1], node.inputs[1], node.output)?;
        let b = self.in_scale_of(numbers[2], node.inputs[2], node.output)?;
        Ok((layout, self.select(numbers[0], a, b)?))
    }

    pub(super) fn cast_node(&mut self, node: &Node) -> Output {
        let value = node.inputs[0];
        let (layout, number) = self.any(value);
        let rank = self.shape(value).len();
        let (input, output) = (self.quant(value).clone(), self.quant(node.output).clone());
        let element = |value: usize| self.graph.values[value].element;
        let result = match (element(value), element(node.output)) {
            (Element::Boolean, Element::Real) => {
                let ones = vec![1; rank];
                let [zero, one] = [0.0, 1.0].map(|real| {
                    let element = output.element(real);
                    self.builder.integers(output.dtype, &ones, [element])
                });
                self.select(number, one?, zero?)?
            }
            (Element::Boolean, _) => self.cast(number, DType::I32)?,
            (Element::Integer, Element::Real) => self.narrowed(number, 1.0, &output)?,
            (Element::Integer, _) => self.is_not_zero(number, rank)?,
            (Element::Real, Element::Integer) => self.truncated(number, rank, &input)?,
            (Element::Real, _) => {
                let wide = self.rescale(number, Retype::widen(input.zero_point), 1.0)?;
                self.is_not_zero(wide, rank)?
            }
        };
        Ok((layout, result))
    }

    fn is_not_zero(&mut self, number: ValueId, rank: usize) -> Emitted {
        let zero = self.scalar(0, rank)?;
        let equal = self.compared(Comparison::Equal, number, zero)?;
        self.negated(equal)
    }

    /// Cut towards zero, with half a step of the input added: what rounding to the input's scale
    /// has moved below an integer counts as it.
    fn truncated(&mut self, number: ValueId, rank: usize, input: &Quant) -> Emitted {
        let (min, max) = input.dtype.range();
        let largest = (max - min) as f64 * input.scale();
        let bits = (28.0 - real::log2(largest).ceil()).clamp(0.0, 28.0) as i32;
        let unit = 2f64.powi(bits);
        let wide = self.rescale(
            number,
            Retype::widen(input.zero_point),
            input.scale() * unit,
        )?;
        let magnitude = self.abs(wide)?;
        let half = self.scalar((input.scale() * unit / 2.0).round() as i64, rank)?;
        let magnitude = self.add(magnitude, half)?;
        let places = self.scalar(i64::from(bits), rank)?;
        let whole = self.shift_right(magnitude, places, false)?;
        let zero = self.scalar(0, rank)?;
        let negative = self.compared(Comparison::Greater, zero, wide)?;
        let minus = self.sub(zero, whole)?;
        self.select(negative, minus, whole)
    }

    /// Whether a value has its channels last and nothing else.
    pub(super) fn is_channels_last(&self, value: usize) -> bool {
        self.any(value).0 == Layout::ChannelsLast
    }
}
