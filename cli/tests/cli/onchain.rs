//! Deploying and calling, and what can be wrong with a node, a key or an address.

use crate::{
    devnet::{Devnet, FIRST, KEY, POOR_KEY},
    support::{assert_contains, digits, error, ok, ok_json, run, shown, write_pictures},
};
use fixpoint_compiler::npy::{Array, Data};
use fixpoint_precompile::address::CHUNK_STORE;
use std::{net::TcpListener, path::Path};

const GATEWAY: &str = "0x0000000000000000000000000000000000000f21";
/// Another developer account.
const SECOND_KEY: &str = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";

#[tokio::test(flavor = "multi_thread")]
async fn a_priced_model_answers_on_chain_as_it_does_here() {
    let devnet = Devnet::start(None).await;
    let model = digits();
    let deploy = [
        "deploy",
        &model,
        "--rpc",
        &devnet.url,
        "--private-key",
        KEY,
        "--name",
        "digits",
        "--price",
        "1000000000000",
        "--json",
    ];
    let first = ok_json(&deploy);
    assert_eq!(first["gate"], GATEWAY);
    assert_eq!(first["registered"], true);
    assert_eq!(first["chunks"], 1);
    assert!(first["gas_used"].as_u64().unwrap() > 3_000_000);
    assert_eq!(
        first["inference_gas"],
        ok_json(&["inspect", &model, "--json"])["gas"]["first_call"]
    );

    let balance = devnet.balance(FIRST).await;
    let again = ok_json(&deploy);
    assert_eq!(again["gas_used"], 0);
    assert_eq!(again["model"], first["model"]);
    assert_eq!(devnet.balance(FIRST).await, balance);

    let folder = tempfile::tempdir().unwrap();
    let address = first["model"].as_str().unwrap();
    let pictures = shown(&write_pictures(folder.path(), 4));
    for raw in [&[][..], &["--raw"]] {
        let mut call = vec!["call", address, "--input", &pictures, "--rpc", &devnet.url];
        let mut run = vec!["run", &model, "--input", &pictures];
        call.extend(raw);
        run.extend(raw);
        assert_eq!(ok(&call), ok(&run));
        call.push("--json");
        run.push("--json");
        assert_eq!(ok(&call), ok(&run));
    }
    let mut array = Array::read(Path::new(&pictures)).unwrap();
    array.data = Data::F32(vec![1000.0; array.len()]);
    let bright = folder.path().join("bright.npy");
    array.write(&bright).unwrap();
    let bright = shown(&bright);
    let told = error(&["call", address, "--inputs", &bright, "--rpc", &devnet.url]);
    assert_eq!(told, error(&["run", &model, "--inputs", &bright]));
    assert_contains(&told, &["sample 0: InputRange(0): ", "--saturate image"]);
    // A gate lets nobody else pass.
    let mut call = vec!["call", address, "--input", &pictures, "--rpc", &devnet.url];
    call.extend(["--from", "0x00000000000000000000000000000000000000CC"]);
    assert_contains(&error(&call), &["sample 0", "Gated"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_name_and_price_reach_a_registered_model() {
    let devnet = Devnet::start(None).await;
    let model = digits();
    let deploy = |name: &str, price: &str| {
        ok_json(&[
            "deploy",
            &model,
            "--rpc",
            &devnet.url,
            "--private-key",
            KEY,
            "--name",
            name,
            "--price",
            price,
            "--json",
        ])
    };
    let first = deploy("digits", "7");
    let second = deploy("digits two", "9");
    assert_eq!(second["model"], first["model"]);
    let gas = second["gas_used"].as_u64().unwrap();
    assert!(gas > 0 && gas < 200_000, "{gas}");
    assert_eq!(first["changes"], serde_json::json!(["registered"]));
    assert_eq!(
        second["changes"],
        serde_json::json!(["renamed", "repriced"])
    );
    assert_eq!(second["price_wei"], "9");
    assert_eq!(deploy("digits two", "9")["gas_used"], 0);
    let mut arguments = vec!["deploy", &model, "--rpc", &devnet.url];
    arguments.extend([
        "--private-key",
        KEY,
        "--name",
        "digits two",
        "--price",
        "10",
    ]);
    assert_contains(
        &ok(&arguments),
        &[
            "model id (token) ",
            "name            digits two\n",
            "price           10 wei",
            "owner           0xf39F",
            "(the gateway)",
            "registry        repriced\n",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_what_a_deployment_did() {
    let devnet = Devnet::start(None).await;
    let model = digits();
    let deploy = [
        "deploy",
        &model,
        "--rpc",
        &devnet.url,
        "--private-key",
        SECOND_KEY,
    ];
    let output = run(&deploy);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_contains(&text, &["model           0x", "gas of a call"]);
    let announced = String::from_utf8(output.stderr).unwrap();
    assert_contains(&announced, &["1 of 1 chunks to write; at most about "]);
    let announced_gas = announced
        .split(' ')
        .skip_while(|word| *word != "about")
        .nth(1);
    let announced_gas = digits_of(announced_gas.unwrap());
    let used = text.lines().find(|line| line.starts_with("gas, this run"));
    let used = digits_of(used.unwrap());
    assert!(
        used <= announced_gas && announced_gas < 2 * used,
        "{announced_gas} announced, {used} used"
    );
    let again = run(&deploy);
    assert_contains(
        &String::from_utf8(again.stderr).unwrap(),
        &["all 1 chunks are on chain already"],
    );
}

fn digits_of(text: &str) -> u64 {
    let digits = text.chars().filter(char::is_ascii_digit);
    digits.collect::<String>().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_and_empty_purses_pay_nothing() {
    let devnet = Devnet::start(None).await;
    let model = digits();
    let deploy = |key| error(&["deploy", &model, "--rpc", &devnet.url, "--private-key", key]);
    assert_contains(
        &deploy(POOR_KEY),
        &[
            "has 0 wei",
            "fund the account",
            "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf",
        ],
    );
    assert_contains(&deploy("0x1234"), &["--private-key is not a private key"]);
    assert_eq!(devnet.transactions().await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_without_a_model_are_named() {
    let devnet = Devnet::start(None).await;
    let folder = tempfile::tempdir().unwrap();
    let picture = shown(&write_pictures(folder.path(), 1));
    let nobody = "0x00000000000000000000000000000000000000dd";
    assert_contains(
        &error(&["call", nobody, "--input", &picture, "--rpc", &devnet.url]),
        &["asking for the model at", "NotA"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_without_the_contracts_is_named() {
    let devnet = Devnet::start_without(&[CHUNK_STORE]).await;
    let model = digits();
    assert_contains(
        &error(&["deploy", &model, "--rpc", &devnet.url, "--private-key", KEY]),
        &["there is no contract at", "ChunkStore"],
    );
    assert_eq!(devnet.transactions().await.len(), 0);
}

#[test]
fn a_node_that_is_not_there_is_named() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let url = format!("http://127.0.0.1:{port}");
    let model = digits();
    let folder = tempfile::tempdir().unwrap();
    let picture = shown(&write_pictures(folder.path(), 1));
    let address = "0x00000000000000000000000000000000000000dd";
    for arguments in [
        vec!["deploy", &model, "--rpc", &url, "--private-key", KEY],
        vec!["call", address, "--input", &picture, "--rpc", &url],
    ] {
        let text = error(&arguments);
        assert_contains(
            &text,
            &["no node answers", &url, "`fixpoint devnet`", "refused"],
        );
        assert_eq!(text.matches(&url).count(), 1, "{text}");
    }
    assert_contains(
        &error(&["deploy", &model, "--rpc", "nonsense", "--private-key", KEY]),
        &["`nonsense` is not a URL"],
    );
}
