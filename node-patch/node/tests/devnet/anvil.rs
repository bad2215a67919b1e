//! What projects that were made for anvil call and set.

use alloy_primitives::{Address, B256, address};
use fixpoint_node::DevnetConfig;
use serde_json::{Value, json};

use crate::client::{Devnet, call, counter, quantity, raw, transfer};

const STRANGER: Address = address!("0x00000000000000000000000000000000000057a4");
const ETHER: &str = "0xde0b6b3a7640000";

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_a_key_sends_unsigned() {
    let devnet = Devnet::start().await;
    let transfer = json!({ "from": STRANGER, "to": Address::ZERO, "value": "0x1" });
    let poor = devnet
        .err("eth_sendUnsignedTransaction", json!([transfer]))
        .await;
    assert_eq!(poor.code(), -32000, "{poor:?}");
    assert!(poor.message().contains("insufficient funds"), "{poor:?}");
    devnet
        .ok("anvil_setBalance", json!([STRANGER, ETHER]))
        .await;
    for nonce in ["0x0", "0x1"] {
        let hash = devnet
            .ok("eth_sendUnsignedTransaction", json!([transfer]))
            .await;
        let receipt = devnet.ok("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["from"], json!(STRANGER));
        assert_eq!(receipt["status"], "0x1");
        let sent = devnet.ok("eth_getTransactionByHash", json!([hash])).await;
        assert_eq!(sent["nonce"], nonce);
    }
    let nobodys = json!([{ "to": Address::ZERO }]);
    let error = devnet.err("eth_sendUnsignedTransaction", nobodys).await;
    assert_eq!(error.code(), -32602, "{error:?}");
    let signed = devnet.err("eth_sendTransaction", json!([transfer])).await;
    assert!(signed.message().contains("holds no key"), "{signed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filled_transaction_is_what_a_wallet_signs() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    let request = json!({ "from": STRANGER, "to": contract });
    let filled = devnet.ok("eth_fillTransaction", json!([request])).await;
    let transaction = &filled["tx"];
    assert_eq!(transaction["from"], json!(STRANGER));
    assert_eq!(transaction["nonce"], "0x0");
    assert_eq!(transaction["chainId"], "0x7a69");
    assert_eq!(transaction["r"], "0x0");
    let estimate = devnet.ok("eth_estimateGas", json!([request])).await;
    assert_eq!(transaction["gas"], estimate);
    assert!(filled["raw"].as_str().unwrap().starts_with("0x02"));
    // What is given stays.
    let request = json!({ "from": STRANGER, "to": contract, "gas": "0x7a120", "nonce": "0x9" });
    let filled = devnet.ok("eth_fillTransaction", json!([request])).await;
    assert_eq!(filled["tx"]["gas"], "0x7a120");
    assert_eq!(filled["tx"]["nonce"], "0x9");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_read_in_every_way() {
    let devnet = Devnet::start().await;
    let signed = transfer(devnet.signer(0), 0, STRANGER);
    let receipt = devnet
        .ok("eth_sendRawTransactionSync", json!([raw(&signed)]))
        .await;
    let bytes = json!(raw(&signed));
    for (method, block) in [
        ("eth_getRawTransactionByBlockNumberAndIndex", json!("0x1")),
        (
            "eth_getRawTransactionByBlockHashAndIndex",
            receipt["blockHash"].clone(),
        ),
    ] {
        let read = devnet.ok(method, json!([block, "0x0"])).await;
        assert_eq!(read, bytes, "{method}");
        let read = devnet.ok(method, json!([block, "0x1"])).await;
        assert_eq!(read, Value::Null, "{method}");
    }
    let receipt = devnet
        .ok(
            "eth_sendTransactionSync",
            json!([{ "from": devnet.account(1), "to": STRANGER, "value": "0x2" }]),
        )
        .await;
    assert_eq!(receipt["status"], "0x1");
    assert_eq!(receipt["blockNumber"], "0x2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_read_at_once() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    let info = devnet
        .ok("eth_getAccountInfo", json!([contract, "latest"]))
        .await;
    let code = devnet.ok("eth_getCode", json!([contract, "latest"])).await;
    assert_eq!(
        info,
        json!({ "balance": "0x0", "nonce": "0x1", "code": code })
    );
    let account = devnet
        .ok("eth_getAccount", json!([contract, "latest"]))
        .await;
    let proof = devnet
        .ok("eth_getProof", json!([contract, [], "latest"]))
        .await;
    assert_eq!(account["codeHash"], proof["codeHash"]);
    assert_eq!(account["storageRoot"], proof["storageHash"]);
    // At a block before it was there.
    let info = devnet
        .ok("eth_getAccountInfo", json!([contract, "0x0"]))
        .await;
    assert_eq!(
        info,
        json!({ "balance": "0x0", "nonce": "0x0", "code": "0x" })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_told_in_a_line_each() {
    let devnet = Devnet::start().await;
    devnet.ok("evm_setAutomine", json!([false])).await;
    let from = devnet.account(0);
    let request = json!({ "from": from, "to": STRANGER, "value": "0x3", "gas": "0x5208",
        "maxFeePerGas": "0x77359400", "maxPriorityFeePerGas": "0x1" });
    devnet.ok("eth_sendTransaction", json!([request])).await;
    let creation = json!({ "from": from, "data": "0x00", "gas": "0x186a0",
        "maxFeePerGas": "0x77359400", "maxPriorityFeePerGas": "0x1" });
    devnet.ok("eth_sendTransaction", json!([creation])).await;
    let inspected = devnet.ok("txpool_inspect", json!([])).await;
    let [first, second] = ["0", "1"].map(|nonce| {
        let lines = inspected["pending"].as_object().unwrap();
        let (_, lines) = lines.iter().next().unwrap();
        lines[nonce].as_str().unwrap().to_lowercase()
    });
    assert_eq!(
        first,
        format!("{STRANGER:#x}: 3 wei + 21000 gas × 2000000000 wei")
    );
    assert_eq!(
        second,
        "contract creation: 0 wei + 100000 gas × 2000000000 wei"
    );
    let blocks = devnet
        .ok("evm_mine_detailed", json!([{ "blocks": 2 }]))
        .await;
    let counts = blocks.as_array().unwrap().iter();
    let counts: Vec<usize> = counts
        .map(|block| block["transactions"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [2, 0]);
    assert_eq!(blocks[0]["transactions"][0]["value"], "0x3");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_others_have_too() {
    let devnet = Devnet::start().await;
    let accounts = devnet.ok("eth_accounts", json!([])).await;
    assert_eq!(devnet.ok("eth_requestAccounts", json!([])).await, accounts);
    assert_eq!(devnet.ok("eth_networkId", json!([])).await, "31337");
    assert_eq!(devnet.quantity("eth_protocolVersion", json!([])).await, 68);
    let genesis = devnet
        .quantity("eth_getBlockTransactionCountByNumber", json!(["0x0"]))
        .await;
    assert_eq!(genesis, 0);
    let time = devnet.ok("anvil_getGenesisTime", json!([])).await;
    assert_eq!(time, 1_767_225_600_u64);
    let uncle = devnet
        .ok("eth_getUncleByBlockNumberAndIndex", json!(["0x0", "0x0"]))
        .await;
    assert_eq!(uncle, Value::Null);
    devnet
        .ok("hardhat_addBalance", json!([STRANGER, "0x5"]))
        .await;
    let balance = devnet
        .quantity("eth_getBalance", json!([STRANGER, "latest"]))
        .await;
    assert_eq!(balance, 5);
    for method in ["anvil_setLoggingEnabled", "hardhat_setLoggingEnabled"] {
        devnet.ok(method, json!([false])).await;
    }
    devnet.ok("hardhat_dropAllTransactions", json!([])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn impersonated_accounts_are_listed_behind_the_nodes_own() {
    let devnet = Devnet::start().await;
    let own = devnet.ok("eth_accounts", json!([])).await;
    for account in [STRANGER, devnet.account(3)] {
        devnet
            .ok("anvil_impersonateAccount", json!([account]))
            .await;
    }
    let mut want = own.as_array().unwrap().clone();
    want.push(json!(STRANGER));
    assert_eq!(devnet.ok("eth_accounts", json!([])).await, json!(want));
    devnet
        .ok("anvil_stopImpersonatingAccount", json!([STRANGER]))
        .await;
    assert_eq!(devnet.ok("eth_accounts", json!([])).await, own);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interval_of_zero_leaves_the_spacing_that_was_set() {
    let devnet = Devnet::start().await;
    devnet
        .ok("anvil_setBlockTimestampInterval", json!([12]))
        .await;
    devnet.ok("anvil_mine", json!(["0x3", "0x0"])).await;
    let mut times = Vec::new();
    for number in ["0x2", "0x3"] {
        let block = devnet
            .ok("eth_getBlockByNumber", json!([number, false]))
            .await;
        times.push(quantity(&block["timestamp"]));
    }
    assert_eq!(times[1] - times[0], 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn time_goes_on_from_the_newest_block() {
    let devnet = Devnet::start().await;
    // Quicker than a block a second, so that blocks are ahead of the clock.
    devnet.ok("anvil_mine", json!(["0x32"])).await;
    let time = |block: Value| quantity(&block["timestamp"]);
    let latest = json!(["latest", false]);
    let before = time(devnet.ok("eth_getBlockByNumber", latest.clone()).await);
    devnet.ok("evm_increaseTime", json!([3_600])).await;
    devnet.ok("evm_mine", json!([])).await;
    let after = time(devnet.ok("eth_getBlockByNumber", latest).await);
    assert!(
        (3_600..3_660).contains(&(after - before)),
        "{before} to {after}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_needs_a_key_where_everybody_is_impersonated() {
    let devnet = Devnet::start_with(DevnetConfig {
        genesis_time_s: Some(1_800_000_000),
        automine: Some(false),
        auto_impersonate: true,
        ..DevnetConfig::default()
    })
    .await;
    let genesis = devnet
        .ok("eth_getBlockByNumber", json!(["0x0", false]))
        .await;
    assert_eq!(quantity(&genesis["timestamp"]), 1_800_000_000);
    // Nobody asked for the block, and nobody for the sender's signature.
    devnet
        .ok("anvil_setBalance", json!([STRANGER, ETHER]))
        .await;
    let request = json!([{ "from": STRANGER, "to": Address::ZERO, "value": "0x1" }]);
    let hash = devnet.ok("eth_sendTransaction", request).await;
    assert_eq!(devnet.quantity("eth_blockNumber", json!([])).await, 0);
    devnet.ok("evm_mine", json!([])).await;
    let receipt = devnet.ok("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["blockNumber"], "0x1");
    let missing = json!([B256::ZERO]);
    let receipt = call(&devnet.http, "eth_getTransactionReceipt", missing).await;
    assert_eq!(receipt.unwrap(), Value::Null);
}
