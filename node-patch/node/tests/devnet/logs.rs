//! Log queries, filters and subscriptions.

use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use jsonrpsee::{
    core::client::{Subscription, SubscriptionClientT},
    rpc_params,
    ws_client::WsClientBuilder,
};
use serde_json::{Value, json};

use crate::client::{COUNTED, Devnet, counter, raw, transfer};

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_found_by_address_topic_and_range() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    for _ in 0..3 {
        devnet
            .send(json!({ "from": devnet.account(0), "to": contract }))
            .await;
    }
    let all = devnet
        .ok(
            "eth_getLogs",
            json!([{ "fromBlock": "0x0", "address": contract }]),
        )
        .await;
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(all[1]["blockNumber"], "0x3");
    assert_eq!(all[1]["data"], json!(B256::from(U256::from(2))));
    assert_eq!(all[1]["topics"], json!([COUNTED]));
    assert_eq!(all[1]["logIndex"], "0x0");
    let hash = &all[1]["blockHash"];
    let counts = [
        (json!({ "fromBlock": "0x3", "toBlock": "0x3" }), 1),
        (json!({ "fromBlock": "0x0", "topics": [COUNTED] }), 3),
        (
            json!({ "fromBlock": "0x0", "topics": [[B256::ZERO, COUNTED]] }),
            3,
        ),
        (json!({ "fromBlock": "0x0", "topics": [B256::ZERO] }), 0),
        (
            json!({ "fromBlock": "0x0", "topics": [null, B256::ZERO] }),
            0,
        ),
        (json!({ "fromBlock": "0x0", "address": Address::ZERO }), 0),
        (json!({ "blockHash": hash }), 1),
        (json!({}), 1),
        (json!({ "fromBlock": "0x3", "toBlock": "0x99" }), 2),
    ];
    for (filter, count) in counts {
        let logs = devnet.ok("eth_getLogs", json!([filter])).await;
        assert_eq!(logs.as_array().unwrap().len(), count, "{filter}");
    }
    let backwards = json!([{ "fromBlock": "0x3", "toBlock": "0x2" }]);
    assert_eq!(devnet.err("eth_getLogs", backwards).await.code(), -32602);
    let receipts = devnet.ok("eth_getBlockReceipts", json!(["0x3"])).await;
    assert_eq!(receipts[0]["logs"][0], all[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_report_each_change_once() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    let logs = devnet
        .ok("eth_newFilter", json!([{ "address": contract }]))
        .await;
    let blocks = devnet.ok("eth_newBlockFilter", json!([])).await;
    let pending = devnet
        .ok("eth_newPendingTransactionFilter", json!([]))
        .await;
    let receipt = devnet
        .send(json!({ "from": devnet.account(0), "to": contract }))
        .await;

    let changes = devnet.ok("eth_getFilterChanges", json!([logs])).await;
    assert_eq!(changes[0]["transactionHash"], receipt["transactionHash"]);
    assert_eq!(
        devnet.ok("eth_getFilterChanges", json!([blocks])).await,
        json!([receipt["blockHash"]])
    );
    assert_eq!(
        devnet.ok("eth_getFilterChanges", json!([pending])).await,
        json!([receipt["transactionHash"]])
    );
    for filter in [&logs, &blocks, &pending] {
        assert_eq!(
            devnet.ok("eth_getFilterChanges", json!([filter])).await,
            json!([])
        );
    }
    let all = devnet.ok("eth_getFilterLogs", json!([logs])).await;
    assert_eq!(all.as_array().unwrap().len(), 1);
    assert_eq!(devnet.ok("eth_uninstallFilter", json!([logs])).await, true);
    assert_eq!(devnet.ok("eth_uninstallFilter", json!([logs])).await, false);
    let error = devnet.err("eth_getFilterChanges", json!([logs])).await;
    assert_eq!(error.message(), "filter not found");
}

async fn next(subscription: &mut Subscription<Value>) -> Value {
    tokio::time::timeout(Duration::from_secs(10), subscription.next())
        .await
        .expect("a notification in time")
        .expect("an open subscription")
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_send_heads_logs_and_transactions() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    let ws = WsClientBuilder::default()
        .build(devnet.node.ws_url())
        .await
        .unwrap();
    let subscribe = |params| ws.subscribe::<Value, _>("eth_subscribe", params, "eth_unsubscribe");
    let mut heads = subscribe(rpc_params!["newHeads"]).await.unwrap();
    let mut logs = subscribe(rpc_params!["logs", json!({ "address": contract })])
        .await
        .unwrap();
    let mut hashes = subscribe(rpc_params!["newPendingTransactions"])
        .await
        .unwrap();
    let mut whole = subscribe(rpc_params!["newPendingTransactions", true])
        .await
        .unwrap();

    let other = transfer(devnet.signer(1), 0, Address::repeat_byte(0xaa));
    devnet
        .ok("eth_sendRawTransaction", json!([raw(&other)]))
        .await;
    let receipt = devnet
        .send(json!({ "from": devnet.account(0), "to": contract }))
        .await;

    assert_eq!(next(&mut heads).await["number"], "0x2");
    assert_eq!(next(&mut heads).await["hash"], receipt["blockHash"]);
    assert_eq!(next(&mut logs).await, receipt["logs"][0]);
    assert_eq!(next(&mut hashes).await, json!(other.tx_hash()));
    assert_eq!(next(&mut hashes).await, receipt["transactionHash"]);
    assert_eq!(next(&mut whole).await["hash"], json!(other.tx_hash()));
    assert!(subscribe(rpc_params!["newNonsense"]).await.is_err());
    logs.unsubscribe().await.unwrap();
}
