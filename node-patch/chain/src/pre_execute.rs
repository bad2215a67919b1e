//! Running a transaction before it is in a block, for what its inferences say.
//!
//! What stays of such a run are the answers that the cache of [`ChainSpec::remembering_answers`] takes
//! in. Its result, its gas and what it writes are thrown away: they hold for the state after the head,
//! and the transaction may meet another. A block executes it in full, and only where a model gets an
//! input that it got here is the answer there already.
//!
//! Neither the pool nor the writer is held meanwhile.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicBool, Ordering},
};

use alloy_eips::BlockId;
use alloy_evm::{Evm, EvmFactory, FromRecoveredTx};
use revm::{
    Inspector,
    context::{TxEnv, result::EVMError},
    context_interface::{ContextTr, context::ContextError},
    interpreter::Interpreter,
};

use crate::{
    block::RecoveredTransaction,
    build::{BlockAttributes, header_template},
    chain::Chain,
    execute::ExecutionError,
    spec::ChainSpec,
    state::StateView,
};

/// How a run before the block ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreExecuted {
    /// It came to its end, whether it succeeded, reverted or ran out of gas.
    Ran,
    /// The EVM refuses it on this state. A later one may let it in.
    Refused(String),
    /// It was told to stop.
    Stopped,
}

impl Chain {
    /// Runs a transaction on the state after the head, in a block with these attributes, and keeps
    /// nothing but its inferences' answers. Its nonce may be ahead of its sender's.
    ///
    /// Ends soon after `is_stopped` is true: between two instructions, so a model that runs is not
    /// interrupted.
    pub fn pre_execute(
        &self,
        transaction: &RecoveredTransaction,
        attributes: &BlockAttributes,
        is_stopped: &AtomicBool,
    ) -> Result<PreExecuted, ExecutionError> {
        let view = self.state_at(BlockId::latest())?;
        let run = || run(self.spec(), view, attributes, transaction, is_stopped);
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
            Err(ExecutionError::Panicked {
                transaction: Some(*transaction.inner().tx_hash()),
            })
        })
    }
}

fn run(
    spec: &ChainSpec,
    view: StateView,
    attributes: &BlockAttributes,
    transaction: &RecoveredTransaction,
    is_stopped: &AtomicBool,
) -> Result<PreExecuted, ExecutionError> {
    let mut env = spec.evm_env(&header_template(spec, view.header(), attributes));
    // The sender's earlier transactions wait too.
    env.cfg_env.disable_nonce_check = true;
    let tx = TxEnv::from_recovered_tx(transaction.inner(), transaction.signer());
    let mut evm = spec.block_evm_factory().create_evm_with_inspector(
        view.into_database(),
        env,
        Stop(is_stopped),
    );
    match evm.transact(tx) {
        Ok(_) => Ok(PreExecuted::Ran),
        Err(EVMError::Transaction(error)) => Ok(PreExecuted::Refused(error.to_string())),
        Err(_) if is_stopped.load(Ordering::Relaxed) => Ok(PreExecuted::Stopped),
        Err(error) => Err(ExecutionError::Fatal {
            transaction: Some(*transaction.inner().tx_hash()),
            detail: error.to_string(),
        }),
    }
}

/// Ends the transaction when it is told to.
struct Stop<'a>(&'a AtomicBool);

impl<CTX: ContextTr> Inspector<CTX> for Stop<'_> {
    fn step(&mut self, interpreter: &mut Interpreter, context: &mut CTX) {
        if self.0.load(Ordering::Relaxed) {
            *context.error() = Err(ContextError::Custom("stopped".into()));
            interpreter.halt_fatal();
        }
    }
}
