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
fn a_network_of_16_bits_whose_first_nodes_have_32_is_rebuilt() {
    let options = CompileOptions {
        precision: Precision::Int16,
        ..calibrated("candles/calibration.npz")
    };
    let record = check("candles/candles.onnx", &options);
    let text = record.to_json();
    assert!(text.contains("\"version\": 3"), "{text}");
    for (from, to) in [
        ("\"version\": 3", "\"version\": 1"),
        ("\"precision\": \"int16\"", "\"precision\": \"int8\""),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        let refused = Record::from_json(&changed);
        assert!(
            matches!(refused, Err(CompileError::Record { .. })),
            "{refused:?}"
        );
    }
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
        recorded: Some(record.clone()),
        ..CompileOptions::default()
    };
    // The same network with another weight: its tensors' names would fit.
    let mut retrained = onnx("volatility/volatility.onnx");
    let middle = retrained.len() / 2;
    retrained[middle] ^= 1;
    let refused = compile_onnx(&retrained, &options, &mut |_| {}).map(|_| ());
    assert!(
        matches!(&refused, Err(CompileError::Record { reason }) if reason.contains("SHA-256")),
        "{refused:?}"
    );
    for file in ["digits/digits.onnx", "breast-cancer/xgboost.onnx"] {
        let refused = compile_onnx(&onnx(file), &options, &mut |_| {});
        assert!(
            matches!(refused, Err(CompileError::Record { .. })),
            "{refused:?}"
        );
    }
    let later = record.to_json().replace("\"version\": 1", "\"version\": 3");
    for text in ["", "{}", later.as_str()] {
        let refused = Record::from_json(text);
        assert!(
            matches!(refused, Err(CompileError::Record { .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn a_changed_range_makes_another_model() {
    let file = "volatility/volatility.onnx";
    let options = calibrated("volatility/calibration.npz");
    let first = compile_onnx(&onnx(file), &options, &mut |_| {}).expect("compiles");
    let text = first.record.expect("choices").to_json();
    let mut content: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let ranges = content["ranges"].as_object_mut().expect("ranges");
    for limits in ranges.values_mut() {
        let max: f64 = limits[1]
            .as_str()
            .expect("a text")
            .parse()
            .expect("a number");
        limits[1] = (1.5 * max).to_string().into();
    }
    let options = CompileOptions {
        recorded: Some(Record::from_json(&content.to_string()).expect("a record")),
        ..CompileOptions::default()
    };
    let second = compile_onnx(&onnx(file), &options, &mut |_| {}).expect("compiles");
    assert_ne!(first.payload, second.payload);
}
