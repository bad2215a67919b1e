//! Filters that clients poll. Only their bookkeeping lives here; the queries are in `eth_logs`.
//!
//! A filter is little more than a block number. Only a development chain's head moves back, and then
//! every filter goes on from there.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use alloy_primitives::U256;
use alloy_rpc_types_eth::Filter;
use fixpoint_chain::RecoveredTransaction;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::broadcast;

use crate::error::RpcError;

/// A filter that nobody polls for this long is removed.
const FILTER_LIFETIME: Duration = Duration::from_secs(5 * 60);
/// Most filters at a time; clients forget to remove theirs.
const MAX_FILTERS: usize = 10_000;
/// Most addresses of one filter, and most topics at one of its positions.
const MAX_ALTERNATIVES: usize = 1_000;
/// Most addresses and topics of all installed filters together: about 10 MB.
const MAX_HELD: usize = 200_000;

/// Refuses a filter with more alternatives than any client needs; each costs work on every block.
///
/// # Errors
/// [`RpcError::InvalidParams`] that says what there is too much of.
pub(crate) fn check_size(filter: &Filter) -> Result<(), RpcError> {
    let too_many = |what: &str, got: usize| {
        RpcError::InvalidParams(format!("filter: {got} {what}, at most {MAX_ALTERNATIVES}"))
    };
    if filter.address.len() > MAX_ALTERNATIVES {
        return Err(too_many("addresses", filter.address.len()));
    }
    match filter
        .topics
        .iter()
        .find(|set| set.len() > MAX_ALTERNATIVES)
    {
        Some(set) => Err(too_many("topics at one position", set.len())),
        None => Ok(()),
    }
}

/// What a filter collects, and from where on.
#[derive(Debug)]
pub(crate) enum FilterKind {
    /// Logs from block `next` on.
    Logs { filter: Box<Filter>, next: u64 },
    /// Hashes of blocks from `next` on.
    Blocks { next: u64 },
    /// Hashes of transactions that entered the pool.
    Pending(broadcast::Receiver<Arc<RecoveredTransaction>>),
}

impl FilterKind {
    /// Addresses and topics that this filter keeps in memory.
    fn held(&self) -> usize {
        match self {
            Self::Logs { filter, .. } => {
                let topics: usize = filter.topics.iter().map(|set| set.len()).sum();
                filter.address.len() + topics
            }
            Self::Blocks { .. } | Self::Pending(_) => 0,
        }
    }
}

#[derive(Debug)]
struct Installed {
    kind: FilterKind,
    polled: Instant,
}

/// The installed filters by id.
#[derive(Debug, Default)]
pub(crate) struct Filters {
    inner: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    last_id: u64,
    filters: BTreeMap<u64, Installed>,
}

impl Filters {
    /// Keeps a filter; returns its id.
    pub(crate) fn install(&self, kind: FilterKind) -> Result<U256, RpcError> {
        if let FilterKind::Logs { filter, .. } = &kind {
            check_size(filter)?;
        }
        let mut table = self.inner.lock();
        let now = Instant::now();
        table
            .filters
            .retain(|_, filter| now.duration_since(filter.polled) < FILTER_LIFETIME);
        if table.filters.len() >= MAX_FILTERS {
            let limit = MAX_FILTERS as u64;
            return Err(RpcError::Limit {
                what: "number of filters",
                got: limit + 1,
                limit,
            });
        }
        let installed = table.filters.values().map(|filter| filter.kind.held());
        let held = kind.held() + installed.sum::<usize>();
        if held > MAX_HELD {
            return Err(RpcError::InvalidParams(format!(
                "filter: the installed filters would hold {held} addresses and topics, at most {MAX_HELD}"
            )));
        }
        table.last_id += 1;
        let id = table.last_id;
        table.filters.insert(id, Installed { kind, polled: now });
        Ok(U256::from(id))
    }

    /// Runs `poll` on a filter. Holding the table meanwhile keeps two polls of one filter apart.
    pub(crate) fn poll<R>(
        &self,
        id: U256,
        poll: impl FnOnce(&mut FilterKind) -> Result<R, RpcError>,
    ) -> Result<R, RpcError> {
        let id = u64::try_from(id).map_err(|_| RpcError::UnknownFilter)?;
        let mut table = self.inner.lock();
        let installed = table.filters.get_mut(&id).ok_or(RpcError::UnknownFilter)?;
        installed.polled = Instant::now();
        poll(&mut installed.kind)
    }

    /// Blocks after `head` are gone: what comes in their place is new to every filter.
    pub(crate) fn rewind(&self, head: u64) {
        for filter in self.inner.lock().filters.values_mut() {
            match &mut filter.kind {
                FilterKind::Logs { next, .. } | FilterKind::Blocks { next } => {
                    *next = (*next).min(head.saturating_add(1));
                }
                FilterKind::Pending(_) => {}
            }
        }
    }

    /// Removes a filter; false if it was not there.
    pub(crate) fn uninstall(&self, id: U256) -> bool {
        u64::try_from(id).is_ok_and(|id| self.inner.lock().filters.remove(&id).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_live_until_removed() {
        let filters = Filters::default();
        let first = filters.install(FilterKind::Blocks { next: 1 }).unwrap();
        let second = filters.install(FilterKind::Blocks { next: 7 }).unwrap();
        assert_ne!(first, second);
        let next = filters.poll(second, |kind| match kind {
            FilterKind::Blocks { next } => Ok(std::mem::replace(next, 9)),
            _ => Err(RpcError::UnknownFilter),
        });
        assert_eq!(next.unwrap(), 7);
        assert!(filters.uninstall(second));
        assert!(!filters.uninstall(second));
        assert!(matches!(
            filters.poll(second, |_| Ok(())),
            Err(RpcError::UnknownFilter)
        ));
        assert!(filters.poll(first, |_| Ok(())).is_ok());
        assert!(filters.poll(U256::MAX, |_| Ok(())).is_err());
    }

    fn of_addresses(count: u64) -> FilterKind {
        let addresses: Vec<_> = (0..count)
            .map(|index| alloy_primitives::Address::left_padding_from(&index.to_be_bytes()))
            .collect();
        FilterKind::Logs {
            filter: Box::new(Filter::new().address(addresses)),
            next: 1,
        }
    }

    #[test]
    fn the_size_of_filters_is_bounded_one_by_one_and_together() {
        let refusal = |result: Result<U256, RpcError>| match result {
            Err(error @ RpcError::InvalidParams(_)) => error.to_string(),
            other => panic!("{other:?}"),
        };
        let filters = Filters::default();
        assert!(refusal(filters.install(of_addresses(1_001))).contains("1001 addresses"));
        let topics: Vec<_> = (0..1_001_u64)
            .map(U256::from)
            .map(alloy_primitives::B256::from)
            .collect();
        let filter = Box::new(Filter::new().event_signature(topics));
        let text = refusal(filters.install(FilterKind::Logs { filter, next: 1 }));
        assert!(text.contains("1001 topics"), "{text}");
        let first = filters.install(of_addresses(1_000)).unwrap();
        for _ in 1..200 {
            filters.install(of_addresses(1_000)).unwrap();
        }
        assert!(refusal(filters.install(of_addresses(1))).contains("200001"));
        filters.install(FilterKind::Blocks { next: 1 }).unwrap();
        assert!(filters.uninstall(first));
        filters.install(of_addresses(1_000)).unwrap();
    }
}
