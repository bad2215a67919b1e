//! `debug_`: traces in geth's forms, and raw bytes.

use alloy_eips::{BlockId, BlockNumberOrTag, eip2718::Encodable2718};
use alloy_evm::{EvmEnv, FromRecoveredTx};
use alloy_primitives::{B256, Bytes};
use alloy_rpc_types_eth::TransactionRequest;
use alloy_rpc_types_trace::{
    common::TraceResult,
    geth::{GethDebugTracingCallOptions, GethDebugTracingOptions},
};
use fixpoint_chain::{ExecutedBlock, FixpointEvmFactory};
use jsonrpsee::core::RegisterMethodError;
use revm::{
    DatabaseRef,
    context::{TxEnv, result::ResultAndState},
    primitives::eip7825::TX_GAS_LIMIT_CAP,
};
use revm_inspectors::tracing::{DebugInspector, TransactionContext};

use crate::{
    context::{Context, LATEST},
    error::RpcError,
    eth_transactions,
    inference_traces::{Trace, annotate, show_inferences},
    methods::{Arguments, Module, register as method},
    simulate::Simulation,
    trace_budget::TraceBudget,
    traced::{self, each_of, in_turn},
};

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "debug_traceTransaction", |context, arguments| {
        in_turn(context, || trace_transaction(context, arguments))
    })?;
    method(module, "debug_traceCall", |context, arguments| {
        in_turn(context, || trace_call(context, arguments))
    })?;
    method(module, "debug_traceBlockByNumber", |context, arguments| {
        let number: BlockNumberOrTag = arguments.required("block number")?;
        in_turn(context, || trace_block(context, number.into(), arguments))
    })?;
    method(module, "debug_traceBlockByHash", |context, arguments| {
        let hash: B256 = arguments.required("block hash")?;
        in_turn(context, || trace_block(context, hash.into(), arguments))
    })?;
    method(module, "debug_getRawHeader", |context, arguments| {
        let header = context.header(arguments.required("block")?)?;
        Ok(Bytes::from(alloy_rlp::encode(header.inner())))
    })?;
    method(module, "debug_getRawBlock", |context, arguments| {
        let id: BlockId = arguments.required("block")?;
        let block = context.block(id)?.ok_or(RpcError::UnknownBlock)?;
        Ok(Bytes::from(alloy_rlp::encode(block.to_block())))
    })?;
    method(module, "debug_getRawReceipts", |context, arguments| {
        let id: BlockId = arguments.required("block")?;
        let block = context.block(id)?.ok_or(RpcError::UnknownBlock)?;
        Ok(block
            .receipts
            .iter()
            .map(|receipt| Bytes::from(receipt.encoded_2718()))
            .collect::<Vec<_>>())
    })?;
    method(module, "debug_getRawTransaction", |context, arguments| {
        eth_transactions::raw_by_hash(context, arguments.required("transaction hash")?)
    })
}

/// Runs one transaction under the tracer that `options` name, which records no more than is left of
/// `budget`. Nothing is committed.
fn trace<DB>(
    factory: &FixpointEvmFactory,
    database: &mut DB,
    env: EvmEnv,
    transaction: TxEnv,
    options: GethDebugTracingOptions,
    place: Option<TransactionContext>,
    budget: &mut TraceBudget,
) -> Result<(Trace, ResultAndState), RpcError>
where
    DB: alloy_evm::Database + DatabaseRef,
{
    let mut inspector =
        DebugInspector::new(options).map_err(|error| RpcError::InvalidParams(error.to_string()))?;
    budget.begin(&inspector);
    let block_env = env.block_env.clone();
    let (outcome, inferences) = traced::run(
        factory,
        database,
        env,
        transaction.clone(),
        &mut inspector,
        budget,
    )?;
    let mut nodes = Vec::new();
    if let DebugInspector::FlatCallTracer(tracer) = &mut inspector {
        show_inferences(tracer.traces_mut().nodes_mut());
        nodes = tracer.traces().nodes().to_vec();
    }
    let trace = inspector
        .get_result(place, &transaction, &block_env, &outcome, database)
        .map_err(RpcError::internal)?;
    Ok((annotate(trace, inferences, &nodes), outcome))
}

fn trace_transaction(context: &Context, arguments: &mut Arguments<'_>) -> Result<Trace, RpcError> {
    let hash: B256 = arguments.required("transaction hash")?;
    let options = arguments.optional("tracing options")?.unwrap_or_default();
    let found = context
        .chain
        .transaction(hash)
        .map_err(RpcError::internal)?
        .ok_or(RpcError::UnknownTransaction(hash))?;
    let mut point = context
        .chain
        .replay_point(found.block.hash(), found.index)
        .map_err(RpcError::from)?
        .ok_or(RpcError::UnknownTransaction(hash))?;
    let transaction =
        TxEnv::from_recovered_tx(point.transaction.inner(), point.transaction.signer());
    let factory = context.chain.spec().evm_factory();
    let place = place(&found.block, found.index);
    let env = point.env;
    trace(
        &factory,
        &mut point.database,
        env,
        transaction,
        options,
        place,
        &mut TraceBudget::default(),
    )
    .map(|(trace, _)| trace)
}

fn place(block: &ExecutedBlock, index: usize) -> Option<TransactionContext> {
    let hash = *block.transactions.get(index)?.inner().tx_hash();
    let place = TransactionContext::default().with_block_hash(block.hash());
    Some(place.with_tx_index(index).with_tx_hash(hash))
}

/// Traces the transactions of a block in order, each on the state that the one before left.
fn trace_block(
    context: &Context,
    id: BlockId,
    arguments: &mut Arguments<'_>,
) -> Result<Vec<TraceResult<Trace, String>>, RpcError> {
    let options: GethDebugTracingOptions =
        arguments.optional("tracing options")?.unwrap_or_default();
    let block = context.block(id)?.ok_or(RpcError::UnknownBlock)?;
    let factory = context.chain.spec().evm_factory();
    let mut budget = TraceBudget::default();
    let traces = each_of(context, &block, |index, database, env, transaction| {
        let (options, place) = (options.clone(), place(&block, index));
        let budget = &mut budget;
        trace(&factory, database, env, transaction, options, place, budget)
    })?;
    let traced = traces.into_iter().zip(&block.transactions);
    Ok(traced
        .map(|(result, transaction)| TraceResult::Success {
            result,
            tx_hash: Some(*transaction.inner().tx_hash()),
        })
        .collect())
}

/// Traces a call with as much gas as a transaction can have (EIP-7825), or less if it says so.
fn trace_call(context: &Context, arguments: &mut Arguments<'_>) -> Result<Trace, RpcError> {
    let request: TransactionRequest = arguments.required("transaction")?;
    let id = arguments.optional::<BlockId>("block")?.unwrap_or(LATEST);
    let options: GethDebugTracingCallOptions =
        arguments.optional("tracing options")?.unwrap_or_default();
    let mut simulation = Simulation::at(
        context,
        id,
        options.state_overrides,
        options.block_overrides,
    )?;
    let mut transaction = simulation.prepare(request)?;
    transaction.gas_limit = transaction.gas_limit.min(TX_GAS_LIMIT_CAP);
    let factory = context.chain.spec().evm_factory();
    let Simulation { database, env, .. } = &mut simulation;
    trace(
        &factory,
        database,
        env.clone(),
        transaction,
        options.tracing_options,
        None,
        &mut TraceBudget::default(),
    )
    .map(|(trace, _)| trace)
}
