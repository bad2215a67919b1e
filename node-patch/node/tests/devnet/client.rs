//! A started node, a client of it, and contracts to play with.

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, b256, hex};
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use fixpoint_node::{DevnetConfig, Node};
use jsonrpsee::{
    core::client::{ClientT, Error},
    core::params::ArrayParams,
    http_client::{HttpClient, HttpClientBuilder},
    types::ErrorObjectOwned,
};
use serde_json::{Value, json};

/// A node on a port that the system chose, and a client of it.
pub(crate) struct Devnet {
    pub(crate) node: Node,
    pub(crate) http: HttpClient,
}

impl Devnet {
    /// An automining devnet in memory.
    pub(crate) async fn start() -> Self {
        Self::start_with(DevnetConfig::default()).await
    }

    pub(crate) async fn start_with(config: DevnetConfig) -> Self {
        let node = Node::start(&DevnetConfig { port: 0, ..config })
            .await
            .unwrap();
        let http = client(&node.url());
        Self { node, http }
    }

    pub(crate) fn signer(&self, index: usize) -> &PrivateKeySigner {
        &self.node.signers()[index]
    }

    pub(crate) fn account(&self, index: usize) -> Address {
        self.signer(index).address()
    }

    /// The result of a call that must succeed.
    pub(crate) async fn ok(&self, method: &str, params: Value) -> Value {
        match call(&self.http, method, params).await {
            Ok(value) => value,
            Err(error) => panic!("{method}: {error:?}"),
        }
    }

    /// The error of a call that must fail.
    pub(crate) async fn err(&self, method: &str, params: Value) -> ErrorObjectOwned {
        match call(&self.http, method, params).await {
            Ok(value) => panic!("{method} gave {value}"),
            Err(error) => error,
        }
    }

    /// A quantity.
    pub(crate) async fn quantity(&self, method: &str, params: Value) -> u64 {
        quantity(&self.ok(method, params).await)
    }

    /// Sends from a developer account whose key the node holds; returns the receipt.
    pub(crate) async fn send(&self, transaction: Value) -> Value {
        let hash = self.ok("eth_sendTransaction", json!([transaction])).await;
        self.ok("eth_getTransactionReceipt", json!([hash])).await
    }

    /// Deploys a contract with this runtime code.
    pub(crate) async fn deploy(&self, runtime: &[u8]) -> Address {
        let receipt = self
            .send(json!({ "from": self.account(0), "data": Bytes::from(init_code(runtime)) }))
            .await;
        assert_eq!(receipt["status"], "0x1", "{receipt}");
        serde_json::from_value(receipt["contractAddress"].clone()).unwrap()
    }
}

pub(crate) fn client(url: &str) -> HttpClient {
    HttpClientBuilder::default()
        .max_request_size(64 << 20)
        .build(url)
        .unwrap()
}

/// Calls a method with positional parameters.
pub(crate) async fn call(
    http: &HttpClient,
    method: &str,
    params: Value,
) -> Result<Value, ErrorObjectOwned> {
    let mut positional = ArrayParams::new();
    for param in params.as_array().expect("positional parameters") {
        positional.insert(param).unwrap();
    }
    match http.request::<Value, _>(method, positional).await {
        Ok(value) => Ok(value),
        Err(Error::Call(error)) => Err(error),
        Err(other) => panic!("{method}: {other}"),
    }
}

pub(crate) fn quantity(value: &Value) -> u64 {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is not a quantity"));
    u64::from_str_radix(text.strip_prefix("0x").unwrap(), 16).unwrap()
}

/// A signed transfer of one wei, with fees that last for long.
pub(crate) fn transfer(signer: &PrivateKeySigner, nonce: u64, to: Address) -> TxEnvelope {
    sign(
        signer,
        TxEip1559 {
            chain_id: 31_337,
            nonce,
            gas_limit: 21_000,
            max_fee_per_gas: 100_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            to: TxKind::Call(to),
            value: U256::from(1),
            ..TxEip1559::default()
        },
    )
}

pub(crate) fn sign(signer: &PrivateKeySigner, transaction: TxEip1559) -> TxEnvelope {
    let signature = signer
        .sign_hash_sync(&transaction.signature_hash())
        .unwrap();
    TxEnvelope::from(transaction.into_signed(signature))
}

pub(crate) fn raw(transaction: &TxEnvelope) -> Bytes {
    transaction.encoded_2718().into()
}

/// Init code that deploys `runtime`.
pub(crate) fn init_code(runtime: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(runtime.len()).unwrap().to_be_bytes();
    // PUSH2 length, PUSH1 offset of the code, PUSH0, CODECOPY; PUSH2 length, PUSH0, RETURN.
    let mut code = vec![
        0x61, high, low, 0x60, 13, 0x5f, 0x39, 0x61, high, low, 0x5f, 0xf3, 0x00,
    ];
    code.extend_from_slice(runtime);
    code
}

pub(crate) const COUNTED: B256 =
    b256!("0x00000000000000000000000000000000000000000000000000000000c0117ed0");

/// Without calldata: adds one to slot 0 and logs the new value under [`COUNTED`].
/// With calldata: returns slot 0.
pub(crate) fn counter() -> Vec<u8> {
    let mut code = hex::decode("366034575f54600101805f555f527f").unwrap();
    code.extend(COUNTED);
    code.extend(hex::decode("60205fa1005b5f545f5260205ff3").unwrap());
    code
}

/// Reverts with this data, whatever it is called with.
pub(crate) fn reverter(data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).unwrap();
    let mut code = vec![0x60, length, 0x60, 10, 0x5f, 0x39, 0x60, length, 0x5f, 0xfd];
    code.extend_from_slice(data);
    code
}
