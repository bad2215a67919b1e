//! `fixpoint genesis`, and a node that starts from what it writes.

use std::fs;

use alloy_hardforks::EthereumHardfork;
use alloy_primitives::U256;
use fixpoint_node::ChainSpec;
use fixpoint_precompile::address::{CHUNK_STORE, PRECOMPILE};

use crate::{
    devnet::FIRST,
    support::{assert_contains, error, ok, ok_json, run, shown},
};

#[test]
fn a_specification_says_all_that_a_network_agrees_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("genesis.json");
    let funded = format!("{FIRST}=12.5");
    let told = ok(&[
        "genesis",
        "--chain-id",
        "777",
        "--hardfork",
        "prague",
        "--gas-limit",
        "45000000",
        "--inference-time",
        "1800000000",
        "--fund",
        &funded,
        "-o",
        &shown(&file),
    ]);
    let spec = ChainSpec::from_file(&file).expect("a specification");
    assert_contains(&told, &["777", "Prague", &spec.genesis_hash().to_string()]);
    assert_eq!(spec.chain_id(), 777);
    assert_eq!(spec.inference_activation_s(), 1_800_000_000);
    let genesis = spec.genesis();
    assert_eq!(genesis.gas_limit, 45_000_000);
    let ether = U256::from(10).pow(U256::from(18));
    assert_eq!(
        genesis.alloc[&FIRST].balance,
        ether * U256::from(25) / U256::from(2)
    );
    assert!(genesis.alloc.contains_key(&PRECOMPILE));
    assert!(genesis.alloc.contains_key(&CHUNK_STORE));
    let funded = genesis
        .alloc
        .values()
        .filter(|account| !account.balance.is_zero());
    assert_eq!(funded.count(), 1, "nobody else has money");
}

#[test]
fn it_is_printed_without_a_file_and_may_be_bare() {
    let bare = ok_json(&["genesis", "--without-predeploys"]);
    let store = CHUNK_STORE.to_string().to_lowercase();
    assert!(bare["alloc"].get(&store).is_none(), "{bare}");
    assert_eq!(bare["config"]["fixpointTime"], 0);
    let usual = ok_json(&["genesis"]);
    assert!(usual["alloc"].get(&store).is_some(), "{usual}");
}

#[test]
fn a_hardfork_may_begin_later() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("genesis.json");
    let told = ok(&[
        "genesis",
        "--hardfork",
        "cancun",
        "--fork",
        "prague=1900000000",
        "--fork",
        "osaka=2000000000",
        "-o",
        &shown(&file),
    ]);
    assert_contains(
        &told,
        &["Cancun", "Prague from 1900000000", "Osaka from 2000000000"],
    );
    let spec = ChainSpec::from_file(&file).expect("a specification");
    for (time, want) in [
        (1_899_999_999, EthereumHardfork::Cancun),
        (1_900_000_000, EthereumHardfork::Prague),
        (2_000_000_000, EthereumHardfork::Osaka),
    ] {
        assert_eq!(spec.hardfork_at(time), want, "{time}");
    }
    for (forks, complaint) in [
        (["shanghai=5", "prague=5"], "Shanghai has a time already"),
        (
            ["prague=9", "osaka=8"],
            "the time of Osaka comes before that of Prague",
        ),
        (["osaka=8", "london=9"], "London cannot begin later"),
    ] {
        let [one, other] = forks;
        let said = error(&[
            "genesis",
            "--hardfork",
            "cancun",
            "--fork",
            one,
            "--fork",
            other,
        ]);
        assert_contains(&said, &[complaint]);
    }
}

#[test]
fn a_node_refuses_prices_that_it_does_not_charge() {
    let folder = tempfile::tempdir().unwrap();
    let file = shown(&folder.path().join("genesis.json"));
    let text = ok(&["genesis"]);
    let table = ok_json(&["genesis"])["config"]["fixpointGasTable"].clone();
    let other = text.replace(
        &format!("\"fixpointGasTable\": {table}"),
        "\"fixpointGasTable\": 1",
    );
    assert_ne!(text, other);
    fs::write(&file, other).unwrap();
    let said = error(&["devnet", "--port", "0", "--init", &file]);
    assert_contains(&said, &["config.fixpointGasTable is 1", "charges by table"]);
}

#[test]
fn money_is_an_address_and_an_amount() {
    for wrong in ["0x12=1", &FIRST.to_string(), &format!("{FIRST}=much")] {
        let output = run(&["genesis", "--fund", wrong]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
}

/// Options of a file are options, and its mistakes are told as theirs are.
#[test]
fn a_node_reads_options_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fixpoint.toml");
    let config = shown(&file);
    fs::write(&file, "port = 0\nmnemonic = \"no words of any list\"\n").unwrap();
    let said = error(&["devnet", "--config", &config]);
    assert_contains(&said, &["the accounts"]);
    fs::write(&file, "port = 70000\n").unwrap();
    let output = run(&["devnet", "--config", &config]);
    assert_eq!(output.status.code(), Some(2));
    fs::write(&file, "port = 1\n").unwrap();
    // The command line's port counts, and the genesis is what there is to complain about.
    let said = error(&[
        "devnet",
        "--config",
        &config,
        "--port",
        "0",
        "--init",
        "none.json",
    ]);
    assert_contains(&said, &["none.json"]);
    fs::write(&file, "port = \n").unwrap();
    assert_contains(&error(&["devnet", "--config", &config]), &["line 1"]);
    let missing = error(&["devnet", "--config", "none.toml"]);
    assert_contains(&missing, &["cannot read none.toml"]);
}
