//! Three real int8 models must give the bits that TOSA's reference model gave.
//!
//! The models stand beside the checkout, not in it; without them the tests say so and pass.

use fixpoint_compiler::{
    npy::{Array, Data},
    tosa,
};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{encode, parse},
};
use std::path::PathBuf;

const SAMPLES: usize = 3;

fn directory(model: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/models/mlperf-tiny")
        .join(model);
    if path.is_dir() {
        return Some(path);
    }
    println!(
        "SKIPPED: {} is not there, so {model} was not run",
        path.display()
    );
    None
}

fn bytes_i8(array: &Array) -> Vec<u8> {
    let Data::I8(elements) = &array.data else {
        panic!("not an int8 array")
    };
    elements
        .iter()
        .map(|element| element.cast_unsigned())
        .collect()
}

fn runs_bit_exact(name: &str) {
    let Some(directory) = directory(name) else {
        return;
    };
    let file = std::fs::read(directory.join("model.tosa")).expect("model.tosa is readable");
    let valid = tosa::import(&file, None).expect("imports");
    let payload = encode(valid.model());
    let parsed = parse(&payload).expect("parses");
    assert_eq!(&parsed, valid.model(), "bytes round trip");
    for isa in [Isa::portable(), Isa::detect()] {
        let plan = Plan::new(&valid, isa);
        let mut arena = Arena::new(&plan);
        for sample in 0..SAMPLES {
            let array = |stem: &str| {
                Array::read(&directory.join(format!("{stem}{sample}.npy"))).expect("an array")
            };
            let want = bytes_i8(&array("out"));
            let mut got = vec![0; want.len()];
            plan.run(&mut arena, &bytes_i8(&array("in")), &mut got)
                .expect("runs");
            assert_eq!(got, want, "{name}, sample {sample}");
        }
    }
}

#[test]
fn keyword_spotting_runs_bit_exact() {
    runs_bit_exact("kws");
}

#[test]
fn resnet8_runs_bit_exact() {
    runs_bit_exact("resnet8");
}

#[test]
fn autoencoder_runs_bit_exact() {
    runs_bit_exact("autoencoder");
}
