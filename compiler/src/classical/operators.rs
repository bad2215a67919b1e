//! One ONNX operator each to the pipeline's.

use super::{
    grid::Step,
    import::{Entry, Importer, Names, bad, unsupported},
    pipeline::{Norm, Op, ValueIndex},
};
use crate::{
    error::CompileError,
    onnx::{Attributes, ML_DOMAIN, Numbers, messages::NodeProto},
};

/// Element types that Cast goes to.
const FLOAT32: i64 = 1;
const INTEGERS: [i64; 2] = [6, 7];

/// What to say of an operator that nothing here computes. Only files with trees are refused for it: the others
/// are compiled as networks.
const BESIDE_TREES: &str = "it is not computed beside trees. In front of them: compute such features before the call, or train the trees without. Behind them: cut the graph with --outputs (a tensor's name, or margin for the trees' scores) and do the rest in the contract; instead of AdaBoost, bagging, voting and stacking of trees, train a random forest, ExtraTrees or gradient boosting";

impl Importer {
    pub(super) fn node(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let domain = match node.domain.as_str() {
            "ai.onnx" => "",
            domain => domain,
        };
        match (domain, node.op_type.as_str()) {
            (ML_DOMAIN, "TreeEnsembleClassifier") => self.tree_classifier(node),
            (ML_DOMAIN, "TreeEnsembleRegressor") => self.tree_regressor(node),
            (ML_DOMAIN, "LinearClassifier") => self.linear_classifier(node),
            (ML_DOMAIN, "LinearRegressor") => self.linear_regressor(node),
            (ML_DOMAIN, "Scaler") => self.scaler(node),
            (ML_DOMAIN, "Normalizer") => self.normalizer(node),
            (ML_DOMAIN, "OneHotEncoder") => self.one_hot(node),
            (ML_DOMAIN, "LabelEncoder") => self.label_encoder(node),
            (ML_DOMAIN, "ArrayFeatureExtractor") | ("", "Gather") => self.columns(node),
            (ML_DOMAIN, "FeatureVectorizer") | ("", "Concat") => self.concat(node),
            // A map's keys are the classes, in the order of the row. No word is a NaN to impute.
            (ML_DOMAIN, "ZipMap" | "Imputer") | ("", "Identity" | "Flatten" | "Reshape") => {
                let entry = self.entry(node, 0)?;
                self.define(node, 0, entry);
                Ok(())
            }
            ("", "Cast") => self.cast(node),
            ("", "Add" | "Sub" | "Mul" | "Div") => self.arithmetic(node),
            ("", "Softmax") => self.function(node, Op::Softmax),
            ("", "Sigmoid") => self.function(node, Op::Logistic),
            _ => Err(unsupported(node, BESIDE_TREES)),
        }
    }

    fn function(&mut self, node: &NodeProto, op: Op) -> Result<(), CompileError> {
        let row = self.row(node, 0)?;
        let output = self.push(node, op, vec![row], self.len(row));
        self.define(node, 0, Entry::Row(output));
        Ok(())
    }

    /// Operations on each element with constants of its own.
    fn each(&mut self, node: &NodeProto, row: ValueIndex, mut steps: Vec<Vec<Step>>) -> ValueIndex {
        for steps in &mut steps {
            if self.is_single(row) {
                steps.insert(0, Step::Round);
            }
        }
        self.push(node, Op::Each(steps), vec![row], self.len(row))
    }

    fn cast(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let to = Attributes(node).int("to").unwrap_or_default();
        let entry = match self.entry(node, 0)? {
            Entry::Label(label) if to == FLOAT32 || INTEGERS.contains(&to) => Entry::Label(label),
            Entry::Row(row) if to == FLOAT32 && self.is_single(row) => Entry::Row(row),
            Entry::Row(row) if to == FLOAT32 => {
                let steps = vec![vec![Step::Round]; self.len(row)];
                Entry::Row(self.each(node, row, steps))
            }
            Entry::Row(row) if INTEGERS.contains(&to) => {
                let steps = vec![vec![Step::Truncate]; self.len(row)];
                Entry::Row(self.each(node, row, steps))
            }
            _ => {
                return Err(unsupported(
                    node,
                    "only casts to float32 and to integers are supported",
                ));
            }
        };
        self.define(node, 0, entry);
        Ok(())
    }

    /// Sums, differences, products and quotients with a constant.
    fn arithmetic(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let (row, constant, swapped) = match (self.entry(node, 0)?, self.entry(node, 1)?) {
            (Entry::Row(row), Entry::Constant(constant)) => (row, constant, false),
            (Entry::Constant(constant), Entry::Row(row)) => (row, constant, true),
            _ => return Err(unsupported(node, "one of its inputs must be a constant")),
        };
        let step = match (node.op_type.as_str(), swapped) {
            ("Add", _) => Step::Add,
            ("Mul", _) => Step::Mul,
            ("Sub", false) => Step::Sub,
            ("Div", false) => Step::Div,
            _ => return Err(unsupported(node, "its second input must be the constant")),
        };
        let len = self.len(row);
        let constants = broadcast(node, &constant, len)?;
        // onnxmltools multiplies LightGBM's probabilities by 1.
        let neutral = match node.op_type.as_str() {
            "Add" | "Sub" => 0.0,
            _ => 1.0,
        };
        if constants.iter().all(|&constant| constant == neutral) {
            self.define(node, 0, Entry::Row(row));
            return Ok(());
        }
        let steps = constants.into_iter().map(|constant| vec![step(constant)]);
        let output = self.each(node, row, steps.collect());
        self.define(node, 0, Entry::Row(output));
        Ok(())
    }

    fn scaler(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let row = self.row(node, 0)?;
        let attributes = Attributes(node);
        let per_element = |name: &str, default: f64| {
            let shape = vec![];
            let mut values = attributes.floats(name)?;
            if values.is_empty() {
                values.push(default);
            }
            let constant = Numbers {
                shape,
                values,
                integer: false,
            };
            broadcast(node, &constant, self.len(row))
        };
        let offsets = per_element("offset", 0.0)?;
        let scales = per_element("scale", 1.0)?;
        let steps = offsets.into_iter().zip(scales);
        let steps = steps.map(|(offset, scale)| vec![Step::Sub(offset), Step::Mul(scale)]);
        let output = self.each(node, row, steps.collect());
        self.define(node, 0, Entry::Row(output));
        Ok(())
    }

    fn normalizer(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let row = self.row(node, 0)?;
        let norm = match Attributes(node).text("norm")? {
            None | Some("MAX") => Norm::Max,
            Some("L1") => Norm::Sum,
            Some(other) => {
                let reason = format!(
                    "norm {other}: only MAX and L1 are supported; scale the features before the call"
                );
                return Err(unsupported(node, reason));
            }
        };
        // A softmax adds up to 1 already.
        let producer = self.pipeline.nodes.iter().find(|node| node.output == row);
        let softmax = producer.is_some_and(|node| matches!(node.op, Op::Softmax));
        if norm == Norm::Sum && softmax {
            self.define(node, 0, Entry::Row(row));
            return Ok(());
        }
        self.function(node, Op::Normalise(norm))
    }

    fn one_hot(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let row = self.row(node, 0)?;
        let attributes = Attributes(node);
        if attributes.has("cats_strings") {
            let reason = "its categories are texts: encode them as integers before the model";
            return Err(unsupported(node, reason));
        }
        let categories: Vec<f64> = attributes
            .ints("cats_int64s")
            .iter()
            .map(|&category| category as f64)
            .collect();
        if categories.is_empty() {
            return Err(bad(node, "cats_int64s", "is missing").into());
        }
        let len = self.len(row) * categories.len();
        let output = self.push(node, Op::OneHot(categories), vec![row], len);
        self.define(node, 0, Entry::Row(output));
        Ok(())
    }

    /// Other names for classes.
    fn label_encoder(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let Entry::Label(mut label) = self.entry(node, 0)? else {
            let reason = "only classes are encoded here: encode features before the model. Of an isolation forest, train a model of its scores instead (a random forest regressor)";
            return Err(unsupported(node, reason));
        };
        let attributes = Attributes(node);
        let (texts, ints) = (
            attributes.texts("keys_strings")?,
            attributes.ints("keys_int64s"),
        );
        let position = |index: usize| match &label.names {
            Names::Integers(names) => ints.iter().position(|key| *key == names[index]),
            Names::Texts(names) => texts.iter().position(|key| *key == names[index]),
        };
        let count = match &label.names {
            Names::Integers(names) => names.len(),
            Names::Texts(names) => names.len(),
        };
        let positions: Option<Vec<usize>> = (0..count).map(position).collect();
        let missing = || bad(node, "keys_int64s or keys_strings", "lacks a class");
        let positions = positions.ok_or_else(missing)?;
        let (texts, ints) = (
            attributes.texts("values_strings")?,
            attributes.ints("values_int64s"),
        );
        let lacks = || bad(node, "values_int64s or values_strings", "is too short");
        label.names = if texts.is_empty() {
            let of = |&position: &usize| ints.get(position).copied();
            Names::Integers(
                positions
                    .iter()
                    .map(of)
                    .collect::<Option<_>>()
                    .ok_or_else(lacks)?,
            )
        } else {
            let of = |&position: &usize| texts.get(position).cloned();
            Names::Texts(
                positions
                    .iter()
                    .map(of)
                    .collect::<Option<_>>()
                    .ok_or_else(lacks)?,
            )
        };
        self.define(node, 0, Entry::Label(label));
        Ok(())
    }

    fn columns(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let row = self.row(node, 0)?;
        let Entry::Constant(constant) = self.entry(node, 1)? else {
            return Err(unsupported(node, "the positions must be constants"));
        };
        if node.op_type == "Gather" && Attributes(node).int("axis").unwrap_or(0) != 1 {
            return Err(unsupported(node, "only axis 1 holds features"));
        }
        let len = self.len(row);
        let position = |&position: &f64| {
            (position >= 0.0 && position < len as f64).then_some(position as usize)
        };
        let positions: Option<Vec<usize>> = constant.values.iter().map(position).collect();
        let positions = positions
            .ok_or_else(|| unsupported(node, format!("a position is not within {len} features")))?;
        let picked = positions.len();
        let output = self.push(node, Op::Columns(positions), vec![row], picked);
        self.define(node, 0, Entry::Row(output));
        Ok(())
    }

    fn concat(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let rows: Result<Vec<_>, _> = (0..node.input.len()).map(|i| self.row(node, i)).collect();
        let rows = rows?;
        let axis = Attributes(node).int("axis");
        if node.op_type == "Concat" && !matches!(axis, Some(1 | -1)) {
            return Err(unsupported(node, BESIDE_TREES));
        }
        let len = rows.iter().map(|&row| self.len(row)).sum();
        let output = self.push(node, Op::Concat, rows, len);
        self.define(node, 0, Entry::Row(output));
        Ok(())
    }
}

/// A constant for each of `len` elements.
fn broadcast(node: &NodeProto, constant: &Numbers, len: usize) -> Result<Vec<f64>, CompileError> {
    match constant.values.as_slice() {
        [single] => Ok(vec![*single; len]),
        values if values.len() == len => Ok(values.to_vec()),
        values => {
            let reason = format!("{} constants for {len} features", values.len());
            Err(unsupported(node, reason))
        }
    }
}
