//! Risk: the incremental state root drifts from the state, or a block costs what the state holds.

mod common;

use std::{collections::BTreeMap, time::Instant};

use alloy_genesis::GenesisAccount;
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_trie::{TrieAccount, root};
use common::*;
use fixpoint_chain::{Chain, ChainSpec, Location, RecoveredTransaction};
use proptest::prelude::*;
use redb::{ReadableDatabase, ReadableTable, TableDefinition};

const ACCOUNTS: TableDefinition<'_, [u8; 20], [u8; 72]> = TableDefinition::new("accounts");
const STORAGE: TableDefinition<'_, [u8; 52], [u8; 32]> = TableDefinition::new("storage");

/// The root of what is on disk, by alloy-trie's own functions.
fn root_of_tables(directory: &std::path::Path) -> B256 {
    let database = redb::Database::open(directory.join("chain.redb")).expect("a database");
    let read = database.begin_read().expect("a transaction");
    let mut storage: BTreeMap<[u8; 20], Vec<(B256, U256)>> = BTreeMap::new();
    for row in read
        .open_table(STORAGE)
        .expect("a table")
        .iter()
        .expect("readable")
    {
        let (key, value) = row.expect("a row");
        let (address, slot) = key
            .value()
            .split_first_chunk::<20>()
            .map(|(a, s)| (*a, B256::from_slice(s)))
            .expect("a key");
        let value = U256::from_be_bytes(value.value());
        assert!(!value.is_zero(), "a zero word is stored");
        storage.entry(address).or_default().push((slot, value));
    }
    let accounts = read.open_table(ACCOUNTS).expect("a table");
    let accounts: Vec<_> = accounts
        .iter()
        .expect("readable")
        .map(|row| {
            let (address, value) = row.expect("a row");
            let (address, value) = (address.value(), value.value());
            let storage_root =
                root::storage_root_unhashed(storage.remove(&address).unwrap_or_default());
            let account = TrieAccount::new(
                u64::from_be_bytes(value[..8].try_into().expect("8 bytes")),
                U256::from_be_slice(&value[8..40]),
                storage_root,
                B256::from_slice(&value[40..]),
            );
            (Address::from(address), account)
        })
        .collect();
    assert!(storage.is_empty(), "storage of no account");
    root::state_root_unhashed(accounts)
}

#[derive(Debug, Clone)]
enum Step {
    Transfer { from: u8, to: u8 },
    Set { from: u8, slot: u64, value: u64 },
    Create { from: u8, stillborn: bool },
    EndBlock,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..4u8, any::<u8>()).prop_map(|(from, to)| Step::Transfer { from, to }),
        (0..4u8, 0..6u64, 0..3u64).prop_map(|(from, slot, value)| Step::Set { from, slot, value }),
        (0..4u8, any::<bool>()).prop_map(|(from, stillborn)| Step::Create { from, stillborn }),
        Just(Step::EndBlock),
    ];
    prop::collection::vec(step, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn the_incremental_root_is_the_root_of_the_whole_state(steps in steps()) {
        let directory = tempfile::tempdir().expect("a directory");
        let location = Location::Directory(directory.path().to_path_buf());
        let chain = Chain::open(location.clone(), spec()).expect("a fresh chain");
        let setter = address(9).create(0);
        mine(&chain, [create(9, 0, init_code(SETTER))]);
        let mut nonces = [0u64; 4];
        let mut waiting: Vec<RecoveredTransaction> = Vec::new();
        for step in steps {
            let mut next = |from: u8| {
                let nonce = &mut nonces[usize::from(from)];
                *nonce += 1;
                *nonce - 1
            };
            waiting.push(match step {
                Step::Transfer { from, to } => {
                    transfer(from, next(from), Address::repeat_byte(to | 0x80), 1)
                }
                Step::Set { from, slot, value } => {
                    call(from, next(from), setter, set(slot, value))
                }
                Step::Create { from, stillborn: true } => {
                    create(from, next(from), Bytes::from_static(STILLBORN))
                }
                Step::Create { from, stillborn: false } => {
                    create(from, next(from), init_code(SETTER))
                }
                Step::EndBlock => {
                    mine(&chain, waiting.drain(..));
                    continue;
                }
            });
        }
        mine(&chain, waiting);
        let head = chain.head();
        // Every older block's trie, put back from history, has that block's root.
        for number in 0..=head.number {
            let state = chain.state_at(number.into()).expect("a known block");
            let proof = state.proof(setter, &[]).expect("provable");
            let root = alloy_primitives::keccak256(&proof.proof[0]);
            prop_assert_eq!(root, state.header().state_root);
        }
        drop(chain);
        prop_assert_eq!(root_of_tables(directory.path()), head.state_root);
        let again = Chain::open(location, spec()).expect("the same chain");
        prop_assert_eq!(again.head(), head);
    }
}

/// 5,000 accounts, one of them with 20,000 slots, 140 contracts of 24 KB: what a devnet with a large
/// model holds. Prints what a block takes (`--nocapture`); a busy machine must not fail a test.
#[test]
fn blocks_over_a_large_state_have_the_root_of_its_tables() {
    let mut genesis = genesis();
    for index in 0..5_000u64 {
        let address = Address::from_word(B256::from(U256::from(0x1_0000 + index)));
        let account = GenesisAccount {
            balance: U256::from(index + 1),
            ..Default::default()
        };
        genesis.alloc.insert(address, account);
    }
    for index in 0..140u64 {
        let address = Address::from_word(B256::from(U256::from(0x10_0000 + index)));
        let mut code = vec![0; 24_576];
        code[8..16].copy_from_slice(&index.to_be_bytes());
        let account = GenesisAccount {
            code: Some(code.into()),
            ..Default::default()
        };
        genesis.alloc.insert(address, account);
    }
    let setter = Address::repeat_byte(0x5e);
    let words = (0..20_000u64).map(|i| (B256::from(U256::from(i)), B256::from(U256::from(i + 1))));
    genesis.alloc.insert(
        setter,
        GenesisAccount {
            code: Some(Bytes::from_static(SETTER)),
            storage: Some(words.collect()),
            ..Default::default()
        },
    );
    let spec = ChainSpec::from_genesis(genesis).expect("a valid genesis");
    let directory = tempfile::tempdir().expect("a directory");
    let location = Location::Directory(directory.path().to_path_buf());
    let started = Instant::now();
    let chain = Chain::open(location, spec).expect("a fresh chain");
    println!("opened in {:?}", started.elapsed());
    let best = (0..10u64)
        .map(|nonce| {
            let to = Address::repeat_byte(nonce as u8 + 1);
            let transactions = (0..8).map(|from| transfer(from, nonce, to, 1)).chain([call(
                8,
                nonce,
                setter,
                set(nonce, 77),
            )]);
            for transaction in transactions {
                chain
                    .submit(transaction.into_inner())
                    .expect("the pool takes it");
            }
            let started = Instant::now();
            assert_eq!(mine(&chain, []).transactions.len(), 9);
            started.elapsed()
        })
        .min()
        .expect("ten blocks");
    println!("best block: {best:?}");
    let head = chain.head();
    drop(chain);
    assert_eq!(root_of_tables(directory.path()), head.state_root);
}
