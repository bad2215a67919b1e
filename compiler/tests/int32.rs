//! The 32-bit lane on a trained regressor and its functions.

use fixpoint_compiler::{
    CompileOptions, Compiled, Precision, Samples, compile_onnx,
    npy::{Array, read_npz},
    ports,
};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{ValidModel, validate},
};
use std::path::PathBuf;

/// 99th percentile of the error relative to the deviation of the answers.
const BAR: f64 = 1e-6;

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../test-vectors/models")
        .join(file)
}

fn compile(name: &str, precision: Precision) -> Compiled {
    let options = CompileOptions {
        precision,
        calibration: Samples::read(&path(&format!("{name}/calibration.npz"))).expect("samples"),
        test: Some(Samples::read(&path(&format!("{name}/test.npz"))).expect("samples")),
        ..CompileOptions::default()
    };
    let onnx = std::fs::read(path(&format!("{name}/{name}.onnx"))).expect("a model");
    let compiled = compile_onnx(&onnx, &options, &mut |_| {}).expect("compiles");
    println!(
        "{name}, {precision:?}\n{}{:?}",
        compiled.report, compiled.report.work
    );
    compiled
}

fn run(model: &ValidModel, rows: &[f64], len: usize) -> Vec<f64> {
    let plan = Plan::new(model, Isa::detect());
    let mut arena = Arena::new(&plan);
    let one = |row: &[f64]| {
        let packed = ports::pack(&model.model().inputs[0], row);
        assert_eq!(packed.clipped, 0, "{row:?}");
        let mut bytes = [0; 4];
        plan.run(&mut arena, &packed.bytes, &mut bytes)
            .expect("runs");
        let quantisation = &model.model().outputs[0].quantisation;
        let tensor = model.output_types().next().expect("an output");
        ports::unpack(quantisation, tensor, &bytes)[0]
    };
    rows.chunks(len).map(one).collect()
}

/// The 99th percentile of the errors over the deviation of the exact answers.
fn error_share(got: &[f64], want: &[f64]) -> f64 {
    let mean = want.iter().sum::<f64>() / want.len() as f64;
    let variance = want.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / want.len() as f64;
    let mut errors: Vec<f64> = got.iter().zip(want).map(|(a, b)| (a - b).abs()).collect();
    errors.sort_by(f64::total_cmp);
    errors[errors.len() * 99 / 100] / variance.sqrt()
}

fn diabetes(precision: Precision) -> f64 {
    let compiled = compile("diabetes", precision);
    let model = validate(compiled.model).expect("valid");
    let rows = read_npz(&path("diabetes/test.npz")).expect("rows")["features"].to_f64();
    let want = Array::read(&path("diabetes/answers.npy"))
        .expect("answers")
        .to_f64();
    let got = run(&model, &rows, 10);
    assert_eq!((got.len(), want.len()), (2_133, 2_133));
    error_share(&got, &want)
}

#[test]
fn the_diabetes_regressor_is_within_a_millionth_of_exact_arithmetic() {
    let share = diabetes(Precision::Int32);
    println!("int32: p99 of the error is {share:e} of the deviation");
    assert!(share <= BAR, "{share:e}");
}

#[test]
fn at_16_bits_it_is_not() {
    let share = diabetes(Precision::Int16);
    println!("int16: p99 of the error is {share:e} of the deviation");
    assert!(share > 100.0 * BAR, "{share:e}");
    // What is asked of 16 bits.
    assert!(share < 5e-3, "{share:e}");
}

#[test]
fn the_volatility_forecast_keeps_float32s_digits() {
    let compiled = compile("volatility", Precision::Int32);
    let accuracy = compiled.report.accuracy.expect("measured");
    let output = &accuracy.outputs[0];
    // Of the float model's own rounding there is as much.
    assert!(output.p99_relative_error < 2e-6, "{output:?}");
}
