//! GeneralStateTests: one transaction on a state, through the EVM factory that the node has.

use std::collections::BTreeMap;

use alloy_eips::{eip2930::AccessList, eip7702::Authorization};
use alloy_evm::{Evm, EvmEnv, EvmFactory};
use alloy_primitives::{Address, B256, Bytes, Log, TxKind, U256, keccak256};
use alloy_rlp::encode_list;
use alloy_trie::{
    TrieAccount,
    root::{state_root_unhashed, storage_root_unhashed},
};
use fixpoint_evm::FixpointEvmFactory;
use revm::{
    context::{BlockEnv, CfgEnv, TxEnv, either::Either},
    database::{CacheDB, EmptyDB, State},
    primitives::hardfork::SpecId,
    state::{AccountInfo, Bytecode},
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::{
    accounts::Accounts,
    report::{Outcome, Report},
};

const KIND: &str = "state";
const CHAIN_ID: u64 = 1;

#[derive(Debug, Deserialize)]
struct Test {
    env: Environment,
    pre: Accounts,
    transaction: Transaction,
    post: BTreeMap<String, Vec<Expected>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Environment {
    current_coinbase: Address,
    current_difficulty: U256,
    current_gas_limit: U256,
    current_number: U256,
    current_timestamp: U256,
    current_base_fee: Option<U256>,
    current_random: Option<B256>,
    current_excess_blob_gas: Option<U256>,
}

/// Many transactions: one of each list goes into each.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transaction {
    sender: Address,
    #[serde(default, deserialize_with = "maybe_address")]
    to: Option<Address>,
    nonce: U256,
    data: Vec<Bytes>,
    gas_limit: Vec<U256>,
    /// Some are no numbers, on purpose.
    value: Vec<String>,
    gas_price: Option<U256>,
    max_fee_per_gas: Option<U256>,
    max_priority_fee_per_gas: Option<U256>,
    #[serde(default)]
    access_lists: Vec<Option<AccessList>>,
    #[serde(default)]
    blob_versioned_hashes: Vec<B256>,
    max_fee_per_blob_gas: Option<U256>,
    authorization_list: Option<Vec<SignedAuthorization>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignedAuthorization {
    chain_id: U256,
    address: Address,
    nonce: U256,
    /// Some have one of these names, some both.
    v: Option<U256>,
    y_parity: Option<U256>,
    r: U256,
    s: U256,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expected {
    hash: B256,
    logs: B256,
    indexes: Indexes,
    expect_exception: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Indexes {
    data: usize,
    gas: usize,
    value: usize,
}

/// No receiver is written as an empty string.
fn maybe_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Address>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

/// Runs all cases of one test and notes what came of each.
pub(crate) fn run(name: &str, test: Value, excluded: Option<&str>, report: &mut Report) {
    let test: Test = match serde_json::from_value(test) {
        Ok(test) => test,
        Err(error) => return report.note(KIND, "?", name, Outcome::Failed(error.to_string())),
    };
    for (hardfork, cases) in &test.post {
        for (index, expected) in cases.iter().enumerate() {
            let outcome = match (excluded, spec_id(hardfork)) {
                (Some(reason), _) => Outcome::Excluded(reason.to_owned()),
                (None, Err(reason)) => Outcome::Excluded(reason),
                (None, Ok(spec)) => outcome(&test, spec, expected),
            };
            report.note(KIND, hardfork, &format!("{name} [{index}]"), outcome);
        }
    }
}

/// The EVM's name of a hardfork, or the reason for which it has none.
fn spec_id(hardfork: &str) -> Result<SpecId, String> {
    Ok(match hardfork {
        "Frontier" => SpecId::FRONTIER,
        "Homestead" => SpecId::HOMESTEAD,
        "EIP150" => SpecId::TANGERINE,
        "EIP158" => SpecId::SPURIOUS_DRAGON,
        "Byzantium" => SpecId::BYZANTIUM,
        "ConstantinopleFix" => SpecId::PETERSBURG,
        "Istanbul" => SpecId::ISTANBUL,
        "Berlin" => SpecId::BERLIN,
        "London" => SpecId::LONDON,
        "Paris" => SpecId::MERGE,
        "Shanghai" => SpecId::SHANGHAI,
        "Cancun" => SpecId::CANCUN,
        "Prague" => SpecId::PRAGUE,
        "Osaka" => SpecId::OSAKA,
        "Constantinople" => {
            return Err(
                "the EVM has no Constantinople without its fix, as no chain had".to_owned(),
            );
        }
        other => return Err(format!("hardfork {other} is not known here")),
    })
}

fn outcome(test: &Test, spec: SpecId, expected: &Expected) -> Outcome {
    let transaction = test.transaction.environment(expected.indexes);
    let with = FixpointEvmFactory::new(0);
    let without = FixpointEvmFactory::new(u64::MAX);
    let with = play(test, spec, transaction.clone(), &with);
    let without = play(test, spec, transaction, &without);
    if with != without {
        return Outcome::Failed(format!(
            "with the precompile {with:?}, without it {without:?}"
        ));
    }
    let problem = match (&with.refused, &expected.expect_exception) {
        (Some(error), None) => Some(format!("it was refused: {error}")),
        (None, Some(exception)) => Some(format!("it was not refused for {exception}")),
        _ if with.root != expected.hash => Some(format!("the state root is {}", with.root)),
        _ if with.logs != expected.logs => Some(format!("the hash of the logs is {}", with.logs)),
        _ => None,
    };
    problem.map_or(Outcome::Passed, Outcome::Failed)
}

/// All that is seen of a run.
#[derive(Debug, PartialEq, Eq)]
struct Ran {
    /// Why the transaction did not start, if it did not.
    refused: Option<String>,
    gas_used: u64,
    output: Option<Bytes>,
    logs: B256,
    root: B256,
}

fn play(
    test: &Test,
    spec: SpecId,
    transaction: Result<TxEnv, String>,
    factory: &FixpointEvmFactory,
) -> Ran {
    let mut state = State::builder()
        .with_database(database(&test.pre))
        .with_bundle_update()
        .build();
    let ran = transaction.and_then(|transaction| {
        let mut evm = factory.create_evm(&mut state, test.env.environment(spec));
        evm.transact_commit(transaction)
            .map_err(|error| error.to_string())
    });
    let (refused, gas_used, output, logs) = match ran {
        Ok(result) => (
            None,
            result.tx_gas_used(),
            result.output().cloned(),
            result.into_logs(),
        ),
        Err(error) => (Some(error), 0, None, Vec::new()),
    };
    let mut encoded = Vec::new();
    encode_list::<Log, Log>(&logs, &mut encoded);
    Ran {
        refused,
        gas_used,
        output,
        logs: keccak256(encoded),
        root: root(test, spec, &mut state),
    }
}

fn database(accounts: &Accounts) -> CacheDB<EmptyDB> {
    let mut database = CacheDB::new(EmptyDB::default());
    for (address, account) in accounts {
        // Some state tests hold code that no transaction could have put there.
        let code = Bytecode::new_raw_checked(account.code.clone())
            .unwrap_or_else(|_| Bytecode::new_legacy(account.code.clone()));
        let nonce = account.nonce.saturating_to();
        let hash = keccak256(&account.code);
        database.insert_account_info(
            *address,
            AccountInfo::new(account.balance, nonce, hash, code),
        );
        if let Some(stored) = database.cache.accounts.get_mut(address) {
            let storage = account.storage.iter();
            stored.storage = storage.map(|(slot, value)| (*slot, *value)).collect();
        }
    }
    database
}

/// The root of the state before, with what the run has changed.
fn root(test: &Test, spec: SpecId, state: &mut State<CacheDB<EmptyDB>>) -> B256 {
    state.merge_transitions(revm::database::states::bundle_state::BundleRetention::PlainState);
    let bundle = state.take_bundle();
    let mut after: BTreeMap<Address, (AccountInfo, BTreeMap<U256, U256>)> = test
        .pre
        .iter()
        .map(|(address, account)| {
            let nonce = account.nonce.saturating_to();
            let hash = keccak256(&account.code);
            let info = AccountInfo::new(account.balance, nonce, hash, Bytecode::default());
            (*address, (info, account.storage.clone()))
        })
        .collect();
    for (address, change) in bundle.state {
        let destroyed = change.was_destroyed();
        let Some(info) = change.info else {
            after.remove(&address);
            continue;
        };
        let entry = after.entry(address).or_default();
        entry.0 = info;
        if destroyed {
            entry.1.clear();
        }
        for (slot, value) in change.storage {
            entry.1.insert(slot, value.present_value);
        }
    }
    // A block pays its beneficiary, if only nothing, which made an account before EIP-161.
    if !spec.is_enabled_in(SpecId::SPURIOUS_DRAGON) {
        after.entry(test.env.current_coinbase).or_default();
    }
    state_root_unhashed(after.into_iter().map(|(address, (info, storage))| {
        let slots = storage.into_iter().filter(|(_, value)| !value.is_zero());
        let account = TrieAccount {
            nonce: info.nonce,
            balance: info.balance,
            storage_root: storage_root_unhashed(slots.map(|(slot, value)| (slot.into(), value))),
            code_hash: info.code_hash,
        };
        (address, account)
    }))
}

impl Environment {
    fn environment(&self, spec: SpecId) -> EvmEnv {
        let mut cfg_env = CfgEnv::default();
        cfg_env.chain_id = CHAIN_ID;
        cfg_env.set_spec_and_mainnet_gas_params(spec);
        cfg_env.set_max_blobs_per_tx(if spec == SpecId::PRAGUE { 9 } else { 6 });
        let mut block_env = BlockEnv {
            number: self.current_number,
            beneficiary: self.current_coinbase,
            timestamp: self.current_timestamp,
            gas_limit: self.current_gas_limit.saturating_to(),
            basefee: self.current_base_fee.unwrap_or_default().saturating_to(),
            difficulty: self.current_difficulty,
            prevrandao: self.current_random,
            ..BlockEnv::default()
        };
        if spec.is_enabled_in(SpecId::MERGE) {
            block_env.prevrandao.get_or_insert_default();
        }
        if let Some(excess) = self.current_excess_blob_gas {
            let fraction = cfg_env.blob_base_fee_update_fraction();
            block_env.set_blob_excess_gas_and_price(excess.saturating_to(), fraction);
        }
        EvmEnv { cfg_env, block_env }
    }
}

impl Transaction {
    /// The transaction with these parts, or why there is none.
    fn environment(&self, indexes: Indexes) -> Result<TxEnv, String> {
        let narrow = |wide: U256| u128::try_from(wide).unwrap_or(u128::MAX);
        let value = self.value.get(indexes.value).ok_or("no such value")?;
        let access_list = self.access_lists.get(indexes.data).cloned().flatten();
        let authorizations = self.authorization_list.iter().flatten();
        Ok(TxEnv {
            tx_type: self.kind(access_list.is_some())?,
            caller: self.sender,
            gas_limit: self
                .gas_limit
                .get(indexes.gas)
                .ok_or("no such gas limit")?
                .saturating_to(),
            gas_price: narrow(self.gas_price.or(self.max_fee_per_gas).unwrap_or_default()),
            kind: self.to.map_or(TxKind::Create, TxKind::Call),
            value: value
                .parse()
                .map_err(|error| format!("value {value}: {error}"))?,
            data: self.data.get(indexes.data).ok_or("no such data")?.clone(),
            nonce: u64::try_from(self.nonce).map_err(|error| error.to_string())?,
            chain_id: Some(CHAIN_ID),
            access_list: access_list.unwrap_or_default(),
            gas_priority_fee: self.max_priority_fee_per_gas.map(narrow),
            blob_hashes: self.blob_versioned_hashes.clone(),
            max_fee_per_blob_gas: self.max_fee_per_blob_gas.map_or(u128::MAX, narrow),
            authorization_list: authorizations
                .map(|authorization| Either::Left(authorization.signed()))
                .collect(),
        })
    }

    /// The type that its fields make it.
    fn kind(&self, has_access_list: bool) -> Result<u8, String> {
        let kind = if self.max_fee_per_blob_gas.is_some() {
            3
        } else if self.authorization_list.is_some() {
            4
        } else if self.max_fee_per_gas.is_some() {
            2
        } else {
            u8::from(has_access_list)
        };
        if kind > 2 && self.to.is_none() {
            return Err(format!("a transaction of type {kind} cannot create"));
        }
        Ok(kind)
    }
}

impl SignedAuthorization {
    fn signed(&self) -> alloy_eips::eip7702::SignedAuthorization {
        let authorization = Authorization {
            chain_id: self.chain_id,
            address: self.address,
            nonce: self.nonce.saturating_to(),
        };
        alloy_eips::eip7702::SignedAuthorization::new_unchecked(
            authorization,
            self.y_parity.or(self.v).unwrap_or_default().saturating_to(),
            self.r,
            self.s,
        )
    }
}
