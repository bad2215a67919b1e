//! Which logs a query wants, and the shape of the answer. The scan over blocks is in [`crate::chain`].

use std::collections::BTreeSet;

use alloy_primitives::{Address, B256, Bloom, BloomInput, Log};

use crate::block::ExecutedBlock;

/// What `eth_getLogs` filters by. An empty set matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFilter {
    /// The log's address is one of these.
    pub addresses: BTreeSet<Address>,
    /// For each position (at most four): the topic there is one of these. A log with fewer topics
    /// than positions listed does not match, even where the set is empty.
    pub topics: Vec<BTreeSet<B256>>,
}

/// A log with the place where it stands in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Address, topics, data.
    pub log: Log,
    /// Number of its block.
    pub block_number: u64,
    /// Hash of its block.
    pub block_hash: B256,
    /// Timestamp of its block, in seconds.
    pub block_timestamp_s: u64,
    /// Hash of its transaction.
    pub transaction_hash: B256,
    /// Index of its transaction in the block.
    pub transaction_index: u64,
    /// Index among all logs of the block.
    pub log_index: u64,
}

impl LogFilter {
    /// Whether a block or receipt with this bloom filter can hold a matching log.
    /// False is certain; true is not.
    pub fn may_match(&self, bloom: &Bloom) -> bool {
        let has = |raw: &[u8]| bloom.contains_input(BloomInput::Raw(raw));
        let one_of = |mut raws: Box<dyn Iterator<Item = &[u8]> + '_>| raws.any(has);
        (self.addresses.is_empty() || one_of(Box::new(self.addresses.iter().map(|a| a.as_slice()))))
            && self.topics.iter().all(|choices| {
                choices.is_empty() || one_of(Box::new(choices.iter().map(|t| t.as_slice())))
            })
    }

    /// Whether this very log is wanted.
    pub fn matches(&self, log: &Log) -> bool {
        let topics = log.topics();
        (self.addresses.is_empty() || self.addresses.contains(&log.address))
            && self.topics.len() <= topics.len()
            && self
                .topics
                .iter()
                .zip(topics)
                .all(|(choices, topic)| choices.is_empty() || choices.contains(topic))
    }
}

impl LogFilter {
    /// The logs of a block that are wanted, in order.
    pub fn select<'a>(&'a self, block: &'a ExecutedBlock) -> impl Iterator<Item = LogEntry> + 'a {
        let mut log_index = 0u64;
        let all = block
            .transactions
            .iter()
            .zip(&block.receipts)
            .zip(0u64..)
            .flat_map(move |((transaction, receipt), transaction_index)| {
                let first = log_index;
                log_index += receipt.logs().len() as u64;
                receipt
                    .logs()
                    .iter()
                    .zip(first..)
                    .map(move |(log, log_index)| {
                        (
                            *transaction.inner().tx_hash(),
                            transaction_index,
                            log,
                            log_index,
                        )
                    })
            });
        all.filter(|(_, _, log, _)| self.matches(log)).map(
            |(transaction_hash, transaction_index, log, log_index)| LogEntry {
                log: log.clone(),
                block_number: block.number(),
                block_hash: block.hash(),
                block_timestamp_s: block.header.timestamp,
                transaction_hash,
                transaction_index,
                log_index,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::LogData;

    fn log(address: u8, topics: &[u8]) -> Log {
        let topics = topics.iter().map(|t| B256::repeat_byte(*t)).collect();
        Log {
            address: Address::repeat_byte(address),
            data: LogData::new_unchecked(topics, Default::default()),
        }
    }

    fn filter(addresses: &[u8], topics: &[&[u8]]) -> LogFilter {
        LogFilter {
            addresses: addresses.iter().map(|a| Address::repeat_byte(*a)).collect(),
            topics: topics
                .iter()
                .map(|choices| choices.iter().map(|t| B256::repeat_byte(*t)).collect())
                .collect(),
        }
    }

    #[test]
    fn positions_alternatives_and_wildcards() {
        let l = log(1, &[7, 8]);
        for (wanted, expect) in [
            (filter(&[], &[]), true),
            (filter(&[1, 2], &[]), true),
            (filter(&[2], &[]), false),
            (filter(&[], &[&[7]]), true),
            (filter(&[], &[&[8]]), false),
            (filter(&[], &[&[], &[8, 9]]), true),
            (filter(&[], &[&[], &[], &[]]), false),
        ] {
            assert_eq!(wanted.matches(&l), expect, "{wanted:?}");
        }
    }

    #[test]
    fn the_bloom_never_hides_a_match() {
        let l = log(1, &[7, 8]);
        let mut bloom = Bloom::ZERO;
        bloom.accrue_log(&l);
        assert!(filter(&[1], &[&[7], &[8]]).may_match(&bloom));
        assert!(filter(&[], &[]).may_match(&bloom));
        assert!(!filter(&[2], &[]).may_match(&bloom));
        assert!(!filter(&[1], &[&[9]]).may_match(&bloom));
    }
}
