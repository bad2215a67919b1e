//! `eth_estimateGas`: the least gas limit with which a transaction succeeds.
//!
//! Gas used is not enough as a limit: refunds come after the end, and every call forwards at most
//! 63/64 of what is left. So the limit is searched for, and the answer is one that was run.

use alloy_primitives::TxKind;
use revm::{
    Database as _,
    context::{
        TxEnv,
        result::{ExecutionResult, HaltReason, ResultAndState},
    },
    primitives::eip7825::TX_GAS_LIMIT_CAP,
};

use crate::{
    error::RpcError,
    simulate::{Simulation, halt_text},
};

/// Gas of a transfer to an account without code.
pub(crate) const TRANSFER_GAS: u64 = 21_000;
/// The stipend of a call with value: a callee may need that much more than it uses.
const CALL_STIPEND_GAS: u64 = 2_300;
/// The search stops when the remaining interval is this part of its upper end: 1/64. A finer answer
/// costs more runs, and a run may be a whole inference.
const SEARCH_PRECISION: u64 = 64;

/// What a run with a given limit came to.
enum Outcome {
    Enough(ExecutionResult),
    TooLittle,
    Failed(RpcError),
}

/// The least limit, within about 1/64, with which `transaction` succeeds. Its own limit and what
/// its sender can pay bound the search from above.
///
/// # Errors
/// [`RpcError::Reverted`] with the revert data, or [`RpcError::GasAllowance`] if the highest limit
/// is not enough.
pub(crate) fn estimate_gas(
    simulation: &mut Simulation,
    mut transaction: TxEnv,
) -> Result<u64, RpcError> {
    let mut highest = transaction.gas_limit.min(TX_GAS_LIMIT_CAP);
    if transaction.gas_price > 0 {
        highest = highest.min(simulation.affordable_gas(&transaction)?);
    }
    if is_plain_transfer(simulation, &transaction)? && highest >= TRANSFER_GAS {
        transaction.gas_limit = TRANSFER_GAS;
        if let Outcome::Enough(_) = attempt(simulation, &transaction, TRANSFER_GAS) {
            return Ok(TRANSFER_GAS);
        }
    }
    let result = match attempt(simulation, &transaction, highest) {
        Outcome::Enough(result) => result,
        Outcome::TooLittle => return Err(RpcError::GasAllowance(highest)),
        Outcome::Failed(error) => return Err(error),
    };
    search(simulation, &transaction, &result, highest)
}

/// Narrows `(too little, enough]` until the interval is small.
fn search(
    simulation: &mut Simulation,
    transaction: &TxEnv,
    at_highest: &ExecutionResult,
    highest: u64,
) -> Result<u64, RpcError> {
    let mut enough = highest;
    let mut too_little = at_highest.tx_gas_used().saturating_sub(1);
    // Most transactions succeed with what they spent before refunds plus what calls hold back.
    let spent = at_highest
        .gas()
        .total_gas_spent()
        .max(at_highest.tx_gas_used());
    let guess = spent.saturating_add(CALL_STIPEND_GAS).saturating_mul(64) / 63;
    if guess < enough {
        match attempt(simulation, transaction, guess) {
            Outcome::Enough(_) => enough = guess,
            _ => too_little = guess,
        }
    }
    while enough - too_little > (enough / SEARCH_PRECISION).max(1) {
        let middle = too_little + (enough - too_little) / 2;
        // A run that fails for any reason with less gas than a successful one had too little.
        match attempt(simulation, transaction, middle) {
            Outcome::Enough(_) => enough = middle,
            Outcome::TooLittle => too_little = middle,
            Outcome::Failed(RpcError::Internal(cause)) => return Err(RpcError::Internal(cause)),
            Outcome::Failed(_) => too_little = middle,
        }
    }
    Ok(enough)
}

fn attempt(simulation: &mut Simulation, transaction: &TxEnv, gas_limit: u64) -> Outcome {
    let transaction = TxEnv {
        gas_limit,
        ..transaction.clone()
    };
    match simulation.run(transaction) {
        Ok(ResultAndState { result, .. }) => match result {
            ExecutionResult::Success { .. } => Outcome::Enough(result),
            ExecutionResult::Revert { output, .. } => Outcome::Failed(RpcError::Reverted(output)),
            ExecutionResult::Halt {
                reason: HaltReason::OutOfGas(_),
                ..
            } => Outcome::TooLittle,
            ExecutionResult::Halt { reason, .. } => {
                Outcome::Failed(RpcError::Halted(halt_text(&reason)))
            }
        },
        Err(RpcError::TransactionRejected(text)) if text.contains("gas too low") => {
            Outcome::TooLittle
        }
        Err(RpcError::TransactionRejected(text)) if text.contains("floor data gas") => {
            Outcome::TooLittle
        }
        Err(error) => Outcome::Failed(error),
    }
}

fn is_plain_transfer(simulation: &mut Simulation, transaction: &TxEnv) -> Result<bool, RpcError> {
    let TxKind::Call(to) = transaction.kind else {
        return Ok(false);
    };
    if !transaction.data.is_empty()
        || !transaction.authorization_list.is_empty()
        || !transaction.access_list.0.is_empty()
    {
        return Ok(false);
    }
    let account = simulation.database.basic(to).map_err(RpcError::internal)?;
    Ok(account.is_none_or(|account| account.is_empty_code_hash()))
}
