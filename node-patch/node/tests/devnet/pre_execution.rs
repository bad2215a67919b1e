//! Transactions that wait are run before their block, and the block finds their answers.

use std::time::Duration;

use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolCall;
use fixpoint_evm::precompile::abi::IInference::{activateCall, inferenceCall, inferenceRawCall};
use fixpoint_node::DevnetConfig;
use serde_json::{Value, json};

use crate::{
    client::Devnet,
    import::{export, import},
    models::{PRECOMPILE, clamps, deploy_model, wad},
    transport::scrape,
};

/// Elements of an input.
const ELEMENTS: u32 = 32;
/// How often and how many times a test looks whether the threads are through.
const POLL: Duration = Duration::from_millis(20);
const POLLS: u32 = 500;

/// A devnet with an activated model that is dear enough to be remembered, and without automine.
async fn devnet_of(pre_execution_threads: u16) -> (Devnet, Address) {
    let devnet = Devnet::start_with(DevnetConfig {
        pre_execution_threads,
        ..DevnetConfig::default()
    })
    .await;
    let model = deploy_model(&devnet, &clamps(ELEMENTS, 300)).await;
    let activate = Bytes::from(activateCall { model }.abi_encode());
    let receipt = devnet
        .send(json!({ "from": devnet.account(0), "to": PRECOMPILE, "data": activate }))
        .await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    devnet.ok("evm_setAutomine", json!([false])).await;
    (devnet, model)
}

/// An inference on `first` and zeros, by words or raw.
fn ask(devnet: &Devnet, model: Address, first: i8, is_raw: bool) -> Value {
    let elements = (0..ELEMENTS).map(|index| if index == 0 { first } else { 0 });
    let input = if is_raw {
        let input = elements.map(i8::cast_unsigned).collect::<Vec<_>>().into();
        inferenceRawCall { model, input }.abi_encode()
    } else {
        let input = elements.map(|element| wad(element.into())).collect();
        inferenceCall { model, input }.abi_encode()
    };
    json!({
        "from": devnet.account(0), "to": PRECOMPILE, "data": Bytes::from(input), "gas": "0xf4240",
    })
}

async fn answers(devnet: &Devnet) -> Value {
    devnet.ok("fixpoint_cacheStats", json!([])).await["answers"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_finds_the_answers_of_what_waited() {
    let (devnet, model) = devnet_of(2).await;
    let mut hashes = Vec::new();
    for first in 0..6 {
        let transaction = ask(&devnet, model, first, first % 2 == 0);
        hashes.push(devnet.ok("eth_sendTransaction", json!([transaction])).await);
    }
    let mut polls = 0;
    while answers(&devnet).await["entries"] != 6 {
        polls += 1;
        assert!(polls < POLLS, "{}", answers(&devnet).await);
        tokio::time::sleep(POLL).await;
    }
    let before = answers(&devnet).await;
    assert!(before["heldBytes"].as_u64() < before["limitBytes"].as_u64());
    devnet.ok("evm_mine", json!([])).await;
    let after = answers(&devnet).await;
    assert_eq!(after["misses"], before["misses"], "nothing was run again");
    for hash in hashes {
        let receipt = devnet.ok("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["status"], "0x1", "{receipt}");
    }

    // Without pre-execution the block would have run them, and no others have.
    let metrics = scrape(&devnet).await;
    for line in [
        "fixpoint_inferences_run_total 6",
        "fixpoint_answers_kept 6",
        "fixpoint_answer_cache_damaged_total 0",
    ] {
        assert!(
            metrics.contains(&format!("\n{line}\n")),
            "{line}: {metrics}"
        );
    }
    let hits = after["hits"].as_u64().unwrap();
    assert!(hits >= 6);
    for name in ["inferences_recalled", "answer_cache_hits"] {
        let line = format!("\nfixpoint_{name}_total {hits}\n");
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }

    // Calls find them too, in either encoding, and add none.
    for first in 0..20 {
        let call = ask(&devnet, model, first, first % 2 == 1);
        devnet.ok("eth_call", json!([call])).await;
    }
    let read = answers(&devnet).await;
    assert_eq!(read["entries"], 6);
    let hits = |stats: &Value| stats["hits"].as_u64().unwrap();
    assert_eq!(hits(&read) - hits(&after), 6);

    // Another process, which remembers nothing, makes the same blocks of it.
    let (directory, head) = export(&devnet).await;
    let output = import(directory.path(), &head);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    devnet.node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_no_threads_nothing_is_remembered() {
    let (devnet, model) = devnet_of(0).await;
    let transaction = ask(&devnet, model, 1, true);
    devnet.ok("eth_sendTransaction", json!([transaction])).await;
    devnet.ok("evm_mine", json!([])).await;
    assert_eq!(answers(&devnet).await, Value::Null);
}
