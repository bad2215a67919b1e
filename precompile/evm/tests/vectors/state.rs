//! The state that every call starts from, in memory.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use fixpoint_precompile::{
    Call, Environment, Outcome, Status,
    address::PRECOMPILE,
    answers::AnswerCache,
    gas::GENESIS,
    load::NoCache,
    root::{Root, chunk_codes},
    run,
    state::{AccountCode, Accounts, CodeByHash, Load, LoadMarks, StateError, Storage},
    tally::Tally,
};
use fixpoint_runtime::kernels::Isa;
use fixpoint_vector_schema::{StateFile, bytes, text};
use std::collections::{BTreeMap, BTreeSet};

/// A chain's state, and what the current transaction has touched of it.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    accounts: BTreeMap<Address, (B256, Bytes)>,
    slots: BTreeMap<U256, U256>,
    warm_accounts: BTreeSet<Address>,
    warm_slots: BTreeSet<U256>,
    marks: BTreeSet<B256>,
}

pub(crate) fn address(field: &str) -> Address {
    Address::from_slice(&bytes(field))
}

impl Memory {
    /// All code, and the models activated that should be, as `test-vectors/README.md` says.
    pub(crate) fn of(file: &StateFile, isa: Isa) -> Self {
        let mut memory = Self::default();
        for model in &file.models {
            let payload = bytes(text(&format!("payloads/{}.hex", model.name)).trim_end());
            let gate = address(&model.gate);
            let chunks: Vec<_> = model.chunks.iter().map(|chunk| address(chunk)).collect();
            let root = Root::of_payload(&payload, gate, &chunks).expect("few chunks");
            for (chunk, code) in chunks.into_iter().zip(chunk_codes(&payload, gate)) {
                memory.put(chunk, code);
            }
            let hash = memory.put(address(&model.address), root.encode());
            assert_eq!(hash[..], bytes(&model.model_hash), "{}", model.name);
        }
        for account in &file.accounts {
            memory.put(address(&account.address), bytes(&account.code));
        }
        for model in file.models.iter().filter(|model| model.activated) {
            // `activate(address)`, from its interface and not from the code under test.
            let mut input = keccak256("activate(address)")[..4].to_vec();
            input.extend(address(&model.address).into_word());
            let call = Call {
                input: &input,
                gas: 16_777_216,
                caller: Address::ZERO,
                has_value: false,
                is_static: false,
                is_direct: true,
            };
            let status = memory.transact(&call, isa).status;
            assert_eq!(status, Status::Success, "{}", model.name);
        }
        memory
    }

    /// Runs one call in a transaction of its own and keeps what it wrote if it succeeds.
    pub(crate) fn transact(&mut self, call: &Call<'_>, isa: Isa) -> Outcome {
        self.transact_remembering(call, isa, None)
    }

    /// [`Self::transact`] with answers of before.
    pub(crate) fn transact_remembering(
        &mut self,
        call: &Call<'_>,
        isa: Isa,
        answers: Option<&dyn AnswerCache>,
    ) -> Outcome {
        let mut during = self.clone();
        let environment = Environment {
            gas: &GENESIS,
            cache: &NoCache,
            answers,
            tally: &Tally::default(),
            isa,
        };
        let outcome = run(call, &mut during, &environment).expect("a sound state");
        if outcome.status == Status::Success {
            self.slots = during.slots;
        }
        outcome
    }

    fn put(&mut self, at: Address, code: Vec<u8>) -> B256 {
        let hash = keccak256(&code);
        self.accounts.insert(at, (hash, code.into()));
        hash
    }
}

impl Accounts for Memory {
    fn code(&mut self, address: Address, skip_cold: bool) -> Result<Load<AccountCode>, StateError> {
        let is_cold = address != PRECOMPILE && !self.warm_accounts.contains(&address);
        if is_cold && skip_cold {
            return Err(StateError::ColdLoadSkipped);
        }
        self.warm_accounts.insert(address);
        let (code_hash, code) = self.accounts.get(&address).cloned().unwrap_or_default();
        let value = AccountCode {
            code,
            code_hash,
            is_created_in_transaction: false,
        };
        Ok(Load { value, is_cold })
    }
}

impl Storage for Memory {
    fn load_slot(&mut self, slot: U256, skip_cold: bool) -> Result<Load<U256>, StateError> {
        let is_cold = !self.warm_slots.contains(&slot);
        if is_cold && skip_cold {
            return Err(StateError::ColdLoadSkipped);
        }
        self.warm_slots.insert(slot);
        let value = self.slots.get(&slot).copied().unwrap_or_default();
        Ok(Load { value, is_cold })
    }

    fn store_slot(&mut self, slot: U256, value: U256) -> Result<(), StateError> {
        self.slots.insert(slot, value);
        Ok(())
    }
}

impl LoadMarks for Memory {
    fn is_marked(&mut self, model_hash: B256) -> bool {
        self.marks.contains(&model_hash)
    }

    fn mark(&mut self, model_hash: B256) {
        self.marks.insert(model_hash);
    }
}

impl CodeByHash for Memory {
    fn code_by_hash(&mut self, code_hash: B256) -> Result<Bytes, StateError> {
        let code = self.accounts.values().find(|(hash, _)| *hash == code_hash);
        Ok(code.map(|(_, code)| code.clone()).unwrap_or_default())
    }
}
