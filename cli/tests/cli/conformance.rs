//! `fixpoint conformance` on eight official tests (four positive, four negative) and on broken copies.
//!
//! The folders in `tests/conformance/` were written by the TOSA test generator and completed by the
//! TOSA reference model; nothing in them is edited.

use crate::support::{assert_contains, error, ok, ok_json, run, shown};
use std::{fs, path::Path};

/// In the order in which they are told of, with what is told of each.
const TESTS: [(&str, &str); 8] = [
    ("add_0_i32", ""),
    (
        "add_ERRORIF_DimensionMismatch_15_i32",
        ": DimensionMismatch: ADD (output 'result-0'): the output is declared with shape ",
    ),
    (
        "add_ERRORIF_WrongInputList_15_i32",
        ": WrongInputList: ADD (output 'result-0'): it reads ",
    ),
    (
        "argmax_ERRORIF_AxisLargerRank_32_i8_outi32_axis5",
        ": AxisLargerRank: ",
    ),
    ("clamp_28_i8", ""),
    ("clamp_ERRORIF_MaxSmallerMin_32x8_i8", ": MaxSmallerMin: "),
    ("const_0_i48", ""),
    ("identity_0_i48", ""),
];

fn official() -> String {
    shown(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance"))
}

fn copy(test: &str, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(Path::new(&official()).join(test)).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// The text that a failing run prints.
fn failing(folder: &Path) -> String {
    let output = run(&["conformance", &shown(folder)]);
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stdout).unwrap()
}

/// Replaces a part of a test's description, which has to be there.
fn edit(folder: &Path, from: &str, to: &str) {
    let description = folder.join("desc.json");
    let text = fs::read_to_string(&description).unwrap();
    assert_contains(&text, &[from]);
    fs::write(&description, text.replace(from, to)).unwrap();
}

#[test]
fn official_tests_pass() {
    let text = ok(&["conformance", &official(), "-v"]);
    let lines: Vec<&str> = text.lines().collect();
    for ((test, why), line) in TESTS.iter().zip(&lines) {
        let start = format!("pass  {}/{test}{why}", official());
        assert!(line.starts_with(&start), "{line}");
    }
    let row = |line: &&&str| line.starts_with("CLAMP ");
    let row = lines.iter().find(row).expect("a row of the table");
    let cells: Vec<&str> = row.split_whitespace().collect();
    assert_eq!(cells, ["CLAMP", "1", "0", "0", "1", "0", "0"]);
    assert!(text.ends_with("8 passed, 0 failed, 0 skipped\n"), "{text}");

    let json = ok_json(&["conformance", &official(), "--json"]);
    let add = serde_json::json!({
        "positive": {"passed": 1, "failed": 0, "skipped": 0},
        "negative": {"passed": 2, "failed": 0, "skipped": 0},
        "passed": 3, "failed": 0, "skipped": 0,
    });
    assert_eq!(json["operators"]["ADD"], add);
    assert_eq!(json["operators"].as_object().unwrap().len(), 5);
    assert_eq!((&json["passed"], &json["failed"]), (&8.into(), &0.into()));
    assert_eq!(json["skips"], serde_json::json!({}));
    assert_eq!(json["failures"], serde_json::json!([]));
}

#[test]
fn a_wrong_answer_fails_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    copy("clamp_28_i8", folder.path());
    let result = folder.path().join("ref-result-0.npy");
    let mut bytes = fs::read(&result).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&result, bytes).unwrap();
    let text = failing(folder.path());
    assert_contains(
        &text,
        &[
            "FAIL",
            "`result-0` differs at element 27",
            "0 passed, 1 failed",
        ],
    );
}

#[test]
fn a_rejection_for_another_reason_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    copy("clamp_ERRORIF_MaxSmallerMin_32x8_i8", folder.path());
    edit(folder.path(), "MaxSmallerMin", "AxisLargerRank");
    assert_contains(
        &failing(folder.path()),
        &["FAIL", "AxisLargerRank, but rejected for", "bounds"],
    );
}

#[test]
fn a_rejection_of_another_operator_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    copy("add_ERRORIF_WrongInputList_15_i32", folder.path());
    edit(
        folder.path(),
        "\"operator\": \"ADD\"",
        "\"operator\": \"SUB\"",
    );
    assert_contains(
        &failing(folder.path()),
        &["FAIL", "WrongInputList, but rejected for: ADD"],
    );
}

#[test]
fn a_right_model_is_no_negative_test() {
    let folder = tempfile::tempdir().unwrap();
    copy("add_0_i32", folder.path());
    edit(
        folder.path(),
        "\"expected_failure\": false",
        "\"expected_failure\": true",
    );
    assert_contains(&failing(folder.path()), &["does not say for what"]);
    edit(
        folder.path(),
        "\"operator\": \"ADD\",",
        "\"operator\": \"ADD\", \"ERRORIF\": \"WrongRank\",",
    );
    assert_contains(&failing(folder.path()), &["accepted, although WrongRank"]);
}

#[test]
fn a_test_without_answers_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    copy("clamp_28_i8", folder.path());
    fs::remove_file(folder.path().join("ref-result-0.npy")).unwrap();
    let text = failing(folder.path());
    assert_contains(&text, &["incomplete: run tosa_reference_model"]);
    let json = run(&["conformance", &shown(folder.path()), "--json"]);
    assert_eq!(json.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["operators"]["CLAMP"]["positive"]["failed"], 1);
    assert_eq!(json["failures"].as_array().unwrap().len(), 1);

    edit(folder.path(), "\"result-0\"\n", "");
    assert_contains(&failing(folder.path()), &["it names 0 outputs"]);
}

/// The element type stands in the file where both tensors are declared.
#[test]
fn a_type_of_another_profile_is_skipped_by_name() {
    let folder = tempfile::tempdir().unwrap();
    copy("identity_0_i48", folder.path());
    let path = folder.path().join("test.tosa");
    let mut bytes = fs::read(&path).unwrap();
    let (int48, fp32) = (6_u32.to_le_bytes(), 7_u32.to_le_bytes());
    let places: Vec<usize> = (0..bytes.len() - 4)
        .filter(|&at| bytes[at..at + 4] == int48)
        .collect();
    let text = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let output = run(&["conformance", &shown(folder.path())]);
        String::from_utf8(output.stdout).unwrap()
    };
    let skipped = places.into_iter().any(|at| {
        let original = bytes.clone();
        bytes[at..at + 4].copy_from_slice(&fp32);
        let text = text(&bytes);
        bytes = original;
        text.contains("skipped 1: fp32: PRO-FP") && text.contains("0 passed, 0 failed, 1 skipped")
    });
    assert!(skipped);
}

#[test]
fn a_folder_without_tests_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert_contains(
        &error(&["conformance", &shown(folder.path())]),
        &["no test below"],
    );
}

#[test]
fn half_a_test_fails_and_the_others_still_run() {
    let folder = tempfile::tempdir().unwrap();
    for (test, _) in TESTS {
        copy(test, &folder.path().join(test));
    }
    fs::remove_file(folder.path().join("clamp_28_i8/test.tosa")).unwrap();
    let text = failing(folder.path());
    assert_contains(&text, &["reading test.tosa", "7 passed, 1 failed"]);
}
