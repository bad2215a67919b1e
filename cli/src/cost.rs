//! What a model costs: asked of the precompile itself, in a chain in memory.

use crate::{bill::gas_besides_chunks, model_file::ModelFile, upload::gas_of_payload};
use alloy_primitives::Address;
use alloy_sol_types::{SolCall as _, SolInterface as _};
use anyhow::{Context as _, Result, bail};
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
pub(crate) struct Cost {
    /// `inference()`, first call in a transaction: state reads, load, work, words.
    pub(crate) first_call: u64,
    /// The part of it that loads the model; a second call in the transaction does not pay it.
    pub(crate) load: u64,
    /// `activate()`, once.
    pub(crate) activate: u64,
    /// Writing chunks and root, without calldata and transactions: EIP-170 code deposit and
    /// creation.
    pub(crate) store: u64,
}

/// A model's place in the chain in memory.
const MODEL: Address = Address::with_last_byte(0xaa);
/// Yellow Paper: a byte of deployed code, and a creation.
const CODE_DEPOSIT_PER_BYTE: u64 = 200;
const CREATE: u64 = 32_000;

/// Activates a model in a chain in memory and reads its prices.
///
/// # Errors
/// The precompile refuses the model; says by which error.
pub(crate) fn measure(file: &ModelFile) -> Result<(Cost, ModelInfo)> {
    let mut sandbox = Sandbox::new();
    sandbox
        .deploy(MODEL, &file.payload, Address::ZERO)
        .context("the model does not fit one root contract")?;
    let activation = sandbox.activate(MODEL)?;
    if activation.status != Status::Success {
        match IInferenceErrors::abi_decode(&activation.output) {
            Ok(error) => bail!("a chain would refuse this model at activation: {error:?}"),
            Err(_) => bail!("a chain would refuse this model at activation: out of gas"),
        }
    }
    let answer = sandbox.call(&SandboxCall {
        input: IInference::modelInfoCall { model: MODEL }
            .abi_encode()
            .into(),
        caller: Address::ZERO,
        gas: TRANSACTION_GAS_LIMIT,
        is_static: true,
    })?;
    let info = IInference::modelInfoCall::abi_decode_returns(&answer.output)
        .context("the precompile's description of the model")?;
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
pub(crate) fn in_wei(file: &ModelFile, gas_price_wei: u128) -> Result<Costs> {
    let (cost, _) = measure(file)?;
    let chunks = file.payload.len().div_ceil(CHUNK_DATA_BYTES);
    Ok(Costs {
        first_call: cost.first_call,
        load: cost.load,
        activate: cost.activate,
        store: cost.store,
        deploy_at_most: gas_of_payload(&file.payload) + gas_besides_chunks(chunks) + cost.activate,
        gas_price_wei,
    })
}

/// The price of one operator's work, in gas; the call rounds the sum of all, so these need not add
/// up to the last unit.
pub(crate) fn operator_gas(work: &Work) -> f64 {
    let milligas = work
        .to_array()
        .iter()
        .zip(GENESIS.work_milligas)
        .map(|(count, price)| *count as f64 * price as f64)
        .sum::<f64>();
    milligas / 1000.0
}
