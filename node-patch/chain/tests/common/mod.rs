//! What the suites share: a network with funded accounts, signed transactions, tiny contracts.
#![allow(dead_code, unreachable_pub, reason = "each suite uses its part")]

use alloy::signers::{SignerSync, local::PrivateKeySigner};
use alloy_consensus::{
    SignableTransaction, TxEip1559,
    transaction::{Recovered, SignerRecoverable},
};
use alloy_genesis::{Genesis, GenesisAccount};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, hex};
use fixpoint_chain::{BlockAttributes, Chain, ChainSpec, Location, RecoveredTransaction};

/// A clock that is later than every block of these suites.
pub const NOW_S: u64 = 1_000_000;
/// Time of block 0.
pub const GENESIS_S: u64 = 1_000;
pub const CHAIN_ID: u64 = 31_337;
pub const GWEI: u128 = 1_000_000_000;

/// Writes its second word into the slot of its first word, and logs the slot as a topic.
///
/// `sstore(calldataload(0), calldataload(32)); log1(0, 32, calldataload(0))`
pub const SETTER: &[u8] = &hex!("6020356000355560003560206000a100");
/// Always reverts without data.
pub const REVERTER: &[u8] = &hex!("60006000fd");
/// Init code that writes a slot and destroys the contract that it makes.
pub const STILLBORN: &[u8] = &hex!("600160025533ff");

pub fn signer(index: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(index + 1)).expect("a valid key")
}

pub fn address(index: u8) -> Address {
    signer(index).address()
}

pub fn genesis() -> Genesis {
    let mut genesis = Genesis {
        gas_limit: 30_000_000,
        timestamp: GENESIS_S,
        ..Genesis::default()
    };
    genesis.config.chain_id = CHAIN_ID;
    for index in 0..10 {
        let balance = U256::from(10_000) * U256::from(10).pow(U256::from(18));
        let account = GenesisAccount {
            balance,
            ..GenesisAccount::default()
        };
        genesis.alloc.insert(address(index), account);
    }
    genesis
}

pub fn spec() -> ChainSpec {
    ChainSpec::from_genesis(genesis()).expect("a valid genesis")
}

pub fn memory_chain() -> Chain {
    Chain::open(Location::Memory, spec()).expect("a fresh chain")
}

/// A transaction before it is signed; the defaults are a transfer of nothing.
pub fn request(nonce: u64) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 1_000_000,
        max_fee_per_gas: 100 * GWEI,
        max_priority_fee_per_gas: GWEI,
        to: TxKind::Call(Address::repeat_byte(0xdd)),
        ..TxEip1559::default()
    }
}

pub fn sign(index: u8, transaction: TxEip1559) -> RecoveredTransaction {
    let signature = signer(index)
        .sign_hash_sync(&transaction.signature_hash())
        .expect("a local key signs");
    let envelope = fixpoint_chain::Transaction::from(transaction.into_signed(signature));
    let sender = envelope.recover_signer().expect("a valid signature");
    Recovered::new_unchecked(envelope, sender)
}

pub fn transfer(index: u8, nonce: u64, to: Address, value: u64) -> RecoveredTransaction {
    sign(
        index,
        TxEip1559 {
            gas_limit: 21_000,
            to: TxKind::Call(to),
            value: U256::from(value),
            ..request(nonce)
        },
    )
}

pub fn create(index: u8, nonce: u64, init: Bytes) -> RecoveredTransaction {
    sign(
        index,
        TxEip1559 {
            to: TxKind::Create,
            input: init,
            gas_limit: 10_000_000,
            ..request(nonce)
        },
    )
}

pub fn call(index: u8, nonce: u64, to: Address, input: Bytes) -> RecoveredTransaction {
    sign(
        index,
        TxEip1559 {
            to: TxKind::Call(to),
            input,
            ..request(nonce)
        },
    )
}

/// Init code that deploys `runtime` (under 256 bytes).
pub fn init_code(runtime: &[u8]) -> Bytes {
    let length = u8::try_from(runtime.len()).expect("a short runtime");
    // PUSH1 length PUSH1 12 PUSH1 0 CODECOPY PUSH1 length PUSH1 0 RETURN
    let mut code = vec![
        0x60, length, 0x60, 12, 0x60, 0, 0x39, 0x60, length, 0x60, 0, 0xf3,
    ];
    code.extend_from_slice(runtime);
    code.into()
}

/// Calldata of [`SETTER`].
pub fn set(slot: u64, value: u64) -> Bytes {
    let mut input = U256::from(slot).to_be_bytes_vec();
    input.extend(U256::from(value).to_be_bytes_vec());
    input.into()
}

/// Attributes of a block `seconds` after genesis, with a fee recipient.
pub fn after(seconds: u64) -> BlockAttributes {
    BlockAttributes {
        fee_recipient: Address::repeat_byte(0xfe),
        ..BlockAttributes::at(GENESIS_S + seconds)
    }
}

/// Submits and mines; every transaction must be included.
pub fn mine(
    chain: &Chain,
    transactions: impl IntoIterator<Item = RecoveredTransaction>,
) -> std::sync::Arc<fixpoint_chain::ExecutedBlock> {
    for transaction in transactions {
        chain
            .submit(transaction.into_inner())
            .expect("the pool takes it");
    }
    let attributes = BlockAttributes {
        timestamp_s: chain.head().timestamp + 1,
        ..after(0)
    };
    let mined = chain.mine(attributes).expect("a block");
    assert!(mined.skipped.is_empty(), "{:?}", mined.skipped);
    mined.block
}
