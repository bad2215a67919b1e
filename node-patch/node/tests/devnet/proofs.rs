//! `eth_getProof`, checked against the state root by an independent verifier.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_trie::{Nibbles, TrieAccount, proof::verify_proof};
use serde_json::{Value, json};

use crate::client::{Devnet, counter};

fn nodes(value: &Value) -> Vec<Bytes> {
    serde_json::from_value(value.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_slots_and_their_absence_are_proved() {
    let devnet = Devnet::start().await;
    let contract = devnet.deploy(&counter()).await;
    devnet
        .send(json!({ "from": devnet.account(0), "to": contract }))
        .await;
    let block = devnet
        .ok("eth_getBlockByNumber", json!(["latest", false]))
        .await;
    let root: B256 = serde_json::from_value(block["stateRoot"].clone()).unwrap();

    let keys = json!([B256::ZERO, B256::with_last_byte(1)]);
    let proof = devnet
        .ok("eth_getProof", json!([contract, keys, "latest"]))
        .await;
    let storage_root: B256 = serde_json::from_value(proof["storageHash"].clone()).unwrap();
    let account = TrieAccount {
        nonce: 1,
        balance: U256::ZERO,
        storage_root,
        code_hash: keccak256(counter()),
    };
    assert_eq!(proof["codeHash"], json!(account.code_hash));
    let path = Nibbles::unpack(keccak256(contract));
    verify_proof(
        root,
        path,
        Some(alloy_rlp::encode(account)),
        &nodes(&proof["accountProof"]),
    )
    .unwrap();

    let (present, absent) = (&proof["storageProof"][0], &proof["storageProof"][1]);
    assert_eq!(
        (&present["value"], &absent["value"]),
        (&json!("0x1"), &json!("0x0"))
    );
    let path = Nibbles::unpack(keccak256(B256::ZERO));
    let value = alloy_rlp::encode(U256::from(1));
    verify_proof(storage_root, path, Some(value), &nodes(&present["proof"])).unwrap();
    let path = Nibbles::unpack(keccak256(B256::with_last_byte(1)));
    verify_proof(storage_root, path, None, &nodes(&absent["proof"])).unwrap();

    let nobody = Address::repeat_byte(0x77);
    let proof = devnet
        .ok("eth_getProof", json!([nobody, [], "latest"]))
        .await;
    let path = Nibbles::unpack(keccak256(nobody));
    verify_proof(root, path, None, &nodes(&proof["accountProof"])).unwrap();
    // The same proof does not show that the contract is absent.
    let path = Nibbles::unpack(keccak256(contract));
    assert!(verify_proof(root, path, None, &nodes(&proof["accountProof"])).is_err());
}
