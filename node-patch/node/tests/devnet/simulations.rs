//! `eth_simulateV1`.

use alloy_primitives::{Address, B256, U256, hex};
use serde_json::{Value, json};

use crate::client::{COUNTED, Devnet, counter, quantity};

const ETHER: u64 = 1_000_000_000_000_000_000;

async fn simulate(devnet: &Devnet, blocks: Value) -> Value {
    let payload = json!({ "blockStateCalls": blocks });
    devnet
        .ok("eth_simulateV1", json!([payload, "latest"]))
        .await
}

async fn refusal(devnet: &Devnet, payload: Value) -> i32 {
    let error = devnet
        .err("eth_simulateV1", json!([payload, "latest"]))
        .await;
    error.code()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulated_block_is_the_block_that_is_then_made() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    let latest = devnet
        .ok("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    let time = quantity(&latest["timestamp"]) + 100;
    let random = B256::repeat_byte(7);
    let call = json!({
        "from": devnet.account(0), "to": contract, "gas": "0x20000",
        "nonce": devnet.ok("eth_getTransactionCount", json!([devnet.account(0), "latest"])).await,
        "maxFeePerGas": "0x77359400", "maxPriorityFeePerGas": "0x3b9aca00",
    });
    let overrides = json!({ "time": U256::from(time), "prevRandao": random });
    let payload = json!({
        "blockStateCalls": [{ "blockOverrides": overrides, "calls": [call] }],
        "validation": true, "returnFullTransactions": true,
    });
    let simulated = devnet
        .ok("eth_simulateV1", json!([payload, "latest"]))
        .await;
    let simulated = &simulated[0];

    devnet.ok("evm_setNextBlockTimestamp", json!([time])).await;
    devnet.ok("anvil_setPrevRandao", json!([random])).await;
    let receipt = devnet.send(call.clone()).await;
    let made = devnet
        .ok("eth_getBlockByNumber", json!(["latest", true]))
        .await;
    for field in [
        "stateRoot",
        "receiptsRoot",
        "logsBloom",
        "gasUsed",
        "gasLimit",
        "baseFeePerGas",
        "number",
        "parentHash",
        "miner",
        "mixHash",
        "timestamp",
        "requestsHash",
        "excessBlobGas",
    ] {
        assert_eq!(simulated[field], made[field], "{field}");
    }
    let result = &simulated["calls"][0];
    assert_eq!(
        (&result["status"], &result["gasUsed"]),
        (&json!("0x1"), &receipt["gasUsed"])
    );
    assert_eq!(result["logs"][0]["topics"], json!([COUNTED]));
    assert_eq!(result["logs"][0]["blockHash"], simulated["hash"]);
    assert_eq!(
        simulated["transactions"][0]["from"],
        made["transactions"][0]["from"]
    );
    assert_eq!(simulated["transactions"][0]["nonce"], call["nonce"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_follow_one_another_and_nothing_is_kept() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    let poor = Address::repeat_byte(0x99);
    let count = json!({ "to": contract });
    let read = json!({ "to": contract, "data": "0x01" });
    let head = devnet
        .ok("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    let blocks = simulate(
        &devnet,
        json!([
            {
                "stateOverrides": { poor.to_string(): { "balance": U256::from(ETHER) } },
                "calls": [count, count, { "from": poor, "to": Address::ZERO, "value": "0x1" }],
            },
            { "blockOverrides": { "number": U256::from(quantity(&head["number"]) + 4) }, "calls": [count, read] },
        ]),
    )
    .await;
    let blocks = blocks.as_array().unwrap();
    assert_eq!(blocks.len(), 4, "two of them fill the gap");
    let mut parent = &head;
    for block in blocks {
        assert_eq!(block["parentHash"], parent["hash"]);
        assert_eq!(quantity(&block["number"]), quantity(&parent["number"]) + 1);
        assert_eq!(
            quantity(&block["timestamp"]),
            quantity(&parent["timestamp"]) + 12
        );
        parent = block;
    }
    assert_eq!(blocks[0]["baseFeePerGas"], "0x0");
    assert_eq!(blocks[0]["calls"][2]["status"], "0x1", "{}", blocks[0]);
    assert_eq!(
        blocks[3]["calls"][1]["returnData"],
        json!(B256::with_last_byte(3))
    );
    assert_ne!(blocks[0]["stateRoot"], head["stateRoot"]);
    // Of the parents only their hashes are in the state of empty blocks.
    assert_ne!(blocks[1]["stateRoot"], blocks[2]["stateRoot"]);
    let after = devnet
        .ok("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    assert_eq!(after, head);
    assert_eq!(
        devnet.ok("eth_getBalance", json!([poor, "latest"])).await,
        "0x0"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_see_simulated_blocks() {
    let devnet = Devnet::start().await;
    // Returns BLOCKHASH(NUMBER - 1), NUMBER, TIMESTAMP, COINBASE, PREVRANDAO.
    let asking = hex!("6001430340" "5f52" "43602052" "42604052" "41606052" "44608052" "60a05ff3");
    let asking = devnet.deploy(&asking).await;
    let (coinbase, random) = (Address::repeat_byte(5), B256::repeat_byte(6));
    let blocks = simulate(
        &devnet,
        json!([
            { "calls": [] },
            {
                "blockOverrides": {
                    "number": "0x64", "time": "0xffffffff", "feeRecipient": coinbase, "prevRandao": random,
                },
                "calls": [{ "to": asking }],
            },
        ]),
    )
    .await;
    let blocks = blocks.as_array().unwrap();
    let (last, before) = (&blocks[blocks.len() - 1], &blocks[blocks.len() - 2]);
    let words = [
        serde_json::from_value::<B256>(before["hash"].clone()).unwrap(),
        B256::with_last_byte(100),
        U256::from(u32::MAX).into(),
        coinbase.into_word(),
        random,
    ];
    let want = format!("0x{}", hex::encode(words.concat()));
    assert_eq!(last["calls"][0]["returnData"], want, "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_are_logged_when_asked_for() {
    let devnet = Devnet::start().await;
    let (from, to) = (devnet.account(0), devnet.account(1));
    let transfer = json!({ "from": from, "to": to, "value": "0x5" });
    let payload = json!({ "blockStateCalls": [{ "calls": [transfer] }], "traceTransfers": true });
    let traced = devnet.ok("eth_simulateV1", json!([payload])).await;
    let log = &traced[0]["calls"][0]["logs"][0];
    assert_eq!(log["address"], "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
    assert_eq!(log["topics"][1], json!(from.into_word()));
    assert_eq!(log["topics"][2], json!(to.into_word()));
    assert_eq!(log["data"], json!(B256::with_last_byte(5)));
    let plain = simulate(&devnet, json!([{ "calls": [transfer] }])).await;
    assert_eq!(plain[0]["calls"][0]["logs"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_of_calls_are_results_and_failures_of_blocks_are_errors() {
    let devnet = Devnet::start().await;
    let reverting = devnet.deploy(&hex!("5f5ffd")).await;
    let invalid = devnet.deploy(&hex!("fe")).await;
    let blocks = simulate(
        &devnet,
        json!([{ "calls": [
        { "to": reverting }, { "to": invalid, "gas": "0xfffff" },
    ] }]),
    )
    .await;
    let calls = &blocks[0]["calls"];
    assert_eq!(
        (&calls[0]["status"], &calls[0]["error"]["code"]),
        (&json!("0x0"), &json!(3))
    );
    assert_eq!(calls[1]["error"]["code"], -32015, "{calls}");

    let one = |call: Value| json!({ "blockStateCalls": [{ "calls": [call] }] });
    let checked =
        |call: Value| json!({ "blockStateCalls": [{ "calls": [call] }], "validation": true });
    let numbered =
        |number: &str| json!({ "blockStateCalls": [{ "blockOverrides": { "number": number } }] });
    let from = devnet.account(0);
    let fee = "0x77359400";
    let cases = [
        (numbered("0x1"), -38020),
        (numbered("0xffff"), -38026),
        (
            json!({ "blockStateCalls": [{ "blockOverrides": { "time": "0x1" } }] }),
            -38021,
        ),
        (
            checked(json!({ "from": from, "nonce": "0x0", "maxFeePerGas": fee })),
            -38010,
        ),
        (
            checked(json!({ "from": from, "nonce": "0xff", "maxFeePerGas": fee })),
            -38011,
        ),
        (checked(json!({ "from": from })), -38012),
        (
            one(json!({ "from": from, "to": from, "gas": "0x100" })),
            -38013,
        ),
        (
            one(json!({ "from": Address::repeat_byte(9), "to": from, "value": "0x1" })),
            -38014,
        ),
        (
            one(json!({ "from": from, "to": from, "gas": "0xfffffffff" })),
            -38015,
        ),
        (json!({ "blockStateCalls": [] }), -32602),
    ];
    for (payload, code) in cases {
        assert_eq!(refusal(&devnet, payload.clone()).await, code, "{payload}");
    }
    // Without validation a nonce may be anything, and a contract may send.
    let odd = one(json!({ "from": reverting, "to": from, "nonce": "0xff" }));
    let result = devnet.ok("eth_simulateV1", json!([odd])).await;
    assert_eq!(result[0]["calls"][0]["status"], "0x1");
}

#[tokio::test(flavor = "multi_thread")]
async fn state_and_precompiles_can_be_moved_about() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    let identity = "0x0000000000000000000000000000000000000004";
    let moved = Address::repeat_byte(0x44);
    let slot = json!({ B256::ZERO.to_string(): B256::with_last_byte(41) });
    let blocks = simulate(
        &devnet,
        json!([
            {
                "stateOverrides": {
                    contract.to_string(): { "state": slot },
                    identity: { "movePrecompileToAddress": moved, "code": "0x60075f5260205ff3" },
                },
                "calls": [
                    { "to": contract },
                    { "to": contract, "data": "0x01" },
                    { "to": identity, "data": "0x1234" },
                    { "to": moved, "data": "0x1234" },
                ],
            },
        ]),
    )
    .await;
    let calls = &blocks[0]["calls"];
    assert_eq!(calls[1]["returnData"], json!(B256::with_last_byte(42)));
    assert_eq!(calls[2]["returnData"], json!(B256::with_last_byte(7)));
    assert_eq!(calls[3]["returnData"], "0x1234");
}
