//! A model ready to run, from its root: chunks by code hash, payload, proof, plan.
//!
//! What a [`ModelCache`] holds is a function of the model hash alone: every byte is checked against
//! the root, and the root against the hash, so neither a damaged database nor a simulation with
//! invented state can put anything else into it. A cache changes how long a call takes and nothing
//! that a contract, a receipt or a state root can show.

use crate::{
    error::Failure,
    measures,
    ports::Port,
    record::Record,
    root::{Root, split_chunk},
    state::State,
};
use alloc::{format, sync::Arc, vec::Vec};
use alloy_primitives::{B256, keccak256};
use fixpoint_runtime::{
    graph::Plan,
    kernels::Isa,
    model::{self, ValidModel},
};

/// A model ready to run, and how its tensors look from outside.
#[derive(Debug)]
pub struct LoadedModel {
    /// The executable plan.
    pub plan: Plan,
    /// Inputs in calldata order.
    pub inputs: Vec<Port>,
    /// Outputs in return-data order.
    pub outputs: Vec<Port>,
    /// Its measures, whatever the storage says.
    pub record: Record,
    /// What it may weigh in memory, for a cache's bound.
    pub weight_bytes: usize,
}

/// Node-local memory of loaded models. May forget anything at any time.
pub trait ModelCache {
    /// The model with this hash, if it is held.
    fn get(&self, model_hash: B256) -> Option<Arc<LoadedModel>>;

    /// Offers a model.
    fn insert(&self, model_hash: B256, model: &Arc<LoadedModel>);
}

/// Holds nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCache;

impl ModelCache for NoCache {
    fn get(&self, _: B256) -> Option<Arc<LoadedModel>> {
        None
    }
    fn insert(&self, _: B256, _: &Arc<LoadedModel>) {}
}

/// The model of a root that has a record. `code` is the root's code, `root` what it decodes to.
///
/// # Errors
/// Only [`Failure::Database`]: activation has proved that everything here succeeds on what the
/// chain holds.
pub fn load(
    state: &mut dyn State,
    cache: &dyn ModelCache,
    isa: Isa,
    (model_hash, code, root): (B256, &[u8], &Root),
) -> Result<Arc<LoadedModel>, Failure> {
    if let Some(model) = cache.get(model_hash) {
        return Ok(model);
    }
    if keccak256(code) != model_hash {
        return Err(damaged(model_hash, "the root's code has another hash"));
    }
    let mut payload = Vec::new();
    // A root is not decoded unless it has as many chunks as its payload needs.
    payload
        .try_reserve_exact(usize::try_from(root.payload_bytes).unwrap_or(usize::MAX))
        .map_err(|error| damaged(model_hash, &format!("{error}")))?;
    for chunk in &root.chunks {
        let code = state.code_by_hash(chunk.code_hash)?;
        let (_, data) = split_chunk(&code)
            .ok_or_else(|| damaged(model_hash, &format!("no chunk {}", chunk.code_hash)))?;
        payload.extend_from_slice(data);
    }
    if keccak256(&payload) != root.content_hash {
        return Err(damaged(model_hash, "the payload has another hash"));
    }
    let parsed =
        model::parse(&payload).map_err(|error| damaged(model_hash, &format!("{error}")))?;
    // Its memory serves what follows.
    drop(payload);
    let valid =
        model::validate(parsed).map_err(|error| damaged(model_hash, &format!("{error}")))?;
    let loaded = prepare(&valid, isa, root.payload_bytes)
        .ok_or_else(|| damaged(model_hash, "its measures fit no record"))?;
    let loaded = Arc::new(loaded);
    cache.insert(model_hash, &loaded);
    Ok(loaded)
}

/// A valid model made ready. `None` if no activation could have recorded it.
pub(crate) fn prepare(valid: &ValidModel, isa: Isa, payload_bytes: u32) -> Option<LoadedModel> {
    let record = measures::record(valid, payload_bytes)?;
    let plan = Plan::new(valid, isa);
    // Names and scales are part of the payload.
    let weight_bytes = plan
        .memory_bytes()
        .saturating_add(usize::try_from(payload_bytes).unwrap_or(usize::MAX))
        .saturating_add(FIXED_BYTES);
    Some(LoadedModel {
        plan,
        inputs: Port::inputs_of(valid),
        outputs: Port::outputs_of(valid),
        record,
        weight_bytes,
    })
}

/// What an empty model weighs.
const FIXED_BYTES: usize = 4_096;

fn damaged(model_hash: B256, what: &str) -> Failure {
    Failure::Database(format!("activated model {model_hash}: {what}"))
}
