//! `fixpoint conformance`: official TOSA tests against this runtime.
//!
//! A test is a folder as `tosa_verif_build_tests` writes it and `tosa_reference_model` completes
//! it: `desc.json`, `test.tosa`, `*.npy`.

mod case;
mod reasons;

use crate::output::out;
use anyhow::{Context as _, Result, bail, ensure};
use case::{Outcome, judge};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Run TOSA conformance tests: every folder below DIR that holds a desc.json.
///
/// A positive test passes when every output equals the reference model's bit for bit; a negative one
/// when the model is rejected for the reason that the test is about. Skipped: operators and types
/// outside the profile, named by reason.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint conformance tests/
  fixpoint conformance tests/conv2d -v
  fixpoint conformance tests/ --json")]
pub(crate) struct Args {
    /// Folder with tests
    directory: PathBuf,
    /// Print every test with its outcome
    #[arg(short, long)]
    verbose: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Counts of one operator's tests.
#[derive(Default, serde::Serialize)]
struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let mut tests = Vec::new();
    collect(&args.directory, &mut tests)?;
    ensure!(
        !tests.is_empty(),
        "no test below {}",
        args.directory.display()
    );
    tests.sort();
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut skips: BTreeMap<String, u64> = BTreeMap::new();
    for test in &tests {
        // Half a test is one failure, not the end of all others.
        let (operator, outcome) = judge(test).unwrap_or_else(|error| {
            let why = format!("{error:#}");
            ("incomplete".into(), Outcome::Failed { why })
        });
        let count = counts.entry(operator).or_default();
        let line = match outcome {
            Outcome::Passed { why } => {
                count.passed += 1;
                args.verbose
                    .then(|| format!("pass  {}{why}", test.display()))
            }
            Outcome::Skipped { why } => {
                count.skipped += 1;
                *skips.entry(why.clone()).or_default() += 1;
                args.verbose
                    .then(|| format!("skip  {}: {why}", test.display()))
            }
            Outcome::Failed { why } => {
                count.failed += 1;
                Some(format!("FAIL  {}: {why}", test.display()))
            }
        };
        if let (Some(line), false) = (line, args.json) {
            out!("{line}");
        }
    }
    report(&counts, &skips, args.json)
}

fn report(
    counts: &BTreeMap<String, Count>,
    skips: &BTreeMap<String, u64>,
    json: bool,
) -> Result<()> {
    let sum = |field: fn(&Count) -> u64| counts.values().map(field).sum::<u64>();
    let (passed, failed, skipped) = (
        sum(|count| count.passed),
        sum(|count| count.failed),
        sum(|count| count.skipped),
    );
    if json {
        let result = serde_json::json!({
            "passed": passed, "failed": failed, "skipped": skipped,
            "operators": counts, "skips": skips,
        });
        out!("{}", serde_json::to_string_pretty(&result)?);
    } else {
        for (reason, count) in skips {
            out!("skipped {count}: {reason}");
        }
        out!("{passed} passed, {failed} failed, {skipped} skipped");
    }
    if failed > 0 {
        bail!("{failed} tests failed");
    }
    Ok(())
}

fn collect(directory: &Path, tests: &mut Vec<PathBuf>) -> Result<()> {
    if directory.join("desc.json").is_file() {
        tests.push(directory.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(directory)
        .with_context(|| format!("can't read {}", directory.display()))?;
    for entry in entries {
        let entry = entry?;
        // A link could lead back up.
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), tests)?;
        }
    }
    Ok(())
}
