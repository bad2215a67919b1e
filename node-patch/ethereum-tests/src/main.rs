//! `ethereum-tests DIR`: Ethereum's own tests through this node's EVM and block import.
//!
//! 1. [`fixtures`]: the files below a directory, and the tests in them.
//! 2. [`state_tests`]: one transaction on a state, through the EVM factory that the node has.
//! 3. [`block_tests`]: chains of blocks, through the import that the node has.
//! 4. [`exclusions`]: what is not run, each with its reason. Nothing else is left out.
//! 5. [`report`]: what came of it, in numbers.
//!
//! Every test runs twice, with the inference precompile and without, and must come out the same.

mod accounts;
mod block_tests;
mod exclusions;
mod fixtures;
mod report;
#[cfg(test)]
mod sample;
mod state_tests;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::{Context as _, Result, bail};

use report::Report;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs what lies below the folders that the command line names; false if a test failed.
fn run() -> Result<bool> {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if folders.is_empty() {
        bail!("name one or more folders of fixtures");
    }
    let mut files = Vec::new();
    for folder in &folders {
        fixtures::collect(folder, &mut files)
            .with_context(|| format!("cannot read {}", folder.display()))?;
    }
    files.sort();
    if files.is_empty() {
        bail!("there are no JSON files in {folders:?}");
    }
    let report = run_files(&files);
    print!("{report}");
    Ok(report.has_passed())
}

/// Runs the tests of all files, on as many threads as the machine has.
fn run_files(files: &[PathBuf]) -> Report {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut report = Report::default();
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            fixtures::run_file(file, &mut report);
        }
        report
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut total = Report::default();
        for worker in workers {
            match worker.join() {
                Ok(report) => total.add(report),
                Err(_) => total.crash(),
            }
        }
        total
    })
}
