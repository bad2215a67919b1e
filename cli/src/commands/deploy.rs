//! `fixpoint deploy`: a model into chain state, activated and registered.
//!
//! Every step looks first whether it is done already, so a deployment that was interrupted goes on
//! where it stopped, and no chunk is paid for twice.

use crate::{
    cost, model_file,
    onchain::{IChunkStore, IModelRegistry, OnChain, Reverted, block_on},
    output::out,
    text::grouped,
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolError as _;
use anyhow::{Context as _, Result, bail, ensure};
use fixpoint_precompile::{
    abi::IInference,
    address::{CHUNK_STORE, INFERENCE_GATEWAY, MODEL_REGISTRY, PRECOMPILE},
    root::CHUNK_DATA_BYTES,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::PathBuf;

/// Put a model on chain: chunks, root, activation, registration.
///
/// Run it again after an interruption: it goes on where it stopped and pays for nothing twice.
///
/// The gate is part of a model's identity, and --price sets it: the same file without a price, or
/// under another gate, is another model with chunks of its own.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint deploy m.fxp --rpc http://127.0.0.1:8545 --private-key $KEY
  fixpoint deploy m.fxp --rpc http://127.0.0.1:8545 --private-key $KEY \\
    --name digits --price 1000000000000")]
pub(crate) struct Args {
    /// The compiled model
    model: PathBuf,
    /// JSON-RPC endpoint of the node
    #[arg(long, value_name = "URL", env = "FIXPOINT_RPC")]
    rpc: String,
    /// Key of the account that pays, and that will own the model
    #[arg(
        long,
        value_name = "K",
        env = "FIXPOINT_PRIVATE_KEY",
        hide_env_values = true
    )]
    private_key: String,
    /// Register the model under this name
    #[arg(long, value_name = "N")]
    name: Option<String>,
    /// Price of one inference in wei; the gateway becomes the model's gate
    #[arg(long, value_name = "WEI", requires = "name")]
    price: Option<U256>,
    /// The only account that may call the model (default: the gateway if priced, else anyone)
    #[arg(long, value_name = "ADDRESS", conflicts_with = "price")]
    gate: Option<Address>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<()> {
    block_on(deploy(args))
}

async fn deploy(args: Args) -> Result<()> {
    let file = model_file::read(&args.model)?;
    // A model that no chain would activate is refused before anything is paid.
    let (cost, _) = cost::measure(&file)?;
    let chain = OnChain::signer(&args.rpc, &args.private_key).await?;
    ensure_contracts(&chain).await?;
    chain.settle().await?;
    let priced = args.price.is_some_and(|price| !price.is_zero());
    let gate = args.gate.unwrap_or(if priced {
        INFERENCE_GATEWAY
    } else {
        Address::ZERO
    });
    let mut deployment = Deployment {
        chain,
        gate,
        payload: file.payload,
        activation_gas: cost.activate,
        gas_used: 0,
        json: args.json,
    };

    let chunks = deployment.write_chunks().await?;
    let root = deployment.write_root(&chunks).await?;
    let (model_hash, inference_gas) = deployment.activate(root).await?;
    let model_id = U256::from_be_bytes(model_hash.0);
    let price_wei = args.price.unwrap_or_default();
    let mut changes = Vec::new();
    if let Some(name) = &args.name {
        changes = deployment.register(root, model_id, name, price_wei).await?;
    }

    if args.json {
        let result = serde_json::json!({
            "model": root,
            "model_hash": model_hash,
            "model_id": model_id.to_string(),
            "registered": args.name.is_some(),
            "gate": gate,
            "name": args.name,
            "price_wei": args.name.as_ref().map(|_| price_wei.to_string()),
            "owner": args.name.as_ref().map(|_| deployment.chain.account()),
            "changes": changes,
            "chunks": chunks.len(),
            "gas_used": deployment.gas_used,
            "inference_gas": inference_gas,
        });
        out!("{}", serde_json::to_string_pretty(&result)?);
    } else {
        out!("model           {root}");
        out!("model hash      {model_hash}");
        out!("gate            {}", gate_text(gate));
        if let Some(name) = &args.name {
            out!("model id (token) {model_id}");
            out!("name            {name}");
            out!("price           {} wei per inference", grouped(price_wei));
            out!("owner           {}", deployment.chain.account());
            out!("registry        {}", changes_text(&changes));
        }
        out!("gas, this run   {}", grouped(deployment.gas_used));
        out!(
            "gas of a call   {} (first in a transaction)",
            grouped(inference_gas)
        );
    }
    Ok(())
}

/// Makes sure that the chain has what deploying needs.
async fn ensure_contracts(chain: &OnChain) -> Result<()> {
    for (name, address) in [
        ("ChunkStore", CHUNK_STORE),
        ("ModelRegistry", MODEL_REGISTRY),
    ] {
        ensure!(
            !chain.code(address).await?.is_empty(),
            "there is no contract at {address}, where this chain should have its {name}"
        );
    }
    Ok(())
}

/// A deployment under way.
struct Deployment {
    chain: OnChain,
    gate: Address,
    payload: Vec<u8>,
    activation_gas: u64,
    gas_used: u64,
    json: bool,
}

impl Deployment {
    async fn write_chunks(&mut self) -> Result<Vec<Address>> {
        let parts: Vec<Bytes> = self
            .payload
            .chunks(CHUNK_DATA_BYTES)
            .map(Bytes::copy_from_slice)
            .collect();
        let mut addresses = Vec::new();
        let mut missing = Vec::new();
        for data in parts {
            let call = IChunkStore::chunkAddressCall {
                writer: self.chain.account(),
                gate: self.gate,
                data: data.clone(),
            };
            let address = self
                .chain
                .call(self.chain.account(), CHUNK_STORE, &call)
                .await?;
            // Equal parts are one chunk, which the root lists more than once.
            if !addresses.contains(&address) && self.chain.code(address).await?.is_empty() {
                missing.push(data);
            }
            addresses.push(address);
        }
        self.announce_cost(addresses.len(), &missing).await?;
        let bar = progress(missing.len() as u64, self.json);
        for data in missing {
            let receipt = self
                .chain
                .send(
                    CHUNK_STORE,
                    &IChunkStore::writeChunkCall {
                        gate: self.gate,
                        data,
                    },
                )
                .await
                .context("writing a chunk; run the same command again to go on from here")?;
            self.gas_used += receipt.gas_used;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(addresses)
    }

    /// Says what is about to be paid, before anything is.
    async fn announce_cost(&self, chunks: usize, missing: &[Bytes]) -> Result<()> {
        if missing.is_empty() {
            if !self.json {
                eprintln!("all {chunks} chunks are on chain already");
            }
            return Ok(());
        }
        let bytes = missing.iter().map(|data| data.len() as u64).sum::<u64>();
        // EIP-170 code deposit, calldata and initcode of a byte, and a transaction's own costs.
        let gas = bytes * GAS_PER_CHUNK_BYTE
            + missing.len() as u64 * GAS_PER_CHUNK
            + chunks as u64 * GAS_PER_ROOT_ENTRY
            + self.activation_gas
            + GAS_OF_THE_REST;
        let wei = U256::from(gas) * U256::from(self.chain.gas_price_wei().await?);
        let balance = self.chain.balance_wei().await?;
        ensure!(
            balance >= wei,
            "{} has {} wei, this needs at most about {} wei: fund the account",
            self.chain.account(),
            grouped(balance),
            grouped(wei),
        );
        if !self.json {
            eprintln!(
                "{} of {chunks} chunks to write; at most about {} gas, {} wei at the current price",
                missing.len(),
                grouped(gas),
                grouped(wei),
            );
        }
        Ok(())
    }

    async fn write_root(&mut self, chunks: &[Address]) -> Result<Address> {
        let content_hash = keccak256(&self.payload);
        let payload_length = u32::try_from(self.payload.len()).context("the model is too long")?;
        let call = IChunkStore::rootAddressCall {
            gate: self.gate,
            payloadLength: payload_length,
            contentHash: content_hash,
            chunks: chunks.to_vec(),
        };
        let root = self
            .chain
            .call(self.chain.account(), CHUNK_STORE, &call)
            .await?;
        if self.chain.code(root).await?.is_empty() {
            let call = IChunkStore::writeRootCall {
                gate: self.gate,
                payloadLength: payload_length,
                contentHash: content_hash,
                chunks: chunks.to_vec(),
            };
            let receipt = self
                .chain
                .send(CHUNK_STORE, &call)
                .await
                .context("writing the root")?;
            self.gas_used += receipt.gas_used;
        }
        Ok(root)
    }

    async fn activate(&mut self, model: Address) -> Result<(B256, u64)> {
        if let Ok(info) = self.chain.model_info(model).await {
            return Ok((info.modelHash, info.inferenceGas));
        }
        let receipt = self
            .chain
            .send(PRECOMPILE, &IInference::activateCall { model })
            .await
            .context("activating the model")?;
        self.gas_used += receipt.gas_used;
        let info = self
            .chain
            .model_info(model)
            .await
            .context("reading the activated model")?;
        Ok((info.modelHash, info.inferenceGas))
    }

    async fn register(
        &mut self,
        root: Address,
        id: U256,
        name: &str,
        price_wei: U256,
    ) -> Result<Vec<&'static str>> {
        let existing = self
            .chain
            .call(
                self.chain.account(),
                MODEL_REGISTRY,
                &IModelRegistry::modelOfCall { modelId: id },
            )
            .await;
        let receipt = match existing {
            Ok(model) if model.owner != self.chain.account() => {
                bail!(
                    "the model is registered already and belongs to {}",
                    model.owner
                )
            }
            Ok(model) => return self.update(&model, id, name, price_wei).await,
            Err(error) if is_unregistered(&error) => {
                let call = IModelRegistry::registerCall {
                    root,
                    name: name.to_owned(),
                    priceWei: price_wei,
                };
                self.chain
                    .send(MODEL_REGISTRY, &call)
                    .await
                    .context("registering the model")?
            }
            Err(error) => return Err(error.context("reading the registry")),
        };
        self.gas_used += receipt.gas_used;
        Ok(vec!["registered"])
    }

    /// Brings the name and price of a model that is registered already to what was asked for; says
    /// what changed.
    async fn update(
        &mut self,
        model: &IModelRegistry::Model,
        id: U256,
        name: &str,
        price_wei: U256,
    ) -> Result<Vec<&'static str>> {
        let mut changes = Vec::new();
        if model.name != name {
            let call = IModelRegistry::setNameCall {
                modelId: id,
                name: name.to_owned(),
            };
            self.gas_used += self.chain.send(MODEL_REGISTRY, &call).await?.gas_used;
            changes.push("renamed");
        }
        if model.priceWei != price_wei {
            let call = IModelRegistry::setPriceCall {
                modelId: id,
                priceWei: price_wei,
            };
            self.gas_used += self.chain.send(MODEL_REGISTRY, &call).await?.gas_used;
            changes.push("repriced");
        }
        Ok(changes)
    }
}

/// Code deposit (200), calldata (16), and copying: per byte of a chunk, rounded up.
const GAS_PER_CHUNK_BYTE: u64 = 225;
/// Transaction, creation, and the store's own record, per chunk.
const GAS_PER_CHUNK: u64 = 120_000;
/// Calldata, code deposit and reading the chunk, per entry of the root, rounded up.
const GAS_PER_ROOT_ENTRY: u64 = 20_000;
/// What does not grow with the model: transactions, creating the root, registration.
const GAS_OF_THE_REST: u64 = 700_000;

/// Who may call the model.
fn gate_text(gate: Address) -> String {
    match gate {
        Address::ZERO => "none: anyone may call it".to_owned(),
        INFERENCE_GATEWAY => format!("{gate} (the gateway)"),
        _ => gate.to_string(),
    }
}

fn changes_text(changes: &[&str]) -> String {
    if changes.is_empty() {
        return "registered already, unchanged".to_owned();
    }
    changes.join(", ")
}

fn is_unregistered(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Reverted>().is_some_and(|reverted| {
        reverted
            .data
            .starts_with(&IModelRegistry::ERC721NonexistentToken::SELECTOR)
    })
}

fn progress(length: u64, hidden: bool) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if hidden || length == 0 {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("chunks {bar:40} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}
