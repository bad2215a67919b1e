//! One block of a simulation: overrides, calls, and the block that they make.
//!
//! It is executed as blocks of the chain are, by the executor that they have; without `validation`
//! with fewer checks on its transactions.

use alloy_consensus::Header;
use alloy_evm::{
    Evm, EvmFactory,
    block::{
        BlockExecutionError, BlockExecutor, BlockExecutorFactory, BlockValidationError, TxResult,
    },
    eth::{EthBlockExecutorFactory, receipt_builder::AlloyReceiptBuilder},
    overrides::{OverrideBlockHashes, StateOverrideError, apply_state_overrides},
};
use alloy_primitives::{Address, TxKind};
use alloy_rpc_types_eth::{
    BlockOverrides, BlockTransactionsKind, Log, TransactionRequest,
    simulate::{SimBlock, SimCallResult, SimulateError, SimulatedBlock},
    state::StateOverride,
};
use fixpoint_chain::{
    ChainSpec, ExecutedBlock, RecoveredTransaction, SealedHeader, StateDiff, StateView,
    complete_block, execution_context,
};
use revm::{
    Database,
    context::result::{ExecutionResult, HaltReason, InvalidTransaction},
    context_interface::block::BlobExcessGasAndPrice,
    database::{State, states::bundle_state::BundleRetention},
    primitives::eip7825::TX_GAS_LIMIT_CAP,
};
use revm_inspectors::transfer::TransferInspector;

use crate::{
    convert,
    error::RpcError,
    impersonation::unsigned,
    simulate::{halt_text, refusal_text},
    simulate_v1::SimulationError,
};

/// How a simulation is made and shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Transactions are checked as those of real blocks are.
    pub(crate) validation: bool,
    /// Transfers of currency are logged.
    pub(crate) trace_transfers: bool,
    /// Blocks are shown with their transactions.
    pub(crate) full_transactions: bool,
}

/// What the blocks of a simulation share: the state that they change, and what it was.
pub(crate) struct Simulator<'a> {
    pub(crate) spec: &'a ChainSpec,
    pub(crate) rules: Rules,
    pub(crate) state: State<StateView>,
    pub(crate) base: StateView,
}

/// Runs a block whose header is known up to what execution gives.
pub(crate) fn run(
    simulator: &mut Simulator<'_>,
    template: Header,
    mut overrides: BlockOverrides,
    block: SimBlock,
) -> Result<(SimulatedBlock, SealedHeader), RpcError> {
    let hashes = overrides.block_hash.take().unwrap_or_default();
    simulator.state.override_block_hashes(hashes);
    let accounts = block.state_overrides.unwrap_or_default();
    let moves = moved_precompiles(&accounts);
    apply_state_overrides(accounts, &mut simulator.state).map_err(|error| match error {
        StateOverrideError::Database(error) => RpcError::internal(error),
        other => RpcError::InvalidParams(other.to_string()),
    })?;
    let (ran, results) = execute(simulator, template, &overrides, block.calls, moves)?;
    simulator
        .state
        .override_block_hashes([(ran.number(), ran.hash())].into());
    let kind = if simulator.rules.full_transactions {
        BlockTransactionsKind::Full
    } else {
        BlockTransactionsKind::Hashes
    };
    let calls = results
        .into_iter()
        .enumerate()
        .map(|(index, result)| call_result(result, logs(&ran, index)));
    let simulated = SimulatedBlock {
        inner: convert::block(&ran, kind),
        calls: calls.collect(),
    };
    Ok((simulated, ran.header))
}

type Ran = (ExecutedBlock, Vec<ExecutionResult>);

fn execute(
    simulator: &mut Simulator<'_>,
    template: Header,
    overrides: &BlockOverrides,
    calls: Vec<TransactionRequest>,
    moves: Vec<(Address, Address)>,
) -> Result<Ran, RpcError> {
    let Simulator {
        spec,
        rules,
        state,
        base,
    } = simulator;
    let factory = EthBlockExecutorFactory::new(
        AlloyReceiptBuilder::default(),
        (*spec).clone(),
        spec.evm_factory(),
    );
    let env = environment(spec, *rules, &template, overrides);
    let transfers = TransferInspector::new(false).with_logs(rules.trace_transfers);
    let mut evm = factory
        .evm_factory()
        .create_evm_with_inspector(&mut *state, env, transfers);
    evm.precompiles_mut()
        .move_precompiles(moves)
        .map_err(|error| RpcError::InvalidParams(error.to_string()))?;
    let mut executor =
        factory.create_executor(evm, execution_context(spec, &template, calls.len()));
    executor
        .apply_pre_execution_changes()
        .map_err(RpcError::internal)?;

    let (mut transactions, mut results) = (Vec::new(), Vec::new());
    let mut left = template.gas_limit;
    for call in calls {
        let filled = fill(spec, *rules, executor.evm_mut().db_mut(), left, call)?;
        let mut result = None;
        let gas = executor
            .execute_transaction_with_result_closure(&filled, |ran| {
                result = Some(ran.result().result.clone());
            })
            .map_err(refusal)?;
        left = left.saturating_sub(gas.tx_gas_used());
        transactions.push(filled);
        results.extend(result);
    }
    let (evm, result) = executor.finish().map_err(RpcError::internal)?;
    drop(evm);
    state.merge_transitions(BundleRetention::PlainState);
    let diff = StateDiff::from_bundle(state.bundle_state.clone());
    let root = base.root_after(&diff).map_err(RpcError::internal)?;
    let block = complete_block(template, transactions, result, root);
    Ok((block, results))
}

fn environment(
    spec: &ChainSpec,
    rules: Rules,
    template: &Header,
    overrides: &BlockOverrides,
) -> alloy_evm::EvmEnv {
    let mut env = spec.evm_env(template);
    if let Some(fee) = overrides.blob_base_fee {
        env.block_env.blob_excess_gas_and_price = Some(BlobExcessGasAndPrice {
            excess_blob_gas: template.excess_blob_gas.unwrap_or_default(),
            blob_gasprice: fee.saturating_to(),
        });
    }
    let cfg = &mut env.cfg_env;
    cfg.disable_eip3607 = !rules.validation;
    cfg.disable_nonce_check = !rules.validation;
    cfg.disable_base_fee = !rules.validation;
    if !rules.validation {
        cfg.tx_gas_limit_cap = Some(u64::MAX);
    }
    env
}

fn moved_precompiles(accounts: &StateOverride) -> Vec<(Address, Address)> {
    let moves = accounts.iter();
    moves
        .filter_map(|(from, account)| Some((*from, account.move_precompile_to?)))
        .collect()
}

/// Chooses what a call leaves open: the sender's next nonce, the gas that the block has left, no price.
fn fill(
    spec: &ChainSpec,
    rules: Rules,
    state: &mut State<StateView>,
    left: u64,
    mut call: TransactionRequest,
) -> Result<RecoveredTransaction, RpcError> {
    let from = call.from.unwrap_or_default();
    call.from = Some(from);
    call.to.get_or_insert(TxKind::Create);
    call.chain_id.get_or_insert(spec.chain_id());
    if call.nonce.is_none() {
        let account = state.basic(from).map_err(RpcError::internal)?;
        call.nonce = Some(account.map_or(0, |account| account.nonce));
    }
    let cap = if rules.validation {
        TX_GAS_LIMIT_CAP
    } else {
        u64::MAX
    };
    let wanted = *call.gas.get_or_insert(left.min(cap));
    if wanted > left {
        return Err(SimulationError::BlockGasLimit { wanted, left }.into());
    }
    if call.gas_price.is_none() {
        call.max_fee_per_gas.get_or_insert(0);
        call.max_priority_fee_per_gas.get_or_insert(0);
    }
    call.normalize_input();
    let transaction = call
        .build_typed_tx()
        .map_err(|_| RpcError::InvalidParams("call: contradictory fields".to_owned()))?;
    Ok(unsigned(from, transaction))
}

/// What the specification calls the reasons for which a transaction does not start.
fn refusal(error: BlockExecutionError) -> RpcError {
    use InvalidTransaction as E;
    let error = match error {
        BlockExecutionError::Validation(BlockValidationError::InvalidTx { error, .. }) => error,
        other => return RpcError::internal(other),
    };
    let Some(invalid) = error.as_invalid_tx_err() else {
        return RpcError::internal(error);
    };
    let code = match invalid {
        E::NonceTooLow { .. } => -38010,
        E::NonceTooHigh { .. } => -38011,
        E::GasPriceLessThanBasefee => -38012,
        E::CallGasCostMoreThanGasLimit { .. } | E::GasFloorMoreThanGasLimit { .. } => -38013,
        E::LackOfFundForMaxFee { .. } => -38014,
        E::RejectCallerWithCode => -38024,
        E::CreateInitCodeSizeLimit => -38025,
        _ => SimulateError::INVALID_PARAMS_ERROR_CODE,
    };
    let reason = refusal_text(invalid);
    SimulationError::Transaction { code, reason }.into()
}

/// The logs of call `index`, as a receipt shows them.
fn logs(block: &ExecutedBlock, index: usize) -> Vec<Log> {
    let receipt = convert::receipt(block, index);
    receipt.map_or_else(Vec::new, |receipt| receipt.inner.logs().to_vec())
}

fn call_result(result: ExecutionResult, logs: Vec<Log>) -> SimCallResult {
    let gas_used = result.tx_gas_used();
    let (status, return_data, error) = match result {
        ExecutionResult::Success { output, .. } => (true, output.into_data(), None),
        ExecutionResult::Revert { output, .. } => {
            let error = SimulateError {
                code: SimulateError::EXECUTION_REVERTED_CODE,
                message: RpcError::Reverted(output.clone()).to_string(),
                data: Some(output.clone()),
            };
            (false, output, Some(error))
        }
        ExecutionResult::Halt { reason, .. } => (false, Default::default(), Some(halted(&reason))),
    };
    SimCallResult {
        return_data,
        logs,
        gas_used,
        max_used_gas: None,
        status,
        error,
    }
}

fn halted(reason: &HaltReason) -> SimulateError {
    SimulateError {
        code: SimulateError::VM_EXECUTION_ERROR_CODE,
        message: halt_text(reason),
        data: None,
    }
}
