//! Layers of 16 bits in a model of 8: which are raised for a wanted error, and that a record makes the
//! same bytes.

use crate::graphs::Graph;
use fixpoint_compiler::{
    CompileError, CompileOptions, Compiled, Precision, Record, Samples, Sensitivity, compile_onnx,
};
use std::path::PathBuf;

/// Prices of any kind: products of 16 bits cost twice those of 8.
const PRICES: [u64; 16] = [
    1000, 10, 20, 20, 10, 20, 10, 10, 10, 10, 10, 10, 10, 1, 10, 10,
];

/// Three layers, the second of which 8 bits are too few for: each of its rows has a weight, for an
/// input that is always 0, hundreds of times as large as the others.
fn one_bad_layer() -> Graph {
    const WIDTH: usize = 16;
    let mut graph = Graph::new(&[1, WIDTH]);
    let mut first = graph.random(WIDTH * WIDTH);
    first[..WIDTH].fill(0.0);
    graph.constant("w1", &[WIDTH, WIDTH], first);
    graph.constant(
        "b1",
        &[WIDTH],
        (0..WIDTH)
            .map(|at| if at == 0 { -1.0 } else { 0.1 })
            .collect(),
    );
    let mut second = graph.random(WIDTH * WIDTH);
    second
        .iter_mut()
        .step_by(WIDTH)
        .for_each(|weight| *weight = 200.0);
    graph.constant("w2", &[WIDTH, WIDTH], second);
    graph.weights("w3", &[4, WIDTH]);
    let transposed = || [("transB", crate::graphs::Value::Int(1))];
    graph.node("Gemm", &["x", "w1", "b1"], "h1", &transposed());
    graph.node("Relu", &["h1"], "r1", &[]);
    graph.node("Gemm", &["r1", "w2"], "h2", &transposed());
    graph.node("Relu", &["h2"], "r2", &[]);
    graph.node("Gemm", &["r2", "w3"], "y", &transposed());
    graph
}

fn wanting(graph: &mut Graph, max_error: Option<f64>) -> CompileOptions {
    CompileOptions {
        calibration: graph.samples(200, 1.0),
        sensitivity: Sensitivity::Measure,
        prices: Some(PRICES),
        max_error,
        ..CompileOptions::default()
    }
}

fn raised(compiled: &Compiled) -> &[String] {
    &compiled
        .report
        .mixed
        .as_ref()
        .expect("an error was wanted")
        .int16_layers
}

/// The record makes the same bytes; returns it.
#[track_caller]
fn check_record(onnx: &[u8], compiled: &Compiled) -> String {
    let text = compiled.record.as_ref().expect("choices").to_json();
    let options = CompileOptions {
        recorded: Some(Record::from_json(&text).expect("a record")),
        ..CompileOptions::default()
    };
    let again = compile_onnx(onnx, &options, &mut |_| {}).expect("compiles");
    assert_eq!(again.payload, compiled.payload);
    assert_eq!(again.record.expect("choices").to_json(), text);
    text
}

#[test]
fn one_bad_layer_is_raised_alone() {
    let mut graph = one_bad_layer();
    let onnx = graph.bytes();
    let any = wanting(&mut graph, Some(f64::INFINITY));
    let narrow = compile_onnx(&onnx, &any, &mut |_| {}).expect("compiles");
    let wanted = narrow.report.mixed.expect("an error was wanted").reached / 3.0;
    let options = CompileOptions {
        max_error: Some(wanted),
        ..any
    };
    let compiled = compile_onnx(&onnx, &options, &mut |_| {}).expect("compiles");
    let report = &compiled.report;
    assert_eq!(raised(&compiled), ["Gemm_h2"], "{report}");
    let mixed = report.mixed.as_ref().expect("an error was wanted");
    assert!(mixed.reached < wanted && mixed.samples == 40, "{mixed:?}");
    let [narrow, chosen, wide] = mixed.work_gas.expect("prices are known");
    assert!(narrow < chosen && chosen < wide, "{mixed:?}");
    let precisions: Vec<_> = report.layers.iter().map(|layer| layer.precision).collect();
    assert_eq!(precisions, [Some("int8"), Some("int16"), Some("int8")]);
    assert_eq!(report.precision, Some("int8 and int16"));
    let second = &report.layers[1];
    assert_eq!(second.operators, "Gemm, Relu");
    let (before, after) = (
        second.error_int8.expect("measured"),
        second.error.expect("measured"),
    );
    assert!(before > 0.2 && after < before / 50.0, "{before} {after}");
    let text = check_record(&onnx, &compiled);
    assert!(text.contains("\"version\": 2"), "{text}");
    assert!(
        text.contains("\"int16_layers\": [\n    \"Gemm_h2\"\n  ]"),
        "{text}"
    );
}

#[test]
fn the_worst_layer_of_an_int8_model_is_told() {
    let mut graph = one_bad_layer();
    let options = wanting(&mut graph, None);
    let compiled = compile_onnx(&graph.bytes(), &options, &mut |_| {}).expect("compiles");
    let worst = compiled.report.worst_layers();
    assert_eq!((worst.len(), worst[0].name.as_str()), (3, "Gemm_h2"));
    assert!(
        worst[0].error > worst[1].error.map(|error| 10.0 * error),
        "{worst:?}"
    );
    assert_eq!(compiled.report.layer_samples, 16);
    assert!(compiled.report.to_string().contains("layers that hurt"));
    // What the layers add together is what the whole has, to a factor.
    let accuracy = compiled.report.accuracy.as_ref().expect("measured");
    let whole = accuracy.outputs[0].rms_error / accuracy.outputs[0].float_deviation;
    let told = worst[0].error.expect("measured");
    assert!((0.3..3.0).contains(&(whole / told)), "{whole} {told}");
    let silent = CompileOptions {
        sensitivity: Sensitivity::Skip,
        ..options
    };
    let compiled = compile_onnx(&graph.bytes(), &silent, &mut |_| {}).expect("compiles");
    assert!(compiled.report.worst_layers().is_empty());
}

#[test]
fn digits_get_more_exact_layer_by_layer() {
    let path = |file: &str| {
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../test-vectors/models/digits")
            .join(file)
    };
    let onnx = std::fs::read(path("digits.onnx")).expect("a model");
    let wanting = |max_error: f64| CompileOptions {
        calibration: Samples::read(&path("calibration.npz")).expect("samples"),
        max_error: Some(max_error),
        prices: Some(PRICES),
        ..CompileOptions::default()
    };
    let compile = |max_error: f64| compile_onnx(&onnx, &wanting(max_error), &mut |_| {});
    let told = |compiled: &Compiled| {
        let mixed = compiled.report.mixed.clone().expect("an error was wanted");
        (
            mixed.reached,
            mixed.int16_layers.len(),
            mixed.work_gas.expect("prices are known"),
        )
    };
    let int8 = compile(f64::INFINITY).expect("compiles");
    let (int8_error, none, [int8_gas, _, int16_gas]) = told(&int8);
    assert_eq!(none, 0);
    assert_eq!(int8.report.precision, Some("int8"));
    let Err(CompileError::MaxError {
        reached: int16_error,
        ..
    }) = compile(1e-9)
    else {
        panic!("16 bits are no float64");
    };
    assert!(
        int16_error < int8_error / 20.0,
        "{int16_error} {int8_error}"
    );
    let (mut last, mut most) = (int8_error, 0);
    let mut seen = Vec::new();
    for step in 0..8 {
        let share = f64::from(step) / 7.0;
        let wanted = int8_error * (1.05 * int16_error / int8_error).powf(share);
        let compiled = compile(wanted).expect("compiles");
        let (reached, layers, [narrow, gas, wide]) = told(&compiled);
        println!("below {wanted:.3e}: {reached:.3e} with {layers} layers, {gas} gas");
        assert!(
            reached < wanted && reached <= last,
            "{wanted}: {reached} after {last}"
        );
        assert!(layers >= most, "{layers} layers after {most}");
        assert_eq!((narrow, wide), (int8_gas, int16_gas));
        assert!(narrow <= gas && gas <= wide, "{gas} in {narrow} .. {wide}");
        check_record(&onnx, &compiled);
        (last, most) = (reached, layers);
        seen.push(layers);
    }
    seen.dedup();
    assert!(seen.len() > 2, "mixtures: {seen:?}");
}

#[test]
fn what_cannot_be_mixed_says_so() {
    let mut graph = one_bad_layer();
    let onnx = graph.bytes();
    let refused = |options: &CompileOptions| {
        let error = compile_onnx(&onnx, options, &mut |_| {})
            .map(|_| ())
            .expect_err("refused");
        error.to_string()
    };
    let options = wanting(&mut graph, Some(0.1));
    let with = |precision, max_error, count: usize, graph: &mut Graph| CompileOptions {
        precision,
        max_error: Some(max_error),
        calibration: graph.samples(count, 1.0),
        ..options.clone()
    };
    let text = refused(&with(Precision::Int16, 0.1, 200, &mut graph));
    assert!(text.contains("leave the precision at int8"), "{text}");
    let text = refused(&with(Precision::Int8, 0.0, 200, &mut graph));
    assert!(text.contains("above 0"), "{text}");
    let text = refused(&with(Precision::Int8, 0.1, 4, &mut graph));
    assert!(text.contains("at least 5"), "{text}");
    let text = refused(&with(Precision::Int8, 1e-12, 200, &mut graph));
    assert!(
        text.contains("16 bits in every layer") && text.contains("int32"),
        "{text}"
    );
}

#[test]
fn a_record_of_layers_that_are_not_there_is_refused() {
    let mut graph = one_bad_layer();
    let onnx = graph.bytes();
    let options = wanting(&mut graph, Some(0.2));
    let compiled = compile_onnx(&onnx, &options, &mut |_| {}).expect("compiles");
    let text = compiled.record.expect("choices").to_json();
    let other = text.replace("Gemm_h2", "Gemm_h9");
    let options = CompileOptions {
        recorded: Some(Record::from_json(&other).expect("a record")),
        ..CompileOptions::default()
    };
    let error = compile_onnx(&onnx, &options, &mut |_| {})
        .map(|_| ())
        .expect_err("no such layer");
    assert!(error.to_string().contains("Gemm_h9"), "{error}");
    for wrong in [
        text.replace("\"version\": 2", "\"version\": 1"),
        text.replace("\"precision\": \"int8\"", "\"precision\": \"int16\""),
    ] {
        assert_ne!(wrong, text);
        assert!(matches!(
            Record::from_json(&wrong),
            Err(CompileError::Record { .. })
        ));
    }
}
