//! `.tosa` files written here, slot by slot, and what becomes of them: right ones, and broken ones.

use fixpoint_compiler::{
    CompileError, Compiled, IntegerOptions, compile_tosa,
    tosa::{self, IoDescription},
};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{
        Model,
        format::{Quantisation, Ratio},
        validate,
    },
    ops::Operator,
};
use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset, VOffsetT, WIPOffset};

type Builder = FlatBufferBuilder<'static>;
type Offset = WIPOffset<TableFinishedWIPOffset>;

const INT8: u32 = 3;
const INT32: u32 = 5;
const INT48: u32 = 6;

/// Position of a field in a vtable.
const fn slot(index: VOffsetT) -> VOffsetT {
    4 + 2 * index
}

/// A file under construction.
struct File {
    builder: Builder,
    tensors: Vec<Offset>,
    shapes: Vec<Offset>,
    operators: Vec<Offset>,
    version: i32,
}

impl File {
    fn new() -> Self {
        let builder = Builder::new();
        Self {
            builder,
            tensors: vec![],
            shapes: vec![],
            operators: vec![],
            version: 1,
        }
    }

    fn tensor(&mut self, name: &str, shape: &[i32], dtype: u32, data: &[u8]) {
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

    fn constant(&mut self, name: &str, shape: &[i32], dtype: u32, data: &[u8]) {
        self.tensor(name, shape, dtype, data);
        self.operator(67, None, &[], name);
    }

    fn shape(&mut self, name: &str, dims: &[i64]) {
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

    fn operator(&mut self, code: u32, attribute: Option<Offset>, inputs: &[&str], output: &str) {
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
        let (inputs, outputs) = (names(inputs), names(&[output]));
        let table = self.builder.start_table();
        self.builder.push_slot(slot(0), code, 0);
        self.builder.push_slot(slot(1), code as u8, 0);
        self.builder.push_slot_always(slot(2), attribute);
        self.builder.push_slot_always(slot(3), inputs);
        self.builder.push_slot_always(slot(4), outputs);
        let table = self.builder.end_table(table);
        self.operators.push(table);
    }

    fn clamp_attribute(&mut self, min: i8, max: i8) -> Offset {
        // A writer pads these to eight bytes.
        let bytes = |value: i8| [value.cast_unsigned(), 0, 0, 0, 0, 0, 0, 0];
        let min = self.builder.create_vector(&bytes(min));
        let max = self.builder.create_vector(&bytes(max));
        let table = self.builder.start_table();
        self.builder.push_slot_always(slot(0), min);
        self.builder.push_slot_always(slot(1), max);
        self.builder.end_table(table)
    }

    fn finish(mut self, input: &str, output: &str) -> Vec<u8> {
        let builder = &mut self.builder;
        let name = builder.create_string("main");
        let [inputs, outputs] = [input, output].map(|name| {
            let name = builder.create_string(name);
            builder.create_vector(&[name])
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

/// `y = clamp(pad(x, 1 before and 2 after, with 7), -5, 100)`, `x` of three int8 elements.
fn padded_clamp(file: &mut File) {
    file.tensor("x", &[3], INT8, &[]);
    file.constant("seven", &[1], INT8, &[7]);
    file.shape("margins", &[1, 2]);
    file.tensor("padded", &[6], INT8, &[]);
    file.operator(56, None, &["x", "margins", "seven"], "padded");
    file.tensor("y", &[6], INT8, &[]);
    let bounds = file.clamp_attribute(-5, 100);
    file.operator(11, Some(bounds), &["padded"], "y");
}

fn valid_file() -> Vec<u8> {
    let mut file = File::new();
    padded_clamp(&mut file);
    file.finish("x", "y")
}

fn run(model: Model, input: &[u8], output_bytes: usize) -> Vec<u8> {
    let valid = validate(model).expect("validates");
    let plan = Plan::new(&valid, Isa::portable());
    let mut output = vec![0; output_bytes];
    plan.run(&mut Arena::new(&plan), input, &mut output)
        .expect("runs");
    output
}

fn compile(bytes: &[u8], io: Option<&IoDescription>) -> Result<Compiled, CompileError> {
    compile_tosa(bytes, io, &IntegerOptions::default(), &mut |_| ())
}

#[test]
fn operands_become_attributes() {
    let model = tosa::import(&valid_file(), None).expect("imports");
    assert_eq!(
        model.constants.len(),
        0,
        "the padding value is an attribute"
    );
    let names: Vec<_> = model.operators.iter().map(Operator::name).collect();
    assert_eq!(names, ["PAD", "CLAMP"]);
    assert_eq!(&model.inputs[0].name[..], b"x");
    assert_eq!(&model.outputs[0].name[..], b"y");
    assert_eq!(model.inputs[0].quantisation, Quantisation::None);
    let got = run(model, &[120, (-9_i8).cast_unsigned(), 3], 6);
    assert_eq!(got, [7, 100, (-5_i8).cast_unsigned(), 3, 7, 7]);
}

#[test]
fn a_description_gives_names_and_scales() {
    let io = r#"{"inputs": [{"name": "image", "scale": "1/255", "zero_point": -128, "saturates": true}],
                 "outputs": [{"scales": ["0.5", "1", "2", "4", "8", "16"], "axis": 0}]}"#;
    let io = IoDescription::from_json(io).expect("reads");
    let model = compile(&valid_file(), Some(&io)).expect("compiles").model;
    assert_eq!(&model.inputs[0].name[..], b"image");
    assert!(model.inputs[0].saturates);
    let Quantisation::PerTensor(affine) = model.inputs[0].quantisation else {
        panic!("{:?}", model.inputs[0].quantisation)
    };
    assert_eq!(
        affine.scale,
        Ratio {
            numerator: 1,
            denominator: 255
        }
    );
    let Quantisation::PerElement(scales) = &model.outputs[0].quantisation else {
        panic!("{:?}", model.outputs[0].quantisation)
    };
    assert_eq!(
        scales.entries[0].scale,
        Ratio {
            numerator: 1,
            denominator: 2
        }
    );
    for bad in [
        r#"{"inputs": [], "outputs": [{}]}"#,
        r#"{"inputs": [{"scale": "0"}], "outputs": [{}]}"#,
        r#"{"inputs": [{"scale": "1e-3"}], "outputs": [{}]}"#,
    ] {
        let io = IoDescription::from_json(bad).expect("reads");
        let error = compile(&valid_file(), Some(&io)).expect_err(bad);
        assert!(matches!(error, CompileError::Io { .. }), "{error}");
    }
    assert!(matches!(
        IoDescription::from_json("{}"),
        Err(CompileError::Io { .. })
    ));
}

#[test]
fn an_output_that_nobody_computes_is_copied() {
    let mut file = File::new();
    file.tensor("x", &[2], INT8, &[]);
    file.tensor("y", &[2], INT8, &[]);
    file.operator(68, None, &["x"], "y");
    let model = tosa::import(&file.finish("x", "y"), None).expect("imports");
    assert_eq!(run(model, &[1, 2], 2), [1, 2]);
}

#[test]
fn packed_48_bit_constants_are_sign_extended() {
    let mut file = File::new();
    file.tensor("x", &[2], INT48, &[]);
    let data = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 5, 0, 0, 0, 0, 1];
    file.constant("c", &[2], INT48, &data);
    let axis = {
        let table = file.builder.start_table();
        file.builder.push_slot(slot(0), 0_i32, 1);
        file.builder.end_table(table)
    };
    file.tensor("y", &[4], INT48, &[]);
    file.operator(55, Some(axis), &["x", "c"], "y");
    let model = tosa::import(&file.finish("x", "y"), None).expect("imports");
    let words: Vec<i64> = model.constants[0]
        .data
        .as_chunks::<8>()
        .0
        .iter()
        .map(|word| i64::from_le_bytes(*word))
        .collect();
    assert_eq!(words, [-2, (1 << 40) + 5]);
}

#[test]
fn what_is_wrong_is_named() {
    let refused = |build: fn(&mut File)| {
        let mut file = File::new();
        build(&mut file);
        tosa::import(&file.finish("x", "y"), None)
            .expect_err("refused")
            .to_string()
    };
    let sine = refused(|file| {
        file.tensor("x", &[2], INT8, &[]);
        file.tensor("y", &[2], INT8, &[]);
        file.operator(44, None, &["x"], "y");
    });
    assert!(sine.contains("SIN") && sine.contains("'y'"), "{sine}");
    let float = refused(|file| {
        file.tensor("x", &[2], 7, &[]);
        file.tensor("y", &[2], 7, &[]);
        file.operator(68, None, &["x"], "y");
    });
    assert!(float.contains("'x'") && float.contains("fp32"), "{float}");
    let dynamic = refused(|file| {
        file.tensor("x", &[-1, 2], INT8, &[]);
        file.tensor("y", &[2], INT8, &[]);
        file.operator(68, None, &["x"], "y");
    });
    assert!(dynamic.contains("dynamic shape"), "{dynamic}");
    let version = refused(|file| {
        padded_clamp(file);
        file.version = 0;
    });
    assert!(version.contains("version 0"), "{version}");
    let short = refused(|file| {
        file.tensor("x", &[2], INT32, &[]);
        file.constant("c", &[2], INT32, &[0; 7]);
        file.tensor("y", &[2], INT32, &[]);
        file.operator(15, None, &["x", "c"], "y");
    });
    assert!(
        short.contains("7 bytes") && short.contains("needs 8"),
        "{short}"
    );
    let early = refused(|file| {
        file.tensor("x", &[2], INT32, &[]);
        file.tensor("z", &[2], INT32, &[]);
        file.tensor("y", &[2], INT32, &[]);
        file.operator(15, None, &["x", "z"], "y");
    });
    assert!(
        early.contains("'z' is read before it is defined"),
        "{early}"
    );
}

#[test]
fn no_cut_or_changed_byte_makes_a_panic() {
    let file = valid_file();
    for end in 0..file.len() {
        // The identifier's and the tables' positions are all in front of what is cut.
        let _ = tosa::import(&file[..end], None);
    }
    let mut refused = 0;
    for index in 0..file.len() {
        for value in [
            0,
            1,
            0x7f,
            0x80,
            0xff,
            file[index] ^ 1,
            file[index].wrapping_add(4),
        ] {
            let mut changed = file.clone();
            changed[index] = value;
            if let Ok(model) = tosa::import(&changed, None) {
                let _ = validate(model);
            } else {
                refused += 1;
            }
        }
    }
    assert!(refused > file.len(), "most changes are noticed: {refused}");
    assert!(tosa::import(&[], None).is_err());
    assert!(tosa::import(&[0xff; 64], None).is_err());
}
