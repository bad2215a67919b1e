//! What every method works with: the chain, the miner, keys, filters and the event streams.

use std::sync::Arc;

use alloy_eips::{BlockId, BlockNumberOrTag};
use fixpoint_chain::{Chain, ExecutedBlock, RecoveredTransaction, SealedHeader};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, broadcast};

use crate::{accounts::DevAccounts, error::RpcError, filters::Filters, mining::Miner};

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
    pub(crate) filters: Filters,
    pub(crate) heads: broadcast::Sender<Arc<ExecutedBlock>>,
    pub(crate) pooled: broadcast::Sender<Arc<RecoveredTransaction>>,
    /// Held while a nonce is chosen for a developer account, so that no two calls choose the same.
    pub(crate) signing: Mutex<()>,
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
        Self {
            chain,
            miner,
            accounts,
            identity,
            filters: Filters::default(),
            heads,
            pooled,
            signing: Mutex::new(()),
            traces: Arc::new(Semaphore::new(TRACES_AT_A_TIME)),
        }
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

    /// The block after the head as it would be made now, not part of the chain.
    pub(crate) fn pending_block(&self) -> Result<ExecutedBlock, RpcError> {
        let head = self.chain.head();
        let attributes = fixpoint_chain::BlockAttributes::at(head.timestamp.saturating_add(1));
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

/// The block that a call means when it names none.
pub(crate) const LATEST: BlockId = BlockId::Number(BlockNumberOrTag::Latest);
