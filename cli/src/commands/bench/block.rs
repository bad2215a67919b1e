//! `fixpoint bench --block`: what running transactions before their block spares it.

use super::scenario::Scenario;
use crate::output::out;
use anyhow::{Result, ensure};
use fixpoint_chain::{BlockAttributes, BuiltBlock, Chain, Mark};
use fixpoint_client::text::grouped;
use fixpoint_node::{PreExecution, kernels, pre_execution::ANSWER_BYTES};
use fixpoint_precompile::answer_cache::FifoAnswerCache;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// A block is made and checked so often; what is shown is the median.
const ROUNDS: usize = 5;

/// What one chain took for one block.
#[derive(Clone, Copy, Default)]
struct Times {
    build: Duration,
    verify: Duration,
}

/// What all rounds took.
#[derive(Default)]
struct Measured {
    gas_used: u64,
    executed: Vec<Times>,
    pre_executed: Vec<Times>,
    pre_execution: Vec<Duration>,
}

/// A chain whose next block is made again and again.
struct Bench {
    chain: Chain,
    /// The chain before that block.
    before: Mark,
    attributes: BlockAttributes,
}

/// Measures a block of so many transactions with an inference of the model each.
pub(super) fn run(payload: &[u8], transactions: u16, threads: u16, json: bool) -> Result<()> {
    let scenario = Scenario::new(payload, transactions)?;
    let answers = Arc::new(FifoAnswerCache::new(ANSWER_BYTES));
    let without = Bench::of(scenario.chain(None)?);
    let with = Bench::of(scenario.chain(Some(Arc::clone(&answers) as _))?);
    let attributes = with.attributes.clone();
    let pre_execution = PreExecution::start(with.chain.clone(), threads, move || {
        Some(attributes.clone())
    })?;
    let mut measured = Measured::default();
    for _ in 0..ROUNDS {
        let (executed, built) = without.block(&scenario)?;
        ensure!(
            built.block.receipts.iter().all(|receipt| receipt.status()),
            "the model fails on such an input"
        );
        answers.clear();
        let begun = Instant::now();
        for transaction in &scenario.transactions {
            with.chain.submit(transaction.inner().clone())?;
        }
        pre_execution.wait_until_idle();
        measured.pre_execution.push(begun.elapsed());
        let (pre_executed, again) = with.block(&scenario)?;
        ensure!(
            again.block == built.block,
            "answers of before change the block"
        );
        measured.gas_used = built.block.header.gas_used;
        measured.executed.push(executed);
        measured.pre_executed.push(pre_executed);
    }
    pre_execution.stop();
    if json {
        out!(
            "{}",
            serde_json::to_string_pretty(&measured.json(transactions, threads))?
        );
    } else {
        measured.print(transactions, threads);
    }
    Ok(())
}

impl Bench {
    fn of(chain: Chain) -> Self {
        let before = chain.mark();
        let attributes = BlockAttributes::at(before.head().timestamp + 1);
        Self {
            chain,
            before,
            attributes,
        }
    }

    /// Builds the block and verifies it; afterwards the chain and its pool are as before.
    fn block(&self, scenario: &Scenario) -> Result<(Times, BuiltBlock)> {
        let (parent, transactions) = (self.before.head().hash(), scenario.transactions.clone());
        let begun = Instant::now();
        let built = self.chain.build(parent, &self.attributes, transactions)?;
        let build = begun.elapsed();
        if let Some(skipped) = built.skipped.first() {
            anyhow::bail!("a transaction does not fit: {}", skipped.reason);
        }
        let block = built.block.to_block();
        let begun = Instant::now();
        self.chain.propose(block, self.attributes.timestamp_s)?;
        let verify = begun.elapsed();
        self.chain.rewind(&self.before)?;
        Ok((Times { build, verify }, built))
    }
}

impl Measured {
    fn print(&self, transactions: u16, threads: u16) {
        out!(
            "{transactions} transactions with an inference each, {} gas, kernels {}",
            grouped(self.gas_used),
            kernels::description()
        );
        out!("{:<24} {:>10} {:>10}", "", "build", "verify");
        for (name, times) in [
            ("executed in the block", &self.executed),
            ("pre-executed", &self.pre_executed),
        ] {
            let Times { build, verify } = medians(times);
            out!(
                "{name:<24} {:>7.1} ms {:>7.1} ms",
                milliseconds(build),
                milliseconds(verify)
            );
        }
        out!(
            "pre-execution took {:.1} ms on {threads} thread(s)",
            milliseconds(median(&self.pre_execution))
        );
    }

    fn json(&self, transactions: u16, threads: u16) -> serde_json::Value {
        let of = |times: &[Times]| {
            let Times { build, verify } = medians(times);
            serde_json::json!({
                "build_ms": milliseconds(build),
                "verify_ms": milliseconds(verify),
            })
        };
        serde_json::json!({
            "transactions": transactions,
            "gas_used": self.gas_used,
            "threads": threads,
            "kernels": kernels::description(),
            "executed": of(&self.executed),
            "pre_executed": of(&self.pre_executed),
            "pre_execution_ms": milliseconds(median(&self.pre_execution)),
        })
    }
}

fn medians(times: &[Times]) -> Times {
    let of = |part: fn(&Times) -> Duration| median(&times.iter().map(part).collect::<Vec<_>>());
    Times {
        build: of(|times| times.build),
        verify: of(|times| times.verify),
    }
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
