//! The chain as the command line sees it: the predeployed contracts' interfaces, reads, and
//! transactions from one account.

use alloy::{
    consensus::{Header, ReceiptEnvelope},
    eips::BlockNumberOrTag,
    network::{Ethereum, EthereumWallet, TransactionBuilder as _},
    providers::{DynProvider, PendingTransactionBuilder, Provider as _, ProviderBuilder},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
    transports::{RpcError, TransportErrorKind},
};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, SolInterface};
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use fixpoint_precompile::{
    abi::IInference::{self, IInferenceErrors},
    address::PRECOMPILE,
};
use std::time::{Duration, Instant};

/// How long to wait for transactions that an earlier run has sent.
const SETTLE_PATIENCE: Duration = Duration::from_secs(120);
/// How often to look whether they are in a block.
const SETTLE_POLL: Duration = Duration::from_millis(200);

alloy_sol_types::sol! {
    /// `contracts/src/interfaces/IChunkStore.sol`, what deploying needs of it.
    #[derive(Debug)]
    interface IChunkStore {
        error ChunkLength(uint256 got, uint256 max);
        error ChunkCount(uint256 got, uint256 max);
        error NotYourChunk(address chunk, address writer);
        error ChunkGate(address chunk, address got, address want);
        error ChunkNotFull(address chunk, uint256 got, uint256 want);
        error PayloadLength(uint256 got, uint256 want);

        function writeChunk(address gate, bytes calldata data) external returns (address chunk);
        function writeRoot(address gate, uint32 payloadLength, bytes32 contentHash, address[] calldata chunks)
            external returns (address root);
        function chunkAddress(address writer, address gate, bytes calldata data)
            external view returns (address chunk);
        function writerOf(address chunkOrRoot) external view returns (address writer);
        function rootAddress(address gate, uint32 payloadLength, bytes32 contentHash, address[] calldata chunks)
            external view returns (address root);
    }

    /// `contracts/src/interfaces/IModelRegistry.sol`, what deploying needs of it.
    #[derive(Debug)]
    interface IModelRegistry {
        error NotWriter(address root, address caller, address writer);
        error AlreadyRegistered(uint256 modelId);
        error NotModelOwner(uint256 modelId, address caller, address owner);
        error PriceNeedsGateway(uint256 modelId, address gate);
        error PriceTooHigh(uint256 priceWei, uint256 maxPriceWei);
        error NameLength(uint256 got, uint256 max);
        error NameCharacter(uint256 index);
        error ERC721NonexistentToken(uint256 tokenId);

        function register(address root, string calldata name, uint256 priceWei)
            external returns (uint256 modelId);
        function setPrice(uint256 modelId, uint256 priceWei) external;
        function setName(uint256 modelId, string calldata name) external;
        function modelOf(uint256 modelId) external view returns (Model memory);
        function idOf(address root) external view returns (uint256 modelId);

        struct Model { address root; address owner; uint256 priceWei; string name; }
    }
}

/// A revert with its data, so that a caller can tell one error from another.
#[derive(Debug)]
pub(crate) struct Reverted {
    /// Revert data; empty if the node gave none.
    pub(crate) data: Bytes,
}

impl std::error::Error for Reverted {}

impl std::fmt::Display for Reverted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Ok(error) = IInferenceErrors::abi_decode(&self.data) {
            write!(formatter, "reverted with {error:?}")
        } else if let Ok(error) = IChunkStore::IChunkStoreErrors::abi_decode(&self.data) {
            write!(formatter, "reverted with {error:?}")
        } else if let Ok(error) = IModelRegistry::IModelRegistryErrors::abi_decode(&self.data) {
            write!(formatter, "reverted with {error:?}")
        } else {
            write!(formatter, "reverted with {}", self.data)
        }
    }
}

/// The block that a transaction is in, as far as proofs need it.
pub(crate) struct BlockOf {
    pub(crate) hash: B256,
    pub(crate) header: Header,
    /// One for each transaction.
    pub(crate) receipts: Vec<ReceiptEnvelope>,
    /// The transaction's place.
    pub(crate) transaction_index: usize,
}

/// A connection to a node, with an account that pays if there is a key.
#[derive(Clone)]
pub(crate) struct OnChain {
    provider: DynProvider,
    account: Address,
}

impl OnChain {
    /// Connects without an account: reads only.
    ///
    /// # Errors
    /// The URL is not one, or no node answers there.
    pub(crate) async fn reader(url: &str) -> Result<Self> {
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
    pub(crate) async fn signer(url: &str, private_key: &str) -> Result<Self> {
        let signer: PrivateKeySigner = private_key
            .parse()
            .map_err(|_| anyhow!("--private-key is not a private key: 64 hexadecimal digits"))?;
        let account = signer.address();
        let wallet = EthereumWallet::from(signer);
        let provider = ProviderBuilder::new()
            .wallet(wallet)
            .connect_http(parse_url(url)?)
            .erased();
        Self::checked(Self { provider, account }, url).await
    }

    async fn checked(self, url: &str) -> Result<Self> {
        let code = self.provider.get_code_at(PRECOMPILE).await;
        // Only the innermost cause: the layers between repeat the URL.
        let code = code.map_err(|error| {
            let cause = anyhow::Error::new(error);
            let cause = cause.root_cause();
            anyhow!("no node answers at {url}; `fixpoint devnet` starts one: {cause}")
        })?;
        if code.is_empty() {
            bail!("the chain at {url} has no inference precompile at {PRECOMPILE}");
        }
        Ok(self)
    }

    /// The account that pays.
    pub(crate) const fn account(&self) -> Address {
        self.account
    }

    /// Code of an account.
    ///
    /// # Errors
    /// The node failed.
    pub(crate) async fn code(&self, address: Address) -> Result<Bytes> {
        self.provider
            .get_code_at(address)
            .await
            .context("eth_getCode failed")
    }

    /// Balance of the account that pays, in wei.
    ///
    /// # Errors
    /// The node failed.
    pub(crate) async fn balance_wei(&self) -> Result<U256> {
        self.provider
            .get_balance(self.account)
            .await
            .context("eth_getBalance failed")
    }

    /// What a unit of gas costs now, in wei.
    ///
    /// # Errors
    /// The node failed.
    pub(crate) async fn gas_price_wei(&self) -> Result<u128> {
        self.provider
            .get_gas_price()
            .await
            .context("eth_gasPrice failed")
    }

    /// Waits until every transaction that the account has sent is in a block. What an interrupted
    /// run left on its way is then in the state that this run looks at, and is not sent again.
    ///
    /// # Errors
    /// The node failed, or a transaction waits for longer than [`SETTLE_PATIENCE`].
    pub(crate) async fn settle(&self) -> Result<()> {
        let begun = Instant::now();
        loop {
            let count = || self.provider.get_transaction_count(self.account);
            let sent = count().pending().await.map_err(rpc_failure)?;
            let mined = count().await.map_err(rpc_failure)?;
            if sent <= mined {
                return Ok(());
            }
            if begun.elapsed() > SETTLE_PATIENCE {
                bail!(
                    "{} has {} transactions that no block takes: raise their fee or wait, then run this again",
                    self.account,
                    sent - mined
                );
            }
            tokio::time::sleep(SETTLE_POLL).await;
        }
    }

    /// Reads through a call, as `from`.
    ///
    /// # Errors
    /// [`Reverted`] in the chain of causes, or the node failed.
    pub(crate) async fn call<C: SolCall>(
        &self,
        from: Address,
        to: Address,
        call: &C,
    ) -> Result<C::Return> {
        let request = TransactionRequest::default()
            .with_from(from)
            .with_to(to)
            .with_input(call.abi_encode());
        let output = self.provider.call(request).await.map_err(rpc_failure)?;
        C::abi_decode_returns(&output)
            .with_context(|| format!("{to} gave an answer that is not one of {}", C::SIGNATURE))
    }

    /// Hands a transaction to the node, which has taken it when this returns.
    ///
    /// # Errors
    /// [`Reverted`] if it would revert; what the node refused.
    pub(crate) async fn submit<C: SolCall>(&self, to: Address, call: &C) -> Result<Sent> {
        let request = TransactionRequest::default()
            .with_from(self.account)
            .with_to(to)
            .with_input(call.abi_encode());
        let sent = self.provider.send_transaction(request).await;
        sent.map_err(rpc_failure)
    }

    /// Sends a transaction and waits until it is in a block.
    ///
    /// # Errors
    /// As [`Self::submit`] and [`mined`].
    pub(crate) async fn send<C: SolCall>(
        &self,
        to: Address,
        call: &C,
    ) -> Result<TransactionReceipt> {
        mined(self.submit(to, call).await?).await
    }

    /// Gas limit of the newest block.
    ///
    /// # Errors
    /// The node failed.
    pub(crate) async fn block_gas_limit(&self) -> Result<u64> {
        let block = self.provider.get_block_by_number(BlockNumberOrTag::Latest);
        let block = block.await.map_err(rpc_failure)?;
        Ok(block
            .context("the node has no newest block")?
            .header
            .gas_limit)
    }

    /// Header and receipts of the block that a transaction is in.
    ///
    /// # Errors
    /// The transaction is in no block, or the node failed.
    pub(crate) async fn block_of(&self, transaction: B256) -> Result<BlockOf> {
        let receipt = self.provider.get_transaction_receipt(transaction).await;
        let receipt = receipt.map_err(rpc_failure)?;
        let receipt =
            receipt.with_context(|| format!("transaction {transaction} is in no block (yet)"))?;
        let (Some(hash), Some(index)) = (receipt.block_hash, receipt.transaction_index) else {
            bail!("transaction {transaction} is in no block yet");
        };
        let block = self.provider.get_block_by_hash(hash).await;
        let block = block
            .map_err(rpc_failure)?
            .with_context(|| format!("the node does not have block {hash}"))?;
        let receipts = self.provider.get_block_receipts(hash.into()).await;
        let receipts = receipts
            .map_err(rpc_failure)?
            .with_context(|| format!("the node does not have the receipts of block {hash}"))?;
        Ok(BlockOf {
            hash,
            header: block.header.inner,
            receipts: receipts
                .into_iter()
                .map(|receipt| receipt.into_primitives_receipt().into_inner())
                .collect(),
            transaction_index: usize::try_from(index)?,
        })
    }

    /// Size, price, shapes of an activated model.
    ///
    /// # Errors
    /// [`Reverted`] if there is none, or the node failed.
    pub(crate) async fn model_info(&self, model: Address) -> Result<IInference::ModelInfo> {
        self.call(
            self.account,
            PRECOMPILE,
            &IInference::modelInfoCall { model },
        )
        .await
    }
}

/// A transaction that a node has taken.
pub(crate) type Sent = PendingTransactionBuilder<Ethereum>;

/// Waits until a transaction is in a block.
///
/// # Errors
/// Its receipt did not come, or it reverted there.
pub(crate) async fn mined(sent: Sent) -> Result<TransactionReceipt> {
    let hash = *sent.tx_hash();
    let receipt = sent
        .get_receipt()
        .await
        .with_context(|| format!("transaction {hash} was sent, but its receipt did not come"))?;
    if !receipt.status() {
        bail!("transaction {hash} reverted");
    }
    Ok(receipt)
}

/// Reads a model's address; a token id is told apart, since the registry shows both.
///
/// # Errors
/// It is none.
pub(crate) fn parse_root(text: &str) -> Result<Address> {
    let hex = text.strip_prefix("0x").unwrap_or(text);
    let is_id = (hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
        || (!text.is_empty() && text.len() != 40 && text.bytes().all(|byte| byte.is_ascii_digit()));
    ensure!(
        !is_id,
        "this is a model id (token): give the address of the model's root contract, which `fixpoint deploy` prints as `model`"
    );
    text.parse()
        .map_err(|_| anyhow!("not an address: 0x and 40 hexadecimal digits"))
}

fn parse_url<U: std::str::FromStr>(url: &str) -> Result<U> {
    url.parse()
        .map_err(|_| anyhow!("`{url}` is not a URL; try http://127.0.0.1:8545"))
}

fn rpc_failure(error: RpcError<TransportErrorKind>) -> anyhow::Error {
    match error.as_error_resp() {
        Some(response) => match response.as_revert_data() {
            Some(data) => Reverted { data }.into(),
            None => anyhow!("the node refused: {}", response.message),
        },
        None => anyhow::Error::new(error).context("the node did not answer"),
    }
}

/// Runs asynchronous work to its end.
///
/// # Errors
/// The work's own.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("can't start the network runtime")?
        .block_on(work)
}
