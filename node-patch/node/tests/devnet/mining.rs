//! When blocks are made, and their times.

use std::time::Duration;

use alloy_primitives::Address;
use fixpoint_node::DevnetConfig;
use serde_json::{Value, json};

use crate::client::{Devnet, quantity, raw, transfer};

async fn timestamp(devnet: &Devnet) -> u64 {
    quantity(
        &devnet
            .ok("eth_getBlockByNumber", json!(["latest", false]))
            .await["timestamp"],
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn without_automine_transactions_wait_for_evm_mine() {
    let devnet = Devnet::start().await;
    devnet.ok("evm_setAutomine", json!([false])).await;
    assert_eq!(devnet.ok("anvil_getAutomine", json!([])).await, false);
    let to = Address::repeat_byte(0xaa);
    let hashes: Vec<Value> = {
        let mut hashes = Vec::new();
        for nonce in 0..3 {
            let transaction = transfer(devnet.signer(0), nonce, to);
            hashes.push(
                devnet
                    .ok("eth_sendRawTransaction", json!([raw(&transaction)]))
                    .await,
            );
        }
        hashes
    };
    assert_eq!(devnet.quantity("eth_blockNumber", json!([])).await, 0);
    assert_eq!(
        devnet
            .quantity(
                "eth_getTransactionCount",
                json!([devnet.account(0), "pending"])
            )
            .await,
        3
    );
    let pending = devnet
        .ok("eth_getBlockByNumber", json!(["pending", false]))
        .await;
    assert_eq!(pending["transactions"], json!(hashes));
    assert_eq!(pending["number"], "0x1");
    devnet.ok("evm_mine", json!([])).await;
    let block = devnet
        .ok("eth_getBlockByNumber", json!(["0x1", false]))
        .await;
    assert_eq!(block["transactions"], json!(hashes));
    devnet.ok("anvil_mine", json!(["0x5", "0xa"])).await;
    assert_eq!(devnet.quantity("eth_blockNumber", json!([])).await, 6);
    let times: Vec<u64> = {
        let mut times = Vec::new();
        for number in 2..=6 {
            let block = devnet
                .ok(
                    "eth_getBlockByNumber",
                    json!([format!("{number:#x}"), false]),
                )
                .await;
            times.push(quantity(&block["timestamp"]));
        }
        times
    };
    assert!(
        times.windows(2).all(|pair| pair[1] - pair[0] == 10),
        "{times:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn time_can_be_moved_forward_but_not_back() {
    let devnet = Devnet::start().await;
    devnet.ok("evm_mine", json!([])).await;
    let before = timestamp(&devnet).await;
    let offset = devnet.ok("evm_increaseTime", json!([3600])).await;
    assert!(offset.as_i64().unwrap() >= 3600);
    devnet.ok("evm_mine", json!([])).await;
    let after = timestamp(&devnet).await;
    assert!(after >= before + 3600, "{before} -> {after}");
    let exact = after + 1_000_000;
    devnet.ok("evm_setNextBlockTimestamp", json!([exact])).await;
    devnet
        .send(json!({ "from": devnet.account(0), "to": devnet.account(1) }))
        .await;
    assert_eq!(timestamp(&devnet).await, exact);
    devnet.ok("evm_mine", json!([])).await;
    let next = timestamp(&devnet).await;
    assert!(
        next > exact && next < exact + 60,
        "the clock goes on from there: {next}"
    );
    let error = devnet
        .err("evm_setNextBlockTimestamp", json!([exact]))
        .await;
    assert!(error.message().contains("is not after"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_come_by_the_clock() {
    let devnet = Devnet::start_with(DevnetConfig {
        block_time: Some(0.2),
        ..DevnetConfig::default()
    })
    .await;
    let transaction = transfer(devnet.signer(0), 0, Address::repeat_byte(0xaa));
    let hash = devnet
        .ok("eth_sendRawTransaction", json!([raw(&transaction)]))
        .await;
    let second = transfer(devnet.signer(0), 1, Address::repeat_byte(0xaa));
    let receipt = devnet
        .ok("eth_sendRawTransactionSync", json!([raw(&second)]))
        .await;
    assert_eq!(receipt["status"], "0x1");
    let first = devnet.ok("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(first["status"], "0x1");
    let before = devnet.quantity("eth_blockNumber", json!([])).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(
        devnet.quantity("eth_blockNumber", json!([])).await > before,
        "empty blocks too"
    );
    devnet.ok("evm_setIntervalMining", json!([0])).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let stopped = devnet.quantity("eth_blockNumber", json!([])).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(devnet.quantity("eth_blockNumber", json!([])).await, stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_the_clock_cannot_show_is_refused_when_it_is_set() {
    let devnet = Devnet::start().await;
    let error = devnet
        .err("evm_setNextBlockTimestamp", json!(["0xffffffffffffffff"]))
        .await;
    assert_eq!(error.code(), -32602);
    assert!(error.message().contains("out of range"), "{error:?}");
    devnet.ok("evm_mine", json!([])).await;
    assert_eq!(devnet.quantity("eth_blockNumber", json!([])).await, 1);
}

/// The chain's clock is in memory: after a restart this machine's is eleven days behind the head, as
/// if it had been set back.
#[tokio::test(flavor = "multi_thread")]
async fn times_rise_by_a_second_while_the_machine_s_clock_is_behind_the_head() {
    let directory = tempfile::tempdir().unwrap();
    let config = DevnetConfig {
        data_dir: Some(directory.path().to_owned()),
        ..DevnetConfig::default()
    };
    let devnet = Devnet::start_with(config.clone()).await;
    devnet.ok("evm_increaseTime", json!([1_000_000])).await;
    devnet.ok("evm_mine", json!([])).await;
    let head_s = timestamp(&devnet).await;
    devnet.node.shutdown().await;

    let devnet = Devnet::start_with(config).await;
    assert_eq!(timestamp(&devnet).await, head_s);
    for block in 1..=3 {
        let to = devnet.account(1);
        devnet
            .send(json!({ "from": devnet.account(0), "to": to }))
            .await;
        assert_eq!(timestamp(&devnet).await, head_s + block);
    }
    devnet.ok("evm_increaseTime", json!([100])).await;
    devnet.ok("evm_mine", json!([])).await;
    assert!((head_s + 103..head_s + 110).contains(&timestamp(&devnet).await));
}

/// A genesis of 1970, as if the machine had had no clock then.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_far_ahead_of_the_head_is_followed_at_once() {
    let config = DevnetConfig {
        genesis_time_s: Some(1),
        ..DevnetConfig::default()
    };
    let devnet = Devnet::start_with(config).await;
    assert_eq!(timestamp(&devnet).await, 1);
    let before_s = fixpoint_node::machine_time_s();
    devnet.ok("evm_mine", json!([])).await;
    let first_s = timestamp(&devnet).await;
    assert!((before_s..=fixpoint_node::machine_time_s()).contains(&first_s));
}
