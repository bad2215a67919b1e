//! Clients that mean no good, or do not know what they do: malformed requests, long batches, many
//! connections. The node answers, keeps its memory, and serves the next one.

use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    process::Child,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{client::Devnet, crash::spawn};

/// Requests of the fuzzed kinds.
const MUTATIONS: usize = 3_000;
const CONNECTIONS: usize = 1_000;
/// What a node may grow by under all of this, in KiB. Answers are made one at a time or are small.
const GROWTH_LIMIT_KIB: u64 = 300 << 10;

/// Methods that take parameters of every kind; none of them changes how blocks are made.
const METHODS: &[&str] = &[
    "anvil_dropTransaction",
    "anvil_loadState",
    "anvil_setBalance",
    "anvil_setCode",
    "anvil_setNonce",
    "anvil_setStorageAt",
    "debug_getRawBlock",
    "debug_getRawHeader",
    "debug_getRawReceipts",
    "debug_getRawTransaction",
    "debug_traceBlockByHash",
    "debug_traceBlockByNumber",
    "debug_traceCall",
    "debug_traceTransaction",
    "eth_call",
    "eth_createAccessList",
    "eth_estimateGas",
    "eth_feeHistory",
    "eth_getBalance",
    "eth_getBlockByHash",
    "eth_getBlockByNumber",
    "eth_getBlockReceipts",
    "eth_getCode",
    "eth_getFilterChanges",
    "eth_getLogs",
    "eth_getProof",
    "eth_getStorageAt",
    "eth_getTransactionByHash",
    "eth_getTransactionCount",
    "eth_getTransactionReceipt",
    "eth_newFilter",
    "eth_sendRawTransaction",
    "eth_sendRawTransactionSync",
    "eth_sendTransaction",
    "eth_sign",
    "eth_signTypedData_v4",
    "eth_simulateV1",
    "evm_setBlockGasLimit",
    "evm_setNextBlockTimestamp",
    "fixpoint_estimateInference",
    "fixpoint_modelInfo",
    "trace_block",
    "trace_call",
    "trace_filter",
    "trace_replayBlockTransactions",
    "trace_replayTransaction",
    "trace_transaction",
    "web3_sha3",
];

/// A small generator of numbers, the same ones each time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Values that parameters are not, or are at their edges.
fn odd_values() -> Vec<Value> {
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let address = "0x00000000000000000000000000000000000000aa";
    let hash = format!("0x{}", "11".repeat(32));
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(""),
        json!("0x"),
        json!("0xzz"),
        json!("latest"),
        json!("pending"),
        json!("0x0"),
        json!("0xffffffffffffffff"),
        json!(format!("0x{}", "f".repeat(64))),
        json!(format!("0x{}", "f".repeat(65))),
        json!(address),
        json!(hash),
        json!([]),
        json!([[]]),
        json!({}),
        json!({ "to": address }),
        json!({ "blockHash": hash }),
        json!({ "from": address, "gas": "0xffffffffffffffff" }),
        json!({ "tracer": "callTracer" }),
        json!({ "tracer": "{}" }),
        json!(["trace", "stateDiff"]),
        json!({ "fromBlock": "0xffffffffffffffff", "toBlock": "0x0" }),
        json!({ "blockStateCalls": [{ "calls": [{}], "blockOverrides": { "time": "0xffffffffffffffff" } }] }),
        json!({ address: { "code": "0xef", "balance": "0x0" } }),
        deep,
        json!("\u{0}\u{ffff}"),
    ]
}

/// The response to a body; empty if the server closes without one.
pub(crate) fn post(address: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    String::from_utf8_lossy(&response).into_owned()
}

fn request(numbers: &mut Numbers, values: &[Value]) -> Vec<u8> {
    let count = numbers.below(5);
    let params: Vec<Value> = (0..count).map(|_| numbers.pick(values).clone()).collect();
    let method = numbers.pick(METHODS);
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    body.to_string().into_bytes()
}

/// Every method answers any parameters with a result or with an error that is the caller's.
#[tokio::test(flavor = "multi_thread")]
async fn no_parameters_break_a_method() {
    let devnet = Devnet::start().await;
    let address = devnet.node.url().replace("http://", "");
    tokio::task::spawn_blocking(move || {
        let (mut numbers, values) = (Numbers(0x5eed), odd_values());
        for _ in 0..MUTATIONS {
            let body = request(&mut numbers, &values);
            let shown = String::from_utf8_lossy(&body).into_owned();
            let response = post(&address, &body);
            assert!(response.starts_with("HTTP/1.1 200"), "{shown}: {response}");
            assert!(!response.contains("-32603"), "{shown}: {response}");
        }
    })
    .await
    .unwrap();
    assert_eq!(devnet.ok("eth_chainId", json!([])).await, "0x7a69");
}

/// Bytes that are no JSON, or no request, get an answer of HTTP or of JSON-RPC.
#[tokio::test(flavor = "multi_thread")]
async fn damaged_requests_are_refused() {
    let devnet = Devnet::start().await;
    let address = devnet.node.url().replace("http://", "");
    tokio::task::spawn_blocking(move || {
        let (mut numbers, values) = (Numbers(0xdead), odd_values());
        for _ in 0..MUTATIONS / 3 {
            let mut body = request(&mut numbers, &values);
            for _ in 0..=numbers.below(4) {
                let place = numbers.below(body.len());
                match numbers.below(3) {
                    0 => body[place] ^= 1 << numbers.below(8),
                    1 => body.truncate(place.max(1)),
                    _ => body.insert(place, *numbers.pick(b"{}[]\",:\0\xff")),
                }
            }
            let response = post(&address, &body);
            let shown = String::from_utf8_lossy(&body).into_owned();
            assert!(response.starts_with("HTTP/1.1 "), "{shown}: {response}");
            assert!(!response.contains("-32603"), "{shown}: {response}");
        }
    })
    .await
    .unwrap();
    assert_eq!(devnet.ok("eth_chainId", json!([])).await, "0x7a69");
}

/// What the process holds in memory, in KiB.
fn resident_kib(process: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let size = line.and_then(|line| line.split_whitespace().nth(1));
    size.unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_has_a_limit_and_a_long_one_is_answered_in_little_memory() {
    let directory = tempfile::tempdir().unwrap();
    let (mut process, url) = spawn(directory.path());
    let address = url.replace("http://", "");
    let before = resident_kib(&process);
    // Calls that return so many zeros.
    let batch = |calls: usize, bytes: usize| {
        let to = "0x00000000000000000000000000000000000000cc";
        let code = json!({ to: { "code": format!("0x62{bytes:06x}5ff3") } });
        let params = json!([{ "to": to }, "latest", code]);
        let call =
            |id| json!({ "jsonrpc": "2.0", "id": id, "method": "eth_call", "params": params });
        let calls: Vec<Value> = (0..calls).map(call).collect();
        post(&address, json!(calls).to_string().as_bytes())
    };
    let long = batch(2_000, 1 << 10);
    assert_eq!(long.matches("\"result\"").count(), 2_000);
    let longer = batch(2_001, 1 << 10);
    assert!(longer.contains("-32010"), "{longer}");
    // 4 GiB of hex, of which the server holds as much as one answer may have.
    let large = batch(2_000, 1 << 20);
    assert!(large.contains("-32011"), "{} bytes", large.len());
    let grown = resident_kib(&process).saturating_sub(before);
    assert!(grown < 2 * GROWTH_LIMIT_KIB, "grown by {grown} KiB");
    process.kill().unwrap();
    process.wait().unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_connections_are_answered_in_little_memory() {
    const BODY: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}"#;
    let directory = tempfile::tempdir().unwrap();
    let (mut process, url) = spawn(directory.path());
    let address = url.replace("http://", "");
    let before = resident_kib(&process);
    let grown = tokio::task::spawn_blocking({
        let address = address.clone();
        let id = process.id();
        move || {
            let mut open: Vec<TcpStream> = (0..CONNECTIONS)
                .map(|_| TcpStream::connect(&address).unwrap())
                .collect();
            let head = format!(
                "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\n\r\n{BODY}",
                BODY.len()
            );
            // All ask, then all read; none closes.
            for stream in &mut open {
                stream
                    .set_read_timeout(Some(Duration::from_secs(30)))
                    .unwrap();
                stream.write_all(head.as_bytes()).unwrap();
            }
            for stream in &mut open {
                let mut answer = [0; 64];
                let length = stream.read(&mut answer).unwrap();
                let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
                assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            }
            let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
            for stream in open {
                stream.shutdown(Shutdown::Both).unwrap();
            }
            status
        }
    })
    .await
    .unwrap();
    let line = grown
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let during: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    let grown = during.saturating_sub(before);
    assert!(grown < GROWTH_LIMIT_KIB, "grown by {grown} KiB");
    assert!(post(&address, BODY.as_bytes()).contains("\"result\":\"0x0\""));
    process.kill().unwrap();
    process.wait().unwrap();
}
