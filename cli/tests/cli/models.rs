//! Compiling, showing, running, judging and timing the models of `test-vectors/models`.

use crate::support::{
    assert_contains, digits, error, fixpoint, ok, ok_json, row_words, shown, vector, write_pictures,
};
use alloy_primitives::I256;
use fixpoint_compiler::npy::{Array, Data, npz_to_bytes, read_npz};
use serde_json::Value;
use std::{fs, path::Path};

#[test]
fn digits_keep_their_accuracy_in_int8() {
    let folder = tempfile::tempdir().unwrap();
    let output = shown(&folder.path().join("digits.fxp"));
    let report = ok(&[
        "compile",
        &vector("digits/digits.onnx"),
        "--calibration",
        &vector("digits/calibration.npz"),
        "--test",
        &vector("digits/test.npz"),
        "--labels",
        &vector("digits/test_labels.npy"),
        "-o",
        &output,
    ]);
    assert_contains(
        &report,
        &["accuracy", "float model", "gas of a call", &output],
    );
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        2,
        "model, ranges and choices: no partial file stays"
    );
    let test = vector("digits/test.npz");
    let evaluation = ok_json(&[
        "eval",
        &output,
        "--inputs",
        &test,
        "--labels",
        &vector("digits/test_labels.npy"),
        "--reference",
        &vector("digits/digits.onnx"),
        "--json",
    ]);
    assert_eq!(evaluation["samples"], 360);
    let share = |name: &str| evaluation[name].as_f64().unwrap();
    assert!(share("top1") >= 0.98, "{evaluation}");
    assert!(share("reference_top1") >= 0.99, "{evaluation}");
    assert!(share("top1_agreement") >= 0.98, "{evaluation}");
    assert!(
        share("mean_error") > 0.0 && share("mean_error") < 0.1,
        "{evaluation}"
    );
    assert!(share("max_error") >= share("mean_error"), "{evaluation}");
}

#[test]
fn the_choices_beside_a_model_make_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| shown(&folder.path().join(name));
    let onnx = vector("volatility/volatility.onnx");
    let calibration = vector("volatility/calibration.npz");
    let (first, second) = (file("first.fxp"), file("second.fxp"));
    let mut compile = vec!["compile", &onnx, "--calibration", &calibration];
    compile.extend(["--precision", "int16", "-o", &first, "--json"]);
    let record = file("first.calib.json");
    assert_eq!(ok_json(&compile)["calib"], record);
    let mut again = vec!["compile", &onnx, "--calib", &record, "-o", &second];
    let told = ok(&again);
    assert!(!told.contains("samples compared"), "{told}");
    assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
    assert!(!Path::new(&file("second.calib.json")).exists());
    // Accuracy may still be asked for.
    let test = vector("volatility/test.npz");
    again.extend(["--test", &test]);
    assert_contains(&ok(&again), &["samples compared    1000"]);
    let digits = vector("digits/digits.onnx");
    assert_contains(
        &error(&["compile", &digits, "--calib", &record, "-o", &second]),
        &["SHA-256", "written with this ONNX file"],
    );
    assert_contains(
        &error(&["compile", &onnx, "--calib", &calibration, "-o", &second]),
        &["can't read", "calibration.npz"],
    );
}

#[test]
fn volatility_keeps_its_precision_in_int16() {
    let folder = tempfile::tempdir().unwrap();
    let output = shown(&folder.path().join("volatility.fxp"));
    let report = ok_json(&[
        "compile",
        &vector("volatility/volatility.onnx"),
        "--precision",
        "int16",
        "--calibration",
        &vector("volatility/calibration.npz"),
        "-o",
        &output,
        "--json",
    ]);
    assert_eq!(report["parameters"], 1089);
    assert_eq!(report["accuracy"]["held_back"], true);
    assert_eq!(
        report["gas"]["first_call"],
        ok_json(&["inspect", &output, "--json"])["gas"]["first_call"]
    );
    let evaluation = ok_json(&[
        "eval",
        &output,
        "--inputs",
        &vector("volatility/test.npz"),
        "--reference",
        &vector("volatility/volatility.onnx"),
        "--json",
    ]);
    assert!(
        evaluation["max_error"].as_f64().unwrap() < 0.005,
        "{evaluation}"
    );
    // One output has no classes.
    assert_eq!(evaluation["top1_agreement"], Value::Null);
}

/// Pictures of `test.npz` of which the first and the third are far too bright.
fn test_pictures_with_two_too_bright(folder: &Path) -> String {
    let mut array = read_npz(Path::new(&vector("digits/test.npz"))).unwrap()["image"].clone();
    let Data::F32(ink) = &mut array.data else {
        panic!("pictures are f32");
    };
    for sample in [0, 2] {
        ink[sample * 64..(sample + 1) * 64].fill(1000.0);
    }
    let path = folder.join("bright.npy");
    array.write(&path).unwrap();
    shown(&path)
}

#[test]
fn samples_that_would_revert_count_as_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let bright = test_pictures_with_two_too_bright(folder.path());
    let labels = vector("digits/test_labels.npy");
    let evaluate = |model: &str, inputs: &str| {
        let mut arguments = vec!["eval", model, "--input", inputs, "--labels", &labels];
        let onnx = vector("digits/digits.onnx");
        arguments.extend(["--reference", &onnx, "--json"]);
        ok_json(&arguments)
    };
    let all = evaluate(&digits(), &vector("digits/test.npz"));
    assert_eq!(all["reverting_samples"], 0);
    let some = evaluate(&digits(), &bright);
    assert_eq!(some["samples"], 360);
    assert_eq!(some["reverting_samples"], 2);
    let right = |evaluation: &Value| (evaluation["top1"].as_f64().unwrap() * 360.0).round();
    assert!(right(&some) >= right(&all) - 2.0, "{some} {all}");
    assert!(right(&some) <= 358.0 && right(&some) < right(&all));
    assert!(some["max_error"].as_f64().unwrap() < 1.0, "{some}");
    let text = ok(&["eval", &digits(), "--inputs", &bright, "--labels", &labels]);
    let told = "sample 0: InputRange(0)";
    assert_contains(&text, &["reverting samples   2 ", told, "--saturate image"]);

    let output = shown(&folder.path().join("digits.fxp"));
    let (onnx, calibration) = (
        vector("digits/digits.onnx"),
        vector("digits/calibration.npz"),
    );
    let mut compile = vec!["compile", &onnx, "--calibration", &calibration];
    compile.extend(["--test", &bright, "-o", &output]);
    assert_contains(
        &ok(&compile),
        &[
            "2 of 360 samples have input values beyond the calibrated range: such a call reverts",
            "--saturate image,",
        ],
    );
    compile.extend(["--saturate", "image"]);
    assert_contains(&ok(&compile), &["2 of 360 samples", ": they saturate"]);
    assert_eq!(evaluate(&output, &bright)["reverting_samples"], 0);
}

#[test]
fn inspect_tells_the_same_to_people_and_machines() {
    let model = digits();
    let json = ok_json(&["inspect", &model, "--json"]);
    let payload = fs::read(&model).unwrap();
    assert_eq!(json["payload_bytes"], payload.len());
    let hash = alloy_primitives::keccak256(&payload).to_string();
    assert_eq!(json["content_hash"], hash);
    assert_eq!(json["inputs"][0]["name"], "image");
    assert_eq!(json["inputs"][0]["shape"], serde_json::json!([1, 1, 8, 8]));
    assert_eq!(json["inputs"][0]["saturates"], false);
    assert_eq!(json["inputs"][0]["quantisation"], "per_tensor");
    let range = &json["inputs"][0]["ranges"][0];
    let (min, max) = (
        range["min"].as_f64().unwrap(),
        range["max"].as_f64().unwrap(),
    );
    assert!((-0.1..=0.0).contains(&min) && (16.0..16.1).contains(&max));
    assert_eq!(json["outputs"][0]["name"], "logits");
    let operators = json["operators"].as_array().unwrap();
    assert!(operators.iter().any(|row| row["name"] == "CONV2D"));
    let text = ok(&["inspect", &model]);
    let reverts = "; beyond it the call reverts (InputRange); scale ";
    assert_contains(&text, &[reverts, "zero point"]);
    assert_contains(&text, &[&hash, "image: i8 1x1x8x8", "logits", "MAX_POOL2D"]);
    let rows = text.lines().filter(|line| {
        let first = line.split_whitespace().next();
        line.starts_with(' ') && first.is_some_and(|first| first.parse::<u16>().is_ok())
    });
    assert_eq!(rows.count(), operators.len());
}

#[test]
fn inspect_writes_a_tosa_file_that_compiles_to_the_same_graph() {
    let folder = tempfile::tempdir().unwrap();
    let [file, model] = ["digits.tosa", "digits.fxp"].map(|name| shown(&folder.path().join(name)));
    ok(&["inspect", &digits(), "--tosa", &file]);
    ok(&["compile", &file, "-o", &model]);
    let [before, after] = [&digits(), &model].map(|model| ok_json(&["inspect", model, "--json"]));
    assert!(before["operators"].as_array().unwrap().len() > 3);
    for same in ["operators", "arena_bytes"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    let name = |json: &serde_json::Value| json["inputs"][0]["name"].clone();
    assert_eq!(name(&before), name(&after));
}

#[test]
fn inspect_writes_a_solidity_library() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Digits.sol");
    ok(&["inspect", &digits(), "--solidity", &shown(&path)]);
    let source = fs::read_to_string(path).unwrap();
    assert_contains(
        &source,
        &[
            "library Digits {",
            "INPUT_LENGTH = 64;",
            "OUTPUT_LENGTH = 10;",
            "INPUT_IMAGE = 0;",
            "OUTPUT_LOGITS = 0;",
            "int256 internal constant INPUT_IMAGE_MIN = ",
            "int256 internal constant INPUT_IMAGE_MAX = ",
        ],
    );
    let hash = ok_json(&["inspect", &digits(), "--json"])["content_hash"].clone();
    assert_contains(&source, &[hash.as_str().unwrap()]);
    let bad = shown(&folder.path().join("7-digits.sol"));
    assert_contains(
        &error(&["inspect", &digits(), "--solidity", &bad]),
        &["`7-digits` is not a Solidity identifier"],
    );
    assert!(!Path::new(&bad).exists());
}

#[test]
fn npy_and_npz_inputs_and_outputs_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let model = digits();
    let npy = write_pictures(folder.path(), 3);
    let array = Array::read(&npy).unwrap();
    let npz = folder.path().join("pictures.npz");
    fs::write(
        &npz,
        npz_to_bytes(&[("image".to_owned(), array)].into()).unwrap(),
    )
    .unwrap();
    let (npy, npz) = (shown(&npy), shown(&npz));

    let json = ok_json(&["run", &model, "--input", &npy, "--json"]);
    assert_eq!(json, ok_json(&["run", &model, "--input", &npz, "--json"]));
    let rows = json["outputs"]["logits"].as_array().unwrap();
    assert_eq!((rows.len(), rows[0].as_array().unwrap().len()), (3, 10));

    let out_npy = folder.path().join("logits.npy");
    let out_npz = folder.path().join("logits.npz");
    for out in [&out_npy, &out_npz] {
        let printed = ok(&["run", &model, "--input", &npy, "--output", &shown(out)]);
        assert_eq!(printed, "");
    }
    let written = Array::read(&out_npy).unwrap();
    assert_eq!(written.shape, [3, 1, 10]);
    assert_eq!(read_npz(&out_npz).unwrap()["logits"], written);
    for (value, word) in written.to_f64().iter().zip(rows.iter().flat_map(row_words)) {
        let word = word.to_string().parse::<f64>().unwrap() / 1e18;
        assert!((value - word).abs() < 1e-9, "{value} {word}");
    }
    let text = ok(&["run", &model, "--input", &npy]);
    assert_eq!(text.lines().count(), 3);
    assert_contains(&text, &["2  logits: "]);
}

#[test]
fn raw_runs_take_and_give_the_tensors_integers() {
    let folder = tempfile::tempdir().unwrap();
    let model = digits();
    let input = folder.path().join("raw.npy");
    let array = Array {
        shape: vec![1, 1, 8, 8],
        data: Data::I8((-32..32).map(|at| at * 3).collect()),
    };
    array.write(&input).unwrap();
    let output = folder.path().join("out.npy");
    let json = ok_json(&[
        "run",
        &model,
        "--input",
        &shown(&input),
        "--raw",
        "--json",
        "--output",
        &shown(&output),
    ]);
    assert_eq!(json["raw"], true);
    let Data::I8(written) = Array::read(&output).unwrap().data else {
        panic!("raw logits are i8");
    };
    let printed = row_words(&json["outputs"]["logits"][0]);
    assert_eq!(
        printed,
        written
            .iter()
            .map(|element| I256::try_from(*element).unwrap())
            .collect::<Vec<_>>()
    );
    let fraction = folder.path().join("fraction.npy");
    let array = Array {
        shape: vec![1, 1, 8, 8],
        data: Data::F32(vec![0.5; 64]),
    };
    array.write(&fraction).unwrap();
    assert_contains(
        &error(&["run", &model, "--input", &shown(&fraction), "--raw"]),
        &["sample 0, `image`", "integers of type I8"],
    );
}

#[test]
fn bench_times_every_set_of_kernels() {
    let json = ok_json(&["bench", &digits(), "--seconds", "0.05", "--json"]);
    assert!(json["macs"].as_u64().unwrap() > 400_000);
    let kernels = json["kernels"].as_array().unwrap();
    assert_eq!(kernels.last().unwrap()["isa"], "portable");
    for row in kernels {
        assert!(row["median_us"].as_f64().unwrap() > 0.0, "{row}");
        assert!(
            row["inferences_per_second"].as_f64().unwrap() > 0.0,
            "{row}"
        );
    }
    let text = ok(&["bench", &digits(), "--seconds", "0.05", "--threads", "2"]);
    assert_contains(&text, &["2 thread(s)", "portable"]);
    assert_contains(
        &error(&["bench", &digits(), "--seconds", "0"]),
        &["--seconds is more than 0"],
    );
    let alone = ok(&["bench", &digits(), "--seconds", "0.05", "--isa", "portable"]);
    assert_eq!(alone.lines().count(), 2, "{alone}");
    assert_contains(
        &error(&["bench", &digits(), "--isa", "sse9"]),
        &["--isa sse9", "portable"],
    );
}

#[test]
fn bench_times_a_block_with_and_without_pre_execution() {
    let json = ok_json(&["bench", &digits(), "--block", "12", "--json"]);
    assert_eq!(json["transactions"], 12);
    assert!(json["gas_used"].as_u64().unwrap() > 12 * 50_000, "{json}");
    for which in ["executed", "pre_executed"] {
        for what in ["build_ms", "verify_ms"] {
            assert!(json[which][what].as_f64().unwrap() > 0.0, "{json}");
        }
    }
    let text = ok(&[
        "bench",
        &digits(),
        "--block",
        "3",
        "--pre-execution-threads",
        "2",
    ]);
    assert_contains(&text, &["3 transactions", "pre-executed", "2 thread(s)"]);
}

#[test]
fn the_environment_chooses_kernels() {
    let inspect = |isa: &str| {
        let mut command = fixpoint();
        command
            .args(["inspect", &digits()])
            .env("FIXPOINT_ISA", isa);
        command.output().unwrap()
    };
    assert!(inspect("portable").status.success());
    let refused = inspect("sse9");
    assert_eq!(refused.status.code(), Some(1));
    let errors = String::from_utf8(refused.stderr).unwrap();
    assert_contains(&errors, &["FIXPOINT_ISA is 'sse9'", "portable"]);
    assert_eq!(errors.lines().count(), 1);
}
