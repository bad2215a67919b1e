//! A model runs alike on every kernel set, and as its definition says.

use crate::choices::noise;
use fixpoint_runtime::{
    error::{ExecutionError, RunError},
    graph::{Arena, BlockSize, Plan},
    kernels::Isa,
    model::{Model, ValidModel, validate},
    tensor::{DType, TensorType},
};
use fixpoint_test_vectors::reference::{self, Tensor};

/// Units of work above which a model is planned but not run: fuzzers want many inputs.
const MAX_WORK: u64 = 20_000;
/// Bytes of tensors above which a model is not run.
const MAX_BYTES: u64 = 1 << 20;

/// Validates a model and, if it is valid and small, runs it on several inputs.
///
/// # Panics
/// If two kernel sets, or a kernel set and the definition, disagree.
pub fn check(model: &Model, seed: u64) {
    let Ok(valid) = validate(model.clone()) else {
        return;
    };
    let work = valid.work().to_array();
    let work = work.into_iter().fold(0, u64::saturating_add);
    let tensors = valid.value_types().iter().map(TensorType::size_bytes);
    if work > MAX_WORK || tensors.fold(0, u64::saturating_add) > MAX_BYTES {
        return;
    }
    let plans = plans(&valid);
    let types = input_types(model);
    let len = valid.input_bytes() as usize;
    let inputs = [
        vec![0; len],
        vec![0x7f; len],
        vec![0x80; len],
        noise(seed, len),
        small(seed, len),
    ];
    for mut input in inputs {
        if !seed.is_multiple_of(8) {
            make_bools(&types, &mut input);
        }
        let _ = check_input(&valid, &plans, &types, &input);
    }
}

/// Little-endian elements near 0, whatever their width.
fn small(seed: u64, len: usize) -> Vec<u8> {
    noise(seed ^ 1, len)
        .into_iter()
        .map(|byte| byte % 4)
        .collect()
}

fn make_bools(types: &[TensorType], input: &mut [u8]) {
    let mut rest = input;
    for of in types {
        let (tensor, tail) = rest.split_at_mut(of.size_bytes() as usize);
        if of.dtype == DType::Bool {
            tensor.iter_mut().for_each(|byte| *byte &= 1);
        }
        rest = tail;
    }
}

/// Runs a valid model once on every kernel set; gives its outputs, or what went wrong.
///
/// # Errors
/// As [`Plan::run`].
///
/// # Panics
/// As [`check`].
pub fn check_once(valid: &ValidModel, input: &[u8]) -> Result<Vec<u8>, RunError> {
    check_input(valid, &plans(valid), &input_types(valid.model()), input)
}

/// Blocks of one row.
const ONE_ROW: BlockSize = BlockSize {
    bytes: 1,
    least_rows: 1,
};

/// On every set of kernels, in blocks of the usual size and of one row.
fn plans(valid: &ValidModel) -> Vec<(Plan, &'static str)> {
    let sets = Isa::available().flat_map(|isa| {
        [
            (Plan::new(valid, isa), isa.name()),
            (Plan::in_blocks(valid, isa, ONE_ROW), isa.name()),
        ]
    });
    sets.collect()
}

fn input_types(model: &Model) -> Vec<TensorType> {
    let inputs = model.inputs.iter();
    inputs.map(|input| input.tensor.clone()).collect()
}

fn check_input(
    valid: &ValidModel,
    plans: &[(Plan, &str)],
    types: &[TensorType],
    input: &[u8],
) -> Result<Vec<u8>, RunError> {
    let want = expected(valid, types, input);
    for (plan, isa) in plans {
        let mut arena = Arena::new(plan);
        let mut output = vec![0; valid.output_bytes() as usize];
        // The second time in an arena that is not empty.
        for _ in 0..2 {
            let got = plan
                .run(&mut arena, input, &mut output)
                .map(|()| output.clone());
            assert_eq!(got, want, "{isa} on {:?}, input {input:?}", valid.model());
        }
    }
    want
}

/// What the definition says.
fn expected(valid: &ValidModel, types: &[TensorType], input: &[u8]) -> Result<Vec<u8>, RunError> {
    let mut tensors = Vec::new();
    let (mut rest, mut elements) = (input, 0);
    for of in types {
        let (bytes, tail) = rest.split_at(of.size_bytes() as usize);
        let Some(tensor) = Tensor::from_bytes(of, bytes) else {
            let at = first_bad(of.dtype, bytes);
            return Err(RunError::InputValue {
                index: elements + at as u64,
            });
        };
        tensors.push(tensor);
        rest = tail;
        elements += of.elements();
    }
    match reference::run(valid.model(), &tensors) {
        Ok(outputs) => Ok(outputs.iter().flat_map(Tensor::to_bytes).collect()),
        Err(operator) => Err(RunError::Execution(ExecutionError { operator })),
    }
}

/// The first element whose bytes are no value of the type: only bool and i48 have such.
fn first_bad(dtype: DType, bytes: &[u8]) -> usize {
    let single = TensorType::new(dtype, &[]).expect("rank 0");
    let mut elements = bytes.chunks(dtype.size_bytes());
    let is_bad = |element: &[u8]| Tensor::from_bytes(&single, element).is_none();
    elements.position(is_bad).expect("one of them is bad")
}
