//! Risk: a damaged database is lost whole, or a repair takes over what was damaged.

mod common;

use std::{
    fs::{self, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::Path,
};

use alloy_eips::BlockId;
use alloy_primitives::Address;
use common::*;
use fixpoint_chain::{
    Chain, Location, OpenError,
    repair::{Repair, RepairError, repair},
    store::FILE_NAME,
};
use redb::{Database, TableDefinition};

const ACCOUNTS: TableDefinition<'_, [u8; 20], [u8; 72]> = TableDefinition::new("accounts");
/// How many blocks a chain here has.
const BLOCKS: u64 = 12;

/// A chain on disk; returns its blocks.
fn fill(directory: &Path) -> Vec<alloy_primitives::B256> {
    let chain = open(directory);
    for nonce in 0..BLOCKS {
        mine(&chain, [transfer(0, nonce, Address::repeat_byte(0x77), 1)]);
    }
    hashes(&chain)
}

fn open(directory: &Path) -> Chain {
    Chain::open(Location::Directory(directory.to_path_buf()), spec()).expect("a chain")
}

fn hashes(chain: &Chain) -> Vec<alloy_primitives::B256> {
    (0..=chain.head().number)
        .map(|number| {
            let block = chain.block(BlockId::from(number)).expect("readable");
            block.expect("there").hash()
        })
        .collect()
}

/// Where `bytes` stand in the database file, the last time.
fn find(directory: &Path, bytes: &[u8]) -> usize {
    let file = fs::read(directory.join(FILE_NAME)).expect("readable");
    file.windows(bytes.len())
        .rposition(|window| window == bytes)
        .expect("bytes that are there")
}

fn overwrite(directory: &Path, at: usize, bytes: &[u8]) {
    let path = directory.join(FILE_NAME);
    let mut file = OpenOptions::new().write(true).open(path).expect("a file");
    file.seek(SeekFrom::Start(at as u64)).expect("a place");
    file.write_all(bytes).expect("written");
}

fn repaired(directory: &Path) -> Repair {
    let mut through = Vec::new();
    let done = repair(directory, &spec(), |number| through.push(number)).expect("a repair");
    assert_eq!(through, (1..=done.head.0).collect::<Vec<_>>());
    assert!(done.damaged.is_file(), "the damaged file is kept");
    assert!(!directory.join("repair").exists(), "nothing else is left");
    done
}

#[test]
fn a_sound_database_comes_out_as_it_was() {
    let directory = tempfile::tempdir().expect("a directory");
    let before = fill(directory.path());
    let done = repaired(directory.path());
    assert_eq!((done.old_head, done.head.0), (BLOCKS, BLOCKS));
    assert_eq!(done.stopped, None);
    assert_eq!(hashes(&open(directory.path())), before);
    // Twice gives two names.
    let again = repaired(directory.path());
    assert_ne!(again.damaged, done.damaged);
}

#[test]
fn a_wrong_state_is_worked_out_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let before = fill(directory.path());
    {
        let database = Database::open(directory.path().join(FILE_NAME)).expect("a database");
        let write = database.begin_write().expect("a transaction");
        {
            let mut accounts = write.open_table(ACCOUNTS).expect("a table");
            accounts.remove([0x77; 20]).expect("removed");
        }
        write.commit().expect("written");
    }
    let location = Location::Directory(directory.path().to_path_buf());
    let refused = Chain::open(location, spec()).expect_err("a damaged database");
    assert!(refused.may_be_repaired(), "{refused}");
    let done = repaired(directory.path());
    assert_eq!(done.head, (BLOCKS, before[BLOCKS as usize]), "{done:?}");
    assert_eq!(hashes(&open(directory.path())), before);
}

#[test]
fn blocks_before_a_damaged_one_are_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let before = fill(directory.path());
    let header = {
        let chain = open(directory.path());
        let block = chain.block(BlockId::from(7)).expect("readable");
        block.expect("there").header.state_root
    };
    let at = find(directory.path(), header.as_slice());
    overwrite(directory.path(), at, &[header[0] ^ 1]);
    let done = repaired(directory.path());
    assert_eq!(done.head, (6, before[6]));
    let stopped = done.stopped.expect("a reason");
    assert!(stopped.starts_with("block 7"), "{stopped}");
    let chain = open(directory.path());
    assert_eq!(hashes(&chain), before[..=6]);
    // It goes on from there.
    mine(&chain, [transfer(0, 6, Address::repeat_byte(0x77), 1)]);
}

#[test]
fn what_cannot_be_read_stays_as_it_is() {
    let directory = tempfile::tempdir().expect("a directory");
    fill(directory.path());
    let path = directory.path().join(FILE_NAME);
    let whole = fs::read(&path).expect("readable");
    for damaged in [Vec::new(), vec![0; 10_000], whole[..200].to_vec()] {
        fs::write(&path, &damaged).expect("written");
        let refused = repair(directory.path(), &spec(), |_| {}).expect_err("nothing to read");
        assert!(matches!(refused, RepairError::Unreadable(_)), "{refused}");
        assert_eq!(fs::read(&path).expect("there"), damaged);
    }
}

#[test]
fn a_database_that_a_node_has_open_is_left_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    fill(directory.path());
    let node = open(directory.path());
    let refused = repair(directory.path(), &spec(), |_| {}).expect_err("in use");
    let in_use = matches!(refused, RepairError::Open(OpenError::InUse { .. }));
    assert!(in_use, "{refused}");
    let recipient = Address::repeat_byte(0x77);
    let block = mine(&node, [transfer(0, BLOCKS, recipient, 1)]);
    drop(node);
    assert_eq!(open(directory.path()).head().hash(), block.hash());
}

#[test]
fn the_damaged_file_is_kept_byte_for_byte_and_nothing_stays_locked() {
    let directory = tempfile::tempdir().expect("a directory");
    fill(directory.path());
    let path = directory.path().join(FILE_NAME);
    let before = fs::read(&path).expect("readable");
    let done = repaired(directory.path());
    assert_eq!(fs::read(&done.damaged).expect("readable"), before);
    assert_eq!(open(directory.path()).head().number, BLOCKS);
}
