//! What a developer reads while a chain runs: a line for each transaction as it gets into a block, and
//! what contracts say with `console.log`, there and in calls.
//!
//! A transaction that ran code is run again on the state that it had, beside the chain and after the
//! block is there, so nothing waits for these lines.

use std::sync::{Arc, Weak};

use alloy_consensus::{Transaction as _, TxReceipt};
use alloy_evm::{Evm as _, EvmFactory as _};
use fixpoint_chain::ExecutedBlock;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{
    console::ConsoleInspector,
    context::Context,
    error::RpcError,
    estimate::TRANSFER_GAS,
    simulate::{evm_error, success},
    traced::each_of,
};

/// With more heads than these behind, transactions are not run again.
const MAX_BEHIND: usize = 16;

/// Whether anybody reads along.
pub(crate) fn is_read() -> bool {
    tracing::enabled!(tracing::Level::INFO)
}

/// Logs what a call said.
pub(crate) fn say(lines: impl IntoIterator<Item = String>) {
    for line in lines {
        tracing::info!("console.log: {line}");
    }
}

/// Logs the transactions of each new head until the chain is gone.
pub(crate) async fn follow(mut heads: Receiver<Arc<ExecutedBlock>>, context: Weak<Context>) {
    loop {
        match heads.recv().await {
            Ok(_) if !is_read() => {}
            Ok(block) => {
                let context = context.clone();
                let runs_again = heads.len() <= MAX_BEHIND;
                let told = tokio::task::spawn_blocking(move || {
                    // Not while the node stops.
                    let Some(context) = context.upgrade() else {
                        return;
                    };
                    if let Err(error) = tell(&context, &block, runs_again) {
                        tracing::warn!("block {} could not be run again: {error}", block.number());
                    }
                });
                // A panic is reported where it happens.
                let _ = told.await;
            }
            Err(RecvError::Lagged(blocks)) => {
                tracing::warn!("{blocks} blocks came too fast for their transactions to be logged");
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// What running a transaction again shows beside its receipt.
#[derive(Default)]
struct Seen {
    /// Why it failed.
    failure: Option<String>,
    /// What it said.
    lines: Vec<String>,
}

fn tell(context: &Context, block: &ExecutedBlock, runs_again: bool) -> Result<(), RpcError> {
    let mut seen = if runs_again && !is_plain(block) {
        look(context, block)?
    } else {
        Vec::new()
    };
    seen.resize_with(block.transactions.len(), Seen::default);
    for (index, (transaction, seen)) in block.transactions.iter().zip(seen).enumerate() {
        let succeeded = block.receipts.get(index).is_some_and(TxReceipt::status);
        let created = transaction
            .to()
            .is_none()
            .then(|| transaction.signer().create(transaction.nonce()));
        let failure = seen.failure.as_deref();
        tracing::info!(
            block = block.number(),
            hash = %transaction.inner().tx_hash(),
            from = %transaction.signer(),
            to = transaction.to().map(tracing::field::display),
            created = created.filter(|_| succeeded).map(tracing::field::display),
            gas_used = block.gas_used_by(index),
            failure = (!succeeded).then(|| failure.unwrap_or("failed")),
            "transaction"
        );
        say(seen.lines);
    }
    Ok(())
}

/// Whether its transactions ran no code: each took what a transfer takes.
fn is_plain(block: &ExecutedBlock) -> bool {
    (0..block.transactions.len()).all(|index| block.gas_used_by(index) == Some(TRANSFER_GAS))
}

fn look(context: &Context, block: &ExecutedBlock) -> Result<Vec<Seen>, RpcError> {
    let factory = context.chain.spec().evm_factory();
    each_of(context, block, |_, database, env, transaction| {
        let mut console = ConsoleInspector::default();
        let outcome = factory
            .create_evm_with_inspector(database, env, &mut console)
            .transact(transaction)
            .map_err(evm_error)?;
        let seen = Seen {
            failure: success(outcome.result.clone())
                .err()
                .map(|error| error.to_string()),
            lines: console.into_lines(),
        };
        Ok((seen, outcome))
    })
}
