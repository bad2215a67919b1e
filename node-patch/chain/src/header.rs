//! The rules that a header keeps against its parent, before anything is executed.
//!
//! One error per rule. What only execution can tell (roots, bloom, gas used) is compared in
//! [`crate::verify`].

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::eip1559::GAS_LIMIT_BOUND_DIVISOR;
use alloy_primitives::{B64, B256, U256};

use crate::{block::SealedHeader, spec::ChainSpec};

/// How far a header's timestamp may be ahead of the checker's clock, in seconds.
///
/// Long enough for clocks that are set by NTP, short enough that nobody can push the chain's time
/// away. go-ethereum allows the same for blocks without a beacon chain.
pub const MAX_CLOCK_DRIFT_S: u64 = 15;
/// Most bytes of `extraData`.
pub const MAX_EXTRA_DATA_BYTES: usize = 32;
/// Least block gas limit (the Yellow Paper's bound).
pub const MINIMUM_GAS_LIMIT: u64 = 5_000;
/// Greatest block gas limit (go-ethereum's `MaxGasLimit`): sums of gas cannot overflow below it.
pub const MAX_GAS_LIMIT: u64 = i64::MAX as u64;

/// A header broke a rule. Each variant is one rule, with what was found and what was wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// `parentHash` is not the parent's hash.
    #[error("parent hash is {got}, the parent's is {want}")]
    ParentHash {
        /// In the header.
        got: B256,
        /// The parent's.
        want: B256,
    },
    /// `number` does not follow the parent's.
    #[error("block number is {got}, expected {want}")]
    Number {
        /// In the header.
        got: u64,
        /// Parent's plus one.
        want: u64,
    },
    /// `timestamp` does not exceed the parent's.
    #[error("timestamp {got} s is not after the parent's {parent} s")]
    TimestampNotAfterParent {
        /// In the header, seconds.
        got: u64,
        /// The parent's, seconds.
        parent: u64,
    },
    /// `timestamp` is too far ahead of the clock.
    #[error("timestamp {got} s is more than {MAX_CLOCK_DRIFT_S} s ahead of the clock at {now} s")]
    TimestampInFuture {
        /// In the header, seconds.
        got: u64,
        /// The checker's clock, seconds.
        now: u64,
    },
    /// `gasLimit` moved by 1/1024 of the parent's or more.
    #[error("gas limit {got} is too far from the parent's {parent}")]
    GasLimitStep {
        /// In the header.
        got: u64,
        /// The parent's.
        parent: u64,
    },
    /// `gasLimit` is outside of what any block may have.
    #[error("gas limit {got} is not within {MINIMUM_GAS_LIMIT}..={MAX_GAS_LIMIT}")]
    GasLimitRange {
        /// In the header.
        got: u64,
    },
    /// `gasUsed` exceeds `gasLimit`.
    #[error("gas used {used} exceeds the gas limit {limit}")]
    GasUsed {
        /// In the header.
        used: u64,
        /// In the header.
        limit: u64,
    },
    /// `baseFeePerGas` is not what EIP-1559 gives.
    #[error("base fee is {got:?} wei, expected {want} wei")]
    BaseFee {
        /// In the header.
        got: Option<u64>,
        /// From the parent.
        want: u64,
    },
    /// `excessBlobGas` is not what EIP-4844 gives.
    #[error("excess blob gas is {got:?}, expected {want:?}")]
    ExcessBlobGas {
        /// In the header.
        got: Option<u64>,
        /// From the parent; `None` before Cancun.
        want: Option<u64>,
    },
    /// `blobGasUsed` is not zero: blocks here carry no blob transactions.
    #[error("blob gas used is {got:?}, expected 0 (blob transactions are not accepted)")]
    BlobGasUsed {
        /// In the header.
        got: Option<u64>,
    },
    /// `extraData` is too long.
    #[error("extra data has {got} bytes, at most {MAX_EXTRA_DATA_BYTES} are allowed")]
    ExtraData {
        /// Bytes in the header.
        got: usize,
    },
    /// `sha3Uncles` is not the hash of an empty list.
    #[error("ommers hash is {got}, expected that of an empty list")]
    Ommers {
        /// In the header.
        got: B256,
    },
    /// `difficulty` is not zero.
    #[error("difficulty is {got}, expected 0")]
    Difficulty {
        /// In the header.
        got: U256,
    },
    /// `nonce` is not zero.
    #[error("nonce is {got}, expected 0")]
    Nonce {
        /// In the header.
        got: B64,
    },
    /// `withdrawalsRoot` is not that of an empty list.
    #[error("withdrawals root is {got:?}, expected that of an empty list")]
    Withdrawals {
        /// In the header.
        got: Option<B256>,
    },
    /// `parentBeaconBlockRoot` is missing.
    #[error("parent beacon block root is missing")]
    NoParentBeaconBlockRoot,
    /// `requestsHash` is missing.
    #[error("requests hash is missing")]
    NoRequestsHash,
    /// A field of a later fork is there.
    #[error("field {name} belongs to a later fork")]
    LaterFork {
        /// The field.
        name: &'static str,
    },
}

/// Checks every rule of `header` against `parent`.
///
/// `now_s` is the caller's clock in seconds since 1970.
pub fn check(
    spec: &ChainSpec,
    parent: &SealedHeader,
    header: &Header,
    now_s: u64,
) -> Result<(), HeaderError> {
    check_constants(spec, header)?;
    let want = parent.hash();
    if header.parent_hash != want {
        return Err(HeaderError::ParentHash {
            got: header.parent_hash,
            want,
        });
    }
    let want = parent.number.saturating_add(1);
    if header.number != want {
        return Err(HeaderError::Number {
            got: header.number,
            want,
        });
    }
    check_time(parent, header, now_s)?;
    check_gas(spec, parent, header)
}

/// Fields whose value or size does not depend on the parent.
fn check_constants(spec: &ChainSpec, header: &Header) -> Result<(), HeaderError> {
    let time_s = header.timestamp;
    if header.extra_data.len() > MAX_EXTRA_DATA_BYTES {
        return Err(HeaderError::ExtraData {
            got: header.extra_data.len(),
        });
    }
    if header.ommers_hash != EMPTY_OMMER_ROOT_HASH {
        return Err(HeaderError::Ommers {
            got: header.ommers_hash,
        });
    }
    if !header.difficulty.is_zero() {
        return Err(HeaderError::Difficulty {
            got: header.difficulty,
        });
    }
    if header.nonce != B64::ZERO {
        return Err(HeaderError::Nonce { got: header.nonce });
    }
    if header.withdrawals_root != spec.has_withdrawals(time_s).then_some(EMPTY_WITHDRAWALS) {
        return Err(HeaderError::Withdrawals {
            got: header.withdrawals_root,
        });
    }
    if header.blob_gas_used != spec.has_blob_fields(time_s).then_some(0) {
        return Err(HeaderError::BlobGasUsed {
            got: header.blob_gas_used,
        });
    }
    if header.parent_beacon_block_root.is_some() != spec.has_blob_fields(time_s) {
        return Err(match header.parent_beacon_block_root {
            None => HeaderError::NoParentBeaconBlockRoot,
            Some(_) => HeaderError::LaterFork {
                name: "parentBeaconBlockRoot",
            },
        });
    }
    if header.requests_hash.is_some() != spec.has_requests(time_s) {
        return Err(match header.requests_hash {
            None => HeaderError::NoRequestsHash,
            Some(_) => HeaderError::LaterFork {
                name: "requestsHash",
            },
        });
    }
    if header.block_access_list_hash.is_some() {
        return Err(HeaderError::LaterFork {
            name: "blockAccessListHash",
        });
    }
    if header.slot_number.is_some() {
        return Err(HeaderError::LaterFork { name: "slotNumber" });
    }
    Ok(())
}

fn check_time(parent: &Header, header: &Header, now_s: u64) -> Result<(), HeaderError> {
    let got = header.timestamp;
    if got <= parent.timestamp {
        return Err(HeaderError::TimestampNotAfterParent {
            got,
            parent: parent.timestamp,
        });
    }
    if got > now_s.saturating_add(MAX_CLOCK_DRIFT_S) {
        return Err(HeaderError::TimestampInFuture { got, now: now_s });
    }
    Ok(())
}

fn check_gas(spec: &ChainSpec, parent: &Header, header: &Header) -> Result<(), HeaderError> {
    let limit = header.gas_limit;
    if !(MINIMUM_GAS_LIMIT..=MAX_GAS_LIMIT).contains(&limit) {
        return Err(HeaderError::GasLimitRange { got: limit });
    }
    if limit.abs_diff(parent.gas_limit) >= parent.gas_limit / GAS_LIMIT_BOUND_DIVISOR
        && limit != parent.gas_limit
    {
        return Err(HeaderError::GasLimitStep {
            got: limit,
            parent: parent.gas_limit,
        });
    }
    if header.gas_used > limit {
        return Err(HeaderError::GasUsed {
            used: header.gas_used,
            limit,
        });
    }
    let want = spec.next_base_fee_wei(parent);
    if header.base_fee_per_gas != Some(want) {
        return Err(HeaderError::BaseFee {
            got: header.base_fee_per_gas,
            want,
        });
    }
    let want = spec
        .has_blob_fields(header.timestamp)
        .then(|| spec.next_excess_blob_gas(parent, header.timestamp));
    if header.excess_blob_gas != want {
        return Err(HeaderError::ExcessBlobGas {
            got: header.excess_blob_gas,
            want,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::{BlockAttributes, header_template};
    use alloy_genesis::Genesis;
    use alloy_primitives::Bytes;

    const NOW_S: u64 = 1_000;

    fn parent() -> (ChainSpec, SealedHeader) {
        let genesis = Genesis {
            gas_limit: 30_000_000,
            timestamp: 500,
            ..Genesis::default()
        };
        let spec = ChainSpec::from_genesis(genesis).expect("a valid genesis");
        let parent = spec.genesis_header().clone();
        (spec, parent)
    }

    fn refuse(change: impl FnOnce(&mut Header)) -> HeaderError {
        let (spec, parent) = parent();
        let mut header = header_template(&spec, &parent, &BlockAttributes::at(NOW_S));
        assert_eq!(check(&spec, &parent, &header, NOW_S), Ok(()));
        change(&mut header);
        check(&spec, &parent, &header, NOW_S).expect_err("a broken rule")
    }

    #[test]
    fn each_rule_against_the_parent_has_its_own_error() {
        use HeaderError as E;
        let base_fee = parent().0.next_base_fee_wei(&parent().1);
        assert!(matches!(
            refuse(|h| h.parent_hash = B256::ZERO),
            E::ParentHash { .. }
        ));
        assert_eq!(refuse(|h| h.number = 2), E::Number { got: 2, want: 1 });
        assert_eq!(
            refuse(|h| h.timestamp = 500),
            E::TimestampNotAfterParent {
                got: 500,
                parent: 500
            }
        );
        assert_eq!(
            refuse(|h| h.timestamp = NOW_S + 16),
            E::TimestampInFuture {
                got: NOW_S + 16,
                now: NOW_S
            }
        );
        assert!(matches!(
            refuse(|h| h.gas_limit += 30_000_000 / 1024),
            E::GasLimitStep { .. }
        ));
        assert!(matches!(
            refuse(|h| h.gas_limit -= 30_000_000 / 1024),
            E::GasLimitStep { .. }
        ));
        assert_eq!(
            refuse(|h| h.gas_limit = 4_999),
            E::GasLimitRange { got: 4_999 }
        );
        assert!(matches!(
            refuse(|h| h.gas_used = 30_000_001),
            E::GasUsed { .. }
        ));
        assert_eq!(
            refuse(|h| h.base_fee_per_gas = Some(base_fee + 1)),
            E::BaseFee {
                got: Some(base_fee + 1),
                want: base_fee
            }
        );
    }

    #[test]
    fn each_constant_field_has_its_own_error() {
        use HeaderError as E;
        assert_eq!(
            refuse(|h| h.excess_blob_gas = Some(1)),
            E::ExcessBlobGas {
                got: Some(1),
                want: Some(0)
            }
        );
        assert_eq!(
            refuse(|h| h.blob_gas_used = Some(131_072)),
            E::BlobGasUsed { got: Some(131_072) }
        );
        assert_eq!(
            refuse(|h| h.extra_data = Bytes::from(vec![0; 33])),
            E::ExtraData { got: 33 }
        );
        assert!(matches!(
            refuse(|h| h.ommers_hash = B256::ZERO),
            E::Ommers { .. }
        ));
        assert!(matches!(
            refuse(|h| h.difficulty = U256::ONE),
            E::Difficulty { .. }
        ));
        assert!(matches!(
            refuse(|h| h.nonce = B64::with_last_byte(1)),
            E::Nonce { .. }
        ));
        assert_eq!(
            refuse(|h| h.withdrawals_root = None),
            E::Withdrawals { got: None }
        );
        assert_eq!(
            refuse(|h| h.parent_beacon_block_root = None),
            E::NoParentBeaconBlockRoot
        );
        assert_eq!(refuse(|h| h.requests_hash = None), E::NoRequestsHash);
        assert!(matches!(
            refuse(|h| h.slot_number = Some(1)),
            E::LaterFork { .. }
        ));
        assert!(matches!(
            refuse(|h| h.block_access_list_hash = Some(B256::ZERO)),
            E::LaterFork { .. }
        ));
    }

    #[test]
    fn the_bounds_themselves_pass() {
        let (spec, parent) = parent();
        let mut header = header_template(&spec, &parent, &BlockAttributes::at(NOW_S + 15));
        header.gas_limit = 30_000_000 + 30_000_000 / 1024 - 1;
        header.extra_data = Bytes::from(vec![7; 32]);
        assert_eq!(check(&spec, &parent, &header, NOW_S), Ok(()));
    }
}
