//! A model run on this machine, with the same conversions as on chain.

use crate::model_file::ModelFile;
use alloy_primitives::I256;
use anyhow::{Result, anyhow};
use fixpoint_precompile::ports::{Port, pack, unpack};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
};

/// A planned model and the memory of one run.
pub(crate) struct LocalModel {
    plan: Plan,
    arena: Arena,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    output: Vec<u8>,
}

impl LocalModel {
    /// Plans a model for a set of kernels.
    pub(crate) fn new(file: &ModelFile, isa: Isa) -> Self {
        let plan = Plan::new(&file.model, isa);
        let arena = Arena::new(&plan);
        Self {
            plan,
            arena,
            inputs: Port::inputs_of(&file.model),
            outputs: Port::outputs_of(&file.model),
            output: vec![0; usize::try_from(file.model.output_bytes()).unwrap_or(usize::MAX)],
        }
    }

    /// One inference on words, as `inference()` runs it.
    ///
    /// # Errors
    /// A word is outside its input's range, or an operator failed.
    pub(crate) fn run_words(&mut self, words: &[I256]) -> Result<Vec<I256>> {
        let packed = pack(&self.inputs, words.iter().copied()).map_err(|index| {
            anyhow!("InputRange({index}): the value is outside the range of its input")
        })?;
        self.run_raw(&packed)?;
        Ok(unpack(&self.outputs, &self.output))
    }

    /// One inference on the tensors' own integers, as `inferenceRaw()` runs it.
    ///
    /// # Errors
    /// The input has another length, a bool that is none, or an operator failed.
    pub(crate) fn run_raw(&mut self, packed: &[u8]) -> Result<&[u8]> {
        self.plan.run(&mut self.arena, packed, &mut self.output)?;
        Ok(&self.output)
    }
}
