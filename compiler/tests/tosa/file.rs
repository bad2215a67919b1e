//! `.tosa` files written slot by slot, right ones and wrong ones.

use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset, VOffsetT, WIPOffset};

type Builder = FlatBufferBuilder<'static>;
pub(crate) type Offset = WIPOffset<TableFinishedWIPOffset>;

pub(crate) const BOOL: u32 = 1;
pub(crate) const INT8: u32 = 3;
pub(crate) const INT16: u32 = 4;
pub(crate) const INT32: u32 = 5;
pub(crate) const INT48: u32 = 6;

/// Position of a field in a vtable.
pub(crate) const fn slot(index: VOffsetT) -> VOffsetT {
    4 + 2 * index
}

/// A file under construction.
pub(crate) struct File {
    pub(crate) builder: Builder,
    tensors: Vec<Offset>,
    shapes: Vec<Offset>,
    operators: Vec<Offset>,
    pub(crate) version: i32,
}

impl File {
    pub(crate) fn new() -> Self {
        let builder = Builder::new();
        Self {
            builder,
            tensors: vec![],
            shapes: vec![],
            operators: vec![],
            version: 1,
        }
    }

    pub(crate) fn tensor(&mut self, name: &str, shape: &[i32], dtype: u32, data: &[u8]) {
        let name = self.builder.create_string(name);
        let shape = self.builder.create_vector(shape);
        let data = self.builder.create_vector(data);
        let table = self.builder.start_table();
        self.builder.push_slot_always(slot(0), name);
        self.builder.push_slot_always(slot(1), shape);
        self.builder.push_slot(slot(2), dtype, 0);
        self.builder.push_slot_always(slot(3), data);
        let table = self.builder.end_table(table);
        self.tensors.push(table);
    }

    pub(crate) fn constant(&mut self, name: &str, shape: &[i32], dtype: u32, data: &[u8]) {
        self.tensor(name, shape, dtype, data);
        self.operator(67, None, &[], name);
    }

    pub(crate) fn shape(&mut self, name: &str, dims: &[i64]) {
        let data: Vec<u8> = dims.iter().flat_map(|dim| dim.to_le_bytes()).collect();
        let name_offset = self.builder.create_string(name);
        let data = self.builder.create_vector(&data);
        let table = self.builder.start_table();
        self.builder.push_slot_always(slot(0), name_offset);
        self.builder.push_slot(slot(1), dims.len() as u32, 0);
        self.builder.push_slot_always(slot(2), data);
        let table = self.builder.end_table(table);
        self.shapes.push(table);
        self.operator(75, None, &[], name);
    }

    pub(crate) fn operator(
        &mut self,
        code: u32,
        attribute: Option<Offset>,
        inputs: &[&str],
        output: &str,
    ) {
        self.node(code, attribute, inputs, &[output]);
    }

    pub(crate) fn node(
        &mut self,
        code: u32,
        attribute: Option<Offset>,
        inputs: &[&str],
        outputs: &[&str],
    ) {
        let attribute = attribute.unwrap_or_else(|| {
            let table = self.builder.start_table();
            self.builder.end_table(table)
        });
        let mut names = |names: &[&str]| {
            let names: Vec<_> = names
                .iter()
                .map(|name| self.builder.create_string(name))
                .collect();
            self.builder.create_vector(&names)
        };
        let (inputs, outputs) = (names(inputs), names(outputs));
        let table = self.builder.start_table();
        self.builder.push_slot(slot(0), code, 0);
        self.builder.push_slot(slot(1), code as u8, 0);
        self.builder.push_slot_always(slot(2), attribute);
        self.builder.push_slot_always(slot(3), inputs);
        self.builder.push_slot_always(slot(4), outputs);
        let table = self.builder.end_table(table);
        self.operators.push(table);
    }

    pub(crate) fn clamp_attribute(&mut self, min: i8, max: i8) -> Offset {
        // A writer pads these to eight bytes.
        let bytes = |value: i8| [value.cast_unsigned(), 0, 0, 0, 0, 0, 0, 0];
        let min = self.builder.create_vector(&bytes(min));
        let max = self.builder.create_vector(&bytes(max));
        let table = self.builder.start_table();
        self.builder.push_slot_always(slot(0), min);
        self.builder.push_slot_always(slot(1), max);
        self.builder.end_table(table)
    }

    /// An attribute table of lists of integers, then of one number.
    pub(crate) fn attribute(&mut self, lists: &[&[i32]], number: Option<(u16, i32)>) -> Offset {
        let lists: Vec<_> = lists
            .iter()
            .map(|list| self.builder.create_vector(list))
            .collect();
        let table = self.builder.start_table();
        for (index, list) in (0..).zip(lists) {
            self.builder.push_slot_always(slot(index), list);
        }
        if let Some((index, number)) = number {
            self.builder.push_slot_always(slot(index), number);
        }
        self.builder.end_table(table)
    }

    pub(crate) fn finish(self, input: &str, output: &str) -> Vec<u8> {
        self.finish_with(&[input], &[output])
    }

    pub(crate) fn finish_with(mut self, inputs: &[&str], outputs: &[&str]) -> Vec<u8> {
        let builder = &mut self.builder;
        let name = builder.create_string("main");
        let [inputs, outputs] = [inputs, outputs].map(|names| {
            let names: Vec<_> = names
                .iter()
                .map(|name| builder.create_string(name))
                .collect();
            builder.create_vector(&names)
        });
        let operators = builder.create_vector(&self.operators);
        let tensors = builder.create_vector(&self.tensors);
        let shapes = builder.create_vector(&self.shapes);
        let block = builder.start_table();
        builder.push_slot_always(slot(0), name);
        builder.push_slot_always(slot(1), operators);
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
        builder.push_slot_always(slot(0), self.version);
        let version = builder.end_table(version);
        let graph = builder.start_table();
        builder.push_slot_always(slot(0), version);
        builder.push_slot_always(slot(1), regions);
        let graph = builder.end_table(graph);
        builder.finish(graph, Some("TOSA"));
        builder.finished_data().to_vec()
    }
}
