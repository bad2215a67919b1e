//! Risk: a restart loses or changes something, or starts on the wrong data.

mod common;

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_trie::{Nibbles, TrieAccount, proof::verify_proof};
use common::*;
use fixpoint_chain::{
    Chain, ChainSpec, Location, LogFilter, OpenError, StateError, transfer as blocks_file,
};

fn open(directory: &std::path::Path) -> Result<Chain, OpenError> {
    Chain::open(Location::Directory(directory.to_path_buf()), spec())
}

fn number(number: u64) -> BlockId {
    BlockId::Number(BlockNumberOrTag::Number(number))
}

/// Five blocks: a setter, then slots 1 and 2 written, overwritten, cleared.
fn fill(chain: &Chain) -> Address {
    let setter = address(0).create(0);
    mine(chain, [create(0, 0, init_code(SETTER))]);
    mine(
        chain,
        [
            call(0, 1, setter, set(1, 10)),
            transfer(1, 0, Address::repeat_byte(0x77), 5),
        ],
    );
    mine(
        chain,
        [
            call(0, 2, setter, set(1, 20)),
            call(0, 3, setter, set(2, 30)),
        ],
    );
    mine(
        chain,
        [
            call(0, 4, setter, set(1, 0)),
            transfer(1, 1, Address::repeat_byte(0x77), 6),
        ],
    );
    mine(chain, []);
    setter
}

#[test]
fn a_restart_finds_the_same_chain() {
    let directory = tempfile::tempdir().expect("a directory");
    let chain = open(directory.path()).expect("a fresh chain");
    let setter = fill(&chain);
    let blocks: Vec<_> = (0..=5)
        .map(|n| chain.block(number(n)).expect("readable").expect("there"))
        .collect();
    drop(chain);

    let chain = open(directory.path()).expect("the same chain");
    assert_eq!(chain.head(), blocks[5].header);
    for block in &blocks {
        let again = chain
            .block(block.hash().into())
            .expect("readable")
            .expect("there");
        assert_eq!(again, *block);
        for (index, transaction) in block.transactions.iter().enumerate() {
            let hash = *transaction.inner().tx_hash();
            let found = chain.transaction(hash).expect("readable").expect("there");
            assert_eq!((found.block.hash(), found.index), (block.hash(), index));
        }
    }
    // It goes on, and the next block stands on the same state.
    let block = mine(&chain, [call(0, 5, setter, set(9, 9))]);
    assert_eq!(block.number(), 6);
    assert!(chain.transaction(B256::ZERO).expect("readable").is_none());
    assert!(chain.block(number(99)).expect("readable").is_none());
}

#[test]
fn older_blocks_can_be_read_and_proved() {
    let chain = memory_chain();
    let setter = fill(&chain);
    let slot = B256::from(U256::from(1));
    for (at, slot_1, slot_2, paid) in [
        (0, 0, 0, 0),
        (1, 0, 0, 0),
        (2, 10, 0, 5),
        (3, 20, 30, 5),
        (4, 0, 30, 11),
        (5, 0, 30, 11),
    ] {
        let state = chain.state_at(number(at)).expect("a known block");
        let word = |slot: u64| state.slot(setter, U256::from(slot)).expect("readable");
        assert_eq!(
            [word(1), word(2)],
            [slot_1, slot_2].map(U256::from),
            "block {at}"
        );
        let balance = state.balance(Address::repeat_byte(0x77)).expect("readable");
        assert_eq!(balance, U256::from(paid), "block {at}");
        assert_eq!(state.account(setter).expect("readable").is_some(), at > 0);
        let code = state.code(setter).expect("readable");
        assert_eq!(
            code,
            if at > 0 {
                Bytes::from_static(SETTER)
            } else {
                Bytes::new()
            }
        );

        let root = state.header().state_root;
        let proof = state.proof(setter, &[slot]).expect("provable");
        let leaf = TrieAccount::new(
            proof.nonce,
            proof.balance,
            proof.storage_root,
            proof.code_hash,
        );
        let leaf = (at > 0).then(|| alloy_rlp::encode(leaf));
        verify_proof(root, Nibbles::unpack(keccak256(setter)), leaf, &proof.proof)
            .unwrap_or_else(|error| panic!("account at block {at}: {error}"));
        let word = (slot_1 > 0).then(|| alloy_rlp::encode(U256::from(slot_1)));
        let path = Nibbles::unpack(keccak256(slot));
        verify_proof(proof.storage_root, path, word, &proof.storage[0].proof)
            .unwrap_or_else(|error| panic!("slot at block {at}: {error}"));
    }
    let beyond = chain.state_at(number(6));
    assert!(matches!(
        beyond,
        Err(StateError::BeyondHead { number: 6, head: 5 })
    ));
}

#[test]
fn block_hashes_reach_the_evm() {
    use revm::DatabaseRef;
    let chain = memory_chain();
    fill(&chain);
    let state = chain.state_at(number(3)).expect("a known block");
    for n in 0..=3 {
        let header = chain.header(number(n)).expect("readable").expect("there");
        assert_eq!(state.block_hash_ref(n).expect("readable"), header.hash());
    }
    assert_eq!(state.block_hash_ref(4).expect("readable"), B256::ZERO);
}

#[test]
fn logs_are_found_by_address_and_topic() {
    let chain = memory_chain();
    let setter = fill(&chain);
    let topic = |slot: u64| B256::from(U256::from(slot));
    let find = |filter: &LogFilter, from, to, limit| {
        chain.logs(filter, from, to, limit).expect("readable")
    };
    let all = find(&LogFilter::default(), 0, u64::MAX, 100).0;
    let places: Vec<_> = all
        .iter()
        .map(|l| (l.block_number, l.transaction_index, l.log_index))
        .collect();
    assert_eq!(places.len(), 4);
    assert_eq!(places[1..3], [(3, 0, 0), (3, 1, 1)]);
    let second = LogFilter {
        topics: vec![[topic(2)].into()],
        ..LogFilter::default()
    };
    let found = find(&second, 0, 5, 100).0;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].log.address, setter);
    assert_eq!(found[0].log.topics(), [topic(2)]);
    let other = LogFilter {
        addresses: [address(0)].into(),
        ..LogFilter::default()
    };
    assert!(find(&other, 0, 5, 100).0.is_empty());
    assert_eq!(find(&LogFilter::default(), 4, 5, 100).0.len(), 1);
    let (some, more) = find(&LogFilter::default(), 0, 5, 2);
    assert_eq!((some.len(), more), (2, true));
}

#[test]
fn a_trace_starts_where_its_transaction_did() {
    use revm::Database;
    let chain = memory_chain();
    let setter = fill(&chain);
    let block = chain.block(number(3)).expect("readable").expect("there");
    let word = |index: usize, slot: u64| {
        let mut point = chain
            .replay_point(block.hash(), index)
            .expect("replays")
            .expect("there");
        assert_eq!(point.transaction, block.transactions[index]);
        assert_eq!(point.env.block_env.number, U256::from(3));
        point
            .database
            .storage(setter, U256::from(slot))
            .expect("readable")
            .to::<u64>()
    };
    assert_eq!([word(0, 1), word(1, 1), word(1, 2)], [10, 20, 0]);
    assert!(
        chain
            .replay_point(block.hash(), 2)
            .expect("no failure")
            .is_none()
    );
    assert!(
        chain
            .replay_point(B256::ZERO, 0)
            .expect("no failure")
            .is_none()
    );
}

#[test]
fn exported_blocks_rebuild_the_chain_elsewhere() {
    let chain = memory_chain();
    fill(&chain);
    let mut file = Vec::new();
    let count = blocks_file::export_rlp_blocks(&chain, 0, 5, &mut file).expect("written");
    assert_eq!(count, 6);
    let other = memory_chain();
    let summary = blocks_file::import_rlp_blocks(&other, file.as_slice(), NOW_S).expect("imported");
    assert_eq!((summary.imported, summary.known), (5, 1));
    assert_eq!(summary.head_hash, chain.head().hash());
    let again = blocks_file::import_rlp_blocks(&other, file.as_slice(), NOW_S).expect("known");
    assert_eq!((again.imported, again.known), (0, 6));

    // A damaged file fails where the damage is and says so.
    let cut = &file[..file.len() - 1];
    let third = memory_chain();
    let error = blocks_file::import_rlp_blocks(&third, cut, NOW_S).expect_err("cut short");
    assert!(
        error.to_string().starts_with("block 5 of the file"),
        "{error}"
    );
    assert_eq!(third.head().number, 4);
    assert!(blocks_file::import_rlp_blocks(&third, &[0x80][..], NOW_S).is_err());
    let huge = [0xff, 0xff, 0, 0, 0, 0, 0, 0, 0];
    let error = blocks_file::import_rlp_blocks(&third, &huge[..], NOW_S).expect_err("too long");
    assert!(error.to_string().contains("at most"), "{error}");
    assert!(blocks_file::export_rlp_blocks(&chain, 5, 6, &mut file).is_err());

    let mut genesis = genesis();
    genesis.timestamp += 1;
    let spec = ChainSpec::from_genesis(genesis).expect("a valid genesis");
    let stranger = Chain::open(Location::Memory, spec).expect("a fresh chain");
    let error =
        blocks_file::import_rlp_blocks(&stranger, file.as_slice(), NOW_S).expect_err("foreign");
    assert!(error.to_string().contains("genesis"), "{error}");
}

#[test]
fn wrong_data_directories_are_refused_by_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let chain = open(directory.path()).expect("a fresh chain");
    fill(&chain);
    assert!(matches!(
        open(directory.path()),
        Err(OpenError::InUse { .. })
    ));
    drop(chain);

    let mut other = genesis();
    other.timestamp += 1;
    let other = ChainSpec::from_genesis(other).expect("a valid genesis");
    let refused = Chain::open(Location::Directory(directory.path().into()), other);
    assert!(matches!(refused, Err(OpenError::Genesis { .. })));

    let file = directory.path().join("chain.redb");
    let whole = std::fs::read(&file).expect("readable");
    for (name, bytes) in [
        ("noise", vec![0x5a; 100_000]),
        ("zeros", vec![0; 100_000]),
        ("a head", whole[..whole.len() / 2].to_vec()),
        ("a few bytes", whole[..7].to_vec()),
    ] {
        std::fs::write(&file, bytes).expect("writable");
        let refused = open(directory.path()).expect_err(name).to_string();
        assert!(
            refused.contains("not a usable database"),
            "{name}: {refused}"
        );
    }
    let not_a_directory = open(&file);
    assert!(matches!(not_a_directory, Err(OpenError::Directory { .. })));
}

#[test]
fn another_layout_and_a_changed_state_are_noticed() {
    use redb::{Database, TableDefinition};
    const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
    const ACCOUNTS: TableDefinition<'_, [u8; 20], [u8; 72]> = TableDefinition::new("accounts");
    let directory = tempfile::tempdir().expect("a directory");
    drop(open(directory.path()).expect("a fresh chain"));
    let edit = |change: &dyn Fn(&redb::WriteTransaction)| {
        let database = Database::open(directory.path().join("chain.redb")).expect("a database");
        let write = database.begin_write().expect("a transaction");
        change(&write);
        write.commit().expect("written");
    };
    edit(&|write| {
        let mut accounts = write.open_table(ACCOUNTS).expect("a table");
        accounts.remove(address(3).into_array()).expect("removed");
    });
    assert!(matches!(
        open(directory.path()),
        Err(OpenError::StateRoot { .. })
    ));
    edit(&|write| {
        let mut meta = write.open_table(META).expect("a table");
        meta.insert("schema", &9u32.to_be_bytes()[..])
            .expect("written");
    });
    assert!(matches!(
        open(directory.path()),
        Err(OpenError::Schema {
            found: 9,
            expected: 2
        })
    ));
    edit(&|write| {
        write.delete_table(META).expect("deleted");
    });
    assert!(matches!(open(directory.path()), Err(OpenError::NotAChain)));
}

#[test]
fn a_start_that_was_killed_half_way_begins_again() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("chain.redb.new"), [0; 4096]).expect("writable");
    let chain = open(directory.path()).expect("a fresh chain");
    assert_eq!(chain.head().number, 0);
}
