//! What a model costs: asked of the precompile itself, in a chain in memory.

use crate::{bill::gas_besides_chunks, model_file::ModelFile, upload::gas_of_payload};
use alloy_primitives::Address;
use alloy_sol_types::{SolCall as _, SolInterface as _};
use fixpoint_compiler::report::page::Costs;
use fixpoint_evm::offline::{Sandbox, SandboxCall, TRANSACTION_GAS_LIMIT};
use fixpoint_precompile::{
    Status,
    abi::IInference::{self, IInferenceErrors, ModelInfo},
    gas::GENESIS,
    root::{CHUNK_DATA_BYTES, CHUNK_ENTRY_BYTES, CHUNK_HEADER_BYTES, ROOT_HEADER_BYTES},
};
use fixpoint_runtime::work::Work;
use serde::Serialize;

/// Gas at the precompile's boundary, and to bring the model on chain.
#[derive(Clone, Debug, Serialize)]
pub struct Cost {
    /// `inference()`, first call in a transaction: state reads, load, work, words.
    pub first_call: u64,
    /// The part of it that loads the model; a second call in the transaction does not pay it.
    pub load: u64,
    /// `activate()`, once.
    pub activate: u64,
    /// Writing chunks and root, without calldata and transactions: EIP-170 code deposit and
    /// creation.
    pub store: u64,
}

/// A model's place in the chain in memory.
const MODEL: Address = Address::with_last_byte(0xaa);
/// Yellow Paper: a byte of deployed code, and a creation.
const CODE_DEPOSIT_PER_BYTE: u64 = 200;
const CREATE: u64 = 32_000;

/// Why a model has no price.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CostError {
    /// More chunks than a root lists.
    #[error("the model does not fit one root contract")]
    TooLong,
    /// The precompile refuses the model.
    #[error("a chain would refuse this model at activation: {reason}")]
    Refused {
        /// Its error.
        reason: String,
    },
    /// The chain in memory failed: a defect of this program.
    #[error("the chain in memory failed: {reason}")]
    Sandbox {
        /// What it said.
        reason: String,
    },
}

fn sandbox_failed(error: impl ToString) -> CostError {
    CostError::Sandbox {
        reason: error.to_string(),
    }
}

/// Activates a model in a chain in memory and reads its prices.
///
/// # Errors
/// The precompile refuses the model; says by which error.
pub fn measure(file: &ModelFile) -> Result<(Cost, ModelInfo), CostError> {
    let mut sandbox = Sandbox::new();
    sandbox
        .deploy(MODEL, &file.payload, Address::ZERO)
        .ok_or(CostError::TooLong)?;
    let activation = sandbox.activate(MODEL).map_err(sandbox_failed)?;
    if activation.status != Status::Success {
        let error = IInferenceErrors::abi_decode(&activation.output);
        return Err(CostError::Refused {
            reason: error.map_or_else(|_| "out of gas".to_owned(), |error| format!("{error:?}")),
        });
    }
    let question = SandboxCall {
        input: IInference::modelInfoCall { model: MODEL }
            .abi_encode()
            .into(),
        caller: Address::ZERO,
        gas: TRANSACTION_GAS_LIMIT,
        is_static: true,
    };
    let answer = sandbox.call(&question).map_err(sandbox_failed)?;
    let info = IInference::modelInfoCall::abi_decode_returns(&answer.output);
    let info = info.map_err(sandbox_failed)?;
    let chunks = file.payload.len().div_ceil(CHUNK_DATA_BYTES) as u64;
    let code_bytes = file.payload.len() as u64
        + chunks * CHUNK_HEADER_BYTES as u64
        + ROOT_HEADER_BYTES as u64
        + chunks * CHUNK_ENTRY_BYTES as u64;
    let cost = Cost {
        first_call: info.inferenceGas,
        load: info.loadGas,
        activate: activation.gas_used,
        store: code_bytes * CODE_DEPOSIT_PER_BYTE + (chunks + 1) * CREATE,
    };
    Ok((cost, info))
}

/// A model's costs at a gas price.
///
/// # Errors
/// As [`measure`].
pub fn in_wei(file: &ModelFile, gas_price_wei: u128) -> Result<Costs, CostError> {
    let (cost, _) = measure(file)?;
    Ok(cost.at_gas_price(file, gas_price_wei))
}

impl Cost {
    /// The model's costs at a gas price.
    pub fn at_gas_price(&self, file: &ModelFile, gas_price_wei: u128) -> Costs {
        let chunks = file.payload.len().div_ceil(CHUNK_DATA_BYTES);
        Costs {
            first_call: self.first_call,
            load: self.load,
            activate: self.activate,
            store: self.store,
            deploy_at_most: gas_of_payload(&file.payload)
                + gas_besides_chunks(chunks)
                + self.activate,
            gas_price_wei,
        }
    }
}

/// The price of one operator's work, in gas; the call rounds the sum of all, so these need not add
/// up to the last unit.
pub fn operator_gas(work: &Work) -> f64 {
    let milligas = work
        .to_array()
        .iter()
        .zip(GENESIS.work_milligas)
        .map(|(count, price)| *count as f64 * price as f64)
        .sum::<f64>();
    milligas / 1000.0
}
