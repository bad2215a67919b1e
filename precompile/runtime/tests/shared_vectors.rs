//! The shared vectors of single operators and of payloads that are refused.

use fixpoint_runtime::{
    error::{ExecutionError, RunError},
    graph::{Arena, Plan},
    kernels::Isa,
    model::{encode, parse, validate},
    tensor::TensorType,
};
use fixpoint_vector_schema::{HostileVector, OperatorVector, bytes, json, names};

#[test]
fn every_hostile_payload_is_refused_with_its_code() {
    let vectors: Vec<HostileVector> = json("hostile/models.json");
    assert!(vectors.len() >= 25);
    println!("vectors: {} refused payloads", vectors.len());
    let mut wrong = Vec::new();
    for vector in &vectors {
        let payload = bytes(&vector.input);
        let got = match parse(&payload) {
            Err(error) => Some((error.code(), u16::MAX)),
            Ok(model) => match validate(model) {
                Err(error) => Some((error.code(), error.operator().unwrap_or(u16::MAX))),
                Ok(_) => None,
            },
        };
        if got != Some((vector.expected_code, vector.operator)) {
            wrong.push(format!(
                "{}: {got:?} instead of {}",
                vector.name, vector.expected_code
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_operator_gives_its_output_on_every_kernel_set() {
    let sets: Vec<_> = Isa::available().map(Isa::name).collect();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for file in names("ops") {
        let vectors: Vec<OperatorVector> = json(&file);
        assert!(vectors.len() >= 3, "{file}");
        checked += vectors.len();
        for vector in &vectors {
            let payload = bytes(&vector.model);
            let model = parse(&payload).expect("a model");
            assert_eq!(encode(&model), payload);
            let valid =
                validate(model).unwrap_or_else(|error| panic!("{file} {}: {error}", vector.name));
            let graph = valid.model();
            let ports = graph.inputs.iter().zip(&vector.inputs);
            let input: Vec<u8> = ports
                .flat_map(|(port, data)| raw(&port.tensor, data))
                .collect();
            let of = valid.output_types().next().expect("an output").clone();
            let failure = RunError::Execution(ExecutionError { operator: 0 });
            let want = vector
                .output
                .as_ref()
                .map(|data| raw(&of, data))
                .ok_or(failure);
            for isa in Isa::available() {
                let plan = Plan::new(&valid, isa);
                let mut output = vec![0; valid.output_bytes() as usize];
                let got = plan
                    .run(&mut Arena::new(&plan), &input, &mut output)
                    .map(|()| output);
                if got != want {
                    wrong.push(format!(
                        "{file} {} ({}): {got:?} instead of {want:?}",
                        vector.name,
                        isa.name()
                    ));
                }
            }
        }
    }
    println!("vectors: {checked} of operators");
    println!("kernels: {}", sets.join(", "));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Elements as the runtime takes and gives them.
fn raw(of: &TensorType, elements: &[i64]) -> Vec<u8> {
    let size_bytes = of.dtype.size_bytes();
    elements
        .iter()
        .flat_map(|element| element.to_le_bytes()[..size_bytes].to_vec())
        .collect()
}
