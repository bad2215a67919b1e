//! `eth_subscribe` over WebSocket.

use alloy_rpc_types_eth::pubsub::{Params as SubscriptionParams, SubscriptionKind};
use fixpoint_chain::{ExecutedBlock, LogFilter, RecoveredTransaction};
use jsonrpsee::{
    core::{RegisterMethodError, SubscriptionError, traits::IdProvider},
    server::{PendingSubscriptionSink, SubscriptionMessage, SubscriptionSink},
    types::{ErrorObjectOwned, Params, SubscriptionId},
};
use serde::Serialize;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::broadcast::Receiver;

use crate::{context::Context, convert, error::RpcError, filters::check_size, methods::Module};

/// Subscription ids as Ethereum clients expect them: hex quantities.
#[derive(Debug, Default)]
pub(crate) struct QuantityIds(AtomicU64);

impl IdProvider for QuantityIds {
    fn next_id(&self) -> SubscriptionId<'static> {
        let id = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        SubscriptionId::Str(format!("{id:#x}").into())
    }
}

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    module.register_subscription(
        "eth_subscribe",
        "eth_subscription",
        "eth_unsubscribe",
        |params, pending, context, _| subscribe(params.into_owned(), pending, context),
    )?;
    Ok(())
}

async fn subscribe(
    params: Params<'static>,
    pending: PendingSubscriptionSink,
    context: Arc<Context>,
) -> Result<(), SubscriptionError> {
    let (kind, filter) = match parse(&params) {
        Ok(parsed) => parsed,
        Err(error) => {
            pending.reject(ErrorObjectOwned::from(error)).await;
            return Ok(());
        }
    };
    // Events from before the client knows its subscription are kept: subscribe first, accept then.
    match (kind, filter) {
        (SubscriptionKind::NewHeads, _) => {
            let heads = context.heads.subscribe();
            let sink = pending.accept().await?;
            forward(heads, &sink, |block: &ExecutedBlock| {
                vec![convert::header(block)]
            })
            .await
        }
        (SubscriptionKind::Logs, filter) => {
            let wanted = match filter {
                SubscriptionParams::Logs(filter) => convert::log_filter(&filter),
                _ => LogFilter::default(),
            };
            let heads = context.heads.subscribe();
            let sink = pending.accept().await?;
            forward(heads, &sink, |block: &ExecutedBlock| {
                convert::logs_of(block, &wanted)
            })
            .await
        }
        (SubscriptionKind::NewPendingTransactions, SubscriptionParams::Bool(true)) => {
            let pooled = context.pooled.subscribe();
            let sink = pending.accept().await?;
            forward(pooled, &sink, |transaction: &RecoveredTransaction| {
                vec![convert::pooled_transaction(transaction.clone())]
            })
            .await
        }
        (SubscriptionKind::NewPendingTransactions, _) => {
            let pooled = context.pooled.subscribe();
            let sink = pending.accept().await?;
            forward(pooled, &sink, |transaction: &RecoveredTransaction| {
                vec![*transaction.inner().tx_hash()]
            })
            .await
        }
        (other, _) => {
            let error = RpcError::InvalidParams(format!("no subscription to {other} here"));
            pending.reject(ErrorObjectOwned::from(error)).await;
            Ok(())
        }
    }
}

fn parse(params: &Params<'_>) -> Result<(SubscriptionKind, SubscriptionParams), RpcError> {
    let invalid = |error: ErrorObjectOwned| RpcError::InvalidParams(error.to_string());
    let mut sequence = params.sequence();
    let kind = sequence.next().map_err(invalid)?;
    let filter: SubscriptionParams = sequence
        .optional_next()
        .map_err(invalid)?
        .unwrap_or_default();
    if let SubscriptionParams::Logs(filter) = &filter {
        check_size(filter)?;
    }
    Ok((kind, filter))
}

/// Sends what `messages` makes of every event until the client goes away. A client that cannot
/// keep up is dropped: a gap that it does not know of would be worse.
async fn forward<E, M: Serialize>(
    mut events: Receiver<Arc<E>>,
    sink: &SubscriptionSink,
    messages: impl Fn(&E) -> Vec<M>,
) -> Result<(), SubscriptionError> {
    loop {
        let event = tokio::select! {
            () = sink.closed() => return Ok(()),
            event = events.recv() => match event {
                Ok(event) => event,
                Err(_) => return Ok(()),
            },
        };
        for message in messages(&event) {
            let raw = serde_json::value::to_raw_value(&message)?;
            if sink.send(SubscriptionMessage::from(raw)).await.is_err() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_distinct_quantities() {
        let ids = QuantityIds::default();
        assert_eq!(ids.next_id(), SubscriptionId::Str("0x1".into()));
        assert_eq!(ids.next_id(), SubscriptionId::Str("0x2".into()));
    }
}
