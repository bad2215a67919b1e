//! Signed transactions that wait for a block: what is let in, in which order it goes out.
//!
//! The pool knows each sender's nonce at the head; nothing else of the state is kept here. Checks that
//! need no pool are in [`crate::admission`].

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, BinaryHeap},
};

use alloy_consensus::Transaction as _;
use alloy_primitives::{Address, B256, U256};

use crate::{admission::AdmissionError, block::RecoveredTransaction, state::StateError};

/// Most transactions in the pool.
pub const MAX_TRANSACTIONS: usize = 8_192;
/// Most transactions of one sender: more than a model of 471 chunks needs at once.
pub const MAX_TRANSACTIONS_PER_SENDER: usize = 1_024;
/// By how much both fees of a replacement must exceed those of what it replaces, in percent.
pub const REPLACEMENT_BUMP_PERCENT: u128 = 10;

/// Transactions in the pool by sender and nonce.
#[derive(Debug, Clone, Default)]
pub struct PoolContent {
    /// Executable now: nonces follow the account's without a gap.
    pub pending: BTreeMap<Address, BTreeMap<u64, RecoveredTransaction>>,
    /// Behind a nonce gap.
    pub queued: BTreeMap<Address, BTreeMap<u64, RecoveredTransaction>>,
}

/// How many transactions the pool holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolStatus {
    /// Executable now.
    pub pending: usize,
    /// Behind a nonce gap.
    pub queued: usize,
}

/// The pool refuses a transaction. Texts follow geth's, since clients match on them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// The transaction itself, or its sender's account, does not allow it.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// The very same transaction is in the pool.
    #[error("already known")]
    AlreadyKnown,
    /// Another transaction has this nonce, and this one does not pay enough more.
    #[error("replacement transaction underpriced")]
    ReplacementUnderpriced,
    /// The sender's transactions together cost more than it has.
    #[error(
        "insufficient funds for gas * price + value: balance {balance}, queued cost {queued}, tx cost {cost}"
    )]
    InsufficientFundsForQueue {
        /// The sender's, in wei.
        balance: U256,
        /// Cost of its other transactions up to this nonce, in wei.
        queued: U256,
        /// Most that this transaction can cost, in wei.
        cost: U256,
    },
    /// No room.
    #[error("txpool is full")]
    Full,
    /// The sender has too many transactions here.
    #[error("account limit exceeded: {limit} transactions of one sender")]
    AccountLimit {
        /// [`MAX_TRANSACTIONS_PER_SENDER`].
        limit: usize,
    },
    /// Reading the sender's account failed.
    #[error(transparent)]
    State(#[from] StateError),
}

/// A sender's account at the head, as far as the pool needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sender {
    /// Transaction count.
    pub(crate) nonce: u64,
    /// Wei.
    pub(crate) balance: U256,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Pool {
    senders: BTreeMap<Address, Queue>,
    places: BTreeMap<B256, (Address, u64)>,
    arrivals: u64,
}

#[derive(Debug, Clone, Default)]
struct Queue {
    /// The account's nonce at the head.
    nonce: u64,
    transactions: BTreeMap<u64, Pooled>,
}

#[derive(Debug, Clone)]
struct Pooled {
    transaction: RecoveredTransaction,
    arrival: u64,
}

impl Queue {
    /// Transactions that follow the account's nonce without a gap.
    fn pending(&self) -> impl Iterator<Item = &Pooled> {
        (self.nonce..)
            .zip(&self.transactions)
            .take_while(|(want, (got, _))| want == *got)
            .map(|(_, (_, pooled))| pooled)
    }
}

/// Most that a transaction can cost its sender in wei.
pub(crate) fn cost_wei(transaction: &RecoveredTransaction) -> U256 {
    let gas = U256::from(transaction.gas_limit());
    gas.saturating_mul(U256::from(transaction.max_fee_per_gas()))
        .saturating_add(transaction.value())
}

fn tip_cap_wei(transaction: &RecoveredTransaction) -> u128 {
    transaction
        .max_priority_fee_per_gas()
        .unwrap_or_else(|| transaction.max_fee_per_gas())
}

/// Whether `new` pays at least [`REPLACEMENT_BUMP_PERCENT`] more than `old`.
fn is_bumped(old: u128, new: u128) -> bool {
    let least = old.saturating_add(old.saturating_mul(REPLACEMENT_BUMP_PERCENT).div_ceil(100));
    new >= least && new > old
}

impl Pool {
    /// Takes in a transaction that [`crate::admission`] let pass; gives its hash.
    pub(crate) fn add(
        &mut self,
        transaction: RecoveredTransaction,
        sender: Sender,
    ) -> Result<B256, PoolError> {
        let hash = *transaction.inner().tx_hash();
        if self.places.contains_key(&hash) {
            return Err(PoolError::AlreadyKnown);
        }
        let (address, nonce) = (transaction.signer(), transaction.nonce());
        let replaced = self.check_place(&transaction, sender)?;
        if let Some(old) = replaced {
            self.places.remove(&old);
        }
        self.arrivals += 1;
        let queue = self.senders.entry(address).or_default();
        queue.nonce = sender.nonce;
        queue.transactions.insert(
            nonce,
            Pooled {
                transaction,
                arrival: self.arrivals,
            },
        );
        self.places.insert(hash, (address, nonce));
        Ok(hash)
    }

    /// Whether there is a place for the transaction; the hash of the one that it replaces.
    fn check_place(
        &self,
        transaction: &RecoveredTransaction,
        sender: Sender,
    ) -> Result<Option<B256>, PoolError> {
        let none = BTreeMap::new();
        let others = match self.senders.get(&transaction.signer()) {
            Some(queue) => &queue.transactions,
            None => &none,
        };
        let old = others
            .get(&transaction.nonce())
            .map(|pooled| &pooled.transaction);
        match old {
            Some(old) => {
                let dearer = is_bumped(old.max_fee_per_gas(), transaction.max_fee_per_gas())
                    && is_bumped(tip_cap_wei(old), tip_cap_wei(transaction));
                if !dearer {
                    return Err(PoolError::ReplacementUnderpriced);
                }
            }
            None if others.len() >= MAX_TRANSACTIONS_PER_SENDER => {
                return Err(PoolError::AccountLimit {
                    limit: MAX_TRANSACTIONS_PER_SENDER,
                });
            }
            None if self.places.len() >= MAX_TRANSACTIONS => return Err(PoolError::Full),
            None => {}
        }
        let queued = others
            .range(..transaction.nonce())
            .fold(U256::ZERO, |sum, (_, other)| {
                sum.saturating_add(cost_wei(&other.transaction))
            });
        let (balance, cost) = (sender.balance, cost_wei(transaction));
        if queued.saturating_add(cost) > balance {
            return Err(PoolError::InsufficientFundsForQueue {
                balance,
                queued,
                cost,
            });
        }
        Ok(old.map(|old| *old.inner().tx_hash()))
    }

    /// Executable transactions that pay the base fee: best tip first, a sender's own in nonce order.
    pub(crate) fn best(&self, base_fee_wei: u64) -> Vec<RecoveredTransaction> {
        let mut queues: Vec<_> = self.senders.values().map(Queue::pending).collect();
        let mut heap: BinaryHeap<Candidate<'_>> = BinaryHeap::new();
        for (queue, transactions) in queues.iter_mut().enumerate() {
            heap.extend(Candidate::next(transactions, queue, base_fee_wei));
        }
        let mut best = Vec::new();
        while let Some(candidate) = heap.pop() {
            best.push(candidate.pooled.transaction.clone());
            if let Some(transactions) = queues.get_mut(candidate.queue) {
                heap.extend(Candidate::next(transactions, candidate.queue, base_fee_wei));
            }
        }
        best
    }

    /// Forgets what a new head made obsolete. `nonce` gives an account's nonce at that head.
    pub(crate) fn advance<E>(
        &mut self,
        mut nonce: impl FnMut(Address) -> Result<u64, E>,
    ) -> Result<(), E> {
        for (address, queue) in &mut self.senders {
            queue.nonce = nonce(*address)?;
            let rest = queue.transactions.split_off(&queue.nonce);
            for past in std::mem::replace(&mut queue.transactions, rest).into_values() {
                self.places.remove(past.transaction.inner().tx_hash());
            }
        }
        self.senders
            .retain(|_, queue| !queue.transactions.is_empty());
        Ok(())
    }

    /// Takes a transaction out; false if it was not there.
    pub(crate) fn remove(&mut self, hash: B256) -> bool {
        let Some((address, nonce)) = self.places.remove(&hash) else {
            return false;
        };
        if let Some(queue) = self.senders.get_mut(&address) {
            queue.transactions.remove(&nonce);
            if queue.transactions.is_empty() {
                self.senders.remove(&address);
            }
        }
        true
    }

    /// A transaction by its hash.
    pub(crate) fn get(&self, hash: B256) -> Option<&RecoveredTransaction> {
        let (address, nonce) = self.places.get(&hash)?;
        Some(
            &self
                .senders
                .get(address)?
                .transactions
                .get(nonce)?
                .transaction,
        )
    }

    /// The nonce after the sender's pending transactions; `None` if it has nothing here.
    pub(crate) fn next_nonce(&self, address: Address) -> Option<u64> {
        let queue = self.senders.get(&address)?;
        let count = u64::try_from(queue.pending().count()).unwrap_or(u64::MAX);
        Some(queue.nonce.saturating_add(count))
    }

    /// Everything, sorted into pending and queued.
    pub(crate) fn content(&self) -> PoolContent {
        let mut content = PoolContent::default();
        for (address, queue) in &self.senders {
            let pending = queue.pending().count();
            for (position, (nonce, pooled)) in queue.transactions.iter().enumerate() {
                let part = if position < pending {
                    &mut content.pending
                } else {
                    &mut content.queued
                };
                part.entry(*address)
                    .or_default()
                    .insert(*nonce, pooled.transaction.clone());
            }
        }
        content
    }

    /// How much there is.
    pub(crate) fn status(&self) -> PoolStatus {
        let pending = self
            .senders
            .values()
            .map(|queue| queue.pending().count())
            .sum();
        PoolStatus {
            pending,
            queued: self.places.len().saturating_sub(pending),
        }
    }
}

/// The next transaction of one sender, ordered by what it pays.
struct Candidate<'a> {
    tip_wei: u128,
    pooled: &'a Pooled,
    queue: usize,
}

impl<'a> Candidate<'a> {
    /// `None` if there is no next one, or it does not pay the base fee and so holds back the rest.
    fn next(
        transactions: &mut impl Iterator<Item = &'a Pooled>,
        queue: usize,
        base_fee_wei: u64,
    ) -> Option<Self> {
        let pooled = transactions.next()?;
        let tip_wei = pooled.transaction.effective_tip_per_gas(base_fee_wei)?;
        Some(Self {
            tip_wei,
            pooled,
            queue,
        })
    }

    fn rank(&self) -> (u128, Reverse<u64>) {
        (self.tip_wei, Reverse(self.pooled.arrival))
    }
}

impl Ord for Candidate<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Candidate<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Candidate<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Transaction;
    use alloy_consensus::{SignableTransaction, TxEip1559, transaction::Recovered};
    use alloy_primitives::{Signature, TxKind};

    fn transaction(sender: u8, nonce: u64, fee: u128, tip: u128) -> RecoveredTransaction {
        let transaction = TxEip1559 {
            chain_id: 1,
            nonce,
            gas_limit: 21_000,
            max_fee_per_gas: fee,
            max_priority_fee_per_gas: tip,
            to: TxKind::Call(Address::ZERO),
            value: U256::from(sender),
            ..TxEip1559::default()
        };
        let signed = transaction.into_signed(Signature::test_signature());
        Recovered::new_unchecked(Transaction::from(signed), Address::repeat_byte(sender))
    }

    fn rich(nonce: u64) -> Sender {
        Sender {
            nonce,
            balance: U256::MAX,
        }
    }

    fn order(pool: &Pool, base_fee_wei: u64) -> Vec<(u8, u64)> {
        pool.best(base_fee_wei)
            .iter()
            .map(|tx| (tx.signer()[0], tx.nonce()))
            .collect()
    }

    #[test]
    fn best_tip_first_and_nonces_in_order() {
        let mut pool = Pool::default();
        for (sender, nonce, fee, tip) in [
            (1, 0, 100, 1),
            (1, 1, 100, 9),
            (2, 5, 100, 5),
            (3, 0, 100, 5),
            (4, 0, 9, 9),
        ] {
            let account = rich(if sender == 2 { 5 } else { 0 });
            pool.add(transaction(sender, nonce, fee, tip), account)
                .expect("room");
        }
        // Equal tips go by arrival; sender 1's good second waits for its bad first; 4 cannot pay.
        assert_eq!(order(&pool, 10), [(2, 5), (3, 0), (1, 0), (1, 1)]);
        assert_eq!(order(&pool, 0), [(4, 0), (2, 5), (3, 0), (1, 0), (1, 1)]);
    }

    #[test]
    fn a_gap_queues_and_filling_it_makes_pending() {
        let mut pool = Pool::default();
        pool.add(transaction(1, 4, 10, 1), rich(3)).expect("room");
        assert_eq!(
            pool.status(),
            PoolStatus {
                pending: 0,
                queued: 1
            }
        );
        assert_eq!(pool.next_nonce(Address::repeat_byte(1)), Some(3));
        assert!(pool.best(0).is_empty());
        pool.add(transaction(1, 3, 10, 1), rich(3)).expect("room");
        assert_eq!(
            pool.status(),
            PoolStatus {
                pending: 2,
                queued: 0
            }
        );
        assert_eq!(pool.next_nonce(Address::repeat_byte(1)), Some(5));
        assert_eq!(pool.content().pending[&Address::repeat_byte(1)].len(), 2);
    }

    #[test]
    fn a_replacement_pays_ten_percent_more_of_both() {
        let mut pool = Pool::default();
        let first = pool.add(transaction(1, 0, 100, 10), rich(0)).expect("room");
        for (fee, tip) in [(109, 11), (110, 10), (100, 10), (90, 9)] {
            let refused = pool.add(transaction(1, 0, fee, tip), rich(0));
            let known = matches!(refused, Err(PoolError::AlreadyKnown));
            let cheap = matches!(refused, Err(PoolError::ReplacementUnderpriced));
            assert!(
                if (fee, tip) == (100, 10) {
                    known
                } else {
                    cheap
                },
                "{fee} {tip}"
            );
        }
        let second = pool
            .add(transaction(1, 0, 110, 11), rich(0))
            .expect("a fair replacement");
        assert!(pool.get(first).is_none() && pool.get(second).is_some());
        assert_eq!(
            pool.status(),
            PoolStatus {
                pending: 1,
                queued: 0
            }
        );
    }

    #[test]
    fn the_costs_of_a_sender_add_up() {
        let mut pool = Pool::default();
        let one = transaction(1, 0, 10, 1);
        let sender = Sender {
            nonce: 0,
            balance: cost_wei(&one) + U256::from(1),
        };
        pool.add(one, sender).expect("it can pay one");
        let refused = pool.add(transaction(1, 1, 10, 1), sender);
        assert!(matches!(
            refused,
            Err(PoolError::InsufficientFundsForQueue { .. })
        ));
    }

    #[test]
    fn a_new_head_drops_what_it_used_and_keeps_the_rest() {
        let mut pool = Pool::default();
        let hashes = [0, 1, 2].map(|nonce| {
            pool.add(transaction(1, nonce, 10, 1), rich(0))
                .expect("room")
        });
        pool.advance(|_| Ok::<_, ()>(2)).expect("nonces are known");
        assert!(pool.get(hashes[0]).is_none() && pool.get(hashes[1]).is_none());
        assert_eq!(order(&pool, 0), [(1, 2)]);
        assert!(pool.remove(hashes[2]) && !pool.remove(hashes[2]));
        assert_eq!(pool.status(), PoolStatus::default());
        assert_eq!(pool.next_nonce(Address::repeat_byte(1)), None);
    }

    #[test]
    fn one_sender_cannot_fill_the_pool() {
        let mut pool = Pool::default();
        for nonce in 0..MAX_TRANSACTIONS_PER_SENDER as u64 {
            pool.add(transaction(1, nonce, 10, 1), rich(0))
                .expect("room");
        }
        let next = MAX_TRANSACTIONS_PER_SENDER as u64;
        let refused = pool.add(transaction(1, next, 10, 1), rich(0));
        assert!(matches!(refused, Err(PoolError::AccountLimit { .. })));
        pool.add(transaction(2, 0, 10, 1), rich(0))
            .expect("others have room");
    }
}
