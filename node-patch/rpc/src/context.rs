//! What every method works with: the chain, the miner, keys, filters and the event streams.

use std::sync::Arc;

use alloy_eips::{BlockId, BlockNumberOrTag};
use fixpoint_chain::{BlockAttributes, Chain, ExecutedBlock, RecoveredTransaction, SealedHeader};
use fixpoint_evm::precompile::answer_cache::FifoAnswerCache;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, broadcast};

use crate::{
    accounts::DevAccounts, controls::Controls, error::RpcError, filters::Filters,
    impersonation::Impersonated, metrics::Metrics, mining::Miner,
};

/// Heads and transactions that a slow subscriber may lag behind before it is dropped.
const EVENT_CAPACITY: usize = 4_096;

/// Traces in memory at a time: one may take a gigabyte.
const TRACES_AT_A_TIME: usize = 1;

/// What a node says about itself.
#[derive(Clone, Debug)]
pub struct NodeIdentity {
    /// `web3_clientVersion`.
    pub client_version: String,
    /// The instruction set that the tensor kernels use, and how they were built.
    pub kernels: String,
}

/// Everything a method may use.
pub struct Context {
    pub(crate) chain: Chain,
    pub(crate) miner: Arc<dyn Miner>,
    pub(crate) accounts: DevAccounts,
    pub(crate) identity: NodeIdentity,
    pub(crate) metrics: Metrics,
    pub(crate) filters: Filters,
    pub(crate) heads: broadcast::Sender<Arc<ExecutedBlock>>,
    pub(crate) pooled: broadcast::Sender<Arc<RecoveredTransaction>>,
    /// Held while a nonce is chosen for a developer account, so that no two calls choose the same.
    pub(crate) signing: Mutex<()>,
    /// Of a development chain; `None` on any other.
    pub(crate) controls: Option<Arc<dyn Controls>>,
    pub(crate) impersonated: Mutex<Impersonated>,
    /// The answers that the chain remembers, if it does.
    pub(crate) answers: Option<Arc<FifoAnswerCache>>,
    /// One permit per trace that may be in memory at a time.
    pub(crate) traces: Arc<Semaphore>,
}

impl Context {
    /// A context over `chain`; from now on it follows the chain's events.
    pub fn new(
        chain: Chain,
        miner: Arc<dyn Miner>,
        accounts: DevAccounts,
        identity: NodeIdentity,
    ) -> Self {
        let (heads, _) = broadcast::channel(EVENT_CAPACITY);
        let (pooled, _) = broadcast::channel(EVENT_CAPACITY);
        // A failed send means that nobody listens at the moment, which is no reason to stop.
        let sender = heads.clone();
        chain.on_head(move |block| {
            let _ = sender.send(Arc::clone(block));
            true
        });
        let sender = pooled.clone();
        chain.on_transaction(move |transaction| {
            let _ = sender.send(Arc::new(transaction.clone()));
            true
        });
        let metrics = Metrics::new(&chain, &identity);
        Self {
            chain,
            miner,
            accounts,
            identity,
            metrics,
            filters: Filters::default(),
            heads,
            pooled,
            signing: Mutex::new(()),
            controls: None,
            answers: None,
            impersonated: Mutex::default(),
            traces: Arc::new(Semaphore::new(TRACES_AT_A_TIME)),
        }
    }

    /// Adds the methods of a development chain: changing state, undoing blocks, impersonation.
    pub fn with_controls(mut self, controls: Arc<dyn Controls>) -> Self {
        self.controls = Some(controls);
        self
    }

    /// Whether anybody may send without a signature, until a client says otherwise.
    pub fn impersonate_everybody(&self, enabled: bool) {
        self.impersonated.lock().set_everybody(enabled);
    }

    /// Says what the cache of answers holds that the chain was given.
    pub fn with_answers(mut self, answers: Option<Arc<FifoAnswerCache>>) -> Self {
        if let Some(answers) = &answers {
            self.metrics.read_answers(Arc::clone(answers));
        }
        self.answers = answers;
        self
    }

    /// The header that `id` names.
    pub(crate) fn header(&self, id: BlockId) -> Result<SealedHeader, RpcError> {
        self.chain
            .header(id)
            .map_err(RpcError::internal)?
            .ok_or(RpcError::UnknownBlock)
    }

    /// The block that `id` names; `None` if there is none. `pending` is built on the spot.
    pub(crate) fn block(&self, id: BlockId) -> Result<Option<Arc<ExecutedBlock>>, RpcError> {
        self.chain.block(id).map_err(RpcError::internal)
    }

    /// What the miner will make the next block with. A model may pay the beneficiary, and a clock may
    /// have been moved, so a pending call must see what the next block will.
    pub(crate) fn next_attributes(&self) -> Result<BlockAttributes, RpcError> {
        Ok(self.miner.configure(&[])?.next_block)
    }

    /// The block after the head as it would be made now, not part of the chain.
    pub(crate) fn pending_block(&self) -> Result<ExecutedBlock, RpcError> {
        let head = self.chain.head();
        let attributes = self.next_attributes()?;
        let content = self.chain.pool_content();
        let transactions: Vec<RecoveredTransaction> = content
            .pending
            .into_values()
            .flat_map(|by_nonce| by_nonce.into_values())
            .collect();
        let built = self
            .chain
            .build(head.hash(), &attributes, transactions)
            .map_err(RpcError::internal)?;
        Ok(built.block)
    }
}

/// The block that an estimate means when it names none: the next one is where it has to be enough.
pub(crate) const PENDING: BlockId = BlockId::Number(BlockNumberOrTag::Pending);

/// The block that a call means when it names none.
pub(crate) const LATEST: BlockId = BlockId::Number(BlockNumberOrTag::Latest);
