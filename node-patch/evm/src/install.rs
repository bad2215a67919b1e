//! The precompile as `alloy-evm` calls it.

use crate::journal::JournalState;
use alloy_evm::precompiles::{DynPrecompile, PrecompileInput, PrecompilesMap};
use fixpoint_precompile::{
    Call, Environment, Status, address::PRECOMPILE, answers::AnswerCache, cache::LruCache,
    gas::GENESIS, tally::Tally,
};
use fixpoint_runtime::kernels::Isa;
use revm::precompile::{
    PrecompileError, PrecompileHalt, PrecompileId, PrecompileOutput, PrecompileResult,
};
use std::sync::Arc;

/// What a node lends the precompile. Nothing of it changes a result, a price or an access to state.
#[derive(Clone, Debug)]
pub struct Resources {
    /// Loaded models.
    pub models: Arc<LruCache>,
    /// Answers of before, if the node keeps any.
    pub answers: Option<Arc<dyn AnswerCache>>,
    /// Where inferences are counted.
    pub tally: Arc<Tally>,
    /// The kernels.
    pub isa: Isa,
}

/// Adds the precompile to a node's map, at its address and warm from a transaction's start.
pub fn install(map: &mut PrecompilesMap, resources: &Resources) {
    let resources = resources.clone();
    // Stateful: nobody may remember its results by their calldata.
    let precompile = DynPrecompile::new_stateful(
        PrecompileId::Custom("fixpoint-inference".into()),
        move |input| run(input, &resources),
    );
    map.apply_precompile(&PRECOMPILE, |_| Some(precompile));
}

fn run(input: PrecompileInput<'_>, resources: &Resources) -> PrecompileResult {
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
        cache: &*resources.models,
        answers: resources.answers.as_deref(),
        tally: &resources.tally,
        isa: resources.isa,
    };
    let outcome = fixpoint_precompile::run(&call, &mut state, &environment)
        .map_err(|error| PrecompileError::Fatal(error.to_string()))?;
    Ok(match outcome.status {
        Status::Success => PrecompileOutput::new(outcome.gas_used, outcome.output, reservoir),
        Status::Revert => PrecompileOutput::revert(outcome.gas_used, outcome.output, reservoir),
        Status::OutOfGas => PrecompileOutput::halt(PrecompileHalt::OutOfGas, reservoir),
    })
}
