//! What belongs to the transport: batches, limits, unknown methods, CORS, metrics.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use alloy_primitives::Bytes;
use fixpoint_node::DevnetConfig;
use jsonrpsee::{
    core::{client::ClientT, params::BatchRequestBuilder},
    rpc_params,
    ws_client::WsClientBuilder,
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
    for method in ["eth_nonsense", "anvil_reorg", "trace_rawTransaction"] {
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

/// The answer, in lower case, to a request with these headers.
async fn exchange(devnet: &Devnet, head: &'static str, headers: String) -> String {
    let address = devnet.node.url().replace("http://", "");
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "{head} HTTP/1.1\r\n{headers}\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response.to_lowercase()
    })
    .await
    .unwrap()
}

/// The answer to who asks for the metrics.
pub(crate) async fn scrape(devnet: &Devnet) -> String {
    let headers = "Host: localhost\r\nConnection: close\r\n".to_owned();
    exchange(devnet, "GET /metrics", headers).await
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_this_machine_may_ask() {
    let devnet = Devnet::start().await;
    let preflight = async |origin: &str| {
        let headers = format!(
            "Host: localhost\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: content-type\r\nConnection: close\r\n"
        );
        exchange(&devnet, "OPTIONS /", headers).await
    };
    let allowed = preflight("http://localhost:3000").await;
    assert!(allowed.starts_with("http/1.1 200"), "{allowed}");
    assert!(
        allowed.contains("access-control-allow-origin: http://localhost:3000"),
        "{allowed}"
    );
    let refused = preflight("http://example.com").await;
    assert!(
        !refused.contains("access-control-allow-origin"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_pages_are_refused_however_they_come() {
    const BODY: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_accounts"}"#;
    const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                           Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let devnet = Devnet::start().await;
    let post = async |host_and_origin: &str| {
        let length = BODY.len();
        let headers = format!(
            "{host_and_origin}Content-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{BODY}"
        );
        exchange(&devnet, "POST /", headers).await
    };
    let answer = post("Host: localhost\r\nOrigin: http://127.0.0.1:5173\r\n").await;
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
    for foreign in [
        "Host: example.com:8545\r\n",
        "Host: localhost\r\nOrigin: https://example.com\r\n",
        "Host: localhost\r\nOrigin: null\r\n",
    ] {
        let answer = post(foreign).await;
        assert!(answer.starts_with("http/1.1 403"), "{foreign}: {answer}");
        assert!(!answer.contains("result"), "{foreign}: {answer}");
    }
    let upgrade =
        format!("Host: localhost\r\nOrigin: https://example.com\r\n{UPGRADE}Connection: close\r\n");
    let answer = exchange(&devnet, "GET /", upgrade).await;
    assert!(answer.starts_with("http/1.1 403"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_of_blocks_and_calls() {
    let devnet = Devnet::start().await;
    let before = scrape(&devnet).await;
    assert!(before.starts_with("http/1.1 200"), "{before}");
    assert!(before.contains("content-type: application/openmetrics-text"));
    for line in ["fixpoint_blocks_total 0", "fixpoint_head_number 0"] {
        assert!(before.contains(&format!("\n{line}\n")), "{before}");
    }
    devnet
        .send(json!({ "from": devnet.account(0), "to": devnet.account(1) }))
        .await;
    devnet.err("eth_getBalance", json!([])).await;
    let after = scrape(&devnet).await;
    for line in [
        "fixpoint_blocks_total 1",
        "fixpoint_transactions_total 1",
        "fixpoint_gas_used_total 21000",
        "fixpoint_head_number 1",
        "fixpoint_pool_pending 0",
        "fixpoint_rpc_seconds_count{method=\"eth_sendtransaction\"} 1",
        "fixpoint_rpc_failures_total{method=\"eth_getbalance\"} 1",
    ] {
        assert!(after.contains(&format!("\n{line}\n")), "{line}: {after}");
    }
    let posted = exchange(
        &devnet,
        "POST /metrics",
        "Host: localhost\r\nContent-Length: 0\r\nConnection: close\r\n".to_owned(),
    )
    .await;
    assert!(!posted.contains("fixpoint_"), "{posted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_get_the_explorer_beside_the_methods() {
    const HEADERS: &str = "Host: localhost\r\nConnection: close\r\n";
    let devnet = Devnet::start().await;
    let page = exchange(&devnet, "GET /", HEADERS.to_owned()).await;
    assert!(page.starts_with("http/1.1 200"), "{page}");
    assert!(page.contains("content-type: text/html"), "{page}");
    assert!(
        page.contains("content-security-policy: default-src 'none'"),
        "{page}"
    );
    assert!(page.contains("<!doctype html>"), "{page}");
    let head = exchange(&devnet, "HEAD /main.js", HEADERS.to_owned()).await;
    assert!(head.contains("content-type: text/javascript"), "{head}");
    assert!(head.ends_with("\r\n\r\n"), "a head has no body: {head}");
    let foreign = exchange(
        &devnet,
        "GET /",
        HEADERS.replace("localhost", "example.com"),
    )
    .await;
    assert!(foreign.starts_with("http/1.1 403"), "{foreign}");
    let nothing = exchange(&devnet, "GET /nothing", HEADERS.to_owned()).await;
    assert!(nothing.starts_with("http/1.1 405"), "{nothing}");
    WsClientBuilder::default()
        .build(devnet.node.ws_url())
        .await
        .unwrap();
    assert_eq!(devnet.ok("eth_chainId", json!([])).await, "0x7a69");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_the_explorer_serves_methods_alone() {
    let devnet = Devnet::start_with(DevnetConfig {
        explorer: false,
        ..DevnetConfig::default()
    })
    .await;
    let headers = "Host: localhost\r\nConnection: close\r\n".to_owned();
    let answer = exchange(&devnet, "GET /", headers).await;
    assert!(answer.starts_with("http/1.1 405"), "{answer}");
    assert_eq!(devnet.ok("eth_chainId", json!([])).await, "0x7a69");
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_websockets_leave_room_for_http() {
    let devnet = Devnet::start().await;
    let mut idle = Vec::new();
    let refused = loop {
        match WsClientBuilder::default().build(devnet.node.ws_url()).await {
            Ok(client) => idle.push(client),
            Err(error) => break error,
        }
        assert!(idle.len() <= 400, "too many WebSockets");
    };
    assert_eq!(idle.len(), 400, "{refused}");
    assert_eq!(devnet.ok("eth_chainId", json!([])).await, "0x7a69");
    idle.clear();
    let mut tries = 0;
    while let Err(error) = WsClientBuilder::default().build(devnet.node.ws_url()).await {
        tries += 1;
        assert!(tries < 100, "closed WebSockets still count: {error}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_says_what_it_is() {
    let devnet = Devnet::start().await;
    let version = devnet.ok("web3_clientVersion", json!([])).await;
    let version = version.as_str().unwrap();
    assert!(
        version.starts_with("anvil-compatible fixpoint/v"),
        "{version}"
    );
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
