//! What a deployment will cost, before anything is paid.

use crate::{chain::Chain, error::ChainError, steps::DeployError, upload::Upload};
use alloy_primitives::{Address, U256};
use serde_json::{Value, json};

/// Calldata, code deposit and reading the chunk, per entry of the root, rounded up.
const GAS_PER_ROOT_ENTRY: u64 = 20_000;
/// What does not grow with the model: transactions, creating the root, registration.
const GAS_OF_THE_REST: u64 = 700_000;

/// At most what a deployment takes besides writing chunks and the activation itself, in gas.
pub const fn gas_besides_chunks(chunks: usize) -> u64 {
    chunks as u64 * GAS_PER_ROOT_ENTRY + GAS_OF_THE_REST
}

/// What a deployment will cost at most, before anything is paid.
#[derive(Clone, Debug)]
pub struct Bill {
    /// The account that pays.
    pub account: Address,
    /// Chunks of the model; equal ones count each time.
    pub chunks: usize,
    /// Chunks that are not on chain.
    pub missing: usize,
    /// Gas, at most.
    pub gas: u64,
    /// That at the current gas price, in wei.
    pub wei: U256,
    /// What the account has, in wei.
    pub balance_wei: U256,
}

impl Bill {
    /// Adds it up.
    ///
    /// # Errors
    /// The node failed.
    pub async fn of(
        chain: &Chain,
        upload: &Upload,
        activation_gas: u64,
    ) -> Result<Self, ChainError> {
        let (chunks, missing) = (upload.addresses.len(), upload.missing_count());
        let gas = upload.gas() + gas_besides_chunks(chunks) + activation_gas;
        Ok(Self {
            account: chain.account(),
            chunks,
            missing,
            gas,
            wei: U256::from(gas) * U256::from(chain.gas_price_wei().await?),
            balance_wei: chain.balance_wei().await?,
        })
    }

    /// Refuses a purse that is too small. With all chunks there, what is left to do is little or
    /// nothing: then the node refuses it.
    ///
    /// # Errors
    /// [`DeployError::NotFunded`].
    pub fn ensure_funded(&self) -> Result<(), DeployError> {
        if self.missing == 0 || self.balance_wei >= self.wei {
            return Ok(());
        }
        Err(DeployError::NotFunded {
            account: self.account,
            balance_wei: self.balance_wei,
            needed_wei: self.wei,
        })
    }

    /// For programs; amounts of wei are decimal texts.
    pub fn to_json(&self) -> Value {
        json!({
            "account": self.account,
            "balance_wei": self.balance_wei.to_string(),
            "chunks": self.chunks,
            "chunks_missing": self.missing,
            "gas_at_most": self.gas,
            "wei_at_most": self.wei.to_string(),
        })
    }
}
