//! `fixpoint compile --report`, `--max-error`, and what an interrupted compilation leaves.

use crate::support::{assert_contains, error, fixpoint, ok, ok_json, shown, vector};
use fixpoint_compiler::npy::{Array, Data};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;
use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

/// A number of the report's JSON; prices are texts there.
fn number(value: &Value) -> f64 {
    let text = value.as_str().and_then(|text| text.parse().ok());
    value
        .as_f64()
        .or(text)
        .unwrap_or_else(|| panic!("{value} is no number"))
}

fn parsed(page: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(page, options).expect("a well-formed page")
}

/// Every number of the page is the report's, under the key that it has on the page.
#[track_caller]
fn check_numbers(page: &str, report: &Value) -> usize {
    let html = parsed(page);
    let mut checked = 0;
    for figure in html.descendants().filter(|node| node.has_tag_name("data")) {
        let key = figure.attribute("data-key").expect("a key");
        let shown: f64 = figure
            .attribute("value")
            .expect("a value")
            .parse()
            .expect("a number");
        let told = report
            .pointer(key)
            .unwrap_or_else(|| panic!("no {key} in the report"));
        let told = number(told);
        assert!(
            (shown - told).abs() <= 1e-15 * told.abs(),
            "{key}: {shown}, not {told}"
        );
        let text = figure.text().unwrap_or_default();
        assert!(!text.trim().is_empty(), "{key} is not shown");
        checked += 1;
    }
    checked
}

/// The bars of the page's histograms are those of the report, and count every value.
#[track_caller]
fn check_histograms(page: &str, report: &Value) {
    let html = parsed(page);
    let bars = html
        .descendants()
        .filter_map(|node: Node<'_, '_>| node.attribute("data-count"));
    let drawn: Vec<u64> = bars.map(|count| count.parse().unwrap()).collect();
    let outputs = report["accuracy"]["outputs"].as_array().unwrap();
    let told: Vec<u64> = outputs
        .iter()
        .flat_map(|output| output["histogram"]["counts"].as_array().unwrap())
        .map(|count| count.as_u64().unwrap())
        .collect();
    assert_eq!(drawn, told);
    let elements: u64 = outputs
        .iter()
        .map(|output| output["elements"].as_u64().unwrap())
        .sum();
    assert_eq!(drawn.iter().sum::<u64>(), elements);
}

#[test]
fn the_page_has_the_reports_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| shown(&folder.path().join(name));
    let (model, page) = (file("digits.fxp"), file("digits.html"));
    let report = ok_json(&[
        "compile",
        &vector("digits/digits.onnx"),
        "--calibration",
        &vector("digits/calibration.npz"),
        "--test",
        &vector("digits/test.npz"),
        "--labels",
        &vector("digits/test_labels.npy"),
        "--gas-price",
        "2.5",
        "--report",
        &page,
        "-o",
        &model,
        "--json",
    ]);
    assert_eq!(report["report"], page);
    let page = fs::read_to_string(&page).unwrap();
    assert!(check_numbers(&page, &report) > 60);
    check_histograms(&page, &report);
    assert_eq!(report["accuracy"]["outputs"][0]["elements"], 3600);
    let gas = &report["gas"];
    let deploy = gas["deploy_at_most"].as_u64().unwrap();
    assert!(deploy > gas["store"].as_u64().unwrap() + gas["activate"].as_u64().unwrap());
    assert_eq!(
        gas["wei"]["deploy_at_most"],
        (u128::from(deploy) * 2_500_000_000).to_string()
    );
    // What the layers' work costs is what `inspect` says of their operators.
    let layers = report["layers"].as_array().unwrap();
    let by_layer: f64 = layers
        .iter()
        .map(|layer| layer["gas"].as_f64().unwrap())
        .sum();
    let inspected = ok_json(&["inspect", &model, "--json"]);
    let operators = inspected["operators"].as_array().unwrap();
    let by_operator: f64 = operators
        .iter()
        .map(|operator| operator["gas"].as_f64().unwrap())
        .sum();
    assert!(
        (by_layer - by_operator).abs() < 1e-6 * by_operator,
        "{by_layer} {by_operator}"
    );
    assert_eq!(
        layers
            .iter()
            .map(|layer| layer["parameters"].as_u64().unwrap())
            .sum::<u64>(),
        report["parameters"].as_u64().unwrap()
    );
    assert!(
        layers.iter().all(|layer| layer["error"].is_number()),
        "{layers:?}"
    );
    assert_contains(
        &page,
        &[
            "<h1>digits</h1>",
            "prefers-color-scheme: dark",
            "width=device-width",
        ],
    );
}

#[test]
fn targets_are_judged_as_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| shown(&folder.path().join(name));
    let page = file("volatility.html");
    let report = ok_json(&[
        "compile",
        &vector("volatility/volatility.onnx"),
        "--precision",
        "int16",
        "--calibration",
        &vector("volatility/calibration.npz"),
        "--test",
        &vector("volatility/test.npz"),
        "--labels",
        &vector("volatility/test_targets.npy"),
        "--report",
        &page,
        "-o",
        &file("volatility.fxp"),
        "--json",
    ]);
    let figure = |name: &str| report["accuracy"]["regression"][name].as_f64().unwrap();
    assert!(
        (figure("float_r2") - figure("compiled_r2")).abs() < 1e-3,
        "{report}"
    );
    assert!(figure("float_r2") > 0.3 && figure("float_rms_error") > figure("float_mean_error"));
    let page = fs::read_to_string(&page).unwrap();
    check_numbers(&page, &report);
    check_histograms(&page, &report);
}

#[test]
fn models_without_layers_have_a_page_of_operators() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| shown(&folder.path().join(name));
    let page = file("trees.html");
    let report = ok_json(&[
        "compile",
        &vector("breast-cancer/xgboost.onnx"),
        "--test",
        &vector("breast-cancer/test.npz"),
        "--report",
        &page,
        "-o",
        &file("trees.fxp"),
        "--json",
    ]);
    let page = fs::read_to_string(&page).unwrap();
    check_numbers(&page, &report);
    check_histograms(&page, &report);
    assert_contains(&page, &["GATHER", "decimals"]);
}

#[test]
fn a_wanted_error_costs_between_int8_and_int16() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| shown(&folder.path().join(name));
    let onnx = vector("digits/digits.onnx");
    let calibration = vector("digits/calibration.npz");
    let compile = |options: &[&str], name: &str| {
        let output = file(name);
        let mut arguments = vec![
            "compile",
            &onnx,
            "--calibration",
            &calibration,
            "-o",
            &output,
        ];
        arguments.extend(options);
        arguments.push("--json");
        ok_json(&arguments)
    };
    let int8 = compile(&[], "int8.fxp");
    let int16 = compile(&["--precision", "int16"], "int16.fxp");
    let error_of = |report: &Value| {
        report["accuracy"]["outputs"][0]["error_in_deviations"]
            .as_f64()
            .unwrap()
    };
    let gas_of = |report: &Value| report["gas"]["first_call"].as_u64().unwrap();
    let wanted = (error_of(&int8) * error_of(&int16)).sqrt();
    let page = file("mixed.html");
    let mixed = compile(
        &["--max-error", &wanted.to_string(), "--report", &page],
        "mixed.fxp",
    );
    assert!(error_of(&mixed) < wanted, "{wanted}: {mixed}");
    assert!(gas_of(&int8) < gas_of(&mixed) && gas_of(&mixed) <= gas_of(&int16));
    let raised = mixed["mixed"]["int16_layers"].as_array().unwrap();
    assert!(!raised.is_empty());
    check_numbers(&fs::read_to_string(&page).unwrap(), &mixed);
    let (record, again) = (file("mixed.calib.json"), file("again.fxp"));
    ok(&["compile", &onnx, "--calib", &record, "-o", &again]);
    assert_eq!(
        fs::read(file("mixed.fxp")).unwrap(),
        fs::read(&again).unwrap()
    );
    let output = file("none.fxp");
    let mut arguments = vec![
        "compile",
        &onnx,
        "--calibration",
        &calibration,
        "-o",
        &output,
    ];
    arguments.extend(["--max-error", "1e-9"]);
    assert_contains(&error(&arguments), &["even with 16 bits in every layer"]);
    assert!(!fs::exists(&output).unwrap());
}

#[cfg(unix)]
#[test]
fn an_interrupted_compilation_leaves_nothing() {
    use std::os::unix::process::ExitStatusExt as _;

    let folder = tempfile::tempdir().unwrap();
    let (samples, outputs) = (
        folder.path().join("many.npy"),
        folder.path().join("outputs"),
    );
    fs::create_dir(&outputs).unwrap();
    let count = 100_000;
    let array = Array {
        shape: vec![count, 1, 8, 8],
        data: Data::U8((0..count * 64).map(|at| (at * 7 % 17) as u8).collect()),
    };
    array.write(&samples).unwrap();
    let mut running = fixpoint()
        .args([
            "compile",
            &vector("digits/digits.onnx"),
            "--calibration",
            &shown(&samples),
        ])
        .args([
            "--report",
            &shown(&outputs.join("m.html")),
            "-o",
            &shown(&outputs.join("m.fxp")),
        ])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(1500));
    let process = running.id().to_string();
    // Not the interrupt of Ctrl-C, which whoever runs these tests may have told all children to ignore: nothing
    // handles either.
    assert!(
        Command::new("kill")
            .args(["-TERM", &process])
            .status()
            .unwrap()
            .success()
    );
    let status = running.wait().unwrap();
    assert_eq!(
        status.signal(),
        Some(15),
        "it was over before it was interrupted"
    );
    assert_eq!(fs::read_dir(&outputs).unwrap().count(), 0);
}
