//! The binary, run as a user runs it, and files for it.

use alloy_primitives::I256;
use fixpoint_compiler::npy::{Array, Data};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

/// A `fixpoint` command that takes nothing from the environment.
pub(crate) fn fixpoint() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fixpoint"));
    command
        .env_remove("FIXPOINT_RPC")
        .env_remove("FIXPOINT_TOSA_TOOLS")
        .env_remove("FIXPOINT_PRIVATE_KEY");
    command
}

/// Runs `fixpoint` with these arguments.
pub(crate) fn run(arguments: &[&str]) -> Output {
    fixpoint().args(arguments).output().expect("the binary")
}

/// What `fixpoint` prints; it has to succeed.
pub(crate) fn ok(arguments: &[&str]) -> String {
    let output = run(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What `fixpoint` prints, as JSON.
pub(crate) fn ok_json(arguments: &[&str]) -> Value {
    serde_json::from_str(&ok(arguments)).expect("JSON")
}

/// The error of a run that has to fail with exit code 1, one line on stderr, nothing on stdout.
pub(crate) fn error(arguments: &[&str]) -> String {
    let output = run(arguments);
    let errors = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
    assert_eq!(output.stdout, b"", "{arguments:?}");
    assert_eq!(errors.lines().count(), 1, "{arguments:?}: {errors}");
    assert!(errors.starts_with("fixpoint: "), "{arguments:?}: {errors}");
    errors
}

/// Fails unless every part stands in the text.
#[track_caller]
pub(crate) fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in: {text}");
    }
}

/// A file of `test-vectors/models`.
pub(crate) fn vector(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../test-vectors/models")
        .join(name);
    assert!(path.is_file(), "{}", path.display());
    shown(&path)
}

/// A path as an argument.
pub(crate) fn shown(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

/// The digits model, compiled once for all tests of a process.
pub(crate) fn digits() -> String {
    static MODEL: OnceLock<String> = OnceLock::new();
    let compile = || {
        let path = shown(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("digits.fxp"));
        ok(&[
            "compile",
            &vector("digits/digits.onnx"),
            "--calibration",
            &vector("digits/calibration.npz"),
            "-o",
            &path,
        ]);
        path
    };
    MODEL.get_or_init(compile).clone()
}

/// Writes some pictures for the digits model.
pub(crate) fn write_pictures(folder: &Path, count: usize) -> PathBuf {
    let ink = (0..count * 64).map(|at| (at * 7 % 17) as f32).collect();
    let path = folder.join(format!("pictures-{count}.npy"));
    let array = Array {
        shape: vec![count, 1, 8, 8],
        data: Data::F32(ink),
    };
    array.write(&path).expect("the file");
    path
}

/// One sample's words.
pub(crate) fn row_words(row: &Value) -> Vec<I256> {
    let words = row.as_array().unwrap().iter();
    words
        .map(|word| word.as_str().unwrap().parse().unwrap())
        .collect()
}
