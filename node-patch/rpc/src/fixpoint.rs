//! `fixpoint_`: what only this chain has.

use alloy_primitives::{Address, address};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_sol_types::SolCall;
use fixpoint_evm::precompile::abi::IInference::{self, modelInfoCall};
use jsonrpsee::core::RegisterMethodError;
use serde_json::{Value, json};

use crate::{
    context::{Context, LATEST},
    error::RpcError,
    inference_cost,
    methods::{Arguments, Module, register as method},
    simulate::{Simulation, success},
};

/// The inference precompile.
const PRECOMPILE: Address = address!("0x0000000000000000000000000000000000000F1E");

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "fixpoint_modelInfo", model_info)?;
    method(
        module,
        "fixpoint_estimateInference",
        inference_cost::estimate,
    )?;
    method(module, "fixpoint_cacheStats", |context, _| {
        Ok(cache_stats(context))
    })?;
    method(module, "fixpoint_isa", |context, _| {
        Ok(context.identity.kernels.clone())
    })?;
    method(module, "fixpoint_genesis", |context, _| {
        Ok(context.chain.spec().genesis().clone())
    })
}

/// What the node's caches hold and how often they were asked: loaded models, and answers of inferences
/// (`null` if none are kept).
fn cache_stats(context: &Context) -> Value {
    let models = context.chain.spec().evm_factory().cache_stats();
    let answers = context.answers.as_ref().map(|answers| {
        let stats = answers.stats();
        json!({
            "entries": stats.answers,
            "heldBytes": stats.held_bytes,
            "limitBytes": stats.limit_bytes,
            "hits": stats.hits,
            "misses": stats.misses,
            "damaged": stats.damaged,
        })
    });
    json!({
        "models": models.models,
        "heldBytes": models.held_bytes,
        "limitBytes": models.limit_bytes,
        "hits": models.hits,
        "misses": models.misses,
        "answers": answers,
    })
}

/// The precompile's `modelInfo` of an activated model, as JSON. Reverts as the precompile does.
fn model_info(context: &Context, arguments: &mut Arguments<'_>) -> Result<Value, RpcError> {
    let model: Address = arguments.required("model address")?;
    let id = arguments.optional("block")?.unwrap_or(LATEST);
    let mut simulation = Simulation::at(context, id, None, None)?;
    let request = TransactionRequest::default()
        .to(PRECOMPILE)
        .input(modelInfoCall { model }.abi_encode().into());
    let transaction = simulation.prepare(request)?;
    let output = success(simulation.run(transaction)?.result)?;
    let info = modelInfoCall::abi_decode_returns(&output).map_err(RpcError::internal)?;
    Ok(json!({
        "modelHash": info.modelHash,
        "contentHash": info.contentHash,
        "gate": info.gate,
        "recordVersion": info.recordVersion,
        "inferenceGas": info.inferenceGas,
        "loadGas": info.loadGas,
        "payloadBytes": info.payloadBytes,
        "arenaBytes": info.arenaBytes,
        "work": info.work,
        "inputs": info.inputs.iter().map(tensor).collect::<Vec<_>>(),
        "outputs": info.outputs.iter().map(tensor).collect::<Vec<_>>(),
    }))
}

fn tensor(info: &IInference::TensorInfo) -> Value {
    json!({
        "name": info.name,
        "dtype": info.dtype,
        "shape": info.shape,
        "quantisation": info.quantisation,
        "axis": info.axis,
        "scaleNumerator": info.scaleNumerator,
        "scaleDenominator": info.scaleDenominator,
        "zeroPoint": info.zeroPoint,
        "saturates": info.saturates,
    })
}
