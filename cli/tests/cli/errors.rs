//! How commands fail: one line that says what to do, conventional exit codes; and their help.

use crate::support::{
    assert_contains, digits, error, fixpoint, ok, run, shown, vector, write_pictures,
};
use fixpoint_compiler::npy::{Array, Data, npz_to_bytes};
use std::{fs, path::Path};

/// Where a model stands for `precompile`.
const MODEL: &str = "0x00000000000000000000000000000000000000AA";

#[test]
fn broken_models_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let payload = fs::read(digits()).unwrap();
    let broken = folder.path().join("broken.fxp");
    let picture = shown(&write_pictures(folder.path(), 1));
    let cut = payload[..payload.len() / 2].to_vec();
    let mut longer = payload.clone();
    longer.push(0);
    for bytes in [
        vec![],
        vec![0xff; 300],
        b"not a model".to_vec(),
        cut,
        longer,
    ] {
        fs::write(&broken, bytes).unwrap();
        let broken = shown(&broken);
        for arguments in [
            vec!["inspect", &broken],
            vec!["run", &broken, "--input", &picture],
            vec!["bench", &broken],
            vec![
                "precompile",
                "--input",
                "0x",
                "--model",
                &format!("{MODEL}={broken}"),
            ],
        ] {
            assert_contains(
                &error(&arguments),
                &["broken.fxp is ", "`fixpoint compile`"],
            );
        }
    }
    let missing = shown(&folder.path().join("missing.fxp"));
    assert_contains(
        &error(&["run", &missing, "--input", &picture]),
        &["can't read", "missing.fxp"],
    );
}

#[test]
fn inputs_that_do_not_fit_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, array: &Array| {
        let path = folder.path().join(name);
        array.write(&path).unwrap();
        shown(&path)
    };
    let floats = |shape: &[usize], value: f32| Array {
        shape: shape.to_vec(),
        data: Data::F32(vec![value; shape.iter().product()]),
    };
    let model = digits();
    let cases = [
        (
            write("nan.npy", &floats(&[1, 1, 8, 8], f32::NAN)),
            "sample 0, `image`",
        ),
        (
            write("inf.npy", &floats(&[1, 1, 8, 8], f32::INFINITY)),
            "sample 0, `image`",
        ),
        (
            write("huge.npy", &floats(&[2, 1, 8, 8], 1000.0)),
            "InputRange(0): element 0 of `image` is outside the range that the model was calibrated for (`fixpoint inspect` shows it); recompile with --saturate image",
        ),
        (
            write("shape.npy", &floats(&[4, 8, 9], 1.0)),
            "has shape 1x1x8x8",
        ),
        (vector("volatility/test.npz"), "has shape 1x1x8x8"),
    ];
    for (input, part) in &cases {
        assert_contains(&error(&["run", &model, "--input", input]), &[part]);
    }
    let arrays = ["x", "y"].map(|name| (name.to_owned(), floats(&[1, 1, 8, 8], 1.0)));
    let unnamed = folder.path().join("unnamed.npz");
    fs::write(&unnamed, npz_to_bytes(&arrays.into()).unwrap()).unwrap();
    assert_contains(
        &error(&["run", &model, "--input", &shown(&unnamed)]),
        &["no array named `image`"],
    );
    assert_contains(
        &error(&["run", &model, "--input", &model]),
        &["can't read", "not an .npy file"],
    );
    let labels = vector("volatility/test_targets.npy");
    let test = vector("digits/test.npz");
    assert_contains(
        &error(&["eval", &model, "--inputs", &test, "--labels", &labels]),
        &["labels are integers"],
    );
}

#[test]
fn compile_says_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let output = shown(&folder.path().join("m.fxp"));
    let onnx = vector("digits/digits.onnx");
    assert_contains(
        &error(&["compile", &onnx, "-o", &output]),
        &["--calibration"],
    );
    assert_contains(
        &error(&["compile", &digits(), "-o", &output]),
        &["neither .onnx nor .tflite nor .tosa"],
    );
    let garbage = folder.path().join("m.onnx");
    fs::write(&garbage, [0xff; 64]).unwrap();
    error(&["compile", &shown(&garbage), "-o", &output]);
    let other = vector("volatility/calibration.npz");
    error(&["compile", &onnx, "--calibration", &other, "-o", &output]);
    assert!(!Path::new(&output).exists());
}

#[test]
fn usage_errors_exit_with_2() {
    let model = digits();
    for arguments in [
        vec![],
        vec!["nonsense"],
        vec!["run", &model],
        vec!["run", &model, "--input", "x.npy", "--output", "y.txt"],
        vec!["compile", "m.onnx"],
        vec!["compile", "m.onnx", "-o", "m.fxp", "--shape", "x=0"],
        vec!["compile", "m.onnx", "-o", "m.fxp", "--precision", "int7"],
        vec!["compile", "m.onnx", "-o", "m.fxp", "--labels", "y.npy"],
        vec![
            "compile",
            "m.onnx",
            "-o",
            "m.fxp",
            "--calib",
            "c",
            "--calibration",
            "x.npz",
        ],
        vec![
            "compile",
            "m.onnx",
            "-o",
            "m.fxp",
            "--calib",
            "c",
            "--precision",
            "int8",
        ],
        vec!["verify", &model, "m.onnx"],
        vec!["eval", &model, "--inputs", "x.npy"],
        vec!["bench", &model, "--threads", "0"],
        vec!["bench", &model, "--block", "0"],
        vec!["bench", &model, "--block", "2", "--isa", "portable"],
        vec!["bench", &model, "--pre-execution-threads", "1"],
        vec!["devnet", "--pre-execution-threads", "1025"],
        vec![
            "call",
            "0x12",
            "--input",
            "x.npy",
            "--rpc",
            "http://localhost",
        ],
        vec!["deploy", &model, "--rpc", "http://localhost"],
        vec![
            "deploy",
            &model,
            "--rpc",
            "u",
            "--private-key",
            "k",
            "--price",
            "1",
        ],
        vec!["precompile", "--input", "0x", "--model", "nonsense"],
        vec!["devnet", "--port", "65536"],
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_token_id_is_no_address() {
    let hash = format!("0x{}", "ab".repeat(32));
    for id in [hash.as_str(), &"7".repeat(77)] {
        let output = run(&["call", id, "--input", "x.npy", "--rpc", "http://localhost"]);
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8(output.stderr).unwrap();
        assert_contains(&told, &["model id (token)", "root contract"]);
    }
}

#[test]
fn a_devnet_says_why_it_cannot_fork() {
    let said = error(&["devnet", "--fork-url", "http://127.0.0.1:1"]);
    assert_contains(&said, &["cannot fork another chain"]);
    let said = error(&[
        "devnet",
        "--mnemonic",
        "no words of any list",
        "--port",
        "0",
    ]);
    assert_contains(&said, &["the accounts"]);
}

#[test]
fn every_help_has_examples() {
    let text = ok(&["--help"]);
    assert_contains(&text, &["Examples:", "fixpoint deploy"]);
    let commands = [
        "compile",
        "inspect",
        "run",
        "eval",
        "bench",
        "deploy",
        "call",
        "verify",
        "devnet",
        "genesis",
        "precompile",
        "conformance",
    ];
    for command in commands {
        assert_contains(&text, &[&format!("\n  {command} ")]);
        let help = ok(&[command, "--help"]);
        assert_contains(&help, &["Examples:", &format!("\n  fixpoint {command}")]);
    }
    assert_contains(&ok(&["--version"]), &["fixpoint "]);
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let mut child = fixpoint()
        .args([
            "run",
            &digits(),
            "--input",
            &vector("digits/test.npz"),
            "--json",
        ])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(141));
}
