//! Block 0: its rules, its state, its header. Which network it belongs to is in [`crate::spec`].

use alloy_consensus::{
    EMPTY_OMMER_ROOT_HASH, EMPTY_ROOT_HASH, Header, constants::EMPTY_WITHDRAWALS,
};
use alloy_eips::{
    eip1559::INITIAL_BASE_FEE, eip2935, eip4788, eip7002, eip7251, eip7685::EMPTY_REQUESTS_HASH,
};
use alloy_genesis::Genesis;
use alloy_hardforks::EthereumHardfork;
use alloy_primitives::{Address, B64, B256, Bytes, keccak256};

use crate::{
    diff::{Account, AccountDiff, StateDiff},
    header::{MAX_EXTRA_DATA_BYTES, MAX_GAS_LIMIT, MINIMUM_GAS_LIMIT},
    spec::{INFERENCE_ADDRESS, SpecError},
};

/// Refuses a genesis that no chain can start from.
pub(crate) fn check(genesis: &Genesis) -> Result<(), SpecError> {
    if !(MINIMUM_GAS_LIMIT..=MAX_GAS_LIMIT).contains(&genesis.gas_limit) {
        return Err(SpecError::GasLimit {
            got: genesis.gas_limit,
        });
    }
    if genesis.extra_data.len() > MAX_EXTRA_DATA_BYTES {
        return Err(SpecError::ExtraData {
            got: genesis.extra_data.len(),
        });
    }
    if genesis.number.unwrap_or(0) != 0 || !genesis.parent_hash.unwrap_or_default().is_zero() {
        return Err(SpecError::NotBlockZero);
    }
    for (address, account) in &genesis.alloc {
        let empty = account.non_empty_code().is_none()
            && account.nonce.unwrap_or(0) == 0
            && account.balance.is_zero();
        if empty && account.storage_slots().any(|(_, value)| !value.is_zero()) {
            return Err(SpecError::StorageOfEmptyAccount(*address));
        }
    }
    Ok(())
}

/// Accounts that execution relies on, with their code.
pub(crate) fn system_contracts() -> [(Address, Bytes); 5] {
    [
        (
            eip2935::HISTORY_STORAGE_ADDRESS,
            eip2935::HISTORY_STORAGE_CODE.clone(),
        ),
        (
            eip4788::BEACON_ROOTS_ADDRESS,
            eip4788::BEACON_ROOTS_CODE.clone(),
        ),
        (
            eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
            eip7002::WITHDRAWAL_REQUEST_PREDEPLOY_CODE.clone(),
        ),
        (
            eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
            eip7251::CONSOLIDATION_REQUEST_PREDEPLOY_CODE.clone(),
        ),
        (INFERENCE_ADDRESS, Bytes::from_static(&[0xfe])),
    ]
}

/// State of block 0 as changes to an empty one.
pub(crate) fn state(genesis: &Genesis) -> StateDiff {
    let mut diff = StateDiff::default();
    for (address, account) in &genesis.alloc {
        let mut change = AccountDiff {
            account: Some(Account {
                nonce: account.nonce.unwrap_or(0),
                balance: account.balance,
                ..Account::default()
            }),
            wiped: false,
            storage: account
                .storage_slots()
                .filter(|(_, value)| !value.is_zero())
                .map(|(slot, value)| (slot.into(), value))
                .collect(),
        };
        if let (Some(code), Some(account)) = (account.non_empty_code(), &mut change.account) {
            account.code_hash = keccak256(code);
            diff.code.insert(account.code_hash, code.clone());
        }
        diff.accounts.insert(*address, change);
    }
    diff
}

/// The header of block 0 over the state with this root.
pub(crate) fn header(
    genesis: &Genesis,
    hardfork: EthereumHardfork,
    state_root: B256,
) -> Result<Header, SpecError> {
    let base_fee = genesis
        .base_fee_per_gas
        .unwrap_or_else(|| INITIAL_BASE_FEE.into());
    let base_fee = u64::try_from(base_fee).map_err(|_| SpecError::BaseFee { got: base_fee })?;
    let has_blobs = hardfork >= EthereumHardfork::Cancun;
    Ok(Header {
        parent_hash: B256::ZERO,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: genesis.coinbase,
        state_root,
        transactions_root: EMPTY_ROOT_HASH,
        receipts_root: EMPTY_ROOT_HASH,
        difficulty: genesis.difficulty,
        number: 0,
        gas_limit: genesis.gas_limit,
        timestamp: genesis.timestamp,
        extra_data: genesis.extra_data.clone(),
        mix_hash: genesis.mix_hash,
        nonce: B64::from(genesis.nonce),
        base_fee_per_gas: Some(base_fee),
        withdrawals_root: (hardfork >= EthereumHardfork::Shanghai).then_some(EMPTY_WITHDRAWALS),
        blob_gas_used: has_blobs.then(|| genesis.blob_gas_used.unwrap_or_default()),
        excess_blob_gas: has_blobs.then(|| genesis.excess_blob_gas.unwrap_or_default()),
        parent_beacon_block_root: has_blobs.then_some(B256::ZERO),
        requests_hash: (hardfork >= EthereumHardfork::Prague).then_some(EMPTY_REQUESTS_HASH),
        ..Header::default()
    })
}
