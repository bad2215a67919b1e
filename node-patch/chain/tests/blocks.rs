//! Risk: a wrong block is accepted, or a right one refused.

mod common;

use alloy_consensus::{Header, TxReceipt};
use alloy_primitives::{Address, B256, Bloom, Bytes, U256};
use common::*;
use fixpoint_chain::{
    Block, BlockAttributes, Chain, HeaderError, SkipReason, StateError, Transaction, VerifyError,
};

/// A chain with a setter contract, and a block on top that does a bit of everything.
fn busy_block() -> (Chain, Block) {
    let chain = memory_chain();
    mine(
        &chain,
        [
            create(0, 0, init_code(SETTER)),
            create(1, 0, init_code(REVERTER)),
        ],
    );
    let (setter, reverter) = (address(0).create(0), address(1).create(0));
    let built = chain
        .build(
            chain.head().hash(),
            &after(10),
            vec![
                transfer(2, 0, address(3), 5),
                call(0, 1, setter, set(7, 8)),
                call(1, 1, reverter, Bytes::new()),
                create(3, 0, Bytes::from_static(STILLBORN)),
            ],
        )
        .expect("a block");
    assert!(built.skipped.is_empty());
    let status: Vec<bool> = built.block.receipts.iter().map(TxReceipt::status).collect();
    assert_eq!(status, [true, true, false, true]);
    (chain, built.block.to_block())
}

fn refuse(chain: &Chain, block: &Block, change: impl FnOnce(&mut Block)) -> VerifyError {
    let mut block = block.clone();
    change(&mut block);
    chain.propose(block, NOW_S).expect_err("a wrong block")
}

#[test]
fn what_is_built_verifies_to_the_same_block() {
    let (chain, block) = busy_block();
    let hash = block.header.hash_slow();
    let state_before = chain
        .state_at(chain.head().hash().into())
        .expect("the head's state");
    let verified = chain.import(block.clone(), NOW_S).expect("what was built");
    assert_eq!((verified.hash(), chain.head().hash()), (hash, hash));
    assert_eq!(verified.to_block(), block);
    assert!(verified.header.gas_used > 4 * 21_000);
    let state = chain.state_at(hash.into()).expect("the head's state");
    let setter = address(0).create(0);
    assert_eq!(
        state.slot(setter, U256::from(7)).expect("a word"),
        U256::from(8)
    );
    assert_eq!(
        state_before.slot(setter, U256::from(7)).expect("a word"),
        U256::ZERO
    );
    assert_eq!(
        state.account(address(3).create(0)).expect("readable"),
        None,
        "stillborn"
    );
    assert!(
        state.balance(Address::repeat_byte(0xfe)).expect("readable") > U256::ZERO,
        "tips"
    );
    assert_eq!(
        state.code(setter).expect("code"),
        Bytes::from_static(SETTER)
    );
    // Importing it again changes nothing.
    chain.import(block, NOW_S).expect("known");
    assert_eq!(chain.head().hash(), hash);
}

#[test]
fn each_field_that_execution_determines_is_compared() {
    let (chain, block) = busy_block();
    type Change = fn(&mut Header);
    let changes: [(&str, Change); 8] = [
        ("stateRoot", |h| h.state_root = B256::ZERO),
        ("transactionsRoot", |h| h.transactions_root = B256::ZERO),
        // The state root stays right: this is what a wrong result that is only returned looks like.
        ("receiptsRoot", |h| h.receipts_root = B256::ZERO),
        ("logsBloom", |h| h.logs_bloom = Bloom::ZERO),
        ("gasUsed", |h| h.gas_used += 1),
        ("requestsHash", |h| h.requests_hash = Some(B256::ZERO)),
        // These two reach the state: tips and the EIP-4788 contract.
        ("stateRoot", |h| h.beneficiary = Address::ZERO),
        ("stateRoot", |h| {
            h.parent_beacon_block_root = Some(B256::repeat_byte(1))
        }),
    ];
    for (name, change) in changes {
        match refuse(&chain, &block, |block| change(&mut block.header)) {
            VerifyError::Mismatch { field, .. } => assert_eq!(field, name),
            other => panic!("{name}: {other}"),
        }
    }
    chain.propose(block, NOW_S).expect("the untouched block");
}

#[test]
fn what_the_maker_may_choose_makes_another_valid_block() {
    let (chain, block) = busy_block();
    let choices: [fn(&mut Header); 3] = [
        |h| h.mix_hash = B256::repeat_byte(3),
        |h| h.extra_data = Bytes::from_static(b"hello"),
        |h| h.gas_limit += 100,
    ];
    for choose in choices {
        let mut other = block.clone();
        choose(&mut other.header);
        chain.propose(other, NOW_S).expect("a valid block");
    }
}

#[test]
fn header_rules_and_body_shape_come_first() {
    let (chain, block) = busy_block();
    let error = refuse(&chain, &block, |b| b.header.number += 1);
    assert!(matches!(
        error,
        VerifyError::Header(HeaderError::Number { got: 3, want: 2 })
    ));
    let error = refuse(&chain, &block, |b| b.header.timestamp = NOW_S + 100);
    assert!(matches!(
        error,
        VerifyError::Header(HeaderError::TimestampInFuture { .. })
    ));
    let error = refuse(&chain, &block, |b| b.header.parent_hash = B256::ZERO);
    assert!(matches!(error, VerifyError::UnknownParent(B256::ZERO)));
    let error = refuse(&chain, &block, |b| b.body.ommers.push(Header::default()));
    assert!(matches!(error, VerifyError::Body));
    let error = refuse(&chain, &block, |b| b.body.withdrawals = None);
    assert!(matches!(error, VerifyError::Body));
    let error = refuse(&chain, &block, |b| drop(b.body.transactions.pop()));
    assert!(matches!(error, VerifyError::Mismatch { .. }));
    // A transaction that cannot stand there: the nonce is used up by then.
    let error = refuse(&chain, &block, |b| {
        b.body.transactions.push(b.body.transactions[0].clone())
    });
    assert!(matches!(
        error,
        VerifyError::Transaction {
            reason: SkipReason::Invalid(_),
            ..
        }
    ));
}

#[test]
fn blob_transactions_are_refused_by_name() {
    let (chain, block) = busy_block();
    let blob = alloy_consensus::TxEip4844 {
        chain_id: CHAIN_ID,
        ..Default::default()
    };
    let signed = alloy_consensus::Signed::new_unhashed(
        alloy_consensus::TxEip4844Variant::TxEip4844(blob),
        alloy_primitives::Signature::test_signature(),
    );
    let blob = Transaction::Eip4844(signed);
    let error = refuse(&chain, &block, |b| b.body.transactions.push(blob.clone()));
    assert!(matches!(error, VerifyError::Blob { index: 4 }));
    let error = chain.submit(blob).expect_err("a blob transaction");
    assert!(
        error
            .to_string()
            .contains("blob transactions are not accepted")
    );
}

#[test]
fn building_skips_what_cannot_be_included_and_says_why() {
    let chain = memory_chain();
    // No genesis account has this key.
    let poor = transfer(200, 0, address(0), 1);
    let big = sign(
        5,
        alloy_consensus::TxEip1559 {
            gas_limit: 16_777_217,
            ..request(0)
        },
    );
    let offered = vec![
        transfer(0, 0, address(9), 1),
        transfer(1, 3, address(9), 1),
        transfer(1, 4, address(9), 1),
        poor.clone(),
        big.clone(),
        sign(
            2,
            alloy_consensus::TxEip1559 {
                gas_limit: 16_777_216,
                ..request(0)
            },
        ),
        sign(
            3,
            alloy_consensus::TxEip1559 {
                gas_limit: 16_777_216,
                ..request(0)
            },
        ),
    ];
    let built = chain
        .build(chain.head().hash(), &after(1), offered.clone())
        .expect("a block");
    let reason = |index: usize| {
        let hash = *offered[index].inner().tx_hash();
        built
            .skipped
            .iter()
            .find(|skipped| skipped.hash == hash)
            .map(|skipped| &skipped.reason)
    };
    assert_eq!(built.block.transactions.len(), 3, "{:?}", built.skipped);
    assert!(reason(0).is_none() && reason(5).is_none());
    assert!(matches!(reason(1), Some(SkipReason::Invalid(text)) if text.contains("nonce")));
    assert_eq!(reason(2), Some(&SkipReason::AfterSkipped(address(1))));
    assert!(matches!(reason(3), Some(SkipReason::Invalid(text)) if text.contains("fund")));
    // EIP-7825.
    assert!(matches!(reason(4), Some(SkipReason::Invalid(text)) if text.contains("cap")));
    chain
        .import(built.block.to_block(), NOW_S)
        .expect("what was built");
}

/// Two transactions that each take more than half of a block: the second waits.
#[test]
fn a_full_block_leaves_the_rest_in_the_pool() {
    let mut genesis = genesis();
    genesis.gas_limit = 20_000_000;
    let spec = fixpoint_chain::ChainSpec::from_genesis(genesis).expect("a valid genesis");
    let chain = Chain::open(fixpoint_chain::Location::Memory, spec).expect("a fresh chain");
    let burner = init_code(&[0xfe]);
    let block = mine(&chain, [create(0, 0, burner)]);
    let burner = address(0).create(0);
    assert_eq!(block.receipts.len(), 1);
    for index in 1..=2 {
        let transaction = alloy_consensus::TxEip1559 {
            gas_limit: 16_000_000,
            to: burner.into(),
            ..request(0)
        };
        chain
            .submit(sign(index, transaction).into_inner())
            .expect("the pool takes it");
    }
    let mined = chain.mine(after(10)).expect("a block");
    assert_eq!(mined.block.transactions.len(), 1);
    assert!(matches!(
        mined.skipped[0].reason,
        SkipReason::BlockFull { .. }
    ));
    assert_eq!(chain.pool_status().pending, 1);
    let mined = chain.mine(after(11)).expect("a block");
    assert_eq!(mined.block.transactions.len(), 1);
    assert_eq!(chain.pool_status().pending, 0);
}

#[test]
fn siblings_do_not_see_each_other_and_only_the_finalised_one_stays() {
    let chain = memory_chain();
    let genesis = chain.head().hash();
    let child = |to: u8, parent: B256, nonce: u64, seconds: u64| {
        let to = Address::repeat_byte(to);
        let built = chain
            .build(parent, &after(seconds), vec![transfer(0, nonce, to, 9)])
            .expect("a block");
        assert_eq!(built.block.transactions.len(), 1);
        chain
            .propose(built.block.to_block(), NOW_S)
            .expect("a valid block")
            .hash()
    };
    let (left, right) = (child(0x11, genesis, 0, 1), child(0x22, genesis, 0, 2));
    let grandchild = child(0x33, left, 1, 3);
    let balance = |at: B256, of: u8| {
        let state = chain.state_at(at.into()).expect("a known block");
        state
            .balance(Address::repeat_byte(of))
            .expect("readable")
            .to::<u64>()
    };
    assert_eq!([balance(left, 0x11), balance(left, 0x22)], [9, 0]);
    assert_eq!([balance(right, 0x11), balance(right, 0x22)], [0, 9]);
    assert_eq!(
        [balance(grandchild, 0x11), balance(grandchild, 0x33)],
        [9, 9]
    );
    assert_eq!([balance(genesis, 0x11), balance(genesis, 0x22)], [0, 0]);
    assert_eq!(chain.head().hash(), genesis, "nothing is finalised yet");

    let kept = chain.state_at(right.into()).expect("a known block");
    chain
        .finalise(grandchild)
        .expect("both blocks of the branch");
    assert_eq!((chain.head().hash(), chain.head().number), (grandchild, 2));
    assert_eq!(
        [balance(grandchild, 0x11), balance(grandchild, 0x22)],
        [9, 0]
    );
    assert!(matches!(
        chain.state_at(right.into()),
        Err(StateError::UnknownBlock(_))
    ));
    assert!(matches!(
        chain.finalise(right),
        Err(StateError::UnknownBlock(_))
    ));
    // Who still holds the losing state goes on reading it.
    assert_eq!(
        kept.balance(Address::repeat_byte(0x22))
            .expect("readable")
            .to::<u64>(),
        9
    );
    // Nothing can be built on what lies behind.
    assert!(chain.build(genesis, &after(9), vec![]).is_err());
}

#[test]
fn the_base_fee_and_the_gas_limit_follow_the_parent() {
    let chain = memory_chain();
    let attributes = BlockAttributes {
        gas_limit_target: Some(60_000_000),
        ..after(1)
    };
    let block = chain.mine(attributes).expect("a block").block;
    assert_eq!(block.header.base_fee_per_gas, Some(875_000_000));
    assert_eq!(block.header.gas_limit, 30_000_000 + 30_000_000 / 1024 - 1);
}
