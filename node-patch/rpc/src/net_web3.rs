//! `net_`, `web3_` and the methods that say what this node is.

use alloy_primitives::{Bytes, U64, keccak256};
use jsonrpsee::core::RegisterMethodError;

use crate::methods::{Module, register as method};

/// The version of the peer protocol that tools are told, which this node does not speak: eth/68.
const PROTOCOL_VERSION: u64 = 68;

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "eth_chainId", |context, _| {
        Ok(U64::from(context.chain.spec().chain_id()))
    })?;
    method(module, "eth_syncing", |_, _| Ok(false))?;
    method(module, "eth_mining", |_, _| Ok(false))?;
    method(module, "eth_hashrate", |_, _| Ok(U64::ZERO))?;
    method(module, "eth_coinbase", |context, _| {
        Ok(context.next_attributes()?.fee_recipient)
    })?;
    method(module, "eth_protocolVersion", |_, _| {
        Ok(U64::from(PROTOCOL_VERSION))
    })?;
    for name in ["net_version", "eth_networkId"] {
        method(module, name, |context, _| {
            Ok(context.chain.spec().chain_id().to_string())
        })?;
    }
    method(module, "net_listening", |_, _| Ok(true))?;
    method(module, "net_peerCount", |_, _| Ok(U64::ZERO))?;
    method(module, "web3_clientVersion", |context, _| {
        Ok(context.identity.client_version.clone())
    })?;
    method(module, "web3_sha3", |_, arguments| {
        let data: Bytes = arguments.required("data")?;
        Ok(keccak256(&data))
    })
}
