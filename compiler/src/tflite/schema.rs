//! TFLite's file layout, as far as a conversion needs it: inputs, outputs, their tensors, and what
//! stands at the graph's boundary.
//!
//! Slots are the field positions of the flatbuffer schema, version 3.

use crate::flatbuffer::{FlatbufferError, Table, Vector};

const FILE_IDENTIFIER: &[u8; 4] = b"TFL3";
const SUPPORTED_VERSION: u32 = 3;
/// A dimension that is known only when the model runs.
pub(super) const DYNAMIC: i32 = -1;

/// Codes of the `BuiltinOperator` enum.
pub(super) const DEQUANTIZE: i32 = 6;
pub(super) const QUANTIZE: i32 = 114;

/// Codes of the `TensorType` enum.
pub(super) const FLOAT32: u8 = 0;
pub(super) const INT32: u8 = 2;
pub(super) const UINT8: u8 = 3;
pub(super) const BOOL: u8 = 6;
pub(super) const INT16: u8 = 7;
pub(super) const INT8: u8 = 9;

/// Names of the `TensorType` enum, in order from code 0.
const TYPE_NAMES: [&str; 19] = [
    "float32",
    "float16",
    "int32",
    "uint8",
    "int64",
    "string",
    "bool",
    "int16",
    "complex64",
    "int8",
    "float64",
    "complex128",
    "uint64",
    "resource",
    "variant",
    "uint32",
    "uint16",
    "int4",
    "bfloat16",
];

/// What is wrong with a file.
#[derive(Debug)]
pub(super) struct Invalid(pub(super) String);

impl From<FlatbufferError> for Invalid {
    fn from(error: FlatbufferError) -> Self {
        Self(error.to_string())
    }
}

/// Name of a `TensorType` code.
pub(super) fn type_name(code: u8) -> &'static str {
    TYPE_NAMES
        .get(usize::from(code))
        .copied()
        .unwrap_or("of an unknown type")
}

/// A file's first graph, and where the parts stand that a conversion edits.
#[derive(Debug)]
pub(super) struct File<'a> {
    tensors: Vec<Table<'a>>,
    /// Numbers of the tensors that go in.
    pub(super) inputs: Vec<usize>,
    /// Numbers of the tensors that come out.
    pub(super) outputs: Vec<usize>,
    pub(super) operators: Vec<Operator>,
    /// Names of inputs and outputs that the exporter chose; several sets are several ways in.
    pub(super) signatures: Vec<Signature>,
    pub(super) places: Places<'a>,
}

/// Where lists stand in the file.
#[derive(Debug)]
pub(super) struct Places<'a> {
    pub(super) inputs: Vector<'a>,
    pub(super) outputs: Vector<'a>,
    pub(super) operators: Vector<'a>,
    pub(super) signatures: Vector<'a>,
}

/// An operator: what it is, which tensors it reads (-1: an operand left out) and writes.
#[derive(Debug)]
pub(super) struct Operator {
    /// Code of the `BuiltinOperator` enum.
    pub(super) code: i32,
    pub(super) inputs: Vec<i32>,
    pub(super) outputs: Vec<i32>,
}

/// A way into the file: names of tensors by their numbers.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) key: String,
    pub(super) graph: u32,
    pub(super) inputs: Vec<(usize, String)>,
    pub(super) outputs: Vec<(usize, String)>,
}

/// A tensor at the boundary.
#[derive(Clone, Debug)]
pub(super) struct Tensor<'a> {
    pub(super) name: String,
    /// Code of the `TensorType` enum.
    pub(super) dtype: u8,
    /// Dimensions, [`DYNAMIC`] where only a run knows.
    pub(super) shape: Vec<i32>,
    /// Places of `shape` and `shape_signature`, which disagree where a dimension is dynamic.
    pub(super) shape_places: [Vector<'a>; 2],
    /// One scale for the whole tensor, or one per index of `axis`, or none.
    pub(super) scales: Vec<f32>,
    pub(super) zero_points: Vec<i64>,
    pub(super) axis: i32,
}

impl<'a> File<'a> {
    /// Reads a file down to its first graph.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Invalid> {
        let (model, identifier) = Table::root(bytes)?;
        if &identifier != FILE_IDENTIFIER {
            return Err(Invalid("the identifier TFL3 is missing".to_owned()));
        }
        let version = model.u32(0)?;
        if version != SUPPORTED_VERSION {
            return Err(Invalid(format!(
                "schema version {version} is not supported, only {SUPPORTED_VERSION}"
            )));
        }
        let codes: Result<Vec<i32>, Invalid> = model.tables(1)?.iter().map(operator_code).collect();
        let codes = codes?;
        let graphs = model.tables(2)?;
        let graph = graphs
            .first()
            .ok_or_else(|| Invalid("there is no graph in it".to_owned()))?;
        let operators = graph.tables(3)?;
        let file = Self {
            tensors: graph.tables(0)?,
            inputs: numbers(graph.i32s(1)?)?,
            outputs: numbers(graph.i32s(2)?)?,
            operators: operators
                .iter()
                .map(|table| operator(table, &codes))
                .collect::<Result<_, _>>()?,
            signatures: model
                .tables(7)?
                .iter()
                .map(signature)
                .collect::<Result<_, _>>()?,
            places: Places {
                inputs: graph.vector(1, 4)?,
                outputs: graph.vector(2, 4)?,
                operators: graph.vector(3, 4)?,
                signatures: model.vector(7, 4)?,
            },
        };
        if file.inputs.is_empty() || file.outputs.is_empty() {
            return Err(Invalid("the graph has no inputs or no outputs".to_owned()));
        }
        Ok(file)
    }

    /// A tensor by its number.
    pub(super) fn tensor(&self, number: usize) -> Result<Tensor<'a>, Invalid> {
        let table = self
            .tensors
            .get(number)
            .ok_or_else(|| Invalid(format!("there is no tensor {number}")))?;
        let mut tensor = Tensor {
            name: text(table, 3)?,
            dtype: table.u8(1)?,
            shape: table.i32s(0)?,
            shape_places: [table.vector(0, 4)?, table.vector(7, 4)?],
            scales: Vec::new(),
            zero_points: Vec::new(),
            axis: 0,
        };
        let known_when_running = table.i32s(7)?;
        if !known_when_running.is_empty() {
            if known_when_running.len() != tensor.shape.len() {
                return Err(Invalid(format!(
                    "tensor '{}' has two shapes of different rank",
                    tensor.name
                )));
            }
            tensor.shape = known_when_running;
        }
        if let Some(quantisation) = table.table(4)? {
            tensor.scales = quantisation.f32s(2)?;
            tensor.zero_points = quantisation.i64s(3)?;
            tensor.axis = quantisation.i32(6, 0)?;
        }
        Ok(tensor)
    }
}

/// The code stands in two fields: the older is a byte and ends at 127.
fn operator_code(table: &Table<'_>) -> Result<i32, Invalid> {
    Ok(i32::from(table.u8(0)?).max(table.i32(3, 0)?))
}

fn operator(table: &Table<'_>, codes: &[i32]) -> Result<Operator, Invalid> {
    let index = table.u32(0)? as usize;
    let code = codes
        .get(index)
        .ok_or_else(|| Invalid(format!("there is no operator code {index}")))?;
    Ok(Operator {
        code: *code,
        inputs: table.i32s(1)?,
        outputs: table.i32s(2)?,
    })
}

fn signature(table: &Table<'_>) -> Result<Signature, Invalid> {
    let names = |slot| {
        let entries = table.tables(slot)?;
        let names = entries
            .iter()
            .map(|entry| Ok((entry.u32(1)? as usize, text(entry, 0)?)));
        names.collect::<Result<Vec<_>, Invalid>>()
    };
    Ok(Signature {
        key: text(table, 2)?,
        graph: table.u32(4)?,
        inputs: names(0)?,
        outputs: names(1)?,
    })
}

/// A name as it is; what is no text in it is replaced.
fn text(table: &Table<'_>, slot: usize) -> Result<String, Invalid> {
    Ok(String::from_utf8_lossy(table.bytes(slot)?).into_owned())
}

fn numbers(list: Vec<i32>) -> Result<Vec<usize>, Invalid> {
    list.into_iter()
        .map(|number| {
            usize::try_from(number).map_err(|_| Invalid(format!("there is no tensor {number}")))
        })
        .collect()
}
