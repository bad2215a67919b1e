//! `inference`, `inferenceBatch` and `inferenceRaw`: check, price, load, run.
//!
//! Whatever a cache holds, they touch the root's account and its record slots and nothing else.

use crate::{
    abi::{IInference, Words, encode_words},
    answers::{self, AnswerKey, Origin},
    context::{Context, Environment},
    error::Failure,
    gas::{Encoding, run_count},
    load::LoadedModel,
    ports,
    record::Record,
    served::{self, Located},
};
use alloc::{vec, vec::Vec};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolValue as _;
use fixpoint_runtime::{error::RunError, graph::Arena};

/// `inference(address,int256[])`
pub(crate) fn words(
    context: &mut Context<'_>,
    model: Address,
    words: Words<'_>,
) -> Result<Vec<u8>, Failure> {
    batch(context, model, U256::from(1), words)
}

/// `inferenceBatch(address,uint256,int256[])`
pub(crate) fn batch(
    context: &mut Context<'_>,
    model: Address,
    n: U256,
    words: Words<'_>,
) -> Result<Vec<u8>, Failure> {
    let (located, record) = open(context, model)?;
    check_length(
        words.len(),
        n.saturating_mul(U256::from(record.input_elements)),
    )?;
    let gas = context
        .environment
        .gas
        .runs(&record, run_count(n), Encoding::Words);
    let model = served::charge_and_load(context, &located, &record, gas)?;
    let input =
        ports::pack(&model.inputs, words.iter()).map_err(|index| IInference::InputRange {
            index: U256::from(index),
        })?;
    let output = run(context.environment, located.model_hash, &model, &input)?;
    Ok(encode_words(&ports::unpack(&model.outputs, &output)))
}

/// `inferenceRaw(address,bytes)`
pub(crate) fn raw(
    context: &mut Context<'_>,
    model: Address,
    input: &[u8],
) -> Result<Vec<u8>, Failure> {
    let (located, record) = open(context, model)?;
    check_length(input.len(), U256::from(record.input_bytes))?;
    let gas = context.environment.gas.runs(&record, 1, Encoding::Raw);
    let model = served::charge_and_load(context, &located, &record, gas)?;
    let output = run(context.environment, located.model_hash, &model, input)?;
    Ok((Bytes::from(output),).abi_encode_params())
}

/// Root, gate and record of a model that this caller is served.
fn open(context: &mut Context<'_>, model: Address) -> Result<(Located, Record), Failure> {
    let located = served::locate(context, model)?;
    let gate = located.root.gate;
    if gate != Address::ZERO && gate != context.caller {
        return Err(IInference::Gated { model, gate }.into());
    }
    let record = served::record(context, &located)?;
    Ok((located, record))
}

fn check_length(got: usize, want: U256) -> Result<(), Failure> {
    let got = U256::from(got);
    if got == want {
        Ok(())
    } else {
        Err(IInference::InputLength { got, want }.into())
    }
}

/// The model's outputs for as many packed inputs as `input` holds, one after another: those that the
/// node remembers, the others from a run.
fn run(
    environment: &Environment<'_>,
    model_hash: B256,
    model: &LoadedModel,
    input: &[u8],
) -> Result<Vec<u8>, Failure> {
    let record = &model.record;
    let input_bytes = to_usize(record.input_bytes).max(1);
    let output_bytes = to_usize(record.output_bytes).max(1);
    let runs = input.len() / input_bytes;
    let mut output = vec![0; runs.saturating_mul(output_bytes)];
    let gas = environment.gas.runs(record, 1, Encoding::Raw);
    let bytes = u64::from(record.input_bytes).saturating_add(record.output_bytes.into());
    let remembered = environment
        .answers
        .filter(|answers| answers.wants(gas, bytes));
    let mut arena = None;
    let pairs = input
        .chunks_exact(input_bytes)
        .zip(output.chunks_exact_mut(output_bytes));
    for (input, output) in pairs {
        let mut run = |output: &mut [u8]| {
            let arena = arena.get_or_insert_with(|| Arena::new(&model.plan));
            model.plan.run(arena, input, output).map_err(run_failure)
        };
        let origin = match remembered {
            Some(answers) => {
                let key = AnswerKey::new(model_hash, input);
                answers::recall_or_run(answers, key, output, run)?
            }
            None => run(output).map(|()| Origin::Run)?,
        };
        match origin {
            Origin::Run => environment.tally.ran(&record.work),
            Origin::Recall => environment.tally.recalled(),
        }
    }
    Ok(output)
}

fn run_failure(error: RunError) -> Failure {
    match error {
        RunError::InputValue { index } => IInference::InputRange {
            index: U256::from(index),
        }
        .into(),
        RunError::Execution(error) => IInference::ExecutionFailed {
            operatorIndex: error.operator,
        }
        .into(),
        RunError::InputLength { .. }
        | RunError::OutputLength { .. }
        | RunError::WrongArena
        | RunError::Defect { .. } => {
            Failure::Database(alloc::format!("record and model disagree: {error}"))
        }
    }
}

fn to_usize(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
