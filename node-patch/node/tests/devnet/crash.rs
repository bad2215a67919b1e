//! A receipt that a client has seen is there after the process was killed.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use alloy_primitives::Address;
use fixpoint_node::accounts::DevWallet;
use jsonrpsee::{core::client::ClientT, http_client::HttpClient, rpc_params};
use serde_json::Value;

use crate::client::{client, quantity, raw, transfer};

/// How many kills, unless [`KILLS_VARIABLE`] says otherwise.
const KILLS: u64 = 50;
const KILLS_VARIABLE: &str = "FIXPOINT_KILLS";
const SENDERS: usize = 4;

/// A devnet in a process of its own, and its address.
pub(crate) fn spawn(directory: &Path) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fixpoint-devnet"))
        .arg("0")
        .arg(directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = lines
        .by_ref()
        .map(Result::unwrap)
        .find_map(|line| {
            let (_, rest) = line.split_once("Listening on ")?;
            Some(rest.split(' ').next()?.to_owned())
        })
        .expect("the process says where it listens");
    (child, url)
}

/// Sends one transfer after another until the process is gone, noting each receipt.
async fn send_until_killed(http: HttpClient, sender: usize, seen: Arc<Mutex<Vec<Value>>>) {
    let signer = &DevWallet::default().signers().unwrap()[sender];
    let address = signer.address();
    let nonce = http.request::<Value, _>("eth_getTransactionCount", rpc_params![address, "latest"]);
    let Ok(nonce) = nonce.await else { return };
    for nonce in quantity(&nonce).. {
        let transaction = transfer(signer, nonce, Address::repeat_byte(0xaa));
        let sent =
            http.request::<Value, _>("eth_sendRawTransaction", rpc_params![raw(&transaction)]);
        let Ok(hash) = sent.await else { return };
        let receipt = http.request::<Value, _>("eth_getTransactionReceipt", rpc_params![hash]);
        match receipt.await {
            Ok(receipt) if !receipt.is_null() => seen.lock().unwrap().push(receipt),
            _ => return,
        }
    }
}

/// SIGTERM ends the process in good order, with clients connected.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_process_says_goodbye() {
    let directory = tempfile::tempdir().unwrap();
    let (mut process, url) = spawn(directory.path());
    let http = client(&url);
    let head: Value = http
        .request("eth_blockNumber", rpc_params![])
        .await
        .unwrap();
    assert_eq!(head, "0x0");
    let asked = Command::new("kill")
        .arg("-TERM")
        .arg(process.id().to_string())
        .status()
        .unwrap();
    assert!(asked.success());
    for _ in 0..500 {
        if let Some(status) = process.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    process.kill().unwrap();
    panic!("still running ten seconds after SIGTERM");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_transaction_is_lost_to_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let seen = Arc::new(Mutex::new(Vec::<Value>::new()));
    let mut checked = 0;
    let kills = std::env::var(KILLS_VARIABLE).map_or(KILLS, |kills| kills.parse().unwrap());
    for kill in 0..kills {
        let (mut process, url) = spawn(directory.path());
        let http = client(&url);
        // Everything acknowledged before the kill, byte for byte.
        let acknowledged = seen.lock().unwrap().clone();
        for receipt in &acknowledged[checked..] {
            let hash = receipt["transactionHash"].clone();
            let found: Value = http
                .request("eth_getTransactionReceipt", rpc_params![hash])
                .await
                .unwrap();
            assert_eq!(found, *receipt, "after kill {kill}");
        }
        checked = acknowledged.len();
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| tokio::spawn(send_until_killed(http.clone(), sender, Arc::clone(&seen))))
            .collect();
        // A different moment each time.
        tokio::time::sleep(Duration::from_millis(150 + 37 * (kill % 7))).await;
        // SIGKILL.
        process.kill().unwrap();
        process.wait().unwrap();
        for sender in senders {
            sender.await.unwrap();
        }
    }
    let (mut process, url) = spawn(directory.path());
    let http = client(&url);
    let acknowledged = seen.lock().unwrap().clone();
    assert!(
        acknowledged.len() as u64 > kills,
        "the load was real: {}",
        acknowledged.len()
    );
    for receipt in &acknowledged {
        let hash = receipt["transactionHash"].clone();
        let found: Value = http
            .request("eth_getTransactionReceipt", rpc_params![hash])
            .await
            .unwrap();
        assert_eq!(found, *receipt);
    }
    process.kill().unwrap();
    process.wait().unwrap();
}
