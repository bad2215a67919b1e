//! `.tflite` files through TOSA's own converter.
//!
//! The converter and `tosa-opt` come from PyPI; without them (in `.venv-tosa/bin` of the checkout, or
//! the folder that `FIXPOINT_TOSA_TOOLS` names) the tests that need them say so and pass. What is
//! told when tools are missing or fail needs none.

mod tflite_builder;

use fixpoint_compiler::{
    CompileError, Compiled, IntegerOptions, compile_tosa,
    tflite::{self, Converted, tools},
};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{
        format::{Affine, Quantisation, Ratio, Signed32},
        validate,
    },
};
use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use tflite_builder::{
    BOOL, CAST, DEQUANTIZE, FLOAT32, File, INT8, INT32, INT64, QUANTIZE, SUB, Tensor, WHERE,
    difference,
};

/// Folder of the real tools, if they are installed.
fn real_tools() -> Option<PathBuf> {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = match env::var_os("FIXPOINT_TOSA_TOOLS") {
        Some(folder) => checkout.join(folder),
        None => checkout.join(tools::LOCAL_FOLDER),
    };
    if folder.join(tools::CONVERTER).is_file() && folder.join(tools::TOSA_OPT).is_file() {
        return Some(folder);
    }
    println!(
        "SKIPPED: {} has no {} and {}",
        folder.display(),
        tools::CONVERTER,
        tools::TOSA_OPT
    );
    None
}

fn compiled(converted: &Converted) -> Compiled {
    let options = IntegerOptions::default();
    compile_tosa(&converted.tosa, Some(&converted.io), &options, &mut |_| ()).expect("compiles")
}

fn run(compiled: &Compiled, inputs: &[i8]) -> Vec<i8> {
    let valid = validate(compiled.model.clone()).expect("validates");
    let plan = Plan::new(&valid, Isa::detect());
    let mut output = vec![0; usize::try_from(valid.output_bytes()).expect("few")];
    let inputs: Vec<u8> = inputs
        .iter()
        .map(|element| element.cast_unsigned())
        .collect();
    plan.run(&mut Arena::new(&plan), &inputs, &mut output)
        .expect("runs");
    output.into_iter().map(u8::cast_signed).collect()
}

fn affine(numerator: u64, denominator: u64, zero_point: i32) -> Quantisation {
    Quantisation::PerTensor(Affine {
        scale: Ratio {
            numerator,
            denominator,
        },
        zero_point: Signed32(zero_point),
    })
}

#[test]
fn inputs_keep_order_names_and_scales() {
    let Some(tools) = real_tools() else { return };
    for (signed, names) in [
        (true, ["right", "left", "difference"]),
        (
            false,
            [
                "serving_default_right:0",
                "serving_default_left:0",
                "StatefulPartitionedCall:0",
            ],
        ),
    ] {
        let converted =
            tflite::convert(&difference(signed), &BTreeMap::new(), Some(&tools)).expect("converts");
        assert!(converted.remarks.is_empty(), "{:?}", converted.remarks);
        let compiled = compiled(&converted);
        let model = &compiled.model;
        assert_eq!(&model.inputs[0].name[..], names[0].as_bytes());
        assert_eq!(&model.inputs[1].name[..], names[1].as_bytes());
        assert_eq!(&model.outputs[0].name[..], names[2].as_bytes());
        assert_eq!(model.inputs[0].quantisation, affine(1, 2, 3));
        assert_eq!(model.inputs[1].quantisation, affine(1, 4, -7));
        assert_eq!(model.outputs[0].quantisation, affine(1, 1, 0));
        // right = (r - 3) / 2: 0, 1, -10, 5; left = (l + 7) / 4: 0, 5, -20, 33.
        let inputs = [3, 5, -17, 13, -7, 13, -87, 125];
        assert_eq!(run(&compiled, &inputs), [0, 4, -10, 28]);
    }
}

#[test]
fn open_shapes_are_filled_through_the_graph() {
    let Some(tools) = real_tools() else { return };
    let mut file = File::new();
    let open = |name, zero_point| {
        Tensor::new(name, INT8)
            .scaled(&[1.0], zero_point)
            .open(&[-1, -1])
    };
    let x = file.tensor(open("x", &[0]));
    let y = file.tensor(open("y", &[0]));
    let z = file.tensor(open("z", &[0]));
    file.operator(SUB, &[x, x], &[y]);
    file.operator(SUB, &[x, y], &[z]);
    let bytes = file.finish(&[x], &[z]);
    let error = tflite::convert(&bytes, &BTreeMap::new(), Some(&tools)).expect_err("open");
    assert!(
        matches!(error, CompileError::DynamicShape { .. }),
        "{error}"
    );
    let shapes = BTreeMap::from([("x".to_owned(), vec![2, 3])]);
    let converted = tflite::convert(&bytes, &shapes, Some(&tools)).expect("converts");
    let compiled = compiled(&converted);
    assert_eq!(&compiled.model.inputs[0].tensor.shape[..], [2, 3]);
    assert_eq!(
        run(&compiled, &[1, -2, 3, -4, 5, -6]),
        [1, -2, 3, -4, 5, -6]
    );
}

#[test]
fn a_model_between_floats_becomes_one_of_integers() {
    let Some(tools) = real_tools() else { return };
    let mut file = File::new();
    let x = file.tensor(Tensor::new("x", FLOAT32));
    let inner_x = file.tensor(Tensor::new("x_int8", INT8).scaled(&[0.5], &[3]));
    let inner_y = file.tensor(Tensor::new("y_int8", INT8).scaled(&[0.25], &[0]));
    let y = file.tensor(Tensor::new("y", FLOAT32));
    file.operator(QUANTIZE, &[x], &[inner_x]);
    // To another scale: stays.
    file.operator(QUANTIZE, &[inner_x], &[inner_y]);
    file.operator(DEQUANTIZE, &[inner_y], &[y]);
    file.signature("serving_default", &[(0, "x")], &[(3, "y")]);
    let bytes = file.finish(&[x], &[y]);
    let converted = tflite::convert(&bytes, &BTreeMap::new(), Some(&tools)).expect("converts");
    assert_eq!(converted.remarks.len(), 2, "{:?}", converted.remarks);
    let compiled = compiled(&converted);
    assert_eq!(compiled.model.inputs[0].quantisation, affine(1, 2, 3));
    assert_eq!(compiled.model.outputs[0].quantisation, affine(1, 4, 0));
    assert_eq!(run(&compiled, &[3, 4, -3, 127]), [0, 2, -12, 127]);
}

#[test]
fn what_has_no_integer_form_is_named() {
    let Some(tools) = real_tools() else { return };
    let mut file = File::new();
    let x = file.tensor(Tensor::new("x", BOOL));
    let indices = file.tensor(Tensor {
        shape: &[1, 2],
        ..Tensor::new("indices", INT64).open(&[-1, 2])
    });
    let y = file.tensor(Tensor {
        shape: &[1, 2],
        ..Tensor::new("y", INT32).open(&[-1, 2])
    });
    file.operator(WHERE, &[x], &[indices]);
    file.operator(CAST, &[indices], &[y]);
    let bytes = file.finish(&[x], &[y]);
    let error = tflite::convert(&bytes, &BTreeMap::new(), Some(&tools)).expect_err("refused");
    let CompileError::TfliteOperator { operator } = &error else {
        panic!("{error}")
    };
    assert_eq!(operator, "where");
    // Integers at the boundary, floats inside.
    let mut file = File::new();
    let scaled = |name| Tensor::new(name, INT8).scaled(&[0.5], &[0]);
    let x = file.tensor(scaled("x"));
    let float = file.tensor(Tensor::new("float", FLOAT32));
    let other = file.tensor(Tensor::new("other", FLOAT32));
    let y = file.tensor(scaled("y"));
    file.operator(DEQUANTIZE, &[x], &[float]);
    file.operator(SUB, &[float, float], &[other]);
    file.operator(QUANTIZE, &[other], &[y]);
    let bytes = file.finish(&[x], &[y]);
    let converted = tflite::convert(&bytes, &BTreeMap::new(), Some(&tools)).expect("converts");
    let options = IntegerOptions::default();
    let error = compile_tosa(&converted.tosa, Some(&converted.io), &options, &mut |_| ())
        .expect_err("floats");
    assert!(matches!(error, CompileError::TosaType { .. }), "{error}");
}

#[test]
fn missing_tools_are_named_with_what_installs_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = tflite::convert(&difference(true), &BTreeMap::new(), Some(folder.path()))
        .expect_err("no tools")
        .to_string();
    let place = folder.path().display().to_string();
    for part in [
        tools::CONVERTER,
        &place,
        "python3 -m venv .venv-tosa",
        "tosa-tools==2026.8.0",
        "tosa-converter-for-tflite==2026.2.0",
        "--tosa-tools",
    ] {
        assert!(told.contains(part), "no `{part}` in: {told}");
    }
    assert_eq!(told.lines().count(), 1);
}

/// A tool that is a shell script.
fn script(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("writes");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("changes");
}

#[test]
fn a_failing_tool_is_quoted_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let version = "if [ \"$1\" = --version ]; then echo version: 2026.02.0; exit 0; fi";
    script(
        folder.path(),
        tools::TOSA_OPT,
        "echo 'm.mlir:1:2: error: not so' >&2; exit 1",
    );
    let convert = || tflite::convert(&difference(true), &BTreeMap::new(), Some(folder.path()));
    script(
        folder.path(),
        tools::CONVERTER,
        &format!(
            "{version}\necho 'WARNING: noise' >&2; echo 'loc(0): error: no such' >&2; echo '[ERROR] Failed.'; exit 3"
        ),
    );
    let error = convert().expect_err("fails");
    let CompileError::Tool { tool, said, log } = &error else {
        panic!("{error}")
    };
    assert_eq!(tool, tools::CONVERTER);
    assert_eq!(said, "Failed.; no such");
    assert!(
        log.contains("--text") && log.contains("WARNING: noise"),
        "{log}"
    );
    assert_eq!(error.to_string().lines().count(), 1);

    script(
        folder.path(),
        tools::CONVERTER,
        &format!("{version}\necho '%0 = tosa.clz %1 : tensor<1xi32>' > \"$4\""),
    );
    let told = convert().expect_err("fails").to_string();
    assert!(told.starts_with("tosa-opt failed: not so"), "{told}");

    // A serialiser that writes nothing, and one that writes something else.
    script(folder.path(), tools::TOSA_OPT, "exit 0");
    let told = convert().expect_err("fails").to_string();
    assert!(told.contains("temporary folder"), "{told}");
    script(
        folder.path(),
        tools::TOSA_OPT,
        "echo nonsense-of-some-length > \"${3#--tosa-flatbuffer-filename=}\"",
    );
    let told = convert().expect_err("fails").to_string();
    assert!(told.contains("not a valid .tosa file"), "{told}");
}
