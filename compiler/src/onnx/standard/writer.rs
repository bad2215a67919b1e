//! Nodes and constants that are added to a file.

use std::collections::{BTreeMap, BTreeSet};
use tract_onnx::pb::{
    AttributeProto, GraphProto, NodeProto, TensorProto, attribute_proto::AttributeType,
    tensor_proto::DataType,
};

/// An attribute's value.
pub(super) enum Value {
    Float(f32),
    Int(i64),
    Ints(Vec<i64>),
}

/// A graph while its nodes are written anew.
pub(super) struct Writer<'g> {
    graph: &'g mut GraphProto,
    /// Version of the standard operators.
    pub(super) opset: i64,
    /// Shapes of the constants that the file had.
    shapes: BTreeMap<String, Vec<i64>>,
    /// Values that are classes: integers, whatever exporters cast them to on their way out.
    classes: BTreeSet<String>,
    remarks: Vec<String>,
}

impl<'g> Writer<'g> {
    /// Classes that are texts are numbered: a chain has no texts.
    pub(super) fn new(graph: &'g mut GraphProto, opset: i64) -> Self {
        let mut remarks = Vec::new();
        for tensor in &mut graph.initializer {
            if tensor.data_type == DataType::String as i32 {
                let texts: Vec<String> = (tensor.string_data.iter())
                    .map(|text| String::from_utf8_lossy(text).into_owned())
                    .collect();
                remarks.push(numbered(&texts));
                tensor.data_type = DataType::Int64 as i32;
                tensor.int64_data = (0..texts.len() as i64).collect();
                tensor.string_data.clear();
            }
        }
        let shapes = (graph.initializer.iter())
            .map(|tensor| (tensor.name.clone(), tensor.dims.clone()))
            .collect();
        Self {
            graph,
            opset,
            shapes,
            classes: BTreeSet::new(),
            remarks,
        }
    }

    /// What a user should know about the outputs.
    pub(super) fn finish(mut self) -> Vec<String> {
        self.remarks.dedup();
        self.remarks
    }

    /// Shape of a constant of the file.
    pub(super) fn shape(&self, name: &str) -> Option<&[i64]> {
        self.shapes.get(name).map(Vec::as_slice)
    }

    /// Elements of a constant of integers of the file.
    pub(super) fn integers_of(&self, name: &str) -> Option<Vec<i64>> {
        let mut tensors = self.graph.initializer.iter();
        let tensor = tensors.find(|tensor| tensor.name == name)?;
        let constant = crate::import::read_tensor(tensor).ok()?;
        Some(constant.to_i64())
    }

    /// Whether a constant of the file holds integers.
    pub(super) fn is_integer(&self, name: &str) -> bool {
        let integers = [DataType::Int32 as i32, DataType::Int64 as i32];
        let mut tensors = self.graph.initializer.iter();
        tensors.any(|tensor| tensor.name == name && integers.contains(&tensor.data_type))
    }

    /// A node as it was. A class stays an integer where an exporter casts it to a float to reshape it.
    pub(super) fn keep(&mut self, mut node: NodeProto) {
        let is_class = node
            .input
            .first()
            .is_some_and(|name| self.classes.contains(name));
        if is_class && matches!(node.op_type.as_str(), "Cast" | "Reshape" | "Identity") {
            if node.op_type == "Cast" {
                node.op_type = "Identity".to_owned();
                node.attribute.clear();
            }
            self.classes.extend(node.output.iter().cloned());
        }
        self.graph.node.push(node);
    }

    /// Says that a value is a class.
    pub(super) fn mark_class(&mut self, name: &str) {
        self.classes.insert(name.to_owned());
    }

    /// Classes with names are numbered; gives the numbers.
    pub(super) fn number_classes(&mut self, texts: &[String]) -> Vec<i64> {
        self.remarks.push(numbered(texts));
        (0..texts.len() as i64).collect()
    }

    /// Adds a standard node, unless nobody reads its result.
    pub(super) fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Value)],
    ) {
        if output.is_empty() {
            return;
        }
        self.graph.node.push(NodeProto {
            name: format!("{output}/{operator}"),
            op_type: operator.to_owned(),
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.to_owned()],
            attribute: attributes.iter().map(attribute).collect(),
            ..NodeProto::default()
        });
    }

    /// Adds a node whose result has a name of its own behind that of `output`; gives that name.
    pub(super) fn step(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        step: &str,
        attributes: &[(&str, Value)],
    ) -> String {
        let name = format!("{output}/{step}");
        self.node(operator, inputs, &name, attributes);
        name
    }

    /// Adds a constant of float32; gives its name.
    pub(super) fn floats(&mut self, name: String, shape: &[usize], values: Vec<f32>) -> String {
        self.graph.initializer.push(TensorProto {
            name: name.clone(),
            data_type: DataType::Float as i32,
            dims: shape.iter().map(|&size| size as i64).collect(),
            float_data: values,
            ..TensorProto::default()
        });
        name
    }

    /// Adds a constant list of integers; gives its name.
    pub(super) fn integers(&mut self, name: String, values: Vec<i64>) -> String {
        self.graph.initializer.push(TensorProto {
            name: name.clone(),
            data_type: DataType::Int64 as i32,
            dims: vec![values.len() as i64],
            int64_data: values,
            ..TensorProto::default()
        });
        name
    }

    /// Adds a Reshape; -1 is what is left over.
    pub(super) fn reshape(&mut self, input: &str, shape: &[i64], output: &str) {
        let shape = self.integers(format!("{output}/shape"), shape.to_vec());
        self.node("Reshape", &[input, &shape], output, &[]);
    }
}

fn numbered(texts: &[String]) -> String {
    let list: Vec<String> = (0..)
        .zip(texts)
        .map(|(i, text)| format!("{i} {text}"))
        .collect();
    format!("classes are given by index: {}", list.join(", "))
}

fn attribute((name, value): &(&str, Value)) -> AttributeProto {
    let mut attribute = AttributeProto {
        name: (*name).to_owned(),
        ..AttributeProto::default()
    };
    let kind = match value {
        Value::Float(number) => {
            attribute.f = *number;
            AttributeType::Float
        }
        Value::Int(number) => {
            attribute.i = *number;
            AttributeType::Int
        }
        Value::Ints(numbers) => {
            attribute.ints.clone_from(numbers);
            AttributeType::Ints
        }
    };
    attribute.r#type = kind as i32;
    attribute
}
