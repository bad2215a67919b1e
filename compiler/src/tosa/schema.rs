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
const OPERATOR_NAMES: [&str; 102] = [
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
    "MATMUL_T_BLOCK_SCALED",
    "CAST_FROM_BLOCK_SCALED",
    "CAST_TO_BLOCK_SCALED",
    "DIM",
    "CONCAT_SHAPE",
    "ADD_SHAPE",
    "SUB_SHAPE",
    "MUL_SHAPE",
    "SLICE_SHAPE",
    "EXP2_SHAPE",
    "LOG2_CEIL_SHAPE",
    "LOG2_FLOOR_SHAPE",
    "MAX_SHAPE",
    "MIN_SHAPE",
    "MOD_SHAPE",
    "DIV_CEIL_SHAPE",
    "DIV_FLOOR_SHAPE",
    "ASSERT_EQUAL_SHAPE",
    "CONV2D_BLOCK_SCALED",
    "MAX_POOL2D_ADAPTIVE",
    "AVG_POOL2D_ADAPTIVE",
    "RESHAPE_BLOCK_SCALED",
    "ROW_GATHER_BLOCK_SCALED",
    "ROW_GATHER",
    "MATMUL_T",
    "(unknown operator)",
];

/// What an operator or a type belongs to that came after TOSA 1.0.
pub(super) const NEWER: &str = "newer than TOSA 1.0";

/// The first code of the `Op` enum that TOSA 1.0 does not have.
const FIRST_NEWER_OPERATOR: u32 = 76;

/// Names of the `DType` enum, in order from code 0, and what each belongs to.
const DTYPES: [(&str, &str); 19] = [
    ("unknown", "no type"),
    ("bool", "PRO-INT"),
    ("int4", "EXT-INT4"),
    ("int8", "PRO-INT"),
    ("int16", "PRO-INT"),
    ("int32", "PRO-INT"),
    ("int48", "EXT-INT16"),
    ("fp32", "PRO-FP"),
    ("fp16", "PRO-FP"),
    ("bf16", "EXT-BF16"),
    ("shape", "not a tensor's type"),
    ("fp8e4m3", "EXT-FP8E4M3"),
    ("fp8e5m2", "EXT-FP8E5M2"),
    ("fp6e2m3", NEWER),
    ("fp6e3m2", NEWER),
    ("fp4e2m1", NEWER),
    ("fp8ue8m0", NEWER),
    ("int64", NEWER),
    ("mxint8", NEWER),
];

/// A tensor: type, and data if it is constant.
#[derive(Debug)]
pub(super) struct Tensor<'a> {
    pub(super) name: &'a str,
    pub(super) shape: Vec<i32>,
    /// Code of the `DType` enum.
    pub(super) dtype: u32,
    pub(super) data: &'a [u8],
    pub(super) is_variable: bool,
    /// No shape at all, which is not the shape of rank 0.
    pub(super) is_unranked: bool,
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

/// The first basic block of a graph: the only one, unless there is control flow.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) is_only: bool,
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

/// What an operator belongs to that is not in the integer profile.
pub(super) fn operator_belongs(code: u32) -> &'static str {
    if code >= FIRST_NEWER_OPERATOR {
        return NEWER;
    }
    match operator_name(code) {
        "UNKNOWN" => "no operator",
        "FFT2D" | "RFFT2D" => "EXT-FFT",
        "COND_IF" | "WHILE_LOOP" => "EXT-CONTROLFLOW",
        "VARIABLE" | "VARIABLE_WRITE" | "VARIABLE_READ" => "EXT-VARIABLE",
        "CUSTOM" => "defined by an implementation",
        _ => "PRO-FP",
    }
}

/// Name of a `DType` code, and the profile, extension or version that it belongs to.
pub(super) fn dtype_name(code: u32) -> (&'static str, &'static str) {
    DTYPES
        .get(code as usize)
        .copied()
        .unwrap_or(("unknown", "no type"))
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

/// Reads a file down to its first basic block.
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
    let region = regions.first().ok_or_else(|| invalid("no region"))?;
    let blocks = region.tables(1)?;
    let block = blocks.first().ok_or_else(|| invalid("no block"))?;
    Ok(Block {
        is_only: regions.len() == 1 && blocks.len() == 1,
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
    Ok(Tensor {
        name: table.string(0)?,
        shape: table.i32s(1)?,
        dtype: table.u32(2)?,
        data: table.bytes(3)?,
        is_variable: table.u8(4)? != 0,
        is_unranked: table.u8(5)? != 0,
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
