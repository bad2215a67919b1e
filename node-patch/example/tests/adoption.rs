//! A chain that has lived without the precompile adopts it at a fork.

use std::path::Path;

use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope, transaction::Recovered};
use alloy_evm::{
    EvmEnv, EvmFactory as _,
    block::{BlockExecutor as _, BlockExecutorFactory as _},
    eth::{
        EthBlockExecutionCtx, EthBlockExecutorFactory, receipt_builder::AlloyReceiptBuilder,
        spec::EthSpec,
    },
};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, address, hex, keccak256};
use alloy_sol_types::{SolCall as _, sol};
use fixpoint_evm::{
    FixpointEvmFactory,
    precompile::{
        address::{PRECOMPILE, PRECOMPILE_CODE, PRECOMPILE_NONCE},
        root::{Root, chunk_codes},
    },
};
use fixpoint_example_node::executor_factory;
use revm::{
    Database as _,
    database::{CacheDB, EmptyDB, State, states::bundle_state::BundleRetention},
    primitives::hardfork::SpecId,
    state::{AccountInfo, Bytecode},
};
use serde_json::Value;

type Receipt = alloy_consensus::ReceiptEnvelope;

sol! {
    interface Inference {
        function activate(address model) external returns (bytes32 modelHash, uint64 inferenceGas);
    }
}

/// Between mainnet's Shanghai and its Cancun.
const FORK_TIMESTAMP_S: u64 = 1_700_000_000;
const BLOCK_NUMBER: u64 = 18_500_000;
const USER: Address = address!("0x00000000000000000000000000000000000000aa");
/// Where the shared vectors have it.
const MODEL: Address = address!("0x000000000000000000000000000000000000004c");
const CHUNK: Address = address!("0x0000000000000000000000000000000000000c00");
/// Calls the precompile with its input, and logs what came back; reverts if the call did.
const RELAY: Address = address!("0x0000000000000000000000000000000000000d00");
const RELAY_CODE: [u8; 29] = hex!("365f5f375f5f365f5f610f1e5af13d5f5f3e6018573d5ffd5b3d5fa000");

#[test]
fn a_chain_adopts_the_precompile_at_the_fork() {
    let mut chain = Chain::new(U256::ZERO);
    let (input, expected) = vector();

    let before = chain.block(FORK_TIMESTAMP_S - 12, RELAY, &input);
    assert!(
        before.status(),
        "an account without code says yes to anything"
    );
    assert_eq!(before.logs()[0].data.data, Bytes::new());
    assert_eq!(chain.account(PRECOMPILE), None, "and leaves nothing behind");

    let activate = Inference::activateCall { model: MODEL }.abi_encode();
    assert!(chain.block(FORK_TIMESTAMP_S, RELAY, &activate).status());
    let account = chain.account(PRECOMPILE).expect("an account");
    assert_eq!(account.nonce, PRECOMPILE_NONCE);
    assert_eq!(account.code_hash, keccak256(&PRECOMPILE_CODE));

    // In later blocks: the record is storage of an account that is not empty, and stays.
    for later in [12, 24] {
        let receipt = chain.block(FORK_TIMESTAMP_S + later, RELAY, &input);
        assert!(receipt.status(), "{later} s after the fork");
        assert_eq!(
            receipt.logs()[0].data.data,
            expected,
            "{later} s after the fork"
        );
    }
}

#[test]
fn wei_sent_there_before_the_fork_does_no_harm() {
    let balance = U256::from(5);
    let mut chain = Chain::new(balance);
    let (input, expected) = vector();
    let activate = Inference::activateCall { model: MODEL }.abi_encode();
    assert!(chain.block(FORK_TIMESTAMP_S, RELAY, &activate).status());
    let receipt = chain.block(FORK_TIMESTAMP_S + 12, RELAY, &input);
    assert_eq!(receipt.logs()[0].data.data, expected);
    let account = chain.account(PRECOMPILE).expect("an account");
    assert_eq!(
        (account.balance, account.nonce),
        (balance, PRECOMPILE_NONCE)
    );
}

#[test]
fn without_activation_the_fork_changes_nothing() {
    let mut chain = Chain::new(U256::ZERO);
    let (input, _) = vector();
    let receipt = chain.block(FORK_TIMESTAMP_S, RELAY, &input);
    assert!(!receipt.status(), "the model is not activated");
    assert_eq!(chain.account(PRECOMPILE), None);
}

struct Chain {
    state: State<CacheDB<EmptyDB>>,
    nonce: u64,
    executor: EthBlockExecutorFactory<AlloyReceiptBuilder, EthSpec, FixpointEvmFactory>,
}

impl Chain {
    /// A chain with a user, a model's contracts and a contract that calls, but no precompile.
    fn new(balance_of_precompile: U256) -> Self {
        let mut database = CacheDB::new(EmptyDB::default());
        let funded = AccountInfo::from_balance(U256::from(10).pow(U256::from(20)));
        database.insert_account_info(USER, funded);
        if !balance_of_precompile.is_zero() {
            let account = AccountInfo::from_balance(balance_of_precompile);
            database.insert_account_info(PRECOMPILE, account);
        }
        let payload = payload();
        let root = Root::of_payload(&payload, Address::ZERO, &[CHUNK]).expect("one chunk");
        let chunks = chunk_codes(&payload, Address::ZERO);
        for (address, code) in [
            (MODEL, root.encode()),
            (CHUNK, chunks[0].clone()),
            (RELAY, RELAY_CODE.to_vec()),
        ] {
            let code = Bytecode::new_raw(code.into());
            let contract = AccountInfo::new(U256::ZERO, 1, code.hash_slow(), code);
            database.insert_account_info(address, contract);
        }
        let state = State::builder()
            .with_database(database)
            .with_bundle_update()
            .build();
        Self {
            state,
            nonce: 0,
            executor: executor_factory(EthSpec::mainnet(), FORK_TIMESTAMP_S),
        }
    }

    /// A block with one transaction, and what came of it.
    fn block(&mut self, timestamp_s: u64, to: Address, input: &[u8]) -> Receipt {
        let mut env = EvmEnv::<SpecId>::default();
        env.cfg_env
            .set_spec_and_mainnet_gas_params(SpecId::SHANGHAI);
        env.block_env.number = U256::from(BLOCK_NUMBER);
        env.block_env.timestamp = U256::from(timestamp_s);
        env.block_env.gas_limit = 30_000_000;
        env.block_env.prevrandao = Some(B256::ZERO);
        let transaction = TxEip1559 {
            chain_id: env.cfg_env.chain_id,
            nonce: self.nonce,
            gas_limit: 10_000_000,
            to: TxKind::Call(to),
            input: Bytes::copy_from_slice(input),
            ..TxEip1559::default()
        };
        self.nonce += 1;
        let evm = self.executor.evm_factory().create_evm(&mut self.state, env);
        let mut block = self.executor.create_executor(evm, context());
        // The executor is told who signed: any signature does.
        let signed = transaction.into_signed(Signature::test_signature());
        let transaction = Recovered::new_unchecked(TxEnvelope::from(signed), USER);
        block
            .execute_transaction(&transaction)
            .expect("a transaction that can be included");
        let (_, result) = block.finish().expect("a block");
        self.state.merge_transitions(BundleRetention::PlainState);
        result.receipts.into_iter().next().expect("a receipt")
    }

    fn account(&mut self, address: Address) -> Option<AccountInfo> {
        self.state.basic(address).expect("a database in memory")
    }
}

fn context() -> EthBlockExecutionCtx<'static> {
    EthBlockExecutionCtx {
        parent_hash: B256::ZERO,
        parent_beacon_block_root: None,
        ommers: &[],
        withdrawals: None,
        extra_data: Bytes::new(),
        tx_count_hint: Some(1),
        slot_number: None,
    }
}

/// Calldata of an inference of the model, and what it returns.
fn vector() -> (Vec<u8>, Bytes) {
    let vectors: Value = serde_json::from_str(&file("calls/models.json")).expect("JSON");
    let vector = vectors.as_array().expect("a list").iter();
    let vector = vector.clone().find(|vector| vector["Name"] == "sum: small");
    let bytes = |field| {
        let text = vector.and_then(|vector| vector[field].as_str());
        hex::decode(text.expect("the field")).expect("hex")
    };
    (bytes("Input"), bytes("Expected").into())
}

fn payload() -> Vec<u8> {
    hex::decode(file("payloads/sum.hex").trim_end()).expect("hex")
}

fn file(name: &str) -> String {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors");
    std::fs::read_to_string(vectors.join(name)).expect("a shared vector")
}
