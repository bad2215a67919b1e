//! One EVM run over a throw-away state: what `eth_call`, estimates, access lists and traces share.
//!
//! A run here relaxes what a block never relaxes: nonces, sender code, the block's gas limit, the
//! gas cap of a transaction, and, for a call that offers no gas price, the base fee.

use alloy_eips::BlockId;
use alloy_evm::{
    Evm, EvmEnv, EvmFactory,
    eth::EthEvmContext,
    overrides::{StateOverrideError, apply_block_overrides, apply_state_overrides},
    rpc::TryIntoTxEnv,
};
use alloy_primitives::U256;
use alloy_rpc_types_eth::{BlockOverrides, TransactionRequest, state::StateOverride};
use fixpoint_chain::{FixpointEvmFactory, StateDatabase};
use revm::{
    Database as _, Inspector,
    context::{
        TxEnv,
        result::{
            EVMError, ExecutionResult, HaltReason, InvalidTransaction, OutOfGasError,
            ResultAndState,
        },
    },
};

use crate::{context::Context, error::RpcError};

/// Most gas that a call may use: as much as a block.
pub(crate) const CALL_GAS_CAP: u64 = 60_000_000;

/// A state and an environment to run transactions in. No run changes the state.
pub(crate) struct Simulation {
    pub(crate) database: StateDatabase,
    pub(crate) env: EvmEnv,
    factory: FixpointEvmFactory,
}

impl Simulation {
    /// The state and environment at `id`, with the caller's overrides applied.
    pub(crate) fn at(
        context: &Context,
        id: BlockId,
        state: Option<StateOverride>,
        block: Option<BlockOverrides>,
    ) -> Result<Self, RpcError> {
        let view = context.chain.state_at(id).map_err(RpcError::from)?;
        let mut env = if id.is_pending() {
            context.chain.pending_env(&context.next_attributes()?)
        } else {
            let env = context.chain.env_at(id);
            env.map_err(RpcError::from)?
        };
        let mut database = view.into_database();
        if let Some(block) = block {
            apply_block_overrides(block, &mut database, &mut env.block_env);
        }
        if let Some(state) = state {
            apply_state_overrides(state, &mut database).map_err(|error| match error {
                StateOverrideError::Database(error) => RpcError::internal(error),
                other => RpcError::InvalidParams(other.to_string()),
            })?;
        }
        env.cfg_env.disable_nonce_check = true;
        env.cfg_env.disable_eip3607 = true;
        env.cfg_env.disable_block_gas_limit = true;
        env.cfg_env.tx_gas_limit_cap = Some(u64::MAX);
        Ok(Self {
            database,
            env,
            factory: context.chain.spec().evm_factory(),
        })
    }

    /// Completes a request: the sender's next nonce (it decides the address of a new contract),
    /// gas as far as [`CALL_GAS_CAP`] and the sender's balance allow, and no base fee for free calls.
    pub(crate) fn prepare(&mut self, request: TransactionRequest) -> Result<TxEnv, RpcError> {
        let (gas_given, nonce_given) = (request.gas, request.nonce);
        let mut transaction = request
            .try_into_tx_env(&self.env)
            .map_err(|error| RpcError::InvalidParams(error.to_string()))?;
        if nonce_given.is_none() {
            let account = self.database.basic(transaction.caller);
            transaction.nonce = account
                .map_err(RpcError::internal)?
                .map_or(0, |account| account.nonce);
        }
        let mut gas = gas_given.unwrap_or(CALL_GAS_CAP).min(CALL_GAS_CAP);
        if transaction.gas_price == 0 {
            self.env.cfg_env.disable_base_fee = true;
        } else if gas_given.is_none() {
            gas = gas.min(self.affordable_gas(&transaction)?);
        }
        transaction.gas_limit = gas;
        Ok(transaction)
    }

    /// How much gas the sender can pay at the transaction's price, after the value it sends.
    pub(crate) fn affordable_gas(&mut self, transaction: &TxEnv) -> Result<u64, RpcError> {
        let sender = self
            .database
            .basic(transaction.caller)
            .map_err(RpcError::internal)?;
        let balance = sender.map(|account| account.balance).unwrap_or_default();
        let cost = transaction.value;
        let left = balance
            .checked_sub(cost)
            .ok_or(RpcError::InsufficientFunds { balance, cost })?;
        let gas = left
            .checked_div(U256::from(transaction.gas_price))
            .unwrap_or(U256::MAX);
        Ok(gas.saturating_to())
    }

    /// Runs a transaction.
    pub(crate) fn run(&mut self, transaction: TxEnv) -> Result<ResultAndState, RpcError> {
        let mut evm = self
            .factory
            .create_evm(&mut self.database, self.env.clone());
        evm.transact(transaction).map_err(evm_error)
    }

    /// The same while `inspector` looks on.
    pub(crate) fn run_under<'a, I>(
        &'a mut self,
        inspector: I,
        transaction: TxEnv,
    ) -> Result<ResultAndState, RpcError>
    where
        I: Inspector<EthEvmContext<&'a mut StateDatabase>>,
    {
        let env = self.env.clone();
        self.factory
            .create_evm_with_inspector(&mut self.database, env, inspector)
            .transact(transaction)
            .map_err(evm_error)
    }
}

/// The output of a run that must succeed.
pub(crate) fn success(result: ExecutionResult) -> Result<alloy_primitives::Bytes, RpcError> {
    match result {
        ExecutionResult::Success { output, .. } => Ok(output.into_data()),
        ExecutionResult::Revert { output, .. } => Err(RpcError::Reverted(output)),
        ExecutionResult::Halt { reason, .. } => Err(RpcError::Halted(halt_text(&reason))),
    }
}

/// Geth's words for a halt.
pub(crate) fn halt_text(reason: &HaltReason) -> String {
    match reason {
        HaltReason::OutOfGas(OutOfGasError::Basic) => "out of gas".to_owned(),
        HaltReason::OutOfGas(kind) => format!("out of gas: {kind:?}"),
        HaltReason::InvalidFEOpcode => "invalid opcode: INVALID".to_owned(),
        HaltReason::OpcodeNotFound => "invalid opcode".to_owned(),
        HaltReason::InvalidJump => "invalid jump destination".to_owned(),
        HaltReason::StackUnderflow => "stack underflow".to_owned(),
        HaltReason::StackOverflow => "stack limit reached 1024".to_owned(),
        HaltReason::CallTooDeep => "max call depth exceeded".to_owned(),
        HaltReason::CreateCollision => "contract address collision".to_owned(),
        HaltReason::CreateContractSizeLimit => "max code size exceeded".to_owned(),
        HaltReason::CreateInitCodeSizeLimit => "max initcode size exceeded".to_owned(),
        HaltReason::StateChangeDuringStaticCall | HaltReason::CallNotAllowedInsideStatic => {
            "write protection".to_owned()
        }
        other => format!("EVM halted: {other:?}"),
    }
}

/// A transaction that the EVM refuses to start, or a node that fails underneath it.
pub(crate) fn evm_error<E: std::fmt::Display>(error: EVMError<E>) -> RpcError {
    match error {
        EVMError::Transaction(InvalidTransaction::LackOfFundForMaxFee { fee, balance }) => {
            RpcError::InsufficientFunds {
                balance: *balance,
                cost: *fee,
            }
        }
        EVMError::Transaction(invalid) => RpcError::TransactionRejected(refusal_text(&invalid)),
        EVMError::Header(error) => RpcError::internal(error),
        EVMError::Database(error) => RpcError::internal(error),
        EVMError::Custom(error) => RpcError::Internal(error),
        EVMError::CustomAny(error) => RpcError::internal(error),
    }
}

/// Geth's words for a transaction that cannot start.
pub(crate) fn refusal_text(invalid: &InvalidTransaction) -> String {
    match invalid {
        InvalidTransaction::CallGasCostMoreThanGasLimit {
            initial_gas,
            gas_limit,
        } => {
            format!("intrinsic gas too low: have {gas_limit}, want {initial_gas}")
        }
        InvalidTransaction::GasFloorMoreThanGasLimit {
            gas_floor,
            gas_limit,
        } => {
            format!("insufficient gas for floor data gas cost: have {gas_limit}, want {gas_floor}")
        }
        InvalidTransaction::GasPriceLessThanBasefee => {
            "max fee per gas less than block base fee".to_owned()
        }
        InvalidTransaction::PriorityFeeGreaterThanMaxFee => {
            "max priority fee per gas higher than max fee per gas".to_owned()
        }
        InvalidTransaction::CreateInitCodeSizeLimit => "max initcode size exceeded".to_owned(),
        InvalidTransaction::NonceTooLow { tx, state } => {
            format!("nonce too low: next nonce {state}, tx nonce {tx}")
        }
        InvalidTransaction::NonceTooHigh { tx, state } => {
            format!("nonce too high: next nonce {state}, tx nonce {tx}")
        }
        InvalidTransaction::TxGasLimitGreaterThanCap { gas_limit, cap } => {
            format!("transaction gas limit too high (cap: {cap}, tx: {gas_limit})")
        }
        InvalidTransaction::InvalidChainId => "invalid chain ID".to_owned(),
        other => other.to_string(),
    }
}
