//! A TOSA block to a runtime [`Model`]: constants stay constants, operands that the runtime keeps
//! as attributes (shapes, zero points, multipliers, shifts) become attributes.
//!
//! What the runtime checks itself (shapes, ranges) is not checked twice here.

use super::{
    PortType, attributes,
    io::IoDescription,
    schema::{self, Block, Node, Tensor, invalid},
};
use crate::{
    builder::{ModelBuilder, list, tensor_type},
    error::CompileError,
};
use fixpoint_runtime::{
    model::{Model, format::ValueId},
    ops::Operator,
    tensor::{DType, Shape, TensorType},
};
use std::collections::BTreeMap;

/// Code of IDENTITY in the `Op` enum.
const IDENTITY: u32 = 68;
/// Code of CONST.
const CONST: u32 = 67;
/// Code of CONST_SHAPE.
const CONST_SHAPE: u32 = 75;
/// Bytes of an int48 element in a `.tosa` file.
const PACKED_I48_BYTES: usize = 6;
/// A file pads a tensor's data to a multiple of this.
const DATA_ALIGNMENT_BYTES: usize = 8;

/// What the block has defined so far.
pub(super) struct Scope<'a> {
    pub(super) builder: ModelBuilder,
    tensors: BTreeMap<&'a str, &'a Tensor<'a>>,
    shapes: BTreeMap<&'a str, &'a [i64]>,
    /// Values that operators have computed, and the inputs.
    values: BTreeMap<&'a str, ValueId>,
    /// Outputs of CONST.
    constants: BTreeMap<&'a str, ValueId>,
}

/// Imports a block.
pub(super) fn import(block: &Block<'_>, io: Option<&IoDescription>) -> Result<Model, CompileError> {
    let mut scope = Scope {
        builder: ModelBuilder::default(),
        tensors: block
            .tensors
            .iter()
            .map(|tensor| (tensor.name, tensor))
            .collect(),
        shapes: block
            .shapes
            .iter()
            .map(|shape| (shape.name, shape.elements.as_slice()))
            .collect(),
        values: BTreeMap::new(),
        constants: BTreeMap::new(),
    };
    if let Some(io) = io {
        io.check(block)?;
    }
    for (index, name) in block.inputs.iter().enumerate() {
        let tensor = scope.tensor_type(name)?;
        let port = io.map(|io| &io.inputs[index]);
        let quantisation = port.map_or(
            Ok(fixpoint_runtime::model::format::Quantisation::None),
            |port| port.quantisation(),
        )?;
        let port_name = port.and_then(|port| port.name.as_deref()).unwrap_or(name);
        let saturates = port.is_some_and(|port| port.saturates);
        let value = scope
            .builder
            .input(port_name, tensor, quantisation, saturates)?;
        scope.values.insert(name, value);
    }
    for node in &block.nodes {
        scope.node(node)?;
    }
    for (index, name) in block.outputs.iter().enumerate() {
        let value = scope.value(name)?;
        let shape = scope.tensor_type(name)?.shape;
        let port = io.map(|io| &io.outputs[index]);
        let quantisation = port.map_or(
            Ok(fixpoint_runtime::model::format::Quantisation::None),
            |port| port.quantisation(),
        )?;
        let port_name = port.and_then(|port| port.name.as_deref()).unwrap_or(name);
        scope
            .builder
            .output(port_name, value, &shape, quantisation)?;
    }
    scope.builder.finish()
}

impl<'a> Scope<'a> {
    fn node(&mut self, node: &Node<'a>) -> Result<(), CompileError> {
        let &[output] = node.outputs.as_slice() else {
            return Err(unsupported(node));
        };
        match node.code {
            // Becomes a model constant only where an operator reads it as a tensor.
            CONST => {
                let value = self.constant(output)?;
                self.constants.insert(output, value);
            }
            CONST_SHAPE => {}
            IDENTITY => {
                let input = node.inputs.first().ok_or_else(|| unsupported(node))?;
                let value = self.value(input)?;
                self.values.insert(output, value);
            }
            _ => {
                let operator: Operator =
                    attributes::operator(self, node)?.ok_or_else(|| unsupported(node))?;
                let value = self.builder.operator(operator)?;
                self.values.insert(output, value);
            }
        }
        Ok(())
    }

    fn constant(&mut self, name: &str) -> Result<ValueId, CompileError> {
        let tensor = self.tensor_type(name)?;
        let data = self.constant_bytes(name)?;
        self.builder.constant(tensor, data)
    }

    /// The value that a name stands for.
    pub(super) fn value(&self, name: &str) -> Result<ValueId, CompileError> {
        self.values
            .get(name)
            .or_else(|| self.constants.get(name))
            .copied()
            .ok_or_else(|| invalid(format!("'{name}' is read before it is defined")))
    }

    fn tensor(&self, name: &str) -> Result<&'a Tensor<'a>, CompileError> {
        self.tensors
            .get(name)
            .copied()
            .ok_or_else(|| undeclared(name))
    }

    /// Declared type of a tensor.
    pub(super) fn tensor_type(&self, name: &str) -> Result<TensorType, CompileError> {
        let tensor = self.tensor(name)?;
        let dtype = dtype(tensor)?;
        let shape: Result<Vec<usize>, _> = tensor
            .shape
            .iter()
            .map(|&dim| usize::try_from(dim))
            .collect();
        let shape = shape.map_err(|_| {
            invalid(format!(
                "tensor '{name}' has a dynamic shape: fix its shape before serialising"
            ))
        })?;
        tensor_type(dtype, &shape)
    }

    /// Elements of a constant in the runtime's own layout.
    fn constant_bytes(&self, name: &str) -> Result<Vec<u8>, CompileError> {
        let tensor = self.tensor(name)?;
        let dtype = dtype(tensor)?;
        let elements = tensor
            .shape
            .iter()
            .try_fold(1_usize, |product, &dim| {
                product.checked_mul(usize::try_from(dim).ok()?)
            })
            .ok_or_else(|| invalid(format!("constant '{name}' has an impossible shape")))?;
        let packed_bytes = if dtype == DType::I48 {
            PACKED_I48_BYTES
        } else {
            dtype.size_bytes()
        };
        let want = elements
            .checked_mul(packed_bytes)
            .ok_or_else(|| invalid(format!("constant '{name}' has an impossible shape")))?;
        let padding = tensor.data.len().checked_sub(want);
        if padding.is_none_or(|padding| padding >= DATA_ALIGNMENT_BYTES) {
            let got = tensor.data.len();
            return Err(invalid(format!(
                "constant '{name}' has {got} bytes, its shape needs {want}"
            )));
        }
        let data = &tensor.data[..want];
        if dtype != DType::I48 {
            return Ok(data.to_vec());
        }
        let (words, _) = data.as_chunks::<PACKED_I48_BYTES>();
        Ok(words
            .iter()
            .flat_map(|word| sign_extend_i48(*word).to_le_bytes())
            .collect())
    }

    /// Elements of a constant operand that the runtime keeps as an attribute.
    pub(super) fn integers(&self, name: &str) -> Result<Vec<i64>, CompileError> {
        if !self.constants.contains_key(name) {
            return Err(invalid(format!(
                "'{name}' must be a constant: dynamic zero points, scales and tables are not supported"
            )));
        }
        let bytes = self.constant_bytes(name)?;
        let size = dtype(self.tensor(name)?)?.size_bytes();
        Ok(bytes
            .chunks_exact(size)
            .map(|element| {
                let negative = element.last().is_some_and(|byte| byte & 0x80 != 0);
                let mut word = if negative { [0xff; 8] } else { [0; 8] };
                word[..size].copy_from_slice(element);
                i64::from_le_bytes(word)
            })
            .collect())
    }

    /// Elements of a constant shape.
    pub(super) fn shape_elements(&self, name: &str) -> Result<&'a [i64], CompileError> {
        self.shapes
            .get(name)
            .copied()
            .ok_or_else(|| invalid(format!("'{name}' must be a constant shape")))
    }

    /// A constant shape as dimensions.
    pub(super) fn shape(&self, name: &str) -> Result<Shape, CompileError> {
        let dims: Result<Vec<u32>, _> = self
            .shape_elements(name)?
            .iter()
            .map(|&dim| u32::try_from(dim))
            .collect();
        let dims =
            dims.map_err(|_| invalid(format!("shape '{name}' has an impossible dimension")))?;
        list(dims, "axes of a tensor")
    }
}

/// Types of tensors by name.
pub(super) fn port_types(block: &Block<'_>, names: &[&str]) -> Result<Vec<PortType>, CompileError> {
    names
        .iter()
        .map(|name| {
            let tensor = block
                .tensors
                .iter()
                .find(|tensor| tensor.name == *name)
                .ok_or_else(|| undeclared(name))?;
            Ok(PortType {
                dtype: dtype(tensor)?,
                shape: tensor.shape.clone(),
            })
        })
        .collect()
}

fn undeclared(name: &str) -> CompileError {
    invalid(format!("tensor '{name}' is not declared"))
}

fn dtype(tensor: &Tensor<'_>) -> Result<DType, CompileError> {
    u8::try_from(tensor.dtype)
        .ok()
        .and_then(DType::from_code)
        .ok_or_else(|| CompileError::TosaType {
            tensor: tensor.name.to_owned(),
            dtype: schema::dtype_name(tensor.dtype).to_owned(),
        })
}

pub(super) fn unsupported(node: &Node<'_>) -> CompileError {
    CompileError::TosaOperator {
        operator: schema::operator_name(node.code).to_owned(),
        output: node.outputs.first().copied().unwrap_or_default().to_owned(),
    }
}

fn sign_extend_i48(bytes: [u8; PACKED_I48_BYTES]) -> i64 {
    let mut word = [0; 8];
    word[2..].copy_from_slice(&bytes);
    i64::from_le_bytes(word) >> 16
}
