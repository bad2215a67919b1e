//! The precompile's state traits over revm's journal.
//!
//! Everything goes through the journal, so reverts, warmth and block access lists see it; only
//! code by hash goes to the database behind it, which touches no account.

use alloy_evm::EvmInternals;
use alloy_primitives::{Address, B256, Bytes, U256};
use core::fmt::Display;
use fixpoint_precompile::{
    address::{PRECOMPILE, PRECOMPILE_CODE, PRECOMPILE_NONCE},
    state::{AccountCode, Accounts, CodeByHash, Load, LoadMarks, StateError, Storage},
};
use revm::{
    Database as _,
    context_interface::journaled_state::{JournalLoadError, account::JournaledAccountTr as _},
    state::Bytecode,
};

/// State as one frame of a transaction sees it.
#[derive(Debug)]
pub struct JournalState<'a> {
    internals: EvmInternals<'a>,
}

impl<'a> JournalState<'a> {
    /// The state behind a precompile call.
    #[must_use]
    pub const fn new(internals: EvmInternals<'a>) -> Self {
        Self { internals }
    }
}

impl Accounts for JournalState<'_> {
    fn code(&mut self, address: Address, skip_cold: bool) -> Result<Load<AccountCode>, StateError> {
        let mut account = self
            .internals
            .load_account_mut_skip_cold_load(address, skip_cold)
            .map_err(load_error)?;
        let is_cold = account.is_cold;
        let code = account
            .data
            .load_code()
            .map_err(load_error)?
            .original_bytes();
        Ok(Load {
            value: AccountCode {
                code,
                code_hash: *account.data.code_hash(),
                is_created_in_transaction: account.data.account().is_created_locally(),
            },
            is_cold,
        })
    }
}

impl Storage for JournalState<'_> {
    fn load_slot(&mut self, slot: U256, skip_cold: bool) -> Result<Load<U256>, StateError> {
        let mut own = self
            .internals
            .load_account_mut(PRECOMPILE)
            .map_err(database_error)?;
        let slot = own.data.sload(slot, skip_cold).map_err(load_error)?;
        Ok(Load {
            value: slot.data.present_value(),
            is_cold: slot.is_cold,
        })
    }

    fn store_slot(&mut self, slot: U256, value: U256) -> Result<(), StateError> {
        let mut own = self
            .internals
            .load_account_mut(PRECOMPILE)
            .map_err(database_error)?;
        if own.data.account().info.is_empty_code_hash() {
            own.data
                .set_code_and_hash_slow(Bytecode::new_raw(PRECOMPILE_CODE));
        }
        if own.data.nonce() < PRECOMPILE_NONCE {
            own.data.set_nonce(PRECOMPILE_NONCE);
        }
        own.data.sstore(slot, value, false).map_err(load_error)?;
        Ok(())
    }
}

impl LoadMarks for JournalState<'_> {
    fn is_marked(&mut self, model_hash: B256) -> bool {
        !self
            .internals
            .tload(PRECOMPILE, model_hash.into())
            .is_zero()
    }

    fn mark(&mut self, model_hash: B256) {
        self.internals
            .tstore(PRECOMPILE, model_hash.into(), U256::from(1));
    }
}

impl CodeByHash for JournalState<'_> {
    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytes, StateError> {
        let code = self
            .internals
            .db_mut()
            .code_by_hash(code_hash)
            .map_err(database_error)?;
        Ok(code.original_bytes())
    }
}

fn load_error<E: Display>(error: JournalLoadError<E>) -> StateError {
    match error {
        JournalLoadError::ColdLoadSkipped => StateError::ColdLoadSkipped,
        JournalLoadError::DBError(error) => database_error(error),
    }
}

fn database_error(error: impl Display) -> StateError {
    StateError::Database(error.to_string())
}
