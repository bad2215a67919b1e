//! `debug_`.

use alloy_primitives::{B256, Bytes, hex};
use serde_json::{Value, json};

use crate::client::{Devnet, counter, reverter};

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_transactions_are_traced() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    let caller = devnet
        .deploy(&hex!("5f5f5f5f5f5f355af115600e57005b5f5ffd"))
        .await;
    let data = B256::left_padding_from(contract.as_slice());
    let call = json!({ "from": devnet.account(0), "to": caller, "data": data });
    let receipt = devnet.send(call.clone()).await;
    let hash = &receipt["transactionHash"];

    let tracer = json!({ "tracer": "callTracer" });
    let trace = devnet
        .ok("debug_traceTransaction", json!([hash, tracer]))
        .await;
    assert_eq!(trace["type"], "CALL");
    assert_eq!(trace["gasUsed"], receipt["gasUsed"]);
    assert_eq!(
        trace["calls"][0]["to"],
        json!(contract).as_str().unwrap().to_lowercase()
    );
    let steps = devnet.ok("debug_traceTransaction", json!([hash])).await;
    assert_eq!(steps["failed"], false);
    let opcodes: Vec<&str> = steps["structLogs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["op"].as_str().unwrap())
        .collect();
    assert!(
        opcodes.contains(&"SSTORE") && opcodes.contains(&"LOG1"),
        "{opcodes:?}"
    );

    let trace = devnet
        .ok("debug_traceCall", json!([call, "latest", tracer]))
        .await;
    assert_eq!(trace["calls"].as_array().unwrap().len(), 1);
    let block = devnet
        .ok("debug_traceBlockByNumber", json!(["latest", tracer]))
        .await;
    assert_eq!(block[0]["txHash"], *hash);
    assert_eq!(block[0]["result"]["gasUsed"], receipt["gasUsed"]);
    let reverting = devnet.deploy(&reverter(&hex!("deadbeef"))).await;
    let trace = devnet
        .ok(
            "debug_traceCall",
            json!([{ "to": reverting }, "latest", tracer]),
        )
        .await;
    assert_eq!(
        (&trace["error"], &trace["output"]),
        (&json!("execution reverted"), &json!("0xdeadbeef"))
    );
    let missing = devnet
        .err("debug_traceTransaction", json!([B256::ZERO]))
        .await;
    assert!(missing.message().contains("transaction not found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_starts_where_the_transactions_before_it_ended() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    devnet.ok("evm_setAutomine", json!([false])).await;
    let mut hashes = Vec::new();
    for _ in 0..3 {
        let call = json!({ "from": devnet.account(0), "to": contract, "gas": "0x20000" });
        hashes.push(devnet.ok("eth_sendTransaction", json!([call])).await);
    }
    devnet.ok("evm_mine", json!([])).await;
    for (index, hash) in hashes.iter().enumerate() {
        let tracer = json!({ "tracer": "callTracer", "tracerConfig": { "withLog": true } });
        let trace = devnet
            .ok("debug_traceTransaction", json!([hash, tracer]))
            .await;
        let count = B256::with_last_byte(u8::try_from(index).unwrap() + 1);
        assert_eq!(trace["logs"][0]["data"], json!(count), "{trace}");
        let receipt = devnet.ok("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(trace["gasUsed"], receipt["gasUsed"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_bytes_hash_to_what_the_block_says() {
    let devnet = Devnet::start().await;
    let receipt = devnet
        .send(json!({ "from": devnet.account(0), "to": devnet.account(1) }))
        .await;
    let header: Bytes = parsed(devnet.ok("debug_getRawHeader", json!(["0x1"])).await);
    assert_eq!(
        json!(alloy_primitives::keccak256(header)),
        receipt["blockHash"]
    );
    let block: Bytes = parsed(devnet.ok("debug_getRawBlock", json!(["0x1"])).await);
    assert!(block.len() > 500);
    let receipts: Vec<Bytes> = parsed(devnet.ok("debug_getRawReceipts", json!(["0x1"])).await);
    assert_eq!(receipts.len(), 1);
    assert_eq!(receipts[0][0], 2, "an EIP-1559 receipt");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_trace_records_is_bounded() {
    let devnet = Devnet::start().await;
    // JUMPDEST PUSH0 JUMP: the most steps for gas, until it runs out.
    let looping = devnet.deploy(&hex!("5b5f56")).await;
    let call = json!({ "to": looping, "gas": "0x3938700" });
    let trace = async |options: Value| {
        devnet
            .ok("debug_traceCall", json!([call, "latest", options]))
            .await
    };
    let bare = json!({ "disableStack": true, "disableStorage": true });
    let error = devnet
        .err("debug_traceCall", json!([call, "latest", bare]))
        .await;
    assert_eq!(error.code(), -32005);
    assert!(error.message().contains("1000001 > 1000000"), "{error:?}");
    let some = trace(json!({ "limit": 7 })).await;
    assert_eq!(some["structLogs"].as_array().unwrap().len(), 7);
    let calls = trace(json!({ "tracer": "callTracer" })).await;
    assert_eq!(calls["error"], "out of gas");
    assert_eq!(
        calls["gas"], "0x1000000",
        "as much as a transaction can have"
    );

    // PUSH0 500 times, then the same loop: few steps, each with a deep stack.
    let mut deep = vec![0x5f; 500];
    deep.extend(hex!("5b6101f456"));
    let deep = devnet.deploy(&deep).await;
    let error = devnet.err("debug_traceCall", json!([{ "to": deep }])).await;
    assert!(error.message().contains("size of the trace"), "{error:?}");

    // MSTORE at one megabyte, then calls of nobody with all of that as input.
    let calling = hex!("5f620fffff525b5f5f620fffff5f5f60aa5af1506006565b");
    let calling = devnet.deploy(&calling).await;
    let error = devnet
        .err(
            "debug_traceCall",
            json!([{ "to": calling }, "latest", { "tracer": "callTracer" }]),
        )
        .await;
    assert!(error.message().contains("size of the trace"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_take_turns() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    let (call, url) = (json!([{ "to": contract }]), devnet.node.url());
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let (call, url) = (call.clone(), url.clone());
            tokio::spawn(async move {
                crate::client::call(&crate::client::client(&url), "debug_traceCall", call).await
            })
        })
        .collect();
    for call in calls {
        let trace = call.await.unwrap().unwrap();
        assert!(
            trace["structLogs"]
                .as_array()
                .is_some_and(|logs| !logs.is_empty())
        );
    }
}

fn parsed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}
