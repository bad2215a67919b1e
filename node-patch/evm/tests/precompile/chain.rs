//! A chain of transactions without blocks: one state, committed after every transaction.

use crate::assembly::{Step, init_code};
use alloy_evm::{Evm as _, EvmEnv, EvmFactory as _};
use alloy_primitives::{Address, Bytes, TxKind, U256, address};
use alloy_sol_types::SolCall;
use fixpoint_evm::{
    FixpointEvmFactory,
    inspect::{InferenceCall, InferenceInspector},
    precompile::{
        abi::IInference,
        address::{PRECOMPILE, PRECOMPILE_CODE},
        root::{Root, chunk_codes},
    },
};
use revm::{
    context::{
        BlockEnv, CfgEnv, TxEnv,
        result::{EVMError, ExecutionResult},
        transaction::{AccessList, AccessListItem},
    },
    database::{CacheDB, EmptyDB, State},
    primitives::hardfork::SpecId,
    state::{AccountInfo, Bytecode},
};

pub(crate) const SENDER: Address = address!("0x00000000000000000000000000000000000a11ce");
pub(crate) const GAS: u64 = 16_777_216;

/// Timestamp of the only block.
pub(crate) const NOW: u64 = 1_000;

pub(crate) struct Chain {
    pub(crate) state: State<CacheDB<EmptyDB>>,
    pub(crate) factory: FixpointEvmFactory,
    nonce: u64,
}

pub(crate) struct Transaction {
    pub(crate) to: TxKind,
    pub(crate) data: Bytes,
    pub(crate) gas: u64,
    pub(crate) access_list: Vec<AccessListItem>,
}

impl Transaction {
    pub(crate) fn to(to: Address, data: impl Into<Bytes>) -> Self {
        Self {
            to: TxKind::Call(to),
            data: data.into(),
            gas: GAS,
            access_list: Vec::new(),
        }
    }
}

impl Chain {
    /// A chain whose genesis has the precompile's account.
    pub(crate) fn new() -> Self {
        let mut chain = Self::adopting(FixpointEvmFactory::default());
        chain.put(PRECOMPILE, PRECOMPILE_CODE);
        chain
    }

    /// A chain whose genesis knows nothing of the precompile.
    pub(crate) fn adopting(factory: FixpointEvmFactory) -> Self {
        let mut database = CacheDB::new(EmptyDB::default());
        let rich = AccountInfo {
            balance: U256::from(10).pow(U256::from(20)),
            ..Default::default()
        };
        database.insert_account_info(SENDER, rich);
        let state = State::builder()
            .with_database(database)
            .with_bundle_update()
            .build();
        Self {
            state,
            factory,
            nonce: 0,
        }
    }

    /// The sender's next nonce.
    pub(crate) const fn nonce(&self) -> u64 {
        self.nonce
    }

    /// Puts code at an address, as genesis does.
    pub(crate) fn put(&mut self, address: Address, code: Bytes) {
        let code = Bytecode::new_raw(code);
        let info = AccountInfo::new(U256::ZERO, 1, code.hash_slow(), code);
        self.state.insert_account(address, info);
    }

    pub(crate) fn try_send(
        &mut self,
        transaction: Transaction,
    ) -> Result<ExecutionResult, EVMError<impl core::fmt::Debug + use<>>> {
        let transaction = self.environment(transaction);
        let mut evm = self.factory.create_evm(&mut self.state, block());
        let result = evm.transact_commit(transaction);
        drop(evm);
        if result.is_ok() {
            self.nonce += 1;
        }
        result
    }

    /// Runs a transaction without an inspector and with one, and keeps nothing. Both runs must have
    /// the same result, and the same accounts and slots in the same condition.
    pub(crate) fn inspect(
        &mut self,
        transaction: Transaction,
    ) -> (ExecutionResult, Vec<InferenceCall>) {
        let transaction = self.environment(transaction);
        let plain = self
            .factory
            .create_evm(&mut self.state, block())
            .transact(transaction.clone())
            .unwrap();
        let inspector = InferenceInspector::default();
        let mut evm = self
            .factory
            .create_evm_with_inspector(&mut self.state, block(), inspector);
        let inspected = evm.transact(transaction).unwrap();
        let calls = evm.components_mut().1.clone().into_calls();
        assert_eq!(plain.result, inspected.result);
        assert_eq!(plain.state, inspected.state);
        (inspected.result, calls)
    }

    fn environment(&self, transaction: Transaction) -> TxEnv {
        let builder = TxEnv::builder()
            .caller(SENDER)
            .kind(transaction.to)
            .gas_limit(transaction.gas)
            .gas_price(0)
            .nonce(self.nonce)
            .chain_id(Some(1))
            .access_list(AccessList(transaction.access_list))
            .data(transaction.data);
        builder.build().unwrap()
    }

    pub(crate) fn send(&mut self, transaction: Transaction) -> ExecutionResult {
        self.try_send(transaction)
            .unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// Deploys code in a transaction and gives its address.
    pub(crate) fn create(&mut self, code: &[u8]) -> Address {
        let address = SENDER.create(self.nonce);
        let result = self.send(Transaction {
            to: TxKind::Create,
            data: init_code(code).into(),
            gas: GAS,
            access_list: Vec::new(),
        });
        assert!(result.is_success(), "{result:?}");
        address
    }

    /// Deploys a payload's chunks and its root, a transaction each.
    pub(crate) fn deploy(&mut self, payload: &[u8], gate: Address) -> (Address, Root) {
        let codes = chunk_codes(payload, gate);
        let addresses: Vec<_> = codes.iter().map(|code| self.create(code)).collect();
        let root = Root::of_payload(payload, gate, &addresses).unwrap();
        (self.create(&root.encode()), root)
    }

    /// Deploys and activates.
    pub(crate) fn install(&mut self, payload: &[u8]) -> Address {
        let (model, _) = self.deploy(payload, Address::ZERO);
        self.ask(IInference::activateCall { model });
        model
    }

    /// Calls the precompile in a transaction of its own, which must succeed.
    pub(crate) fn ask<C: SolCall>(&mut self, call: C) -> C::Return {
        let result = self.send(Transaction::to(PRECOMPILE, call.abi_encode()));
        match result {
            ExecutionResult::Success { output, .. } => {
                C::abi_decode_returns_validate(output.data()).unwrap()
            }
            other => panic!("{other:?}"),
        }
    }

    /// Calls the precompile in a transaction of its own, which must revert.
    pub(crate) fn refusal(&mut self, call: &impl SolCall) -> IInference::IInferenceErrors {
        match self.send(Transaction::to(PRECOMPILE, call.abi_encode())) {
            ExecutionResult::Revert { output, .. } => named(&output),
            other => panic!("{other:?}"),
        }
    }

    /// Runs a contract made of steps and gives what they logged.
    pub(crate) fn steps(&mut self, code: Bytes) -> Vec<Step> {
        let contract = self.create(&code);
        self.steps_at(contract, Vec::new())
    }

    pub(crate) fn steps_at(
        &mut self,
        contract: Address,
        access_list: Vec<AccessListItem>,
    ) -> Vec<Step> {
        let transaction = Transaction {
            access_list,
            ..Transaction::to(contract, Bytes::new())
        };
        let result = self.send(transaction);
        assert!(result.is_success(), "{result:?}");
        result
            .logs()
            .iter()
            .map(|log| Step::from_log(&log.data.data))
            .collect()
    }
}

/// The only block.
fn block() -> EvmEnv {
    let mut cfg_env = CfgEnv::new_with_spec(SpecId::OSAKA);
    cfg_env.set_spec_and_mainnet_gas_params(SpecId::OSAKA);
    let block_env = BlockEnv {
        timestamp: U256::from(NOW),
        basefee: 0,
        gas_limit: 60_000_000,
        ..Default::default()
    };
    EvmEnv { cfg_env, block_env }
}

/// The error that revert data names.
pub(crate) fn named(output: &[u8]) -> IInference::IInferenceErrors {
    use alloy_sol_types::SolInterface as _;
    IInference::IInferenceErrors::abi_decode_validate(output)
        .unwrap_or_else(|error| panic!("{error}: {output:02x?}"))
}
