//! Verifying a whole block on top of another: rules, then execution, then every field of the header.

use alloy_consensus::{
    Header,
    transaction::{Recovered, SignerRecoverable},
};
use alloy_hardforks::EthereumHardfork;
use alloy_primitives::B256;
use alloy_rlp::Encodable;

use crate::{
    block::{Block, RecoveredTransaction, Transaction},
    build::{BlockAttributes, header_template},
    execute::{ExecutionError, MAX_BLOCK_BYTES, Outcome, SkipReason, Skipped, execute, seal},
    header::{self, HeaderError},
    spec::ChainSpec,
    state::{Layer, StateError, StateView},
};

/// A block is wrong, or could not be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// A rule against the parent is broken.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The parent is not known, or is on a branch that lost.
    #[error("unknown parent {0}")]
    UnknownParent(B256),
    /// Too many blocks wait to be finalised.
    #[error("{limit} unfinalised blocks are held already")]
    TooManyUnfinalised {
        /// The most that are held.
        limit: usize,
    },
    /// The body has ommers, or no empty withdrawal list (before Shanghai: any).
    #[error("the body must have no ommers and, since Shanghai, an empty withdrawal list")]
    Body,
    /// The block is too long (EIP-7934).
    #[error("the block has {got} bytes, at most {MAX_BLOCK_BYTES} are allowed")]
    BlockBytes {
        /// Bytes of its RLP.
        got: usize,
    },
    /// A blob transaction.
    #[error("transaction {index} carries blobs, which are not accepted")]
    Blob {
        /// Its index.
        index: usize,
    },
    /// A signature that gives no sender.
    #[error("transaction {index} has an invalid signature")]
    Signature {
        /// Its index.
        index: usize,
    },
    /// A transaction cannot be included where it stands.
    #[error("transaction {hash} cannot be included: {reason}")]
    Transaction {
        /// Its hash.
        hash: B256,
        /// Why.
        reason: SkipReason,
    },
    /// Execution gives another header.
    #[error("header field {field} is {got}, execution gives {want}")]
    Mismatch {
        /// The first field that differs, by its JSON-RPC name.
        field: &'static str,
        /// In the block.
        got: String,
        /// From execution.
        want: String,
    },
    /// Reading the parent's state failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// Execution failed in this node; this says nothing about the block.
    #[error(transparent)]
    Execution(#[from] ExecutionError),
}

/// Checks a whole block on top of the block whose state `view` is. `now_s` is the caller's clock.
pub(crate) fn verify(
    spec: &ChainSpec,
    view: &StateView,
    block: Block,
    now_s: u64,
) -> Result<Layer, VerifyError> {
    header::check(spec, view.header(), &block.header, now_s)?;
    let withdrawals = block.body.withdrawals.as_ref();
    let time_s = block.header.timestamp;
    let right_withdrawals = match withdrawals {
        Some(list) => spec.has_withdrawals(time_s) && list.is_empty(),
        None => !spec.has_withdrawals(time_s),
    };
    if !block.body.ommers.is_empty() || !right_withdrawals {
        return Err(VerifyError::Body);
    }
    let got = block.length();
    if spec.hardfork_at(time_s) >= EthereumHardfork::Osaka && got > MAX_BLOCK_BYTES {
        return Err(VerifyError::BlockBytes { got });
    }
    let claimed = block.header;
    let transactions = recover(block.body.transactions)?;
    // Of the block's own header only what its maker may choose goes in; the rest is worked out anew.
    let attributes = BlockAttributes {
        timestamp_s: claimed.timestamp,
        fee_recipient: claimed.beneficiary,
        prev_randao: claimed.mix_hash,
        parent_beacon_block_root: claimed.parent_beacon_block_root.unwrap_or_default(),
        gas_limit_target: Some(claimed.gas_limit),
        gas_limit: None,
        base_fee_wei: None,
        extra_data: claimed.extra_data.clone(),
    };
    let template = header_template(spec, view.header(), &attributes);
    let outcome = execute(spec, view, &template, transactions)?;
    if let Some(Skipped { hash, reason }) = outcome.skipped.into_iter().next() {
        return Err(VerifyError::Transaction { hash, reason });
    }
    let outcome = Outcome {
        skipped: Vec::new(),
        ..outcome
    };
    let (layer, _) = seal(view, template, outcome)?;
    compare(&claimed, layer.block.header.inner())?;
    Ok(layer)
}

fn recover(transactions: Vec<Transaction>) -> Result<Vec<RecoveredTransaction>, VerifyError> {
    let mut recovered = Vec::with_capacity(transactions.len());
    for (index, transaction) in transactions.into_iter().enumerate() {
        if transaction.is_eip4844() {
            return Err(VerifyError::Blob { index });
        }
        let sender = transaction
            .recover_signer()
            .map_err(|_| VerifyError::Signature { index })?;
        recovered.push(Recovered::new_unchecked(transaction, sender));
    }
    Ok(recovered)
}

/// Compares every field, in the header's own order.
fn compare(got: &Header, want: &Header) -> Result<(), VerifyError> {
    macro_rules! same {
        ($($field:ident = $name:literal),* $(,)?) => {
            // Taking the header apart makes a field that is added later a compile error here.
            let Header { $($field),* } = got;
            $(if *$field != want.$field {
                return Err(VerifyError::Mismatch {
                    field: $name,
                    got: format!("{:?}", $field),
                    want: format!("{:?}", want.$field),
                });
            })*
        };
    }
    same!(
        parent_hash = "parentHash",
        ommers_hash = "sha3Uncles",
        beneficiary = "miner",
        state_root = "stateRoot",
        transactions_root = "transactionsRoot",
        receipts_root = "receiptsRoot",
        logs_bloom = "logsBloom",
        difficulty = "difficulty",
        number = "number",
        gas_limit = "gasLimit",
        gas_used = "gasUsed",
        timestamp = "timestamp",
        extra_data = "extraData",
        mix_hash = "mixHash",
        nonce = "nonce",
        base_fee_per_gas = "baseFeePerGas",
        withdrawals_root = "withdrawalsRoot",
        blob_gas_used = "blobGasUsed",
        excess_blob_gas = "excessBlobGas",
        parent_beacon_block_root = "parentBeaconBlockRoot",
        requests_hash = "requestsHash",
        block_access_list_hash = "blockAccessListHash",
        slot_number = "slotNumber",
    );
    Ok(())
}
