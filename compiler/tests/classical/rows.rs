//! Every row of the table: the class is the framework's own, and so is the margin within 1e-4.

use crate::support::{Runner, compile, table};

const MARGIN_LIMIT: f64 = 1e-4;

#[track_caller]
fn check(name: &str, outputs: [&str; 2], calibrated: bool) {
    let compiled = compile(name, &[outputs[0], "margin", outputs[1]], calibrated);
    let mut runner = Runner::new(&compiled);
    let (rows, answers) = table();
    let [margins, classes, probabilities] =
        ["margin", "class", "probability"].map(|what| &answers[&format!("{name}_{what}")]);
    let (mut worst, mut worst_probability) = (0.0_f64, 0.0_f64);
    for (index, row) in rows.iter().enumerate() {
        let got = runner.run(row);
        assert_eq!(got[0], [classes[index]], "class of row {index}");
        // Of two margins the second is that of class 1.
        let margin = *got[1].last().expect("a margin");
        worst = worst.max((margin - margins[index]).abs());
        worst_probability = worst_probability.max((got[2][1] - probabilities[index]).abs());
        assert!(
            (got[2][0] + got[2][1] - 1.0).abs() < 1e-6,
            "row {index}: {:?}",
            got[2]
        );
    }
    println!("{name}: margins within {worst:e}, probabilities within {worst_probability:e}");
    assert_eq!(rows.len(), 569);
    assert!(worst <= MARGIN_LIMIT, "margins within {worst:e}");
    assert!(worst_probability <= MARGIN_LIMIT, "{worst_probability:e}");
    let top1 = compiled.report.accuracy.and_then(|accuracy| accuracy.top1);
    let top1 = top1.expect("labelled");
    assert_eq!(top1.agreement, Some(1.0));
    assert!(top1.compiled_accuracy >= Some(0.95), "{top1:?}");
}

#[test]
fn xgboost_answers_as_xgboost_on_every_row() {
    check("xgboost", ["label", "probabilities"], false);
}

#[test]
fn lightgbm_answers_as_lightgbm_on_every_row() {
    check("lightgbm", ["label", "probabilities"], false);
}

#[test]
fn a_random_forest_answers_as_scikit_learn_on_every_row() {
    check("forest", ["output_label", "output_probability"], false);
}

#[test]
fn logistic_regression_answers_as_scikit_learn_on_every_row() {
    check("logistic", ["output_label", "output_probability"], true);
}
