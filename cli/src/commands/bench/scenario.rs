//! A chain with a model, and transactions that each ask it about an input of their own.
//!
//! A contract makes the inputs, as most models' do not fit a transaction's calldata in the pool.

use alloy::{
    consensus::{SignableTransaction as _, TxEip1559, TxEnvelope, transaction::Recovered},
    primitives::{Address, TxKind, U256},
    signers::SignerSync as _,
};
use alloy_sol_types::SolCall as _;
use anyhow::{Context as _, Result, ensure};
use fixpoint_chain::{
    BlockAttributes, Chain, ChainSpec, Location, RecoveredTransaction, Transaction,
};
use fixpoint_evm::offline::{Sandbox, TRANSACTION_GAS_LIMIT};
use fixpoint_node::{
    accounts::DevWallet,
    genesis::{DEVNET_CHAIN_ID, GenesisOptions, devnet_genesis},
};
use fixpoint_precompile::{
    abi::IInference::{activateCall, inferenceRawCall},
    address::PRECOMPILE,
    answers::AnswerCache,
    root::{Root, chunk_codes},
};
use std::sync::Arc;

const MODEL: Address = Address::repeat_byte(0xa1);
const CONTRACT: Address = Address::repeat_byte(0xa2);
const GWEI: u128 = 1_000_000_000;

/// What a block is made of.
pub(super) struct Scenario {
    genesis: alloy::genesis::Genesis,
    activation: Transaction,
    /// The block's, in its order.
    pub(super) transactions: Vec<RecoveredTransaction>,
}

impl Scenario {
    /// So many transactions for a model with these bytes.
    pub(super) fn new(payload: &[u8], transactions: u16) -> Result<Self> {
        let signers = DevWallet::default().signers()?;
        let sign = |sender: usize, nonce: u64, to: Address, input: Vec<u8>| {
            let signer = &signers[sender];
            let transaction = TxEip1559 {
                chain_id: DEVNET_CHAIN_ID,
                nonce,
                gas_limit: TRANSACTION_GAS_LIMIT,
                max_fee_per_gas: 10 * GWEI,
                max_priority_fee_per_gas: GWEI,
                to: TxKind::Call(to),
                input: input.into(),
                ..TxEip1559::default()
            };
            let signature = signer.sign_hash_sync(&transaction.signature_hash())?;
            let signed = TxEnvelope::from(transaction.into_signed(signature));
            anyhow::Ok(Recovered::new_unchecked(signed, signer.address()))
        };
        let activation = activateCall { model: MODEL }.abi_encode();
        let activation = sign(0, 0, PRECOMPILE, activation)?.into_inner();
        // The first sender's first transaction activates the model.
        let mut nonces = vec![0; signers.len()];
        nonces[0] = 1;
        let transactions = (0..usize::from(transactions))
            .map(|index| {
                let sender = index % signers.len();
                let nonce = nonces[sender];
                nonces[sender] += 1;
                // Every 32 bytes of its input.
                let seed = U256::from(index + 1).to_be_bytes_vec();
                sign(sender, nonce, CONTRACT, seed)
            })
            .collect::<Result<Vec<_>>>()?;
        let funded = signers.iter().map(|signer| signer.address());
        let all = u64::try_from(transactions.len())?;
        let options = GenesisOptions {
            gas_limit: TRANSACTION_GAS_LIMIT * all.max(4),
            ..GenesisOptions::default()
        };
        let mut genesis = devnet_genesis(options, funded)?;
        put_model(&mut genesis, payload)?;
        Ok(Self {
            genesis,
            activation,
            transactions,
        })
    }

    /// A chain in memory on which the model is activated.
    pub(super) fn chain(&self, answers: Option<Arc<dyn AnswerCache>>) -> Result<Chain> {
        let spec = ChainSpec::from_genesis(self.genesis.clone())?;
        let spec = match answers {
            Some(answers) => spec.remembering_answers(answers),
            None => spec,
        };
        let chain = Chain::open(Location::Memory, spec)?;
        chain.submit(self.activation.clone())?;
        let mined = chain.mine(BlockAttributes::at(chain.head().timestamp + 1))?;
        let receipt = mined.block.receipts.first();
        ensure!(
            receipt.is_some_and(|receipt| receipt.status()),
            "a chain does not activate the model; `fixpoint inspect` says what it costs"
        );
        Ok(chain)
    }
}

/// Puts the model and the contract that asks it into the genesis.
fn put_model(genesis: &mut alloy::genesis::Genesis, payload: &[u8]) -> Result<()> {
    let model = fixpoint_client::model_file::of(payload.to_vec(), "the model of the block")?.model;
    let codes = chunk_codes(payload, Address::ZERO);
    let addresses: Vec<_> = (0..codes.len())
        .map(|index| Sandbox::chunk_address(MODEL, index))
        .collect();
    let root = Root::of_payload(payload, Address::ZERO, &addresses)
        .context("the model is larger than one root can carry")?;
    let contract = contract(u32::try_from(model.input_bytes())?);
    let chunks = addresses.into_iter().zip(codes);
    for (address, code) in chunks.chain([(MODEL, root.encode()), (CONTRACT, contract)]) {
        let account = genesis.alloc.entry(address).or_default();
        (account.nonce, account.code) = (Some(1), Some(code.into()));
    }
    Ok(())
}

/// Code that fills an input with its calldata's first word again and again, asks the model, and writes the
/// answer's hash to the slot of that word. Reverts if there is no answer.
fn contract(input_bytes: u32) -> Vec<u8> {
    /// Where the input lies in memory: behind selector, model, offset and length.
    const INPUT: u32 = 100;
    let push = |value: u32| [&[0x63][..], &value.to_be_bytes()].concat();
    let mut code = [&[0x63][..], &inferenceRawCall::SELECTOR].concat();
    code.extend([0x60, 0xe0, 0x1b, 0x5f, 0x52, 0x73]); // SHL, MSTORE(0), PUSH20
    code.extend(MODEL);
    code.extend([0x60, 4, 0x52, 0x60, 0x40, 0x60, 36, 0x52]); // MSTORE(4), MSTORE(36, 64)
    code.extend(push(input_bytes));
    code.extend([0x60, 68, 0x52]); // MSTORE(68)
    code.extend([0x5f, 0x35]); // CALLDATALOAD(0)
    code.extend(push(INPUT));
    code.push(0x52); // MSTORE
    let mut filled_bytes = 32;
    while filled_bytes < input_bytes {
        let bytes = filled_bytes.min(input_bytes - filled_bytes);
        for value in [bytes, INPUT, INPUT + filled_bytes] {
            code.extend(push(value));
        }
        code.push(0x5e); // MCOPY
        filled_bytes += bytes;
    }
    // Zeros up to a whole word.
    code.push(0x5f);
    code.extend(push(INPUT + input_bytes));
    code.push(0x52); // MSTORE
    code.extend([0x5f, 0x5f]);
    code.extend(push(INPUT + input_bytes.next_multiple_of(32)));
    code.extend([0x5f, 0x73]);
    code.extend(PRECOMPILE);
    code.extend([0x5a, 0xfa]); // STATICCALL
    let after_revert = u16::try_from(code.len() + 7).unwrap_or(u16::MAX);
    code.push(0x61);
    code.extend(after_revert.to_be_bytes());
    code.extend([0x57, 0x5f, 0x5f, 0xfd, 0x5b]); // JUMPI, REVERT, JUMPDEST
    code.extend([0x3d, 0x5f, 0x5f, 0x3e]); // RETURNDATACOPY
    code.extend([0x3d, 0x5f, 0x20, 0x5f, 0x35, 0x55, 0x00]); // KECCAK256, SSTORE, STOP
    code
}
