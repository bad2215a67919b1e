//! Methods that read blocks.

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{B256, U64};
use alloy_rpc_types_eth::{Block, BlockTransactionsKind, TransactionReceipt};
use jsonrpsee::core::RegisterMethodError;

use crate::{
    context::Context,
    convert,
    error::RpcError,
    methods::{Module, register as method},
};

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "eth_blockNumber", |context, _| {
        Ok(U64::from(context.chain.head().number))
    })?;
    method(module, "eth_getBlockByNumber", |context, arguments| {
        let number: BlockNumberOrTag = arguments.required("block number")?;
        let full = arguments.optional("full transactions")?.unwrap_or(false);
        block(context, number.into(), full)
    })?;
    method(module, "eth_getBlockByHash", |context, arguments| {
        let hash: B256 = arguments.required("block hash")?;
        let full = arguments.optional("full transactions")?.unwrap_or(false);
        block(context, hash.into(), full)
    })?;
    method(
        module,
        "eth_getBlockTransactionCountByNumber",
        |context, arguments| {
            let number: BlockNumberOrTag = arguments.required("block number")?;
            transaction_count(context, number.into())
        },
    )?;
    method(
        module,
        "eth_getBlockTransactionCountByHash",
        |context, arguments| {
            let hash: B256 = arguments.required("block hash")?;
            transaction_count(context, hash.into())
        },
    )?;
    method(
        module,
        "eth_getUncleCountByBlockNumber",
        |context, arguments| {
            let number: BlockNumberOrTag = arguments.required("block number")?;
            uncle_count(context, number.into())
        },
    )?;
    method(
        module,
        "eth_getUncleCountByBlockHash",
        |context, arguments| {
            let hash: B256 = arguments.required("block hash")?;
            uncle_count(context, hash.into())
        },
    )?;
    for name in [
        "eth_getUncleByBlockNumberAndIndex",
        "eth_getUncleByBlockHashAndIndex",
    ] {
        method(module, name, |_, _| Ok(None::<Block>))?;
    }
    method(module, "eth_getBlockReceipts", |context, arguments| {
        receipts(context, arguments.required("block")?)
    })
}

fn block(context: &Context, id: BlockId, full: bool) -> Result<Option<Block>, RpcError> {
    let kind = if full {
        BlockTransactionsKind::Full
    } else {
        BlockTransactionsKind::Hashes
    };
    if id.is_pending() {
        return Ok(Some(convert::block(&context.pending_block()?, kind)));
    }
    Ok(context.block(id)?.map(|block| convert::block(&block, kind)))
}

fn transaction_count(context: &Context, id: BlockId) -> Result<Option<U64>, RpcError> {
    if id.is_pending() {
        return Ok(Some(U64::from(context.pending_block()?.transactions.len())));
    }
    Ok(context
        .block(id)?
        .map(|block| U64::from(block.transactions.len())))
}

/// There are no uncles after the merge; `null` still tells a missing block.
fn uncle_count(context: &Context, id: BlockId) -> Result<Option<U64>, RpcError> {
    Ok(context.block(id)?.map(|_| U64::ZERO))
}

fn receipts(context: &Context, id: BlockId) -> Result<Option<Vec<TransactionReceipt>>, RpcError> {
    Ok(context.block(id)?.map(|block| {
        (0..block.transactions.len())
            .filter_map(|index| convert::receipt(&block, index))
            .collect()
    }))
}
