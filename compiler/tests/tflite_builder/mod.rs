//! Writes small `.tflite` files, slot by slot.
#![allow(dead_code, reason = "each test takes what it needs")]

use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset, VOffsetT, WIPOffset};

type Offset = WIPOffset<TableFinishedWIPOffset>;

/// Codes of the `TensorType` enum.
pub(crate) const FLOAT32: u8 = 0;
pub(crate) const INT32: u8 = 2;
pub(crate) const UINT8: u8 = 3;
pub(crate) const INT64: u8 = 4;
pub(crate) const BOOL: u8 = 6;
pub(crate) const INT8: u8 = 9;

/// Codes of the `BuiltinOperator` enum.
pub(crate) const DEQUANTIZE: i32 = 6;
pub(crate) const SUB: i32 = 41;
pub(crate) const CAST: i32 = 53;
pub(crate) const WHERE: i32 = 109;
pub(crate) const QUANTIZE: i32 = 114;

/// Version of SUB that takes int8.
const OPERATOR_VERSION: i32 = 2;
/// `SubOptions` in the union of options.
const SUB_OPTIONS: u8 = 28;

/// Position of a field in a vtable.
const fn slot(index: VOffsetT) -> VOffsetT {
    4 + 2 * index
}

/// A tensor without data.
#[derive(Clone)]
pub(crate) struct Tensor<'a> {
    pub(crate) name: &'a str,
    pub(crate) dtype: u8,
    pub(crate) shape: &'a [i32],
    /// `shape_signature`, if there is one.
    pub(crate) open: Option<&'a [i32]>,
    pub(crate) scales: &'a [f32],
    pub(crate) zero_points: &'a [i64],
    pub(crate) axis: i32,
}

impl<'a> Tensor<'a> {
    /// A tensor of four elements without a scale.
    pub(crate) fn new(name: &'a str, dtype: u8) -> Self {
        Self {
            name,
            dtype,
            shape: &[1, 4],
            open: None,
            scales: &[],
            zero_points: &[],
            axis: 0,
        }
    }

    /// With one scale and zero point.
    pub(crate) fn scaled(self, scale: &'a [f32; 1], zero_point: &'a [i64; 1]) -> Self {
        Self {
            scales: scale,
            zero_points: zero_point,
            ..self
        }
    }

    /// With these dimensions open or fixed.
    pub(crate) fn open(self, open: &'a [i32]) -> Self {
        Self {
            open: Some(open),
            ..self
        }
    }
}

/// Names of a signature: of tensors by number.
pub(crate) type Names<'a> = &'a [(u32, &'a str)];

/// A file under construction.
pub(crate) struct File {
    builder: FlatBufferBuilder<'static>,
    tensors: Vec<Offset>,
    operators: Vec<Offset>,
    codes: Vec<i32>,
    signatures: Vec<Offset>,
    pub(crate) version: u32,
    pub(crate) identifier: &'static str,
}

impl File {
    pub(crate) fn new() -> Self {
        Self {
            builder: FlatBufferBuilder::new(),
            tensors: vec![],
            operators: vec![],
            codes: vec![],
            signatures: vec![],
            version: 3,
            identifier: "TFL3",
        }
    }

    /// Adds a tensor and returns its number.
    pub(crate) fn tensor(&mut self, tensor: Tensor<'_>) -> i32 {
        self.named(tensor.name.as_bytes(), &tensor)
    }

    /// Adds a tensor whose name need not be text.
    pub(crate) fn named(&mut self, name: &[u8], tensor: &Tensor<'_>) -> i32 {
        let builder = &mut self.builder;
        let quantisation = (!tensor.scales.is_empty()).then(|| {
            let scales = builder.create_vector(tensor.scales);
            let zero_points = builder.create_vector(tensor.zero_points);
            let table = builder.start_table();
            builder.push_slot_always(slot(2), scales);
            builder.push_slot_always(slot(3), zero_points);
            builder.push_slot(slot(6), tensor.axis, 0);
            builder.end_table(table)
        });
        let shape = builder.create_vector(tensor.shape);
        let open = tensor.open.map(|open| builder.create_vector(open));
        let name = builder.create_vector(name);
        let table = builder.start_table();
        builder.push_slot_always(slot(0), shape);
        builder.push_slot(slot(1), tensor.dtype, 0);
        builder.push_slot_always(slot(3), name);
        if let Some(quantisation) = quantisation {
            builder.push_slot_always(slot(4), quantisation);
        }
        if let Some(open) = open {
            builder.push_slot_always(slot(7), open);
        }
        let table = builder.end_table(table);
        self.tensors.push(table);
        self.tensors.len() as i32 - 1
    }

    /// Appends an operator.
    pub(crate) fn operator(&mut self, code: i32, inputs: &[i32], outputs: &[i32]) {
        let index = self.codes.len() as u32;
        self.codes.push(code);
        let builder = &mut self.builder;
        let (inputs, outputs) = (
            builder.create_vector(inputs),
            builder.create_vector(outputs),
        );
        let options = (code == SUB).then(|| {
            let table = builder.start_table();
            builder.end_table(table)
        });
        let table = builder.start_table();
        builder.push_slot(slot(0), index, 0);
        builder.push_slot_always(slot(1), inputs);
        builder.push_slot_always(slot(2), outputs);
        if let Some(options) = options {
            builder.push_slot_always(slot(3), SUB_OPTIONS);
            builder.push_slot_always(slot(4), options);
        }
        let table = builder.end_table(table);
        self.operators.push(table);
    }

    /// Adds a signature of the first graph.
    pub(crate) fn signature(&mut self, key: &str, inputs: Names<'_>, outputs: Names<'_>) {
        let builder = &mut self.builder;
        let mut names = |entries: Names<'_>| {
            let mut tables = vec![];
            for &(tensor, name) in entries {
                let name = builder.create_string(name);
                let table = builder.start_table();
                builder.push_slot_always(slot(0), name);
                builder.push_slot(slot(1), tensor, 0);
                tables.push(builder.end_table(table));
            }
            builder.create_vector(&tables)
        };
        let (inputs, outputs) = (names(inputs), names(outputs));
        let key = builder.create_string(key);
        let table = builder.start_table();
        builder.push_slot_always(slot(0), inputs);
        builder.push_slot_always(slot(1), outputs);
        builder.push_slot_always(slot(2), key);
        let table = builder.end_table(table);
        self.signatures.push(table);
    }

    /// The file's bytes.
    pub(crate) fn finish(mut self, inputs: &[i32], outputs: &[i32]) -> Vec<u8> {
        let builder = &mut self.builder;
        let codes: Vec<_> = self
            .codes
            .iter()
            .map(|&code| {
                let table = builder.start_table();
                builder.push_slot(slot(0), code.min(127) as i8, 0);
                builder.push_slot(slot(2), OPERATOR_VERSION, 1);
                builder.push_slot(slot(3), code, 0);
                builder.end_table(table)
            })
            .collect();
        let codes = builder.create_vector(&codes);
        let tensors = builder.create_vector(&self.tensors);
        let (inputs, outputs) = (
            builder.create_vector(inputs),
            builder.create_vector(outputs),
        );
        let operators = builder.create_vector(&self.operators);
        let name = builder.create_string("main");
        let graph = builder.start_table();
        builder.push_slot_always(slot(0), tensors);
        builder.push_slot_always(slot(1), inputs);
        builder.push_slot_always(slot(2), outputs);
        builder.push_slot_always(slot(3), operators);
        builder.push_slot_always(slot(4), name);
        let graph = builder.end_table(graph);
        let graphs = builder.create_vector(&[graph]);
        // Buffer 0 is empty: what has no data refers to it.
        let buffer = builder.start_table();
        let buffer = builder.end_table(buffer);
        let buffers = builder.create_vector(&[buffer]);
        let description = builder.create_string("written by a test");
        let signatures = builder.create_vector(&self.signatures);
        let model = builder.start_table();
        builder.push_slot(slot(0), self.version, 0);
        builder.push_slot_always(slot(1), codes);
        builder.push_slot_always(slot(2), graphs);
        builder.push_slot_always(slot(3), description);
        builder.push_slot_always(slot(4), buffers);
        builder.push_slot_always(slot(7), signatures);
        let model = builder.end_table(model);
        builder.finish(model, Some(self.identifier));
        builder.finished_data().to_vec()
    }
}

/// `difference = left - right`, four elements each: steps of 1/4 and 1/2 in, of 1 out; the file
/// declares `right` first.
pub(crate) fn difference(signed: bool) -> Vec<u8> {
    let mut file = File::new();
    let right = file.tensor(Tensor::new("serving_default_right:0", INT8).scaled(&[0.5], &[3]));
    let left = file.tensor(Tensor::new("serving_default_left:0", INT8).scaled(&[0.25], &[-7]));
    let difference =
        file.tensor(Tensor::new("StatefulPartitionedCall:0", INT8).scaled(&[1.0], &[0]));
    file.operator(SUB, &[left, right], &[difference]);
    if signed {
        // Signatures are sorted by name.
        file.signature(
            "serving_default",
            &[(left as u32, "left"), (right as u32, "right")],
            &[(difference as u32, "difference")],
        );
    }
    file.finish(&[right, left], &[difference])
}
