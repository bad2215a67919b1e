//! Tree ensembles and linear models: from attributes to scores, probabilities and classes.

use super::{
    ensemble::Ensemble,
    import::{Entry, Importer, Label, Names, bad, unsupported},
    pipeline::{Linear, Op, Pair, ValueIndex},
};
use crate::{
    error::CompileError,
    onnx::{Attributes, messages::NodeProto},
};

/// Votes no farther apart than this are a tie: shares of float32 votes such as 1/10 do not add up to
/// exactly one half.
const VOTE_TOLERANCE: f64 = 1.0 / (1 << 22) as f64;

impl Importer {
    pub(super) fn tree_classifier(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let row = self.row(node, 0)?;
        let attributes = Attributes(node);
        let names = class_names(attributes, "classlabels_int64s", "classlabels_strings")?;
        let classes = count(&names);
        let mut ensemble = Ensemble::read(attributes, "class", classes)?;
        self.check_features(node, row, &ensemble)?;
        let mut ids: Vec<usize> = ensemble.weights().map(|(id, _)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        let one = classes == 2 && ids.len() <= 1;
        if one {
            one_score(&mut ensemble);
        }
        let base = attributes.floats("base_values")?;
        match (base.as_slice(), one) {
            ([], _) => {}
            // Of two values for one score, the second is that of the positive class.
            ([.., last], true) => ensemble.base = vec![*last],
            (base, false) if base.len() == classes => ensemble.base = base.to_vec(),
            _ => return Err(bad(node, "base_values", "is not as long as the classes").into()),
        }
        let votes = ensemble.weights().all(|(_, weight)| weight >= 0.0);
        let scores = ensemble.scores;
        let margin = self.push(node, Op::Trees(ensemble), vec![row], scores);
        let transform = attributes.text("post_transform")?.unwrap_or("NONE");
        let is_vote = votes && transform == "NONE";
        let probabilities = self.transform(node, margin, transform, is_vote)?;
        self.margin = Some(margin);
        self.define(
            node,
            0,
            Entry::Label(Label {
                scores: margin,
                above: if one && is_vote { 0.5 } else { 0.0 },
                tolerance: if is_vote { VOTE_TOLERANCE } else { 0.0 },
                names,
            }),
        );
        self.define(node, 1, Entry::Row(probabilities));
        Ok(())
    }

    pub(super) fn tree_regressor(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let row = self.row(node, 0)?;
        let attributes = Attributes(node);
        let targets = usize::try_from(attributes.int("n_targets").unwrap_or(1)).unwrap_or(0);
        if targets == 0 || targets > crate::classical::MAX_SCORES {
            return Err(bad(node, "n_targets", format!("is {targets}")).into());
        }
        let mut ensemble = Ensemble::read(attributes, "target", targets)?;
        self.check_features(node, row, &ensemble)?;
        let base = attributes.floats("base_values")?;
        if !base.is_empty() {
            if base.len() != targets {
                return Err(bad(node, "base_values", "is not as long as the targets").into());
            }
            ensemble.base = base;
        }
        let margin = self.push(node, Op::Trees(ensemble), vec![row], targets);
        self.regression(node, margin)
    }

    pub(super) fn linear_classifier(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let row = self.row(node, 0)?;
        let attributes = Attributes(node);
        let names = class_names(attributes, "classlabels_ints", "classlabels_strings")?;
        let classes = count(&names);
        let linear = linear(node, self.len(row))?;
        let scores = linear.bias.len();
        if scores != classes && !(scores == 1 && classes == 2) {
            let reason = format!("has {scores} rows for {classes} classes");
            return Err(bad(node, "coefficients", reason).into());
        }
        let margin = self.push(node, Op::Linear(linear), vec![row], scores);
        let transform = attributes.text("post_transform")?.unwrap_or("NONE");
        let probabilities = self.transform(node, margin, transform, false)?;
        self.margin = Some(margin);
        self.define(
            node,
            0,
            Entry::Label(Label {
                scores: margin,
                above: 0.0,
                tolerance: 0.0,
                names,
            }),
        );
        self.define(node, 1, Entry::Row(probabilities));
        Ok(())
    }

    pub(super) fn linear_regressor(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let row = self.row(node, 0)?;
        let linear = linear(node, self.len(row))?;
        let targets = linear.bias.len();
        let margin = self.push(node, Op::Linear(linear), vec![row], targets);
        self.regression(node, margin)
    }

    fn regression(&mut self, node: &NodeProto, margin: ValueIndex) -> Result<(), CompileError> {
        let output = match Attributes(node).text("post_transform")?.unwrap_or("NONE") {
            "NONE" => margin,
            "LOGISTIC" => self.push(node, Op::Logistic, vec![margin], self.len(margin)),
            other => return Err(transform_unsupported(node, other)),
        };
        self.margin = Some(margin);
        self.define(node, 0, Entry::Row(output));
        Ok(())
    }

    /// Scores to what the file calls probabilities.
    fn transform(
        &mut self,
        node: &NodeProto,
        scores: ValueIndex,
        transform: &str,
        votes: bool,
    ) -> Result<ValueIndex, CompileError> {
        let len = self.len(scores);
        match (transform, len) {
            ("NONE", 1) => {
                let pair = if votes {
                    Pair::Complement
                } else {
                    Pair::Opposite
                };
                Ok(self.push(node, Op::Pair(pair), vec![scores], 2))
            }
            ("NONE", _) => Ok(scores),
            ("LOGISTIC", _) => {
                let each = self.push(node, Op::Logistic, vec![scores], len);
                if len > 1 {
                    return Ok(each);
                }
                Ok(self.push(node, Op::Pair(Pair::Complement), vec![each], 2))
            }
            ("SOFTMAX", 2..) => Ok(self.push(node, Op::Softmax, vec![scores], len)),
            (other, _) => Err(transform_unsupported(node, other)),
        }
    }

    fn check_features(
        &self,
        node: &NodeProto,
        row: ValueIndex,
        ensemble: &Ensemble,
    ) -> Result<(), CompileError> {
        let (has, needs) = (self.len(row), ensemble.features());
        if needs > has {
            let reason = format!("has feature {}, the input has {has} features", needs - 1);
            return Err(bad(node, "nodes_featureids", reason).into());
        }
        Ok(())
    }
}

/// Weights of the only class that has any, as the only score.
fn one_score(ensemble: &mut Ensemble) {
    for tree in &mut ensemble.trees {
        for node in &mut tree.nodes {
            if let super::ensemble::Node::Leaf(weights) = node {
                weights.iter_mut().for_each(|weight| weight.0 = 0);
            }
        }
    }
    ensemble.scores = 1;
    ensemble.base = vec![0.0];
}

fn class_names(attributes: Attributes<'_>, ints: &str, texts: &str) -> Result<Names, CompileError> {
    let (integers, strings) = (attributes.ints(ints), attributes.texts(texts)?);
    let names = if strings.is_empty() {
        Names::Integers(integers.to_vec())
    } else {
        Names::Texts(strings)
    };
    let classes = count(&names);
    if !(2..=crate::classical::MAX_SCORES).contains(&classes) {
        let reason = format!(
            "names {classes} classes: 2 to {} are supported",
            crate::classical::MAX_SCORES
        );
        return Err(attributes.bad(ints, reason).into());
    }
    let fits = |&label: &i64| i32::try_from(label).is_ok();
    if let Names::Integers(integers) = &names
        && !integers.iter().all(fits)
    {
        return Err(attributes.bad(ints, "has a class beyond 32 bits").into());
    }
    Ok(names)
}

const fn count(names: &Names) -> usize {
    match names {
        Names::Integers(names) => names.len(),
        Names::Texts(names) => names.len(),
    }
}

/// Coefficients and intercepts for `features` inputs.
fn linear(node: &NodeProto, features: usize) -> Result<Linear, CompileError> {
    let attributes = Attributes(node);
    let weights = attributes.floats("coefficients")?;
    let rows = weights.len() / features;
    if rows == 0 || rows * features != weights.len() || rows > crate::classical::MAX_SCORES {
        let reason = format!("has {} entries for {features} features", weights.len());
        return Err(bad(node, "coefficients", reason).into());
    }
    let mut bias = attributes.floats("intercepts")?;
    if bias.is_empty() {
        bias = vec![0.0; rows];
    }
    if bias.len() != rows {
        let reason = format!("has {} entries for {rows} rows", bias.len());
        return Err(bad(node, "intercepts", reason).into());
    }
    Ok(Linear { weights, bias })
}

fn transform_unsupported(node: &NodeProto, transform: &str) -> CompileError {
    let reason = format!(
        "post_transform {transform} is not supported here: NONE, LOGISTIC and (of several scores) SOFTMAX are"
    );
    unsupported(node, reason)
}
