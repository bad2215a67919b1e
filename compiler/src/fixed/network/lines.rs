//! Functions that are made of lines: comparisons, and products with constants.

use super::{Lowerer, Wide, bits_for};
use crate::{error::CompileError, ir::Node};

type Computed = Result<Wide, CompileError>;

/// Most fraction bits of results up to 1.
const RESULT_BITS: i32 = 30;

impl Lowerer<'_> {
    pub(super) fn absolute(&mut self, node: &Node) -> Computed {
        let (wide, slope) = self.sloped(node, 0)?;
        let value = self.lane.abs(wide.value)?;
        Ok(Wide::scaled(value, slope, wide.bound()))
    }

    pub(super) fn sign(&mut self, node: &Node) -> Computed {
        let (wide, _) = self.sloped(node, 0)?;
        let rank = self.shape(node.output).len();
        let [low, high] = [-1, 1].map(|bound| self.lane.scalar(rank, bound));
        let value = self.lane.maximum(wide.value, low?)?;
        let value = self.lane.minimum(value, high?)?;
        Ok(Wide::scaled(value, 1.0, 1.0))
    }

    pub(super) fn leaky(&mut self, node: &Node, slope: f64) -> Computed {
        let (wide, bits) = self.uniform(node, 0)?;
        let shape = self.shape(node.output).to_vec();
        let bits = bits.min(bits_for(wide.bound() * slope.abs().max(1.0), 2.0));
        let line = self.with_bits(wide.clone(), &shape, slope, bits)?;
        let own = self.with_bits(wide, &shape, 1.0, bits)?;
        let zero = self.lane.scalar(shape.len(), 0)?;
        let negative = self.lane.greater(zero, own.value)?;
        let value = self.lane.select(negative, line.value, own.value)?;
        Ok(Wide::even(value, bits, self.expected(node.output)))
    }

    pub(super) fn thresholded(&mut self, node: &Node, alpha: f64) -> Computed {
        let (wide, slope) = self.sloped(node, 0)?;
        let rank = self.shape(node.output).len();
        let threshold = self.lane.scalar(rank, element(alpha, slope))?;
        let zero = self.lane.scalar(rank, 0)?;
        let above = self.lane.greater(wide.value, threshold)?;
        let value = self.lane.select(above, wide.value, zero)?;
        Ok(Wide { value, ..wide })
    }

    pub(super) fn shrunk(&mut self, node: &Node, lambda: f64, bias: f64) -> Computed {
        let (wide, slope) = self.sloped(node, 0)?;
        let rank = self.shape(node.output).len();
        let [zero, bias] = [0.0, bias].map(|x| self.lane.scalar(rank, element(x, slope)));
        let [low, high] = [-lambda, lambda].map(|x| self.lane.scalar(rank, element(x, slope)));
        let (zero, bias, low, high) = (zero?, bias?, low?, high?);
        let less = self.lane.sub(wide.value, bias)?;
        let more = self.lane.add(wide.value, bias)?;
        let above = self.lane.greater(wide.value, high)?;
        let below = self.lane.greater(low, wide.value)?;
        let value = self.lane.select(below, more, zero)?;
        let value = self.lane.select(above, less, value)?;
        Ok(Wide { value, ..wide })
    }

    /// `alpha x + beta`, at least 0 and at most 1.
    pub(super) fn ramp(&mut self, node: &Node, alpha: f64, beta: f64) -> Computed {
        let wide = self.read(node, 0)?;
        let lines = wide.lines.iter();
        let lines = lines.map(|(slope, offset)| (slope * alpha, offset * alpha + beta));
        let wide = Wide {
            lines: lines.collect(),
            ..wide
        };
        let shape = self.shape(node.inputs[0]).to_vec();
        let bits = bits_for(wide.bound(), 2.0).min(RESULT_BITS);
        let line = self.with_bits(wide, &shape, 1.0, bits)?;
        let value = self.limited(line.value, shape.len(), 2f64.powi(-bits), [0.0, 1.0])?;
        Ok(Wide::even(value, bits, 1.0))
    }
}

/// The element nearest to a real number in units of a size.
pub(super) fn element(real: f64, slope: f64) -> i64 {
    let limit = f64::from(i32::MAX);
    (real / slope).round().clamp(-limit, limit) as i64
}
