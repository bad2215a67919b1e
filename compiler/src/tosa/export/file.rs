//! The flatbuffer of a `.tosa` file, written table by table and slot by slot: the other side of
//! `schema`.

use crate::tosa::import::DATA_ALIGNMENT_BYTES;
use fixpoint_runtime::tensor::DType;
use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset, VOffsetT, WIPOffset};

/// The version of TOSA that files are written for.
const VERSION: [i32; 3] = [1, 0, 0];

/// A tensor: type, and data if it is constant.
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) shape: Vec<i32>,
    pub(super) dtype: DType,
    pub(super) data: Vec<u8>,
}

/// A constant shape.
pub(super) struct Shape {
    pub(super) name: String,
    pub(super) elements: Vec<i64>,
}

/// Content of a field of an attribute table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Bool(bool),
    I32(i32),
    /// An enum, too.
    U32(u32),
    I32s(Vec<i32>),
    Bytes(Vec<u8>),
}

/// An operator.
pub(super) struct Node {
    pub(super) code: u8,
    /// Fields of its attribute table, by slot.
    pub(super) attributes: Vec<(u16, Field)>,
    pub(super) inputs: Vec<String>,
    pub(super) output: String,
}

impl Node {
    /// An operator without attributes.
    pub(super) const fn of(code: u8, inputs: Vec<String>, output: String) -> Self {
        Self {
            code,
            attributes: vec![],
            inputs,
            output,
        }
    }
}

/// A file's one block.
#[derive(Default)]
pub(super) struct File {
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    pub(super) tensors: Vec<Tensor>,
    pub(super) shapes: Vec<Shape>,
    pub(super) nodes: Vec<Node>,
}

type Builder = FlatBufferBuilder<'static>;
type Table = WIPOffset<TableFinishedWIPOffset>;

/// Position of a field in a vtable.
const fn slot(index: u16) -> VOffsetT {
    4 + 2 * index
}

impl File {
    /// The file's bytes.
    pub(super) fn finish(self) -> Vec<u8> {
        let mut builder = Builder::new();
        let tensors: Vec<_> = self
            .tensors
            .iter()
            .map(|it| tensor(&mut builder, it))
            .collect();
        let shapes: Vec<_> = self
            .shapes
            .iter()
            .map(|it| shape(&mut builder, it))
            .collect();
        let nodes: Vec<_> = self.nodes.iter().map(|it| node(&mut builder, it)).collect();
        let [inputs, outputs] = [&self.inputs, &self.outputs].map(|it| strings(&mut builder, it));
        let [nodes, tensors, shapes] =
            [nodes, tensors, shapes].map(|it| builder.create_vector(&it));
        let name = builder.create_string("main");
        let block = builder.start_table();
        builder.push_slot_always(slot(0), name);
        builder.push_slot_always(slot(1), nodes);
        builder.push_slot_always(slot(2), tensors);
        builder.push_slot_always(slot(3), inputs);
        builder.push_slot_always(slot(4), outputs);
        builder.push_slot_always(slot(5), shapes);
        let block = builder.end_table(block);
        let blocks = builder.create_vector(&[block]);
        let region = builder.start_table();
        builder.push_slot_always(slot(0), name);
        builder.push_slot_always(slot(1), blocks);
        let region = builder.end_table(region);
        let regions = builder.create_vector(&[region]);
        let version = builder.start_table();
        for (index, number) in (0..).zip(VERSION) {
            builder.push_slot_always(slot(index), number);
        }
        // Not a draft.
        builder.push_slot_always(slot(3), false);
        let version = builder.end_table(version);
        let graph = builder.start_table();
        builder.push_slot_always(slot(0), version);
        builder.push_slot_always(slot(1), regions);
        let graph = builder.end_table(graph);
        builder.finish(graph, Some("TOSA"));
        builder.finished_data().to_vec()
    }
}

fn strings<'b>(
    builder: &mut FlatBufferBuilder<'b>,
    texts: &[String],
) -> WIPOffset<flatbuffers::Vector<'b, flatbuffers::ForwardsUOffset<&'b str>>> {
    let texts: Vec<_> = texts
        .iter()
        .map(|text| builder.create_string(text))
        .collect();
    builder.create_vector(&texts)
}

/// Bytes padded and aligned as the schema wants data to be.
fn data<'b>(
    builder: &mut FlatBufferBuilder<'b>,
    bytes: &[u8],
) -> WIPOffset<flatbuffers::Vector<'b, u8>> {
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().next_multiple_of(DATA_ALIGNMENT_BYTES), 0);
    // The file grows towards its beginning: what is written next to an aligned word is aligned.
    builder.push(0_u64);
    builder.create_vector(&padded)
}

fn tensor(builder: &mut Builder, tensor: &Tensor) -> Table {
    let name = builder.create_string(&tensor.name);
    let shape = builder.create_vector(&tensor.shape);
    let data = data(builder, &tensor.data);
    let table = builder.start_table();
    builder.push_slot_always(slot(0), name);
    builder.push_slot_always(slot(1), shape);
    builder.push_slot_always(slot(2), u32::from(tensor.dtype as u8));
    builder.push_slot_always(slot(3), data);
    builder.end_table(table)
}

fn shape(builder: &mut Builder, shape: &Shape) -> Table {
    let bytes: Vec<u8> = shape
        .elements
        .iter()
        .flat_map(|it| it.to_le_bytes())
        .collect();
    let name = builder.create_string(&shape.name);
    let data = data(builder, &bytes);
    let table = builder.start_table();
    builder.push_slot_always(slot(0), name);
    builder.push_slot_always(slot(1), shape.elements.len() as u32);
    builder.push_slot_always(slot(2), data);
    builder.end_table(table)
}

fn node(builder: &mut Builder, node: &Node) -> Table {
    let attributes = attributes(builder, &node.attributes);
    let inputs = strings(builder, &node.inputs);
    let outputs = strings(builder, std::slice::from_ref(&node.output));
    let table = builder.start_table();
    builder.push_slot_always(slot(0), u32::from(node.code));
    builder.push_slot_always(slot(1), node.code);
    builder.push_slot_always(slot(2), attributes);
    builder.push_slot_always(slot(3), inputs);
    builder.push_slot_always(slot(4), outputs);
    builder.end_table(table)
}

/// An attribute table. What its fields point to stands before it.
fn attributes(builder: &mut Builder, fields: &[(u16, Field)]) -> Table {
    enum Written<'b> {
        Bool(bool),
        I32(i32),
        U32(u32),
        I32s(WIPOffset<flatbuffers::Vector<'b, i32>>),
        Bytes(WIPOffset<flatbuffers::Vector<'b, u8>>),
    }
    let written: Vec<_> = fields
        .iter()
        .map(|(index, field)| {
            let field = match field {
                Field::Bool(value) => Written::Bool(*value),
                Field::I32(value) => Written::I32(*value),
                Field::U32(value) => Written::U32(*value),
                Field::I32s(values) => Written::I32s(builder.create_vector(values)),
                Field::Bytes(bytes) => Written::Bytes(data(builder, bytes)),
            };
            (slot(*index), field)
        })
        .collect();
    let table = builder.start_table();
    for (slot, field) in written {
        match field {
            Written::Bool(value) => builder.push_slot_always(slot, value),
            Written::I32(value) => builder.push_slot_always(slot, value),
            Written::U32(value) => builder.push_slot_always(slot, value),
            Written::I32s(offset) => builder.push_slot_always(slot, offset),
            Written::Bytes(offset) => builder.push_slot_always(slot, offset),
        }
    }
    builder.end_table(table)
}
