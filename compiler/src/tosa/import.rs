//! A TOSA block to a runtime [`Model`](fixpoint_runtime::model::Model): constants stay constants,
//! operands that the runtime keeps as attributes (shapes, zero points, multipliers, shifts) become
//! attributes.
//!
//! What the runtime checks itself (shapes, ranges) is not checked twice here; what the file says of
//! itself and a model does not (lists of operands, declared types) is checked only here.

use super::{
    PortType, attributes,
    declared::{self, Declared},
    error::NodeError,
    io::{IoDescription, PortDescription},
    schema::{self, Block, Node, Tensor, invalid},
};
use crate::{
    builder::{ModelBuilder, tensor_type},
    error::CompileError,
};
use fixpoint_runtime::{
    model::{
        ValidModel,
        format::{Quantisation, ValueId},
        limits::MAX_RANK,
        validate,
    },
    tensor::{DType, TensorType},
};
use std::collections::{BTreeMap, BTreeSet};

/// Name of the input that a graph without inputs gets.
pub const PLACEHOLDER_INPUT: &str = "unused";
/// Bytes of an int48 element in a `.tosa` file.
pub(super) const PACKED_I48_BYTES: usize = 6;
/// A file pads a tensor's data to a multiple of this.
pub(super) const DATA_ALIGNMENT_BYTES: usize = 8;

/// What the block has defined so far.
pub(super) struct Scope<'a> {
    builder: ModelBuilder,
    tensors: BTreeMap<&'a str, &'a Tensor<'a>>,
    shapes: BTreeMap<&'a str, &'a [i64]>,
    /// Tensors that are inputs, constants, or computed.
    values: BTreeMap<&'a str, ValueId>,
    /// Those of them that are outputs of CONST.
    constants: BTreeSet<&'a str>,
    /// Outputs of CONST_SHAPE.
    constant_shapes: BTreeSet<&'a str>,
    /// What the file says of each operator's output.
    declared: Vec<Declared<'a>>,
}

/// Imports a block and validates the model that it becomes.
pub(super) fn import(
    block: &Block<'_>,
    io: Option<&IoDescription>,
) -> Result<ValidModel, CompileError> {
    let mut scope = Scope::new(block)?;
    if let Some(io) = io {
        io.check(block)?;
    }
    let port = |ports: Option<&'_ [PortDescription]>, index: usize| {
        ports.and_then(|ports| ports.get(index)).cloned()
    };
    for (index, name) in block.inputs.iter().enumerate() {
        scope.input(
            name,
            &port(io.map(|io| &io.inputs[..]), index).unwrap_or_default(),
        )?;
    }
    if block.inputs.is_empty() {
        // The runtime's models take at least one element.
        let tensor = tensor_type(DType::Bool, &[1])?;
        let builder = &mut scope.builder;
        builder.input(PLACEHOLDER_INPUT, tensor, Quantisation::None, false)?;
    }
    for node in &block.nodes {
        scope.node(node).map_err(|error| error.at(node))?;
    }
    if !block.is_only {
        return Err(invalid("more than one block, and nothing that chooses"));
    }
    for (index, name) in block.outputs.iter().enumerate() {
        scope.output(
            name,
            &port(io.map(|io| &io.outputs[..]), index).unwrap_or_default(),
        )?;
    }
    let (model, numbers) = scope.builder.finish_numbered()?;
    let operators = model.operators.clone();
    let valid = validate(model).map_err(|source| CompileError::rejected(source, &operators))?;
    declared::check(&scope.declared, &numbers, valid.value_types())?;
    Ok(valid)
}

/// Why a node cannot be imported: an error of its own, or one that needs no place.
pub(super) enum Refusal {
    /// About the node as a whole.
    Node(NodeError),
    /// It is outside the profile.
    Outside,
    /// Anything else.
    Other(CompileError),
}

impl From<NodeError> for Refusal {
    fn from(error: NodeError) -> Self {
        Self::Node(error)
    }
}

impl From<CompileError> for Refusal {
    fn from(error: CompileError) -> Self {
        Self::Other(error)
    }
}

impl From<crate::flatbuffer::FlatbufferError> for Refusal {
    fn from(error: crate::flatbuffer::FlatbufferError) -> Self {
        Self::Other(error.into())
    }
}

impl Refusal {
    /// The error, with the operator that it is about.
    fn at(self, node: &Node<'_>) -> CompileError {
        let operator = schema::operator_name(node.code);
        let output = node.outputs.first().copied().unwrap_or_default().to_owned();
        match self {
            Self::Node(cause) => CompileError::TosaNode {
                operator,
                output,
                cause,
            },
            Self::Outside => CompileError::TosaOperator {
                operator,
                output,
                belongs: schema::operator_belongs(node.code),
            },
            Self::Other(error) => error,
        }
    }
}

impl<'a> Scope<'a> {
    fn new(block: &'a Block<'a>) -> Result<Self, CompileError> {
        let mut tensors = BTreeMap::new();
        let mut shapes = BTreeMap::new();
        for tensor in &block.tensors {
            if tensors.insert(tensor.name, tensor).is_some() {
                return Err(invalid(format!(
                    "tensor '{}' is declared twice",
                    tensor.name
                )));
            }
        }
        for shape in &block.shapes {
            if shapes.insert(shape.name, &shape.elements[..]).is_some() {
                return Err(invalid(format!("shape '{}' is declared twice", shape.name)));
            }
        }
        Ok(Self {
            builder: ModelBuilder::default(),
            tensors,
            shapes,
            values: BTreeMap::new(),
            constants: BTreeSet::new(),
            constant_shapes: BTreeSet::new(),
            declared: vec![],
        })
    }

    fn input(&mut self, name: &'a str, port: &PortDescription) -> Result<(), CompileError> {
        let tensor = self.tensor_type(name)?;
        let port_name = port.name.as_deref().unwrap_or(name);
        let quantisation = port.quantisation()?;
        let value = self
            .builder
            .input(port_name, tensor, quantisation, port.saturates)?;
        match self.values.insert(name, value) {
            Some(_) => Err(invalid(format!("'{name}' is an input twice"))),
            None => Ok(()),
        }
    }

    fn output(&mut self, name: &'a str, port: &PortDescription) -> Result<(), CompileError> {
        let value = self
            .values
            .get(name)
            .copied()
            .ok_or_else(|| invalid(format!("output '{name}' is never computed")))?;
        let port_name = port.name.as_deref().unwrap_or(name);
        self.builder.output(port_name, value, port.quantisation()?)
    }

    fn node(&mut self, node: &Node<'a>) -> Result<(), Refusal> {
        let name = schema::operator_name(node.code);
        let arity = attributes::arity(name).ok_or(Refusal::Outside)?;
        arity.check(node.inputs.len())?;
        let &[output] = node.outputs.as_slice() else {
            let got = node.outputs.len();
            return Err(NodeError::OutputCount { got }.into());
        };
        if self.values.contains_key(output) || self.constant_shapes.contains(output) {
            return Err(NodeError::Redefined.into());
        }
        match name {
            "CONST_SHAPE" => {
                if !self.shapes.contains_key(output) {
                    return Err(invalid(format!("shape '{output}' is not declared")).into());
                }
                self.constant_shapes.insert(output);
            }
            // A model holds it only where an operator reads it as a tensor.
            "CONST" => {
                let tensor = self.tensor_type(output)?;
                let data = self.constant_bytes(output)?;
                let value = self.builder.constant(tensor, data)?;
                self.values.insert(output, value);
                self.constants.insert(output);
            }
            _ => {
                let (dtype, shape) = self.declaration(output)?;
                let operator = attributes::operator(self, node)?;
                let value = self.builder.operator(operator)?;
                self.values.insert(output, value);
                self.declared.push(Declared {
                    operator: name,
                    output,
                    value,
                    dtype,
                    shape,
                });
            }
        }
        Ok(())
    }

    /// The value of a tensor, if it is defined.
    pub(super) fn value(&self, name: &str) -> Option<ValueId> {
        self.values.get(name).copied()
    }

    /// Whether a tensor is the output of CONST.
    pub(super) fn is_constant(&self, name: &str) -> bool {
        self.constants.contains(name)
    }

    /// Elements of a shape, if CONST_SHAPE has defined it.
    pub(super) fn shape(&self, name: &str) -> Option<&'a [i64]> {
        let name = self.constant_shapes.get(name)?;
        self.shapes.get(name).copied()
    }

    fn tensor(&self, name: &str) -> Result<&'a Tensor<'a>, CompileError> {
        let tensor = self
            .tensors
            .get(name)
            .copied()
            .ok_or_else(|| undeclared(name))?;
        if tensor.is_variable {
            return Err(invalid(format!(
                "variable tensor '{name}': variables need EXT-VARIABLE"
            )));
        }
        Ok(tensor)
    }

    /// Declared element type of a tensor, and its shape as it stands in the file.
    pub(super) fn declaration(&self, name: &str) -> Result<(DType, &'a [i32]), CompileError> {
        let tensor = self.tensor(name)?;
        let dtype = dtype(tensor)?;
        if tensor.shape.len() > MAX_RANK {
            return Err(CompileError::TosaRank {
                tensor: name.to_owned(),
                rank: tensor.shape.len(),
                limit: MAX_RANK,
            });
        }
        if tensor.is_unranked {
            return Err(dynamic(name));
        }
        Ok((dtype, &tensor.shape))
    }

    /// Declared type of a tensor that must be known before anything is inferred.
    fn tensor_type(&self, name: &str) -> Result<TensorType, CompileError> {
        let (dtype, shape) = self.declaration(name)?;
        let dims: Result<Vec<usize>, _> = shape.iter().map(|&dim| usize::try_from(dim)).collect();
        tensor_type(dtype, &dims.map_err(|_| dynamic(name))?)
    }

    /// Elements of a constant in the runtime's own layout.
    fn constant_bytes(&self, name: &str) -> Result<Vec<u8>, CompileError> {
        let tensor = self.tensor(name)?;
        let dtype = dtype(tensor)?;
        let packed_bytes = if dtype == DType::I48 {
            PACKED_I48_BYTES
        } else {
            dtype.size_bytes()
        };
        let want = tensor
            .shape
            .iter()
            .try_fold(packed_bytes, |product, &dim| {
                product.checked_mul(usize::try_from(dim).ok()?)
            })
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

    /// Elements of a constant.
    pub(super) fn integers(&self, name: &str) -> Result<Vec<i64>, CompileError> {
        let bytes = self.constant_bytes(name)?;
        let size = dtype(self.tensor(name)?)?.size_bytes();
        Ok(bytes.chunks_exact(size).map(sign_extend).collect())
    }
}

fn dynamic(name: &str) -> CompileError {
    invalid(format!(
        "tensor '{name}' has a dynamic shape: fix its shape before serialising"
    ))
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
    let code = u8::try_from(tensor.dtype).ok();
    code.and_then(DType::from_code).ok_or_else(|| {
        let (dtype, belongs) = schema::dtype_name(tensor.dtype);
        CompileError::TosaType {
            tensor: tensor.name.to_owned(),
            dtype,
            belongs,
        }
    })
}

/// A little-endian integer of at most eight bytes.
pub(super) fn sign_extend(element: &[u8]) -> i64 {
    let negative = element.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut word = if negative { [0xff; 8] } else { [0; 8] };
    word[..element.len()].copy_from_slice(element);
    i64::from_le_bytes(word)
}

fn sign_extend_i48(bytes: [u8; PACKED_I48_BYTES]) -> i64 {
    sign_extend(&bytes)
}
