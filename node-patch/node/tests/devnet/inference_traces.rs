//! Inferences in traces of every form, and the `trace_` methods.

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use alloy_sol_types::SolCall;
use fixpoint_evm::precompile::{
    abi::IInference::{activateCall, inferenceCall},
    gas::GENESIS,
};
use serde_json::{Value, json};

use crate::{
    client::{Devnet, counter, quantity},
    hostile::post,
    models::{PRECOMPILE, clamp_model, deploy_model, wad},
};

/// Calls the precompile twice with its own calldata, and then the identity precompile.
const CALLER: &[u8] = &hex!(
    "365f5f37"               // CALLDATACOPY(0, 0, size)
    "5f5f365f610f1e5afa50"   // STATICCALL(gas, 0xf1e, 0, size, 0, 0)
    "5f5f365f610f1e5afa50"
    "5f5f365f60045afa50"     // STATICCALL(gas, 4, 0, size, 0, 0)
    "00"
);

struct Inferred {
    devnet: Devnet,
    model: Address,
    caller: Address,
    call: Value,
    receipt: Value,
}

/// A devnet on which a contract has called a model twice in one transaction.
async fn inferred() -> Inferred {
    let devnet = Devnet::start().await;
    let from = devnet.account(0);
    let model = deploy_model(&devnet, &clamp_model()).await;
    let activate = Bytes::from(activateCall { model }.abi_encode());
    let receipt = devnet
        .send(json!({ "from": from, "to": PRECOMPILE, "data": activate }))
        .await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    let caller = devnet.deploy(CALLER).await;
    let input = vec![wad(5), wad(-128), wad(127)];
    let data = Bytes::from(inferenceCall { model, input }.abi_encode());
    let call = json!({ "from": from, "to": caller, "data": data });
    let receipt = devnet.send(call.clone()).await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    Inferred {
        devnet,
        model,
        caller,
        call,
        receipt,
    }
}

impl Inferred {
    async fn trace(&self, options: Value) -> Value {
        let hash = &self.receipt["transactionHash"];
        self.devnet
            .ok("debug_traceTransaction", json!([hash, options]))
            .await
    }

    /// Two inferences of this model, the second of which loads nothing.
    fn check(&self, first: &Value, second: &Value) {
        let words = |values: [i64; 3]| {
            let bytes: Vec<[u8; 32]> = values
                .iter()
                .map(|value| wad(*value).into_raw().to_be_bytes())
                .collect();
            json!(keccak256(bytes.concat()))
        };
        for inference in [first, second] {
            assert_eq!(inference["function"], "inference", "{inference}");
            assert_eq!(inference["model"], json!(self.model));
            assert_eq!(inference["inputHash"], words([5, -128, 127]));
            assert_eq!(inference["outputHash"], words([5, -100, 100]));
            assert_eq!(quantity(&inference["gas"]["call"]), GENESIS.base);
        }
        assert_ne!(first["gas"]["load"], "0x0");
        assert_eq!(second["gas"]["load"], "0x0");
        assert_eq!(first["gas"]["run"], second["gas"]["run"]);
    }
}

/// What the parts of an inference's gas add up to.
fn sum(inference: &Value) -> u64 {
    let parts = inference["gas"].as_object().unwrap();
    assert_eq!(parts.len(), 5);
    parts.values().map(quantity).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn inferences_show_in_call_traces() {
    let inferred = inferred().await;
    let tracer = json!({ "tracer": "callTracer" });
    let trace = inferred.trace(tracer.clone()).await;
    let calls = trace["calls"].as_array().unwrap();
    assert_eq!((calls.len(), trace.get("inference")), (3, None), "{trace}");
    inferred.check(&calls[0]["inference"], &calls[1]["inference"]);
    assert_eq!(
        calls[2].get("inference"),
        None,
        "no inference: {}",
        calls[2]
    );
    for call in &calls[..2] {
        assert_eq!(sum(&call["inference"]), quantity(&call["gasUsed"]));
    }
    assert_eq!(trace["gasUsed"], inferred.receipt["gasUsed"]);

    let devnet = &inferred.devnet;
    let block = devnet
        .ok("debug_traceBlockByNumber", json!(["latest", tracer]))
        .await;
    assert_eq!(block[0]["result"], trace);
    let call = devnet
        .ok("debug_traceCall", json!([inferred.call, "latest", tracer]))
        .await;
    for index in 0..2 {
        let traced = &trace["calls"][index]["inference"];
        assert_eq!(call["calls"][index]["inference"], *traced);
    }

    // The transaction itself may be the inference.
    let data = inferred.call["data"].clone();
    let direct = json!([{ "to": PRECOMPILE, "data": data }, "latest", tracer]);
    let trace = devnet.ok("debug_traceCall", direct).await;
    assert_eq!(trace["inference"]["model"], json!(inferred.model));
    let top = json!({ "tracer": "callTracer", "tracerConfig": { "onlyTopCall": true } });
    let top = inferred.trace(top).await;
    assert_eq!((top.get("calls"), top.get("inference")), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn inferences_show_beside_steps_and_in_flat_traces() {
    let inferred = inferred().await;
    let steps = inferred.trace(json!({})).await;
    let inferences = steps["inferences"].as_array().unwrap();
    assert_eq!(inferences.len(), 2, "{inferences:?}");
    inferred.check(&inferences[0], &inferences[1]);
    for inference in inferences {
        let step = usize::try_from(inference["step"].as_u64().unwrap()).unwrap();
        assert_eq!(steps["structLogs"][step]["op"], "STATICCALL");
    }
    let flat = inferred.trace(json!({ "tracer": "flatCallTracer" })).await;
    let flat = flat.as_array().unwrap();
    assert_eq!(flat.len(), 3, "{flat:?}");
    inferred.check(&flat[1]["inference"], &flat[2]["inference"]);

    // A trace without inferences has nothing that other nodes' traces have not.
    let contract = inferred.devnet.deploy(&counter()).await;
    let plain = inferred
        .devnet
        .ok("debug_traceCall", json!([{ "to": contract }]))
        .await;
    assert_eq!(plain.get("inferences"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_inferences_are_traced_with_what_they_were_charged() {
    let inferred = inferred().await;
    let trace = async |model: Address, gas: Option<u64>| {
        let input = vec![wad(1), wad(2), wad(3)];
        let data = Bytes::from(inferenceCall { model, input }.abi_encode());
        let mut call = json!({ "to": inferred.caller, "data": data });
        if let Some(gas) = gas {
            call["gas"] = json!(U256::from(gas));
        }
        let tracer = json!({ "tracer": "callTracer" });
        let params = json!([call, "latest", tracer]);
        inferred.devnet.ok("debug_traceCall", params).await
    };
    let unknown = trace(inferred.devnet.account(3), None).await;
    let failed = &unknown["calls"][0];
    assert_eq!(failed["error"], "execution reverted");
    assert_eq!(failed["inference"]["modelHash"], Value::Null);
    assert_eq!(failed["inference"]["outputHash"], Value::Null);
    assert_eq!(sum(&failed["inference"]), quantity(&failed["gasUsed"]));
    assert_eq!(failed["inference"]["gas"]["run"], "0x0");

    let starved = trace(inferred.model, Some(32_000)).await;
    let gas = &starved["calls"][0]["inference"]["gas"];
    assert_eq!(starved["calls"][0]["error"], "out of gas");
    assert_eq!(gas["reads"], Value::Null);
    assert!(quantity(&gas["load"]) > 0 && quantity(&gas["run"]) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_traces_with_inferences_are_written_out() {
    let inferred = inferred().await;
    // Calls the precompile, and then itself, both with its own calldata, until gas runs out.
    let recursive = hex!("365f5f37" "5f5f365f610f1e611388fa50" "5f5f365f305afa50" "00");
    let recursive = inferred.devnet.deploy(&recursive).await;
    let data = inferred.call["data"].clone();
    let address = inferred.devnet.node.url().replace("http://", "");
    for tracer in ["callTracer", "flatCallTracer"] {
        let params = json!([{ "to": recursive, "data": data }, "latest", { "tracer": tracer }]);
        let body =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "debug_traceCall", "params": params });
        // The client would not read JSON that nests this deep.
        let address = address.clone();
        let post = move || post(&address, body.to_string().as_bytes());
        let response = tokio::task::spawn_blocking(post).await.unwrap();
        let inferences = response.matches("\"inference\":").count();
        assert!(inferences >= 150, "{tracer}: {inferences}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_and_blocks_are_traced_in_paritys_form() {
    let inferred = inferred().await;
    let devnet = &inferred.devnet;
    let hash = &inferred.receipt["transactionHash"];
    let traces = devnet.ok("trace_transaction", json!([hash])).await;
    let list = traces.as_array().unwrap();
    assert_eq!(
        list.len(),
        3,
        "the identity precompile is left out: {traces}"
    );
    inferred.check(&list[1]["inference"], &list[2]["inference"]);
    let root = &list[0];
    assert_eq!(
        (&root["type"], &root["subtraces"]),
        (&json!("call"), &json!(2))
    );
    assert_eq!(root["transactionHash"], *hash);
    assert_eq!(root["blockHash"], inferred.receipt["blockHash"]);
    assert_eq!(root["action"]["to"], json!(inferred.caller));
    assert_eq!(
        (&list[1]["traceAddress"], &list[2]["traceAddress"]),
        (&json!([0]), &json!([1]))
    );
    assert_eq!(list[1]["action"]["callType"], "staticcall");
    assert_eq!(
        sum(&list[1]["inference"]),
        quantity(&list[1]["result"]["gasUsed"])
    );
    assert_eq!(devnet.ok("trace_block", json!(["latest"])).await, traces);
    let nothing = devnet.ok("trace_transaction", json!([B256::ZERO])).await;
    assert_eq!(nothing, Value::Null);
    assert_eq!(
        devnet.ok("trace_block", json!(["earliest"])).await,
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn replays_and_calls_tell_what_changed() {
    let inferred = inferred().await;
    let devnet = &inferred.devnet;
    let hash = &inferred.receipt["transactionHash"];
    let sender = json!(devnet.account(0)).as_str().unwrap().to_lowercase();
    let both = json!(["trace", "stateDiff"]);
    let replay = devnet
        .ok("trace_replayTransaction", json!([hash, both]))
        .await;
    assert_eq!(replay["trace"].as_array().unwrap().len(), 3);
    assert!(replay["trace"][1]["inference"].is_object());
    let nonce = &replay["stateDiff"][&sender]["nonce"]["*"];
    assert_eq!(
        quantity(&nonce["to"]),
        quantity(&nonce["from"]) + 1,
        "{replay}"
    );
    let block = devnet
        .ok("trace_replayBlockTransactions", json!(["latest", both]))
        .await;
    assert_eq!(block[0]["transactionHash"], *hash);
    assert_eq!(block[0]["stateDiff"], replay["stateDiff"]);
    assert_eq!(block[0]["trace"], replay["trace"]);

    let contract = devnet.deploy(&counter()).await;
    let change = devnet
        .ok(
            "trace_call",
            json!([{ "to": contract }, ["stateDiff"], "latest"]),
        )
        .await;
    let lower = json!(contract).as_str().unwrap().to_lowercase();
    let slot = &change["stateDiff"][&lower]["storage"][json!(B256::ZERO).as_str().unwrap()];
    assert_eq!(slot["*"]["to"], json!(B256::with_last_byte(1)), "{change}");
    assert_eq!(change["trace"], json!([]));
    let error = devnet
        .err("trace_call", json!([{ "to": contract }, ["vmTrace"]]))
        .await;
    assert!(error.message().contains("vmTrace"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_are_filtered_by_sender_receiver_and_place() {
    let inferred = inferred().await;
    let devnet = &inferred.devnet;
    let filter = async |filter: Value| devnet.ok("trace_filter", json!([filter])).await;
    let inferences =
        filter(json!({ "toAddress": [PRECOMPILE], "fromAddress": [inferred.caller] })).await;
    assert_eq!(inferences.as_array().unwrap().len(), 2, "{inferences}");
    assert!(inferences[0]["inference"].is_object());
    let all = filter(json!({})).await;
    let all = all.as_array().unwrap();
    let some = filter(json!({ "after": 1, "count": 2 })).await;
    assert_eq!(some.as_array().unwrap(), &all[1..3]);
    let block = filter(json!({ "fromBlock": "0x1", "toBlock": "0x1" })).await;
    assert_eq!(block, devnet.ok("trace_block", json!(["0x1"])).await);
    let created = filter(json!({ "toAddress": [inferred.caller], "toBlock": "0x100" })).await;
    assert_eq!(created[0]["type"], "create");
    devnet.ok("anvil_mine", json!(["0x400"])).await;
    let error = devnet.err("trace_filter", json!([{}])).await;
    assert_eq!(error.code(), -32005, "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn destroyed_contracts_do_not_shift_inferences() {
    let inferred = inferred().await;
    let devnet = &inferred.devnet;
    // Creates a contract that destroys itself at once, then infers with its own calldata.
    // Init code: CALLER SELFDESTRUCT.
    let code = hex!("6133ff5f526002601e5ff050" "365f5f37" "5f5f365f610f1e5afa50" "00");
    let contract = devnet.deploy(&code).await;
    let call = json!({ "from": devnet.account(0), "to": contract, "data": inferred.call["data"] });
    let receipt = devnet.send(call).await;
    let hash = &receipt["transactionHash"];
    let tracer = json!({ "tracer": "callTracer" });
    let trace = devnet
        .ok("debug_traceTransaction", json!([hash, tracer]))
        .await;
    assert_eq!(
        trace["calls"][0]["calls"][0]["type"], "SELFDESTRUCT",
        "{trace}"
    );
    assert_eq!(
        trace["calls"][1]["inference"]["model"],
        json!(inferred.model)
    );
    let flat = devnet.ok("trace_transaction", json!([hash])).await;
    assert_eq!(flat[2]["type"], "suicide", "{flat}");
    assert_eq!(flat[3]["inference"]["model"], json!(inferred.model));
}
