//! Models that onnxruntime's quantiser made must give onnxruntime's integers, without samples.

use fixpoint_compiler::{
    CompileError, CompileOptions, Compiled, Precision, Samples, compile_onnx,
    npy::{Array, Data},
    ports,
};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{format::Quantisation, validate},
};
use std::path::PathBuf;

fn models() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../test-vectors/models")
}

fn compiled(name: &str, precision: Precision) -> Compiled {
    let onnx = std::fs::read(models().join(format!("quantised/{name}.onnx"))).expect("a model");
    let options = CompileOptions {
        precision,
        ..CompileOptions::default()
    };
    compile_onnx(&onnx, &options, &mut |_| {}).expect("compiles without samples")
}

fn rows(file: &str, key: &str) -> Vec<f32> {
    let Samples(mut arrays) = Samples::read(&models().join(file)).expect("rows");
    let Array { data, .. } = arrays.remove(key).expect("the array");
    match data {
        Data::F32(elements) => elements,
        other => panic!("{other:?}"),
    }
}

/// How far outputs are from onnxruntime's, in steps of the output: the furthest, and how many are
/// not equal, of how many.
fn differences(name: &str) -> (f64, usize, usize) {
    let model = validate(compiled(name, Precision::Int8).model).expect("valid");
    let plan = Plan::new(&model, Isa::detect());
    let (input, output) = (&model.model().inputs[0], &model.model().outputs[0]);
    let Quantisation::PerTensor(affine) = &output.quantisation else {
        panic!("a scale");
    };
    let step = affine.scale.numerator as f64 / affine.scale.denominator as f64;
    let answers = rows("quantised/answers.npz", name);
    let images = rows("digits/test.npz", "image");
    assert!(!answers.is_empty());
    let (mut furthest, mut unequal) = (0.0_f64, 0);
    for (image, answer) in images.chunks(64).zip(answers.chunks(10)) {
        let image: Vec<f64> = image.iter().map(|&x| f64::from(x)).collect();
        let mut bytes = vec![0; model.output_bytes() as usize];
        plan.run(
            &mut Arena::new(&plan),
            &ports::pack(input, &image).bytes,
            &mut bytes,
        )
        .expect("runs");
        let got = ports::unpack(
            &output.quantisation,
            model.output_types().next().expect("one"),
            &bytes,
        );
        for (got, want) in got.iter().zip(answer) {
            let steps = ((got - f64::from(*want)) / step).abs();
            furthest = furthest.max(steps);
            unequal += usize::from(steps > 0.01);
        }
    }
    println!(
        "{name}: {furthest} steps at most, {unequal} of {} not equal",
        answers.len()
    );
    (furthest, unequal, answers.len())
}

#[test]
fn integers_of_8_bits_are_those_of_onnxruntime() {
    for name in ["qdq-per-channel", "qdq-signed", "qoperator"] {
        let (furthest, unequal, elements) = differences(name);
        assert!(
            furthest < 0.01,
            "{name}: {unequal} of {elements}, {furthest} steps"
        );
    }
}

#[test]
fn integers_of_many_operators_are_within_a_step() {
    for name in ["branches-qdq", "branches-qoperator"] {
        let (furthest, unequal, elements) = differences(name);
        assert!(furthest < 1.01, "{name}: {furthest} steps");
        // The softmax at the end is a table in onnxruntime; all before it is equal.
        assert!(unequal * 5 <= elements, "{name}: {unequal} of {elements}");
    }
}

#[test]
fn integers_of_16_bits_are_those_of_onnxruntime() {
    let (furthest, ..) = differences("qdq-16");
    assert!(furthest < 1.01, "{furthest} steps");
}

#[test]
fn a_result_without_a_scale_needs_samples() {
    let onnx = std::fs::read(models().join("quantised/branches-qdq.onnx")).expect("a model");
    let options = CompileOptions {
        outputs: vec!["c2".to_owned()],
        ..CompileOptions::default()
    };
    let refusal = compile_onnx(&onnx, &options, &mut |_| {}).expect_err("no scale");
    let CompileError::NoScale { operator, .. } = &refusal else {
        panic!("{refusal}");
    };
    assert_eq!(operator, "Conv");
    assert!(refusal.to_string().contains("--calibration"), "{refusal}");
}

#[test]
fn the_precision_asked_for_changes_nothing() {
    let [own, wider] =
        [Precision::Int8, Precision::Int16].map(|precision| compiled("qoperator", precision));
    assert_eq!(own.payload, wider.payload);
    assert!(
        own.report
            .remarks
            .iter()
            .any(|remark| remark.contains("own integers"))
    );
}
