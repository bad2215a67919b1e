//! What waits in the pool.

use std::collections::BTreeMap;

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, U64};
use alloy_rpc_types_eth::Transaction;
use fixpoint_chain::RecoveredTransaction;
use jsonrpsee::core::RegisterMethodError;
use serde::Serialize;

use crate::{
    context::Context,
    convert,
    error::RpcError,
    methods::{Arguments, Module, register as method},
};

/// Transactions by sender and nonce (a decimal string).
type BySender = BTreeMap<Address, BTreeMap<String, Transaction>>;

#[derive(Clone, Serialize)]
struct Status {
    pending: U64,
    queued: U64,
}

#[derive(Clone, Serialize)]
struct Content {
    pending: BySender,
    queued: BySender,
}

#[derive(Clone, Serialize)]
struct ContentFrom {
    pending: BTreeMap<String, Transaction>,
    queued: BTreeMap<String, Transaction>,
}

/// A line for each transaction, by sender and nonce.
type SummariesBySender = BTreeMap<Address, BTreeMap<String, String>>;

#[derive(Clone, Serialize)]
struct Summaries {
    pending: SummariesBySender,
    queued: SummariesBySender,
}

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "txpool_status", |context, _| {
        let status = context.chain.pool_status();
        Ok(Status {
            pending: U64::from(status.pending),
            queued: U64::from(status.queued),
        })
    })?;
    method(module, "txpool_content", |context, _| {
        let content = context.chain.pool_content();
        Ok(Content {
            pending: by_sender(content.pending),
            queued: by_sender(content.queued),
        })
    })?;
    method(module, "txpool_contentFrom", content_from)?;
    method(module, "txpool_inspect", |context, _| {
        let content = context.chain.pool_content();
        Ok(Summaries {
            pending: summaries(&content.pending),
            queued: summaries(&content.queued),
        })
    })
}

fn content_from(context: &Context, arguments: &mut Arguments<'_>) -> Result<ContentFrom, RpcError> {
    let sender: Address = arguments.required("address")?;
    let mut content = context.chain.pool_content();
    Ok(ContentFrom {
        pending: by_nonce(content.pending.remove(&sender).unwrap_or_default()),
        queued: by_nonce(content.queued.remove(&sender).unwrap_or_default()),
    })
}

fn summaries(
    transactions: &BTreeMap<Address, BTreeMap<u64, RecoveredTransaction>>,
) -> SummariesBySender {
    transactions
        .iter()
        .map(|(sender, by_nonce)| {
            let lines = by_nonce
                .iter()
                .map(|(nonce, tx)| (nonce.to_string(), summary(tx)));
            (*sender, lines.collect())
        })
        .collect()
}

/// Geth's line, which tools take apart.
fn summary(transaction: &RecoveredTransaction) -> String {
    let to = match transaction.to() {
        Some(to) => to.to_string(),
        None => "contract creation".to_owned(),
    };
    let (value, gas) = (transaction.value(), transaction.gas_limit());
    let price = transaction.max_fee_per_gas();
    format!("{to}: {value} wei + {gas} gas × {price} wei")
}

fn by_sender(transactions: BTreeMap<Address, BTreeMap<u64, RecoveredTransaction>>) -> BySender {
    transactions
        .into_iter()
        .map(|(sender, of_sender)| (sender, by_nonce(of_sender)))
        .collect()
}

fn by_nonce(transactions: BTreeMap<u64, RecoveredTransaction>) -> BTreeMap<String, Transaction> {
    transactions
        .into_iter()
        .map(|(nonce, tx)| (nonce.to_string(), convert::pooled_transaction(tx)))
        .collect()
}
