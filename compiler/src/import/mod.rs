//! ONNX to the float graph [`crate::ir`]. The protobuf gives structure and names; tract gives
//! shapes, folded constants and, later, the reference results.
//!
//! - [`FloatModel`]: tract's side;
//! - `nodes`, `windows`, `arithmetic`: one ONNX operator each to [`crate::ir::Op`].
//!
//! Nothing here quantises, and nothing here optimises.

mod arithmetic;
mod float;
mod nodes;
mod windows;

pub use float::{FloatModel, FloatRun};

use crate::{
    error::CompileError,
    ir::{Graph, Value, ValueIndex},
};
use std::collections::{BTreeMap, BTreeSet};
use tract_onnx::pb::{GraphProto, NodeProto, ValueInfoProto};

/// Reads an ONNX file.
///
/// `shapes` fixes input shapes, `outputs` selects tensors to return (the model's own if empty).
///
/// # Errors
/// [`CompileError`]: an unreadable file, an unknown shape, an operator that is not lowered.
pub fn import(
    bytes: &[u8],
    shapes: &BTreeMap<String, Vec<usize>>,
    outputs: &[String],
) -> Result<(Graph, FloatModel), CompileError> {
    let mut proto = float::read_proto(bytes)?;
    let opset = proto
        .opset_import
        .iter()
        .find(|import| import.domain.is_empty() || import.domain == "ai.onnx")
        .map_or(0, |import| import.version);
    let source = proto.graph.get_or_insert_default();
    let declared: Vec<String> = source
        .output
        .iter()
        .map(|output| output.name.clone())
        .collect();
    let outputs = if outputs.is_empty() {
        &declared
    } else {
        outputs
    };
    prune(source, outputs)?;
    let nodes = source.node.clone();
    let float = FloatModel::new(&proto, shapes)?;
    let mut importer = Importer {
        float: &float,
        opset,
        graph: Graph::default(),
        indices: BTreeMap::new(),
    };
    for (name, shape) in float.inputs() {
        let index = importer.define(name, shape.clone());
        importer.graph.inputs.push(index);
    }
    for node in &nodes {
        let constant = |name: &String| name.is_empty() || float.constant(name).is_some();
        if !node.output.iter().all(constant) {
            importer.node(node)?;
        }
    }
    let mut graph = importer.graph;
    for name in outputs {
        let value = importer.indices.get(name.as_str()).copied();
        let value = value.ok_or_else(|| CompileError::NoSuchOutput { name: name.clone() })?;
        graph.outputs.push((name.clone(), value));
    }
    Ok((graph, float))
}

/// Leaves only what the wanted outputs depend on: other branches may hold operators that nobody
/// here knows.
fn prune(graph: &mut GraphProto, outputs: &[String]) -> Result<(), CompileError> {
    let mut wanted: BTreeSet<String> = outputs.iter().cloned().collect();
    for node in graph.node.iter().rev() {
        if node.output.iter().any(|name| wanted.contains(name)) {
            wanted.extend(node.input.iter().cloned());
        }
    }
    graph
        .node
        .retain(|node| node.output.iter().any(|name| wanted.contains(name)));
    let computed = |name: &String| graph.node.iter().any(|node| node.output.contains(name));
    if let Some(missing) = outputs.iter().find(|name| !computed(name)) {
        return Err(CompileError::NoSuchOutput {
            name: missing.clone(),
        });
    }
    let named = |name: &String| ValueInfoProto {
        name: name.clone(),
        ..ValueInfoProto::default()
    };
    graph.output = outputs.iter().map(named).collect();
    Ok(())
}

/// The graph while nodes are added to it.
struct Importer<'a> {
    float: &'a FloatModel,
    opset: i64,
    graph: Graph,
    indices: BTreeMap<String, ValueIndex>,
}

impl Importer<'_> {
    fn define(&mut self, name: &str, shape: Vec<usize>) -> ValueIndex {
        let index = self.graph.values.len();
        self.graph.values.push(Value {
            name: name.to_owned(),
            shape,
        });
        self.indices.insert(name.to_owned(), index);
        index
    }
}

/// An ONNX node in messages.
fn unsupported(node: &NodeProto, reason: impl Into<String>) -> CompileError {
    let output = node.output.first().cloned().unwrap_or_default();
    CompileError::Unsupported {
        node: if node.name.is_empty() {
            output
        } else {
            node.name.clone()
        },
        operator: node.op_type.clone(),
        reason: reason.into(),
    }
}
