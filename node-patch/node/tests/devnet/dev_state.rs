//! What a development chain can do that no other can follow.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U256, address, hex};
use fixpoint_node::{
    DevnetConfig,
    genesis::{GenesisOptions, devnet_genesis},
    miner::{DevMiner, Mode},
};
use fixpoint_rpc::{Context, DevAccounts, NodeIdentity, Pages, RpcServer};
use serde_json::{Value, json};

use crate::{
    client::{COUNTED, Devnet, call, client, counter, quantity, raw, transfer},
    import::{export, import},
};

const STRANGER: Address = address!("0x00000000000000000000000000000000000057a4");
const ETHER: &str = "0xde0b6b3a7640000";

async fn balance(devnet: &Devnet, account: Address, block: &str) -> U256 {
    let balance = devnet.ok("eth_getBalance", json!([account, block])).await;
    serde_json::from_value(balance).unwrap()
}

async fn head(devnet: &Devnet) -> u64 {
    devnet.quantity("eth_blockNumber", json!([])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_shows_at_once_and_stays() {
    let devnet = Devnet::start().await;
    devnet.ok("evm_mine", json!([])).await;
    let contract = Address::repeat_byte(0xcc);
    let code = Bytes::from(counter());
    let slot = B256::with_last_byte(7);
    let word = B256::repeat_byte(9);
    devnet
        .ok("anvil_setBalance", json!([STRANGER, ETHER]))
        .await;
    devnet
        .ok("anvil_addBalance", json!([STRANGER, "0x1"]))
        .await;
    devnet
        .ok("hardhat_setNonce", json!([STRANGER, "0x5"]))
        .await;
    devnet.ok("hardhat_setCode", json!([contract, code])).await;
    let set = devnet
        .ok("anvil_setStorageAt", json!([contract, "0x7", word]))
        .await;
    assert_eq!(set, true);
    let forty = B256::with_last_byte(40);
    devnet
        .ok("hardhat_setStorageAt", json!([contract, "0x0", forty]))
        .await;
    assert_eq!(head(&devnet).await, 1, "no block was made for it");
    for round in 0..2 {
        let wei: U256 = balance(&devnet, STRANGER, "latest").await;
        assert_eq!(wei, U256::from(10).pow(U256::from(18)) + U256::from(1));
        let nonce = devnet
            .quantity("eth_getTransactionCount", json!([STRANGER, "latest"]))
            .await;
        assert_eq!(nonce, 5, "{round}");
        assert_eq!(
            devnet.ok("eth_getCode", json!([contract, "latest"])).await,
            json!(code)
        );
        let stored = devnet
            .ok("eth_getStorageAt", json!([contract, slot, "latest"]))
            .await;
        assert_eq!(stored, json!(word));
        let read = json!([{ "to": contract, "data": "0x01" }, "latest"]);
        assert_eq!(devnet.ok("eth_call", read).await, json!(forty));
        devnet.ok("evm_mine", json!([])).await;
    }
    assert_eq!(balance(&devnet, STRANGER, "0x0").await, U256::ZERO);

    // A transaction runs on it, and its trace does too.
    let receipt = devnet
        .send(json!({ "from": devnet.account(0), "to": contract }))
        .await;
    assert_eq!(receipt["logs"][0]["topics"][0], json!(COUNTED));
    let forty_one = B256::with_last_byte(41);
    assert_eq!(receipt["logs"][0]["data"], json!(forty_one));
    let options = json!({ "tracer": "callTracer", "tracerConfig": { "withLog": true } });
    let trace = devnet
        .ok(
            "debug_traceTransaction",
            json!([receipt["transactionHash"], options]),
        )
        .await;
    assert_eq!(trace["logs"][0]["data"], json!(forty_one), "{trace}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_block_commits_to_what_was_set_and_no_other_node_accepts_it() {
    let devnet = Devnet::start().await;
    devnet
        .ok("anvil_setBalance", json!([STRANGER, ETHER]))
        .await;
    devnet.ok("evm_mine", json!([])).await;
    let block = devnet
        .ok("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    let state_root: B256 = serde_json::from_value(block["stateRoot"].clone()).unwrap();
    let proof = devnet
        .ok("eth_getProof", json!([STRANGER, [], "latest"]))
        .await;
    assert_eq!(proof["balance"], ETHER);
    let first: Bytes = serde_json::from_value(proof["accountProof"][0].clone()).unwrap();
    assert_eq!(alloy_primitives::keccak256(first), state_root);
    let (directory, head) = export(&devnet).await;
    let output = import(directory.path(), &head);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && told.contains("stateRoot"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revert_undoes_blocks_state_and_what_waits() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    let from = devnet.account(0);
    let count = json!({ "from": from, "to": contract });
    let filter = devnet
        .ok("eth_newFilter", json!([{ "address": contract }]))
        .await;
    devnet.send(count.clone()).await;
    devnet
        .ok("anvil_setBalance", json!([STRANGER, "0x1"]))
        .await;
    let (number, wei) = (head(&devnet).await, balance(&devnet, from, "latest").await);
    let snapshot = devnet.ok("evm_snapshot", json!([])).await;

    let undone = devnet.send(count.clone()).await;
    devnet
        .ok("anvil_setBalance", json!([STRANGER, "0x2"]))
        .await;
    let later = devnet.ok("evm_snapshot", json!([])).await;
    devnet.ok("anvil_mine", json!(["0x5"])).await;
    devnet.ok("evm_setAutomine", json!([false])).await;
    let waiting = transfer(devnet.signer(1), 0, STRANGER);
    devnet
        .ok("eth_sendRawTransaction", json!([raw(&waiting)]))
        .await;
    devnet.ok("evm_setAutomine", json!([true])).await;
    let logs = devnet.ok("eth_getFilterChanges", json!([filter])).await;
    assert_eq!(logs.as_array().unwrap().len(), 2);

    assert_eq!(devnet.ok("evm_revert", json!([snapshot])).await, true);
    assert_eq!(head(&devnet).await, number);
    assert_eq!(balance(&devnet, from, "latest").await, wei);
    assert_eq!(balance(&devnet, STRANGER, "latest").await, U256::from(1));
    assert_eq!(
        devnet.ok("txpool_status", json!([])).await["pending"],
        "0x0"
    );
    let hash = &undone["transactionHash"];
    for method in ["eth_getTransactionByHash", "eth_getTransactionReceipt"] {
        assert_eq!(devnet.ok(method, json!([hash])).await, Value::Null);
    }
    let gone = json!([undone["blockHash"], false]);
    assert_eq!(devnet.ok("eth_getBlockByHash", gone).await, Value::Null);
    for used_up in [snapshot, later] {
        assert_eq!(devnet.ok("evm_revert", json!([used_up])).await, false);
    }

    // The same again: the counter, the nonce and the filter go on from there.
    let again = devnet.send(count).await;
    assert_eq!(again["status"], "0x1");
    assert_eq!(quantity(&again["blockNumber"]), number + 1);
    let two = B256::with_last_byte(2);
    assert_eq!(again["logs"][0]["data"], json!(two));
    let logs = devnet.ok("eth_getFilterChanges", json!([filter])).await;
    assert_eq!(logs.as_array().unwrap().len(), 1, "{logs}");
    assert_eq!(balance(&devnet, STRANGER, "latest").await, U256::from(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reverted_chain_opens_again() {
    let directory = tempfile::tempdir().unwrap();
    let config = DevnetConfig {
        data_dir: Some(directory.path().to_path_buf()),
        ..DevnetConfig::default()
    };
    let devnet = Devnet::start_with(config.clone()).await;
    let contract = devnet.deploy(&counter()).await;
    let count = json!({ "from": devnet.account(0), "to": contract });
    let snapshot = devnet.ok("evm_snapshot", json!([])).await;
    let first = devnet.send(count.clone()).await;
    devnet
        .ok("anvil_setBalance", json!([STRANGER, ETHER]))
        .await;
    devnet.send(count.clone()).await;
    devnet.deploy(&counter()).await;
    devnet.ok("evm_revert", json!([snapshot])).await;
    assert_eq!(devnet.send(count).await["logs"], {
        let mut logs = first["logs"].clone();
        let again = devnet
            .ok("eth_getBlockByNumber", json!(["latest", false]))
            .await;
        logs[0]["blockHash"] = again["hash"].clone();
        logs[0]["blockTimestamp"] = again["timestamp"].clone();
        logs
    });
    let (number, root) = (head(&devnet).await, state_root(&devnet).await);
    devnet.node.shutdown().await;
    // Opening builds the state trie anew and compares it with the header.
    let devnet = Devnet::start_with(config).await;
    assert_eq!(
        (head(&devnet).await, state_root(&devnet).await),
        (number, root)
    );
    assert_eq!(balance(&devnet, STRANGER, "latest").await, U256::ZERO);
    devnet.ok("hardhat_reset", json!([])).await;
    assert_eq!(head(&devnet).await, 0);
    let code = devnet.ok("eth_getCode", json!([contract, "latest"])).await;
    assert_eq!(code, "0x");
    let fork = json!([{ "forking": { "jsonRpcUrl": "http://127.0.0.1:1" } }]);
    let error = devnet.err("anvil_reset", fork).await;
    assert!(error.message().contains("cannot fork"), "{error:?}");
}

async fn state_root(devnet: &Devnet) -> Value {
    let block = devnet.ok("eth_getBlockByNumber", json!(["latest", false]));
    block.await["stateRoot"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn time_goes_on_from_the_snapshot() {
    let devnet = Devnet::start().await;
    devnet.ok("evm_mine", json!([])).await;
    let snapshot = devnet.ok("evm_snapshot", json!([])).await;
    devnet.ok("evm_increaseTime", json!([100_000])).await;
    devnet.ok("evm_mine", json!([])).await;
    devnet.ok("evm_revert", json!([snapshot])).await;
    let before = devnet
        .ok("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    devnet.ok("evm_mine", json!([])).await;
    let after = devnet
        .ok("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    let passed = quantity(&after["timestamp"]) - quantity(&before["timestamp"]);
    assert!(passed < 1_000, "{passed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn impersonated_accounts_send_without_a_key() {
    let devnet = Devnet::start().await;
    // A contract and an account without code: nobody has the key of either.
    let contract = devnet.deploy(&hex!("00")).await;
    let to = devnet.account(1);
    let mut hashes = Vec::new();
    for sender in [contract, STRANGER] {
        devnet.ok("anvil_setBalance", json!([sender, ETHER])).await;
        let transaction = json!({ "from": sender, "to": to, "value": "0x7", "nonce": "0x1" });
        let refused = devnet
            .err("eth_sendTransaction", json!([transaction]))
            .await;
        assert!(refused.message().contains("holds no key"), "{refused:?}");
        devnet.ok("anvil_setNonce", json!([sender, "0x1"])).await;
        devnet
            .ok("hardhat_impersonateAccount", json!([sender]))
            .await;
        let receipt = devnet.send(transaction.clone()).await;
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        assert_eq!(receipt["from"], json!(sender));
        let hash = receipt["transactionHash"].clone();
        let seen = devnet.ok("eth_getTransactionByHash", json!([hash])).await;
        assert_eq!((&seen["from"], &seen["hash"]), (&json!(sender), &hash));
        let trace = json!([hash, { "tracer": "callTracer" }]);
        let trace = devnet.ok("debug_traceTransaction", trace).await;
        assert_eq!(trace["from"], json!(sender));
        hashes.push(hash);
        devnet
            .ok("anvil_stopImpersonatingAccount", json!([sender]))
            .await;
        devnet
            .err("eth_sendTransaction", json!([transaction]))
            .await;
    }
    assert_ne!(hashes[0], hashes[1], "equal but for the sender");
    let wei = balance(&devnet, to, "latest").await;
    assert_eq!(wei, U256::from(10).pow(U256::from(22)) + U256::from(14));
    devnet
        .ok("anvil_autoImpersonateAccount", json!([true]))
        .await;
    let anybody = Address::repeat_byte(0x77);
    devnet.ok("anvil_setBalance", json!([anybody, ETHER])).await;
    let receipt = devnet.send(json!({ "from": anybody, "to": to })).await;
    assert_eq!(receipt["from"], json!(anybody));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_block_is_what_was_set() {
    let devnet = Devnet::start().await;
    let random = B256::repeat_byte(3);
    devnet.ok("hardhat_setCoinbase", json!([STRANGER])).await;
    devnet.ok("hardhat_setPrevRandao", json!([random])).await;
    devnet
        .ok("hardhat_setNextBlockBaseFeePerGas", json!(["0x0"]))
        .await;
    assert_eq!(devnet.ok("eth_coinbase", json!([])).await, json!(STRANGER));
    let free = json!({ "from": devnet.account(0), "to": STRANGER, "gasPrice": "0x0" });
    let receipt = devnet.send(free).await;
    assert_eq!(receipt["effectiveGasPrice"], "0x0", "{receipt}");
    let block = devnet
        .ok("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    assert_eq!(block["baseFeePerGas"], "0x0");
    assert_eq!(block["miner"], json!(STRANGER));
    assert_eq!(block["mixHash"], json!(random));
    devnet.ok("evm_mine", json!([])).await;
    let next = devnet
        .ok("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    assert_eq!(next["miner"], json!(STRANGER));
    assert_ne!(next["mixHash"], json!(random));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dumped_state_is_loaded_elsewhere() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    devnet
        .send(json!({ "from": devnet.account(0), "to": contract }))
        .await;
    devnet
        .ok("anvil_setBalance", json!([STRANGER, ETHER]))
        .await;
    let dumped = devnet.ok("anvil_dumpState", json!([])).await;
    let other = Devnet::start().await;
    let slot = B256::repeat_byte(5);
    other
        .ok("anvil_setStorageAt", json!([contract, "0x9", slot]))
        .await;
    assert_eq!(other.ok("anvil_loadState", json!([dumped])).await, true);
    assert_eq!(head(&other).await, 0, "no block was made for it");
    let read = json!([{ "to": contract, "data": "0x01" }, "latest"]);
    let one = json!(B256::with_last_byte(1));
    assert_eq!(other.ok("eth_call", read.clone()).await, one);
    let gone = json!([contract, "0x9", "latest"]);
    assert_eq!(
        other.ok("eth_getStorageAt", gone).await,
        json!(B256::ZERO),
        "an account is as it was dumped and nothing else"
    );
    assert!(balance(&other, STRANGER, "latest").await > U256::ZERO);
    // Blocks stand on it.
    let receipt = other
        .send(json!({ "from": other.account(0), "to": contract }))
        .await;
    assert_eq!(receipt["status"], "0x1");
    assert_eq!(
        other.ok("eth_call", read).await,
        json!(B256::with_last_byte(2))
    );
    let error = other.err("anvil_loadState", json!(["0x1f8b00"])).await;
    assert_eq!(error.code(), -32602, "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_kept_in_a_file_between_runs() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.json");
    let config = DevnetConfig {
        dump_state: Some(file.clone()),
        ..DevnetConfig::default()
    };
    let first = Devnet::start_with(config.clone()).await;
    let contract = first.deploy(&counter()).await;
    first
        .send(json!({ "from": first.account(0), "to": contract }))
        .await;
    first.node.shutdown().await;
    let again = DevnetConfig {
        load_state: Some(file),
        ..config
    };
    let second = Devnet::start_with(again).await;
    let read = json!([{ "to": contract, "data": "0x01" }, "latest"]);
    assert_eq!(
        second.ok("eth_call", read).await,
        json!(B256::with_last_byte(1))
    );
    second.node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn gas_limit_spacing_and_waiting_transactions_are_set() {
    let devnet = Devnet::start().await;
    devnet
        .ok("evm_setBlockGasLimit", json!(["0x2faf080"]))
        .await;
    devnet
        .ok("anvil_setBlockTimestampInterval", json!([7]))
        .await;
    devnet.ok("anvil_mine", json!([3])).await;
    let mut before: Option<u64> = None;
    for number in 1..=3 {
        let block = devnet
            .ok("eth_getBlockByNumber", json!([U256::from(number), false]))
            .await;
        assert_eq!(quantity(&block["gasLimit"]), 50_000_000, "block {number}");
        let time = quantity(&block["timestamp"]);
        assert!(before.is_none_or(|before| time == before + 7));
        before = Some(time);
    }
    let removed = devnet
        .ok("anvil_removeBlockTimestampInterval", json!([]))
        .await;
    assert_eq!(removed, true);
    let error = devnet.err("evm_setBlockGasLimit", json!([100])).await;
    assert_eq!(error.code(), -32602);

    devnet.ok("evm_setAutomine", json!([false])).await;
    for from in [0, 0, 1] {
        let call = json!({ "from": devnet.account(from), "to": STRANGER, "gas": "0x5208" });
        devnet.ok("eth_sendTransaction", json!([call])).await;
    }
    devnet
        .ok("anvil_removePoolTransactions", json!([devnet.account(0)]))
        .await;
    let status = devnet.ok("txpool_status", json!([])).await;
    assert_eq!(
        (&status["pending"], &status["queued"]),
        (&json!("0x1"), &json!("0x0"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_blocks_are_rolled_back() {
    let devnet = Devnet::start().await;
    devnet.ok("anvil_mine", json!([5])).await;
    let second = devnet
        .ok("eth_getBlockByNumber", json!(["0x2", false]))
        .await;
    let snapshot = devnet.ok("evm_snapshot", json!([])).await;
    devnet.ok("anvil_rollback", json!([])).await;
    assert_eq!(head(&devnet).await, 4);
    devnet.ok("anvil_rollback", json!([2])).await;
    let latest = devnet
        .ok("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    assert_eq!(latest, second);
    assert_eq!(devnet.ok("evm_revert", json!([snapshot])).await, false);
    let error = devnet.err("anvil_rollback", json!([3])).await;
    assert_eq!(error.code(), -32602, "{error:?}");
    devnet.ok("evm_mine", json!([])).await;
    assert_eq!(head(&devnet).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_without_controls_has_none_of_it() {
    let genesis = devnet_genesis(GenesisOptions::default(), []).unwrap();
    let spec = fixpoint_chain::ChainSpec::from_genesis(genesis).unwrap();
    let chain = fixpoint_chain::Chain::open(fixpoint_chain::Location::Memory, spec).unwrap();
    let by_transaction = Mode {
        automine: true,
        interval: None,
    };
    let miner = Arc::new(DevMiner::new(chain.clone(), by_transaction));
    let identity = NodeIdentity {
        client_version: "test".to_owned(),
        kernels: "test".to_owned(),
    };
    let context = Context::new(chain, miner, DevAccounts::default(), identity);
    let server = RpcServer::start("127.0.0.1:0".parse().unwrap(), context, Pages::None)
        .await
        .unwrap();
    let http = client(&format!("http://{}", server.address()));
    for (method, params) in [
        ("evm_snapshot", json!([])),
        ("evm_revert", json!(["0x1"])),
        ("anvil_reset", json!([])),
        ("anvil_setBalance", json!([STRANGER, "0x1"])),
        ("hardhat_impersonateAccount", json!([STRANGER])),
    ] {
        let error = call(&http, method, params).await.unwrap_err();
        assert_eq!(error.code(), -32601, "{method}");
    }
}
