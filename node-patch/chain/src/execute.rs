//! The one executor. Building a block and verifying a block both run [`run`], and both make the
//! header with [`seal`]; they differ in what a transaction that cannot be included means.

use std::{
    cell::Cell,
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use alloy_consensus::{
    EMPTY_OMMER_ROOT_HASH, Header, TxReceipt,
    constants::EMPTY_WITHDRAWALS,
    proofs::{calculate_receipt_root, calculate_transaction_root},
    transaction::{Recovered, SignerRecoverable},
};
use alloy_eips::eip1559::calculate_block_gas_limit;
use alloy_evm::{
    EvmFactory,
    block::{
        BlockExecutionError, BlockExecutionResult, BlockExecutor, BlockExecutorFactory,
        BlockValidationError,
    },
    eth::{EthBlockExecutionCtx, EthBlockExecutorFactory, receipt_builder::AlloyReceiptBuilder},
};
use alloy_primitives::{Address, B256, Bloom, Bytes};
use alloy_rlp::Encodable;
use revm::database::{State, states::bundle_state::BundleRetention};

use crate::{
    block::{Block, ExecutedBlock, Receipt, RecoveredTransaction, SealedHeader},
    diff::StateDiff,
    header::{self, HeaderError},
    spec::ChainSpec,
    state::{Layer, StateError, StateView},
};

/// Most bytes of a block's RLP (EIP-7934: 10 MiB less a margin of 2 MiB).
pub const MAX_BLOCK_BYTES: usize = 8 * 1024 * 1024;
/// Room that building leaves for everything but transactions in [`MAX_BLOCK_BYTES`].
const HEADER_ROOM_BYTES: usize = 4 * 1024;

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
            extra_data: Bytes::new(),
        }
    }
}

/// Why a transaction did not get into a block that was built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SkipReason {
    /// Its gas limit is more than what the block has left; it may fit into a later one.
    #[error("gas limit {gas_limit} exceeds the {available} gas left in the block")]
    BlockFull {
        /// The transaction's gas limit.
        gas_limit: u64,
        /// Gas left in the block.
        available: u64,
    },
    /// The block would get longer than [`MAX_BLOCK_BYTES`]; it may fit into a later one.
    #[error("the block has no room for {0} more bytes")]
    BlockBytes(usize),
    /// An earlier transaction of the same sender was left out.
    #[error("an earlier transaction of {0} was left out")]
    AfterSkipped(Address),
    /// It carries blobs.
    #[error("blob transactions are not accepted")]
    Blob,
    /// The EVM refuses it at this point of the block (nonce, balance, fee, gas cap, ...).
    #[error("{0}")]
    Invalid(String),
}

/// A transaction that was left out of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The transaction's hash.
    pub hash: B256,
    /// Why.
    pub reason: SkipReason,
}

/// A block that was just built, not imported yet.
#[derive(Debug, Clone)]
pub struct BuiltBlock {
    /// The block with its receipts.
    pub block: ExecutedBlock,
    /// Transactions that were offered and left out.
    pub skipped: Vec<Skipped>,
}

/// Execution failed for a reason that lies in this node, not in the block.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutionError {
    /// Reading the parent's state failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// The EVM gave up: the database failed under it.
    #[error("execution failed in transaction {transaction:?}: {detail}")]
    Fatal {
        /// The transaction, `None` for the block's system calls.
        transaction: Option<B256>,
        /// What it says.
        detail: String,
    },
    /// The EVM or a precompile panicked. Its state is thrown away.
    #[error("a bug: execution panicked in transaction {transaction:?}")]
    Panicked {
        /// The transaction, `None` for the block's system calls.
        transaction: Option<B256>,
    },
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
    /// The body has ommers, or no empty withdrawal list.
    #[error("the body must have no ommers and an empty withdrawal list")]
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

/// What a block does to its parent's state.
struct Outcome {
    included: Vec<RecoveredTransaction>,
    skipped: Vec<Skipped>,
    result: BlockExecutionResult<Receipt>,
    diff: StateDiff,
}

/// The header of a child of `parent`, with everything that is known before execution.
pub(crate) fn header_template(
    spec: &ChainSpec,
    parent: &SealedHeader,
    attributes: &BlockAttributes,
) -> Header {
    let target = attributes.gas_limit_target.unwrap_or(parent.gas_limit);
    let bounded = target.clamp(header::MINIMUM_GAS_LIMIT, header::MAX_GAS_LIMIT);
    Header {
        parent_hash: parent.hash(),
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: attributes.fee_recipient,
        number: parent.number.saturating_add(1),
        gas_limit: calculate_block_gas_limit(parent.gas_limit, bounded),
        timestamp: attributes.timestamp_s,
        extra_data: attributes.extra_data.clone(),
        mix_hash: attributes.prev_randao,
        base_fee_per_gas: Some(spec.next_base_fee_wei(parent)),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(spec.next_excess_blob_gas(parent)),
        parent_beacon_block_root: Some(attributes.parent_beacon_block_root),
        requests_hash: Some(B256::ZERO),
        ..Header::default()
    }
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
    header::check(spec, parent, &template, u64::MAX)?;
    let outcome = guarded(spec, view, &template, transactions)?;
    let (layer, skipped) = seal(view, template, outcome)?;
    Ok((layer, skipped))
}

/// Checks a whole block on top of the block whose state `view` is. `now_s` is the caller's clock.
pub(crate) fn verify(
    spec: &ChainSpec,
    view: &StateView,
    block: Block,
    now_s: u64,
) -> Result<Layer, VerifyError> {
    header::check(spec, view.header(), &block.header, now_s)?;
    let empty_withdrawals = block
        .body
        .withdrawals
        .as_ref()
        .is_some_and(|list| list.is_empty());
    if !block.body.ommers.is_empty() || !empty_withdrawals {
        return Err(VerifyError::Body);
    }
    let got = block.length();
    if got > MAX_BLOCK_BYTES {
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
        extra_data: claimed.extra_data.clone(),
    };
    let template = header_template(spec, view.header(), &attributes);
    let outcome = guarded(spec, view, &template, transactions)?;
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

fn recover(
    transactions: Vec<crate::block::Transaction>,
) -> Result<Vec<RecoveredTransaction>, VerifyError> {
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

/// [`run`] over a fresh state, so that a panic leaves nothing half done.
fn guarded(
    spec: &ChainSpec,
    view: &StateView,
    template: &Header,
    transactions: Vec<RecoveredTransaction>,
) -> Result<Outcome, ExecutionError> {
    let current = Cell::new(None);
    catch_unwind(AssertUnwindSafe(|| {
        let mut state = State::builder()
            .with_database(view.clone())
            .with_bundle_update()
            .build();
        run(spec, &mut state, template, transactions, &current).map(
            |(included, skipped, result)| {
                state.merge_transitions(BundleRetention::PlainState);
                let diff = StateDiff::from_bundle(state.take_bundle());
                Outcome {
                    included,
                    skipped,
                    result,
                    diff,
                }
            },
        )
    }))
    .unwrap_or_else(|_| {
        Err(ExecutionError::Panicked {
            transaction: current.get(),
        })
    })
}

type Ran = (
    Vec<RecoveredTransaction>,
    Vec<Skipped>,
    BlockExecutionResult<Receipt>,
);

/// Runs a block: system calls, every transaction that can be included, system calls.
fn run(
    spec: &ChainSpec,
    state: &mut State<StateView>,
    template: &Header,
    transactions: Vec<RecoveredTransaction>,
    current: &Cell<Option<B256>>,
) -> Result<Ran, ExecutionError> {
    let factory = executor_factory(spec);
    let evm = factory
        .evm_factory()
        .create_evm(&mut *state, spec.evm_env(template));
    let mut executor = factory.create_executor(evm, context(template, transactions.len()));
    executor
        .apply_pre_execution_changes()
        .map_err(|error| fatal(None, &error))?;

    let (mut included, mut skipped) = (Vec::with_capacity(transactions.len()), Vec::new());
    let mut blocked = BTreeSet::new();
    let mut room_bytes = MAX_BLOCK_BYTES - HEADER_ROOM_BYTES;
    for transaction in transactions {
        let hash = *transaction.inner().tx_hash();
        current.set(Some(hash));
        let length_bytes = transaction.inner().length();
        let reason = if blocked.contains(&transaction.signer()) {
            Some(SkipReason::AfterSkipped(transaction.signer()))
        } else if transaction.inner().is_eip4844() {
            Some(SkipReason::Blob)
        } else if length_bytes > room_bytes {
            Some(SkipReason::BlockBytes(length_bytes))
        } else {
            match executor.execute_transaction(&transaction) {
                Ok(_) => None,
                Err(error) => Some(skip_reason(hash, error)?),
            }
        };
        match reason {
            None => {
                room_bytes -= length_bytes;
                included.push(transaction);
            }
            Some(reason) => {
                blocked.insert(transaction.signer());
                skipped.push(Skipped { hash, reason });
            }
        }
    }
    current.set(None);
    let (_, result) = executor.finish().map_err(|error| fatal(None, &error))?;
    Ok((included, skipped, result))
}

/// Brings `state` (over the parent) to where transaction `index` of `block` starts.
pub(crate) fn replay(
    spec: &ChainSpec,
    state: &mut State<StateView>,
    block: &ExecutedBlock,
    index: usize,
) -> Result<(), ExecutionError> {
    let factory = executor_factory(spec);
    let evm = factory
        .evm_factory()
        .create_evm(&mut *state, spec.evm_env(&block.header));
    let mut executor = factory.create_executor(evm, context(&block.header, index));
    executor
        .apply_pre_execution_changes()
        .map_err(|error| fatal(None, &error))?;
    for transaction in block.transactions.iter().take(index) {
        let hash = *transaction.inner().tx_hash();
        executor
            .execute_transaction(transaction)
            .map_err(|error| fatal(Some(hash), &error))?;
    }
    Ok(())
}

fn executor_factory(
    spec: &ChainSpec,
) -> EthBlockExecutorFactory<AlloyReceiptBuilder, ChainSpec, fixpoint_evm::FixpointEvmFactory> {
    let receipts = AlloyReceiptBuilder::default();
    EthBlockExecutorFactory::new(receipts, spec.clone(), spec.evm_factory())
}

fn context(template: &Header, transactions: usize) -> EthBlockExecutionCtx<'static> {
    EthBlockExecutionCtx {
        parent_hash: template.parent_hash,
        parent_beacon_block_root: template.parent_beacon_block_root,
        ommers: &[],
        withdrawals: Some(Default::default()),
        extra_data: template.extra_data.clone(),
        tx_count_hint: Some(transactions),
        slot_number: None,
    }
}

fn fatal(transaction: Option<B256>, error: &BlockExecutionError) -> ExecutionError {
    ExecutionError::Fatal {
        transaction,
        detail: error.to_string(),
    }
}

/// Tells a transaction that cannot be included from a node that cannot execute.
fn skip_reason(hash: B256, error: BlockExecutionError) -> Result<SkipReason, ExecutionError> {
    use BlockValidationError as E;
    match error {
        BlockExecutionError::Validation(E::TransactionGasLimitMoreThanAvailableBlockGas {
            transaction_gas_limit: gas_limit,
            block_available_gas: available,
        }) => Ok(SkipReason::BlockFull {
            gas_limit,
            available,
        }),
        BlockExecutionError::Validation(E::InvalidTx { error, .. }) => {
            Ok(SkipReason::Invalid(error.to_string()))
        }
        error => Err(fatal(Some(hash), &error)),
    }
}

/// Completes the header from what execution gave.
fn seal(
    view: &StateView,
    template: Header,
    outcome: Outcome,
) -> Result<(Layer, Vec<Skipped>), StateError> {
    let Outcome {
        included,
        skipped,
        result,
        diff,
    } = outcome;
    let mut trie = view.trie()?;
    trie.apply(&diff);
    let bodies: Vec<_> = included
        .iter()
        .map(|transaction| transaction.inner())
        .collect();
    let header = Header {
        state_root: trie.root(),
        transactions_root: calculate_transaction_root(&bodies),
        receipts_root: calculate_receipt_root(&result.receipts),
        logs_bloom: result
            .receipts
            .iter()
            .fold(Bloom::ZERO, |bloom, receipt| bloom | receipt.bloom()),
        gas_used: result.gas_used,
        requests_hash: Some(result.requests.requests_hash()),
        ..template
    };
    let block = ExecutedBlock {
        header: SealedHeader::new(header),
        transactions: included,
        receipts: result.receipts,
    };
    Ok((
        Layer {
            block: block.into(),
            diff,
            trie,
        },
        skipped,
    ))
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
