//! Building a block on top of another.

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header};
use alloy_eips::eip1559::calculate_block_gas_limit;
use alloy_primitives::{Address, B256, Bytes};

use crate::{
    block::{ExecutedBlock, RecoveredTransaction, SealedHeader},
    execute::{ExecutionError, Skipped, execute, seal},
    header::{self, HeaderError},
    spec::ChainSpec,
    state::{Layer, StateError, StateView},
};

/// What the maker of a block chooses. Everything else follows from the parent and the spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockAttributes {
    /// Seconds since 1970; must exceed the parent's.
    pub timestamp_s: u64,
    /// Receives the priority fees.
    pub fee_recipient: Address,
    /// PREVRANDAO of the block.
    pub prev_randao: B256,
    /// EIP-4788 root.
    pub parent_beacon_block_root: B256,
    /// Gas limit to move towards, by less than 1/1024 a block. `None` keeps the parent's.
    pub gas_limit_target: Option<u64>,
    /// Gas limit instead of one that follows the parent's: no other node accepts such a block.
    pub gas_limit: Option<u64>,
    /// Base fee in wei instead of the one that EIP-1559 gives: no other node accepts such a block.
    pub base_fee_wei: Option<u64>,
    /// At most 32 bytes.
    pub extra_data: Bytes,
}

impl BlockAttributes {
    /// Attributes with only a time: no fee recipient, zero randomness and beacon root.
    pub fn at(timestamp_s: u64) -> Self {
        Self {
            timestamp_s,
            fee_recipient: Address::ZERO,
            prev_randao: B256::ZERO,
            parent_beacon_block_root: B256::ZERO,
            gas_limit_target: None,
            gas_limit: None,
            base_fee_wei: None,
            extra_data: Bytes::new(),
        }
    }
}

/// A block that was just built, not imported yet.
#[derive(Debug, Clone)]
pub struct BuiltBlock {
    /// The block with its receipts.
    pub block: ExecutedBlock,
    /// Transactions that were offered and left out.
    pub skipped: Vec<Skipped>,
}

/// No block could be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The attributes break a rule.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// Reading the parent's state failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// Execution failed in this node.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
}

/// The header of a child of `parent`, with everything that is known before execution.
pub(crate) fn header_template(
    spec: &ChainSpec,
    parent: &SealedHeader,
    attributes: &BlockAttributes,
) -> Header {
    let target = attributes.gas_limit_target.unwrap_or(parent.gas_limit);
    let bound = |limit: u64| limit.clamp(header::MINIMUM_GAS_LIMIT, header::MAX_GAS_LIMIT);
    let header = Header {
        parent_hash: parent.hash(),
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: attributes.fee_recipient,
        number: parent.number.saturating_add(1),
        gas_limit: attributes.gas_limit.map_or_else(
            || calculate_block_gas_limit(parent.gas_limit, bound(target)),
            bound,
        ),
        timestamp: attributes.timestamp_s,
        extra_data: attributes.extra_data.clone(),
        mix_hash: attributes.prev_randao,
        base_fee_per_gas: Some(
            attributes
                .base_fee_wei
                .unwrap_or_else(|| spec.next_base_fee_wei(parent)),
        ),
        ..Header::default()
    };
    spec.with_fork_fields(header, parent, attributes.parent_beacon_block_root)
}

/// Builds a child of the block whose state `view` is.
pub(crate) fn build(
    spec: &ChainSpec,
    view: &StateView,
    attributes: &BlockAttributes,
    transactions: Vec<RecoveredTransaction>,
) -> Result<(Layer, Vec<Skipped>), BuildError> {
    let parent = view.header();
    let template = header_template(spec, parent, attributes);
    // A builder may be ahead of its own clock (tests, time travel), so the drift rule is left out.
    let ruled = BlockAttributes {
        gas_limit: None,
        base_fee_wei: None,
        ..attributes.clone()
    };
    let ruled = header_template(spec, parent, &ruled);
    header::check(spec, parent, &ruled, u64::MAX)?;
    let outcome = execute(spec, view, &template, transactions)?;
    let (layer, skipped) = seal(view, template, outcome)?;
    Ok((layer, skipped))
}
