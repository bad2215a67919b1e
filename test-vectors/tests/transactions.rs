//! The committed calls in transactions, through the node's EVM: a contract at the caller's address
//! makes them. What they do at the precompile's own boundary is tested in `precompile/evm`.

use alloy_evm::{Evm as _, EvmEnv, EvmFactory as _};
use alloy_primitives::{Address, Bytes, TxKind, U256, address};
use alloy_sol_types::SolCall as _;
use fixpoint_evm::{
    FixpointEvmFactory,
    precompile::{
        abi::IInference,
        address::{PRECOMPILE, PRECOMPILE_CODE},
    },
};
use fixpoint_test_vectors::state::{CALLER, State};
use fixpoint_vector_schema::{CallVector, bytes, calls};
use revm::{
    DatabaseCommit as _,
    context::{BlockEnv, CfgEnv, TxEnv, result::ExecutionResult},
    database::{CacheDB, EmptyDB},
    primitives::hardfork::SpecId,
    state::{AccountInfo, Bytecode},
};

const SENDER: Address = address!("0x00000000000000000000000000000000000a11ce");
/// Gas between the forwarder's two GAS instructions that is not the precompile's: CALL and its
/// arguments; STATICCALL takes one argument less.
const CALL_OVERHEAD: u64 = 118;
const STATICCALL_OVERHEAD: u64 = 116;

/// Passes its calldata on with this much gas, and returns: success, gas, return data.
fn forwarder(call: &CallVector) -> Bytes {
    let mut code = vec![0x36, 0x5f, 0x5f, 0x37, 0x5a]; // CALLDATACOPY all, GAS
    code.extend([0x5f, 0x5f, 0x36, 0x5f]); // return size and offset, argument size and offset
    if !call.r#static {
        code.push(0x5f); // value
    }
    code.push(0x73); // PUSH20
    code.extend(PRECOMPILE);
    code.push(0x67); // PUSH8
    code.extend(call.gas_limit.to_be_bytes());
    code.push(if call.r#static { 0xfa } else { 0xf1 });
    code.extend([0x5a, 0x91, 0x90]); // GAS SWAP2 SWAP1: gas after, gas before, success
    code.extend([0x5f, 0x52, 0x03, 0x60, 0x20, 0x52]); // MSTORE success, MSTORE gas used
    code.extend([0x3d, 0x5f, 0x60, 0x40, 0x3e]); // RETURNDATACOPY behind them
    code.extend([0x3d, 0x60, 0x40, 0x01, 0x5f, 0xf3]); // RETURN
    code.into()
}

fn put(database: &mut CacheDB<EmptyDB>, address: Address, code: Bytes) {
    let code = Bytecode::new_raw(code);
    let info = AccountInfo::new(U256::ZERO, 1, code.hash_slow(), code);
    database.insert_account_info(address, info);
}

fn transact(
    factory: &FixpointEvmFactory,
    database: &mut CacheDB<EmptyDB>,
    to: Address,
    data: Bytes,
) -> Bytes {
    let mut cfg = CfgEnv::new_with_spec(SpecId::OSAKA);
    cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
    cfg.disable_nonce_check = true;
    // A beneficiary is warm, and the zero address is a case.
    let block = BlockEnv {
        beneficiary: Address::repeat_byte(0xbe),
        basefee: 0,
        gas_limit: 60_000_000,
        ..Default::default()
    };
    let transaction = TxEnv::builder()
        .caller(SENDER)
        .kind(TxKind::Call(to))
        .gas_limit(16_777_216)
        .gas_price(0)
        .chain_id(Some(1))
        .data(data);
    let env = EvmEnv {
        cfg_env: cfg,
        block_env: block,
    };
    let mut evm = factory.create_evm(&mut *database, env);
    let result = evm
        .transact(transaction.build().expect("a transaction"))
        .expect("no fatal error");
    drop(evm);
    database.commit(result.state);
    match result.result {
        ExecutionResult::Success { output, .. } => output.into_data(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn contracts_see_the_same_outcome_and_gas() {
    let factory = FixpointEvmFactory::default();
    let mut genesis = CacheDB::new(EmptyDB::default());
    put(&mut genesis, PRECOMPILE, PRECOMPILE_CODE);
    // The generator's state, which `freshness.rs` compares with the files.
    let state = State::new();
    for (address, code) in state.codes() {
        put(&mut genesis, address, code.into());
    }
    for model in state.models.iter().filter(|model| model.is_activated) {
        let data = IInference::activateCall {
            model: model.address,
        };
        transact(&factory, &mut genesis, PRECOMPILE, data.abi_encode().into());
    }
    for (name, call) in calls() {
        let caller = call.caller.as_deref();
        let caller = caller.map_or(CALLER, |caller| Address::from_slice(&bytes(caller)));
        let mut database = genesis.clone();
        put(&mut database, caller, forwarder(&call));
        let input = bytes(&call.input);
        let returned = transact(&factory, &mut database, caller, input.into());
        let word = |at: usize| U256::from_be_slice(&returned[at..at + 32]);
        let is_success = word(0) == U256::ONE;
        assert_eq!(is_success, call.expected_error.is_none(), "{name}");
        assert_eq!(returned[64..], bytes(&call.expected), "{name}");
        let overhead = if call.r#static {
            STATICCALL_OVERHEAD
        } else {
            CALL_OVERHEAD
        };
        assert_eq!(word(32), U256::from(call.gas + overhead), "{name}");
    }
}
