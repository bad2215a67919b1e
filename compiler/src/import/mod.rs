//! ONNX to the float graph [`crate::ir`].
//!
//! - `source`: a node's operands and attributes; `building`: what importers build graphs with;
//! - `tensors`: constants of the file;
//! - `registry`: which function imports which operator; the others: one family of operators each.
//!
//! - `quantised`, `codes`, `written_out`: integers that already quantised models prescribe.
//!
//! Operators that are made of simpler ones are taken apart here: the graph has some thirty. What
//! depends on constants alone (shapes, masks) is computed on the way. Nothing here quantises.

mod activation;
mod arithmetic;
mod building;
mod codes;
mod constant;
mod convolution;
mod einsum;
mod index;
mod logic;
mod matrix;
mod movement;
mod normalisation;
mod pool;
mod quantised;
mod recurrent;
mod reduce;
mod registry;
mod resize;
mod source;
mod tensors;
mod written_out;

use crate::{
    error::CompileError,
    ir::{Element, Graph, Tensor, ValueIndex},
    reference::Reference,
};
use std::collections::{BTreeMap, BTreeSet};
use tract_onnx::pb::{
    GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, tensor_shape_proto::dimension,
    type_proto,
};

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
) -> Result<(Graph, Reference), CompileError> {
    let mut proto = crate::reference::read_proto(bytes)?;
    let opset = opset(&proto);
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
    let mut importer = Importer {
        opset,
        graph: Graph::default(),
        indices: BTreeMap::new(),
        quantised: codes::State::default(),
    };
    for tensor in &source.initializer {
        let constant = tensors::tensor(tensor)?;
        let index = importer.graph.constant(&tensor.name, constant);
        importer.indices.insert(tensor.name.clone(), index);
        importer.quantised.declare(&tensor.name, tensor.data_type);
    }
    importer.inputs(source, shapes)?;
    for node in &source.node {
        importer.node(node)?;
    }
    for name in outputs {
        let value = importer.returned(name)?;
        importer.graph.outputs.push((name.clone(), value));
    }
    let mut graph = importer.graph;
    graph.prune();
    let reference = Reference::new(proto, &graph);
    Ok((graph, reference))
}

/// Reads a tensor of an ONNX file.
///
/// # Errors
/// [`CompileError::OnnxFile`]: an element type that is not read, elements outside the file, or
/// fewer than its shape says.
pub fn read_tensor(proto: &TensorProto) -> Result<Tensor, CompileError> {
    tensors::tensor(proto)
}

/// Version of ONNX's own operators.
fn opset(proto: &ModelProto) -> i64 {
    proto
        .opset_import
        .iter()
        .find(|import| import.domain.is_empty() || import.domain == "ai.onnx")
        .map_or(0, |import| import.version)
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
    for node in &mut graph.node {
        for output in &mut node.output {
            if !wanted.contains(output) {
                output.clear();
            }
        }
    }
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
struct Importer {
    opset: i64,
    graph: Graph,
    indices: BTreeMap<String, ValueIndex>,
    quantised: codes::State,
}

impl Importer {
    /// Declares the graph's inputs: those that are no constants.
    fn inputs(
        &mut self,
        source: &GraphProto,
        shapes: &BTreeMap<String, Vec<usize>>,
    ) -> Result<(), CompileError> {
        for input in &source.input {
            if self.indices.contains_key(&input.name) {
                continue;
            }
            let element = element(input)?;
            let code = tensor_type(input).map_or(0, |tensor| tensor.elem_type);
            self.quantised.declare(&input.name, code);
            let shape = match shapes.get(&input.name) {
                Some(shape) => shape.clone(),
                None => declared_shape(input)?,
            };
            if shape.contains(&0) {
                return Err(CompileError::DynamicShape {
                    input: input.name.clone(),
                    shape: format!("{shape:?}"),
                });
            }
            let index = self.graph.input(&input.name, shape, element);
            self.indices.insert(input.name.clone(), index);
        }
        let inputs = self.graph.input_shapes();
        let unknown = |name: &&String| !inputs.iter().any(|(input, _)| input == *name);
        if let Some(name) = shapes.keys().find(unknown) {
            let inputs = inputs.iter().map(|(name, _)| name.as_str());
            return Err(CompileError::NoSuchInput {
                name: name.clone(),
                inputs: inputs.collect::<Vec<_>>().join(", "),
            });
        }
        Ok(())
    }
}

fn tensor_type(input: &ValueInfoProto) -> Option<&type_proto::Tensor> {
    let type_proto::Value::TensorType(tensor) = input.r#type.as_ref()?.value.as_ref()?;
    Some(tensor)
}

/// What an input consists of.
fn element(input: &ValueInfoProto) -> Result<Element, CompileError> {
    let code = tensor_type(input).map_or(0, |tensor| tensor.elem_type);
    tensors::element(code).ok_or_else(|| CompileError::Unsupported {
        node: input.name.clone(),
        operator: "input".to_owned(),
        reason: format!(
            "inputs must be tensors of float32, integers or bool, this one has element type {code}: export it so"
        ),
    })
}

/// The shape as declared, with an unknown first dimension (the batch) as 1.
fn declared_shape(input: &ValueInfoProto) -> Result<Vec<usize>, CompileError> {
    let shape = tensor_type(input).and_then(|tensor| tensor.shape.as_ref());
    let dynamic = |shape: String| CompileError::DynamicShape {
        input: input.name.clone(),
        shape,
    };
    let shape = shape.ok_or_else(|| dynamic("?".to_owned()))?;
    let text = || {
        let dims = shape.dim.iter().map(|dim| match &dim.value {
            Some(dimension::Value::DimValue(size)) => size.to_string(),
            Some(dimension::Value::DimParam(name)) if !name.is_empty() => name.clone(),
            _ => "?".to_owned(),
        });
        dims.collect::<Vec<_>>().join(",")
    };
    let dims = shape.dim.iter().enumerate();
    dims.map(|(axis, dim)| match &dim.value {
        Some(dimension::Value::DimValue(size)) => {
            usize::try_from(*size).map_err(|_| dynamic(text()))
        }
        _ if axis == 0 => Ok(1),
        _ => Err(dynamic(text())),
    })
    .collect()
}

/// An ONNX node in messages.
fn unsupported(node: &NodeProto, reason: impl Into<String>) -> CompileError {
    CompileError::Unsupported {
        node: node_name(node),
        operator: node.op_type.clone(),
        reason: reason.into(),
    }
}

/// A node's name, or that of its first output.
fn node_name(node: &NodeProto) -> String {
    if node.name.is_empty() {
        node.output.first().cloned().unwrap_or_default()
    } else {
        node.name.clone()
    }
}
