//! `evm_` and `anvil_`: controls of a developer's chain.
//!
//! Only what leaves blocks verifiable: another process imports these blocks and must come to the
//! same state. What does not is in `dev_state`.

use std::{collections::BTreeMap, time::Duration};

use alloy_primitives::{Address, B256, U256};
use alloy_rpc_types_anvil::{Metadata, MineOptions, NodeEnvironment, NodeForkConfig, NodeInfo};
use alloy_rpc_types_eth::{Block, BlockTransactionsKind};
use jsonrpsee::core::RegisterMethodError;
use serde::Deserialize;

use crate::{
    context::Context,
    convert,
    error::RpcError,
    eth_fees::{gas_price, next_base_fee_wei},
    methods::{Arguments, Module, register as method},
    mining::MiningChange,
};

/// Most blocks of one call.
const MAX_BLOCKS: u64 = 10_000;

/// A number as JSON number, decimal string or hex quantity: tools send all three.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number(pub(crate) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = U256::deserialize(deserializer)?;
        u64::try_from(value)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "evm_mine", evm_mine)?;
    method(module, "evm_mine_detailed", evm_mine_detailed)?;
    for name in ["anvil_mine", "hardhat_mine"] {
        method(module, name, anvil_mine)?;
    }
    for name in ["evm_setAutomine", "anvil_setAutomine"] {
        method(module, name, |context, arguments| {
            let automine = arguments.required("enabled")?;
            context
                .miner
                .configure(&[MiningChange::Automine(automine)])
                .map(|_| true)
        })?;
    }
    for name in ["anvil_getAutomine", "hardhat_getAutomine"] {
        method(module, name, |context, _| {
            Ok(context.miner.configure(&[])?.automine)
        })?;
    }
    for name in ["evm_setIntervalMining", "anvil_setIntervalMining"] {
        method(module, name, set_interval)?;
    }
    method(module, "anvil_getIntervalMining", |context, _| {
        Ok(context
            .miner
            .configure(&[])?
            .interval
            .map(|interval| interval.as_secs()))
    })?;
    register_time(module)?;
    register_pool(module)?;
    for name in ["anvil_metadata", "hardhat_metadata"] {
        method(module, name, metadata)?;
    }
    for name in ["anvil_setLoggingEnabled", "hardhat_setLoggingEnabled"] {
        // Calls are not logged, so that there is nothing to switch off.
        method(module, name, |_, arguments| {
            arguments.required::<bool>("enabled").map(|_| ())
        })?;
    }
    method(module, "anvil_getGenesisTime", |context, _| {
        Ok(context.header(0_u64.into())?.timestamp)
    })?;
    method(module, "anvil_nodeInfo", node_info)
}

fn register_pool(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "anvil_dropTransaction", |context, arguments| {
        let hash: B256 = arguments.required("transaction hash")?;
        Ok(context.chain.drop_transaction(hash).then_some(hash))
    })?;
    method(module, "hardhat_dropTransaction", |context, arguments| {
        Ok(context
            .chain
            .drop_transaction(arguments.required("transaction hash")?))
    })?;
    method(
        module,
        "anvil_removePoolTransactions",
        |context, arguments| {
            let sender: Address = arguments.required("address")?;
            let content = context.chain.pool_content();
            for waiting in [content.pending, content.queued] {
                for transaction in waiting.get(&sender).into_iter().flat_map(BTreeMap::values) {
                    context
                        .chain
                        .drop_transaction(*transaction.inner().tx_hash());
                }
            }
            Ok(())
        },
    )?;
    for name in ["anvil_dropAllTransactions", "hardhat_dropAllTransactions"] {
        method(module, name, |context, _| {
            context.chain.clear_pool();
            Ok(())
        })?;
    }
    Ok(())
}

fn register_time(module: &mut Module) -> Result<(), RegisterMethodError> {
    for name in ["evm_increaseTime", "anvil_increaseTime"] {
        method(module, name, |context, arguments| {
            let Number(seconds) = arguments.required("seconds")?;
            let status = context
                .miner
                .configure(&[MiningChange::IncreaseTime(seconds)])?;
            Ok(status.time_offset_s)
        })?;
    }
    for name in ["evm_setNextBlockTimestamp", "anvil_setNextBlockTimestamp"] {
        method(module, name, |context, arguments| {
            let Number(timestamp) = arguments.required("timestamp")?;
            context
                .miner
                .configure(&[MiningChange::NextTimestamp(timestamp)])?;
            Ok(())
        })?;
    }
    for name in ["evm_setTime", "anvil_setTime"] {
        method(module, name, |context, arguments| {
            let Number(timestamp) = arguments.required("timestamp")?;
            let status = context
                .miner
                .configure(&[MiningChange::SetTime(timestamp)])?;
            Ok(status.time_offset_s)
        })?;
    }
    let name = "anvil_setBlockTimestampInterval";
    method(module, name, |context, arguments| {
        let Number(seconds) = arguments.required("seconds")?;
        context
            .miner
            .configure(&[MiningChange::Spacing(Some(seconds))])?;
        Ok(())
    })?;
    let name = "anvil_removeBlockTimestampInterval";
    method(module, name, |context, _| {
        let before = context.miner.configure(&[])?.spacing_s;
        context.miner.configure(&[MiningChange::Spacing(None)])?;
        Ok(before.is_some())
    })
}

fn evm_mine(context: &Context, arguments: &mut Arguments<'_>) -> Result<&'static str, RpcError> {
    mine_as_asked(context, arguments)?;
    Ok("0x0")
}

/// The new blocks, with whole transactions.
fn evm_mine_detailed(
    context: &Context,
    arguments: &mut Arguments<'_>,
) -> Result<Vec<Block>, RpcError> {
    let before = context.chain.head().number;
    mine_as_asked(context, arguments)?;
    let mut blocks = Vec::new();
    for number in before + 1..=context.chain.head().number {
        let block = context
            .block(number.into())?
            .ok_or(RpcError::UnknownBlock)?;
        blocks.push(convert::block(&block, BlockTransactionsKind::Full));
    }
    Ok(blocks)
}

/// As many blocks as the next argument says, from the time on that it says.
fn mine_as_asked(context: &Context, arguments: &mut Arguments<'_>) -> Result<(), RpcError> {
    let (timestamp, blocks) = match arguments.optional("mine options")?.unwrap_or_default() {
        MineOptions::Options { timestamp, blocks } => (timestamp, blocks.unwrap_or(1)),
        MineOptions::Timestamp(timestamp) => (timestamp, 1),
    };
    if let Some(timestamp) = timestamp {
        context
            .miner
            .configure(&[MiningChange::NextTimestamp(timestamp)])?;
    }
    mine(context, blocks, None)
}

fn anvil_mine(context: &Context, arguments: &mut Arguments<'_>) -> Result<(), RpcError> {
    let blocks = arguments
        .optional("number of blocks")?
        .map_or(1, |Number(blocks)| blocks);
    // Zero, which clients send for their callers' silence, leaves the spacing as it is.
    let spacing_s = arguments
        .optional("interval")?
        .map(|Number(seconds)| seconds)
        .filter(|seconds| *seconds > 0);
    mine(context, blocks, spacing_s)
}

fn mine(context: &Context, blocks: u64, spacing_s: Option<u64>) -> Result<(), RpcError> {
    if blocks > MAX_BLOCKS {
        return Err(RpcError::Limit {
            what: "number of blocks",
            got: blocks,
            limit: MAX_BLOCKS,
        });
    }
    context.miner.mine(blocks, spacing_s)
}

/// Zero stops mining by the clock. The argument is in seconds for `anvil_` and, as in anvil, for
/// `evm_` too.
fn set_interval(context: &Context, arguments: &mut Arguments<'_>) -> Result<bool, RpcError> {
    let Number(seconds) = arguments.required("seconds")?;
    let interval = (seconds > 0).then(|| Duration::from_secs(seconds));
    context
        .miner
        .configure(&[MiningChange::Interval(interval)])?;
    Ok(true)
}

fn metadata(context: &Context, _: &mut Arguments<'_>) -> Result<Metadata, RpcError> {
    let head = context.chain.head();
    Ok(Metadata {
        client_version: context.identity.client_version.clone(),
        client_semver: None,
        client_commit_sha: None,
        chain_id: context.chain.spec().chain_id(),
        instance_id: context.chain.spec().genesis_hash(),
        latest_block_number: head.number,
        latest_block_hash: head.hash(),
        forked_network: None,
        snapshots: BTreeMap::new(),
    })
}

fn node_info(context: &Context, _: &mut Arguments<'_>) -> Result<NodeInfo, RpcError> {
    let head = context.chain.head();
    let hardfork = context.chain.spec().hardfork_at(head.timestamp);
    Ok(NodeInfo {
        current_block_number: head.number,
        current_block_timestamp: head.timestamp,
        current_block_hash: head.hash(),
        hard_fork: hardfork.name().to_ascii_lowercase(),
        transaction_order: "fees".to_owned(),
        environment: NodeEnvironment {
            base_fee: u128::from(next_base_fee_wei(context)),
            chain_id: context.chain.spec().chain_id(),
            gas_limit: head.gas_limit,
            gas_price: gas_price(context).saturating_to(),
        },
        fork_config: NodeForkConfig::default(),
        network: Some("fixpoint".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_three_shapes() {
        for json in ["60", "\"0x3c\"", "\"60\""] {
            let Number(seconds) = serde_json::from_str(json).unwrap();
            assert_eq!(seconds, 60, "{json}");
        }
        assert!(serde_json::from_str::<Number>("\"0x1ffffffffffffffff\"").is_err());
    }
}
