//! Blocks survive a restart, and another chain accepts them.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use alloy_primitives::Bytes;
use fixpoint_node::{
    DevnetConfig,
    blocks_file::{export_directory, import_directory},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Devnet, counter};

/// A few blocks: a contract, calls of it, an empty block, a block far in the future.
async fn fill(devnet: &Devnet) -> alloy_primitives::Address {
    let contract = devnet.deploy(&counter()).await;
    for _ in 0..3 {
        devnet
            .send(json!({ "from": devnet.account(0), "to": contract }))
            .await;
    }
    devnet.ok("evm_mine", json!([])).await;
    devnet.ok("evm_increaseTime", json!([1_000_000])).await;
    devnet
        .send(json!({ "from": devnet.account(1), "to": contract }))
        .await;
    contract
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_blocks_receipts_and_state() {
    let directory = tempfile::tempdir().unwrap();
    let config = DevnetConfig {
        data_dir: Some(directory.path().to_owned()),
        ..DevnetConfig::default()
    };
    let devnet = Devnet::start_with(config.clone()).await;
    let contract = fill(&devnet).await;
    let questions = [
        ("eth_getBlockByNumber", json!(["latest", true])),
        ("eth_getBlockByNumber", json!(["0x2", true])),
        ("eth_getBlockReceipts", json!(["0x3"])),
        ("eth_getStorageAt", json!([contract, "0x0", "0x3"])),
        ("eth_getStorageAt", json!([contract, "0x0", "latest"])),
        ("eth_getCode", json!([contract, "latest"])),
        ("eth_getBalance", json!([devnet.account(0), "latest"])),
        ("eth_getLogs", json!([{ "fromBlock": "0x0" }])),
        ("eth_getProof", json!([contract, ["0x0"], "latest"])),
    ];
    let mut before: Vec<Value> = Vec::new();
    for (method, params) in &questions {
        before.push(devnet.ok(method, params.clone()).await);
    }
    devnet.node.shutdown().await;

    let devnet = Devnet::start_with(config).await;
    for ((method, params), answer) in questions.iter().zip(before) {
        assert_eq!(
            devnet.ok(method, params.clone()).await,
            answer,
            "{method} {params}"
        );
    }
    devnet
        .send(json!({ "from": devnet.account(0), "to": contract }))
        .await;
    let count = devnet
        .ok("eth_call", json!([{ "to": contract, "data": "0x01" }]))
        .await;
    assert_eq!(count, json!(alloy_primitives::B256::with_last_byte(5)));
}

/// Writes genesis and blocks as files; returns where, and the head's hash.
pub(crate) async fn export(devnet: &Devnet) -> (TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let genesis = devnet.ok("fixpoint_genesis", json!([])).await;
    fs::write(directory.path().join("genesis.json"), genesis.to_string()).unwrap();
    let mut blocks: Vec<u8> = Vec::new();
    for number in 1..=devnet.quantity("eth_blockNumber", json!([])).await {
        let raw = devnet
            .ok("debug_getRawBlock", json!([format!("{number:#x}")]))
            .await;
        blocks.extend_from_slice(&serde_json::from_value::<Bytes>(raw).unwrap());
    }
    fs::write(directory.path().join("blocks.rlp"), blocks).unwrap();
    let head = devnet
        .ok("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    (directory, head["hash"].as_str().unwrap().to_owned())
}

/// Has another process verify what [`export`] wrote.
pub(crate) fn import(directory: &Path, expected_head: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fixpoint-import"))
        .arg("--genesis")
        .arg(directory.join("genesis.json"))
        .arg("--blocks")
        .arg(directory.join("blocks.rlp"))
        .args(["--expect-head", expected_head])
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_verifies_the_blocks_and_notices_a_changed_one() {
    let devnet = Devnet::start().await;
    fill(&devnet).await;
    let (directory, head) = export(&devnet).await;
    let output = import(directory.path(), &head);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains(&format!("hash {head}")), "{text}");
    assert!(text.contains("number 6"), "{text}");

    let wrong = format!("0x{}", "11".repeat(32));
    assert!(
        !import(directory.path(), &wrong).status.success(),
        "not the expected head"
    );
    let file = directory.path().join("blocks.rlp");
    let mut blocks = fs::read(&file).unwrap();
    // Behind the parent hash, the ommers hash and the fee recipient of the first header.
    blocks[100] ^= 1;
    fs::write(&file, blocks).unwrap();
    assert!(
        !import(directory.path(), &head).status.success(),
        "a changed bit in a state root"
    );
}

/// A devnet on `directory`.
async fn start_in(directory: &Path) -> Devnet {
    Devnet::start_with(DevnetConfig {
        data_dir: Some(directory.to_owned()),
        ..DevnetConfig::default()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_comes_back_from_an_export() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("blocks.rlp");
    let devnet = start_in(directory.path()).await;
    let contract = fill(&devnet).await;
    let newest = json!(["latest", true]);
    let head = devnet.ok("eth_getBlockByNumber", newest.clone()).await;
    let refused = export_directory(directory.path(), &file).unwrap_err();
    assert!(format!("{refused:#}").contains("in use"), "{refused:#}");
    devnet.node.shutdown().await;
    // Genesis too: an import notices a file of another network.
    assert_eq!(export_directory(directory.path(), &file).unwrap(), 7);

    fs::remove_file(directory.path().join("chain.redb")).unwrap();
    let done = import_directory(directory.path(), &file).unwrap();
    assert_eq!((done.imported, done.head_number), (6, 6));
    let again = import_directory(directory.path(), &file).unwrap();
    assert_eq!((again.imported, again.head_hash), (0, done.head_hash));
    let devnet = start_in(directory.path()).await;
    assert_eq!(devnet.ok("eth_getBlockByNumber", newest).await, head);
    let from = devnet.account(0);
    devnet.send(json!({ "from": from, "to": contract })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_keeps_what_came_before_a_block_that_is_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("blocks.rlp");
    let devnet = start_in(directory.path()).await;
    fill(&devnet).await;
    devnet.node.shutdown().await;
    export_directory(directory.path(), &file).unwrap();
    let mut blocks = fs::read(&file).unwrap();
    // As a disk that was full leaves it.
    blocks.truncate(blocks.len() - 10);
    fs::write(&file, blocks).unwrap();
    fs::remove_file(directory.path().join("chain.redb")).unwrap();
    let refused = import_directory(directory.path(), &file).unwrap_err();
    let text = format!("{refused:#}");
    assert!(text.contains("the head is block 5"), "{text}");
    let devnet = start_in(directory.path()).await;
    assert_eq!(devnet.quantity("eth_blockNumber", json!([])).await, 5);
}
