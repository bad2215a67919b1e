//! Methods about prices.

use alloy_consensus::Transaction as _;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{U64, U256};
use alloy_rpc_types_eth::FeeHistory;
use fixpoint_chain::ExecutedBlock;
use jsonrpsee::core::RegisterMethodError;

use crate::{
    context::Context,
    error::RpcError,
    methods::{Arguments, Module, register as method},
};

/// Most blocks of one `eth_feeHistory`.
const MAX_FEE_HISTORY_BLOCKS: u64 = 1_024;

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "eth_gasPrice", |context, _| Ok(gas_price(context)))?;
    method(module, "eth_maxPriorityFeePerGas", |context, _| {
        Ok(context.chain.suggested_tip_wei())
    })?;
    method(module, "eth_blobBaseFee", |context, _| {
        let header = context.chain.head();
        let fee = header.next_block_blob_fee(context.chain.spec().blob_params(header.timestamp));
        Ok(U256::from(fee.unwrap_or_default()))
    })?;
    method(module, "eth_feeHistory", fee_history)
}

/// Base fee of the next block plus a tip that gets in.
pub(crate) fn gas_price(context: &Context) -> U256 {
    U256::from(next_base_fee_wei(context)) + context.chain.suggested_tip_wei()
}

/// Base fee of the next block, in wei.
pub(crate) fn next_base_fee_wei(context: &Context) -> u64 {
    let set = context
        .next_attributes()
        .ok()
        .and_then(|attributes| attributes.base_fee_wei);
    set.unwrap_or_else(|| {
        let spec = context.chain.spec();
        spec.next_base_fee_wei(&context.chain.head())
    })
}

fn fee_history(context: &Context, arguments: &mut Arguments<'_>) -> Result<FeeHistory, RpcError> {
    let count: U64 = arguments.required("block count")?;
    let newest: BlockNumberOrTag = arguments.required("newest block")?;
    let percentiles: Vec<f64> = arguments
        .optional("reward percentiles")?
        .unwrap_or_default();
    check_percentiles(&percentiles)?;
    let newest = context.header(BlockId::Number(newest))?.number;
    let count = count
        .saturating_to::<u64>()
        .clamp(1, MAX_FEE_HISTORY_BLOCKS)
        .min(newest + 1);
    let oldest = newest + 1 - count;

    let spec = context.chain.spec();
    let mut history = FeeHistory {
        oldest_block: oldest,
        ..FeeHistory::default()
    };
    let mut rewards = Vec::new();
    for number in oldest..=newest {
        let block = context
            .block(number.into())?
            .ok_or(RpcError::UnknownBlock)?;
        let header = &block.header;
        history
            .base_fee_per_gas
            .push(u128::from(header.base_fee_per_gas.unwrap_or_default()));
        history
            .gas_used_ratio
            .push(ratio(header.gas_used, header.gas_limit));
        history.base_fee_per_blob_gas.push(
            header
                .blob_fee(spec.blob_params(header.timestamp))
                .unwrap_or_default(),
        );
        history.blob_gas_used_ratio.push(0.0);
        if !percentiles.is_empty() {
            rewards.push(tips_at(&block, &percentiles));
        }
        if number == newest {
            history
                .base_fee_per_gas
                .push(u128::from(spec.next_base_fee_wei(header)));
            history.base_fee_per_blob_gas.push(
                header
                    .next_block_blob_fee(spec.blob_params(header.timestamp))
                    .unwrap_or_default(),
            );
        }
    }
    history.reward = (!percentiles.is_empty()).then_some(rewards);
    Ok(history)
}

fn check_percentiles(percentiles: &[f64]) -> Result<(), RpcError> {
    const MAX_PERCENTILES: usize = 100;
    if percentiles.len() > MAX_PERCENTILES {
        let (got, limit) = (percentiles.len() as u64, MAX_PERCENTILES as u64);
        return Err(RpcError::Limit {
            what: "reward percentiles",
            got,
            limit,
        });
    }
    let in_range = percentiles.iter().all(|p| (0.0..=100.0).contains(p));
    if !in_range || !percentiles.is_sorted() {
        return Err(RpcError::InvalidParams(
            "reward percentiles must rise from 0 to 100".to_owned(),
        ));
    }
    Ok(())
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// For each percentile of the block's gas: the tip of the transaction there, by rising tip.
fn tips_at(block: &ExecutedBlock, percentiles: &[f64]) -> Vec<u128> {
    let base_fee = block.header.base_fee_per_gas.unwrap_or_default();
    let mut tips: Vec<(u128, u64)> = block
        .transactions
        .iter()
        .enumerate()
        .map(|(index, tx)| {
            let tip = tx.effective_tip_per_gas(base_fee).unwrap_or_default();
            (tip, block.gas_used_by(index).unwrap_or_default())
        })
        .collect();
    tips.sort_unstable();
    percentiles
        .iter()
        .map(|percentile| {
            let threshold = block.header.gas_used as f64 * percentile / 100.0;
            let mut gas = 0.0;
            tips.iter()
                .find(|(_, used)| {
                    gas += *used as f64;
                    gas >= threshold
                })
                .or(tips.last())
                .map_or(0, |(tip, _)| *tip)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_must_be_sorted_and_in_range() {
        assert!(check_percentiles(&[0.0, 50.0, 100.0]).is_ok());
        for wrong in [vec![-1.0], vec![101.0], vec![50.0, 10.0], vec![f64::NAN]] {
            assert!(check_percentiles(&wrong).is_err(), "{wrong:?}");
        }
    }
}
