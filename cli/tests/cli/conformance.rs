//! `fixpoint conformance` on four official tests (two positive, two negative) and on broken copies.
//!
//! The folders in `tests/conformance/` were written by the TOSA test generator and completed by the
//! TOSA reference model; nothing in them is edited.

use crate::support::{assert_contains, error, ok, ok_json, run, shown};
use std::{fs, path::Path};

const TESTS: [&str; 4] = [
    "add_0_i32",
    "argmax_ERRORIF_AxisLargerRank_32_i8_outi32_axis5",
    "clamp_28_i8",
    "clamp_ERRORIF_MaxSmallerMin_32x8_i8",
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

#[test]
fn official_tests_pass() {
    let text = ok(&["conformance", &official(), "-v"]);
    assert_contains(&text, &TESTS);
    assert_contains(&text, &["MaxSmallerMin: ", "AxisLargerRank: "]);
    assert!(text.ends_with("4 passed, 0 failed, 0 skipped\n"), "{text}");

    let json = ok_json(&["conformance", &official(), "--json"]);
    assert_eq!(json["passed"], 4);
    assert_eq!(json["operators"]["CLAMP"]["passed"], 2);
}

#[test]
fn a_wrong_answer_fails_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    copy("clamp_28_i8", folder.path());
    let result = folder.path().join("ref-result-0.npy");
    let mut bytes = fs::read(&result).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&result, bytes).unwrap();
    let output = run(&["conformance", &shown(folder.path())]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
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
    let description = folder.path().join("desc.json");
    let text = fs::read_to_string(&description).unwrap();
    fs::write(
        &description,
        text.replace("MaxSmallerMin", "AxisLargerRank"),
    )
    .unwrap();
    let output = run(&["conformance", &shown(folder.path())]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_contains(
        &text,
        &["FAIL", "AxisLargerRank, but rejected for", "bounds"],
    );
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
    for test in TESTS {
        copy(test, &folder.path().join(test));
    }
    fs::remove_file(folder.path().join("clamp_28_i8/test.tosa")).unwrap();
    let output = run(&["conformance", &shown(folder.path())]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_contains(&text, &["is not a complete test", "3 passed, 1 failed"]);
}
