//! Fixtures made by this node's own chain: what runs with the other tests, where Ethereum's own fixtures
//! are not. Whether the runner notices what is wrong is tested on them.

use alloy::signers::{SignerSync, local::PrivateKeySigner};
use alloy_consensus::{SignableTransaction, TxEip1559, transaction::Recovered};
use alloy_genesis::{ChainConfig, Genesis, GenesisAccount};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex, keccak256};
use fixpoint_chain::{
    BlockAttributes, Chain, ChainSpec, ExecutedBlock, Location, Transaction, spec::HARDFORK_KEY,
};
use serde_json::{Value, json};

use crate::{block_tests, report::Report, state_tests};

/// `sstore(calldataload(0), calldataload(32)); log1(0, 32, calldataload(0))`
const SETTER: &[u8] = &hex!("6020356000355560003560206000a100");
const CONTRACT: Address = Address::repeat_byte(0xdd);
const BALANCE: u64 = 1_000_000_000_000_000_000;

struct Sample {
    genesis: Genesis,
    spec: ChainSpec,
    block: ExecutedBlock,
    call: TxEip1559,
}

fn signer() -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(1)).unwrap()
}

/// A chain of one block with one call. Shanghai has no system calls, so its state is that of the call.
fn sample() -> Sample {
    let mut config = ChainConfig {
        chain_id: 1,
        ..ChainConfig::default()
    };
    config
        .extra_fields
        .insert(HARDFORK_KEY.to_owned(), json!("Shanghai"));
    let rich = GenesisAccount {
        balance: U256::from(BALANCE),
        ..GenesisAccount::default()
    };
    let setter = GenesisAccount {
        nonce: Some(1),
        code: Some(SETTER.into()),
        ..GenesisAccount::default()
    };
    let genesis = Genesis {
        config,
        gas_limit: 30_000_000,
        alloc: [(signer().address(), rich), (CONTRACT, setter)].into(),
        ..Genesis::default()
    };
    let spec = ChainSpec::from_exact_genesis(genesis.clone()).unwrap();
    let chain = Chain::open(Location::Memory, spec.clone()).unwrap();
    let words = [B256::with_last_byte(1), B256::with_last_byte(7)];
    let call = TxEip1559 {
        chain_id: 1,
        gas_limit: 100_000,
        max_fee_per_gas: 2_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(CONTRACT),
        input: words.concat().into(),
        ..TxEip1559::default()
    };
    let signature = signer().sign_hash_sync(&call.signature_hash()).unwrap();
    let signed = Transaction::from(call.clone().into_signed(signature));
    let transactions = vec![Recovered::new_unchecked(signed, signer().address())];
    let attributes = BlockAttributes::at(12);
    let built = chain.build(spec.genesis_hash(), &attributes, transactions);
    Sample {
        genesis,
        spec,
        block: built.unwrap().block,
        call,
    }
}

fn accounts(genesis: &Genesis) -> Value {
    let accounts = genesis.alloc.iter().map(|(address, account)| {
        let record = json!({
            "balance": account.balance, "nonce": U256::from(account.nonce.unwrap_or(0)),
            "code": account.code.clone().unwrap_or_default(), "storage": {},
        });
        (address.to_string(), record)
    });
    accounts.collect::<serde_json::Map<_, _>>().into()
}

fn block_test(sample: &Sample) -> Value {
    let header = sample.spec.genesis_header();
    json!({
        "network": "Shanghai",
        "genesisBlockHeader": {
            "hash": header.hash(), "coinbase": header.beneficiary, "difficulty": "0x00",
            "extraData": header.extra_data, "gasLimit": U256::from(header.gas_limit),
            "mixHash": header.mix_hash, "nonce": header.nonce, "timestamp": "0x00",
            "baseFeePerGas": U256::from(header.base_fee_per_gas.unwrap()),
        },
        "pre": accounts(&sample.genesis),
        "blocks": [{ "rlp": Bytes::from(alloy_rlp::encode(sample.block.to_block())) }],
        "lastblockhash": sample.block.hash(),
        "postState": {
            CONTRACT.to_string(): {
                "balance": "0x00", "nonce": "0x01", "code": Bytes::from(SETTER),
                "storage": { "0x01": "0x07" },
            },
        },
    })
}

fn state_test(sample: &Sample) -> Value {
    let (header, call) = (&sample.block.header, &sample.call);
    let logs: Vec<_> = sample.block.receipts[0].logs().to_vec();
    let mut encoded = Vec::new();
    alloy_rlp::encode_list::<alloy_primitives::Log, alloy_primitives::Log>(&logs, &mut encoded);
    json!({
        "env": {
            "currentCoinbase": header.beneficiary, "currentDifficulty": "0x0",
            "currentGasLimit": U256::from(header.gas_limit), "currentNumber": "0x01",
            "currentTimestamp": U256::from(header.timestamp), "currentRandom": header.mix_hash,
            "currentBaseFee": U256::from(header.base_fee_per_gas.unwrap()),
        },
        "pre": accounts(&sample.genesis),
        "transaction": {
            "sender": signer().address(), "to": CONTRACT, "nonce": "0x00", "data": [call.input],
            "gasLimit": [U256::from(call.gas_limit)], "value": ["0x00"],
            "maxFeePerGas": U256::from(call.max_fee_per_gas),
            "maxPriorityFeePerGas": U256::from(call.max_priority_fee_per_gas),
        },
        "post": { "Shanghai": [{
            "hash": header.state_root, "logs": keccak256(encoded),
            "indexes": { "data": 0, "gas": 0, "value": 0 },
        }] },
    })
}

fn run(test: Value) -> String {
    let mut report = Report::default();
    if test.get("blocks").is_some() {
        block_tests::run("sample", test, None, &mut report);
    } else {
        state_tests::run("sample", test, None, &mut report);
    }
    report.to_string()
}

fn passes(test: Value) {
    let text = run(test);
    assert!(
        text.ends_with("\n1 passed, 0 failed, 0 excluded\n"),
        "{text}"
    );
}

fn fails(test: Value, how: &str) {
    let text = run(test);
    assert!(
        text.ends_with("\n0 passed, 1 failed, 0 excluded\n"),
        "{text}"
    );
    assert!(text.contains(how), "{how}: {text}");
}

#[test]
fn blocks_that_the_chain_made_are_imported() {
    passes(block_test(&sample()));
}

#[test]
fn what_a_block_test_expects_is_checked() {
    let sample = sample();
    let test = block_test(&sample);
    let with = |path: &str, value: Value| {
        let mut test = test.clone();
        *test.pointer_mut(path).unwrap() = value;
        test
    };
    fails(with("/lastblockhash", json!(B256::ZERO)), "the head is");
    let slot = format!("/postState/{CONTRACT}/storage/0x01");
    fails(with(&slot, json!("0x08")), "slot 1 of");
    fails(
        with("/genesisBlockHeader/hash", json!(B256::ZERO)),
        "the genesis is",
    );
    let rlp = json!(Bytes::from_static(&[0xc0]));
    fails(with("/blocks/0/rlp", rlp.clone()), "block 0 was refused");
    let expecting = |rlp: &Value| json!([{ "rlp": rlp, "expectException": "a reason" }]);
    let right = test["blocks"][0]["rlp"].clone();
    fails(with("/blocks", expecting(&right)), "despite \"a reason\"");
    // A wrong block that is expected to be wrong leaves the chain at its genesis.
    let mut refused = with("/blocks", expecting(&rlp));
    refused["lastblockhash"] = json!(sample.spec.genesis_hash());
    refused["postState"] = json!({});
    passes(refused);
    let old = run(with("/network", json!("London")));
    assert!(
        old.contains("excluded      1: blocks from before the merge"),
        "{old}"
    );
}

#[test]
fn a_state_test_of_the_same_call_passes_and_what_it_expects_is_checked() {
    let test = state_test(&sample());
    passes(test.clone());
    let with = |path: &str, value: Value| {
        let mut test = test.clone();
        *test.pointer_mut(path).unwrap() = value;
        test
    };
    fails(
        with("/post/Shanghai/0/hash", json!(B256::ZERO)),
        "the state root is",
    );
    fails(
        with("/post/Shanghai/0/logs", json!(B256::ZERO)),
        "the hash of the logs is",
    );
    fails(with("/transaction/nonce", json!("0x05")), "it was refused");
    let mut expecting = test.clone();
    expecting["post"]["Shanghai"][0]["expectException"] = json!("a reason");
    fails(expecting, "it was not refused for a reason");
}
