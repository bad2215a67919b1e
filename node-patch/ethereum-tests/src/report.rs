//! What came of the tests: counts by kind, the reasons of exclusions, the first failures in full.

use std::{collections::BTreeMap, fmt};

/// Failures that are printed; all are counted.
const SHOWN_FAILURES: usize = 50;

/// What came of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As expected, with the precompile and without.
    Passed,
    /// Not run.
    Excluded(String),
    /// Not as expected, and how.
    Failed(String),
}

/// Counts of one kind of tests of one hardfork.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: usize,
    failed: usize,
    excluded: usize,
}

/// What came of many tests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    counts: BTreeMap<(&'static str, String), Counts>,
    exclusions: BTreeMap<String, usize>,
    failures: Vec<String>,
    crashes: usize,
}

impl Report {
    /// Notes one test of a kind and a hardfork. `name` tells where it is.
    pub(crate) fn note(
        &mut self,
        kind: &'static str,
        hardfork: &str,
        name: &str,
        outcome: Outcome,
    ) {
        let key = (kind, hardfork.to_owned());
        let counts = self.counts.entry(key).or_default();
        match outcome {
            Outcome::Passed => counts.passed += 1,
            Outcome::Excluded(reason) => {
                counts.excluded += 1;
                *self.exclusions.entry(reason).or_default() += 1;
            }
            Outcome::Failed(how) => {
                counts.failed += 1;
                self.failures.push(format!("{name} ({hardfork}): {how}"));
            }
        }
    }

    /// Notes that a thread was lost with what it had counted.
    pub(crate) fn crash(&mut self) {
        self.crashes += 1;
    }

    /// Adds what another thread found.
    pub(crate) fn add(&mut self, other: Self) {
        for (key, counts) in other.counts {
            let sum = self.counts.entry(key).or_default();
            sum.passed += counts.passed;
            sum.failed += counts.failed;
            sum.excluded += counts.excluded;
        }
        for (reason, count) in other.exclusions {
            *self.exclusions.entry(reason).or_default() += count;
        }
        self.failures.extend(other.failures);
        self.crashes += other.crashes;
    }

    /// Whether tests ran and none failed.
    pub(crate) fn has_passed(&self) -> bool {
        let passed: usize = self.counts.values().map(|counts| counts.passed).sum();
        passed > 0 && self.failures.is_empty() && self.crashes == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut failures: Vec<&String> = self.failures.iter().collect();
        failures.sort();
        for failure in failures.iter().take(SHOWN_FAILURES) {
            writeln!(f, "FAILED {failure}")?;
        }
        if failures.len() > SHOWN_FAILURES {
            writeln!(f, "... and {} more", failures.len() - SHOWN_FAILURES)?;
        }
        if self.crashes > 0 {
            writeln!(f, "{} threads crashed", self.crashes)?;
        }
        writeln!(
            f,
            "{:<12} {:<32} {:>8} {:>8} {:>8}",
            "kind", "hardfork", "passed", "failed", "excluded"
        )?;
        let mut total = Counts::default();
        for ((kind, hardfork), counts) in &self.counts {
            let Counts {
                passed,
                failed,
                excluded,
            } = *counts;
            writeln!(
                f,
                "{kind:<12} {hardfork:<32} {passed:>8} {failed:>8} {excluded:>8}"
            )?;
            total.passed += passed;
            total.failed += failed;
            total.excluded += excluded;
        }
        writeln!(f)?;
        for (reason, count) in &self.exclusions {
            writeln!(f, "excluded {count:>6}: {reason}")?;
        }
        let Counts {
            passed,
            failed,
            excluded,
        } = total;
        writeln!(f, "\n{passed} passed, {failed} failed, {excluded} excluded")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_or_no_test_at_all_is_no_success() {
        let mut report = Report::default();
        assert!(!report.has_passed(), "nothing ran");
        report.note("state", "Osaka", "a", Outcome::Passed);
        report.note("state", "Osaka", "b", Outcome::Excluded("a reason".into()));
        assert!(report.has_passed());
        let mut other = Report::default();
        other.note("state", "Osaka", "c", Outcome::Failed("root".into()));
        report.add(other);
        assert!(!report.has_passed());
        let text = report.to_string();
        assert!(text.contains("FAILED c (Osaka): root"), "{text}");
        assert!(text.contains("excluded      1: a reason"), "{text}");
        assert!(text.ends_with("1 passed, 1 failed, 1 excluded\n"), "{text}");
    }
}
