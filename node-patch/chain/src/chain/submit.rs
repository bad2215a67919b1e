//! The way into the pool, and what is in it.

use alloy_eips::{BlockId, eip2718::Decodable2718};
use alloy_primitives::{Address, B256, U256};

use super::Chain;
use crate::{
    admission::{self, AdmissionError},
    block::{RecoveredTransaction, Transaction},
    pool::{PoolContent, PoolError, PoolStatus},
    state::StateError,
};

/// The tip that [`Chain::suggested_tip_wei`] names: 1 gwei, as other development nodes do.
const SUGGESTED_TIP_WEI: u64 = 1_000_000_000;

impl Chain {
    /// Calls `listener` with each transaction that the pool takes in, from the thread that submits it.
    /// It must neither block nor add listeners; return `false` to be forgotten.
    pub fn on_transaction(
        &self,
        listener: impl Fn(&RecoveredTransaction) -> bool + Send + Sync + 'static,
    ) {
        self.inner.transaction_listeners.add(listener);
    }

    /// Puts a signed transaction into the pool; returns its hash.
    pub fn submit(&self, transaction: Transaction) -> Result<B256, PoolError> {
        let chain_id = self.spec().chain_id();
        let transaction = admission::check_transaction(transaction, chain_id, &self.head())?;
        self.admit(transaction)
    }

    /// Checks the sender's account and takes the transaction in.
    pub(super) fn admit(&self, transaction: RecoveredTransaction) -> Result<B256, PoolError> {
        let hash = {
            // The pool first, then the head: a block that comes in between finds the transaction
            // here when it advances the pool.
            let mut pool = self.inner.pool.lock();
            let view = self.state_at(BlockId::latest())?;
            let contracts_may_send = self.spec().contracts_may_send();
            let sender = admission::check_sender(&transaction, &view, contracts_may_send)?;
            pool.add(transaction.clone(), sender)?
        };
        self.inner.transaction_listeners.notify(&transaction);
        Ok(hash)
    }

    /// [`Self::submit`] of EIP-2718 bytes (`eth_sendRawTransaction`).
    pub fn submit_raw(&self, bytes: &[u8]) -> Result<B256, PoolError> {
        let transaction = Transaction::decode_2718_exact(bytes)
            .map_err(|error| AdmissionError::Decode(error.to_string()))?;
        self.submit(transaction)
    }

    /// A transaction that waits in the pool.
    pub fn pooled_transaction(&self, hash: B256) -> Option<RecoveredTransaction> {
        self.inner.pool.lock().get(hash).cloned()
    }

    /// Everything in the pool.
    pub fn pool_content(&self) -> PoolContent {
        self.inner.pool.lock().content()
    }

    /// How much is in the pool.
    pub fn pool_status(&self) -> PoolStatus {
        self.inner.pool.lock().status()
    }

    /// Takes a transaction out of the pool; false if it was not there.
    pub fn drop_transaction(&self, hash: B256) -> bool {
        self.inner.pool.lock().remove(hash)
    }

    /// The nonce of the sender's next transaction, counting its pending ones.
    pub fn pending_nonce(&self, address: Address) -> Result<u64, StateError> {
        let pooled = self.inner.pool.lock().next_nonce(address);
        let mined = self.state_at(BlockId::latest())?.nonce(address)?;
        Ok(pooled.map_or(mined, |pooled| pooled.max(mined)))
    }

    /// A tip in wei that gets a transaction into the next blocks.
    pub fn suggested_tip_wei(&self) -> U256 {
        U256::from(SUGGESTED_TIP_WEI)
    }
}
