//! `eth_createAccessList`: the accounts and slots that a transaction touches.
//!
//! The list is read off the journal, not off opcodes, so it also has what precompiles read: the
//! inference precompile's model accounts and record slots.

use std::collections::{BTreeMap, BTreeSet};

use alloy_eips::eip2930::{AccessList, AccessListItem, AccessListResult};
use alloy_primitives::{Address, B256, TxKind, U256};
use revm::{context::TxEnv, context::result::ExecutionResult, state::EvmState};

use crate::{
    error::RpcError,
    simulate::{Simulation, halt_text},
};

/// Runs are repeated, each with the list of the one before, until the list is stable; a contract
/// that reads the gas it has left could go on for ever.
const MAX_ROUNDS: usize = 8;

/// The list, and the gas that the transaction uses with it.
pub(crate) fn create(
    simulation: &mut Simulation,
    mut transaction: TxEnv,
) -> Result<AccessListResult, RpcError> {
    if transaction.tx_type == 0 {
        transaction.tx_type = 1;
    }
    for _ in 0..MAX_ROUNDS {
        let outcome = simulation.run(transaction.clone())?;
        let list = touched(&outcome.state, simulation, &transaction);
        if list == transaction.access_list {
            return Ok(result(list, &outcome.result));
        }
        transaction.access_list = list;
    }
    let outcome = simulation.run(transaction.clone())?;
    Ok(result(transaction.access_list, &outcome.result))
}

fn result(access_list: AccessList, result: &ExecutionResult) -> AccessListResult {
    let error = match result {
        ExecutionResult::Success { .. } => None,
        ExecutionResult::Revert { output, .. } => {
            Some(RpcError::Reverted(output.clone()).to_string())
        }
        ExecutionResult::Halt { reason, .. } => Some(halt_text(reason)),
    };
    AccessListResult {
        access_list,
        gas_used: U256::from(result.tx_gas_used()),
        error,
    }
}

/// Everything in the journal, without accounts that are warm anyway and have no slots to list:
/// the sender, the recipient, the fee recipient, and accounts that the transaction creates.
fn touched(state: &EvmState, simulation: &Simulation, transaction: &TxEnv) -> AccessList {
    let mut warm = BTreeSet::from([transaction.caller, simulation.env.block_env.beneficiary]);
    match transaction.kind {
        TxKind::Call(to) => warm.insert(to),
        TxKind::Create => warm.insert(transaction.caller.create(transaction.nonce)),
    };
    let mut items: BTreeMap<Address, BTreeSet<B256>> = BTreeMap::new();
    for (address, account) in state {
        let slots: BTreeSet<B256> = account
            .storage
            .keys()
            .map(|slot| B256::from(*slot))
            .collect();
        let created = account.is_created();
        let always_warm = warm.contains(address) || is_precompile(*address);
        if created || (always_warm && slots.is_empty()) {
            continue;
        }
        items.insert(*address, slots);
    }
    AccessList(
        items
            .into_iter()
            .map(|(address, slots)| AccessListItem {
                address,
                storage_keys: slots.into_iter().collect(),
            })
            .collect(),
    )
}

/// Ethereum's precompiles (0x01 to 0x11, 0x100) and ours are warm from the start.
fn is_precompile(address: Address) -> bool {
    const INFERENCE: u16 = 0x0f1e;
    let (zeros, low) = address.split_at(18);
    let number = u16::from_be_bytes([low[0], low[1]]);
    zeros.iter().all(|byte| *byte == 0) && matches!(number, 0x01..=0x11 | 0x100 | INFERENCE)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::address;

    use super::*;

    #[test]
    fn precompiles_are_known() {
        assert!(is_precompile(address!(
            "0x0000000000000000000000000000000000000001"
        )));
        assert!(is_precompile(address!(
            "0x0000000000000000000000000000000000000F1E"
        )));
        assert!(!is_precompile(address!(
            "0x0000000000000000000000000000000000000000"
        )));
        assert!(!is_precompile(address!(
            "0x0100000000000000000000000000000000000001"
        )));
        assert!(!is_precompile(address!(
            "0x0000000000000000000000000000000000000F20"
        )));
    }
}
