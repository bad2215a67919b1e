//! The precompile as `alloy-evm` calls it.

use crate::journal::JournalState;
use alloy_evm::precompiles::{DynPrecompile, PrecompileInput, PrecompilesMap};
use fixpoint_precompile::{
    Call, Environment, Status, address::PRECOMPILE, cache::LruCache, gas::GENESIS,
};
use fixpoint_runtime::kernels::Isa;
use revm::precompile::{
    PrecompileError, PrecompileHalt, PrecompileId, PrecompileOutput, PrecompileResult,
};
use std::sync::Arc;

/// Adds the precompile to a node's map, at its address and warm from a transaction's start.
///
/// `models` is the node's cache of loaded models, `isa` its kernels; neither changes any result.
pub fn install(map: &mut PrecompilesMap, models: &Arc<LruCache>, isa: Isa) {
    let models = Arc::clone(models);
    // Stateful: nobody may remember its results by their calldata.
    let precompile = DynPrecompile::new_stateful(
        PrecompileId::Custom("fixpoint-inference".into()),
        move |input| run(input, &models, isa),
    );
    map.apply_precompile(&PRECOMPILE, |_| Some(precompile));
}

fn run(input: PrecompileInput<'_>, models: &LruCache, isa: Isa) -> PrecompileResult {
    let call = Call {
        input: input.data,
        gas: input.gas,
        caller: input.caller,
        has_value: !input.value.is_zero(),
        is_static: input.is_static,
        is_direct: input.is_direct_call(),
    };
    let reservoir = input.reservoir;
    let mut state = JournalState::new(input.internals);
    let environment = Environment {
        gas: &GENESIS,
        cache: models,
        isa,
    };
    let outcome = fixpoint_precompile::run(&call, &mut state, &environment)
        .map_err(|error| PrecompileError::Fatal(error.to_string()))?;
    Ok(match outcome.status {
        Status::Success => PrecompileOutput::new(outcome.gas_used, outcome.output, reservoir),
        Status::Revert => PrecompileOutput::revert(outcome.gas_used, outcome.output, reservoir),
        Status::OutOfGas => PrecompileOutput::halt(PrecompileHalt::OutOfGas, reservoir),
    })
}
