//! Preprocessing inside a model must equal the same done outside.

use crate::graphs::{Graph, Value};
use fixpoint_compiler::{
    CompileError, CompileOptions, Precision, Preprocess, Samples, compile_onnx, float, import,
    npy::{Array, Data},
    onnx::preprocess::prepend,
    ports,
};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{format::Quantisation, validate},
};
use std::collections::BTreeMap;

const SPEC: &str = "input=u8,layout=nhwc,channels=bgr,mean=0.485:0.456:0.406,std=0.229:0.224:0.225";
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const STD: [f32; 3] = [0.229, 0.224, 0.225];
const SIDE: usize = 6;

fn network() -> Graph {
    let mut graph = Graph::new(&[1, 3, SIDE, SIDE]);
    graph.weights("w", &[4, 3, 3, 3]);
    graph.node(
        "Conv",
        &["x", "w"],
        "c",
        &[("pads", Value::Ints(&[1, 1, 1, 1]))],
    );
    graph.node("Relu", &["c"], "r", &[]);
    graph.node("GlobalAveragePool", &["r"], "y", &[]);
    graph
}

/// Pixels of a photo, `[H, W, BGR]`.
fn pixels(graph: &mut Graph, largest: f32) -> Vec<f32> {
    let random = graph.random(SIDE * SIDE * 3);
    random
        .iter()
        .map(|x| ((x + 1.0) / 2.0 * largest).round())
        .collect()
}

/// What a caller of the model without preprocessing would compute.
fn outside(pixels: &[f32]) -> Vec<f32> {
    let mut planes = Vec::new();
    for channel in 0..3 {
        for pixel in pixels.chunks(3) {
            planes.push((pixel[2 - channel] / 255.0 - MEAN[channel]) / STD[channel]);
        }
    }
    planes
}

fn run_float(bytes: &[u8], input: Vec<f32>) -> Vec<f64> {
    let (graph, _) = import::import(bytes, &BTreeMap::new(), &[]).expect("imports");
    let run = float::run(&graph, &[input]);
    run.get(graph.outputs[0].1)
        .expect("computed")
        .elements
        .clone()
}

#[test]
fn the_float_model_computes_the_same() {
    let mut graph = network();
    let image = pixels(&mut graph, 255.0);
    let spec: Preprocess = SPEC.parse().expect("valid");
    let file = graph.bytes();
    let inside = prepend(&file, &[spec]).expect("fits");
    let got = run_float(&inside, image.clone());
    let want = run_float(&file, outside(&image));
    for (got, want) in got.iter().zip(&want) {
        assert!(
            (got - want).abs() < 1e-5 * (1.0 + want.abs()),
            "{got}, not {want}"
        );
    }
}

#[test]
fn a_compiled_model_takes_every_pixel_exactly() {
    for precision in [Precision::Int8, Precision::Int16] {
        let mut graph = network();
        // Dark samples: bright pixels are still pixels.
        let samples: Vec<f32> = (0..20).flat_map(|_| pixels(&mut graph, 100.0)).collect();
        let array = Array {
            shape: vec![20, SIDE, SIDE, 3],
            data: Data::F32(samples),
        };
        let options = CompileOptions {
            precision,
            preprocess: vec![SPEC.parse().expect("valid")],
            calibration: Samples(BTreeMap::from([("x".to_owned(), array)])),
            ..CompileOptions::default()
        };
        let compiled = compile_onnx(&graph.bytes(), &options, &mut |_| {}).expect("compiles");
        let record = compiled.record.expect("of a network");
        let again = CompileOptions {
            recorded: Some(record),
            ..CompileOptions::default()
        };
        let again = compile_onnx(&graph.bytes(), &again, &mut |_| {}).expect("compiles again");
        assert_eq!(compiled.payload, again.payload);
        let model = validate(compiled.model).expect("valid");
        let input = &model.model().inputs[0];
        assert_eq!(input.tensor.shape[..], [1, 6, 6, 3]);
        if precision == Precision::Int8 {
            let Quantisation::PerTensor(affine) = &input.quantisation else {
                panic!("a scale");
            };
            assert_eq!((affine.scale.numerator, affine.scale.denominator), (1, 1));
            assert_eq!(affine.zero_point.0, -128);
        }
        let image = pixels(&mut graph, 100.0);
        let elements: Vec<f64> = image.iter().map(|&x| f64::from(x)).collect();
        let plan = Plan::new(&model, Isa::detect());
        let mut bytes = vec![0; model.output_bytes() as usize];
        plan.run(
            &mut Arena::new(&plan),
            &ports::pack(input, &elements).bytes,
            &mut bytes,
        )
        .expect("runs");
        let output = model.output_types().next().expect("one");
        let got = ports::unpack(&model.model().outputs[0].quantisation, output, &bytes);
        let want = run_float(&graph.bytes(), outside(&image));
        let span = want.iter().fold(0.0_f64, |max, x| max.max(x.abs()));
        let bound = if precision == Precision::Int8 {
            0.02
        } else {
            2e-4
        };
        for (got, want) in got.iter().zip(&want) {
            assert!(
                (got - want).abs() < bound * span,
                "{precision:?}: {got}, not {want}"
            );
        }
        let bright = vec![255.0; SIDE * SIDE * 3];
        assert_eq!(ports::pack(input, &bright).clipped, 0);
    }
}

#[test]
fn what_does_not_fit_the_model_is_said() {
    for (spec, said) in [
        ("image:mean=1", "no input is called 'image': there are x"),
        (
            "mean=1:2",
            "2 means and 1 deviations for 3 channels (axis 1) of input 'x'",
        ),
        ("layout=nhwc,std=1:2", "for 3 channels (axis 3)"),
    ] {
        let options = CompileOptions {
            preprocess: vec![spec.parse().expect("valid")],
            ..CompileOptions::default()
        };
        let error = compile_onnx(&network().bytes(), &options, &mut |_| {}).expect_err(spec);
        assert!(matches!(error, CompileError::Onnx(_)), "{error:?}");
        assert!(error.to_string().contains(said), "{error}");
    }
}
