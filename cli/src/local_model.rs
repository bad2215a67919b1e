//! A model run on this machine, with the same conversions as on chain.

use crate::{model_file::ModelFile, ports::Ports};
use alloy_primitives::I256;
use fixpoint_precompile::ports::{Port, pack, unpack};
use fixpoint_runtime::{
    error::RunError,
    graph::{Arena, Plan},
    kernels::Isa,
};
use std::sync::Arc;

/// Why a run gave no answer; on chain the call would revert.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunFailure {
    /// A word is outside its input's range; holds the error as a chain names it, and advice.
    #[error("InputRange({index}): {advice}")]
    InputRange {
        /// Index over all words of all inputs.
        index: u64,
        /// Which input it is and what to do.
        advice: String,
    },
    /// The runtime refused the input, or an operator failed.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// A planned model and the memory of one run.
pub(crate) struct LocalModel {
    plan: Arc<Plan>,
    arena: Arena,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    ports: Ports,
    output: Vec<u8>,
}

impl LocalModel {
    /// Plans a model for a set of kernels.
    pub(crate) fn new(file: &ModelFile, isa: Isa) -> Self {
        Self::of_plan(file, Arc::new(Plan::new(&file.model, isa)))
    }

    /// A plan of the model that others run too, with memory of its own.
    pub(crate) fn of_plan(file: &ModelFile, plan: Arc<Plan>) -> Self {
        let arena = Arena::new(&plan);
        Self {
            plan,
            arena,
            inputs: Port::inputs_of(&file.model),
            outputs: Port::outputs_of(&file.model),
            ports: Ports::of_model(&file.model),
            output: vec![0; usize::try_from(file.model.output_bytes()).unwrap_or(usize::MAX)],
        }
    }

    /// One inference on words, as `inference()` runs it.
    ///
    /// # Errors
    /// A word is outside its input's range, or an operator failed.
    pub(crate) fn run_words(&mut self, words: &[I256]) -> Result<Vec<I256>, RunFailure> {
        let packed = pack(&self.inputs, words.iter().copied()).map_err(|index| {
            let advice = self.ports.input_range_advice(index);
            RunFailure::InputRange { index, advice }
        })?;
        self.run_raw(&packed)?;
        Ok(unpack(&self.outputs, &self.output))
    }

    /// One inference on the tensors' own integers, as `inferenceRaw()` runs it.
    ///
    /// # Errors
    /// The input has another length, a bool that is none, or an operator failed.
    pub(crate) fn run_raw(&mut self, packed: &[u8]) -> Result<&[u8], RunError> {
        self.plan.run(&mut self.arena, packed, &mut self.output)?;
        Ok(&self.output)
    }
}
