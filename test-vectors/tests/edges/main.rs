//! Each operator at each edge of its requirements: models of one operator, run on every kernel set,
//! against the reference evaluator. Where that refuses, the runtime refuses; where it answers, the
//! runtime answers the same.

mod pairs;
mod rows;
mod scale;
mod sums;

use fixpoint_runtime::{
    error::RunError,
    graph::{Arena, Plan},
    kernels::Isa,
    model::{self, ValidModel, format::Quantisation},
    ops::Operator,
    tensor::{DType, TensorType},
};
use fixpoint_test_vectors::{
    builder::{ModelBuilder, tensor},
    reference::{self, Tensor},
};

/// How often one test saw each outcome: a test that sees only one of the two drives nothing.
#[derive(Default)]
struct Seen {
    answers: usize,
    refusals: usize,
}

impl Seen {
    /// Fails unless both outcomes were seen.
    fn both(&self, what: &str) {
        assert!(
            self.answers > 0 && self.refusals > 0,
            "{what}: {} and {}",
            self.answers,
            self.refusals
        );
    }

    /// Fails unless the operator always answered.
    fn only_answers(&self, what: &str) {
        assert!(
            self.answers > 0 && self.refusals == 0,
            "{what}: {} and {}",
            self.answers,
            self.refusals
        );
    }
}

/// One operator on inputs of these types.
fn model(inputs: &[TensorType], operator: Operator) -> ValidModel {
    let mut builder = ModelBuilder::new();
    for (at, tensor) in inputs.iter().enumerate() {
        builder.input(&format!("x{at}"), tensor.clone(), Quantisation::None);
    }
    let y = builder.push(operator);
    builder.output("y", y, Quantisation::None);
    model::validate(builder.build()).expect("a valid model")
}

/// Runs the model's only operator on these elements, and compares with the reference.
fn check(valid: &ValidModel, inputs: &[Vec<i128>], seen: &mut Seen) {
    let ports = valid.model().inputs.iter();
    let tensors = ports.zip(inputs).map(|(port, elements)| Tensor {
        dtype: port.tensor.dtype,
        shape: port
            .tensor
            .shape
            .iter()
            .map(|size| *size as usize)
            .collect(),
        data: elements.clone(),
    });
    let tensors: Vec<Tensor> = tensors.collect();
    let expected = reference::run(valid.model(), &tensors).ok();
    let expected = expected.map(|outputs| outputs[0].to_bytes());
    let input: Vec<u8> = tensors.iter().flat_map(Tensor::to_bytes).collect();
    for isa in Isa::available() {
        let plan = Plan::new(valid, isa);
        let mut output = vec![0xAA; valid.output_bytes() as usize];
        let got = match plan.run(&mut Arena::new(&plan), &input, &mut output) {
            Ok(()) => Some(output),
            Err(RunError::Execution(error)) => {
                assert_eq!(error.operator, 0);
                None
            }
            Err(error) => panic!("{error}"),
        };
        let operator = valid.model().operators[0].name();
        assert_eq!(got, expected, "{operator} of {inputs:?} on {}", isa.name());
    }
    match expected {
        Some(_) => seen.answers += 1,
        None => seen.refusals += 1,
    }
}

/// The values at which something may change.
fn edges(dtype: DType) -> Vec<i128> {
    let (low, high) = dtype.range();
    let (low, high) = (i128::from(low), i128::from(high));
    let mut edges = vec![
        low,
        low + 1,
        low / 2,
        -128,
        -2,
        -1,
        0,
        1,
        2,
        7,
        8,
        15,
        16,
        31,
        32,
    ];
    edges.extend([46341, 65536, high / 2 + 1, high - 1, high]);
    edges.retain(|edge| (low..=high).contains(edge));
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// A single element.
fn one(dtype: DType) -> TensorType {
    tensor(dtype, &[1])
}
