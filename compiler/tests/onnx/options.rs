//! What a caller may choose, and what is said about a wrong choice.

use crate::graphs::{Graph, Value};
use fixpoint_compiler::{
    CompileError, CompileOptions, Compiled, InputScales, Progress, Samples, Stage,
    calibrate::Method,
    compile_onnx,
    npy::{Array, Data},
};
use fixpoint_runtime::model::format::Quantisation;
use std::collections::BTreeMap;

fn two_layers() -> Graph {
    let mut graph = Graph::new(&[1, 4]);
    graph.weights("w", &[4, 3]);
    graph.node("MatMul", &["x", "w"], "m", &[]);
    graph.node("Tanh", &["m"], "y", &[]);
    graph
}

fn array(shape: &[usize], elements: Vec<f32>) -> Array {
    Array {
        shape: shape.to_vec(),
        data: Data::F32(elements),
    }
}

fn named(name: &str, array: Array) -> Samples {
    Samples(BTreeMap::from([(name.to_owned(), array)]))
}

fn compile(graph: &Graph, options: &CompileOptions) -> Result<Compiled, CompileError> {
    compile_onnx(&graph.bytes(), options, &mut |_| {})
}

#[test]
fn without_a_test_set_a_fifth_is_held_back() {
    let mut graph = two_layers();
    let options = CompileOptions {
        calibration: graph.samples(50, 1.0),
        ..CompileOptions::default()
    };
    let mut seen = Vec::new();
    let mut note = |progress: Progress| seen.push((progress.stage, progress.done, progress.total));
    let report = compile_onnx(&graph.bytes(), &options, &mut note)
        .expect("compiles")
        .report;
    assert_eq!(report.calibration_samples, 40);
    let accuracy = report.accuracy.as_ref().expect("measured");
    assert_eq!((accuracy.samples, accuracy.held_back), (10, true));
    assert!(report.to_string().contains("held back"), "{report}");
    assert_eq!(seen.first(), Some(&(Stage::Calibrate, 1, 40)));
    assert_eq!(seen.last(), Some(&(Stage::Evaluate, 10, 10)));
}

#[test]
fn a_bare_array_serves_the_only_input() {
    let mut graph = two_layers();
    let elements = graph.random(40);
    let calibration = named("", array(&[10, 4], elements));
    compile(
        &graph,
        &CompileOptions {
            calibration,
            ..CompileOptions::default()
        },
    )
    .expect("compiles");
}

#[test]
fn samples_that_do_not_fit_are_named() {
    let graph = two_layers();
    let with = |samples| {
        compile(
            &graph,
            &CompileOptions {
                calibration: samples,
                ..CompileOptions::default()
            },
        )
        .expect_err("refused")
        .to_string()
    };
    assert!(with(Samples::default()).contains("--calibration"));
    assert!(with(named("z", array(&[1, 4], vec![0.0; 4]))).contains("no array of that name"));
    assert!(with(named("x", array(&[2, 3], vec![0.0; 6]))).contains("[2, 3]"));
    let not_finite = with(named("x", array(&[1, 4], vec![0.0, f32::NAN, 0.0, 0.0])));
    assert!(
        not_finite.contains("'x'") && not_finite.contains("NaN"),
        "{not_finite}"
    );
    let mut both = named("x", array(&[1, 4], vec![0.0; 4]));
    both.0.insert("z".to_owned(), array(&[1, 4], vec![0.0; 4]));
    assert!(with(both).contains("no input 'z'"));
}

#[test]
fn labels_must_fit_the_test_set() {
    let mut graph = two_layers();
    let labels = |count| Array {
        shape: vec![count],
        data: Data::I64(vec![0; count]),
    };
    let mut options = CompileOptions {
        calibration: graph.samples(10, 1.0),
        labels: Some(labels(10)),
        ..CompileOptions::default()
    };
    let error = compile(&graph, &options)
        .expect_err("no test set")
        .to_string();
    assert!(error.contains("--test"), "{error}");
    options.test = Some(graph.samples(9, 1.0));
    let error = compile(&graph, &options)
        .expect_err("one too many")
        .to_string();
    assert!(error.contains("10 labels for 9"), "{error}");
    options.labels = Some(labels(9));
    let top1 = compile(&graph, &options)
        .expect("fits")
        .report
        .accuracy
        .expect("measured")
        .top1;
    assert!(top1.expect("three classes").compiled_accuracy.is_some());
}

#[test]
fn shapes_are_taken_from_the_caller() {
    let mut graph = Graph::new(&[1, 2, 5, 5]);
    graph.weights("w", &[3, 2, 3, 3]);
    graph.node("Conv", &["x", "w"], "y", &[]);
    let mut options = CompileOptions {
        calibration: named("x", array(&[2, 2, 6, 7], vec![1.0; 168])),
        shapes: BTreeMap::from([("x".to_owned(), vec![1, 2, 6, 7])]),
        ..CompileOptions::default()
    };
    let model = compile(&graph, &options).expect("compiles").model;
    assert_eq!(&model.inputs[0].tensor.shape[..], [1, 2, 6, 7]);
    options.shapes = BTreeMap::from([("z".to_owned(), vec![1])]);
    let error = compile(&graph, &options).expect_err("no such input");
    assert!(matches!(error, CompileError::NoSuchInput { .. }), "{error}");
}

#[test]
fn other_tensors_can_be_returned() {
    let mut graph = two_layers();
    graph.node("Det", &["y"], "never", &[("unused", Value::Int(1))]);
    let mut options = CompileOptions {
        calibration: graph.samples(10, 1.0),
        outputs: vec!["y".to_owned(), "m".to_owned()],
        ..CompileOptions::default()
    };
    let model = compile(&graph, &options)
        .expect("the operator behind is not needed")
        .model;
    let names: Vec<_> = model
        .outputs
        .iter()
        .map(|output| output.name.to_vec())
        .collect();
    assert_eq!(names, [b"y", b"m"]);
    options.outputs = vec!["nothing".to_owned()];
    let error = compile(&graph, &options).expect_err("no such output");
    assert!(
        matches!(error, CompileError::NoSuchOutput { .. }),
        "{error}"
    );
}

#[test]
fn saturation_is_the_callers_choice() {
    let mut graph = two_layers();
    let mut options = CompileOptions {
        calibration: graph.samples(10, 1.0),
        ..CompileOptions::default()
    };
    assert!(!compile(&graph, &options).expect("compiles").model.inputs[0].saturates);
    options.saturating_inputs = vec!["x".to_owned()];
    assert!(compile(&graph, &options).expect("compiles").model.inputs[0].saturates);
    options.saturating_inputs = vec!["z".to_owned()];
    assert!(matches!(
        compile(&graph, &options),
        Err(CompileError::NoSuchInput { .. })
    ));
}

#[test]
fn a_percentile_leaves_rare_samples_out() {
    let graph = two_layers();
    let mut elements = vec![1.0; 400];
    elements[7] = 50.0;
    // Largest value that the last feature can have.
    let largest = |method, input_scales| {
        let calibration = named("x", array(&[100, 4], elements.clone()));
        let options = CompileOptions {
            calibration,
            method,
            input_scales,
            ..CompileOptions::default()
        };
        let model = compile(&graph, &options).expect("compiles").model;
        let affine = match &model.inputs[0].quantisation {
            Quantisation::PerTensor(affine) => *affine,
            Quantisation::PerElement(features) => features.entries[3],
            Quantisation::None => panic!("no scale"),
        };
        255.0 * affine.scale.numerator as f64 / affine.scale.denominator as f64
    };
    for scales in [InputScales::PerTensor, InputScales::PerFeature] {
        assert!(
            (largest(Method::MinMax, scales) - 50.0).abs() < 0.2,
            "{scales:?}"
        );
        assert!(
            (largest(Method::Percentile(98.0), scales) - 1.0).abs() < 0.01,
            "{scales:?}"
        );
    }
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    for bytes in [&b""[..], b"not a model", &[0xff; 100]] {
        let error = compile_onnx(bytes, &CompileOptions::default(), &mut |_| {});
        assert!(
            matches!(
                error,
                Err(CompileError::OnnxFile { .. } | CompileError::Onnx(_))
            ),
            "{error:?}"
        );
    }
    let bytes = two_layers().bytes();
    for end in (0..bytes.len()).step_by(7) {
        let _ = compile_onnx(&bytes[..end], &CompileOptions::default(), &mut |_| {});
    }
}
