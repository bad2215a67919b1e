//! A chain's state in memory, as far as the precompile reaches: everything warm.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use fixpoint_precompile::{
    Call, DatabaseError, Environment, Outcome,
    record::Record,
    root::{Root, chunk_codes},
    run,
    state::{AccountCode, Accounts, CodeByHash, Load, LoadMarks, StateError, Storage},
};
use std::collections::{BTreeMap, BTreeSet};

/// Where the model is.
pub(crate) const MODEL: Address = Address::repeat_byte(0xaa);

/// A state with one model.
#[derive(Default)]
pub(crate) struct Chain {
    pub(crate) root: Option<(B256, Bytes)>,
    slots: BTreeMap<U256, U256>,
    marks: BTreeSet<B256>,
    codes: BTreeMap<B256, Bytes>,
}

impl Chain {
    /// With a model that is not activated; `None` if one root cannot carry it.
    pub(crate) fn with_model(payload: &[u8]) -> Option<Self> {
        let mut chain = Self::default();
        let codes = chunk_codes(payload, Address::ZERO);
        let addresses: Vec<_> = (1..=codes.len() as u64)
            .map(|at| Address::left_padding_from(&at.to_be_bytes()))
            .collect();
        let root = Root::of_payload(payload, Address::ZERO, &addresses)?;
        for code in codes {
            chain.codes.insert(keccak256(&code), code.into());
        }
        let code = Bytes::from(root.encode());
        chain.root = Some((keccak256(&code), code));
        Some(chain)
    }

    /// Writes the model's record.
    pub(crate) fn activate(&mut self, record: &Record) -> Option<()> {
        let (hash, _) = self.root.clone()?;
        record.write(self, hash, B256::ZERO).ok()
    }

    /// Makes a call of the precompile with all gas there is.
    pub(crate) fn call(
        &mut self,
        input: &[u8],
        environment: &Environment<'_>,
    ) -> Result<Outcome, DatabaseError> {
        let call = Call {
            input,
            gas: u64::MAX,
            caller: Address::ZERO,
            has_value: false,
            is_static: true,
            is_direct: true,
        };
        run(&call, self, environment)
    }
}

impl Accounts for Chain {
    fn code(&mut self, address: Address, _: bool) -> Result<Load<AccountCode>, StateError> {
        let root = self.root.clone().filter(|_| address == MODEL);
        let (code_hash, code) = root.unwrap_or_default();
        let value = AccountCode {
            code,
            code_hash,
            is_created_in_transaction: false,
        };
        Ok(Load {
            value,
            is_cold: false,
        })
    }
}

impl Storage for Chain {
    fn load_slot(&mut self, slot: U256, _: bool) -> Result<Load<U256>, StateError> {
        let value = self.slots.get(&slot).copied().unwrap_or_default();
        Ok(Load {
            value,
            is_cold: false,
        })
    }

    fn store_slot(&mut self, slot: U256, value: U256) -> Result<(), StateError> {
        self.slots.insert(slot, value);
        Ok(())
    }
}

impl LoadMarks for Chain {
    fn is_marked(&mut self, model_hash: B256) -> bool {
        self.marks.contains(&model_hash)
    }

    fn mark(&mut self, model_hash: B256) {
        self.marks.insert(model_hash);
    }
}

impl CodeByHash for Chain {
    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytes, StateError> {
        Ok(self.codes.get(&code_hash).cloned().unwrap_or_default())
    }
}
