//! Nineteen small models as scikit-learn, XGBoost and LightGBM export them: answers of their own
//! frameworks on 60 rows each.

use crate::support::{Runner, path};
use fixpoint_compiler::{
    CompileError, CompileOptions, Samples, compile_onnx,
    npy::{Array, Data, read_npz},
};
use std::collections::BTreeMap;

/// Largest error of a probability, and of a prediction relative to the largest one.
const LIMIT: f64 = 1e-4;

fn check(name: &str, arrays: &BTreeMap<String, Array>) -> usize {
    let of = |what: &str| arrays.get(&format!("{name} {what}"));
    let rows = of("rows").expect("rows");
    let numbers = of("numbers").expect("numbers").to_f64();
    let classes = of("classes").map(Array::to_f64);
    let (count, len) = (rows.shape[0], rows.shape[1]);
    let calibration = Array {
        shape: rows.shape.clone(),
        data: Data::F64(rows.to_f64()),
    };
    let options = CompileOptions {
        calibration: Samples(BTreeMap::from([(String::new(), calibration)])),
        ..CompileOptions::default()
    };
    let onnx = std::fs::read(path(&format!("exports/{name}.onnx"))).expect("a model");
    let compiled = compile_onnx(&onnx, &options, &mut |_| {}).expect(name);
    let mut runner = Runner::new(&compiled);
    let per_row = numbers.len() / count;
    let scale = numbers.iter().fold(1.0_f64, |max, x| max.max(x.abs()));
    let mut worst = 0.0_f64;
    for (index, row) in rows.to_f64().chunks(len).enumerate() {
        let mut got = runner.run(row);
        if let Some(classes) = &classes {
            assert_eq!(
                got.remove(0),
                [classes[index]],
                "{name}, class of row {index}"
            );
        }
        let want = &numbers[index * per_row..(index + 1) * per_row];
        assert_eq!(got[0].len(), want.len(), "{name}");
        for (got, want) in got[0].iter().zip(want) {
            worst = worst.max((got - want).abs() / scale);
        }
    }
    println!(
        "{name}: {count} rows within {worst:e}, {} bytes, {:?}",
        compiled.payload.len(),
        compiled.report.remarks
    );
    assert!(worst <= LIMIT, "{name}: {worst:e}");
    count
}

#[test]
fn every_export_answers_as_its_framework() {
    let arrays = read_npz(&path("exports/answers.npz")).expect("arrays");
    let names = arrays.keys().filter_map(|key| key.strip_suffix(" rows"));
    let rows: Vec<usize> = names.map(|name| check(name, &arrays)).collect();
    assert_eq!(rows, [60; 19]);
}

#[test]
fn what_needs_ranges_says_so_and_trees_do_not() {
    let compile = |name: &str| {
        let onnx = std::fs::read(path(&format!("exports/{name}.onnx"))).expect("a model");
        compile_onnx(&onnx, &CompileOptions::default(), &mut |_| {})
    };
    assert!(compile("forest-scaled").is_ok());
    // A scaler tells how large its features get.
    assert!(compile("logistic-categories").is_ok());
    let refused = compile("logistic-classes");
    assert!(
        matches!(refused, Err(CompileError::NoCalibration)),
        "{refused:?}"
    );
}

#[test]
fn class_names_are_told() {
    let onnx = std::fs::read(path("exports/forest-names.onnx")).expect("a model");
    let compiled = compile_onnx(&onnx, &CompileOptions::default(), &mut |_| {}).expect("compiles");
    let remark = &compiled.report.remarks[0];
    assert!(
        remark.contains("0 setosa, 1 versicolor, 2 virginica"),
        "{remark}"
    );
}
