//! A model's whole life on the devnet: deployed, activated, called, traced, verified elsewhere.

use alloy_primitives::{Address, B256, Bytes, I256, U256, address, keccak256};
use alloy_sol_types::{SolCall, SolError};
use fixpoint_evm::precompile::abi::IInference::{
    NotActivated, activateCall, inferenceCall, modelInfoCall,
};
use fixpoint_runtime::{
    model::{
        encode,
        format::{Affine, FORMAT_VERSION, Input, Model, Output, Quantisation, Ratio, Signed32},
    },
    ops::{Operator, clamp::Clamp},
    tensor::{DType, TensorType},
};
use serde_json::{Value, json};

use crate::{
    client::{Devnet, quantity},
    import::{export, import},
};

pub(crate) const PRECOMPILE: Address = address!("0x0000000000000000000000000000000000000F1E");

/// `y = min(max(x, -100), 100)` on three i8 of scale 1.
pub(crate) fn clamp_model() -> Vec<u8> {
    clamps(3, 1)
}

/// [`clamp_model`] on so many i8, and so many times over.
pub(crate) fn clamps(elements: u32, operators: u16) -> Vec<u8> {
    let unit = Quantisation::PerTensor(Affine {
        scale: Ratio {
            numerator: 1,
            denominator: 1,
        },
        zero_point: Signed32(0),
    });
    let input = Input {
        name: b"x".to_vec().try_into().unwrap(),
        tensor: TensorType {
            dtype: DType::I8,
            shape: vec![elements].try_into().unwrap(),
        },
        quantisation: unit.clone(),
        saturates: false,
    };
    let clamp = |input| {
        Operator::Clamp(Clamp {
            input,
            min: Signed32(-100),
            max: Signed32(100),
        })
    };
    let output = Output {
        name: b"y".to_vec().try_into().unwrap(),
        value: operators,
        quantisation: unit,
    };
    encode(&Model {
        version: FORMAT_VERSION,
        inputs: vec![input].try_into().unwrap(),
        constants: vec![].try_into().unwrap(),
        operators: (0..operators)
            .map(clamp)
            .collect::<Vec<_>>()
            .try_into()
            .unwrap(),
        outputs: vec![output].try_into().unwrap(),
    })
}

/// Deploys an ungated model of one chunk; returns its root.
pub(crate) async fn deploy_model(devnet: &Devnet, payload: &[u8]) -> Address {
    let mut chunk = vec![0x00];
    chunk.extend(Address::ZERO);
    chunk.extend_from_slice(payload);
    let chunk_address = devnet.deploy(&chunk).await;
    let mut root = vec![0xfe, b'F', b'X', b'P', 1];
    root.extend(Address::ZERO);
    root.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
    root.extend(keccak256(payload));
    root.extend(1u16.to_be_bytes());
    root.extend(chunk_address);
    root.extend(keccak256(&chunk));
    devnet.deploy(&root).await
}

pub(crate) fn wad(value: i64) -> I256 {
    I256::try_from(value).unwrap() * I256::try_from(1_000_000_000_000_000_000i64).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_deployed_activated_called_and_verified_by_another_process() {
    let devnet = Devnet::start().await;
    let from = devnet.account(0);
    let model = deploy_model(&devnet, &clamp_model()).await;

    let info = Bytes::from(modelInfoCall { model }.abi_encode());
    let error = devnet
        .err("eth_call", json!([{ "to": PRECOMPILE, "data": info }]))
        .await;
    let want = Bytes::from(NotActivated { model }.abi_encode());
    assert_eq!(
        (error.code(), error.data().unwrap().get()),
        (3, json!(want).to_string().as_str())
    );
    let activate = Bytes::from(activateCall { model }.abi_encode());
    let receipt = devnet
        .send(json!({ "from": from, "to": PRECOMPILE, "data": activate }))
        .await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");

    let info = devnet.ok("fixpoint_modelInfo", json!([model])).await;
    assert_eq!(
        (&info["inputs"][0]["name"], &info["outputs"][0]["name"]),
        (&json!("x"), &json!("y"))
    );
    assert_eq!(info["inputs"][0]["shape"], json!([3]));
    assert!(info["inferenceGas"].as_u64().unwrap() > 0);

    let input = vec![wad(5), wad(-128), wad(127)];
    let call = inferenceCall { model, input }.abi_encode();
    let transaction = json!({ "from": from, "to": PRECOMPILE, "data": Bytes::from(call) });
    let output = devnet.ok("eth_call", json!([transaction])).await;
    let output: Bytes = serde_json::from_value(output).unwrap();
    let output = inferenceCall::abi_decode_returns(&output).unwrap();
    assert_eq!(output, [wad(5), wad(-100), wad(100)]);

    let receipt = devnet.send(transaction.clone()).await;
    assert_eq!(
        receipt["status"], "0x1",
        "the node's own estimate was enough"
    );
    let trace = devnet
        .ok(
            "debug_traceTransaction",
            json!([receipt["transactionHash"], { "tracer": "callTracer" }]),
        )
        .await;
    assert_eq!(
        trace["gasUsed"], receipt["gasUsed"],
        "traces run the same precompile"
    );

    the_access_list_has_what_the_precompile_reads(&devnet, model, &transaction).await;

    let (directory, head) = export(&devnet).await;
    let output = import(directory.path(), &head);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

async fn the_access_list_has_what_the_precompile_reads(
    devnet: &Devnet,
    model: Address,
    transaction: &Value,
) {
    let list = devnet
        .ok("eth_createAccessList", json!([transaction]))
        .await;
    let items: Vec<Value> = list["accessList"].as_array().unwrap().clone();
    assert!(
        items.iter().any(|item| item["address"] == json!(model)),
        "{list}"
    );
    let record = items
        .iter()
        .find(|item| item["address"] == json!(PRECOMPILE))
        .unwrap();
    assert!(
        !record["storageKeys"].as_array().unwrap().is_empty(),
        "{list}"
    );
    let mut listed = transaction.clone();
    listed["accessList"] = list["accessList"].clone();
    let receipt = devnet.send(listed).await;
    assert_eq!(quantity(&receipt["gasUsed"]), quantity(&list["gasUsed"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cost_of_an_inference_is_known_by_part_and_by_operator() {
    let devnet = Devnet::start().await;
    let from = devnet.account(0);
    let model = deploy_model(&devnet, &clamp_model()).await;
    let estimate = devnet
        .ok("fixpoint_estimateInference", json!([model]))
        .await;
    assert_eq!(estimate["isActivated"], false);
    let activate = Bytes::from(activateCall { model }.abi_encode());
    devnet
        .send(json!({ "from": from, "to": PRECOMPILE, "data": activate }))
        .await;
    let estimate = devnet
        .ok("fixpoint_estimateInference", json!([model]))
        .await;
    assert_eq!(estimate["isActivated"], true);
    let layers = estimate["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 1);
    assert_eq!(
        (&layers[0]["name"], &layers[0]["shape"], &layers[0]["dtype"]),
        (&json!("CLAMP"), &json!([3]), &json!("i8"))
    );
    assert!(quantity(&layers[0]["milligas"]) > 0);

    // What the precompile then charges.
    let input = vec![wad(5), wad(-128), wad(127)];
    let call = Bytes::from(inferenceCall { model, input }.abi_encode());
    let tracer = json!({ "tracer": "callTracer" });
    let trace = devnet
        .ok(
            "debug_traceCall",
            json!([{ "to": PRECOMPILE, "data": call }, "latest", tracer]),
        )
        .await;
    for part in ["call", "reads", "load", "run", "io"] {
        assert_eq!(
            estimate["words"][part], trace["inference"]["gas"][part],
            "{part}"
        );
    }
    let info = devnet.ok("fixpoint_modelInfo", json!([model])).await;
    assert_eq!(
        quantity(&estimate["words"]["total"]),
        info["inferenceGas"].as_u64().unwrap()
    );
    let three = devnet
        .ok("fixpoint_estimateInference", json!([model, 3]))
        .await;
    assert!(quantity(&three["raw"]["run"]) > quantity(&estimate["raw"]["run"]));
    let stats = devnet.ok("fixpoint_cacheStats", json!([])).await;
    assert_eq!(stats["models"], 1);
    assert!(stats["hits"].as_u64().unwrap() + stats["misses"].as_u64().unwrap() > 0);
    let error = devnet
        .err("fixpoint_estimateInference", json!([from]))
        .await;
    assert_eq!(error.code(), -32602, "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_an_unactivated_model_is_an_honest_revert_in_a_block_too() {
    let devnet = Devnet::start().await;
    let input = vec![I256::ZERO];
    let call = inferenceCall {
        model: devnet.account(3),
        input,
    }
    .abi_encode();
    let transaction = json!({
        "from": devnet.account(0), "to": PRECOMPILE, "data": Bytes::from(call), "gas": "0x30d40",
    });
    let error = devnet.err("eth_estimateGas", json!([transaction])).await;
    assert_eq!(error.code(), 3);
    let receipt = devnet.send(transaction).await;
    assert_eq!(receipt["status"], "0x0");
    let used = U256::from(quantity(&receipt["gasUsed"]));
    assert!(
        used < U256::from(200_000),
        "a revert gives the rest of the gas back: {used}"
    );
    assert_ne!(receipt["blockHash"], json!(B256::ZERO));
}
