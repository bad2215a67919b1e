//! The 32-bit lane on trained regressors: whole networks, and the first nodes of networks of 16 bits.

use fixpoint_compiler::{
    CompileOptions, Compiled, Precision, Samples, compile_onnx, float,
    import::import,
    ir::Tensor,
    npy::{Array, read_npz},
    ports,
};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{ValidModel, validate},
};
use std::{collections::BTreeMap, path::PathBuf};

/// 99th percentile of the error relative to the deviation of the answers.
const BAR: f64 = 1e-6;
/// The same at 16 bits.
const BAR_INT16: f64 = 5e-3;

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
        saturating_inputs: saturating(name),
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

/// Inputs of raw candles reach beyond what calibration saw.
fn saturating(name: &str) -> Vec<String> {
    let input = match name {
        "candles" => "open_high_low_close",
        "hourly" => "candles",
        _ => return Vec::new(),
    };
    vec![input.to_owned()]
}

/// The error of a model on its test rows, against answers in double precision.
fn share_of(name: &str, precision: Precision, wanted: impl Fn(&mut [f64]) -> Vec<f64>) -> f64 {
    let model = validate(compile(name, precision).model).expect("valid");
    let file = read_npz(&path(&format!("{name}/test.npz"))).expect("rows");
    let mut rows = file.values().next().expect("an array").to_f64();
    let want = wanted(&mut rows);
    let got = run(&model, &rows, rows.len() / want.len());
    let share = error_share(&got, &want);
    println!("{name}, {precision:?}: p99 of the error is {share:e} of the deviation");
    share
}

/// Of the diabetes regressor, whose answers scikit-learn gave.
fn diabetes(precision: Precision) -> f64 {
    share_of("diabetes", precision, |_| {
        let answers = Array::read(&path("diabetes/answers.npy")).expect("answers");
        answers.to_f64()
    })
}

/// Of a network over raw candles, in dollars and cents as a contract gives them.
fn of_candles(name: &str, precision: Precision) -> f64 {
    let onnx = std::fs::read(path(&format!("{name}/{name}.onnx"))).expect("a model");
    let (graph, _) = import(&onnx, &BTreeMap::new(), &[]).expect("imports");
    let input = graph.inputs[0];
    let shape = &graph.values[input].shape;
    let exact = |row: &[f64]| {
        // Inputs in float32 first, then the numbers that were meant.
        let near = float::run(&graph, &[row.iter().map(|&x| x as f32).collect()]);
        let meant = Tensor::real(shape, row.to_vec());
        let run = float::rerun(&graph, &near, vec![(input, meant)]);
        run.get(graph.outputs[0].1).expect("an output").elements[0]
    };
    share_of(name, precision, |rows| {
        rows.iter_mut()
            .for_each(|x| *x = (*x * 100.0).round() / 100.0);
        rows.chunks(shape.iter().product()).map(exact).collect()
    })
}

fn run(model: &ValidModel, rows: &[f64], len: usize) -> Vec<f64> {
    let plan = Plan::new(model, Isa::detect());
    let mut arena = Arena::new(&plan);
    let one = |row: &[f64]| {
        let packed = ports::pack(&model.model().inputs[0], row);
        assert_eq!(packed.clipped, 0, "{row:?}");
        let mut bytes = vec![0; model.output_bytes() as usize];
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

#[test]
fn the_diabetes_regressor_is_within_a_millionth_of_exact_arithmetic() {
    let share = diabetes(Precision::Int32);
    assert!(share <= BAR, "{share:e}");
}

#[test]
fn at_16_bits_it_is_not() {
    let share = diabetes(Precision::Int16);
    assert!(share > 100.0 * BAR, "{share:e}");
    assert!(share < BAR_INT16, "{share:e}");
}

#[test]
fn an_lstm_over_raw_candles_is_within_the_bars() {
    let share = of_candles("candles", Precision::Int32);
    assert!(share <= BAR, "{share:e}");
    let share = of_candles("candles", Precision::Int16);
    assert!(share <= BAR_INT16, "{share:e}");
}

#[test]
fn a_tcn_over_raw_candles_is_within_the_bars() {
    let share = of_candles("hourly", Precision::Int32);
    assert!(share <= BAR, "{share:e}");
    let share = of_candles("hourly", Precision::Int16);
    assert!(share <= BAR_INT16, "{share:e}");
}

#[test]
fn the_volatility_forecast_keeps_float32s_digits() {
    let compiled = compile("volatility", Precision::Int32);
    let accuracy = compiled.report.accuracy.expect("measured");
    let output = &accuracy.outputs[0];
    // The float model's own rounding is 4e-7 of it.
    assert!(output.error_in_deviations <= BAR, "{output:?}");
}
