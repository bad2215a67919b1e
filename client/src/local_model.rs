//! A model run on this machine, with the same conversions as on chain.

use crate::{
    answers::{AnswerError, Answers},
    model_file::ModelFile,
    ports::Ports,
    samples::{SampleError, Samples},
};
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
pub enum RunFailure {
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

/// Why a sample has no answer.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// Its arrays can't be passed.
    #[error(transparent)]
    Samples(#[from] SampleError),
    /// The run failed.
    #[error("sample {sample}")]
    Run {
        /// The sample.
        sample: usize,
        /// Why.
        source: RunFailure,
    },
    /// The answer does not fit the model: a defect of this program.
    #[error("sample {sample}")]
    Answer {
        /// The sample.
        sample: usize,
        /// How.
        source: AnswerError,
    },
}

/// A planned model and the memory of one run.
pub struct LocalModel {
    plan: Arc<Plan>,
    arena: Arena,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    ports: Ports,
    output: Vec<u8>,
}

impl LocalModel {
    /// Plans a model for a set of kernels.
    pub fn new(file: &ModelFile, isa: Isa) -> Self {
        Self::of_plan(file, Arc::new(Plan::new(&file.model, isa)))
    }

    /// A plan of the model that others run too, with memory of its own.
    pub fn of_plan(file: &ModelFile, plan: Arc<Plan>) -> Self {
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
    pub fn run_words(&mut self, words: &[I256]) -> Result<Vec<I256>, RunFailure> {
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
    pub fn run_raw(&mut self, packed: &[u8]) -> Result<&[u8], RunError> {
        self.plan.run(&mut self.arena, packed, &mut self.output)?;
        Ok(&self.output)
    }

    /// Runs one sample and adds its answer to the others.
    ///
    /// # Errors
    /// The sample can't be passed or fails; says which.
    pub fn answer(
        &mut self,
        samples: &Samples,
        sample: usize,
        answers: &mut Answers,
    ) -> Result<(), LocalError> {
        let unfit = |source| LocalError::Answer { sample, source };
        if answers.is_raw() {
            let packed = samples.raw(sample)?;
            let output = self.run_raw(&packed).map_err(|error| LocalError::Run {
                sample,
                source: error.into(),
            })?;
            return answers.push_raw(output).map_err(unfit);
        }
        let words = self.run_words(&samples.words(sample)?);
        let words = words.map_err(|source| LocalError::Run { sample, source })?;
        answers.push_words(words).map_err(unfit)
    }
}
