//! A node: reads, and transactions from one account.

use crate::error::{AddressError, ChainError};
use alloy::{
    consensus::{Header, ReceiptEnvelope},
    eips::BlockNumberOrTag,
    network::{Ethereum, EthereumWallet, TransactionBuilder as _},
    providers::{DynProvider, PendingTransactionBuilder, Provider as _, ProviderBuilder},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use fixpoint_precompile::{abi::IInference, address::PRECOMPILE};
use std::{
    error::Error,
    time::{Duration, Instant},
};

/// How long to wait for transactions that an earlier run has sent.
const SETTLE_PATIENCE: Duration = Duration::from_secs(120);
/// How often to look whether they are in a block.
const SETTLE_POLL: Duration = Duration::from_millis(200);

/// The block that a transaction is in, as far as proofs need it.
pub struct BlockOf {
    /// The block's hash.
    pub hash: B256,
    /// Its header.
    pub header: Header,
    /// One for each transaction.
    pub receipts: Vec<ReceiptEnvelope>,
    /// The transaction's place.
    pub transaction_index: usize,
}

/// A connection to a node, with an account that pays if there is a key.
#[derive(Clone)]
pub struct Chain {
    provider: DynProvider,
    account: Address,
}

impl Chain {
    /// Connects without an account: reads only.
    ///
    /// # Errors
    /// The URL is not one, or no node answers there.
    pub async fn reader(url: &str) -> Result<Self, ChainError> {
        let provider = ProviderBuilder::new()
            .connect_http(parse_url(url)?)
            .erased();
        Self::checked(
            Self {
                provider,
                account: Address::ZERO,
            },
            url,
        )
        .await
    }

    /// Connects with a private key.
    ///
    /// # Errors
    /// As [`Self::reader`], or the key is not a key.
    pub async fn signer(url: &str, private_key: &str) -> Result<Self, ChainError> {
        let signer: PrivateKeySigner = private_key.parse().map_err(|_| ChainError::PrivateKey)?;
        let account = signer.address();
        let wallet = EthereumWallet::from(signer);
        let provider = ProviderBuilder::new()
            .wallet(wallet)
            .connect_http(parse_url(url)?)
            .erased();
        Self::checked(Self { provider, account }, url).await
    }

    async fn checked(self, url: &str) -> Result<Self, ChainError> {
        let code = self.provider.get_code_at(PRECOMPILE).await;
        let code = code.map_err(|error| ChainError::NoNode {
            url: url.to_owned(),
            cause: innermost(&error).to_string(),
        })?;
        if code.is_empty() {
            return Err(ChainError::NoPrecompile {
                url: url.to_owned(),
            });
        }
        Ok(self)
    }

    /// The account that pays.
    pub const fn account(&self) -> Address {
        self.account
    }

    /// Code of an account.
    ///
    /// # Errors
    /// The node failed.
    pub async fn code(&self, address: Address) -> Result<Bytes, ChainError> {
        Ok(self.provider.get_code_at(address).await?)
    }

    /// Balance of the account that pays, in wei.
    ///
    /// # Errors
    /// The node failed.
    pub async fn balance_wei(&self) -> Result<U256, ChainError> {
        Ok(self.provider.get_balance(self.account).await?)
    }

    /// What a unit of gas costs now, in wei.
    ///
    /// # Errors
    /// The node failed.
    pub async fn gas_price_wei(&self) -> Result<u128, ChainError> {
        Ok(self.provider.get_gas_price().await?)
    }

    /// Waits until every transaction that the account has sent is in a block. What an interrupted
    /// run left on its way is then in the state that this run looks at, and is not sent again.
    ///
    /// # Errors
    /// The node failed, or a transaction waits for longer than [`SETTLE_PATIENCE`].
    pub async fn settle(&self) -> Result<(), ChainError> {
        let begun = Instant::now();
        loop {
            let count = || self.provider.get_transaction_count(self.account);
            let sent = count().pending().await?;
            let mined = count().await?;
            if sent <= mined {
                return Ok(());
            }
            if begun.elapsed() > SETTLE_PATIENCE {
                return Err(ChainError::Unmined {
                    account: self.account,
                    count: sent - mined,
                });
            }
            tokio::time::sleep(SETTLE_POLL).await;
        }
    }

    /// Reads through a call, as `from`.
    ///
    /// # Errors
    /// [`Reverted`] in the chain of causes, or the node failed.
    pub async fn call<C: SolCall>(
        &self,
        from: Address,
        to: Address,
        call: &C,
    ) -> Result<C::Return, ChainError> {
        let request = TransactionRequest::default()
            .with_from(from)
            .with_to(to)
            .with_input(call.abi_encode());
        let output = self.provider.call(request).await?;
        C::abi_decode_returns(&output).map_err(|source| ChainError::Answer {
            to,
            signature: C::SIGNATURE,
            source: Box::new(source),
        })
    }

    /// Hands a transaction to the node, which has taken it when this returns.
    ///
    /// # Errors
    /// [`Reverted`] if it would revert; what the node refused.
    pub async fn submit<C: SolCall>(&self, to: Address, call: &C) -> Result<Sent, ChainError> {
        let request = TransactionRequest::default()
            .with_from(self.account)
            .with_to(to)
            .with_input(call.abi_encode());
        Ok(self.provider.send_transaction(request).await?)
    }

    /// Sends a transaction and waits until it is in a block.
    ///
    /// # Errors
    /// As [`Self::submit`] and [`mined`].
    pub async fn send<C: SolCall>(
        &self,
        to: Address,
        call: &C,
    ) -> Result<TransactionReceipt, ChainError> {
        mined(self.submit(to, call).await?).await
    }

    /// Gas limit of the newest block.
    ///
    /// # Errors
    /// The node failed.
    pub async fn block_gas_limit(&self) -> Result<u64, ChainError> {
        let block = self.provider.get_block_by_number(BlockNumberOrTag::Latest);
        let block = block.await?.ok_or_else(|| missing("a newest block"))?;
        Ok(block.header.gas_limit)
    }

    /// Header and receipts of the block that a transaction is in.
    ///
    /// # Errors
    /// The transaction is in no block, or the node failed.
    pub async fn block_of(&self, transaction: B256) -> Result<BlockOf, ChainError> {
        let not_in_block = || ChainError::NotInBlock { hash: transaction };
        let receipt = self.provider.get_transaction_receipt(transaction).await?;
        let receipt = receipt.ok_or_else(not_in_block)?;
        let place = receipt.block_hash.zip(receipt.transaction_index);
        let (hash, index) = place.ok_or_else(not_in_block)?;
        let block = self.provider.get_block_by_hash(hash).await?;
        let block = block.ok_or_else(|| missing(format!("block {hash}")))?;
        let receipts = self.provider.get_block_receipts(hash.into()).await?;
        let receipts = receipts.ok_or_else(|| missing(format!("the receipts of block {hash}")))?;
        Ok(BlockOf {
            hash,
            header: block.header.inner,
            receipts: receipts
                .into_iter()
                .map(|receipt| receipt.into_primitives_receipt().into_inner())
                .collect(),
            transaction_index: usize::try_from(index).map_err(|_| not_in_block())?,
        })
    }

    /// Size, price, shapes of an activated model.
    ///
    /// # Errors
    /// [`Reverted`] if there is none, or the node failed.
    pub async fn model_info(&self, model: Address) -> Result<IInference::ModelInfo, ChainError> {
        self.call(
            self.account,
            PRECOMPILE,
            &IInference::modelInfoCall { model },
        )
        .await
    }
}

/// A transaction that a node has taken.
pub type Sent = PendingTransactionBuilder<Ethereum>;

/// Waits until a transaction is in a block.
///
/// # Errors
/// Its receipt did not come, or it reverted there.
pub async fn mined(sent: Sent) -> Result<TransactionReceipt, ChainError> {
    let hash = *sent.tx_hash();
    let receipt = sent.get_receipt().await;
    let receipt = receipt.map_err(|source| ChainError::NoReceipt {
        hash,
        source: Box::new(source),
    })?;
    if !receipt.status() {
        return Err(ChainError::RevertedInBlock { hash });
    }
    Ok(receipt)
}

/// Reads a model's address.
///
/// # Errors
/// It is none; a token id is told apart.
pub fn parse_root(text: &str) -> Result<Address, AddressError> {
    let hex = text.strip_prefix("0x").unwrap_or(text);
    let is_id = (hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
        || (!text.is_empty() && text.len() != 40 && text.bytes().all(|byte| byte.is_ascii_digit()));
    if is_id {
        return Err(AddressError::ModelId);
    }
    text.parse().map_err(|_| AddressError::NoAddress)
}

fn parse_url<U: std::str::FromStr>(url: &str) -> Result<U, ChainError> {
    url.parse().map_err(|_| ChainError::Url {
        url: url.to_owned(),
    })
}

fn missing(what: impl Into<String>) -> ChainError {
    ChainError::Missing { what: what.into() }
}

fn innermost(error: &dyn Error) -> &dyn Error {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause
}

/// Runs asynchronous work to its end, on this thread.
///
/// # Errors
/// The work's own, or [`ChainError::Runtime`].
pub fn block_on<T, E: From<ChainError>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.map_err(ChainError::Runtime)?.block_on(work)
}
