//! Log queries and polled filters.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, U256};
use alloy_rpc_types_eth::{Filter, FilterBlockOption, FilterChanges, Log};
use jsonrpsee::core::RegisterMethodError;
use tokio::sync::broadcast::error::TryRecvError;

use crate::{
    context::Context,
    convert,
    error::RpcError,
    filters::{FilterKind, check_size},
    methods::{Arguments, Module, register as method},
};

/// Most logs of one answer.
const MAX_LOGS: usize = 50_000;
/// Widest block range of one query. Blocks are skipped by their bloom filters, so this is cheap.
const MAX_BLOCK_RANGE: u64 = 1_000_000;

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "eth_getLogs", |context, arguments| {
        logs(context, &arguments.required::<Filter>("filter")?)
    })?;
    method(module, "eth_newFilter", |context, arguments| {
        let filter: Box<Filter> = arguments.required("filter")?;
        context.filters.install(FilterKind::Logs {
            filter,
            next: next_block(context),
        })
    })?;
    method(module, "eth_newBlockFilter", |context, _| {
        context.filters.install(FilterKind::Blocks {
            next: next_block(context),
        })
    })?;
    method(module, "eth_newPendingTransactionFilter", |context, _| {
        context
            .filters
            .install(FilterKind::Pending(context.pooled.subscribe()))
    })?;
    method(module, "eth_getFilterChanges", changes)?;
    method(module, "eth_getFilterLogs", |context, arguments| {
        let id: U256 = arguments.required("filter id")?;
        let filter = context.filters.poll(id, |kind| match kind {
            FilterKind::Logs { filter, .. } => Ok(filter.clone()),
            _ => Err(RpcError::UnknownFilter),
        })?;
        logs(context, &filter)
    })?;
    method(module, "eth_uninstallFilter", |context, arguments| {
        Ok(context.filters.uninstall(arguments.required("filter id")?))
    })
}

fn next_block(context: &Context) -> u64 {
    context.chain.head().number + 1
}

/// Logs of the blocks that the filter names.
fn logs(context: &Context, filter: &Filter) -> Result<Vec<Log>, RpcError> {
    check_size(filter)?;
    match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let block = context
                .block(BlockId::from(hash))?
                .ok_or(RpcError::UnknownBlock)?;
            Ok(convert::logs_of(&block, &convert::log_filter(filter)))
        }
        FilterBlockOption::Range {
            from_block,
            to_block,
        } => {
            let from = resolve(context, from_block)?;
            let to = resolve(context, to_block)?;
            if from > to {
                return Err(RpcError::InvalidParams(format!(
                    "invalid block range: fromBlock {from} is after toBlock {to}"
                )));
            }
            logs_between(context, filter, from, to)
        }
    }
}

/// The number that a bound of a range means; no bound means the newest block.
fn resolve(context: &Context, bound: Option<BlockNumberOrTag>) -> Result<u64, RpcError> {
    match bound.unwrap_or_default() {
        BlockNumberOrTag::Number(number) => Ok(number),
        tag => Ok(context.header(tag.into())?.number),
    }
}

fn logs_between(
    context: &Context,
    filter: &Filter,
    from: u64,
    to: u64,
) -> Result<Vec<Log>, RpcError> {
    let to = to.min(context.chain.head().number);
    if from > to {
        return Ok(Vec::new());
    }
    let range = to - from + 1;
    if range > MAX_BLOCK_RANGE {
        let limit = MAX_BLOCK_RANGE;
        return Err(RpcError::Limit {
            what: "block range",
            got: range,
            limit,
        });
    }
    let (entries, more) = context
        .chain
        .logs(&convert::log_filter(filter), from, to, MAX_LOGS)
        .map_err(RpcError::internal)?;
    if more {
        let (got, limit) = (MAX_LOGS as u64 + 1, MAX_LOGS as u64);
        return Err(RpcError::Limit {
            what: "number of logs",
            got,
            limit,
        });
    }
    Ok(entries.into_iter().map(convert::log).collect())
}

/// What a filter collected since it was polled last.
fn changes(context: &Context, arguments: &mut Arguments<'_>) -> Result<FilterChanges, RpcError> {
    let id: U256 = arguments.required("filter id")?;
    let head = context.chain.head().number;
    context.filters.poll(id, |kind| match kind {
        FilterKind::Blocks { next } => {
            let hashes = block_hashes(context, *next, head)?;
            *next = head + 1;
            Ok(FilterChanges::Hashes(hashes))
        }
        FilterKind::Logs { filter, next } => {
            let (lowest, highest) = filter.extract_block_range();
            let from = lowest.unwrap_or(0).max(*next);
            let to = highest.unwrap_or(u64::MAX).min(head);
            let logs = if from <= to {
                logs_between(context, filter, from, to)?
            } else {
                Vec::new()
            };
            *next = head + 1;
            Ok(FilterChanges::Logs(logs))
        }
        FilterKind::Pending(receiver) => {
            let mut hashes = Vec::new();
            loop {
                match receiver.try_recv() {
                    Ok(transaction) => hashes.push(*transaction.inner().tx_hash()),
                    // The oldest ones are gone; the newer ones follow.
                    Err(TryRecvError::Lagged(_)) => {}
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
            Ok(FilterChanges::Hashes(hashes))
        }
    })
}

fn block_hashes(context: &Context, from: u64, to: u64) -> Result<Vec<B256>, RpcError> {
    (from..=to)
        .map(|number| Ok(context.header(number.into())?.hash()))
        .collect()
}
