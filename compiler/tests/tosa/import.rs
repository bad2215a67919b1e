//! What becomes of right files, and that broken ones are refused.

use crate::file::{File, INT8, INT32, INT48};
use fixpoint_compiler::{
    CompileError, Compiled, IntegerOptions, compile_tosa,
    tosa::{self, IoDescription},
};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{
        ValidModel,
        format::{Quantisation, Ratio},
    },
    ops::Operator,
};

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

fn run(model: &ValidModel, input: &[u8], output_bytes: usize) -> Vec<u8> {
    let plan = Plan::new(model, Isa::portable());
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
    let valid = tosa::import(&valid_file(), None).expect("imports");
    let model = valid.model();
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
    let got = run(&valid, &[120, (-9_i8).cast_unsigned(), 3], 6);
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
    assert_eq!(run(&model, &[1, 2], 2), [1, 2]);
}

#[test]
fn packed_48_bit_constants_are_sign_extended() {
    let mut file = File::new();
    let data = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 5, 0, 0, 0, 0, 1];
    file.constant("c", &[2], INT48, &data);
    let model = tosa::import(&file.finish_with(&[], &["c"]), None).expect("imports");
    let expected: Vec<u8> = [-2_i64, (1 << 40) + 5]
        .into_iter()
        .flat_map(i64::to_le_bytes)
        .collect();
    assert_eq!(&model.model().constants[0].data[..], expected);
    assert_eq!(run(&model, &[0], 16), expected);
}

#[test]
fn a_graph_without_inputs_gets_one() {
    let mut file = File::new();
    file.constant("a", &[1], INT8, &[1]);
    file.constant("b", &[2], INT8, &[2, 3]);
    file.constant("unread", &[1], INT8, &[4]);
    let valid = tosa::import(&file.finish_with(&[], &["b", "a"]), None).expect("imports");
    let model = valid.model();
    let names: Vec<_> = model.inputs.iter().map(|input| &input.name[..]).collect();
    assert_eq!(names, [tosa::PLACEHOLDER_INPUT.as_bytes()]);
    assert_eq!(valid.input_bytes(), 1);
    assert_eq!(model.constants.len(), 2, "what nobody reads is dropped");
    assert_eq!(run(&valid, &[0], 3), [2, 3, 1]);
}

#[test]
fn one_value_may_be_two_outputs() {
    let mut file = File::new();
    padded_clamp(&mut file);
    file.tensor("z", &[6], INT8, &[]);
    file.operator(68, None, &["y"], "z");
    let both = file.finish_with(&["x"], &["z", "y"]);
    let model = tosa::import(&both, None).expect("imports");
    let got = run(&model, &[0, 0, 0], 12);
    assert_eq!(got, [7, 0, 0, 0, 7, 7].repeat(2));

    let mut file = File::new();
    padded_clamp(&mut file);
    let twice = file.finish_with(&["x"], &["y", "y"]);
    let error = tosa::import(&twice, None).expect_err("two ports of one name");
    assert!(matches!(error, CompileError::Rejected { .. }), "{error}");
    let io = r#"{"inputs": [{}], "outputs": [{"name": "p"}, {"name": "q"}]}"#;
    let io = IoDescription::from_json(io).expect("reads");
    let model = tosa::import(&twice, Some(&io)).expect("imports");
    assert_eq!(run(&model, &[0, 0, 0], 12), got);
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
    let nowhere = refused(|file| {
        file.tensor("x", &[2], INT32, &[]);
        file.tensor("y", &[2], INT32, &[]);
    });
    assert!(nowhere.contains("'y' is never computed"), "{nowhere}");
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
            refused += usize::from(tosa::import(&changed, None).is_err());
        }
    }
    assert!(refused > file.len(), "most changes are noticed: {refused}");
    assert!(tosa::import(&[], None).is_err());
    assert!(tosa::import(&[0xff; 64], None).is_err());
}
