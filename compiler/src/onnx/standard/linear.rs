//! Linear models, and what classifiers have in common.

use super::{
    input, output, singles, unsupported,
    writer::{Value, Writer},
};
use crate::{
    error::CompileError,
    onnx::{Attributes, messages::NodeProto},
};

impl Writer<'_> {
    pub(super) fn linear_regressor(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let name = output(node, 0);
        let rows = Attributes(node).int("targets").unwrap_or(1);
        let rows = usize::try_from(rows).unwrap_or(0);
        let scores = self.scores(node, name, rows, false)?;
        self.transformed(node, &scores, name)
    }

    pub(super) fn linear_classifier(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let (label, name) = (output(node, 0), output(node, 1));
        let classes = self.class_numbers(node, "classlabels_ints")?;
        let place = if name.is_empty() { label } else { name };
        let rows = Attributes(node).floats("intercepts")?.len();
        let is_one = rows == 1 && classes.len() == 2;
        if rows != classes.len() && !is_one {
            let reason = "it has not as many intercepts as classes: export it again";
            return Err(unsupported(node, reason));
        }
        let scores = self.scores(node, place, rows, is_one)?;
        self.label(&scores, &classes, label);
        self.transformed(node, &scores, name)
    }

    /// `x W^T + b`; one row is also given as its opposite in front, so that there is a score for each of
    /// two classes.
    fn scores(
        &mut self,
        node: &NodeProto,
        place: &str,
        rows: usize,
        with_opposite: bool,
    ) -> Result<String, CompileError> {
        let attributes = Attributes(node);
        let mut weights = singles(attributes.floats("coefficients")?);
        let mut bias = singles(attributes.floats("intercepts")?);
        let columns = weights.len().checked_div(rows).unwrap_or(0);
        if columns == 0 || columns * rows != weights.len() {
            let reason = format!(
                "it has {} coefficients for {rows} rows: export it again",
                weights.len()
            );
            return Err(unsupported(node, reason));
        }
        bias.resize(rows, 0.0);
        let mut rows = rows;
        if with_opposite {
            rows = 2;
            weights.splice(0..0, weights.clone().into_iter().map(|x| -x));
            bias.splice(0..0, bias.clone().into_iter().map(|x| -x));
        }
        let weights = self.floats(format!("{place}/weights"), &[rows, columns], weights);
        let bias = self.floats(format!("{place}/bias"), &[rows], bias);
        let attributes = [("transB", Value::Int(1))];
        let operands = [input(node, 0), &weights, &bias];
        Ok(self.step("Gemm", &operands, place, "scores", &attributes))
    }

    /// Scores to what the file calls probabilities or predictions.
    fn transformed(
        &mut self,
        node: &NodeProto,
        scores: &str,
        name: &str,
    ) -> Result<(), CompileError> {
        match Attributes(node).text("post_transform")?.unwrap_or("NONE") {
            "NONE" => self.node("Identity", &[scores], name, &[]),
            "LOGISTIC" => self.node("Sigmoid", &[scores], name, &[]),
            "SOFTMAX" => self.node("Softmax", &[scores], name, &[("axis", Value::Int(1))]),
            other => {
                let reason = format!(
                    "post_transform {other} is not supported here: NONE, LOGISTIC and SOFTMAX are"
                );
                return Err(unsupported(node, reason));
            }
        }
        Ok(())
    }

    /// The class with the largest score, the first of equals.
    pub(super) fn label(&mut self, scores: &str, classes: &[i64], name: &str) {
        if name.is_empty() {
            return;
        }
        let attributes = [("axis", Value::Int(1)), ("keepdims", Value::Int(0))];
        if classes.iter().copied().eq(0..classes.len() as i64) {
            self.node("ArgMax", &[scores], name, &attributes);
        } else {
            let index = self.step("ArgMax", &[scores], name, "index", &attributes);
            let classes = self.integers(format!("{name}/classes"), classes.to_vec());
            self.node("Gather", &[&classes, &index], name, &[]);
        }
        self.mark_class(name);
    }

    /// The numbers of a classifier's classes: their own, or indices of their names.
    pub(super) fn class_numbers(
        &mut self,
        node: &NodeProto,
        numbers: &str,
    ) -> Result<Vec<i64>, CompileError> {
        let attributes = Attributes(node);
        let texts = attributes.texts("classlabels_strings")?;
        if texts.is_empty() {
            return Ok(attributes.ints(numbers).to_vec());
        }
        Ok(self.number_classes(&texts))
    }
}
