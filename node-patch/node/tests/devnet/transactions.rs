//! Sending transactions and reading them back.

use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, TxKind, U256};
use serde_json::{Value, json};

use crate::client::{Devnet, quantity, raw, sign, transfer};

#[tokio::test(flavor = "multi_thread")]
async fn a_raw_transaction_is_mined_when_its_hash_comes_back() {
    let devnet = Devnet::start().await;
    let to = Address::repeat_byte(0xaa);
    let transaction = transfer(devnet.signer(0), 0, to);
    let hash = devnet
        .ok("eth_sendRawTransaction", json!([raw(&transaction)]))
        .await;
    assert_eq!(hash, json!(transaction.tx_hash()));
    let receipt = devnet.ok("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], "0x1");
    assert_eq!(receipt["blockNumber"], "0x1");
    assert_eq!(receipt["gasUsed"], "0x5208");
    assert_eq!(receipt["type"], "0x2");
    assert_eq!(receipt["contractAddress"], Value::Null);
    let base_fee = devnet
        .ok("eth_getBlockByNumber", json!(["0x1", false]))
        .await;
    let base_fee = quantity(&base_fee["baseFeePerGas"]);
    assert_eq!(
        quantity(&receipt["effectiveGasPrice"]),
        base_fee + 1_000_000_000
    );
    assert_eq!(
        devnet
            .quantity("eth_getBalance", json!([to, "latest"]))
            .await,
        1
    );
    let read = devnet.ok("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!(read["blockHash"], receipt["blockHash"]);
    assert_eq!(read["nonce"], "0x0");
    let bytes = devnet
        .ok("eth_getRawTransactionByHash", json!([hash]))
        .await;
    assert_eq!(bytes, json!(raw(&transaction)));
    let sync = transfer(devnet.signer(0), 1, to);
    let receipt = devnet
        .ok("eth_sendRawTransactionSync", json!([raw(&sync)]))
        .await;
    assert_eq!(receipt["transactionHash"], json!(sync.tx_hash()));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_transactions_are_refused_in_geths_words() {
    let devnet = Devnet::start().await;
    let to = Address::repeat_byte(0xaa);
    let first = raw(&transfer(devnet.signer(0), 0, to));
    devnet.ok("eth_sendRawTransaction", json!([first])).await;
    let refused = |transaction: alloy_primitives::Bytes| {
        let devnet = &devnet;
        async move {
            devnet
                .err("eth_sendRawTransaction", json!([transaction]))
                .await
        }
    };
    let error = refused(raw(&transfer(devnet.signer(0), 0, Address::ZERO))).await;
    assert_eq!(error.code(), -32000);
    assert!(error.message().contains("nonce too low"), "{error:?}");
    let base = TxEip1559 {
        chain_id: 31_337,
        nonce: 1,
        gas_limit: 21_000,
        max_fee_per_gas: 10_000_000_000,
        to: TxKind::Call(to),
        ..TxEip1559::default()
    };
    let rich = TxEip1559 {
        value: U256::MAX >> 8,
        ..base.clone()
    };
    let error = refused(raw(&sign(devnet.signer(0), rich))).await;
    assert!(error.message().contains("insufficient funds"), "{error:?}");
    let wasteful = TxEip1559 {
        gas_limit: 20_000,
        ..base.clone()
    };
    let error = refused(raw(&sign(devnet.signer(0), wasteful))).await;
    assert!(
        error.message().contains("intrinsic gas too low"),
        "{error:?}"
    );
    let elsewhere = TxEip1559 {
        chain_id: 1,
        ..base
    };
    let error = refused(raw(&sign(devnet.signer(0), elsewhere))).await;
    assert!(
        error.message().to_lowercase().contains("chain id"),
        "{error:?}"
    );
    assert_eq!(refused(vec![0xff, 0x00].into()).await.code(), -32000);
    assert_eq!(
        devnet
            .err("eth_sendRawTransaction", json!(["nonsense"]))
            .await
            .code(),
        -32602
    );
    let stranger = json!([{ "from": to, "to": to }]);
    assert!(
        devnet
            .err("eth_sendTransaction", stranger)
            .await
            .message()
            .contains("unknown account")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_in_nonces_waits_in_the_pool_until_it_is_closed() {
    let devnet = Devnet::start().await;
    let sender = devnet.account(0);
    let to = Address::repeat_byte(0xaa);
    let later = transfer(devnet.signer(0), 1, to);
    devnet
        .ok("eth_sendRawTransaction", json!([raw(&later)]))
        .await;
    assert_eq!(
        devnet.ok("txpool_status", json!([])).await,
        json!({ "pending": "0x0", "queued": "0x1" })
    );
    let content = devnet.ok("txpool_content", json!([])).await;
    let key = content["queued"]
        .as_object()
        .unwrap()
        .keys()
        .next()
        .unwrap()
        .clone();
    assert_eq!(key.to_lowercase(), sender.to_string().to_lowercase());
    assert_eq!(content["queued"][&key]["1"]["hash"], json!(later.tx_hash()));
    let waiting = devnet
        .ok("eth_getTransactionByHash", json!([later.tx_hash()]))
        .await;
    assert_eq!(waiting["blockHash"], Value::Null);
    assert_eq!(
        devnet
            .ok("eth_getTransactionReceipt", json!([later.tx_hash()]))
            .await,
        Value::Null
    );
    devnet
        .ok(
            "eth_sendRawTransaction",
            json!([raw(&transfer(devnet.signer(0), 0, to))]),
        )
        .await;
    let receipt = devnet
        .ok("eth_getTransactionReceipt", json!([later.tx_hash()]))
        .await;
    assert_eq!(receipt["status"], "0x1");
    assert_eq!(
        devnet
            .quantity("eth_getTransactionCount", json!([sender, "pending"]))
            .await,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_at_once_lose_no_transaction() {
    let devnet = Devnet::start().await;
    let to = Address::repeat_byte(0xaa);
    let senders = (0..10).map(|index| {
        let devnet = &devnet;
        async move {
            for nonce in 0..10 {
                let transaction = transfer(devnet.signer(index), nonce, to);
                let hash = devnet
                    .ok("eth_sendRawTransaction", json!([raw(&transaction)]))
                    .await;
                let receipt = devnet.ok("eth_getTransactionReceipt", json!([hash])).await;
                assert_eq!(receipt["status"], "0x1", "sender {index}, nonce {nonce}");
            }
        }
    });
    // All polled by one task: their requests are on the way together.
    let mut senders: Vec<_> = senders.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        senders.retain_mut(|sender| Future::poll(sender.as_mut(), cx).is_pending());
        if senders.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    assert_eq!(
        devnet
            .quantity("eth_getBalance", json!([to, "latest"]))
            .await,
        100
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_signs_for_its_accounts() {
    let devnet = Devnet::start().await;
    let address = devnet.account(2);
    let signature = devnet
        .ok("personal_sign", json!(["0x68656c6c6f", address]))
        .await;
    let bytes: alloy_primitives::Bytes = serde_json::from_value(signature.clone()).unwrap();
    let parsed = alloy_primitives::Signature::from_raw(&bytes).unwrap();
    assert_eq!(parsed.recover_address_from_msg(b"hello").unwrap(), address);
    assert_eq!(
        devnet
            .ok("eth_sign", json!([address, "0x68656c6c6f"]))
            .await,
        signature
    );
    let typed = json!({
        "types": {
            "EIP712Domain": [{ "name": "name", "type": "string" }],
            "Mail": [{ "name": "text", "type": "string" }],
        },
        "primaryType": "Mail",
        "domain": { "name": "test" },
        "message": { "text": "hello" },
    });
    let signature = devnet
        .ok("eth_signTypedData_v4", json!([address, typed]))
        .await;
    assert_eq!(signature.as_str().unwrap().len(), 2 + 2 * 65);
}
