//! A devnet in this process, looked at past the binary under test.

use alloy::{
    consensus::Transaction as _,
    eips::BlockNumberOrTag,
    network::{TransactionResponse as _, primitives::BlockResponse as _},
    providers::{DynProvider, Provider as _, ProviderBuilder},
    rpc::types::{Filter, Log},
};
use alloy_primitives::{Address, Bytes, U256, address, keccak256};
use fixpoint_node::{
    DevnetConfig, Node,
    genesis::{GenesisOptions, devnet_genesis},
};
use fixpoint_precompile::address::CHUNK_STORE;

/// The first developer account.
pub(crate) const FIRST: Address = address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
/// Its private key.
pub(crate) const KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
/// Private key of an account without money.
pub(crate) const POOR_KEY: &str =
    "0x0000000000000000000000000000000000000000000000000000000000000001";

/// A node in memory on a free port.
pub(crate) struct Devnet {
    /// Keeps it running.
    _node: Node,
    /// Its JSON-RPC endpoint.
    pub(crate) url: String,
    provider: DynProvider,
}

impl Devnet {
    /// Starts it; without a block time every transaction gets a block at once.
    pub(crate) async fn start(block_time: Option<f64>) -> Self {
        Self::start_with(DevnetConfig {
            block_time,
            ..DevnetConfig::default()
        })
        .await
    }

    /// Starts it from a genesis without these accounts.
    pub(crate) async fn start_without(accounts: &[Address]) -> Self {
        let mut genesis = devnet_genesis(GenesisOptions::default(), [FIRST]).expect("a genesis");
        genesis
            .alloc
            .retain(|address, _| !accounts.contains(address));
        Self::start_with(DevnetConfig {
            genesis: Some(genesis),
            ..DevnetConfig::default()
        })
        .await
    }

    async fn start_with(config: DevnetConfig) -> Self {
        let config = DevnetConfig { port: 0, ..config };
        let node = Node::start(&config).await.expect("a devnet");
        let url = node.url();
        let provider = ProviderBuilder::new()
            .connect_http(url.parse().expect("a URL"))
            .erased();
        Self {
            _node: node,
            url,
            provider,
        }
    }

    /// Balance in wei.
    pub(crate) async fn balance(&self, account: Address) -> U256 {
        self.provider.get_balance(account).await.expect("a balance")
    }

    /// Transactions that an account has sent, and those of them that are in a block.
    pub(crate) async fn sent_and_mined(&self, account: Address) -> (u64, u64) {
        let count = || self.provider.get_transaction_count(account);
        let mined = count().await.expect("a count");
        (count().pending().await.expect("a count"), mined)
    }

    /// All `ChunkWritten` events.
    pub(crate) async fn chunks_written(&self) -> Vec<Log> {
        let filter = Filter::new()
            .from_block(0)
            .address(CHUNK_STORE)
            .event_signature(keccak256("ChunkWritten(address,address,address,uint256)"));
        self.provider.get_logs(&filter).await.expect("logs")
    }

    /// Gas of all blocks together.
    pub(crate) async fn gas_used(&self) -> u64 {
        let mut gas = 0;
        let head = self.provider.get_block_number().await.expect("the head");
        for number in 0..=head {
            let block = self
                .provider
                .get_block_by_number(BlockNumberOrTag::Number(number));
            gas += block
                .await
                .expect("an answer")
                .expect("a block")
                .header
                .gas_used;
        }
        gas
    }

    /// Sender, target, calldata and success of every transaction ever mined.
    pub(crate) async fn transactions(&self) -> Vec<(Address, Option<Address>, Bytes, bool)> {
        let mut all = Vec::new();
        let head = self.provider.get_block_number().await.expect("the head");
        for number in 0..=head {
            let block = self
                .provider
                .get_block_by_number(BlockNumberOrTag::Number(number))
                .full()
                .await
                .expect("an answer")
                .expect("a block");
            for transaction in block.transactions().txns() {
                let receipt = self
                    .provider
                    .get_transaction_receipt(transaction.tx_hash())
                    .await
                    .expect("an answer")
                    .expect("a receipt");
                let input = transaction.input().clone();
                let status = receipt.status();
                all.push((transaction.from(), transaction.to(), input, status));
            }
        }
        all
    }
}
