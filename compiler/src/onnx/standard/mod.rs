//! Operators of `ai.onnx.ml` as the standard operators that they are made of: what scikit-learn's exports
//! put around a network (scalers, linear models, support vectors, names of classes), which tract does
//! not know. Trees are left: [`crate::classical`] compiles them.
//!
//! - [`in_standard_operators`]: the walk over the nodes;
//! - `writer`: adds nodes and constants;
//! - `features`: what changes features; `linear`: linear models; `vectors`: support vector machines and
//!   distances to points.

mod features;
mod linear;
mod vectors;
mod writer;

use super::{Attributes, ML_DOMAIN, messages::NodeProto, node_name};
use crate::{error::CompileError, options::Precision};
use prost::Message as _;
use std::{borrow::Cow, collections::BTreeSet};
use tract_onnx::pb;
use writer::Writer;

/// Onnxruntime's own operators; `CDist` is among them.
const ONNXRUNTIME_DOMAIN: &str = "com.microsoft";

/// A file in standard operators.
#[derive(Clone, Debug)]
pub struct Standard<'a> {
    /// The file.
    pub file: Cow<'a, [u8]>,
    /// What a user should know about its outputs.
    pub remarks: Vec<String>,
}

/// The file with its operators of `ai.onnx.ml` written in standard ones, in the form that suits the
/// precision; as it is if it has none. One that has no such form stays, for the import to refuse by name.
///
/// # Errors
/// [`CompileError::Onnx`]: no ONNX file, a bad attribute; [`CompileError::Unsupported`].
pub fn in_standard_operators(
    bytes: &[u8],
    precision: Precision,
) -> Result<Standard<'_>, CompileError> {
    let mut model = pb::ModelProto::decode(bytes).map_err(super::OnnxError::Decode)?;
    let opset = model
        .opset_import
        .iter()
        .find(|set| set.domain.is_empty() || set.domain == "ai.onnx")
        .map_or(0, |set| set.version);
    let graph = model.graph.get_or_insert_default();
    if !graph.node.iter().any(has_standard_form) {
        return Ok(Standard {
            file: Cow::Borrowed(bytes),
            remarks: Vec::new(),
        });
    }
    let nodes = std::mem::take(&mut graph.node);
    let matrices = match precision {
        Precision::Int8 => before_distances(&nodes),
        _ => BTreeSet::new(),
    };
    let mut writer = Writer::new(graph, opset);
    for node in nodes {
        let is_scaler = node.domain == ML_DOMAIN && node.op_type == "Scaler";
        if is_scaler && node.output.iter().any(|name| matrices.contains(name)) {
            writer.scaler_matrix(&read(&node)?)?;
            continue;
        }
        if !has_standard_form(&node) || !writer.rewrite(&node)? {
            writer.keep(node);
        }
    }
    let remarks = writer.finish();
    Ok(Standard {
        file: Cow::Owned(model.encode_to_vec()),
        remarks,
    })
}

/// Whether the node's operator is none of the standard's.
fn has_standard_form(node: &pb::NodeProto) -> bool {
    node.domain == ML_DOMAIN || node.domain == ONNXRUNTIME_DOMAIN && node.op_type == "CDist"
}

impl Writer<'_> {
    /// Writes a node in standard operators; whether it has such a form.
    fn rewrite(&mut self, node: &pb::NodeProto) -> Result<bool, CompileError> {
        let node = &read(node)?;
        match node.op_type.as_str() {
            "Scaler" => self.scaler(node)?,
            "Normalizer" => self.normalizer(node)?,
            "Binarizer" => self.binarizer(node),
            "Imputer" => self.imputer(node)?,
            "OneHotEncoder" => self.one_hot(node)?,
            "FeatureVectorizer" => self.concat(node),
            "ArrayFeatureExtractor" => self.pick(node)?,
            // A map's keys are the classes, in the order of the row.
            "ZipMap" => self.node("Identity", &[input(node, 0)], output(node, 0), &[]),
            "LinearRegressor" => self.linear_regressor(node)?,
            "LinearClassifier" => self.linear_classifier(node)?,
            "SVMRegressor" => self.svm_regressor(node)?,
            "SVMClassifier" => self.svm_classifier(node)?,
            "CDist" => self.distances(node)?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The node in the project's own messages, which read attributes of both forms.
fn read(node: &pb::NodeProto) -> Result<NodeProto, super::OnnxError> {
    Ok(NodeProto::decode(node.encode_to_vec().as_slice())?)
}

/// Values of which only distances and kernels are computed. A scaler in front of them has nothing to be folded
/// into, so its features would share the 8 bits of a scale.
fn before_distances(nodes: &[pb::NodeProto]) -> BTreeSet<String> {
    let is_linear = |node: &pb::NodeProto| {
        let mut attributes = node.attribute.iter();
        attributes.any(|given| given.name == "kernel_type" && given.s == b"LINEAR")
    };
    let compares = |node: &pb::NodeProto| {
        has_standard_form(node)
            && ["SVMClassifier", "SVMRegressor", "CDist"].contains(&node.op_type.as_str())
            && !is_linear(node)
    };
    let (comparing, others): (Vec<_>, Vec<_>) = nodes.iter().partition(|node| compares(node));
    let names = |nodes: Vec<&pb::NodeProto>| -> BTreeSet<String> {
        nodes.iter().flat_map(|node| node.input.clone()).collect()
    };
    &names(comparing) - &names(others)
}

/// Name of an operand, empty if it is left out.
fn input(node: &NodeProto, index: usize) -> &str {
    node.input.get(index).map_or("", String::as_str)
}

/// Name of a result, empty if nobody reads it.
fn output(node: &NodeProto, index: usize) -> &str {
    node.output.get(index).map_or("", String::as_str)
}

fn unsupported(node: &NodeProto, reason: impl Into<String>) -> CompileError {
    CompileError::Unsupported {
        node: node_name(node),
        operator: node.op_type.clone(),
        reason: reason.into(),
    }
}

/// Numbers as float32, which is what the file's attributes hold.
fn singles(values: Vec<f64>) -> Vec<f32> {
    values.into_iter().map(|value| value as f32).collect()
}

/// Which kernel a node names, and its parameters gamma, constant and degree.
fn kernel(node: &NodeProto) -> Result<(&str, [f64; 3]), CompileError> {
    let attributes = Attributes(node);
    let given = attributes.floats("kernel_params")?;
    let or_zero = |index: usize| given.get(index).copied().unwrap_or(0.0);
    let kind = attributes.text("kernel_type")?.unwrap_or("LINEAR");
    Ok((kind, [or_zero(0), or_zero(1), or_zero(2)]))
}

#[cfg(test)]
mod tests;
