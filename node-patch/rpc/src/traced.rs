//! What traces have in common: whose turn it is, one transaction or all of a block, how much each may record, and
//! what it records of inferences.
//!
//! What is recorded beside that, and how it is shown, is in `debug` and `trace`.

use std::{sync::Arc, time::Duration};

use alloy_evm::{Evm, EvmEnv, EvmFactory, FromRecoveredTx, eth::EthEvmContext};
use fixpoint_chain::{ExecutedBlock, FixpointEvmFactory, StateView};
use fixpoint_evm::inspect::{InferenceCall, InferenceInspector};
use revm::{
    DatabaseCommit, Inspector,
    context::{TxEnv, result::ResultAndState},
    database::State,
};
use serde::Serialize;
use tokio::{runtime::Handle, sync::OwnedSemaphorePermit};

use crate::{context::Context, error::RpcError, simulate::evm_error, trace_budget::TraceBudget};

/// How long a trace waits for others to end.
const TURN_PATIENCE: Duration = Duration::from_secs(10);

/// A trace, and the turn it was made in: the next one starts when this one is written out.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct InTurn<T> {
    trace: T,
    #[serde(skip)]
    _turn: Arc<OwnedSemaphorePermit>,
}

/// Waits until no other trace is in memory, then makes one.
pub(crate) fn in_turn<T>(
    context: &Context,
    make: impl FnOnce() -> Result<T, RpcError>,
) -> Result<InTurn<T>, RpcError> {
    let turn = tokio::time::timeout(TURN_PATIENCE, Arc::clone(&context.traces).acquire_owned());
    // Methods run on blocking threads of the runtime, where waiting is allowed.
    let turn = Handle::current()
        .block_on(turn)
        .map_err(|_| RpcError::Busy(TURN_PATIENCE.as_secs()))?
        .map_err(RpcError::internal)?;
    Ok(InTurn {
        trace: make()?,
        _turn: Arc::new(turn),
    })
}

/// Hands `trace` the transactions of a block in order, each with its index and on the state that the one before
/// left, and commits what it answers that the transaction changes.
pub(crate) fn each_of<R>(
    context: &Context,
    block: &ExecutedBlock,
    mut trace: impl FnMut(
        usize,
        &mut State<StateView>,
        EvmEnv,
        TxEnv,
    ) -> Result<(R, ResultAndState), RpcError>,
) -> Result<Vec<R>, RpcError> {
    let start = context
        .chain
        .replay_point(block.hash(), 0)
        .map_err(RpcError::from)?;
    // A block without transactions has no place to start from, and nothing to trace.
    let Some(mut start) = start else {
        return Ok(Vec::new());
    };
    let mut traces = Vec::new();
    for (index, transaction) in block.transactions.iter().enumerate() {
        let transaction = TxEnv::from_recovered_tx(transaction.inner(), transaction.signer());
        let (traced, outcome) = trace(index, &mut start.database, start.env.clone(), transaction)?;
        start.database.commit(outcome.state);
        traces.push(traced);
    }
    Ok(traces)
}

/// Runs one transaction under `inspector`, whose records `budget` counts. Nothing is committed.
pub(crate) fn run<'a, DB, I>(
    factory: &FixpointEvmFactory,
    database: &'a mut DB,
    env: EvmEnv,
    transaction: TxEnv,
    inspector: I,
    budget: &mut TraceBudget,
) -> Result<(ResultAndState, Vec<InferenceCall>), RpcError>
where
    DB: alloy_evm::Database,
    I: Inspector<EthEvmContext<&'a mut DB>>,
{
    let mut inferences = InferenceInspector::default();
    let outcome = {
        let inspectors = (&mut *budget, (&mut inferences, inspector));
        let mut evm = factory.create_evm_with_inspector(database, env, inspectors);
        evm.transact(transaction)
    };
    budget.check()?;
    Ok((outcome.map_err(evm_error)?, inferences.into_calls()))
}
