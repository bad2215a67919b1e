//! Accounts that send without a key, on a development chain.

use std::collections::BTreeSet;

use alloy_consensus::{TxEnvelope, TypedTransaction};
use alloy_primitives::{Address, Signature, U256};
use fixpoint_chain::RecoveredTransaction;
use jsonrpsee::core::RegisterMethodError;

use crate::{
    context::Context,
    eth_transactions::send_unsigned,
    methods::{Module, register as method},
};

/// For whom `eth_sendTransaction` asks for no key.
#[derive(Debug, Default)]
pub(crate) struct Impersonated {
    everybody: bool,
    accounts: BTreeSet<Address>,
}

impl Impersonated {
    pub(crate) fn contains(&self, account: &Address) -> bool {
        self.everybody || self.accounts.contains(account)
    }

    /// Those that are named one by one.
    pub(crate) const fn accounts(&self) -> &BTreeSet<Address> {
        &self.accounts
    }

    pub(crate) const fn set_everybody(&mut self, everybody: bool) {
        self.everybody = everybody;
    }
}

pub(crate) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    for name in ["anvil_impersonateAccount", "hardhat_impersonateAccount"] {
        method(module, name, |context, arguments| {
            let account: Address = arguments.required("account")?;
            context.impersonated.lock().accounts.insert(account);
            Ok(())
        })?;
    }
    for name in [
        "anvil_stopImpersonatingAccount",
        "hardhat_stopImpersonatingAccount",
    ] {
        method(module, name, |context, arguments| {
            let account: Address = arguments.required("account")?;
            context.impersonated.lock().accounts.remove(&account);
            Ok(())
        })?;
    }
    method(module, "eth_sendUnsignedTransaction", send_unsigned)?;
    for name in [
        "anvil_autoImpersonateAccount",
        "hardhat_autoImpersonateAccount",
    ] {
        method(module, name, |context, arguments| {
            context.impersonate_everybody(arguments.required("enabled")?);
            Ok(())
        })?;
    }
    Ok(())
}

/// The transaction as if `from` had signed it. The signature is none: it names the sender, so that
/// equal transactions of different senders have different hashes.
pub(crate) fn unsigned(from: Address, transaction: TypedTransaction) -> RecoveredTransaction {
    let named = Signature::new(U256::from_be_slice(from.as_slice()), U256::ONE, false);
    let envelope: TxEnvelope = transaction.into_envelope(named);
    RecoveredTransaction::new_unchecked(envelope, from)
}

/// Whether a transaction of `account` needs no key: it is impersonated, and its key is not here.
pub(crate) fn is_impersonated(context: &Context, account: &Address) -> bool {
    !context.accounts.contains(account) && context.impersonated.lock().contains(account)
}
