//! Records of earlier compilations give the bytes that they gave, on this machine as on any.

use fixpoint_compiler::{CompileOptions, Record, compile_onnx};
use sha2::{Digest as _, Sha256};
use std::{fs, path::PathBuf};

fn models() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../test-vectors/models")
}

#[test]
fn records_give_their_bytes_on_every_machine() {
    let folder = models().join("rebuilt");
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).expect("sums");
    for line in sums.lines() {
        let (want, file) = line.split_once("  ").expect("a sum and a name");
        let compiled = file.strip_suffix(".fxp").expect("a model's name");
        let (name, _precision) = compiled.rsplit_once('-').expect("its precision");
        let text = fs::read_to_string(folder.join(format!("{compiled}.calib.json")));
        let options = CompileOptions {
            recorded: Some(Record::from_json(&text.expect("a record")).expect("valid")),
            ..CompileOptions::default()
        };
        let onnx = fs::read(models().join(name).join(format!("{name}.onnx"))).expect("a model");
        let mut runs = 0;
        let made = compile_onnx(&onnx, &options, &mut |_| runs += 1).expect("compiles");
        assert_eq!(runs, 0, "{compiled}: no sample is run");
        let got: String = Sha256::digest(&made.payload)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(got, want, "{compiled}");
    }
    let count = sums.lines().count();
    assert_eq!(count, 4);
    println!("vectors: {count} models made again");
}
