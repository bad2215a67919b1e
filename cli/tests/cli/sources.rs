//! Compiling from `.tflite` and `.tosa` files: what is told, and which option goes with which file.

#[path = "../../../compiler/tests/tflite_builder/mod.rs"]
mod tflite_builder;

use crate::support::{assert_contains, error, fixpoint, ok, ok_json, shown};
use fixpoint_compiler::npy::{Array, Data};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use tflite_builder::{FLOAT32, File, INT8, SUB, Tensor, difference};

/// A folder, a `.tflite` file in it, and where a model would be written.
struct Place {
    folder: tempfile::TempDir,
    source: String,
    output: String,
}

impl Place {
    fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("m.tflite");
        fs::write(&source, bytes).unwrap();
        let output = shown(&folder.path().join("m.fxp"));
        Self {
            source: shown(&source),
            output,
            folder,
        }
    }

    /// The error of compiling without any tools.
    fn refused(&self) -> String {
        let told = error(&["compile", &self.source, "-o", &self.output]);
        assert!(!Path::new(&self.output).exists());
        told
    }
}

#[test]
fn broken_and_unfit_tflite_files_are_named() {
    let whole = difference(true);
    for bytes in [&[][..], &[0; 16], &[0xff; 300], &whole[..whole.len() / 2]] {
        let told = Place::new(bytes).refused();
        assert_contains(&told, &["m.tflite: not a valid .tflite file: ", "again"]);
    }
    let mut float = File::new();
    let x = float.tensor(Tensor::new("x", FLOAT32));
    let y = float.tensor(Tensor::new("y", FLOAT32));
    float.operator(SUB, &[x, x], &[y]);
    assert_contains(
        &Place::new(&float.finish(&[x], &[y])).refused(),
        &[
            "input 'x'",
            "float32",
            "inference_input_type=tf.int8",
            "ONNX",
        ],
    );
    let mut open = File::new();
    let x = open.tensor(Tensor::new("x", INT8).open(&[-1, -1]));
    let y = open.tensor(Tensor::new("y", INT8).open(&[-1, -1]));
    open.operator(SUB, &[x, x], &[y]);
    assert_contains(
        &Place::new(&open.finish(&[x], &[y])).refused(),
        &["input 'x'", "(?x?)", "--shape x="],
    );
}

#[test]
fn a_missing_converter_is_one_clear_line() {
    let place = Place::new(&difference(true));
    let output = fixpoint()
        .args(["compile", &place.source, "-o", &place.output])
        .current_dir(place.folder.path())
        .env("PATH", place.folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(told.lines().count(), 1, "{told}");
    assert_contains(
        &told,
        &[
            "tosa-converter-for-tflite is neither in .venv-tosa/bin nor on the PATH",
            "python3 -m venv .venv-tosa",
            "pip install tosa-tools==2026.8.0 tosa-converter-for-tflite==2026.2.0",
        ],
    );
}

/// A folder whose converter fails.
fn failing_tools(folder: &Path) -> PathBuf {
    let tools = folder.join(".venv-tosa/bin");
    fs::create_dir_all(&tools).unwrap();
    for name in ["tosa-converter-for-tflite", "tosa-opt"] {
        let path = tools.join(name);
        fs::write(
            &path,
            "#!/bin/sh\necho noise\necho 'a: error: it broke' >&2\nexit 1\n",
        )
        .unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    tools
}

#[test]
fn tools_are_found_here_or_where_an_option_says_and_heard_when_they_fail() {
    let place = Place::new(&difference(true));
    let elsewhere = tempfile::tempdir().unwrap();
    let tools = shown(&failing_tools(elsewhere.path()));
    let arguments = ["compile", &place.source, "-o", &place.output];
    let option = [&arguments[..], &["--tosa-tools", &tools]].concat();
    let told = error(&option);
    assert_contains(&told, &["tosa-converter-for-tflite failed: it broke"]);
    assert!(!told.contains("noise"), "{told}");

    let run = |arguments: &[&str], folder: &Path| {
        let mut command = fixpoint();
        command
            .args(arguments)
            .current_dir(folder)
            .env("PATH", "/bin");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    let here = run(&arguments, elsewhere.path());
    assert_contains(&here, &["tosa-converter-for-tflite failed: it broke"]);
    let all = run(&[&arguments[..], &["-v"]].concat(), elsewhere.path());
    assert_contains(&all, &["tosa-converter-for-tflite --version", "noise"]);
    let empty = shown(place.folder.path());
    let told = error(&[&arguments[..], &["--tosa-tools", &empty]].concat());
    assert_contains(&told, &[&format!("is not in {empty}")]);
}

#[test]
fn no_option_is_ignored() {
    let place = Place::new(&difference(true));
    let npz = "x.npz";
    for (source, option) in [
        (place.source.as_str(), ["--calibration", npz]),
        (&place.source, ["--precision", "int8"]),
        (&place.source, ["--outputs", "a"]),
        (&place.source, ["--io", "io.json"]),
        ("m.tosa", ["--calibration", npz]),
        ("m.tosa", ["--shape", "x=1,4"]),
        ("m.tosa", ["--keep-tosa", "n.tosa"]),
        ("m.onnx", ["--io", "io.json"]),
        ("m.onnx", ["--keep-tosa", "n.tosa"]),
    ] {
        let mut arguments = vec!["compile", source, "-o", &place.output];
        arguments.extend(option);
        assert_contains(
            &error(&arguments),
            &[&format!("{} does not go with ", option[0])],
        );
    }
}

/// The graph of a test of `cli/tests/conformance`.
fn graph(test: &str) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    shown(&tests.join(test).join("test.tosa"))
}

#[test]
fn a_tosa_file_compiles_with_and_without_a_description() {
    let folder = tempfile::tempdir().unwrap();
    let output = shown(&folder.path().join("m.fxp"));
    // Two 32-bit inputs.
    let source = graph("add_0_i32");
    let text = ok(&["compile", &source, "-o", &output]);
    assert_contains(
        &text,
        &["input ", ": i32 ", ", integers", "gas of a call", &output],
    );
    let plain = ok_json(&["compile", &source, "-o", &output, "--json"]);
    let name = |report: &serde_json::Value, at: usize| {
        report["inputs"][at]["name"].as_str().unwrap().to_owned()
    };
    assert_eq!(plain["inputs"][0]["quantised"], false);

    let io = folder.path().join("io.json");
    fs::write(
        &io,
        r#"{"inputs": [{"name": "left", "scale": "1/3", "zero_point": 2}, {"name": "right", "scale": "0.5"}],
            "outputs": [{"name": "sum"}]}"#,
    )
    .unwrap();
    let io = shown(&io);
    let described = ["compile", &source, "--io", &io, "-o", &output, "--json"];
    let report = ok_json(&described);
    assert_eq!(
        (name(&report, 0), name(&report, 1)),
        ("left".into(), "right".into())
    );
    assert_eq!(report["inputs"][0]["ranges"][0]["scale_numerator"], 1);
    assert_eq!(report["inputs"][0]["ranges"][0]["scale_denominator"], 3);
    assert_eq!(report["inputs"][0]["saturates"], false);
    assert_eq!(report["outputs"][0]["name"], "sum");

    let saturating = [&described[..], &["--saturate", "left"]].concat();
    let report = ok_json(&saturating);
    assert_eq!(report["inputs"][0]["saturates"], true);
    assert_eq!(report["inputs"][1]["saturates"], false);
    let told = error(&[&described[..], &["--saturate", "middle"]].concat());
    assert_contains(&told, &["no input 'middle'", "left, right"]);
    // Plain integers are what they are.
    let told = error(&[
        "compile",
        &source,
        "-o",
        &output,
        "--saturate",
        &name(&plain, 0),
    ]);
    assert_contains(&told, &["only a quantised tensor can saturate"]);
}

#[test]
fn a_model_of_integers_is_judged_by_labels_alone() {
    let folder = tempfile::tempdir().unwrap();
    // One 8-bit input, an output of the same shape.
    let source = graph("clamp_28_i8");
    let output = shown(&folder.path().join("m.fxp"));
    let report = ok_json(&["compile", &source, "-o", &output, "--json"]);
    assert_eq!(report["accuracy"], serde_json::Value::Null);
    let elements = report["inputs"][0]["shape"][0].as_u64().unwrap() as usize;
    let array = Array {
        shape: vec![3, elements],
        data: Data::I8(vec![1; 3 * elements]),
    };
    let test = folder.path().join("test.npy");
    array.write(&test).unwrap();
    let labels = folder.path().join("labels.npy");
    // All elements are equal, so that the first class is chosen.
    let array = Array {
        shape: vec![3],
        data: Data::I64(vec![0, 0, 5]),
    };
    array.write(&labels).unwrap();
    let (test, labels) = (shown(&test), shown(&labels));
    let judged = [
        "compile", &source, "-o", &output, "--test", &test, "--labels", &labels,
    ];
    assert_contains(&ok(&judged), &["accuracy            66.67 %\n"]);
    let report = ok_json(&[&judged[..], &["--json"]].concat());
    assert_eq!(report["accuracy"]["samples"], 3);
    assert_eq!(
        report["accuracy"]["top1"]["agreement"],
        serde_json::Value::Null
    );
    assert_contains(
        &error(&["compile", &source, "-o", &output, "--test", &test]),
        &["labels:", "no float model", "--labels"],
    );
}
