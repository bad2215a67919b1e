//! Committed models, compiled, and runs of them.

use fixpoint_compiler::{
    CompileOptions, Compiled, Samples, compile_onnx,
    npy::{Array, read_npz},
    ports,
};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{ValidModel, validate},
};
use std::{collections::BTreeMap, path::PathBuf};

/// A file below `test-vectors/models`.
pub(crate) fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../test-vectors/models")
        .join(file)
}

/// Compiles a model of the table, with calibration samples or without.
pub(crate) fn compile(name: &str, outputs: &[&str], calibrated: bool) -> Compiled {
    let calibration = path("breast-cancer/calibration.npz");
    let options = CompileOptions {
        outputs: outputs.iter().map(|&name| name.to_owned()).collect(),
        calibration: if calibrated {
            Samples::read(&calibration).expect("samples")
        } else {
            Samples::default()
        },
        test: Some(Samples::read(&path("breast-cancer/test.npz")).expect("samples")),
        labels: Some(Array::read(&path("breast-cancer/test_labels.npy")).expect("labels")),
        ..CompileOptions::default()
    };
    let onnx = std::fs::read(path(&format!("breast-cancer/{name}.onnx"))).expect("a model");
    let compiled = compile_onnx(&onnx, &options, &mut |_| {}).expect("compiles");
    println!("{name}\n{}{:?}", compiled.report, compiled.report.work);
    compiled
}

/// All 569 rows, those of calibration first, and what a framework answers.
pub(crate) fn table() -> (Vec<Vec<f64>>, BTreeMap<String, Vec<f64>>) {
    let read = |file: &str| read_npz(&path(&format!("breast-cancer/{file}.npz"))).expect("arrays");
    let mut rows = Vec::new();
    for file in ["calibration", "test"] {
        let features = read(file)["features"].to_f64();
        rows.extend(features.chunks(30).map(<[f64]>::to_vec));
    }
    let answers = read("answers");
    let answers = answers
        .iter()
        .map(|(name, array)| (name.clone(), array.to_f64()));
    (rows, answers.collect())
}

/// A model that is ready to run.
pub(crate) struct Runner {
    model: ValidModel,
    plan: Plan,
    arena: Arena,
}

impl Runner {
    pub(crate) fn new(compiled: &Compiled) -> Self {
        let model = validate(compiled.model.clone()).expect("valid");
        let plan = Plan::new(&model, Isa::detect());
        let arena = Arena::new(&plan);
        Self { model, plan, arena }
    }

    /// The outputs, as real numbers, for one input's real numbers.
    pub(crate) fn run(&mut self, row: &[f64]) -> Vec<Vec<f64>> {
        let packed = ports::pack(&self.model.model().inputs[0], row);
        let mut bytes = vec![0; usize::try_from(self.model.output_bytes()).expect("few")];
        self.plan
            .run(&mut self.arena, &packed.bytes, &mut bytes)
            .expect("runs");
        let mut rest = bytes.as_slice();
        let outputs = self.model.model().outputs.iter();
        outputs
            .zip(self.model.output_types())
            .map(|(output, tensor)| {
                let size = usize::try_from(tensor.size_bytes()).expect("few");
                let (bytes, others) = rest.split_at(size);
                rest = others;
                ports::unpack(&output.quantisation, tensor, bytes)
            })
            .collect()
    }
}
