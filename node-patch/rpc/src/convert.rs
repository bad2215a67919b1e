//! Chain types to JSON-RPC types. Pure: nothing here reads the chain.

use alloy_consensus::{Transaction as _, transaction::TransactionMeta};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{TxKind, U256};
use alloy_rlp::Encodable;
use alloy_rpc_types_eth::{
    Block, BlockTransactions, BlockTransactionsKind, Header, Log, Transaction, TransactionInfo,
    TransactionReceipt,
};
use fixpoint_chain::{ExecutedBlock, LogEntry, LogFilter, RecoveredTransaction};

/// The block, with whole transactions or with their hashes.
pub(crate) fn block(block: &ExecutedBlock, kind: BlockTransactionsKind) -> Block {
    let size = U256::from(block.to_block().length());
    let transactions = match kind {
        BlockTransactionsKind::Full => BlockTransactions::Full(
            (0..block.transactions.len())
                .filter_map(|index| transaction(block, index))
                .collect(),
        ),
        BlockTransactionsKind::Hashes => BlockTransactions::Hashes(
            block
                .transactions
                .iter()
                .map(|tx| *tx.inner().tx_hash())
                .collect(),
        ),
    };
    Block {
        header: Header::from_consensus(block.header.clone(), None, Some(size)),
        uncles: Vec::new(),
        transactions,
        withdrawals: block.header.withdrawals_root.map(|_| Default::default()),
    }
}

/// The header alone, as `newHeads` sends it.
pub(crate) fn header(block: &ExecutedBlock) -> Header {
    Header::from_consensus(block.header.clone(), None, None)
}

/// Transaction `index` of the block.
pub(crate) fn transaction(block: &ExecutedBlock, index: usize) -> Option<Transaction> {
    let transaction = block.transactions.get(index)?.clone();
    let info = TransactionInfo {
        hash: Some(*transaction.inner().tx_hash()),
        index: Some(index as u64),
        block_hash: Some(block.hash()),
        block_number: Some(block.number()),
        base_fee: block.header.base_fee_per_gas,
        block_timestamp: Some(block.header.timestamp),
    };
    Some(Transaction::from_transaction(transaction, info))
}

/// A transaction that waits in the pool.
pub(crate) fn pooled_transaction(transaction: RecoveredTransaction) -> Transaction {
    Transaction::from_transaction(transaction, TransactionInfo::default())
}

/// The receipt of transaction `index` of the block.
pub(crate) fn receipt(block: &ExecutedBlock, index: usize) -> Option<TransactionReceipt> {
    let transaction = block.transactions.get(index)?;
    let receipt = block.receipts.get(index)?;
    let meta = TransactionMeta {
        tx_hash: *transaction.inner().tx_hash(),
        index: index as u64,
        block_hash: block.hash(),
        block_number: block.number(),
        base_fee: block.header.base_fee_per_gas,
        excess_blob_gas: block.header.excess_blob_gas,
        timestamp: block.header.timestamp,
    };
    let (to, contract_address) = match transaction.kind() {
        TxKind::Call(to) => (Some(to), None),
        TxKind::Create => {
            let created = transaction.signer().create(transaction.nonce());
            (None, receipt.status().then_some(created))
        }
    };
    let first_log = block.first_log_index(index);
    let logs = Log::collect_for_receipt(first_log, meta, receipt.logs().iter().cloned());
    let mut logs = logs.into_iter();
    Some(TransactionReceipt {
        // One RPC log per consensus log, in the same order.
        inner: receipt.clone().map_logs(|log| {
            logs.next().unwrap_or_else(|| Log {
                inner: log,
                ..Log::default()
            })
        }),
        transaction_hash: meta.tx_hash,
        transaction_index: Some(meta.index),
        block_hash: Some(meta.block_hash),
        block_number: Some(meta.block_number),
        gas_used: block.gas_used_by(index)?,
        effective_gas_price: transaction.effective_gas_price(meta.base_fee),
        blob_gas_used: None,
        blob_gas_price: None,
        from: transaction.signer(),
        to,
        contract_address,
    })
}

/// A log from a log query.
pub(crate) fn log(entry: LogEntry) -> Log {
    Log {
        inner: entry.log,
        block_hash: Some(entry.block_hash),
        block_number: Some(entry.block_number),
        block_timestamp: Some(entry.block_timestamp_s),
        transaction_hash: Some(entry.transaction_hash),
        transaction_index: Some(entry.transaction_index),
        log_index: Some(entry.log_index),
        removed: false,
    }
}

/// Addresses and topics of a query; its block range is the caller's to resolve.
pub(crate) fn log_filter(filter: &alloy_rpc_types_eth::Filter) -> LogFilter {
    let mut topics: Vec<std::collections::BTreeSet<_>> = filter
        .topics
        .iter()
        .map(|choices| choices.iter().copied().collect())
        .collect();
    while topics
        .last()
        .is_some_and(std::collections::BTreeSet::is_empty)
    {
        topics.pop();
    }
    LogFilter {
        addresses: filter.address.iter().copied().collect(),
        topics,
    }
}

/// The logs of one block that `filter` wants.
pub(crate) fn logs_of(block: &ExecutedBlock, filter: &LogFilter) -> Vec<Log> {
    if !filter.may_match(&block.header.logs_bloom) {
        return Vec::new();
    }
    (0..block.receipts.len())
        .filter_map(|index| receipt(block, index))
        .flat_map(|receipt| receipt.inner.logs().to_vec())
        .filter(|log| filter.matches(&log.inner))
        .collect()
}

/// EIP-2718 bytes of a transaction.
pub(crate) fn encoded(transaction: &impl Encodable2718) -> alloy_primitives::Bytes {
    transaction.encoded_2718().into()
}
