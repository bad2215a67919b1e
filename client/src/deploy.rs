//! A model into chain state, activated and registered.
//!
//! Every step looks first whether it is done already, so a deployment that was interrupted goes on
//! where it stopped, and no chunk is paid for twice.

use crate::{
    bill::Bill,
    chain::Chain,
    contracts::{IChunkStore, IModelRegistry},
    error::ChainError,
    steps::{DeployError, Observer, Step},
    upload::Upload,
};
use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::{SolCall, SolError as _};
use fixpoint_precompile::{
    abi::IInference,
    address::{CHUNK_STORE, INFERENCE_GATEWAY, MODEL_REGISTRY, PRECOMPILE},
};
use serde_json::{Value, json};

/// How a model is to be on chain. The gate is part of its identity: the same bytes under another gate
/// are another model with chunks of its own.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Register it under this name.
    pub name: Option<String>,
    /// Price of an inference in wei; the gateway is then the gate.
    pub price_wei: Option<U256>,
    /// The only account that may call it.
    pub gate: Option<Address>,
}

impl Terms {
    /// The gate: the one given, else the gateway if there is a price, else none.
    pub fn gate(&self) -> Address {
        let is_priced = self.price_wei.is_some_and(|price| !price.is_zero());
        let default = if is_priced {
            INFERENCE_GATEWAY
        } else {
            Address::ZERO
        };
        self.gate.unwrap_or(default)
    }
}

/// A deployment that is planned and priced; nothing is paid yet.
pub struct Deployment<'a> {
    chain: Chain,
    payload: &'a [u8],
    terms: Terms,
    upload: Upload,
    bill: Bill,
    gas_used: u64,
}

/// What a deployment came to.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// The root contract: the model's address.
    pub root: Address,
    /// Hash of its code.
    pub model_hash: B256,
    /// Who may call it; zero for anyone.
    pub gate: Address,
    /// Chunks that the root lists.
    pub chunks: usize,
    /// Its entry in the registry, if it was asked for.
    pub listing: Option<Listing>,
    /// Gas of the transactions that were sent.
    pub gas_used: u64,
    /// Gas of a call, the first in a transaction.
    pub inference_gas: u64,
}

impl Deployed {
    /// The model's token.
    pub fn id(&self) -> U256 {
        U256::from_be_bytes(self.model_hash.0)
    }

    /// For programs; amounts of wei and ids are decimal texts.
    pub fn to_json(&self) -> Value {
        let listing = self.listing.as_ref();
        let changes = listing.map(|listing| listing.changes.as_slice());
        json!({
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
        })
    }
}

/// A model's entry in the registry.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Its name.
    pub name: String,
    /// Price of an inference, in wei.
    pub price_wei: U256,
    /// Who has the token.
    pub owner: Address,
    /// What changed: registered, renamed, repriced.
    pub changes: Vec<&'static str>,
}

impl<'a> Deployment<'a> {
    /// Looks at the chain: what is there already, and what the rest will cost. Waits first for
    /// transactions that an earlier run left on their way.
    ///
    /// # Errors
    /// The chain lacks a contract, or the node failed.
    pub async fn plan(
        chain: Chain,
        payload: &'a [u8],
        activation_gas: u64,
        terms: Terms,
    ) -> Result<Self, DeployError> {
        ensure_contracts(&chain).await?;
        chain.settle().await?;
        let upload = Upload::plan(&chain, terms.gate(), payload).await?;
        let bill = Bill::of(&chain, &upload, activation_gas).await?;
        Ok(Self {
            chain,
            payload,
            terms,
            upload,
            bill,
            gas_used: 0,
        })
    }

    /// What it will cost.
    pub const fn bill(&self) -> &Bill {
        &self.bill
    }

    /// Does all that is not done.
    ///
    /// # Errors
    /// [`DeployError`]; what was sent is then on chain or refused, and the same deployment goes on
    /// from there.
    pub async fn run(mut self, observer: &mut dyn Observer) -> Result<Deployed, DeployError> {
        self.bill.ensure_funded()?;
        self.gas_used += self.upload.write(&self.chain, observer).await?;
        let root = self.write_root(observer).await?;
        let (model_hash, inference_gas) = self.activate(root, observer).await?;
        let mut deployed = Deployed {
            root,
            model_hash,
            gate: self.terms.gate(),
            chunks: self.upload.addresses.len(),
            listing: None,
            gas_used: 0,
            inference_gas,
        };
        if let Some(name) = self.terms.name.clone() {
            let price_wei = self.terms.price_wei.unwrap_or_default();
            let changes = self.register(root, deployed.id(), &name, price_wei, observer);
            deployed.listing = Some(Listing {
                changes: changes.await?,
                owner: self.chain.account(),
                name,
                price_wei,
            });
        }
        deployed.gas_used = self.gas_used;
        Ok(deployed)
    }

    /// Sends one transaction, unless the observer asks to stop.
    async fn send<C: SolCall>(
        &mut self,
        to: Address,
        call: &C,
        step: Step,
        observer: &mut dyn Observer,
    ) -> Result<(), DeployError> {
        if observer.stop_asked() {
            return Err(DeployError::Stopped {
                place: format!("before {step}"),
            });
        }
        observer.progress(step, 0, 1);
        let sent = self.chain.send(to, call).await;
        self.gas_used += sent.map_err(|source| step.failed(source))?.gas_used;
        observer.progress(step, 1, 1);
        Ok(())
    }

    async fn write_root(&mut self, observer: &mut dyn Observer) -> Result<Address, DeployError> {
        let gate = self.terms.gate();
        let content_hash = keccak256(self.payload);
        let payload_length = u32::try_from(self.payload.len()).map_err(|_| DeployError::TooLong)?;
        let chunks = self.upload.addresses.clone();
        let call = IChunkStore::rootAddressCall {
            gate,
            payloadLength: payload_length,
            contentHash: content_hash,
            chunks: chunks.clone(),
        };
        let root = self.chain.call(self.chain.account(), CHUNK_STORE, &call);
        let root = root.await?;
        if self.chain.code(root).await?.is_empty() {
            let call = IChunkStore::writeRootCall {
                gate,
                payloadLength: payload_length,
                contentHash: content_hash,
                chunks,
            };
            self.send(CHUNK_STORE, &call, Step::Root, observer).await?;
        }
        Ok(root)
    }

    async fn activate(
        &mut self,
        model: Address,
        observer: &mut dyn Observer,
    ) -> Result<(B256, u64), DeployError> {
        if let Ok(info) = self.chain.model_info(model).await {
            return Ok((info.modelHash, info.inferenceGas));
        }
        let call = IInference::activateCall { model };
        self.send(PRECOMPILE, &call, Step::Activation, observer)
            .await?;
        let info = self.chain.model_info(model).await;
        let info = info.map_err(|source| DeployError::Unread {
            what: "the activated model",
            source,
        })?;
        Ok((info.modelHash, info.inferenceGas))
    }

    async fn register(
        &mut self,
        root: Address,
        id: U256,
        name: &str,
        price_wei: U256,
        observer: &mut dyn Observer,
    ) -> Result<Vec<&'static str>, DeployError> {
        let account = self.chain.account();
        let call = IModelRegistry::modelOfCall { modelId: id };
        match self.chain.call(account, MODEL_REGISTRY, &call).await {
            Ok(model) if model.owner != account => Err(DeployError::Owned { owner: model.owner }),
            Ok(model) => self.update(&model, id, name, price_wei, observer).await,
            Err(error) if is_unregistered(&error) => {
                let call = IModelRegistry::registerCall {
                    root,
                    name: name.to_owned(),
                    priceWei: price_wei,
                };
                self.send(MODEL_REGISTRY, &call, Step::Registration, observer)
                    .await?;
                Ok(vec!["registered"])
            }
            Err(source) => Err(DeployError::Unread {
                what: "the registry",
                source,
            }),
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
        observer: &mut dyn Observer,
    ) -> Result<Vec<&'static str>, DeployError> {
        let mut changes = Vec::new();
        if model.name != name {
            let call = IModelRegistry::setNameCall {
                modelId: id,
                name: name.to_owned(),
            };
            self.send(MODEL_REGISTRY, &call, Step::Renaming, observer)
                .await?;
            changes.push("renamed");
        }
        if model.priceWei != price_wei {
            let call = IModelRegistry::setPriceCall {
                modelId: id,
                priceWei: price_wei,
            };
            self.send(MODEL_REGISTRY, &call, Step::Pricing, observer)
                .await?;
            changes.push("repriced");
        }
        Ok(changes)
    }
}

/// Makes sure that the chain has what deploying needs.
async fn ensure_contracts(chain: &Chain) -> Result<(), DeployError> {
    for (name, address) in [
        ("ChunkStore", CHUNK_STORE),
        ("ModelRegistry", MODEL_REGISTRY),
    ] {
        if chain.code(address).await?.is_empty() {
            return Err(DeployError::NoContract { name, address });
        }
    }
    Ok(())
}

fn is_unregistered(error: &ChainError) -> bool {
    let unregistered = IModelRegistry::ERC721NonexistentToken::SELECTOR;
    matches!(error, ChainError::Reverted(reverted) if reverted.data.starts_with(&unregistered))
}
