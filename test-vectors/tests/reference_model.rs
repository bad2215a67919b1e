//! The naive operators answer as the official reference model does, in the runtime's own vectors.

use fixpoint_runtime::model;
use fixpoint_test_vectors::reference::{self, Tensor};
use std::{fs, path::Path};

/// What the naive operators make of a model and its input, as bytes; `None` if one fails.
fn answer(model: &[u8], mut input: &[u8]) -> Option<Vec<u8>> {
    let model = model::parse(model).expect("a model");
    let mut tensors = Vec::new();
    for port in model.inputs.iter() {
        let (tensor, rest) = input.split_at(port.tensor.size_bytes() as usize);
        tensors.push(Tensor::from_bytes(&port.tensor, tensor).expect("elements of the type"));
        input = rest;
    }
    let outputs = reference::run(&model, &tensors).ok()?;
    Some(outputs.iter().flat_map(Tensor::to_bytes).collect())
}

#[test]
fn answers_are_those_of_the_reference_model() {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = crate_root.join("../precompile/runtime/tests/vectors");
    let bytes = |field: &str| hex::decode(field).expect("hexadecimal");
    let mut checked = 0;
    for entry in fs::read_dir(folder).expect("the runtime's vectors") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("text");
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<_> = line.split(' ').collect();
            let [name, model, input, output] = fields[..] else {
                panic!("four fields: {line:.80}");
            };
            let expected = (output != "fails").then(|| bytes(output));
            assert_eq!(answer(&bytes(model), &bytes(input)), expected, "{name}");
            checked += 1;
        }
    }
    assert!(checked > 0, "no vectors");
}
