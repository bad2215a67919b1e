//! The one executor. [`crate::build`] and [`crate::verify`] both run [`execute`] and both make the header
//! with [`seal`]; they differ in what a transaction that cannot be included means to them.

use std::{
    cell::Cell,
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use alloy_consensus::{
    Header, TxReceipt,
    proofs::{calculate_receipt_root, calculate_transaction_root},
};
use alloy_evm::{
    EvmFactory,
    block::{
        BlockExecutionError, BlockExecutionResult, BlockExecutor, BlockExecutorFactory,
        BlockValidationError,
    },
    eth::{EthBlockExecutionCtx, EthBlockExecutorFactory, receipt_builder::AlloyReceiptBuilder},
};
use alloy_primitives::{Address, B256, Bloom};
use alloy_rlp::Encodable;
use fixpoint_evm::FixpointEvmFactory;
use revm::database::{State, states::bundle_state::BundleRetention};

use crate::{
    block::{ExecutedBlock, Receipt, RecoveredTransaction, SealedHeader},
    diff::StateDiff,
    spec::ChainSpec,
    state::{Layer, StateError, StateView},
};

/// Most bytes of a block's RLP (EIP-7934: 10 MiB less a margin of 2 MiB).
pub const MAX_BLOCK_BYTES: usize = 8 * 1024 * 1024;
/// Room that building leaves for everything but transactions in [`MAX_BLOCK_BYTES`].
const HEADER_ROOM_BYTES: usize = 4 * 1024;

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

/// What a block does to its parent's state.
pub(crate) struct Outcome {
    pub(crate) included: Vec<RecoveredTransaction>,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) result: BlockExecutionResult<Receipt>,
    pub(crate) diff: StateDiff,
}

/// Runs a block over its parent's state. A panic leaves nothing half done: the state is thrown away.
pub(crate) fn execute(
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
    let factory = executor_factory(spec, spec.block_evm_factory());
    let evm = factory
        .evm_factory()
        .create_evm(&mut *state, spec.evm_env(template));
    let mut executor = factory.create_executor(evm, context(spec, template, transactions.len()));
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
    let factory = executor_factory(spec, spec.evm_factory());
    let evm = factory
        .evm_factory()
        .create_evm(&mut *state, spec.evm_env(&block.header));
    let mut executor = factory.create_executor(evm, context(spec, &block.header, index));
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
    evm_factory: FixpointEvmFactory,
) -> EthBlockExecutorFactory<AlloyReceiptBuilder, ChainSpec, FixpointEvmFactory> {
    let receipts = AlloyReceiptBuilder::default();
    EthBlockExecutorFactory::new(receipts, spec.clone(), evm_factory)
}

/// What the executor wants to know of a block besides its environment.
pub fn context(
    spec: &ChainSpec,
    template: &Header,
    transactions: usize,
) -> EthBlockExecutionCtx<'static> {
    EthBlockExecutionCtx {
        parent_hash: template.parent_hash,
        parent_beacon_block_root: template.parent_beacon_block_root,
        ommers: &[],
        withdrawals: spec
            .has_withdrawals(template.timestamp)
            .then(Default::default),
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
pub(crate) fn seal(
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
    let block = complete_block(template, included, result, trie.root());
    Ok((
        Layer {
            block: block.into(),
            diff,
            trie,
        },
        skipped,
    ))
}

/// A block whose header says what execution gave, besides what `template` says.
pub fn complete_block(
    template: Header,
    transactions: Vec<RecoveredTransaction>,
    result: BlockExecutionResult<Receipt>,
    state_root: B256,
) -> ExecutedBlock {
    let bodies: Vec<_> = transactions
        .iter()
        .map(|transaction| transaction.inner())
        .collect();
    let header = Header {
        state_root,
        transactions_root: calculate_transaction_root(&bodies),
        receipts_root: calculate_receipt_root(&result.receipts),
        logs_bloom: result
            .receipts
            .iter()
            .fold(Bloom::ZERO, |bloom, receipt| bloom | receipt.bloom()),
        gas_used: result.gas_used,
        requests_hash: template
            .requests_hash
            .map(|_| result.requests.requests_hash()),
        ..template
    };
    ExecutedBlock {
        header: SealedHeader::new(header),
        transactions,
        receipts: result.receipts,
    }
}
