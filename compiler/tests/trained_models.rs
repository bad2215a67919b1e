//! The committed models must keep their accuracy when compiled.

use fixpoint_compiler::{CompileOptions, Compiled, Precision, Samples, compile_onnx, npy::Array};
use std::path::PathBuf;

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../test-vectors/models")
        .join(file)
}

fn compile(name: &str, precision: Precision, labels: Option<&str>) -> Compiled {
    let options = CompileOptions {
        precision,
        calibration: Samples::read(&path(&format!("{name}/calibration.npz"))).expect("samples"),
        test: Some(Samples::read(&path(&format!("{name}/test.npz"))).expect("samples")),
        labels: labels.map(|file| Array::read(&path(file)).expect("labels")),
        ..CompileOptions::default()
    };
    let onnx = std::fs::read(path(&format!("{name}/{name}.onnx"))).expect("a model");
    let compiled = compile_onnx(&onnx, &options, &mut |_| {}).expect("compiles");
    println!("{name}, {precision:?}\n{}", compiled.report);
    println!("{:?}", compiled.report.work);
    compiled
}

#[test]
fn digits_in_8_bits_stay_within_a_point_of_float() {
    let compiled = compile("digits", Precision::Int8, Some("digits/test_labels.npy"));
    let accuracy = compiled.report.accuracy.expect("measured");
    assert_eq!((accuracy.samples, accuracy.held_back), (360, false));
    assert_eq!(accuracy.clipped_samples, 0);
    let top1 = accuracy.top1.expect("ten classes");
    let float = top1.float_accuracy.expect("labelled");
    let compiled = top1.compiled_accuracy.expect("labelled");
    assert!(float >= 0.97, "float model: {float}");
    assert!(
        compiled >= float - 0.01,
        "compiled {compiled}, float {float}"
    );
}

#[test]
fn digits_in_16_bits_agree_with_float() {
    let compiled = compile("digits", Precision::Int16, Some("digits/test_labels.npy"));
    let accuracy = compiled.report.accuracy.expect("measured");
    assert_eq!(accuracy.top1.expect("ten classes").agreement, Some(1.0));
    let output = &accuracy.outputs[0];
    assert!(output.max_error < 1e-3 * output.float_span, "{output:?}");
}

#[test]
fn volatility_in_16_bits_is_accurate_to_a_thousandth() {
    let compiled = compile("volatility", Precision::Int16, None);
    let accuracy = compiled.report.accuracy.expect("measured");
    assert_eq!(accuracy.clipped_samples, 0);
    let output = &accuracy.outputs[0];
    assert!(output.p99_relative_error < 1e-3, "{output:?}");
    assert!(output.median_relative_error < 2e-4, "{output:?}");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for precision in [Precision::Int8, Precision::Int16] {
        let [first, second] = [(); 2].map(|()| compile("digits", precision, None));
        assert_eq!(first.payload, second.payload);
    }
}
