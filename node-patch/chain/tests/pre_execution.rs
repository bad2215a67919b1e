//! Risk: what was run before a block, or what is remembered of it, changes the block.

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use alloy_consensus::{TxEip1559, TxReceipt};
use alloy_eips::BlockId;
use alloy_evm::{Evm as _, EvmFactory as _};
use alloy_genesis::GenesisAccount;
use alloy_primitives::{Address, Bytes, TxKind, U256};
use alloy_sol_types::SolCall as _;
use common::*;
use fixpoint_chain::{
    Chain, ChainSpec, ExecutedBlock, Location, Mark, PreExecuted, RecoveredTransaction,
};
use fixpoint_evm::precompile::{
    abi::IInference::{activateCall, inferenceRawCall},
    address::PRECOMPILE,
    answer_cache::{AnswerStats, FifoAnswerCache},
    answers::{Answer, AnswerCache, AnswerKey},
    root::{Root, chunk_codes},
};
use fixpoint_runtime::{model::format::Signed32, ops::Operator, ops::clamp::Clamp};
use fixpoint_test_vectors::builder::{ModelBuilder, i8_tensor, scale};
use proptest::prelude::*;
use revm::context::TxEnv;

const CHUNK: Address = Address::repeat_byte(0xc1);
const MODEL: Address = Address::repeat_byte(0xc2);
const ASKER: Address = Address::repeat_byte(0xc3);
const LOOPER: Address = Address::repeat_byte(0xc4);
/// More than any answers here weigh.
const MUCH_BYTES: usize = 1 << 20;

/// Cuts 32 i8 off at 100, three hundred times: dear enough to be remembered.
fn model() -> Vec<u8> {
    let mut model = ModelBuilder::new();
    let mut value = model.input("x", i8_tensor(&[32]), scale(1, 1, 0));
    for _ in 0..300 {
        value = model.push(Operator::Clamp(Clamp {
            input: value,
            min: Signed32(-100),
            max: Signed32(100),
        }));
    }
    model.output("y", value, scale(1, 1, 0));
    model.payload()
}

/// Asks the model for its answer to `calldata[0] + slot[0]`, writes that to the slot `calldata[1]` and
/// logs it. Reverts if there is no answer.
fn asker() -> Vec<u8> {
    let selector = inferenceRawCall::SELECTOR;
    [
        // The calldata of inferenceRaw(MODEL, 32 bytes) into memory.
        &[0x63][..],
        &selector,
        &[0x60, 0xe0, 0x1b, 0x5f, 0x52, 0x73],
        MODEL.as_slice(),
        &[
            0x60, 4, 0x52, 0x60, 0x40, 0x60, 36, 0x52, 0x60, 0x20, 0x60, 68, 0x52,
        ],
        // CALLDATALOAD(0) + SLOAD(0)
        &[0x5f, 0x35, 0x5f, 0x54, 0x01, 0x60, 100, 0x52],
        // STATICCALL, answer to 0xa0
        &[0x60, 0x60, 0x60, 0xa0, 0x60, 132, 0x5f, 0x73],
        PRECOMPILE.as_slice(),
        &[0x5a, 0xfa],
        // Jumps over the revert.
        &[0x60, 88, 0x57, 0x5f, 0x5f, 0xfd, 0x5b],
        // SSTORE(CALLDATALOAD(32), answer), LOG0(answer)
        &[0x60, 0xe0, 0x51, 0x80, 0x60, 0x20, 0x35, 0x55],
        &[0x5f, 0x52, 0x60, 0x20, 0x5f, 0xa0, 0x00],
    ]
    .concat()
}

/// A network with the model, not activated, and the contracts.
fn network() -> ChainSpec {
    let payload = model();
    let mut genesis = genesis();
    let mut put = |address: Address, code: Vec<u8>| {
        let account = GenesisAccount {
            nonce: Some(1),
            code: Some(code.into()),
            ..GenesisAccount::default()
        };
        genesis.alloc.insert(address, account);
    };
    let [chunk] = chunk_codes(&payload, Address::ZERO)
        .try_into()
        .expect("one");
    put(CHUNK, chunk);
    let root = Root::of_payload(&payload, Address::ZERO, &[CHUNK]).expect("one chunk");
    put(MODEL, root.encode());
    put(ASKER, asker());
    put(LOOPER, vec![0x5b, 0x5f, 0x56]);
    ChainSpec::from_genesis(genesis).expect("a valid genesis")
}

/// A chain on which the model is activated.
fn chain_of(spec: ChainSpec) -> Chain {
    let chain = Chain::open(Location::Memory, spec).expect("a fresh chain");
    let input = activateCall { model: MODEL }.abi_encode();
    let activate = TxEip1559 {
        gas_limit: 10_000_000,
        to: TxKind::Call(PRECOMPILE),
        input: input.into(),
        ..request(0)
    };
    let block = mine(&chain, [sign(9, activate)]);
    assert!(block.receipts[0].status(), "activated");
    chain
}

/// A chain that remembers, and its cache.
fn remembering(limit_bytes: usize) -> (Chain, Arc<FifoAnswerCache>) {
    let answers = Arc::new(FifoAnswerCache::new(limit_bytes));
    let spec = network().remembering_answers(answers.clone());
    (chain_of(spec), answers)
}

/// Calldata of the asker.
fn words(summand: u64, slot: u64) -> Bytes {
    set(summand, slot)
}

/// Sender `index` asks.
fn ask(index: u8, nonce: u64, summand: u64, slot: u64) -> RecoveredTransaction {
    call(index, nonce, ASKER, words(summand, slot))
}

fn pre_execute(chain: &Chain, transaction: &RecoveredTransaction) -> PreExecuted {
    let attributes = after(chain.head().timestamp + 1 - GENESIS_S);
    chain
        .pre_execute(transaction, &attributes, &AtomicBool::new(false))
        .expect("a sound node")
}

fn hits_and_misses(answers: &FifoAnswerCache) -> (u64, u64) {
    let AnswerStats { hits, misses, .. } = answers.stats();
    (hits, misses)
}

#[test]
fn building_and_verifying_take_the_answers_of_before() {
    let plain = chain_of(network());
    let (builder, answers) = remembering(MUCH_BYTES);
    let asks: Vec<_> = (0..5u8)
        .map(|index| ask(index, 0, index.into(), 10 + u64::from(index)))
        .collect();
    for transaction in &asks {
        assert_eq!(pre_execute(&builder, transaction), PreExecuted::Ran);
    }
    assert_eq!(hits_and_misses(&answers), (0, 5));
    let built = builder
        .build(builder.head().hash(), &after(10), asks.clone())
        .expect("a block");
    assert_eq!(hits_and_misses(&answers), (5, 5));
    let want = plain
        .build(plain.head().hash(), &after(10), asks)
        .expect("a block");
    assert_eq!(built.block, want.block);
    assert!(built.block.receipts.iter().all(TxReceipt::status));

    builder
        .import(built.block.to_block(), NOW_S)
        .expect("a right block");
    assert_eq!(hits_and_misses(&answers), (10, 5));
    // One that heard of nothing before.
    plain
        .import(built.block.to_block(), NOW_S)
        .expect("a right block");
}

#[test]
fn a_transaction_whose_input_changed_is_executed() {
    let plain = chain_of(network());
    let (chain, answers) = remembering(MUCH_BYTES);
    // Both were run on a state where slot 0 is empty; the first one writes it.
    let first = ask(0, 0, 3, 0);
    let second = ask(1, 0, 4, 11);
    let independent = call(2, 0, Address::repeat_byte(0xdd), Bytes::new());
    for transaction in [&first, &second, &independent] {
        assert_eq!(pre_execute(&chain, transaction), PreExecuted::Ran);
    }
    let transactions = [first, second, independent];
    let block = mine(&chain, transactions.clone());
    assert_eq!(hits_and_misses(&answers), (1, 3), "the second one's is new");
    assert_eq!(*block, *mine(&plain, transactions));
    let state = chain.state_at(BlockId::latest()).expect("the head's state");
    let answer = state.slot(ASKER, U256::from(11)).expect("readable");
    assert_eq!(answer, U256::from(3 + 4), "from the new input");
}

#[test]
fn nothing_of_a_run_stays_but_answers() {
    let (chain, answers) = remembering(MUCH_BYTES);
    let state = || chain.state_at(BlockId::latest()).expect("the head's state");
    let slot = || state().slot(ASKER, U256::from(5)).expect("readable");
    // A nonce ahead of the account's, since earlier ones may wait.
    assert_eq!(pre_execute(&chain, &ask(0, 3, 1, 5)), PreExecuted::Ran);
    assert_eq!(answers.stats().answers, 1);
    assert_eq!(
        (slot(), state().nonce(address(0)).expect("readable")),
        (U256::ZERO, 0)
    );
    // One that fails after it was answered leaves the answer.
    let succeeds = mine(&chain_of(network()), [ask(0, 0, 2, 5)]);
    let failing = TxEip1559 {
        gas_limit: succeeds.header.gas_used - 100,
        to: TxKind::Call(ASKER),
        input: words(2, 5),
        ..request(0)
    };
    assert_eq!(pre_execute(&chain, &sign(0, failing)), PreExecuted::Ran);
    assert_eq!(answers.stats().answers, 2);
    // Who cannot pay is not run. No genesis account has this key.
    let poor = ask(200, 0, 1, 5);
    assert!(matches!(
        pre_execute(&chain, &poor),
        PreExecuted::Refused(_)
    ));
    assert_eq!((chain.head().number, slot()), (1, U256::ZERO));
}

#[test]
fn an_endless_transaction_ends_with_its_gas_or_when_told_to() {
    let (chain, _) = remembering(MUCH_BYTES);
    let endless = call(0, 0, LOOPER, Bytes::new());
    assert_eq!(pre_execute(&chain, &endless), PreExecuted::Ran);
    let stopped = chain.pre_execute(&endless, &after(10), &AtomicBool::new(true));
    assert_eq!(stopped.expect("a sound node"), PreExecuted::Stopped);
}

#[test]
fn calls_from_outside_read_answers_and_add_none() {
    let (chain, answers) = remembering(MUCH_BYTES);
    pre_execute(&chain, &ask(0, 0, 1, 5));
    let ask_outside = |summand| {
        let view = chain.state_at(BlockId::latest()).expect("the head's state");
        let env = chain.spec().evm_env(view.header());
        let factory = chain.spec().evm_factory();
        let mut evm = factory.create_evm(view.into_database(), env);
        let builder = TxEnv::builder()
            .caller(address(0))
            .kind(TxKind::Call(ASKER))
            .gas_limit(1_000_000)
            .gas_price(100 * GWEI)
            .chain_id(Some(CHAIN_ID))
            .data(words(summand, 5));
        let ran = evm.transact(builder.build().expect("a call"));
        assert!(ran.expect("a sound node").result.is_success());
    };
    for summand in 0..50 {
        ask_outside(summand);
    }
    let stats = answers.stats();
    assert_eq!((stats.answers, stats.hits), (1, 1));
    // Traces replay the transactions before the one that is asked for.
    let block = mine(&chain, [ask(1, 0, 77, 5), ask(2, 0, 78, 5)]);
    answers.clear();
    chain.replay_point(block.hash(), 1).expect("a sound node");
    assert_eq!(answers.stats().answers, 0);
}

#[test]
fn a_flood_stays_within_its_memory() {
    let plain = chain_of(network());
    let limit_bytes = 4_000;
    let (chain, answers) = remembering(limit_bytes);
    let asks: Vec<_> = (0..60).map(|nonce| ask(0, nonce, nonce, 5)).collect();
    for transaction in &asks {
        pre_execute(&chain, transaction);
        assert!(answers.stats().held_bytes <= limit_bytes);
    }
    assert!(answers.stats().answers > 0);
    assert_eq!(*mine(&chain, asks.clone()), *mine(&plain, asks));
    assert!(answers.stats().held_bytes <= limit_bytes);
}

#[test]
fn blocks_that_are_undone_leave_answers_that_still_hold() {
    let plain = chain_of(network());
    let (chain, answers) = remembering(MUCH_BYTES);
    let mark: Mark = chain.mark();
    let asks = [ask(0, 0, 1, 0), ask(1, 0, 2, 7)];
    mine(&chain, asks.clone());
    chain.rewind(&mark).expect("a block back");
    // The same again, then the other way round, where both inputs are others.
    let before = answers.stats();
    mine(&chain, asks.clone());
    assert_eq!(answers.stats().misses, before.misses);
    chain.rewind(&mark).expect("a block back");
    let [first, second] = asks;
    let built = |chain: &Chain| {
        let asks = vec![second.clone(), first.clone()];
        let built = chain.build(chain.head().hash(), &after(10), asks);
        built.expect("a block").block
    };
    assert_eq!(built(&chain), built(&plain));
}

#[test]
fn runs_on_other_threads_meet_rewinds_and_blocks() {
    let plain = chain_of(network());
    let (chain, answers) = remembering(8_000);
    let mark = chain.mark();
    let asks: Vec<_> = (0..4u8)
        .flat_map(|index| (0..5).map(move |nonce| ask(index, nonce, nonce % 3, nonce % 2)))
        .collect();
    let want = mine(&plain, asks.clone());
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for transaction in asks.iter().cycle() {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    pre_execute(&chain, transaction);
                }
            });
        }
        for _ in 0..20 {
            assert_eq!(*mine(&chain, asks.clone()), *want);
            chain.rewind(&mark).expect("a block back");
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(answers.stats().hits > 0);
}

/// Keeps answers, and damages some before it gives them back.
#[derive(Debug)]
struct Poisoned {
    answers: FifoAnswerCache,
    /// Decides, with what an answer is, whether and where it is damaged.
    seed: u64,
}

impl AnswerCache for Poisoned {
    fn get(&self, key: AnswerKey) -> Option<Arc<Answer>> {
        self.answers.get(key)
    }

    fn insert(&self, answer: Answer) {
        let (key, mut checksum, mut output) = answer.into_parts();
        let mixed = u64::from_be_bytes(checksum[..8].try_into().expect("eight")) ^ self.seed;
        let bit = (mixed % 1_000) as usize;
        match bit / 8 {
            byte @ 0..32 => output[byte] ^= 1 << (bit % 8),
            byte @ 32..64 => checksum[byte - 32] ^= 1 << (bit % 8),
            64 => drop(output.pop()),
            _ => {}
        }
        let kept = Answer::from_parts(key, checksum, output);
        self.answers.insert(kept);
    }

    fn forget(&self, key: AnswerKey) {
        self.answers.forget(key);
    }
}

/// One transaction of a made-up history.
#[derive(Clone, Copy, Debug)]
struct Step {
    sender: u8,
    summand: u64,
    slot: u64,
    gas: u64,
    is_pre_executed: bool,
}

fn any_step() -> impl Strategy<Value = Step> {
    let gas = prop_oneof![Just(1_000_000), 50_000u64..200_000];
    (0u8..4, 0u64..5, 0u64..3, gas, any::<bool>()).prop_map(
        |(sender, summand, slot, gas, is_pre_executed)| Step {
            sender,
            summand,
            slot,
            gas,
            is_pre_executed,
        },
    )
}

/// Plays a history on a chain, block by block.
fn play(chain: &Chain, history: &[Vec<Step>]) -> Vec<Arc<ExecutedBlock>> {
    let mut nonces = [0; 4];
    let blocks = history.iter().map(|steps| {
        let mut transactions = Vec::new();
        for step in steps {
            let nonce = &mut nonces[usize::from(step.sender)];
            let transaction = sign(
                step.sender,
                TxEip1559 {
                    gas_limit: step.gas,
                    to: TxKind::Call(ASKER),
                    input: words(step.summand, step.slot),
                    ..request(*nonce)
                },
            );
            *nonce += 1;
            if step.is_pre_executed {
                assert_eq!(pre_execute(chain, &transaction), PreExecuted::Ran);
            }
            transactions.push(transaction);
        }
        mine(chain, transactions)
    });
    blocks.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whole blocks: headers, with their roots and gas, and receipts.
    #[test]
    fn blocks_are_the_same_with_answers_without_and_with_damaged_ones(
        history in prop::collection::vec(prop::collection::vec(any_step(), 0..8), 1..5),
        limit_bytes in 0usize..8_000,
        seed in any::<u64>(),
    ) {
        let want = play(&chain_of(network()), &history);
        let (chain, _) = remembering(limit_bytes);
        prop_assert_eq!(&play(&chain, &history), &want);
        let answers = FifoAnswerCache::new(MUCH_BYTES);
        let poisoned = Arc::new(Poisoned { answers, seed });
        let chain = chain_of(network().remembering_answers(poisoned.clone()));
        prop_assert_eq!(&play(&chain, &history), &want);
        // One that did not make them takes them, with what the other one remembers.
        let verifier = chain_of(network().remembering_answers(poisoned));
        for block in want {
            verifier.import(block.to_block(), NOW_S).expect("a right block");
        }
    }
}
