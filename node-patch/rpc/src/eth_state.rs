//! Methods that read accounts, code, storage and proofs.

use alloy_eips::BlockId;
use alloy_primitives::{Address, B256, U64, U256};
use alloy_rpc_types_eth::{Account, AccountInfo, EIP1186AccountProofResponse, EIP1186StorageProof};
use alloy_serde::JsonStorageKey;
use fixpoint_chain::StateView;
use jsonrpsee::core::RegisterMethodError;

use crate::{
    context::{Context, LATEST},
    error::RpcError,
    methods::{Arguments, Module, register as method},
};

/// Most slots of one `eth_getProof`.
const MAX_PROOF_SLOTS: usize = 1_024;

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "eth_getBalance", |context, arguments| {
        let address: Address = arguments.required("address")?;
        state(context, arguments)?
            .balance(address)
            .map_err(RpcError::internal)
    })?;
    method(module, "eth_getCode", |context, arguments| {
        let address: Address = arguments.required("address")?;
        state(context, arguments)?
            .code(address)
            .map_err(RpcError::internal)
    })?;
    method(module, "eth_getStorageAt", |context, arguments| {
        let address: Address = arguments.required("address")?;
        let slot: JsonStorageKey = arguments.required("slot")?;
        let slot = U256::from_be_bytes(slot.as_b256().0);
        let value = state(context, arguments)?
            .slot(address, slot)
            .map_err(RpcError::internal)?;
        Ok(B256::from(value))
    })?;
    method(module, "eth_getTransactionCount", transaction_count)?;
    method(module, "eth_getAccount", |context, arguments| {
        let address: Address = arguments.required("address")?;
        let proof = state(context, arguments)?
            .proof(address, &[])
            .map_err(RpcError::internal)?;
        Ok(Account {
            balance: proof.balance,
            nonce: proof.nonce,
            code_hash: proof.code_hash,
            storage_root: proof.storage_root,
        })
    })?;
    method(module, "eth_getAccountInfo", account_info)?;
    method(module, "eth_getProof", proof)
}

/// The state at the block that the next argument names (default: latest).
fn state(context: &Context, arguments: &mut Arguments<'_>) -> Result<StateView, RpcError> {
    let id = arguments.optional::<BlockId>("block")?.unwrap_or(LATEST);
    context.chain.state_at(id).map_err(RpcError::from)
}

/// What clients that fork a chain ask of an account at once.
fn account_info(context: &Context, arguments: &mut Arguments<'_>) -> Result<AccountInfo, RpcError> {
    let address: Address = arguments.required("address")?;
    let state = state(context, arguments)?;
    Ok(AccountInfo {
        balance: state.balance(address).map_err(RpcError::internal)?,
        nonce: state.nonce(address).map_err(RpcError::internal)?,
        code: state.code(address).map_err(RpcError::internal)?,
    })
}

fn transaction_count(context: &Context, arguments: &mut Arguments<'_>) -> Result<U64, RpcError> {
    let address: Address = arguments.required("address")?;
    let id = arguments.optional::<BlockId>("block")?.unwrap_or(LATEST);
    let count = if id.is_pending() {
        context
            .chain
            .pending_nonce(address)
            .map_err(RpcError::internal)?
    } else {
        let state = context.chain.state_at(id).map_err(RpcError::from)?;
        state.nonce(address).map_err(RpcError::internal)?
    };
    Ok(U64::from(count))
}

fn proof(
    context: &Context,
    arguments: &mut Arguments<'_>,
) -> Result<EIP1186AccountProofResponse, RpcError> {
    let address: Address = arguments.required("address")?;
    let keys: Vec<JsonStorageKey> = arguments.required("storage keys")?;
    if keys.len() > MAX_PROOF_SLOTS {
        let (got, limit) = (keys.len() as u64, MAX_PROOF_SLOTS as u64);
        return Err(RpcError::Limit {
            what: "storage keys",
            got,
            limit,
        });
    }
    let slots: Vec<B256> = keys.iter().map(JsonStorageKey::as_b256).collect();
    let proof = state(context, arguments)?
        .proof(address, &slots)
        .map_err(RpcError::internal)?;
    Ok(EIP1186AccountProofResponse {
        address: proof.address,
        balance: proof.balance,
        code_hash: proof.code_hash,
        nonce: proof.nonce,
        storage_hash: proof.storage_root,
        account_proof: proof.proof,
        storage_proof: keys
            .into_iter()
            .zip(proof.storage)
            .map(|(key, slot)| EIP1186StorageProof::new(key, slot.value, slot.proof))
            .collect(),
    })
}
