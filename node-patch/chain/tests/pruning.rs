//! Risk: a chain that forgets old states forgets too much, or answers about them nonetheless.

mod common;

use alloy_eips::BlockId;
use alloy_primitives::{Address, U256};
use common::*;
use fixpoint_chain::{Chain, History, Location, MIN_STATES, StateError, StoreError};

const TO: Address = Address::repeat_byte(0x77);

fn open(directory: &std::path::Path, history: History) -> Chain {
    let location = Location::Directory(directory.to_path_buf());
    Chain::open_keeping(location, spec(), history).expect("a chain")
}

/// Mines until the head is `head`; each block gives `TO` one wei and sets slot 1 of a contract to its number.
fn mine_to(chain: &Chain, head: u64) {
    let setter = address(1).create(0);
    while chain.head().number < head {
        let number = chain.head().number + 1;
        let transactions = if number == 1 {
            [transfer(0, 0, TO, 1), create(1, 0, init_code(SETTER))]
        } else {
            [
                transfer(0, number - 1, TO, 1),
                call(1, number - 1, setter, set(1, number)),
            ]
        };
        mine(chain, transactions);
    }
}

/// The balance and the slot after a block.
fn read(chain: &Chain, number: u64) -> Result<(U256, U256), StateError> {
    let view = chain.state_at(BlockId::from(number))?;
    let setter = address(1).create(0);
    Ok((view.balance(TO)?, view.slot(setter, U256::from(1))?))
}

fn expect(number: u64) -> (U256, U256) {
    let slot = if number > 1 { number } else { 0 };
    (U256::from(number), U256::from(slot))
}

fn check(chain: &Chain, oldest: u64) {
    let head = chain.head().number;
    for number in 0..=head {
        match read(chain, number) {
            Ok(found) => {
                assert!(number >= oldest, "the state after {number} is there");
                assert_eq!(found, expect(number), "after {number}");
            }
            Err(StateError::Store(StoreError::Pruned {
                number: asked,
                oldest: told,
            })) => {
                assert!(number < oldest, "the state after {number} is gone");
                assert_eq!((asked, told), (number, oldest));
            }
            Err(error) => panic!("{number}: {error}"),
        }
        let block = chain.block(BlockId::from(number)).expect("readable");
        let block = block.expect("blocks stay");
        assert_eq!(block.receipts.len(), if number == 0 { 0 } else { 2 });
    }
}

#[test]
fn only_the_newest_states_stay() {
    let chain = Chain::open_keeping(Location::Memory, spec(), History::States(MIN_STATES))
        .expect("a chain in memory");
    mine_to(&chain, MIN_STATES - 1);
    check(&chain, 0);
    mine_to(&chain, MIN_STATES + 9);
    check(&chain, 10);
}

#[test]
fn a_whole_chain_may_be_pruned_later_and_stays_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let whole = open(directory.path(), History::All);
    mine_to(&whole, MIN_STATES + 19);
    check(&whole, 0);
    drop(whole);
    // What is pruned goes with the next block.
    let pruned = open(directory.path(), History::States(MIN_STATES));
    check(&pruned, 0);
    mine_to(&pruned, MIN_STATES + 20);
    check(&pruned, 21);
    drop(pruned);
    let again = open(directory.path(), History::All);
    check(&again, 21);
    mine_to(&again, MIN_STATES + 21);
    check(&again, 21);
}

#[test]
fn what_is_gone_cannot_be_gone_back_to() {
    let chain = Chain::open_keeping(Location::Memory, spec(), History::States(MIN_STATES))
        .expect("a chain in memory");
    mine_to(&chain, 2);
    let early = chain.mark();
    mine_to(&chain, 70);
    let late = chain.mark();
    mine_to(&chain, 80);
    let head = chain.head();
    let refused = chain.rewind(&early).expect_err("a state that is gone");
    assert!(
        matches!(
            refused,
            StateError::Store(StoreError::Pruned {
                number: 2,
                oldest: 17
            })
        ),
        "{refused}"
    );
    assert_eq!(chain.head(), head, "nothing happened");
    chain.rewind(&late).expect("a state that is there");
    mine_to(&chain, 75);
    assert_eq!(read(&chain, 75).expect("kept"), expect(75));
    assert_eq!(read(&chain, 17).expect("kept"), expect(17));
}
