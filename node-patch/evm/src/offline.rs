//! Single calls of the precompile without a chain: a state in memory, a transaction per call.
//!
//! Gas, status and return data are those at the precompile's boundary: what a calling contract's
//! CALL sees, without the call's own price.

use crate::install::{Resources, install};
use alloy_evm::{
    EvmInternals,
    precompiles::{Precompile as _, PrecompileInput, PrecompilesMap},
};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall as _;
use fixpoint_precompile::{
    DatabaseError, Outcome, Status,
    abi::IInference,
    address::{PRECOMPILE, PRECOMPILE_CODE, PRECOMPILE_NONCE},
    cache::LruCache,
    record::{RECORD_SLOTS, base_slot},
    root::{Root, chunk_codes},
};
use fixpoint_runtime::kernels::Isa;
use revm::{
    Context, DatabaseCommit as _, MainContext as _,
    context_interface::{ContextTr as _, JournalTr as _},
    database::{CacheDB, EmptyDB},
    precompile::{PrecompileStatus, Precompiles},
    state::{AccountInfo, Bytecode},
};
use std::sync::Arc;

/// A state with the precompile and whatever contracts are put into it.
#[derive(Debug)]
pub struct Sandbox {
    database: CacheDB<EmptyDB>,
    resources: Resources,
}

/// One call of the precompile.
#[derive(Clone, Debug)]
pub struct SandboxCall {
    /// Calldata.
    pub input: Bytes,
    /// The immediate caller.
    pub caller: Address,
    /// Gas the call may use.
    pub gas: u64,
    /// Whether it is a STATICCALL.
    pub is_static: bool,
}

/// How a call ended, the gas it used, and its return or revert data.
pub type CallOutcome = Outcome;

impl Sandbox {
    /// A state with the precompile's account and nothing else; kernels of this machine.
    #[must_use]
    pub fn new() -> Self {
        let mut sandbox = Self {
            database: CacheDB::new(EmptyDB::default()),
            resources: Resources {
                models: Arc::new(LruCache::new(usize::MAX)),
                answers: None,
                tally: Arc::default(),
                isa: Isa::detect(),
            },
        };
        sandbox.put_code(PRECOMPILE, PRECOMPILE_CODE, PRECOMPILE_NONCE);
        sandbox
    }

    /// The same state with other kernels. Results do not change.
    #[must_use]
    pub fn with_isa(mut self, isa: Isa) -> Self {
        self.resources.isa = isa;
        self
    }

    /// Puts a contract's code at an address.
    pub fn set_code(&mut self, address: Address, code: Bytes) {
        self.put_code(address, code, 1);
    }

    /// Puts a payload's chunks and, at `model`, its root. `None` if one root cannot carry it.
    pub fn deploy(&mut self, model: Address, payload: &[u8], gate: Address) -> Option<Root> {
        let codes = chunk_codes(payload, gate);
        let addresses: Vec<_> = (0..codes.len())
            .map(|index| Self::chunk_address(model, index))
            .collect();
        let root = Root::of_payload(payload, gate, &addresses)?;
        for (address, code) in addresses.iter().zip(codes) {
            self.set_code(*address, code.into());
        }
        self.set_code(model, root.encode().into());
        Some(root)
    }

    /// Activates the model at an address, in a transaction with all the gas that one may have.
    ///
    /// # Errors
    /// [`DatabaseError`]; that the model is refused is an outcome.
    pub fn activate(&mut self, model: Address) -> Result<CallOutcome, DatabaseError> {
        self.call(&SandboxCall {
            input: IInference::activateCall { model }.abi_encode().into(),
            caller: Address::ZERO,
            gas: TRANSACTION_GAS_LIMIT,
            is_static: false,
        })
    }

    /// Runs one call in a transaction of its own and keeps what it wrote.
    ///
    /// # Errors
    /// [`DatabaseError`] if the state does not hold what its records say.
    pub fn call(&mut self, call: &SandboxCall) -> Result<CallOutcome, DatabaseError> {
        let mut map = PrecompilesMap::from_static(Precompiles::latest());
        install(&mut map, &self.resources);
        let precompile = map
            .get(&PRECOMPILE)
            .ok_or_else(|| DatabaseError("not installed".into()))?;
        let mut context = Context::mainnet().with_db(&mut self.database);
        let checkpoint = context.journal_mut().checkpoint();
        let output = precompile
            .call(PrecompileInput {
                data: &call.input,
                gas: call.gas,
                reservoir: 0,
                caller: call.caller,
                value: U256::ZERO,
                target_address: PRECOMPILE,
                is_static: call.is_static,
                bytecode_address: PRECOMPILE,
                internals: EvmInternals::from_context(&mut context),
            })
            .map_err(|error| DatabaseError(error.to_string()))?;
        let journal = context.journal_mut();
        let (status, gas_used) = match output.status {
            PrecompileStatus::Success => (Status::Success, output.gas_used),
            PrecompileStatus::Revert => (Status::Revert, output.gas_used),
            PrecompileStatus::Halt(_) => (Status::OutOfGas, call.gas),
        };
        if status == Status::Success {
            journal.checkpoint_commit();
        } else {
            journal.checkpoint_revert(checkpoint);
        }
        let changes = journal.finalize();
        drop(context);
        self.database.commit(changes);
        Ok(Outcome {
            status,
            gas_used,
            output: output.bytes,
        })
    }

    /// Replaces what the database holds under a code hash, as a broken disk might.
    pub fn damage_code(&mut self, code_hash: B256, code: Bytes) {
        self.resources.models.clear();
        self.database
            .cache
            .contracts
            .insert(code_hash, Bytecode::new_raw(code));
    }

    /// Copies one model's record to another model's hash, as a simulation's overrides can.
    pub fn copy_record(&mut self, from: B256, to: B256) {
        let Some(account) = self.database.cache.accounts.get_mut(&PRECOMPILE) else {
            return;
        };
        for index in 0..RECORD_SLOTS {
            let index = U256::from(index);
            let slot = account
                .storage
                .get(&base_slot(from).wrapping_add(index))
                .copied();
            account
                .storage
                .insert(base_slot(to).wrapping_add(index), slot.unwrap_or_default());
        }
    }

    /// Where [`Self::deploy`] puts a model's chunks: anywhere that depends on its address alone.
    #[must_use]
    pub fn chunk_address(model: Address, index: usize) -> Address {
        let index = u64::try_from(index).unwrap_or(u64::MAX);
        Address::from_word(keccak256([model.as_slice(), &index.to_be_bytes()].concat()))
    }

    fn put_code(&mut self, address: Address, code: Bytes, nonce: u64) {
        // Code that starts like an EIP-7702 designator and is none cannot come from a chain.
        let code =
            Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code));
        let info = AccountInfo::new(U256::ZERO, nonce, code.hash_slow(), code);
        self.database.insert_account_info(address, info);
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

/// EIP-7825's limit on a transaction's gas.
pub const TRANSACTION_GAS_LIMIT: u64 = 16_777_216;
