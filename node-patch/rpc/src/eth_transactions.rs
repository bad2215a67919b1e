//! Methods that take in, sign or read transactions.

use std::{
    thread,
    time::{Duration, Instant},
};

use alloy_consensus::{TxEnvelope, TypedTransaction};
use alloy_dyn_abi::TypedData;
use alloy_eips::{BlockId, BlockNumberOrTag, eip2718::Encodable2718};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U64, U256};
use alloy_rpc_types_eth::{Index, Transaction, TransactionReceipt, TransactionRequest};
use fixpoint_chain::RecoveredTransaction;
use jsonrpsee::core::RegisterMethodError;

use crate::{
    context::{Context, PENDING},
    convert,
    error::RpcError,
    estimate::estimate_gas,
    eth_fees::next_base_fee_wei,
    impersonation::{is_impersonated, unsigned},
    methods::{Arguments, Module, register as method},
    simulate::Simulation,
};

/// How long `eth_sendRawTransactionSync` waits if the caller does not say, and at most.
const SYNC_WAIT_MS: u64 = 20_000;
const MAX_SYNC_WAIT_MS: u64 = 60_000;
const SYNC_POLL: Duration = Duration::from_millis(10);

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "eth_sendRawTransaction", send_raw)?;
    method(module, "eth_sendRawTransactionSync", send_raw_sync)?;
    method(module, "eth_sendTransaction", send)?;
    method(module, "eth_sendTransactionSync", |context, arguments| {
        let hash = send(context, arguments)?;
        receipt_in_time(context, arguments, hash)
    })?;
    method(module, "eth_fillTransaction", fill_transaction)?;
    method(module, "eth_signTransaction", |context, arguments| {
        let _signing = context.signing.lock();
        let transaction = fill_and_sign(context, arguments.required("transaction")?)?;
        Ok(serde_json::json!({ "raw": convert::encoded(&transaction), "tx": transaction }))
    })?;
    for name in ["eth_accounts", "eth_requestAccounts"] {
        method(module, name, |context, _| Ok(sending_accounts(context)))?;
    }
    method(module, "eth_sign", |context, arguments| {
        let address: Address = arguments.required("address")?;
        let message: Bytes = arguments.required("message")?;
        sign(context, address, &message)
    })?;
    method(module, "personal_sign", |context, arguments| {
        let message: Bytes = arguments.required("message")?;
        let address: Address = arguments.required("address")?;
        sign(context, address, &message)
    })?;
    for name in [
        "eth_signTypedData",
        "eth_signTypedData_v3",
        "eth_signTypedData_v4",
    ] {
        method(module, name, |context, arguments| {
            let address: Address = arguments.required("address")?;
            let data: TypedData = arguments.required("typed data")?;
            let signature = context.accounts.sign_typed_data(address, &data)?;
            Ok(Bytes::from(signature.as_bytes()))
        })?;
    }
    register_reads(module)
}

/// Those whose keys are here, then those that are impersonated: clients make signers of what is listed.
fn sending_accounts(context: &Context) -> Vec<Address> {
    let own = context.accounts.addresses();
    let impersonated = context.impersonated.lock();
    let others = impersonated.accounts().iter();
    let others = others.filter(|account| !own.contains(account));
    own.iter().chain(others).copied().collect()
}

fn register_reads(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "eth_getTransactionByHash", by_hash)?;
    method(module, "eth_getTransactionReceipt", |context, arguments| {
        let hash: B256 = arguments.required("transaction hash")?;
        receipt(context, hash)
    })?;
    method(
        module,
        "eth_getTransactionByBlockNumberAndIndex",
        |context, arguments| {
            let number: BlockNumberOrTag = arguments.required("block number")?;
            by_index(context, number.into(), arguments.required("index")?)
        },
    )?;
    method(
        module,
        "eth_getTransactionByBlockHashAndIndex",
        |context, arguments| {
            let hash: B256 = arguments.required("block hash")?;
            by_index(context, hash.into(), arguments.required("index")?)
        },
    )?;
    method(
        module,
        "eth_getRawTransactionByHash",
        |context, arguments| raw_by_hash(context, arguments.required("transaction hash")?),
    )?;
    method(
        module,
        "eth_getRawTransactionByBlockNumberAndIndex",
        |context, arguments| {
            let number: BlockNumberOrTag = arguments.required("block number")?;
            raw_by_index(context, number.into(), arguments.required("index")?)
        },
    )?;
    method(
        module,
        "eth_getRawTransactionByBlockHashAndIndex",
        |context, arguments| {
            let hash: B256 = arguments.required("block hash")?;
            raw_by_index(context, hash.into(), arguments.required("index")?)
        },
    )?;
    method(
        module,
        "eth_getTransactionBySenderAndNonce",
        |context, arguments| {
            let sender: Address = arguments.required("sender")?;
            let nonce: U64 = arguments.required("nonce")?;
            let content = context.chain.pool_content();
            let waiting =
                [content.pending, content.queued]
                    .into_iter()
                    .find_map(|mut by_sender| {
                        by_sender
                            .get_mut(&sender)
                            .and_then(|by_nonce| by_nonce.remove(&nonce.to::<u64>()))
                    });
            Ok(waiting.map(convert::pooled_transaction))
        },
    )
}

fn send_raw(context: &Context, arguments: &mut Arguments<'_>) -> Result<B256, RpcError> {
    let bytes: Bytes = arguments.required("transaction")?;
    let hash = context
        .chain
        .submit_raw(&bytes)
        .map_err(|error| RpcError::TransactionRejected(error.to_string()))?;
    context.miner.submitted(hash)?;
    Ok(hash)
}

/// EIP-7966: answers with the receipt once there is one.
fn send_raw_sync(
    context: &Context,
    arguments: &mut Arguments<'_>,
) -> Result<TransactionReceipt, RpcError> {
    let hash = send_raw(context, arguments)?;
    receipt_in_time(context, arguments, hash)
}

/// The receipt as soon as there is one, unless it takes longer than the next argument allows.
fn receipt_in_time(
    context: &Context,
    arguments: &mut Arguments<'_>,
    hash: B256,
) -> Result<TransactionReceipt, RpcError> {
    let waited_ms: u64 = arguments.optional("timeout")?.unwrap_or(SYNC_WAIT_MS);
    let waited_ms = waited_ms.min(MAX_SYNC_WAIT_MS);
    let deadline = Instant::now() + Duration::from_millis(waited_ms);
    loop {
        if let Some(receipt) = receipt(context, hash)? {
            return Ok(receipt);
        }
        if Instant::now() >= deadline {
            return Err(RpcError::NotMinedInTime { hash, waited_ms });
        }
        thread::sleep(SYNC_POLL);
    }
}

fn send(context: &Context, arguments: &mut Arguments<'_>) -> Result<B256, RpcError> {
    let request = arguments.required("transaction")?;
    let hash = {
        let _signing = context.signing.lock();
        let (from, transaction) = fill_own(context, request)?;
        let submitted = if is_impersonated(context, &from) {
            let transaction = unsigned(from, transaction);
            context.chain.submit_unsigned(transaction)
        } else {
            let transaction = context.accounts.sign_transaction(from, transaction)?;
            context.chain.submit(transaction)
        };
        submitted.map_err(|error| RpcError::TransactionRejected(error.to_string()))?
    };
    context.miner.submitted(hash)?;
    Ok(hash)
}

/// Sends for anybody, without asking for a key or an impersonation.
pub(crate) fn send_unsigned(
    context: &Context,
    arguments: &mut Arguments<'_>,
) -> Result<B256, RpcError> {
    let request: TransactionRequest = arguments.required("transaction")?;
    let from = request.from.ok_or_else(|| {
        RpcError::InvalidParams("transaction: without a signature it needs a sender".to_owned())
    })?;
    let hash = {
        let _signing = context.signing.lock();
        let transaction = unsigned(from, fill(context, from, request)?);
        let submitted = context.chain.submit_unsigned(transaction);
        submitted.map_err(|error| RpcError::TransactionRejected(error.to_string()))?
    };
    context.miner.submitted(hash)?;
    Ok(hash)
}

/// What a wallet signs: the transaction with everything that the request leaves open. Its signature
/// is zero.
fn fill_transaction(
    context: &Context,
    arguments: &mut Arguments<'_>,
) -> Result<serde_json::Value, RpcError> {
    let request: TransactionRequest = arguments.required("transaction")?;
    let from = request.from.unwrap_or_default();
    let nothing = Signature::new(U256::ZERO, U256::ZERO, false);
    let envelope: TxEnvelope = fill(context, from, request)?.into_envelope(nothing);
    let raw = convert::encoded(&envelope);
    let transaction = RecoveredTransaction::new_unchecked(envelope, from);
    Ok(serde_json::json!({ "raw": raw, "tx": convert::pooled_transaction(transaction) }))
}

/// [`fill_own`], signed with the sender's key.
fn fill_and_sign(context: &Context, request: TransactionRequest) -> Result<TxEnvelope, RpcError> {
    let (from, transaction) = fill_own(context, request)?;
    context.accounts.sign_transaction(from, transaction)
}

/// [`fill`] for a sender that this node may send for; the first of its accounts if none is named.
fn fill_own(
    context: &Context,
    request: TransactionRequest,
) -> Result<(Address, TypedTransaction), RpcError> {
    let from = match request.from {
        Some(from) => from,
        None => context
            .accounts
            .addresses()
            .first()
            .copied()
            .ok_or_else(|| {
                RpcError::InvalidParams("transaction: no sender and no account to take".to_owned())
            })?,
    };
    if !context.accounts.contains(&from) && !is_impersonated(context, &from) {
        return Err(RpcError::UnknownAccount(from));
    }
    Ok((from, fill(context, from, request)?))
}

/// Chooses what the request leaves open: nonce, gas, fees.
fn fill(
    context: &Context,
    from: Address,
    mut request: TransactionRequest,
) -> Result<TypedTransaction, RpcError> {
    request.from = Some(from);
    request.to.get_or_insert(TxKind::Create);
    request
        .chain_id
        .get_or_insert(context.chain.spec().chain_id());
    if request.nonce.is_none() {
        request.nonce = Some(
            context
                .chain
                .pending_nonce(from)
                .map_err(RpcError::internal)?,
        );
    }
    if request.gas.is_none() {
        let mut simulation = Simulation::at(context, PENDING, None, None)?;
        let transaction = simulation.prepare(request.clone())?;
        request.gas = Some(estimate_gas(&mut simulation, transaction)?);
    }
    if request.gas_price.is_none() {
        let tip = *request
            .max_priority_fee_per_gas
            .get_or_insert(context.chain.suggested_tip_wei().saturating_to());
        // Room for the base fee to double before the transaction is mined.
        let base_fee = u128::from(next_base_fee_wei(context));
        request
            .max_fee_per_gas
            .get_or_insert(base_fee.saturating_mul(2).saturating_add(tip));
    }
    request.normalize_input();
    request
        .build_typed_tx()
        .map_err(|_| RpcError::InvalidParams("transaction: contradictory fields".to_owned()))
}

fn sign(context: &Context, address: Address, message: &[u8]) -> Result<Bytes, RpcError> {
    Ok(Bytes::from(
        context.accounts.sign_message(address, message)?.as_bytes(),
    ))
}

fn by_hash(
    context: &Context,
    arguments: &mut Arguments<'_>,
) -> Result<Option<Transaction>, RpcError> {
    let hash: B256 = arguments.required("transaction hash")?;
    if let Some(found) = context
        .chain
        .transaction(hash)
        .map_err(RpcError::internal)?
    {
        return Ok(convert::transaction(&found.block, found.index));
    }
    Ok(context
        .chain
        .pooled_transaction(hash)
        .map(convert::pooled_transaction))
}

pub(crate) fn raw_by_hash(context: &Context, hash: B256) -> Result<Option<Bytes>, RpcError> {
    if let Some(found) = context
        .chain
        .transaction(hash)
        .map_err(RpcError::internal)?
    {
        let transaction = found.block.transactions.get(found.index);
        return Ok(transaction.map(|tx| tx.inner().encoded_2718().into()));
    }
    Ok(context
        .chain
        .pooled_transaction(hash)
        .map(|tx| convert::encoded(tx.inner())))
}

fn by_index(context: &Context, id: BlockId, index: Index) -> Result<Option<Transaction>, RpcError> {
    Ok(context
        .block(id)?
        .and_then(|block| convert::transaction(&block, index.0)))
}

fn raw_by_index(context: &Context, id: BlockId, index: Index) -> Result<Option<Bytes>, RpcError> {
    let block = context.block(id)?;
    let transaction = block.and_then(|block| block.transactions.get(index.0).cloned());
    Ok(transaction.map(|transaction| convert::encoded(transaction.inner())))
}

fn receipt(context: &Context, hash: B256) -> Result<Option<TransactionReceipt>, RpcError> {
    let found = context
        .chain
        .transaction(hash)
        .map_err(RpcError::internal)?;
    Ok(found.and_then(|found| convert::receipt(&found.block, found.index)))
}
