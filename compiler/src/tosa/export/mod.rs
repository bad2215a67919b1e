//! A model as a `.tosa` file: for the TOSA reference model, and for whatever else reads TOSA.
//!
//! 1. `operators`: an operator's operands and attributes as TOSA has them;
//! 2. here: names for values, constants for what TOSA keeps as operands;
//! 3. `file`: the flatbuffer.
//!
//! [`super::import`] gives the same model back. Scales of ports have no place in the file.

mod file;
mod operators;

use crate::error::CompileError;
use file::{File, Node, Shape, Tensor};
use fixpoint_runtime::{
    model::{Model, format::ValueId, validate},
    tensor::{DType, TensorType},
};
use operators::{Described, Operand, describe};
use std::collections::BTreeMap;

/// Codes of CONST and CONST_SHAPE.
const CONST: u8 = 67;
const CONST_SHAPE: u8 = 75;

/// Writes a model as a TOSA 1.0 flatbuffer. Inputs and outputs have their ports' names; zero points,
/// shapes, multipliers, shifts become CONST and CONST_SHAPE operators.
///
/// # Errors
/// [`CompileError::Rejected`] for a model that is not valid, [`CompileError::TosaExport`] for one
/// with an input and an output of the same name, which a file cannot tell apart.
pub fn export(model: &Model) -> Result<Vec<u8>, CompileError> {
    let valid = validate(model.clone())
        .map_err(|source| CompileError::rejected(source, &model.operators))?;
    let types = valid.value_types();
    let mut writer = Writer::new(model, types)?;
    for (index, constant) in model.constants.iter().enumerate() {
        let name = writer.names[model.inputs.len() + index].clone();
        writer.constant(name, &constant.tensor, &constant.data);
    }
    let first_output = model.inputs.len() + model.constants.len();
    for (index, operator) in model.operators.iter().enumerate() {
        let output = first_output + index;
        let described = describe(operator, types, &types[output]);
        writer.operator(operator.code(), output, described);
    }
    Ok(writer.file.finish())
}

/// A file under construction, and the names it uses.
struct Writer<'a> {
    file: File,
    types: &'a [TensorType],
    /// Name of each value, by its number.
    names: Vec<String>,
    /// What names begin with that are no port's.
    prefix: String,
    constants: BTreeMap<(DType, Vec<i64>), String>,
    shapes: BTreeMap<Vec<i64>, String>,
}

impl<'a> Writer<'a> {
    fn new(model: &Model, types: &'a [TensorType]) -> Result<Self, CompileError> {
        let name = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        let inputs: Vec<_> = model.inputs.iter().map(|port| name(&port.name)).collect();
        let outputs: Vec<_> = model.outputs.iter().map(|port| name(&port.name)).collect();
        if let Some(shared) = inputs.iter().find(|name| outputs.contains(name)) {
            return Err(CompileError::TosaExport {
                reason: format!("'{shared}' is the name of an input and of an output"),
            });
        }
        let mut prefix = "value".to_owned();
        let mut ports = inputs.iter().chain(&outputs);
        while ports.clone().any(|port| port.starts_with(&prefix)) {
            prefix.push('_');
        }
        ports.by_ref().for_each(drop);
        let mut names: Vec<_> = (0..types.len())
            .map(|number| format!("{prefix}{number}"))
            .collect();
        names[..inputs.len()].clone_from_slice(&inputs);
        for (port, name) in model.outputs.iter().zip(&outputs) {
            names[usize::from(port.value)].clone_from(name);
        }
        let mut file = File::default();
        for (name, tensor) in inputs.iter().zip(types) {
            file.tensors.push(declaration(name.clone(), tensor));
        }
        file.inputs = inputs;
        file.outputs = outputs;
        Ok(Self {
            file,
            types,
            names,
            prefix,
            constants: BTreeMap::new(),
            shapes: BTreeMap::new(),
        })
    }

    fn constant(&mut self, name: String, tensor: &TensorType, data: &[u8]) {
        let elements = data.chunks_exact(tensor.dtype.size_bytes());
        let size = packed_bytes(tensor.dtype);
        let data = elements.flat_map(|element| &element[..size]).copied();
        self.file.nodes.push(Node::of(CONST, vec![], name.clone()));
        self.file.tensors.push(Tensor {
            data: data.collect(),
            ..declaration(name, tensor)
        });
    }

    /// A list of integers as an operand.
    fn integers(&mut self, dtype: DType, elements: Vec<i64>) -> String {
        let key = (dtype, elements);
        if let Some(name) = self.constants.get(&key) {
            return name.clone();
        }
        let name = format!("{}_constant{}", self.prefix, self.constants.len());
        let size = packed_bytes(dtype);
        let data = key.1.iter().flat_map(|element| {
            let bytes = element.to_le_bytes();
            bytes.into_iter().take(size)
        });
        self.file.nodes.push(Node::of(CONST, vec![], name.clone()));
        self.file.tensors.push(Tensor {
            name: name.clone(),
            shape: vec![key.1.len() as i32],
            dtype,
            data: data.collect(),
        });
        self.constants.insert(key, name.clone());
        name
    }

    /// A shape as an operand.
    fn shape(&mut self, elements: Vec<i64>) -> String {
        if let Some(name) = self.shapes.get(&elements) {
            return name.clone();
        }
        let name = format!("{}_shape{}", self.prefix, self.shapes.len());
        let node = Node::of(CONST_SHAPE, vec![], name.clone());
        self.file.nodes.push(node);
        self.file.shapes.push(Shape {
            name: name.clone(),
            elements: elements.clone(),
        });
        self.shapes.insert(elements, name.clone());
        name
    }

    fn operator(&mut self, code: u8, output: usize, described: Described) {
        let inputs = described.operands.into_iter().map(|operand| match operand {
            Operand::Value(value) => self.name(value),
            Operand::Integers(dtype, elements) => self.integers(dtype, elements),
            Operand::Shape(elements) => self.shape(elements),
        });
        let inputs = inputs.collect();
        let name = self.names[output].clone();
        let tensor = declaration(name.clone(), &self.types[output]);
        self.file.tensors.push(tensor);
        self.file.nodes.push(Node {
            attributes: described.attributes,
            ..Node::of(code, inputs, name)
        });
    }

    fn name(&self, value: ValueId) -> String {
        self.names[usize::from(value)].clone()
    }
}

/// A tensor without data.
fn declaration(name: String, tensor: &TensorType) -> Tensor {
    Tensor {
        name,
        shape: tensor.shape.iter().map(|&dim| dim.cast_signed()).collect(),
        dtype: tensor.dtype,
        data: vec![],
    }
}

/// Bytes of an element in a file.
const fn packed_bytes(dtype: DType) -> usize {
    match dtype {
        DType::I48 => super::import::PACKED_I48_BYTES,
        _ => dtype.size_bytes(),
    }
}
