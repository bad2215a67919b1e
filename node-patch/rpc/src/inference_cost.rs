//! What one call with inferences of a model costs, by part and by operator, before anybody pays.

use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, U64, U256};
use fixpoint_chain::StateView;
use fixpoint_evm::precompile::{
    address::PRECOMPILE,
    gas::{Encoding, GENESIS, GasTable},
    measures,
    meter::{COLD_ACCOUNT, COLD_SLOT},
    record::{CURRENT_RECORD_VERSION, READ_SLOTS, Record, base_slot},
    root::{Root, split_chunk},
};
use fixpoint_runtime::{
    model::{self, ValidModel},
    work::Work,
};
use revm::DatabaseRef as _;
use serde::Serialize;

use crate::{
    context::{Context, LATEST},
    dev::Number,
    error::RpcError,
    methods::Arguments,
};

/// The prices of this chain.
const PRICES: &GasTable = &GENESIS;

/// The cost of one call.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cost {
    model_hash: B256,
    /// Whether calls are served; if not, this is what they would cost.
    is_activated: bool,
    runs: U64,
    /// `inference` and `inferenceBatch`.
    words: Parts,
    /// As many inferences with packed tensors, without the calls' own cost of more than one.
    raw: Parts,
    layers: Vec<Layer>,
}

/// The gas of a transaction's first call of a model, by what it is for.
#[derive(Clone, Debug, Serialize)]
struct Parts {
    call: U64,
    reads: U64,
    load: U64,
    run: U64,
    io: U64,
    total: U64,
}

/// An operator's part of the run: what is left of it is the arena's memory.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    operator: usize,
    name: &'static str,
    dtype: String,
    shape: Vec<u32>,
    milligas: U64,
}

/// Model, number of inferences (1), block (latest).
pub(crate) fn estimate(context: &Context, arguments: &mut Arguments<'_>) -> Result<Cost, RpcError> {
    let address: Address = arguments.required("model address")?;
    let runs = arguments.optional("number of inferences")?;
    let runs = runs.map_or(1, |Number(runs)| runs);
    let id = arguments.optional::<BlockId>("block")?.unwrap_or(LATEST);
    let view = context.chain.state_at(id).map_err(RpcError::from)?;
    let not_a_model = || RpcError::InvalidParams(format!("{address} is no model"));
    let account = view.account(address).map_err(RpcError::internal)?;
    let model_hash = account.ok_or_else(not_a_model)?.code_hash;
    let code = view.code(address).map_err(RpcError::internal)?;
    let root = Root::decode(&code).ok_or_else(not_a_model)?;
    let refused =
        |cause: String| RpcError::InvalidParams(format!("the model is not valid: {cause}"));
    let parsed = model::parse(&payload(&view, &root)?);
    let parsed = parsed.map_err(|error| refused(error.to_string()))?;
    let valid = model::validate(parsed).map_err(|error| refused(error.to_string()))?;
    let record = measures::record(&valid, root.payload_bytes)
        .ok_or_else(|| RpcError::InvalidParams("the model is too expensive".to_owned()))?;
    Ok(Cost {
        model_hash,
        is_activated: is_activated(&view, model_hash)?,
        runs: U64::from(runs),
        words: parts(&record, runs, Encoding::Words),
        raw: parts(&record, runs, Encoding::Raw),
        layers: layers(&valid),
    })
}

/// The payload that the root's chunks carry. A chunk that is not there leaves it short, and then it
/// does not parse.
fn payload(view: &StateView, root: &Root) -> Result<Vec<u8>, RpcError> {
    let mut payload = Vec::new();
    for chunk in &root.chunks {
        let code = view
            .code_by_hash_ref(chunk.code_hash)
            .map_err(|error| RpcError::InvalidParams(format!("the model's chunks: {error}")))?;
        let code = code.original_bytes();
        payload.extend_from_slice(split_chunk(&code).map_or(&[], |(_, data)| data));
    }
    Ok(payload)
}

fn is_activated(view: &StateView, model_hash: B256) -> Result<bool, RpcError> {
    let header = view
        .slot(PRECOMPILE, base_slot(model_hash))
        .map_err(RpcError::internal)?;
    // The version is in the first two bytes.
    Ok(header >> 240 == U256::from(CURRENT_RECORD_VERSION))
}

fn parts(record: &Record, runs: u64, encoding: Encoding) -> Parts {
    let silent = Record {
        input_elements: 0,
        input_bytes: 0,
        output_elements: 0,
        output_bytes: 0,
        ..*record
    };
    let run = PRICES.runs(&silent, runs, encoding);
    let all = PRICES.runs(record, runs, encoding);
    let reads = COLD_ACCOUNT + READ_SLOTS * COLD_SLOT;
    let load = PRICES.load(record);
    let total = [PRICES.base, reads, load, all];
    Parts {
        call: U64::from(PRICES.base),
        reads: U64::from(reads),
        load: U64::from(load),
        run: U64::from(run),
        io: U64::from(all.saturating_sub(run)),
        total: U64::from(total.into_iter().fold(0, u64::saturating_add)),
    }
}

fn layers(valid: &ValidModel) -> Vec<Layer> {
    let model = valid.model();
    let first_output = model.inputs.len() + model.constants.len();
    let types = valid.value_types().iter().skip(first_output);
    let operators = model.operators.iter().zip(valid.operator_work());
    operators
        .zip(types)
        .enumerate()
        .map(|(index, ((operator, work), output))| Layer {
            operator: index,
            name: operator.name(),
            dtype: format!("{:?}", output.dtype).to_lowercase(),
            shape: output.shape.to_vec(),
            milligas: U64::from(milligas(work)),
        })
        .collect()
}

fn milligas(work: &Work) -> u64 {
    let priced = work.to_array().into_iter().zip(PRICES.work_milligas);
    priced.fold(0, |sum, (count, price)| {
        sum.saturating_add(count.saturating_mul(price))
    })
}
