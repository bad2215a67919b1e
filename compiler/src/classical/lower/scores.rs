//! What is made of a model's scores: shares, pairs, classes, sums and products with constants.

use super::{Integers, Lowerer, unsupported};
use crate::{
    classical::pipeline::{Class, Linear, Node, Norm, Op, Pair},
    error::CompileError,
    fixed::{Emitted, Fixed},
    real,
};
use fixpoint_runtime::tensor::DType;

impl Lowerer<'_> {
    /// Scores with constants added or multiplied, at a scale in common.
    pub(super) fn evened(
        &mut self,
        output: &str,
        scores: &Integers,
    ) -> Result<Fixed, CompileError> {
        let len = scores.rules.len();
        let of = |at: usize| f64::from(u8::from(at / len == at % len));
        let same = Linear {
            weights: (0..len * len).map(of).collect(),
            bias: vec![0.0; len],
        };
        let refused = |reason: &str| CompileError::Unsupported {
            node: output.to_owned(),
            operator: "output".to_owned(),
            reason: reason.to_owned(),
        };
        self.linear_of(scores, &same, &refused)
    }

    pub(super) fn normalise(&mut self, node: &Node, norm: Norm) -> Result<Fixed, CompileError> {
        let input = self.fixed(node)?;
        let from_logistic = self
            .pipeline
            .nodes
            .iter()
            .any(|other| other.output == node.inputs[0] && matches!(other.op, Op::Logistic));
        if norm != Norm::Sum || !from_logistic {
            let reason = "only probabilities are normalised, by their sum: normalise features before the call";
            return Err(unsupported(node, reason));
        }
        // As many bits less as the sum may have more.
        let spare = real::log2(input.len as f64).ceil() as i64;
        let spare = self.lane.scalar(2, spare)?;
        let value = self.lane.shift_right(input.value, spare, true)?;
        self.lane.shares(value, input.len)
    }

    pub(super) fn pair(&mut self, node: &Node, pair: Pair) -> Result<Fixed, CompileError> {
        let input = self.fixed(node)?;
        let from = match pair {
            Pair::Complement => 1 << input.fraction_bits,
            Pair::Opposite => 0,
        };
        let from = self.lane.scalar(2, from)?;
        let other = self.lane.sub(from, input.value)?;
        Ok(Fixed {
            value: self.lane.concat(vec![other, input.value], 1)?,
            len: 2,
            bound: input.bound + f64::from(u8::from(pair == Pair::Complement)),
            ..input
        })
    }

    pub(super) fn class(&mut self, node: &Node, class: &Class) -> Emitted {
        let scores = self.fixed(node)?;
        let unit = 2f64.powi(scores.fraction_bits.cast_signed());
        let index = if scores.len == 1 {
            let above = ((class.above + class.tolerance) * unit).floor() as i64;
            let above = self.lane.scalar(2, above)?;
            let is = self.lane.greater(scores.value, above)?;
            self.lane.cast(is, DType::I32)?
        } else {
            let tolerance = (class.tolerance * unit).ceil() as i64;
            self.lane
                .first_largest(scores.value, scores.len, tolerance)?
        };
        if class
            .labels
            .iter()
            .copied()
            .eq(0..class.labels.len() as i64)
        {
            return Ok(index);
        }
        let shape = [1, class.labels.len(), 1];
        let labels = self.lane.constant(&shape, class.labels.iter().copied())?;
        let label = self.lane.gather(labels, index)?;
        self.lane.builder.reshape(label, &[1, 1])
    }
}
