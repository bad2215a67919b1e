//! What came of all tests: by operator, by reason of a skip, failure by failure.

use super::case::{Outcome, Verdict};
use crate::output::out;
use std::{collections::BTreeMap, path::Path};

/// Counts of some tests.
#[derive(Clone, Copy, Default, serde::Serialize)]
struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl std::ops::Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

/// Counts of one operator's tests.
#[derive(Clone, Copy, Default)]
struct OperatorCount {
    positive: Count,
    negative: Count,
}

/// The result so far.
#[derive(Default)]
pub(super) struct Report {
    operators: BTreeMap<String, OperatorCount>,
    skips: BTreeMap<String, u64>,
    failures: Vec<String>,
}

impl Report {
    /// Counts a test; returns the line to print of it, if it is one to print.
    pub(super) fn add(&mut self, test: &Path, verdict: Verdict, verbose: bool) -> Option<String> {
        let counts = self.operators.entry(verdict.operator).or_default();
        let count = if verdict.is_negative {
            &mut counts.negative
        } else {
            &mut counts.positive
        };
        let shown = test.display();
        match verdict.outcome {
            Outcome::Passed { why } => {
                count.passed += 1;
                let why = if why.is_empty() {
                    why
                } else {
                    format!(": {why}")
                };
                verbose.then(|| format!("pass  {shown}{why}"))
            }
            Outcome::Skipped { why } => {
                count.skipped += 1;
                let line = verbose.then(|| format!("skip  {shown}: {why}"));
                *self.skips.entry(why).or_default() += 1;
                line
            }
            Outcome::Failed { why } => {
                count.failed += 1;
                let failure = format!("{shown}: {why}");
                let line = format!("FAIL  {failure}");
                self.failures.push(failure);
                Some(line)
            }
        }
    }

    fn total(&self) -> Count {
        let counts = self.operators.values();
        let sum = |total, counts: &OperatorCount| total + counts.positive + counts.negative;
        counts.fold(Count::default(), sum)
    }

    /// Number of tests that failed.
    pub(super) fn failed(&self) -> u64 {
        self.total().failed
    }

    /// Machine-readable form.
    pub(super) fn to_json(&self) -> serde_json::Value {
        let operators = self.operators.iter().map(|(name, counts)| {
            let both = counts.positive + counts.negative;
            let value = serde_json::json!({
                "positive": counts.positive, "negative": counts.negative,
                "passed": both.passed, "failed": both.failed, "skipped": both.skipped,
            });
            (name.clone(), value)
        });
        let total = self.total();
        serde_json::json!({
            "passed": total.passed, "failed": total.failed, "skipped": total.skipped,
            "operators": operators.collect::<serde_json::Map<_, _>>(),
            "skips": self.skips,
            "failures": self.failures,
        })
    }

    /// Prints a table of operators, the skips, and the sums.
    pub(super) fn print(&self) {
        let groups = ["positive", "negative"];
        out!("{:<24} {:>26} {:>26}", "operator", groups[0], groups[1]);
        let heads = ["passed", "failed", "skipped"].map(|head| format!("{head:>8}"));
        let heads = format!("{:>10}{}{}", heads[0].trim(), heads[1], heads[2]);
        out!("{:<24} {heads} {heads}", "");
        for (name, counts) in &self.operators {
            let [positive, negative] = [counts.positive, counts.negative].map(columns);
            out!("{name:<24} {positive} {negative}");
        }
        for (reason, count) in &self.skips {
            out!("skipped {count}: {reason}");
        }
        let total = self.total();
        out!(
            "{} passed, {} failed, {} skipped",
            total.passed,
            total.failed,
            total.skipped
        );
    }
}

fn columns(count: Count) -> String {
    format!(
        "{:>10}{:>8}{:>8}",
        count.passed, count.failed, count.skipped
    )
}
