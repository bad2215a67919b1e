//! What a transaction must be to enter the pool, apart from what is there already.
//!
//! The EVM checks all of this again when a block is made; here a client learns at once, in geth's
//! words.

use alloy_consensus::{Transaction as _, transaction::SignerRecoverable};
use alloy_eips::eip7825::MAX_TX_GAS_LIMIT_OSAKA;
use alloy_evm::FromRecoveredTx;
use alloy_primitives::{Address, U256};
use alloy_rlp::Encodable;
use revm::{
    context::TxEnv,
    context_interface::cfg::GasParams,
    primitives::{eip3860::MAX_INITCODE_SIZE, hardfork::SpecId},
};

use crate::{
    block::{RecoveredTransaction, SealedHeader, Transaction},
    pool::{Sender, cost_wei},
    state::StateView,
};

/// Most bytes of one transaction (geth's `txMaxSize`): a bound on what the pool holds.
pub const MAX_TRANSACTION_BYTES: usize = 128 * 1024;

/// A transaction cannot enter. Texts follow geth's, since clients match on them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdmissionError {
    /// Not an EIP-2718 transaction.
    #[error("rlp: cannot decode the transaction: {0}")]
    Decode(String),
    /// EIP-4844.
    #[error("transaction type not supported: blob transactions are not accepted")]
    Blob,
    /// Too long.
    #[error("oversized data: transaction size {got}, limit {MAX_TRANSACTION_BYTES}")]
    Oversized {
        /// Bytes of its encoding.
        got: usize,
    },
    /// Signed for another network.
    #[error("invalid chain id for signer: have {got} want {want}")]
    ChainId {
        /// In the transaction.
        got: u64,
        /// This network's.
        want: u64,
    },
    /// The signature gives no sender.
    #[error("invalid sender")]
    Signature,
    /// EIP-3860.
    #[error("max initcode size exceeded: code size {got}, limit {MAX_INITCODE_SIZE}")]
    InitcodeSize {
        /// Bytes of initcode.
        got: usize,
    },
    /// More than any block holds.
    #[error("exceeds block gas limit")]
    BlockGasLimit,
    /// EIP-7825.
    #[error("transaction gas limit too high (cap: {MAX_TX_GAS_LIMIT_OSAKA}, tx: {got})")]
    GasLimitCap {
        /// The transaction's gas limit.
        got: u64,
    },
    /// The tip exceeds the fee that contains it.
    #[error(
        "max priority fee per gas higher than max fee per gas: maxPriorityFeePerGas: {tip}, maxFeePerGas: {fee}"
    )]
    TipAboveFee {
        /// Wei.
        tip: u128,
        /// Wei.
        fee: u128,
    },
    /// EIP-7702 without an authorisation.
    #[error("EIP-7702 transaction with empty auth list")]
    EmptyAuthorisations,
    /// Less than the transaction costs before it runs.
    #[error("intrinsic gas too low: gas {got}, minimum needed {want}")]
    IntrinsicGas {
        /// The transaction's gas limit.
        got: u64,
        /// What it needs.
        want: u64,
    },
    /// EIP-7623: less than the floor for its calldata.
    #[error("insufficient gas for floor data gas cost: gas {got}, minimum needed {want}")]
    FloorGas {
        /// The transaction's gas limit.
        got: u64,
        /// What it needs.
        want: u64,
    },
    /// The nonce is used up.
    #[error("nonce too low: next nonce {next}, tx nonce {got}")]
    NonceTooLow {
        /// The account's.
        next: u64,
        /// The transaction's.
        got: u64,
    },
    /// EIP-2681.
    #[error("nonce has max value")]
    NonceMax,
    /// EIP-3607.
    #[error("sender not an eoa: address {0}")]
    SenderIsContract(Address),
    /// The sender cannot pay for this transaction alone.
    #[error(
        "insufficient funds for gas * price + value: balance {balance}, tx cost {cost}, overshot {overshot}"
    )]
    InsufficientFunds {
        /// Wei.
        balance: U256,
        /// Most that the transaction can cost, in wei.
        cost: U256,
        /// What is missing, in wei.
        overshot: U256,
    },
}

/// Checks that need no state, and recovers the sender. `head` gives the block gas limit.
pub(crate) fn check_transaction(
    transaction: Transaction,
    chain_id: u64,
    head: &SealedHeader,
) -> Result<RecoveredTransaction, AdmissionError> {
    check_shape(&transaction, chain_id, head)?;
    let sender = transaction.recover_signer();
    let sender = sender.map_err(|_| AdmissionError::Signature)?;
    check_gas(&transaction, sender)?;
    Ok(RecoveredTransaction::new_unchecked(transaction, sender))
}

/// [`check_transaction`] of one whose sender nobody has to prove.
pub(crate) fn check_unsigned(
    transaction: &RecoveredTransaction,
    chain_id: u64,
    head: &SealedHeader,
) -> Result<(), AdmissionError> {
    check_shape(transaction.inner(), chain_id, head)?;
    check_gas(transaction.inner(), transaction.signer())
}

fn check_shape(
    transaction: &Transaction,
    chain_id: u64,
    head: &SealedHeader,
) -> Result<(), AdmissionError> {
    use AdmissionError as E;
    if transaction.is_eip4844() {
        return Err(E::Blob);
    }
    let got = transaction.length();
    if got > MAX_TRANSACTION_BYTES {
        return Err(E::Oversized { got });
    }
    // A legacy transaction without a chain id is valid on any network: deterministic-deployment
    // factories are published as such.
    match transaction.chain_id() {
        Some(got) if got != chain_id => {
            return Err(E::ChainId {
                got,
                want: chain_id,
            });
        }
        _ => {}
    }
    if transaction.is_create() && transaction.input().len() > MAX_INITCODE_SIZE {
        return Err(E::InitcodeSize {
            got: transaction.input().len(),
        });
    }
    let gas = transaction.gas_limit();
    if gas > MAX_TX_GAS_LIMIT_OSAKA {
        return Err(E::GasLimitCap { got: gas });
    }
    if gas > head.gas_limit {
        return Err(E::BlockGasLimit);
    }
    let fee = transaction.max_fee_per_gas();
    if let Some(tip) = transaction
        .max_priority_fee_per_gas()
        .filter(|tip| *tip > fee)
    {
        return Err(E::TipAboveFee { tip, fee });
    }
    if transaction
        .authorization_list()
        .is_some_and(|list| list.is_empty())
    {
        return Err(E::EmptyAuthorisations);
    }
    if transaction.nonce() == u64::MAX {
        return Err(E::NonceMax);
    }
    Ok(())
}

fn check_gas(transaction: &Transaction, sender: Address) -> Result<(), AdmissionError> {
    let got = transaction.gas_limit();
    let env = TxEnv::from_recovered_tx(transaction, sender);
    let needed = GasParams::new_spec(SpecId::OSAKA).initial_tx_gas_for_tx(&env, None);
    if got < needed.initial_regular_gas {
        return Err(AdmissionError::IntrinsicGas {
            got,
            want: needed.initial_regular_gas,
        });
    }
    if got < needed.floor_gas {
        return Err(AdmissionError::FloorGas {
            got,
            want: needed.floor_gas,
        });
    }
    Ok(())
}

/// Checks against the sender's account at the head.
pub(crate) fn check_sender(
    transaction: &RecoveredTransaction,
    view: &StateView,
    contracts_may_send: bool,
) -> Result<Sender, crate::pool::PoolError> {
    use AdmissionError as E;
    let address = transaction.signer();
    let account = view.account(address)?.unwrap_or_default();
    if transaction.nonce() < account.nonce {
        return Err(E::NonceTooLow {
            next: account.nonce,
            got: transaction.nonce(),
        }
        .into());
    }
    let code = view.code(address)?;
    // An EIP-7702 delegation leaves the account its owner's.
    if !contracts_may_send && !code.is_empty() && !code.starts_with(&[0xef, 0x01, 0x00]) {
        return Err(E::SenderIsContract(address).into());
    }
    let (balance, cost) = (account.balance, cost_wei(transaction));
    if cost > balance {
        return Err(E::InsufficientFunds {
            balance,
            cost,
            overshot: cost - balance,
        }
        .into());
    }
    Ok(Sender {
        nonce: account.nonce,
        balance,
    })
}
