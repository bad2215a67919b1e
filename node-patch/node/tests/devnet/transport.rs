//! What belongs to the transport: batches, limits, unknown methods, CORS.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use alloy_primitives::Bytes;
use jsonrpsee::{
    core::{client::ClientT, params::BatchRequestBuilder},
    rpc_params,
};
use serde_json::{Value, json};

use crate::client::Devnet;

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_answered_in_order_with_errors_in_place() {
    let devnet = Devnet::start().await;
    let mut batch = BatchRequestBuilder::new();
    batch.insert("eth_chainId", rpc_params![]).unwrap();
    batch.insert("eth_nonsense", rpc_params![]).unwrap();
    batch.insert("eth_blockNumber", rpc_params![]).unwrap();
    let answers = devnet.http.batch_request::<Value>(batch).await.unwrap();
    let answers: Vec<_> = answers.into_iter().collect();
    assert_eq!(answers[0].as_ref().unwrap(), "0x7a69");
    assert_eq!(answers[1].as_ref().unwrap_err().code(), -32601);
    assert_eq!(answers[2].as_ref().unwrap(), "0x0");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_methods_and_bad_parameters_have_their_codes() {
    let devnet = Devnet::start().await;
    for method in ["eth_nonsense", "anvil_setBalance", "evm_snapshot"] {
        assert_eq!(
            devnet.err(method, json!([])).await.code(),
            -32601,
            "{method}"
        );
    }
    let missing = devnet.err("eth_getBalance", json!([])).await;
    assert_eq!(missing.code(), -32602);
    assert!(missing.message().contains("address"), "{missing:?}");
    let wrong = devnet.err("eth_getBlockByNumber", json!([{}])).await;
    assert_eq!(wrong.code(), -32602);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_32_mebibytes_is_taken() {
    let devnet = Devnet::start().await;
    let data = Bytes::from(vec![0x5a; 16 << 20]);
    let hash = devnet.ok("web3_sha3", json!([data])).await;
    assert_eq!(hash, json!(alloy_primitives::keccak256(&data)));
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_may_ask() {
    let devnet = Devnet::start().await;
    let address = devnet.node.url().replace("http://", "");
    let response = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(
            stream,
            "OPTIONS / HTTP/1.1\r\nHost: {address}\r\nOrigin: http://example.com\r\n\
             Access-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: content-type\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response.to_lowercase()
    })
    .await
    .unwrap();
    assert!(response.starts_with("http/1.1 200"), "{response}");
    assert!(
        response.contains("access-control-allow-origin: *"),
        "{response}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_says_what_it_is() {
    let devnet = Devnet::start().await;
    let version = devnet.ok("web3_clientVersion", json!([])).await;
    assert!(version.as_str().unwrap().starts_with("fixpoint/v"));
    let info = devnet.ok("anvil_nodeInfo", json!([])).await;
    assert_eq!(info["environment"]["chainId"], 31_337);
    assert!(
        !devnet
            .ok("fixpoint_isa", json!([]))
            .await
            .as_str()
            .unwrap()
            .is_empty()
    );
    let stranger = "0x00000000000000000000000000000000000000aa";
    let error = devnet.err("fixpoint_modelInfo", json!([stranger])).await;
    assert_eq!(
        error.code(),
        3,
        "not a model: the precompile reverts ({error:?})"
    );
}
