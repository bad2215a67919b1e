//! ONNX to a [`Pipeline`]: the walk over the nodes, inputs and outputs. `operators` has the operators.

use super::pipeline::{Class, Kind, Node, Op, Pipeline, Port, ValueIndex};
use crate::{
    error::CompileError,
    onnx::{
        self, Attributes, File, ML_DOMAIN, Numbers, OnnxError,
        messages::{NodeProto, ValueInfoProto},
        node_name,
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Name by which the scores before their transform can be asked for.
pub const MARGIN: &str = "margin";
/// Operators that have scores.
const MODELS: [&str; 4] = [
    "TreeEnsembleClassifier",
    "TreeEnsembleRegressor",
    "LinearClassifier",
    "LinearRegressor",
];
/// Element types of inputs.
const FLOAT32: i32 = 1;
const INT32: i32 = 6;
const INT64: i32 = 7;
const FLOAT64: i32 = 11;

/// What a name of the ONNX graph stands for.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// A row of numbers.
    Row(ValueIndex),
    /// The class that scores stand for.
    Label(Label),
    /// A constant.
    Constant(Numbers),
}

/// A class that is not computed yet: what it is called may change on the way out.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) scores: ValueIndex,
    pub(super) above: f64,
    pub(super) tolerance: f64,
    pub(super) names: Names,
}

/// What classes are called.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Names {
    Integers(Vec<i64>),
    Texts(Vec<String>),
}

/// The pipeline while nodes are added to it.
pub(super) struct Importer {
    pub(super) pipeline: Pipeline,
    entries: BTreeMap<String, Entry>,
    /// Whether each value is a float32 in the source model.
    single: Vec<bool>,
    /// Scores of the last model.
    pub(super) margin: Option<ValueIndex>,
}

/// Reads a classical file.
///
/// `shapes` fixes input shapes, `outputs` selects what is returned (the model's own outputs if empty;
/// [`MARGIN`] is the scores before their transform).
///
/// # Errors
/// [`CompileError`]: an unreadable file, an unknown shape, an operator that is not lowered.
pub fn import(
    bytes: &[u8],
    shapes: &BTreeMap<String, Vec<usize>>,
    outputs: &[String],
) -> Result<Pipeline, CompileError> {
    let file = File::read(bytes)?;
    let mut importer = Importer {
        pipeline: Pipeline::default(),
        entries: BTreeMap::new(),
        single: Vec::new(),
        margin: None,
    };
    for tensor in &file.graph.initializer {
        // Constants that no operator here reads (texts) do no harm.
        if let Ok(numbers) = onnx::numbers(tensor) {
            importer
                .entries
                .insert(tensor.name.clone(), Entry::Constant(numbers));
        }
    }
    let constants: Vec<&str> = file
        .graph
        .initializer
        .iter()
        .map(|t| t.name.as_str())
        .collect();
    for input in &file.graph.input {
        if !constants.contains(&input.name.as_str()) {
            importer.input(input, shapes)?;
        }
    }
    if let Some(name) = shapes.keys().find(|name| {
        !importer
            .pipeline
            .inputs
            .iter()
            .any(|port| port.name == **name)
    }) {
        let inputs = importer
            .pipeline
            .inputs
            .iter()
            .map(|port| port.name.as_str());
        return Err(CompileError::NoSuchInput {
            name: name.clone(),
            inputs: inputs.collect::<Vec<_>>().join(", "),
        });
    }
    for node in wanted(&file.graph.node, outputs) {
        importer.node(node)?;
    }
    let own: Vec<String> = file
        .graph
        .output
        .iter()
        .map(|output| output.name.clone())
        .collect();
    for name in if outputs.is_empty() { &own } else { outputs } {
        importer.output(name)?;
    }
    Ok(importer.pipeline)
}

impl Importer {
    fn input(
        &mut self,
        input: &ValueInfoProto,
        shapes: &BTreeMap<String, Vec<usize>>,
    ) -> Result<(), CompileError> {
        let tensor = input.r#type.as_ref().and_then(|of| of.tensor_type.as_ref());
        let element = tensor.map_or(0, |tensor| tensor.elem_type);
        let kind = match element {
            FLOAT32 => Kind::Float32,
            FLOAT64 => Kind::Float64,
            INT32 | INT64 => Kind::Integer,
            code => {
                return Err(CompileError::Unsupported {
                    node: input.name.clone(),
                    operator: "input".to_owned(),
                    reason: format!(
                        "element type {code}: a contract can give numbers only; encode categories as integers before the model"
                    ),
                });
            }
        };
        let declared: Vec<i64> = tensor
            .and_then(|tensor| tensor.shape.as_ref())
            .map(|shape| shape.dim.iter().map(|dim| dim.dim_value).collect())
            .unwrap_or_default();
        let dynamic = || CompileError::DynamicShape {
            input: input.name.clone(),
            shape: format!("{declared:?}"),
        };
        let row = match (
            shapes.get(&input.name).map(Vec::as_slice),
            declared.as_slice(),
        ) {
            (Some([1, len]), _) => Some(*len),
            (Some(_), _) => None,
            (None, [_, len]) => usize::try_from(*len).ok(),
            (None, _) => None,
        };
        let len = row.filter(|&len| len > 0).ok_or_else(dynamic)?;
        let value = self.value(len, kind == Kind::Float32);
        self.pipeline.inputs.push(Port {
            name: input.name.clone(),
            kind,
        });
        self.entries.insert(input.name.clone(), Entry::Row(value));
        Ok(())
    }

    fn output(&mut self, name: &str) -> Result<(), CompileError> {
        let entry = match (self.entries.get(name), self.margin) {
            (Some(entry), _) => entry.clone(),
            (None, Some(margin)) if name == MARGIN => Entry::Row(margin),
            _ => {
                return Err(CompileError::NoSuchOutput {
                    name: name.to_owned(),
                });
            }
        };
        let value = match entry {
            Entry::Row(value) => value,
            Entry::Label(label) => self.class(name, label),
            Entry::Constant(_) => {
                return Err(CompileError::NoSuchOutput {
                    name: name.to_owned(),
                });
            }
        };
        self.pipeline.outputs.push((name.to_owned(), value));
        Ok(())
    }

    /// Computes a class.
    fn class(&mut self, name: &str, label: Label) -> ValueIndex {
        let labels = match &label.names {
            Names::Integers(integers) => integers.clone(),
            Names::Texts(texts) => {
                let list: Vec<String> = (0..).zip(texts).map(|(i, t)| format!("{i} {t}")).collect();
                let remark = format!("{name} is the index of the class: {}", list.join(", "));
                self.pipeline.remarks.push(remark);
                (0..texts.len() as i64).collect()
            }
        };
        let op = Op::Class(Class {
            above: label.above,
            tolerance: label.tolerance,
            labels,
        });
        let output = self.value(1, true);
        self.pipeline.nodes.push(Node {
            name: name.to_owned(),
            source: "label".to_owned(),
            op,
            inputs: vec![label.scores],
            output,
        });
        output
    }

    /// A new value.
    fn value(&mut self, len: usize, single: bool) -> ValueIndex {
        self.pipeline.values.push(len);
        self.single.push(single);
        self.pipeline.values.len() - 1
    }

    /// Adds an operator.
    pub(super) fn push(
        &mut self,
        node: &NodeProto,
        op: Op,
        inputs: Vec<ValueIndex>,
        len: usize,
    ) -> ValueIndex {
        let single = match &op {
            // Moved elements stay what they are, computed ones are float32.
            Op::Columns(_) | Op::Concat => inputs.iter().all(|&input| self.single[input]),
            _ => true,
        };
        let output = self.value(len, single);
        self.pipeline.nodes.push(Node {
            name: node_name(node),
            source: node.op_type.clone(),
            op,
            inputs,
            output,
        });
        output
    }

    /// Names an output of a node.
    pub(super) fn define(&mut self, node: &NodeProto, output: usize, entry: Entry) {
        if let Some(name) = node.output.get(output).filter(|name| !name.is_empty()) {
            self.entries.insert(name.clone(), entry);
        }
    }

    /// What an input of a node is.
    pub(super) fn entry(&self, node: &NodeProto, input: usize) -> Result<Entry, CompileError> {
        let name = node.input.get(input).map_or("", String::as_str);
        self.entries
            .get(name)
            .cloned()
            .ok_or_else(|| unsupported(node, format!("its input '{name}' is not known")))
    }

    /// An input of a node that is a row.
    pub(super) fn row(&self, node: &NodeProto, input: usize) -> Result<ValueIndex, CompileError> {
        match self.entry(node, input)? {
            Entry::Row(value) => Ok(value),
            _ => Err(unsupported(node, "it needs computed numbers here")),
        }
    }

    pub(super) fn len(&self, value: ValueIndex) -> usize {
        self.pipeline.values[value]
    }

    pub(super) fn is_single(&self, value: ValueIndex) -> bool {
        self.single[value]
    }
}

/// The nodes that the outputs depend on, all of them if none are named. The margin depends on every model.
fn wanted<'f>(nodes: &'f [NodeProto], outputs: &[String]) -> Vec<&'f NodeProto> {
    if outputs.is_empty() {
        return nodes.iter().collect();
    }
    let with_margin = outputs.iter().any(|name| name == MARGIN);
    let mut names: BTreeSet<&str> = outputs.iter().map(String::as_str).collect();
    let mut wanted = Vec::new();
    for node in nodes.iter().rev() {
        let is_model = node.domain == ML_DOMAIN && MODELS.contains(&node.op_type.as_str());
        let is_named = node.output.iter().any(|name| names.contains(name.as_str()));
        if is_named || with_margin && is_model {
            names.extend(node.input.iter().map(String::as_str));
            wanted.push(node);
        }
    }
    wanted.reverse();
    wanted
}

/// A node that has no lowering.
pub(super) fn unsupported(node: &NodeProto, reason: impl Into<String>) -> CompileError {
    CompileError::Unsupported {
        node: node_name(node),
        operator: node.op_type.clone(),
        reason: reason.into(),
    }
}

/// An attribute that holds something else than it should.
pub(super) fn bad(node: &NodeProto, attribute: &str, reason: impl Into<String>) -> OnnxError {
    Attributes(node).bad(attribute, reason)
}
