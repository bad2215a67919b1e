//! `trace_`: transactions as flat lists of calls, and what they change, in parity's form.
//!
//! Calls of the EVM's own precompiles are left out, as everywhere; those of the inference precompile
//! are shown, with an `inference` beside them.

use alloy_eips::BlockId;
use alloy_evm::FromRecoveredTx;
use alloy_primitives::{B256, Bytes, map::HashSet};
use alloy_rpc_types_eth::{
    BlockOverrides, TransactionInfo, TransactionRequest, state::StateOverride,
};
use alloy_rpc_types_trace::{
    filter::TraceFilter,
    parity::{LocalizedTransactionTrace, StateDiff, TraceType, TransactionTrace},
};
use fixpoint_chain::{ExecutedBlock, FixpointEvmFactory};
use fixpoint_evm::inspect::InferenceCall;
use jsonrpsee::core::RegisterMethodError;
use revm::{
    DatabaseRef,
    context::{TxEnv, result::ResultAndState},
    primitives::eip7825::TX_GAS_LIMIT_CAP,
};
use revm_inspectors::tracing::{TracingInspector, TracingInspectorConfig};
use serde::Serialize;

use crate::{
    context::{Context, LATEST},
    error::RpcError,
    inference_traces::{FlatTrace, annotate_flat, show_inferences},
    methods::{Arguments, Module, register as method},
    simulate::Simulation,
    trace_budget::TraceBudget,
    traced::{self, each_of, in_turn},
};

/// Most blocks that one `trace_filter` looks through.
const MAX_FILTER_BLOCKS: u64 = 1_000;

type Localized = FlatTrace<LocalizedTransactionTrace>;
type Types = HashSet<TraceType>;

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "trace_transaction", |context, arguments| {
        let hash = arguments.required("transaction hash")?;
        in_turn(context, || transaction(context, hash))
    })?;
    method(module, "trace_block", |context, arguments| {
        let id = arguments.required("block")?;
        in_turn(context, || {
            let block = context.block(id)?;
            let mut budget = TraceBudget::default();
            block
                .map(|block| trace_block(context, &block, &mut budget))
                .transpose()
        })
    })?;
    method(module, "trace_filter", |context, arguments| {
        let wanted = arguments.required("filter")?;
        in_turn(context, || filter(context, &wanted))
    })?;
    method(module, "trace_call", |context, arguments| {
        in_turn(context, || call(context, arguments))
    })?;
    method(module, "trace_replayTransaction", |context, arguments| {
        let hash = arguments.required("transaction hash")?;
        let types = types(arguments)?;
        in_turn(context, || replay_transaction(context, hash, &types))
    })?;
    let name = "trace_replayBlockTransactions";
    method(module, name, |context, arguments| {
        let id = arguments.required("block")?;
        let types = types(arguments)?;
        in_turn(context, || replay_block(context, id, &types))
    })
}

/// What one transaction did, in the kinds that were asked for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    output: Bytes,
    state_diff: Option<StateDiff>,
    trace: Vec<FlatTrace<TransactionTrace>>,
    /// Always null: steps are `debug_traceTransaction`'s.
    vm_trace: Option<()>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_hash: Option<B256>,
}

/// A transaction that was run, and what was seen of it.
struct Traced {
    inspector: TracingInspector,
    inferences: Vec<InferenceCall>,
    outcome: ResultAndState,
}

impl Traced {
    fn run<DB: alloy_evm::Database>(
        factory: &FixpointEvmFactory,
        database: &mut DB,
        env: alloy_evm::EvmEnv,
        transaction: TxEnv,
        types: &Types,
        budget: &mut TraceBudget,
    ) -> Result<Self, RpcError> {
        let config = TracingInspectorConfig::from_parity_config(types);
        let mut inspector = TracingInspector::new(config);
        budget.begin_calls();
        let (outcome, inferences) =
            traced::run(factory, database, env, transaction, &mut inspector, budget)?;
        show_inferences(inspector.traces_mut().nodes_mut());
        Ok(Self {
            inspector,
            inferences,
            outcome,
        })
    }

    fn localized(self, info: TransactionInfo) -> (Vec<Localized>, ResultAndState) {
        let nodes = self.inspector.traces().nodes().to_vec();
        let builder = self.inspector.into_parity_builder();
        let traces = builder.into_localized_transaction_traces(info);
        let traces = annotate_flat(traces, self.inferences, &nodes);
        (traces, self.outcome)
    }

    /// `database` is the state before the transaction.
    fn results<DB: DatabaseRef>(
        self,
        database: &DB,
        types: &Types,
        hash: Option<B256>,
    ) -> Result<(Results, ResultAndState), RpcError>
    where
        DB::Error: std::fmt::Display,
    {
        let nodes = self.inspector.traces().nodes().to_vec();
        let results = self
            .inspector
            .into_parity_builder()
            .into_trace_results_with_state(&self.outcome, types, database)
            .map_err(RpcError::internal)?;
        let results = Results {
            output: results.output,
            state_diff: results.state_diff,
            trace: annotate_flat(results.trace, self.inferences, &nodes),
            vm_trace: None,
            transaction_hash: hash,
        };
        Ok((results, self.outcome))
    }
}

/// The kinds of traces that are asked for.
fn types(arguments: &mut Arguments<'_>) -> Result<Types, RpcError> {
    let types: Types = arguments.required("trace types")?;
    if types.contains(&TraceType::VmTrace) {
        return Err(RpcError::InvalidParams(
            "trace types: vmTrace is not made here; debug_traceTransaction and debug_traceCall \
             record steps"
                .to_owned(),
        ));
    }
    Ok(types)
}

fn transaction(context: &Context, hash: B256) -> Result<Option<Vec<Localized>>, RpcError> {
    let found = context
        .chain
        .transaction(hash)
        .map_err(RpcError::internal)?;
    let Some(found) = found else { return Ok(None) };
    let point = context
        .chain
        .replay_point(found.block.hash(), found.index)
        .map_err(RpcError::from)?;
    let Some(mut point) = point else {
        return Ok(None);
    };
    let traced = Traced::run(
        &context.chain.spec().evm_factory(),
        &mut point.database,
        point.env,
        TxEnv::from_recovered_tx(point.transaction.inner(), point.transaction.signer()),
        &[TraceType::Trace].into_iter().collect(),
        &mut TraceBudget::default(),
    )?;
    let (traces, _) = traced.localized(info(&found.block, found.index));
    Ok(Some(traces))
}

/// Where a transaction stands.
fn info(block: &ExecutedBlock, index: usize) -> TransactionInfo {
    let transaction = block.transactions.get(index);
    TransactionInfo {
        hash: transaction.map(|transaction| *transaction.inner().tx_hash()),
        index: u64::try_from(index).ok(),
        block_hash: Some(block.hash()),
        block_number: Some(block.number()),
        base_fee: block.header.base_fee_per_gas,
        ..TransactionInfo::default()
    }
}

fn trace_block(
    context: &Context,
    block: &ExecutedBlock,
    budget: &mut TraceBudget,
) -> Result<Vec<Localized>, RpcError> {
    let types = [TraceType::Trace].into_iter().collect();
    let factory = context.chain.spec().evm_factory();
    let traces = each_of(context, block, |index, database, env, transaction| {
        let traced = Traced::run(&factory, database, env, transaction, &types, budget)?;
        Ok(traced.localized(info(block, index)))
    })?;
    Ok(traces.into_iter().flatten().collect())
}

/// The traces of blocks `fromBlock` (the first) to `toBlock` (the newest) that match.
fn filter(context: &Context, wanted: &TraceFilter) -> Result<Vec<Localized>, RpcError> {
    let head = context.chain.head().number;
    let from = wanted.from_block.unwrap_or(0);
    let to = wanted.to_block.unwrap_or(head).min(head);
    let blocks = to.saturating_add(1).saturating_sub(from);
    if blocks > MAX_FILTER_BLOCKS {
        return Err(RpcError::Limit {
            what: "number of blocks to trace",
            got: blocks,
            limit: MAX_FILTER_BLOCKS,
        });
    }
    let (matcher, mut skip) = (wanted.matcher(), wanted.after.unwrap_or(0));
    let limit = wanted.count.unwrap_or(u64::MAX);
    let mut budget = TraceBudget::default();
    let mut found = Vec::new();
    for number in from..=to {
        if found.len() as u64 >= limit {
            break;
        }
        let Some(block) = context.block(number.into())? else {
            break;
        };
        for trace in trace_block(context, &block, &mut budget)? {
            if !matcher.matches(&trace.trace.trace) {
                continue;
            }
            if skip > 0 {
                skip -= 1;
            } else if (found.len() as u64) < limit {
                found.push(trace);
            } else {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

fn replay_transaction(context: &Context, hash: B256, types: &Types) -> Result<Results, RpcError> {
    let unknown = RpcError::UnknownTransaction(hash);
    let found = context
        .chain
        .transaction(hash)
        .map_err(RpcError::internal)?;
    let Some(found) = found else {
        return Err(unknown);
    };
    let mut point = context
        .chain
        .replay_point(found.block.hash(), found.index)
        .map_err(RpcError::from)?
        .ok_or(unknown)?;
    let traced = Traced::run(
        &context.chain.spec().evm_factory(),
        &mut point.database,
        point.env,
        TxEnv::from_recovered_tx(point.transaction.inner(), point.transaction.signer()),
        types,
        &mut TraceBudget::default(),
    )?;
    let (results, _) = traced.results(&point.database, types, None)?;
    Ok(results)
}

fn replay_block(
    context: &Context,
    id: BlockId,
    types: &Types,
) -> Result<Option<Vec<Results>>, RpcError> {
    let Some(block) = context.block(id)? else {
        return Ok(None);
    };
    let mut budget = TraceBudget::default();
    let factory = context.chain.spec().evm_factory();
    let results = each_of(context, &block, |index, database, env, transaction| {
        let budget = &mut budget;
        let traced = Traced::run(&factory, database, env, transaction, types, budget)?;
        traced.results(&*database, types, info(&block, index).hash)
    })?;
    Ok(Some(results))
}

/// Traces a call with as much gas as a transaction can have (EIP-7825), or less if it says so.
fn call(context: &Context, arguments: &mut Arguments<'_>) -> Result<Results, RpcError> {
    let request: TransactionRequest = arguments.required("transaction")?;
    let types = types(arguments)?;
    let id = arguments.optional::<BlockId>("block")?.unwrap_or(LATEST);
    let state = arguments.optional::<StateOverride>("state overrides")?;
    let block = arguments.optional::<BlockOverrides>("block overrides")?;
    let mut simulation = Simulation::at(context, id, state, block)?;
    let mut transaction = simulation.prepare(request)?;
    transaction.gas_limit = transaction.gas_limit.min(TX_GAS_LIMIT_CAP);
    let Simulation { database, env, .. } = &mut simulation;
    let traced = Traced::run(
        &context.chain.spec().evm_factory(),
        database,
        env.clone(),
        transaction,
        &types,
        &mut TraceBudget::default(),
    )?;
    let (results, _) = traced.results(&*database, &types, None)?;
    Ok(results)
}
