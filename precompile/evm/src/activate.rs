//! `activate`: proves once that a model may run, and writes down what running it costs.
//!
//! Nothing is done that is not paid: the root says how many bytes there are to load, the parsed
//! model how many items there are to check, and validation takes as many steps as are left to pay.

use crate::{
    abi::IInference,
    context::Context,
    error::Failure,
    gas::Encoding,
    measures,
    record::{CURRENT_RECORD_VERSION, Record},
    root::split_chunk,
    served::{self, Located},
};
use alloc::vec::Vec;
use alloy_primitives::{Address, keccak256};
use alloy_sol_types::SolValue as _;
use fixpoint_runtime::{
    error::ModelError,
    model::{self, Model, ValidModel},
};

/// `operatorIndex` of a `ModelRejected` that is about no operator.
pub const NO_OPERATOR: u16 = u16::MAX;

/// `activate(address)`
pub(crate) fn activate(
    context: &mut Context<'_>,
    model: Address,
    is_static: bool,
) -> Result<Vec<u8>, Failure> {
    if is_static {
        return Err(IInference::StaticCall {}.into());
    }
    let located = served::locate(context, model)?;
    let existing = Record::read(context.meter, context.state, located.model_hash)?;
    let record = if existing.version == CURRENT_RECORD_VERSION {
        existing
    } else {
        let record = measure(context, &located)?;
        context
            .meter
            .charge(context.environment.gas.record_write())?;
        record.write(context.state, located.model_hash, located.root.content_hash)?;
        record
    };
    let gas = context.environment.gas.first_call(&record, Encoding::Words);
    Ok((located.model_hash, gas).abi_encode_params())
}

/// Loads and proves the model, and refuses one that no transaction could run.
fn measure(context: &mut Context<'_>, located: &Located) -> Result<Record, Failure> {
    refuse_created(located.address, located.is_created_in_transaction)?;
    let gas = context.environment.gas;
    let payload_bytes = located.root.payload_bytes;
    context.meter.charge(gas.load_bytes(payload_bytes))?;
    let payload = read_payload(context, located)?;
    let parsed = model::parse(&payload).map_err(|error| rejected(error.code(), None))?;
    context
        .meter
        .charge(gas.load_items(measures::items(&parsed)))?;
    let valid = validate(context, parsed)?;
    let record = measures::record(&valid, payload_bytes);
    let total = record.map_or(u64::MAX, |record| gas.first_raw_call_with_calldata(&record));
    match record {
        Some(record) if total <= gas.max_call_gas => Ok(record),
        _ => Err(IInference::TooExpensive {
            gas: total,
            limit: gas.max_call_gas,
        }
        .into()),
    }
}

/// Reads and checks the chunks, in order.
fn read_payload(context: &mut Context<'_>, located: &Located) -> Result<Vec<u8>, Failure> {
    let root = &located.root;
    let mut payload = Vec::new();
    for (index, entry) in root.chunks.iter().enumerate() {
        let account = context.meter.read_code(context.state, entry.address)?;
        refuse_created(entry.address, account.is_created_in_transaction)?;
        let mismatch = IInference::ChunkMismatch {
            chunk: entry.address,
        };
        let (gate, data) = match split_chunk(&account.code) {
            Some(parts) if account.code_hash == entry.code_hash => parts,
            _ => return Err(mismatch.into()),
        };
        if gate != root.gate {
            return Err(IInference::GateMismatch {
                chunk: entry.address,
            }
            .into());
        }
        if data.len() != root.chunk_data_bytes(index) {
            return Err(mismatch.into());
        }
        payload.extend_from_slice(data);
    }
    let got = keccak256(&payload);
    if got != root.content_hash {
        return Err(IInference::ContentHashMismatch {
            got,
            want: root.content_hash,
        }
        .into());
    }
    Ok(payload)
}

/// EIP-6780 lets a transaction destroy only what it created: all other code is permanent.
fn refuse_created(account: Address, is_created_in_transaction: bool) -> Result<(), Failure> {
    if is_created_in_transaction {
        return Err(IInference::CreatedInThisTransaction { account }.into());
    }
    Ok(())
}

/// Proves the model within the steps that are left to pay, and pays those that it took.
fn validate(context: &mut Context<'_>, parsed: Model) -> Result<ValidModel, Failure> {
    let gas = context.environment.gas;
    let affordable = gas.steps_for(context.meter.left());
    let is_short = affordable < model::validation_steps_limit(&parsed);
    let mut left = affordable;
    let result = model::validate_within(parsed, &mut left);
    context.meter.charge(gas.load_steps(affordable - left))?;
    result.map_err(|error| match error {
        ModelError::ValidationSteps { .. } if is_short => Failure::OutOfGas,
        error => rejected(error.code(), error.operator()),
    })
}

fn rejected(reason: u16, operator: Option<u16>) -> Failure {
    let operator = operator.unwrap_or(NO_OPERATOR);
    IInference::ModelRejected {
        reason,
        operatorIndex: operator,
    }
    .into()
}
