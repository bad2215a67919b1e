//! `fixpoint deploy`: a model into chain state, activated and registered.
//!
//! Every step looks first whether it is done already, so a deployment that was interrupted goes on
//! where it stopped, and no chunk is paid for twice.

use crate::{
    bill::{Bill, confirmed},
    cost,
    interrupt::{Interrupt, Stopped},
    model_file,
    onchain::{IChunkStore, IModelRegistry, OnChain, Reverted, block_on},
    output::out,
    text::grouped,
    upload::Upload,
};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::{SolCall, SolError as _};
use anyhow::{Context as _, Result, bail, ensure};
use fixpoint_precompile::{
    abi::IInference,
    address::{CHUNK_STORE, INFERENCE_GATEWAY, MODEL_REGISTRY, PRECOMPILE},
};
use std::path::PathBuf;

/// Put a model on chain: chunks, root, activation, registration.
///
/// Says what it costs first. Ctrl-C stops it at a safe place; run it again after that or any other
/// interruption: it goes on where it stopped and pays for nothing twice.
///
/// The gate is part of a model's identity, and --price sets it: the same file without a price, or
/// under another gate, is another model with chunks of its own.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint deploy m.fxp --rpc http://127.0.0.1:8545 --private-key $KEY --dry-run
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
    /// Say what it would cost, and pay nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before paying (it is asked only at a terminal)
    #[arg(short, long)]
    yes: bool,
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
    let upload = Upload::plan(&chain, gate, &file.payload).await?;
    let bill = Bill::of(&chain, &upload, cost.activate).await?;
    if args.dry_run {
        return bill.show(args.json);
    }
    bill.ensure_funded()?;
    if !args.json {
        bill.announce();
    }
    if !(args.json || args.yes) && bill.missing > 0 && !confirmed()? {
        bail!("nothing was paid");
    }
    let mut deployment = Deployment {
        interrupt: Interrupt::listen()?,
        chain,
        gate,
        payload: file.payload,
        gas_used: 0,
    };

    let written = upload.write(&deployment.chain, &deployment.interrupt, args.json);
    deployment.gas_used += written.await?;
    let chunks = upload.addresses;
    let root = deployment.write_root(&chunks).await?;
    let (model_hash, inference_gas) = deployment.activate(root).await?;
    let mut deployed = Deployed {
        root,
        model_hash,
        gate,
        chunks: chunks.len(),
        listing: None,
        gas_used: 0,
        inference_gas,
    };
    if let Some(name) = args.name {
        let price_wei = args.price.unwrap_or_default();
        let changes = deployment.register(root, deployed.id(), &name, price_wei);
        deployed.listing = Some(Listing {
            changes: changes.await?,
            owner: deployment.chain.account(),
            name,
            price_wei,
        });
    }
    deployed.gas_used = deployment.gas_used;
    deployed.show(args.json)
}

/// What a deployment came to.
struct Deployed {
    root: Address,
    model_hash: B256,
    gate: Address,
    chunks: usize,
    listing: Option<Listing>,
    /// By this run.
    gas_used: u64,
    inference_gas: u64,
}

/// A model's entry in the registry.
struct Listing {
    name: String,
    price_wei: U256,
    owner: Address,
    /// What this run changed.
    changes: Vec<&'static str>,
}

impl Deployed {
    /// The model's token.
    fn id(&self) -> U256 {
        U256::from_be_bytes(self.model_hash.0)
    }

    fn show(&self, json: bool) -> Result<()> {
        let listing = self.listing.as_ref();
        if json {
            let changes = listing.map(|listing| listing.changes.as_slice());
            let result = serde_json::json!({
                "model": self.root,
                "model_hash": self.model_hash,
                "model_id": self.id().to_string(),
                "registered": listing.is_some(),
                "gate": self.gate,
                "name": listing.map(|listing| &listing.name),
                "price_wei": listing.map(|listing| listing.price_wei.to_string()),
                "owner": listing.map(|listing| listing.owner),
                "changes": changes.unwrap_or_default(),
                "chunks": self.chunks,
                "gas_used": self.gas_used,
                "inference_gas": self.inference_gas,
            });
            out!("{}", serde_json::to_string_pretty(&result)?);
            return Ok(());
        }
        out!("model           {}", self.root);
        out!("model hash      {}", self.model_hash);
        out!("gate            {}", gate_text(self.gate));
        if let Some(listing) = listing {
            out!("model id (token) {}", self.id());
            out!("name            {}", listing.name);
            out!(
                "price           {} wei per inference",
                grouped(listing.price_wei)
            );
            out!("owner           {}", listing.owner);
            out!("registry        {}", changes_text(&listing.changes));
        }
        out!("gas, this run   {}", grouped(self.gas_used));
        out!(
            "gas of a call   {} (first in a transaction)",
            grouped(self.inference_gas)
        );
        Ok(())
    }
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
    interrupt: Interrupt,
    gas_used: u64,
}

impl Deployment {
    /// Sends one transaction, unless the user has asked to stop.
    async fn send<C: SolCall>(&mut self, to: Address, call: &C, what: &str) -> Result<()> {
        if self.interrupt.asked() {
            return Err(Stopped(format!("before {what}")).into());
        }
        let sent = self.chain.send(to, call).await;
        self.gas_used += sent.with_context(|| what.to_owned())?.gas_used;
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
            self.send(CHUNK_STORE, &call, "writing the root").await?;
        }
        Ok(root)
    }

    async fn activate(&mut self, model: Address) -> Result<(B256, u64)> {
        if let Ok(info) = self.chain.model_info(model).await {
            return Ok((info.modelHash, info.inferenceGas));
        }
        let call = IInference::activateCall { model };
        self.send(PRECOMPILE, &call, "activating the model").await?;
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
        match existing {
            Ok(model) if model.owner != self.chain.account() => {
                bail!(
                    "the model is registered already and belongs to {}",
                    model.owner
                )
            }
            Ok(model) => self.update(&model, id, name, price_wei).await,
            Err(error) if is_unregistered(&error) => {
                let call = IModelRegistry::registerCall {
                    root,
                    name: name.to_owned(),
                    priceWei: price_wei,
                };
                self.send(MODEL_REGISTRY, &call, "registering the model")
                    .await?;
                Ok(vec!["registered"])
            }
            Err(error) => Err(error.context("reading the registry")),
        }
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
            self.send(MODEL_REGISTRY, &call, "renaming the model")
                .await?;
            changes.push("renamed");
        }
        if model.priceWei != price_wei {
            let call = IModelRegistry::setPriceCall {
                modelId: id,
                priceWei: price_wei,
            };
            self.send(MODEL_REGISTRY, &call, "pricing the model")
                .await?;
            changes.push("repriced");
        }
        Ok(changes)
    }
}

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
