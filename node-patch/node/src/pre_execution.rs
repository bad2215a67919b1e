//! Threads that run what waits in the pool before it is in a block, so that the block finds the
//! answers of its inferences.
//!
//! Only when and on which thread lives here; the run itself is [`Chain::pre_execute`]. A transaction is
//! noted down by its hash when the pool takes it in. If more come than the threads can run, the newest
//! are left out: a block simply executes them.

use std::{
    collections::VecDeque,
    io,
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use alloy_primitives::B256;
use fixpoint_chain::{BlockAttributes, Chain, PreExecuted};
use parking_lot::{Condvar, Mutex};

/// Most transactions that wait for a thread: as many as the pool holds.
const MAX_WAITING: usize = fixpoint_chain::pool::MAX_TRANSACTIONS;

/// Most threads that make sense to ask for.
pub const MAX_THREADS: u16 = 1_024;

/// What answers that a node remembers may weigh together: those of a hundred thousand inferences with
/// a hundred outputs each.
pub const ANSWER_BYTES: usize = 64 << 20;

/// One thread less than the machine has, for whoever makes the blocks; at least one.
pub fn default_threads() -> u16 {
    let all = thread::available_parallelism().map_or(1, NonZero::get);
    u16::try_from(all.saturating_sub(1))
        .unwrap_or(MAX_THREADS)
        .clamp(1, MAX_THREADS)
}

/// Running threads. They end when this is dropped; [`Self::stop`] waits for that.
pub struct PreExecution {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    chain: Chain,
    next_block: Box<dyn Fn() -> Option<BlockAttributes> + Send + Sync>,
    work: Mutex<Work>,
    /// Something waits, or the threads shall end.
    wake: Condvar,
    /// Nothing waits and nothing runs.
    idle: Condvar,
    is_stopped: AtomicBool,
}

#[derive(Default)]
struct Work {
    waiting: VecDeque<B256>,
    running: usize,
}

impl PreExecution {
    /// From now on runs transactions that `chain`'s pool takes in, on so many threads, in a block with
    /// the attributes that `next_block` gives. While it gives none nothing is run: a block for each
    /// transaction comes at once.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(
        chain: Chain,
        threads: u16,
        next_block: impl Fn() -> Option<BlockAttributes> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            chain,
            next_block: Box::new(next_block),
            work: Mutex::default(),
            wake: Condvar::new(),
            idle: Condvar::new(),
            is_stopped: AtomicBool::new(false),
        });
        let weak = Arc::downgrade(&shared);
        let mut this = Self {
            shared,
            threads: Vec::new(),
        };
        for index in 0..threads {
            let shared = Arc::clone(&this.shared);
            let thread = thread::Builder::new()
                .name(format!("pre-execution-{index}"))
                .spawn(move || shared.run_what_comes())?;
            this.threads.push(thread);
        }
        // Weak, as the chain keeps what listens to it and is kept by the threads itself.
        this.shared.chain.on_transaction(move |transaction| {
            let shared = weak.upgrade();
            shared.is_some_and(|shared| shared.note(*transaction.inner().tx_hash()))
        });
        Ok(this)
    }

    /// Waits until every transaction that was noted down has been run.
    pub fn wait_until_idle(&self) {
        let mut work = self.shared.work.lock();
        while work.running > 0 || !work.waiting.is_empty() {
            self.shared.idle.wait(&mut work);
        }
    }

    /// Ends the threads; returns when they have let go of the chain. A model that runs is waited for.
    pub fn stop(mut self) {
        self.shared.stop();
        for thread in self.threads.drain(..) {
            // Its panic, which nothing should cause, was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for PreExecution {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl Shared {
    /// Notes a transaction down, if there is a point in it; false if nobody will run it any more.
    fn note(&self, hash: B256) -> bool {
        if self.is_stopped.load(Ordering::Relaxed) {
            return false;
        }
        if (self.next_block)().is_some() {
            let mut work = self.work.lock();
            if work.waiting.len() < MAX_WAITING {
                work.waiting.push_back(hash);
                self.wake.notify_one();
            }
        }
        true
    }

    fn stop(&self) {
        let mut work = self.work.lock();
        self.is_stopped.store(true, Ordering::Relaxed);
        work.waiting.clear();
        self.wake.notify_all();
        if work.running == 0 {
            self.idle.notify_all();
        }
    }

    fn run_what_comes(&self) {
        while let Some(hash) = self.next() {
            self.run(hash);
            let mut work = self.work.lock();
            work.running -= 1;
            if work.running == 0 && work.waiting.is_empty() {
                self.idle.notify_all();
            }
        }
    }

    /// Waits for a transaction; `None` at the end.
    fn next(&self) -> Option<B256> {
        let mut work = self.work.lock();
        loop {
            if self.is_stopped.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(hash) = work.waiting.pop_front() {
                work.running += 1;
                return Some(hash);
            }
            self.wake.wait(&mut work);
        }
    }

    fn run(&self, hash: B256) {
        // A block, or a replacement, may have come first.
        let Some(transaction) = self.chain.pooled_transaction(hash) else {
            return;
        };
        let Some(attributes) = (self.next_block)() else {
            return;
        };
        let ran = self
            .chain
            .pre_execute(&transaction, &attributes, &self.is_stopped);
        match ran {
            Ok(PreExecuted::Ran | PreExecuted::Stopped) => {}
            Ok(PreExecuted::Refused(reason)) => {
                tracing::debug!(%hash, reason, "not run before its block");
            }
            Err(error) => tracing::warn!(%hash, %error, "running it before its block failed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        accounts::DevWallet,
        genesis::{GenesisOptions, devnet_genesis},
    };
    use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope};
    use alloy_primitives::{Address, TxKind};
    use alloy_signer_local::PrivateKeySigner;
    use fixpoint_chain::{ChainSpec, Location};
    use std::time::{Duration, Instant};

    fn signer() -> PrivateKeySigner {
        DevWallet::default().signers().unwrap().remove(0)
    }

    fn chain() -> Chain {
        let genesis = devnet_genesis(GenesisOptions::default(), [signer().address()]).unwrap();
        let spec = ChainSpec::from_genesis(genesis).unwrap();
        Chain::open(Location::Memory, spec).unwrap()
    }

    fn submit(chain: &Chain, nonce: u64, to: TxKind, input: &'static [u8]) {
        use alloy_signer::SignerSync as _;
        let transaction = TxEip1559 {
            chain_id: 31_337,
            nonce,
            gas_limit: 16_000_000,
            max_fee_per_gas: 100_000_000_000,
            max_priority_fee_per_gas: 1,
            to,
            input: input.into(),
            ..TxEip1559::default()
        };
        let hash = transaction.signature_hash();
        let signature = signer().sign_hash_sync(&hash).unwrap();
        let transaction = TxEnvelope::from(transaction.into_signed(signature));
        chain.submit(transaction).unwrap();
    }

    fn next_block(chain: &Chain) -> impl Fn() -> Option<BlockAttributes> + use<> {
        let time_s = chain.head().timestamp + 1;
        move || Some(BlockAttributes::at(time_s))
    }

    #[test]
    fn what_comes_is_run_and_threads_end() {
        let chain = chain();
        let pre_execution = PreExecution::start(chain.clone(), 3, next_block(&chain)).unwrap();
        for nonce in 0..20 {
            submit(&chain, nonce, TxKind::Call(Address::ZERO), &[]);
        }
        pre_execution.wait_until_idle();
        let shared = Arc::downgrade(&pre_execution.shared);
        pre_execution.stop();
        assert_eq!(shared.strong_count(), 0, "nobody holds the chain");
        // The listener of before is forgotten.
        submit(&chain, 20, TxKind::Call(Address::ZERO), &[]);
    }

    #[test]
    fn nothing_is_noted_while_blocks_come_at_once_and_no_more_than_fits() {
        let chain = chain();
        let none = PreExecution::start(chain.clone(), 0, || None).unwrap();
        assert!(none.shared.note(B256::ZERO));
        none.wait_until_idle();
        let full = PreExecution::start(chain.clone(), 0, next_block(&chain)).unwrap();
        for _ in 0..MAX_WAITING + 10 {
            assert!(full.shared.note(B256::ZERO));
        }
        assert_eq!(full.shared.work.lock().waiting.len(), MAX_WAITING);
        full.shared.stop();
        assert!(!full.shared.note(B256::ZERO));
        full.wait_until_idle();
    }

    #[test]
    fn a_long_run_does_not_delay_the_end() {
        let chain = chain();
        let pre_execution = PreExecution::start(chain.clone(), 1, next_block(&chain)).unwrap();
        // JUMPDEST PUSH0 JUMP, as init code: each takes its 16 million gas.
        for nonce in 0..200 {
            submit(&chain, nonce, TxKind::Create, &[0x5b, 0x5f, 0x56]);
        }
        let begun = Instant::now();
        pre_execution.stop();
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}
