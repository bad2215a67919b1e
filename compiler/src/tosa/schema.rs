//! TOSA's file layout: a file's bytes to plain structs, no meaning attached.
//!
//! Slots are the field positions of the flatbuffer schema `tosa.fbs`, version 1.x.

use crate::{
    error::CompileError,
    flatbuffer::{FlatbufferError, Table},
};

const FILE_IDENTIFIER: &[u8; 4] = b"TOSA";
const SUPPORTED_MAJOR_VERSION: i32 = 1;

/// Names of the `Op` enum, in order from code 0.
const OPERATOR_NAMES: [&str; 77] = [
    "UNKNOWN",
    "ARGMAX",
    "AVG_POOL2D",
    "CONV2D",
    "CONV3D",
    "DEPTHWISE_CONV2D",
    "FFT2D",
    "MATMUL",
    "MAX_POOL2D",
    "RFFT2D",
    "TRANSPOSE_CONV2D",
    "CLAMP",
    "ERF",
    "SIGMOID",
    "TANH",
    "ADD",
    "ARITHMETIC_RIGHT_SHIFT",
    "BITWISE_AND",
    "BITWISE_OR",
    "BITWISE_XOR",
    "INTDIV",
    "LOGICAL_AND",
    "LOGICAL_LEFT_SHIFT",
    "LOGICAL_RIGHT_SHIFT",
    "LOGICAL_OR",
    "LOGICAL_XOR",
    "MAXIMUM",
    "MINIMUM",
    "MUL",
    "POW",
    "SUB",
    "TABLE",
    "ABS",
    "BITWISE_NOT",
    "CEIL",
    "CLZ",
    "COS",
    "EXP",
    "FLOOR",
    "LOG",
    "LOGICAL_NOT",
    "NEGATE",
    "RECIPROCAL",
    "RSQRT",
    "SIN",
    "SELECT",
    "EQUAL",
    "GREATER",
    "GREATER_EQUAL",
    "REDUCE_ALL",
    "REDUCE_ANY",
    "REDUCE_MAX",
    "REDUCE_MIN",
    "REDUCE_PRODUCT",
    "REDUCE_SUM",
    "CONCAT",
    "PAD",
    "RESHAPE",
    "REVERSE",
    "SLICE",
    "TILE",
    "TRANSPOSE",
    "GATHER",
    "SCATTER",
    "RESIZE",
    "CAST",
    "RESCALE",
    "CONST",
    "IDENTITY",
    "CUSTOM",
    "COND_IF",
    "WHILE_LOOP",
    "VARIABLE",
    "VARIABLE_WRITE",
    "VARIABLE_READ",
    "CONST_SHAPE",
    "(newer than TOSA 1.0)",
];

/// Names of the `DType` enum, in order from code 0.
const DTYPE_NAMES: [&str; 11] = [
    "unknown", "bool", "int4", "int8", "int16", "int32", "int48", "fp32", "fp16", "bf16", "shape",
];

/// A tensor: type, and data if it is constant.
#[derive(Debug)]
pub(super) struct Tensor<'a> {
    pub(super) name: &'a str,
    pub(super) shape: Vec<i32>,
    /// Code of the `DType` enum.
    pub(super) dtype: u32,
    pub(super) data: &'a [u8],
}

/// A constant shape: its elements are 64 bit.
#[derive(Debug)]
pub(super) struct ShapeConstant<'a> {
    pub(super) name: &'a str,
    pub(super) elements: Vec<i64>,
}

/// An operator: what it is, its attribute table, what it reads and writes.
#[derive(Debug)]
pub(super) struct Node<'a> {
    /// Code of the `Op` enum.
    pub(super) code: u32,
    pub(super) attribute: Option<Table<'a>>,
    pub(super) inputs: Vec<&'a str>,
    pub(super) outputs: Vec<&'a str>,
}

/// The one basic block of a graph without control flow.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) inputs: Vec<&'a str>,
    pub(super) outputs: Vec<&'a str>,
    pub(super) tensors: Vec<Tensor<'a>>,
    pub(super) shapes: Vec<ShapeConstant<'a>>,
    pub(super) nodes: Vec<Node<'a>>,
}

/// Name of an `Op` code.
pub(super) fn operator_name(code: u32) -> &'static str {
    let last = OPERATOR_NAMES.len() - 1;
    OPERATOR_NAMES[usize::try_from(code).map_or(last, |code| code.min(last))]
}

/// Name of a `DType` code.
pub(super) fn dtype_name(code: u32) -> &'static str {
    DTYPE_NAMES
        .get(code as usize)
        .copied()
        .unwrap_or("newer than TOSA 1.0")
}

pub(super) fn invalid(reason: impl Into<String>) -> CompileError {
    CompileError::TosaFile {
        reason: reason.into(),
    }
}

impl From<FlatbufferError> for CompileError {
    fn from(error: FlatbufferError) -> Self {
        invalid(error.to_string())
    }
}

/// Reads a file down to its single basic block.
pub(super) fn read(bytes: &[u8]) -> Result<Block<'_>, CompileError> {
    let (graph, identifier) = Table::root(bytes)?;
    if &identifier != FILE_IDENTIFIER {
        return Err(invalid("the identifier TOSA is missing"));
    }
    let version = graph.table(0)?.ok_or_else(|| invalid("no version"))?;
    let major = version.i32(0, -1)?;
    if major != SUPPORTED_MAJOR_VERSION {
        return Err(invalid(format!(
            "TOSA version {major} is not supported, only 1.x"
        )));
    }
    let regions = graph.tables(1)?;
    let [region] = regions.as_slice() else {
        return Err(invalid(
            "control flow (more than one region) is not supported",
        ));
    };
    let blocks = region.tables(1)?;
    let [block] = blocks.as_slice() else {
        return Err(invalid(
            "control flow (more than one block) is not supported",
        ));
    };
    Ok(Block {
        inputs: block.strings(3)?,
        outputs: block.strings(4)?,
        tensors: block
            .tables(2)?
            .iter()
            .map(tensor)
            .collect::<Result<_, _>>()?,
        shapes: block
            .tables(5)?
            .iter()
            .map(shape_constant)
            .collect::<Result<_, _>>()?,
        nodes: block
            .tables(1)?
            .iter()
            .map(node)
            .collect::<Result<_, _>>()?,
    })
}

fn tensor<'a>(table: &Table<'a>) -> Result<Tensor<'a>, CompileError> {
    let name = table.string(0)?;
    if table.u8(4)? != 0 {
        return Err(invalid(format!(
            "variable tensor '{name}': variables are not supported"
        )));
    }
    Ok(Tensor {
        shape: table.i32s(1)?,
        dtype: table.u32(2)?,
        data: table.bytes(3)?,
        name,
    })
}

fn shape_constant<'a>(table: &Table<'a>) -> Result<ShapeConstant<'a>, CompileError> {
    let (words, _) = table.bytes(2)?.as_chunks::<8>();
    let rank = table.u32(1)? as usize;
    let name = table.string(0)?;
    if words.len() < rank {
        return Err(invalid(format!("shape '{name}' is cut off")));
    }
    // A shape of rank 0 may come with padding.
    let elements = words[..rank]
        .iter()
        .map(|word| i64::from_le_bytes(*word))
        .collect();
    Ok(ShapeConstant { name, elements })
}

fn node<'a>(table: &Table<'a>) -> Result<Node<'a>, CompileError> {
    let code = table.u32(0)?;
    if u32::from(table.u8(1)?) != code {
        return Err(invalid(format!(
            "{} has another operator's attributes",
            operator_name(code)
        )));
    }
    Ok(Node {
        code,
        attribute: table.table(2)?,
        inputs: table.strings(3)?,
        outputs: table.strings(4)?,
    })
}
