//! The block types that every other file shares. No behaviour beyond field access.

use alloy_consensus::{Header, Sealed, TxEnvelope, transaction::Recovered};
use alloy_primitives::{Address, B256};

/// A signed transaction as it stands in a block.
pub type Transaction = TxEnvelope;
/// A signed transaction together with the address that signed it.
pub type RecoveredTransaction = Recovered<Transaction>;
/// A receipt as it stands in the receipts trie: type, status, cumulative gas, bloom, logs.
pub type Receipt = alloy_consensus::ReceiptEnvelope;
/// A header with its hash.
pub type SealedHeader = Sealed<Header>;
/// A block as it travels: header, transactions, no ommers, an empty withdrawal list.
pub type Block = alloy_consensus::Block<Transaction>;

/// A block with everything that its execution yields and that clients ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutedBlock {
    /// The header and its hash.
    pub header: SealedHeader,
    /// Transactions in block order, each with its sender.
    pub transactions: Vec<RecoveredTransaction>,
    /// One receipt per transaction, same order.
    pub receipts: Vec<Receipt>,
}

impl ExecutedBlock {
    /// Block hash.
    pub fn hash(&self) -> B256 {
        self.header.hash()
    }

    /// Block number.
    pub fn number(&self) -> u64 {
        self.header.number
    }

    /// Senders in block order.
    pub fn senders(&self) -> impl Iterator<Item = Address> + '_ {
        self.transactions.iter().map(Recovered::signer)
    }

    /// Gas that the transaction at `index` used alone (receipts are cumulative). `None` beyond the end.
    pub fn gas_used_by(&self, index: usize) -> Option<u64> {
        let until = self.receipts.get(index)?.cumulative_gas_used();
        let before = match index.checked_sub(1) {
            Some(previous) => self.receipts.get(previous)?.cumulative_gas_used(),
            None => 0,
        };
        until.checked_sub(before)
    }

    /// The number of logs in receipts before `index`: the block-wide index of its first log.
    pub fn first_log_index(&self, index: usize) -> usize {
        self.receipts
            .iter()
            .take(index)
            .map(|receipt| receipt.logs().len())
            .sum()
    }

    /// The block as it travels.
    pub fn to_block(&self) -> Block {
        let transactions = self
            .transactions
            .iter()
            .map(|tx| tx.inner().clone())
            .collect();
        block_of(self.header.inner().clone(), transactions)
    }
}

/// Puts a header and transactions together with the empty lists that every block here has.
pub(crate) fn block_of(header: Header, transactions: Vec<Transaction>) -> Block {
    let withdrawals = header.withdrawals_root.map(|_| Default::default());
    Block {
        header,
        body: alloy_consensus::BlockBody {
            transactions,
            ommers: Vec::new(),
            withdrawals,
        },
    }
}
