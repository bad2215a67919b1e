//! Which tensors of a quantised model are kept as what their integers stand for, and where the
//! integers themselves are taken out.

use super::{Importer, unsupported};
use crate::{
    CompileError,
    ir::{Code, Op, Tensor, ValueIndex, build::Origin},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tract_onnx::pb::{NodeProto, tensor_proto::DataType};

/// Operators that hand on the integers that they read.
const HAND_ON: [&str; 14] = [
    "Identity",
    "Reshape",
    "Flatten",
    "Squeeze",
    "Unsqueeze",
    "Transpose",
    "Concat",
    "Slice",
    "Split",
    "MaxPool",
    "Expand",
    "Tile",
    "DepthToSpace",
    "SpaceToDepth",
];
/// A constant's integers.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    pub(super) codes: Arc<Tensor>,
    pub(super) code: Option<Code>,
    pub(super) scales: Vec<f64>,
    pub(super) zero_points: Vec<i64>,
    /// The axis along which they have scales of their own.
    pub(super) axis: usize,
}

/// What is known of integers while a graph is imported.
#[derive(Debug, Default)]
pub(super) struct State {
    /// ONNX element type of each tensor, by name, where it matters.
    types: BTreeMap<String, i32>,
    /// Names of tensors of integers that are kept as what they stand for.
    codes: BTreeSet<String>,
    /// The integers of such a tensor, where they are needed.
    encoded: BTreeMap<String, ValueIndex>,
    pub(super) constants: BTreeMap<ValueIndex, Constant>,
}

impl State {
    pub(super) fn declare(&mut self, name: &str, data_type: i32) {
        self.types.insert(name.to_owned(), data_type);
    }

    /// A constant has been transposed: so have its integers.
    pub(super) fn transpose(&mut self, from: ValueIndex, to: ValueIndex, permutation: &[usize]) {
        let Some(mut constant) = self.constants.get(&from).cloned() else {
            return;
        };
        let axis = permutation.iter().position(|&axis| axis == constant.axis);
        constant.axis = axis.unwrap_or(0);
        self.constants.insert(to, constant);
    }

    pub(super) fn code(&self, name: &str) -> Option<Code> {
        code_of(self.types.get(name).copied()?)
    }
}

pub(super) fn code_of(data_type: i32) -> Option<Code> {
    match DataType::try_from(data_type).ok()? {
        DataType::Int8 => Some(Code::I8),
        DataType::Uint8 => Some(Code::U8),
        DataType::Int16 => Some(Code::I16),
        DataType::Uint16 => Some(Code::U16),
        _ => None,
    }
}

impl Importer {
    /// Whether a node works on what the integers of its operands stand for.
    fn keeps_codes(&self, node: &NodeProto) -> bool {
        let coded = |name: &String| self.quantised.codes.contains(name);
        match node.op_type.as_str() {
            "DequantizeLinear" => true,
            "Concat" => {
                let grid = |name: &String| {
                    let value = self.indices.get(name).copied()?;
                    self.graph.values[value].grid
                };
                let first = node.input.first().and_then(grid);
                node.input
                    .iter()
                    .all(|name| coded(name) && grid(name) == first)
            }
            operator => HAND_ON.contains(&operator),
        }
    }

    /// The value that a node reads under a name.
    pub(super) fn read(&self, node: &NodeProto, name: &str) -> Option<ValueIndex> {
        if self.quantised.codes.contains(name) && !self.keeps_codes(node) {
            return self.quantised.encoded.get(name).copied();
        }
        self.indices.get(name).copied()
    }

    /// Takes out the integers that a node computes with.
    pub(super) fn decoded_operands(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        if self.keeps_codes(node) {
            return Ok(());
        }
        for name in &node.input {
            if self.quantised.codes.contains(name) {
                let integers = self.integers(name);
                integers.map_err(|reason| unsupported(node, reason))?;
            }
        }
        Ok(())
    }

    /// The integers of a tensor that is kept as what they stand for.
    fn integers(&mut self, name: &str) -> Result<ValueIndex, String> {
        if let Some(&value) = self.quantised.encoded.get(name) {
            return Ok(value);
        }
        let missing = || format!("nothing computes its operand '{name}'");
        let value = self.indices.get(name).copied().ok_or_else(missing)?;
        let grid = self.graph.values[value].grid;
        let grid = grid.ok_or_else(|| format!("the integers of '{name}' are not known"))?;
        let origin = Origin {
            name: name.to_owned(),
            source: "QuantizeLinear".to_owned(),
        };
        let value = self.graph.add(&origin, Op::Encode(grid), &[value])?;
        self.quantised.encoded.insert(name.to_owned(), value);
        Ok(value)
    }

    /// The value that the model returns under a name.
    pub(super) fn returned(&mut self, name: &str) -> Result<ValueIndex, CompileError> {
        let missing = || CompileError::NoSuchOutput {
            name: name.to_owned(),
        };
        if self.quantised.codes.contains(name) {
            return self.integers(name).map_err(|_| missing());
        }
        self.indices.get(name).copied().ok_or_else(missing)
    }

    /// Notes what a node's outputs are.
    pub(super) fn note_codes(&mut self, node: &NodeProto) {
        let (Some(input), Some(output)) = (node.input.first(), node.output.first()) else {
            if let (Some(output), Some(value)) = (node.output.first(), node.attribute.first())
                && let Some(tensor) = &value.t
            {
                self.quantised.declare(output, tensor.data_type);
            }
            return;
        };
        if self.keeps_codes(node) && node.op_type != "DequantizeLinear" {
            if let Some(&data_type) = self.quantised.types.get(input) {
                for output in &node.output {
                    self.quantised.declare(output, data_type);
                }
            }
            if self.quantised.codes.contains(input) {
                self.quantised.codes.extend(node.output.iter().cloned());
            }
        }
        let constant = |name: &String| {
            let value = self.indices.get(name);
            value.is_some_and(|&value| self.graph.values[value].constant.is_some())
        };
        if node.op_type == "QuantizeLinear" && !constant(output) {
            self.quantised.codes.insert(output.clone());
        }
    }
}
