//! Reading blocks, accounts and prices.

use alloy_primitives::U256;
use serde_json::{Value, json};

use crate::client::{Devnet, counter, quantity};

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_chain_has_its_genesis_and_its_accounts() {
    let devnet = Devnet::start().await;
    assert_eq!(devnet.quantity("eth_chainId", json!([])).await, 31_337);
    assert_eq!(devnet.ok("net_version", json!([])).await, "31337");
    assert_eq!(devnet.quantity("eth_blockNumber", json!([])).await, 0);
    let accounts = devnet.ok("eth_accounts", json!([])).await;
    assert_eq!(accounts.as_array().unwrap().len(), 10);
    assert_eq!(accounts[0], "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266");
    let balance = devnet
        .ok("eth_getBalance", json!([accounts[0], "latest"]))
        .await;
    assert_eq!(balance, json!(U256::from(10).pow(U256::from(22))));
    let genesis = devnet
        .ok("eth_getBlockByNumber", json!(["earliest", false]))
        .await;
    assert_eq!(genesis["gasLimit"], json!("0x3938700"));
    assert_eq!(genesis["baseFeePerGas"], json!("0x3b9aca00"));
    assert_eq!(
        genesis["hash"],
        json!(devnet.node.chain().spec().genesis_hash())
    );
    let code = devnet
        .ok(
            "eth_getCode",
            json!(["0x0000000000000000000000000000000000000f1e", "latest"]),
        )
        .await;
    assert_eq!(code, "0xfe");
    assert_eq!(devnet.ok("eth_syncing", json!([])).await, false);
    assert_eq!(
        devnet.ok("web3_sha3", json!(["0x68656c6c6f"])).await,
        "0x1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_found_by_number_and_by_hash_with_hashes_or_whole_transactions() {
    let devnet = Devnet::start().await;
    let receipt = devnet
        .send(json!({ "from": devnet.account(0), "to": devnet.account(1) }))
        .await;
    let by_number = devnet
        .ok("eth_getBlockByNumber", json!(["0x1", true]))
        .await;
    let by_hash = devnet
        .ok("eth_getBlockByHash", json!([receipt["blockHash"], false]))
        .await;
    assert_eq!(by_number["hash"], by_hash["hash"]);
    assert_eq!(by_hash["transactions"], json!([receipt["transactionHash"]]));
    let transaction = &by_number["transactions"][0];
    assert_eq!(transaction["hash"], receipt["transactionHash"]);
    assert_eq!(
        transaction["from"],
        json!(devnet.account(0)).as_str().unwrap().to_lowercase()
    );
    for (method, id) in [
        ("eth_getBlockTransactionCountByNumber", json!("0x1")),
        (
            "eth_getBlockTransactionCountByHash",
            receipt["blockHash"].clone(),
        ),
    ] {
        assert_eq!(devnet.quantity(method, json!([id])).await, 1);
    }
    for (method, id) in [
        ("eth_getTransactionByBlockNumberAndIndex", json!("0x1")),
        (
            "eth_getTransactionByBlockHashAndIndex",
            receipt["blockHash"].clone(),
        ),
    ] {
        assert_eq!(
            devnet.ok(method, json!([id, "0x0"])).await["hash"],
            transaction["hash"]
        );
        assert_eq!(devnet.ok(method, json!([id, "0x1"])).await, Value::Null);
    }
    let receipts = devnet.ok("eth_getBlockReceipts", json!(["0x1"])).await;
    assert_eq!(receipts, json!([receipt]));
    assert_eq!(
        devnet
            .ok("eth_getBlockByNumber", json!(["0x2", false]))
            .await,
        Value::Null
    );
    assert_eq!(
        devnet.ok("eth_getBlockReceipts", json!(["0x2"])).await,
        Value::Null
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn state_is_read_at_any_block() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    for _ in 0..3 {
        devnet
            .send(json!({ "from": devnet.account(0), "to": contract }))
            .await;
    }
    // Block 1 deployed, blocks 2, 3 and 4 counted.
    for (block, count) in [("0x1", 0), ("0x2", 1), ("0x3", 2), ("latest", 3)] {
        let word = devnet
            .ok("eth_getStorageAt", json!([contract, "0x0", block]))
            .await;
        assert_eq!(
            word,
            json!(alloy_primitives::B256::from(U256::from(count))),
            "{block}"
        );
        let call = json!([{ "to": contract, "data": "0x01" }, block]);
        assert_eq!(devnet.ok("eth_call", call).await, word);
    }
    assert_eq!(
        devnet.ok("eth_getCode", json!([contract, "0x0"])).await,
        "0x"
    );
    let account = devnet.account(0);
    assert_eq!(
        devnet
            .quantity("eth_getTransactionCount", json!([account, "0x2"]))
            .await,
        2
    );
    let error = devnet.err("eth_getBalance", json!([account, "0x99"])).await;
    assert_eq!(
        (error.code(), error.message()),
        (-32001, "header not found")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fee_history_has_one_more_base_fee_than_blocks() {
    let devnet = Devnet::start().await;
    for _ in 0..3 {
        devnet
            .send(json!({
                "from": devnet.account(0), "to": devnet.account(1),
                "maxPriorityFeePerGas": "0x77359400",
            }))
            .await;
    }
    let history = devnet
        .ok(
            "eth_feeHistory",
            json!(["0x2", "latest", [0.0, 50.0, 100.0]]),
        )
        .await;
    assert_eq!(history["oldestBlock"], "0x2");
    assert_eq!(history["baseFeePerGas"].as_array().unwrap().len(), 3);
    assert_eq!(history["gasUsedRatio"].as_array().unwrap().len(), 2);
    let ratio = history["gasUsedRatio"][0].as_f64().unwrap();
    assert!((ratio - 21_000.0 / 60_000_000.0).abs() < 1e-9, "{ratio}");
    assert_eq!(
        history["reward"][0],
        json!(["0x77359400", "0x77359400", "0x77359400"])
    );
    let block = devnet
        .ok("eth_getBlockByNumber", json!(["0x3", false]))
        .await;
    assert_eq!(history["baseFeePerGas"][1], block["baseFeePerGas"]);
    // Empty blocks lower the base fee.
    assert!(quantity(&history["baseFeePerGas"][2]) < quantity(&history["baseFeePerGas"][1]));
    let tip = devnet.quantity("eth_maxPriorityFeePerGas", json!([])).await;
    let price = devnet.quantity("eth_gasPrice", json!([])).await;
    assert_eq!(price, quantity(&history["baseFeePerGas"][2]) + tip);
    assert!(devnet.quantity("eth_blobBaseFee", json!([])).await >= 1);
    let error = devnet
        .err("eth_feeHistory", json!(["0x2", "latest", [50.0, 10.0]]))
        .await;
    assert_eq!(error.code(), -32602);
}
