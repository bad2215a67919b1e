//! Asks a model on chain, without a transaction.

use crate::{
    answers::{AnswerError, Answers},
    chain::Chain,
    contracts::Reverted,
    error::ChainError,
    ports::{Ports, UnknownType},
    samples::{SampleError, Samples},
};
use alloy_primitives::Address;
use alloy_sol_types::SolError as _;
use fixpoint_precompile::{
    abi::IInference::{self, InputRange},
    address::PRECOMPILE,
};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The node failed before the model was found.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// There is no model that can be called.
    #[error("asking for the model at {model}")]
    NoModel {
        /// Where it was looked for.
        model: Address,
        /// What the chain said.
        source: ChainError,
    },
    /// This version does not know the model's types.
    #[error(transparent)]
    UnknownType(#[from] UnknownType),
    /// The arrays do not fit the model.
    #[error(transparent)]
    Samples(#[from] SampleError),
    /// A value is outside its input's range.
    #[error("sample {sample}: InputRange({index}): {advice}")]
    InputRange {
        /// The sample.
        sample: usize,
        /// Index over all words of all inputs.
        index: u64,
        /// Which input it is and what to do.
        advice: String,
    },
    /// The call of a sample failed.
    #[error("sample {sample}")]
    Sample {
        /// The sample.
        sample: usize,
        /// What the chain said.
        source: ChainError,
    },
    /// The answer does not fit the model.
    #[error("sample {sample}")]
    Answer {
        /// The sample.
        sample: usize,
        /// How.
        source: AnswerError,
    },
}

/// A model on chain, as callers see it.
#[derive(Clone)]
pub struct RemoteModel {
    chain: Chain,
    model: Address,
    info: IInference::ModelInfo,
    ports: Ports,
}

impl RemoteModel {
    /// Asks the chain for a model.
    ///
    /// # Errors
    /// [`CallError::NoModel`], [`CallError::UnknownType`].
    pub async fn find(chain: Chain, model: Address) -> Result<Self, CallError> {
        let info = chain.model_info(model).await;
        let info = info.map_err(|source| CallError::NoModel { model, source })?;
        let ports = Ports::of_info(&info)?;
        Ok(Self {
            chain,
            model,
            info,
            ports,
        })
    }

    /// What the chain says of it.
    pub const fn info(&self) -> &IInference::ModelInfo {
        &self.info
    }

    /// Its inputs and outputs.
    pub const fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Asks it sample by sample, as the sender, or else as its gate: a gate binds contracts on chain,
    /// a read-only call may name any sender.
    ///
    /// # Errors
    /// A sample can't be passed, or its call fails; says which.
    pub async fn ask(
        &self,
        samples: &Samples,
        is_raw: bool,
        sender: Option<Address>,
    ) -> Result<Answers, CallError> {
        let from = sender.unwrap_or(self.info.gate);
        let mut answers = Answers::new(&self.ports.outputs, is_raw);
        for sample in 0..samples.count {
            let failed = |source| self.failed(sample, source);
            let unfit = |source| CallError::Answer { sample, source };
            let model = self.model;
            if is_raw {
                let call = IInference::inferenceRawCall {
                    model,
                    input: samples.raw(sample)?.into(),
                };
                let output = self.chain.call(from, PRECOMPILE, &call).await;
                answers.push_raw(&output.map_err(failed)?).map_err(unfit)?;
            } else {
                let call = IInference::inferenceCall {
                    model,
                    input: samples.words(sample)?,
                };
                let output = self.chain.call(from, PRECOMPILE, &call).await;
                answers.push_words(output.map_err(failed)?).map_err(unfit)?;
            }
        }
        Ok(answers)
    }

    /// Adds to an `InputRange` which input it is about and what to do.
    fn failed(&self, sample: usize, source: ChainError) -> CallError {
        match out_of_range(&source) {
            Some(index) => CallError::InputRange {
                sample,
                index,
                advice: self.ports.input_range_advice(index),
            },
            None => CallError::Sample { sample, source },
        }
    }
}

fn out_of_range(error: &ChainError) -> Option<u64> {
    let ChainError::Reverted(Reverted { data }) = error else {
        return None;
    };
    let InputRange { index } = InputRange::abi_decode(data).ok()?;
    Some(index.saturating_to())
}
