//! Calls and estimates.

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use serde_json::json;

use crate::client::{Devnet, counter, quantity, reverter};

/// `Error(string)` of "no cheese".
const NO_CHEESE: &str = "08c379a00000000000000000000000000000000000000000000000000000000000000020\
    00000000000000000000000000000000000000000000000000000000000000096e6f20636865657365\
    0000000000000000000000000000000000000000000000";

#[tokio::test(flavor = "multi_thread")]
async fn reverts_carry_their_data_and_reason() {
    let devnet = Devnet::start().await;
    let data = hex::decode(NO_CHEESE).unwrap();
    let contract = devnet.deploy(&reverter(&data)).await;
    let transaction = json!({ "from": devnet.account(0), "to": contract });
    for method in ["eth_call", "eth_estimateGas"] {
        let error = devnet.err(method, json!([transaction])).await;
        assert_eq!(error.code(), 3, "{method}");
        assert_eq!(error.message(), "execution reverted: no cheese", "{method}");
        assert_eq!(
            error.data().unwrap().get(),
            json!(Bytes::from(data.clone())).to_string()
        );
    }
    let custom = devnet.deploy(&reverter(&hex!("deadbeef"))).await;
    let error = devnet.err("eth_call", json!([{ "to": custom }])).await;
    assert_eq!((error.code(), error.message()), (3, "execution reverted"));
    assert_eq!(error.data().unwrap().get(), "\"0xdeadbeef\"");
    // INVALID burns all gas and is not a revert.
    let invalid = devnet.deploy(&[0xfe]).await;
    let error = devnet.err("eth_call", json!([{ "to": invalid }])).await;
    assert_eq!(
        (error.code(), error.message()),
        (-32000, "invalid opcode: INVALID")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_take_state_and_block_overrides() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    let read = json!({ "to": contract, "data": "0x01" });
    let seven = B256::from(U256::from(7));
    let overrides =
        json!({ contract.to_string(): { "stateDiff": { B256::ZERO.to_string(): seven } } });
    assert_eq!(
        devnet
            .ok("eth_call", json!([read, "latest", overrides]))
            .await,
        json!(seven)
    );
    assert_eq!(
        devnet.ok("eth_call", json!([read, "latest"])).await,
        json!(B256::ZERO)
    );

    // TIMESTAMP, PUSH0, MSTORE, return the word: code and time both overridden.
    let nobody = Address::repeat_byte(0xaa);
    let overrides = json!({ nobody.to_string(): { "code": "0x425f5260205ff3" } });
    let block = json!({ "time": "0x1234" });
    let word = devnet
        .ok(
            "eth_call",
            json!([{ "to": nobody }, "latest", overrides, block]),
        )
        .await;
    assert_eq!(word, json!(B256::from(U256::from(0x1234))));

    // An account without money can send value if the call says that it has some.
    let call = json!({ "from": nobody, "to": devnet.account(0), "value": "0x5" });
    let error = devnet.err("eth_call", json!([call, "latest"])).await;
    assert!(error.message().contains("insufficient funds"), "{error:?}");
    let rich = json!({ nobody.to_string(): { "balance": "0x5" } });
    assert_eq!(
        devnet.ok("eth_call", json!([call, "latest", rich])).await,
        "0x"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn estimates_are_enough_even_where_calls_keep_a_64th_back() {
    let devnet = Devnet::start().await;
    let from = devnet.account(0);
    // Five fresh slots.
    let writer = devnet
        .deploy(&hex!("60015f556001600155600160025560016003556001600455"))
        .await;
    // Calls the address in its calldata with all it may forward; reverts if that fails.
    let caller = devnet
        .deploy(&hex!("5f5f5f5f5f5f355af115600e57005b5f5ffd"))
        .await;
    let data = B256::left_padding_from(writer.as_slice());
    let mut transaction = json!({ "from": from, "to": caller, "data": data });
    let estimate = devnet
        .quantity("eth_estimateGas", json!([transaction]))
        .await;
    transaction["gas"] = json!(format!("{estimate:#x}"));
    let receipt = devnet.send(transaction.clone()).await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    let used = quantity(&receipt["gasUsed"]);
    assert!(
        estimate > used,
        "a call keeps 1/64 back: {estimate} > {used}"
    );
    assert!(estimate < used + used / 16, "{estimate} is far from {used}");
}

#[tokio::test(flavor = "multi_thread")]
async fn estimates_know_transfers_overrides_and_limits() {
    let devnet = Devnet::start().await;
    let (from, to) = (devnet.account(0), devnet.account(1));
    let transfer = json!({ "from": from, "to": to, "value": "0x1" });
    assert_eq!(
        devnet.quantity("eth_estimateGas", json!([transfer])).await,
        21_000
    );
    let with_data = json!({ "from": from, "to": to, "data": "0x0102" });
    assert!(devnet.quantity("eth_estimateGas", json!([with_data])).await > 21_000);
    let contract = Address::repeat_byte(0xbb);
    let overrides = json!({ contract.to_string(): { "code": "0x60015f55" } });
    let call = json!({ "from": from, "to": contract });
    let estimate = devnet
        .quantity("eth_estimateGas", json!([call, "latest", overrides]))
        .await;
    assert!(estimate > 43_000, "{estimate}");
    // An endless loop: no gas is enough, and the limit of a transaction is the allowance.
    let endless = json!({ contract.to_string(): { "code": "0x5b5f56" } });
    let error = devnet
        .err("eth_estimateGas", json!([call, "latest", endless]))
        .await;
    assert_eq!(error.message(), "gas required exceeds allowance (16777216)");
    let poor = json!({ "from": Address::repeat_byte(0xcc), "to": to, "value": "0x1" });
    let error = devnet.err("eth_estimateGas", json!([poor])).await;
    assert!(error.message().contains("insufficient funds"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn access_lists_name_the_slots_that_are_read() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    // Forwards to the counter, so that the counter is not the recipient.
    let caller = devnet
        .deploy(&hex!("5f5f5f5f5f5f355af115600e57005b5f5ffd"))
        .await;
    let data = B256::left_padding_from(contract.as_slice());
    let call = json!({ "from": devnet.account(0), "to": caller, "data": data });
    let result = devnet.ok("eth_createAccessList", json!([call])).await;
    assert_eq!(
        result["accessList"],
        json!([{ "address": contract, "storageKeys": [B256::ZERO] }]),
        "{result}"
    );
    assert!(quantity(&result["gasUsed"]) > 21_000);
    assert!(result.get("error").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_call_sees_the_block_that_comes_next() {
    let devnet = Devnet::start().await;
    // Returns COINBASE, TIMESTAMP, NUMBER.
    let environment = devnet.deploy(&hex!("415f52426020524360405260605ff3")).await;
    let head = devnet
        .ok("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    let time_s = quantity(&head["timestamp"]) + 1_000;
    devnet
        .ok("evm_setNextBlockTimestamp", json!([time_s]))
        .await;
    let call = json!({ "to": environment });
    let seen = devnet.ok("eth_call", json!([call, "pending"])).await;
    let pending = devnet
        .ok("eth_getBlockByNumber", json!(["pending", false]))
        .await;
    devnet.ok("evm_mine", json!([])).await;
    let block = devnet
        .ok("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    assert_eq!(quantity(&block["timestamp"]), time_s);
    for field in ["miner", "timestamp", "number", "mixHash", "baseFeePerGas"] {
        assert_eq!(pending[field], block[field], "{field}");
    }
    let seen: Bytes = serde_json::from_value(seen).unwrap();
    let miner: Address = serde_json::from_value(block["miner"].clone()).unwrap();
    assert_ne!(miner, Address::ZERO);
    assert_eq!(seen[..32], miner.into_word()[..]);
    assert_eq!(U256::from_be_slice(&seen[32..64]), U256::from(time_s));
    assert_eq!(
        U256::from_be_slice(&seen[64..]),
        U256::from(quantity(&block["number"]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_is_enough_for_what_the_beneficiary_costs() {
    let devnet = Devnet::start().await;
    // With calldata: writes slot 0, the one of no beneficiary. Without: the beneficiary's slot, as a
    // gateway that credits it does.
    let code = hex!("3660095760014155005b60015f5500");
    let contract = devnet.deploy(&code).await;
    let from = devnet.account(0);
    devnet
        .send(json!({ "from": from, "to": contract, "data": "0x01" }))
        .await;
    let mut transaction = json!({ "from": from, "to": contract });
    for block in [json!([transaction]), json!([transaction, "pending"])] {
        let gas = devnet.quantity("eth_estimateGas", block).await;
        assert!(gas > 43_000, "a new slot costs 22,100: {gas}");
        transaction["gas"] = json!(format!("{gas:#x}"));
    }
    let receipt = devnet.send(transaction).await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
}
