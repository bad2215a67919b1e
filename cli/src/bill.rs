//! What a deployment will cost, said before anything is paid.

use crate::{onchain::OnChain, output::out, text::grouped, upload::Upload};
use alloy_primitives::{Address, U256};
use anyhow::{Result, ensure};
use std::io::{self, IsTerminal as _};

/// Calldata, code deposit and reading the chunk, per entry of the root, rounded up.
const GAS_PER_ROOT_ENTRY: u64 = 20_000;
/// What does not grow with the model: transactions, creating the root, registration.
const GAS_OF_THE_REST: u64 = 700_000;

/// At most what a deployment takes besides writing chunks and the activation itself, in gas.
pub(crate) const fn gas_besides_chunks(chunks: usize) -> u64 {
    chunks as u64 * GAS_PER_ROOT_ENTRY + GAS_OF_THE_REST
}

/// What a deployment will cost at most, before anything is paid.
pub(crate) struct Bill {
    account: Address,
    chunks: usize,
    /// Chunks that are not on chain.
    pub(crate) missing: usize,
    gas: u64,
    wei: U256,
    balance_wei: U256,
}

impl Bill {
    /// Adds it up.
    ///
    /// # Errors
    /// The node failed.
    pub(crate) async fn of(chain: &OnChain, upload: &Upload, activation_gas: u64) -> Result<Self> {
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
    /// The account has less than this.
    pub(crate) fn ensure_funded(&self) -> Result<()> {
        ensure!(
            self.missing == 0 || self.balance_wei >= self.wei,
            "{} has {} wei, this needs at most about {} wei: fund the account",
            self.account,
            grouped(self.balance_wei),
            grouped(self.wei),
        );
        Ok(())
    }

    /// Says it to a person.
    pub(crate) fn announce(&self) {
        if self.missing == 0 {
            eprintln!("all {} chunks are on chain already", self.chunks);
            return;
        }
        eprintln!(
            "{} of {} chunks to write; at most about {} gas, {} wei at the current price",
            self.missing,
            self.chunks,
            grouped(self.gas),
            grouped(self.wei),
        );
    }

    /// What a dry run says.
    ///
    /// # Errors
    /// None so far as numbers can be written as JSON.
    pub(crate) fn show(&self, json: bool) -> Result<()> {
        if json {
            let result = serde_json::json!({
                "account": self.account,
                "balance_wei": self.balance_wei.to_string(),
                "chunks": self.chunks,
                "chunks_missing": self.missing,
                "gas_at_most": self.gas,
                "wei_at_most": self.wei.to_string(),
            });
            out!("{}", serde_json::to_string_pretty(&result)?);
            return Ok(());
        }
        out!("account         {}", self.account);
        out!("balance         {} wei", grouped(self.balance_wei));
        out!("chunks          {}, {} to write", self.chunks, self.missing);
        out!("gas             at most about {}", grouped(self.gas));
        out!(
            "cost            {} wei at the current price",
            grouped(self.wei)
        );
        out!("nothing was paid");
        Ok(())
    }
}

/// Asks whether to pay, if there is a person to ask.
///
/// # Errors
/// The terminal went away.
pub(crate) fn confirmed() -> Result<bool> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(true);
    }
    eprint!("pay? [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
