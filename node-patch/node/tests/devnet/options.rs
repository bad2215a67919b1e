//! What a devnet can be started with.

use alloy_hardforks::EthereumHardfork;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, sol};
use fixpoint_node::{
    DevnetConfig, History, MIN_STATES, Node,
    accounts::DevWallet,
    banner,
    genesis::{GenesisOptions, predeploys},
};
use serde_json::json;

use crate::client::Devnet;

sol! {
    /// Of ERC-721's metadata.
    function name() external view returns (string);
}

/// Nothing as it usually is.
const UNUSUAL: GenesisOptions = GenesisOptions {
    chain_id: 1337,
    hardfork: EthereumHardfork::Shanghai,
    gas_limit: 12_345_678,
    base_fee_wei: 7,
    timestamp_s: Some(1_000_000_000),
    balance_ether: 3,
};

fn unusual() -> DevnetConfig {
    DevnetConfig {
        genesis_options: UNUSUAL,
        wallet: DevWallet {
            mnemonic: "legal winner thank year wave sausage worth useful legal winner thank yellow"
                .to_owned(),
            count: 2,
            ..DevWallet::default()
        },
        ..DevnetConfig::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_begins_as_it_is_told() {
    let devnet = Devnet::start_with(unusual()).await;
    assert_eq!(devnet.ok("eth_chainId", json!([])).await, "0x539");
    let block = devnet
        .ok("eth_getBlockByNumber", json!(["0x0", false]))
        .await;
    assert_eq!(block["gasLimit"], format!("{:#x}", UNUSUAL.gas_limit));
    assert_eq!(block["baseFeePerGas"], "0x7");
    assert_eq!(block["timestamp"], "0x3b9aca00");
    // Of Shanghai, before Cancun.
    assert!(block["withdrawalsRoot"].is_string(), "{block}");
    assert!(block["excessBlobGas"].is_null(), "{block}");
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_are_where_their_code_runs() {
    let registry = predeploys().unwrap()["ModelRegistry"].address;
    for (hardfork, runs) in [
        (EthereumHardfork::Shanghai, false),
        (EthereumHardfork::Cancun, true),
        (EthereumHardfork::Prague, true),
    ] {
        let config = DevnetConfig {
            genesis_options: GenesisOptions {
                hardfork,
                ..GenesisOptions::default()
            },
            ..DevnetConfig::default()
        };
        let devnet = Devnet::start_with(config.clone()).await;
        let banner = banner::text(&devnet.node, &config);
        assert_eq!(banner.contains("ModelRegistry"), runs, "{banner}");
        assert_eq!(banner.contains("they need Cancun"), !runs, "{banner}");
        let name = nameCall {}.abi_encode();
        let call = json!({ "to": registry, "data": Bytes::from(name) });
        let answer = devnet.ok("eth_call", json!([call])).await;
        assert_eq!(answer != "0x", runs, "{hardfork}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_those_of_the_mnemonic() {
    let devnet = Devnet::start_with(unusual()).await;
    let accounts: Vec<Address> =
        serde_json::from_value(devnet.ok("eth_accounts", json!([])).await).unwrap();
    // Two keys that other wallets derive of these words too.
    let want = [
        "0x58A57ed9d8d624cBD12e2C467D34787555bB1b25",
        "0x0D3eB21b6b21833A4939Cfff4810E9AE0758e12C",
    ];
    assert_eq!(accounts[0].to_checksum(None), want[0]);
    assert_eq!(accounts.len(), want.len());
    let balance = devnet
        .ok("eth_getBalance", json!([accounts[1], "latest"]))
        .await;
    let balance: U256 = serde_json::from_value(balance).unwrap();
    assert_eq!(balance, U256::from(3) * U256::from(10).pow(U256::from(18)));
    let receipt = devnet
        .send(json!({ "from": accounts[1], "to": accounts[0], "value": "0x1" }))
        .await;
    assert_eq!(receipt["status"], "0x1", "unlocked");
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_made_when_told() {
    let devnet = Devnet::start_with(DevnetConfig {
        automine: Some(false),
        ..DevnetConfig::default()
    })
    .await;
    let transaction = json!({ "from": devnet.account(0), "to": devnet.account(1) });
    let hash = devnet.ok("eth_sendTransaction", json!([transaction])).await;
    assert_eq!(devnet.quantity("eth_blockNumber", json!([])).await, 0);
    devnet.ok("evm_mine", json!([])).await;
    let receipt = devnet.ok("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["blockNumber"], "0x1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_does_not_wait_for_the_clock_if_both_make_blocks() {
    let devnet = Devnet::start_with(DevnetConfig {
        automine: Some(true),
        block_time: Some(3_600.0),
        ..DevnetConfig::default()
    })
    .await;
    let receipt = devnet
        .send(json!({ "from": devnet.account(0), "to": devnet.account(1) }))
        .await;
    assert_eq!(receipt["blockNumber"], "0x1");
}

/// Silently another chain than was asked for would be worse than none.
#[tokio::test(flavor = "multi_thread")]
async fn a_kept_chain_refuses_options_of_another() {
    let directory = tempfile::tempdir().unwrap();
    let kept = DevnetConfig {
        data_dir: Some(directory.path().to_owned()),
        port: 0,
        ..unusual()
    };
    Node::start(&kept).await.unwrap().shutdown().await;
    // The same again, and none named, are both that chain.
    Node::start(&kept).await.unwrap().shutdown().await;
    let unnamed = DevnetConfig {
        genesis_options: GenesisOptions::default(),
        ..kept.clone()
    };
    Node::start(&unnamed).await.unwrap().shutdown().await;
    for (options, named) in [
        (
            GenesisOptions {
                chain_id: 5,
                ..UNUSUAL
            },
            "chain id is 1337, not 5",
        ),
        (
            GenesisOptions {
                hardfork: EthereumHardfork::Prague,
                ..UNUSUAL
            },
            "hardfork is Shanghai, not Prague",
        ),
        (
            GenesisOptions {
                base_fee_wei: 8,
                ..UNUSUAL
            },
            "base fee at genesis is 7, not 8",
        ),
    ] {
        let other = DevnetConfig {
            genesis_options: options,
            ..kept.clone()
        };
        let Err(error) = Node::start(&other).await else {
            panic!("it started despite {named}");
        };
        let error = format!("{error:#}");
        assert!(error.contains(named), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_states_may_be_forgotten() {
    let devnet = Devnet::start_with(DevnetConfig {
        history: History::States(MIN_STATES),
        ..DevnetConfig::default()
    })
    .await;
    devnet.ok("anvil_mine", json!(["0x1"])).await;
    let sent = json!({ "from": devnet.account(0), "to": devnet.account(1), "value": "0x1" });
    let receipt = devnet.send(sent).await;
    devnet.ok("anvil_mine", json!(["0x63"])).await;
    // 101 blocks: the oldest state is that of block 38.
    let balance = async |block: &str| {
        let address = devnet.account(0);
        devnet.ok("eth_getBalance", json!([address, block])).await
    };
    assert_eq!(balance("0x26").await, balance("latest").await);
    for (method, arguments) in [
        ("eth_getBalance", json!([devnet.account(0), "0x25"])),
        ("eth_call", json!([{ "to": devnet.account(0) }, "0x25"])),
        ("eth_getProof", json!([devnet.account(0), [], "0x25"])),
        (
            "debug_traceTransaction",
            json!([receipt["transactionHash"]]),
        ),
        ("trace_transaction", json!([receipt["transactionHash"]])),
        ("anvil_reset", json!([])),
    ] {
        let error = devnet.err(method, arguments).await;
        assert_eq!(error.code(), -32000, "{method}: {error}");
        let message = error.message();
        assert!(
            message.contains("the oldest is that after block 38"),
            "{method}: {error}"
        );
    }
    let hash = receipt["transactionHash"].clone();
    let again = devnet.ok("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(again, receipt, "blocks and receipts stay");
}
