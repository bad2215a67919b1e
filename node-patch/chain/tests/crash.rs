//! Risk: a process that is killed loses a block that it had acknowledged.

mod common;

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use alloy_primitives::B256;
use common::*;
use fixpoint_chain::{Chain, Location};

const DIRECTORY_VARIABLE: &str = "FIXPOINT_CRASH_TEST_DIRECTORY";

/// Runs in the child process: mines until it is killed, and prints each transaction once its block is
/// committed.
#[test]
#[ignore = "the child of killed_processes_lose_nothing_that_they_acknowledged"]
fn child_mines_until_it_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY_VARIABLE) else {
        return;
    };
    let chain = Chain::open(Location::Directory(directory.into()), spec()).expect("a chain");
    for _ in 0..100_000 {
        let nonce = chain.pending_nonce(address(0)).expect("readable");
        let block = mine(&chain, [transfer(0, nonce, address(1), 1)]);
        println!(
            "acknowledged {} {}",
            block.number(),
            block.transactions[0].inner().tx_hash()
        );
    }
}

/// Starts a child on `directory`, kills it after `count` acknowledgements, returns all that it printed.
fn run_and_kill(directory: &Path, count: usize) -> Vec<(u64, B256)> {
    let mut child = Command::new(std::env::current_exe().expect("this test's program"))
        .args([
            "--exact",
            "child_mines_until_it_is_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(DIRECTORY_VARIABLE, directory)
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut acknowledged = Vec::new();
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    for line in output.lines() {
        let line = line.expect("text");
        // The test harness prints its own words before the first.
        let Some((_, fact)) = line.split_once("acknowledged ") else {
            continue;
        };
        let Some((number, hash)) = fact.split_once(' ') else {
            continue;
        };
        let (Ok(number), Ok(hash)) = (number.parse(), hash.parse()) else {
            continue;
        };
        acknowledged.push((number, hash));
        if acknowledged.len() == count {
            child.kill().expect("killed");
        }
    }
    let status = child.wait().expect("ended");
    assert!(!status.success(), "the child ended by itself");
    acknowledged
}

#[test]
fn killed_processes_lose_nothing_that_they_acknowledged() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut all = Vec::new();
    for round in 1..=6 {
        let acknowledged = run_and_kill(directory.path(), 3 * round);
        assert!(acknowledged.len() >= 3 * round);
        all.extend(acknowledged);
        let location = Location::Directory(directory.path().to_path_buf());
        let chain = Chain::open(location, spec()).expect("the chain after a kill");
        for (number, hash) in &all {
            let found = chain.transaction(*hash).expect("readable");
            let found = found.unwrap_or_else(|| panic!("block {number} is lost"));
            assert_eq!(found.block.number(), *number);
            assert_eq!(found.block.receipts.len(), 1);
        }
        let last = all.last().expect("some").0;
        let head = chain.head().number;
        assert!(
            (last..=last + 1).contains(&head),
            "head {head}, acknowledged {last}"
        );
    }
}
