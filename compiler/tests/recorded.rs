//! An ONNX file and the ranges and choices of its compilation give the same bytes again, without
//! samples.

use fixpoint_compiler::{CompileError, CompileOptions, Precision, Record, Samples, compile_onnx};
use std::path::PathBuf;

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../test-vectors/models")
        .join(file)
}

fn onnx(file: &str) -> Vec<u8> {
    std::fs::read(path(file)).expect("a model")
}

#[track_caller]
fn check(file: &str, options: &CompileOptions) -> Record {
    let first = compile_onnx(&onnx(file), options, &mut |_| {}).expect("compiles");
    let text = first.record.expect("choices").to_json();
    let record = Record::from_json(&text).expect("a record");
    let again = CompileOptions {
        recorded: Some(record.clone()),
        ..CompileOptions::default()
    };
    let mut runs = 0;
    let second = compile_onnx(&onnx(file), &again, &mut |_| runs += 1).expect("compiles");
    assert_eq!(runs, 0, "no sample is run");
    assert_eq!(first.payload, second.payload, "{file}");
    assert_eq!(second.record.expect("choices").to_json(), text);
    record
}

fn calibrated(file: &str) -> CompileOptions {
    CompileOptions {
        calibration: Samples::read(&path(file)).expect("samples"),
        ..CompileOptions::default()
    }
}

#[test]
fn networks_are_rebuilt_at_every_precision() {
    for precision in [Precision::Int8, Precision::Int16, Precision::Int32] {
        let options = CompileOptions {
            precision,
            ..calibrated("volatility/calibration.npz")
        };
        check("volatility/volatility.onnx", &options);
    }
    check("digits/digits.onnx", &calibrated("digits/calibration.npz"));
}

#[test]
fn classical_models_are_rebuilt_with_their_options() {
    check("breast-cancer/xgboost.onnx", &CompileOptions::default());
    let options = CompileOptions {
        outputs: vec!["margin".to_owned()],
        saturating_inputs: vec!["features".to_owned()],
        ..calibrated("breast-cancer/calibration.npz")
    };
    check("breast-cancer/logistic.onnx", &options);
}

#[test]
fn the_record_of_another_model_is_refused() {
    let record = check(
        "volatility/volatility.onnx",
        &calibrated("volatility/calibration.npz"),
    );
    let options = CompileOptions {
        recorded: Some(record),
        ..CompileOptions::default()
    };
    for file in ["digits/digits.onnx", "breast-cancer/xgboost.onnx"] {
        let refused = compile_onnx(&onnx(file), &options, &mut |_| {});
        assert!(
            matches!(refused, Err(CompileError::Record { .. })),
            "{refused:?}"
        );
    }
    for text in [
        "",
        "{}",
        r#"{"version": 2, "shapes": {}, "outputs": [], "saturating_inputs": []}"#,
    ] {
        let refused = Record::from_json(text);
        assert!(
            matches!(refused, Err(CompileError::Record { .. })),
            "{refused:?}"
        );
    }
}
