//! `fixpoint conformance`: official TOSA tests against this runtime.
//!
//! A test is a folder as `tosa_verif_build_tests` writes it and `tosa_reference_model` completes
//! it: `desc.json`, `test.tosa`, `*.npy`.

mod case;
mod reasons;
mod report;
mod unpredictable;

use crate::output::out;
use anyhow::{Context as _, Result, bail, ensure};
use case::{Verdict, judge};
use indicatif::{ProgressBar, ProgressStyle};
use report::Report;
use std::{
    collections::BTreeMap,
    io::IsTerminal as _,
    num::NonZero,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

/// Run TOSA conformance tests: every folder below DIR that holds a desc.json.
///
/// A positive test passes when every output equals the reference model's bit for bit; a negative one
/// when the model is rejected for the reason that the test is about. Skipped: operators and types
/// outside the profile, and sums that leave their accumulator, named by reason. A test without
/// expected outputs is a failure.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint conformance tests/
  fixpoint conformance tests/conv2d -v
  fixpoint conformance tests/ --json")]
pub(crate) struct Args {
    /// Folder with tests
    directory: PathBuf,
    /// Print every test with its outcome, negative ones with the reason of the rejection
    #[arg(short, long)]
    verbose: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
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
    let mut report = Report::default();
    let bar = progress_bar(tests.len());
    judge_all(&tests, |test, verdict| {
        bar.inc(1);
        if let Some(line) = report.add(test, verdict, args.verbose)
            && !args.json
        {
            bar.suspend(|| out!("{line}"));
        }
    });
    bar.finish_and_clear();
    if args.json {
        out!("{}", serde_json::to_string_pretty(&report.to_json())?);
    } else {
        report.print();
    }
    match report.failed() {
        0 => Ok(()),
        1 => bail!("1 test failed"),
        failed => bail!("{failed} tests failed"),
    }
}

/// Runs the tests on all cores and hands on what came of them in their own order.
fn judge_all(tests: &[PathBuf], mut take: impl FnMut(&Path, Verdict)) {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..workers.min(tests.len()) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let index = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(test) = tests.get(index)
                    && sender.send((index, judge(test))).is_ok()
                {}
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut handed_on = 0;
        for (index, verdict) in receiver {
            waiting.insert(index, verdict);
            while let Some(verdict) = waiting.remove(&handed_on) {
                take(&tests[handed_on], verdict);
                handed_on += 1;
            }
        }
    });
}

/// On a terminal only.
fn progress_bar(tests: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(tests as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} tests") {
        bar.set_style(style);
    }
    bar
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
