//! BlockchainTests: chains of blocks, some of them wrong, through the node's own import.

use alloy_genesis::{ChainConfig, Genesis};
use alloy_primitives::{Address, B64, B256, Bytes, U256};
use alloy_rlp::Decodable;
use fixpoint_chain::{
    Block, Chain, ChainSpec, Location,
    spec::{ACTIVATION_KEY, HARDFORK_KEY},
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    accounts::{Account, Accounts},
    exclusions,
    report::{Outcome, Report},
};

const KIND: &str = "blocks";
/// What fixtures without a chain id of their own are made for.
const CHAIN_ID: u64 = 1;
/// Any clock is late enough.
const NOW_S: u64 = u64::MAX;

const BLOBS: &str = "has blob transactions or blob gas, which this chain does not accept";
const WITHDRAWALS: &str = "has withdrawals, which this chain does not accept";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    network: String,
    #[serde(default)]
    config: Config,
    genesis_block_header: GenesisHeader,
    pre: Accounts,
    blocks: Vec<TestBlock>,
    #[serde(rename = "lastblockhash")]
    last_block_hash: B256,
    post_state: Option<Accounts>,
}

#[derive(Debug, Default, Deserialize)]
struct Config {
    chainid: Option<U256>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenesisHeader {
    hash: B256,
    coinbase: Address,
    difficulty: U256,
    extra_data: Bytes,
    gas_limit: U256,
    mix_hash: B256,
    nonce: B64,
    timestamp: U256,
    base_fee_per_gas: Option<U256>,
    blob_gas_used: Option<U256>,
    excess_blob_gas: Option<U256>,
}

#[derive(Debug, Deserialize)]
struct TestBlock {
    rlp: Bytes,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl TestBlock {
    /// What the block must be refused for, if it must.
    fn expected_exception(&self) -> Option<&Value> {
        let found = self.rest.iter();
        let mut found = found.filter(|(key, _)| key.starts_with("expectException"));
        found.next().map(|(_, exception)| exception)
    }

    /// The block, if its bytes are one.
    fn decode(&self) -> Option<Block> {
        let mut bytes = self.rlp.as_ref();
        let block = Block::decode(&mut bytes).ok()?;
        bytes.is_empty().then_some(block)
    }
}

/// Runs one test and notes what came of it.
pub(crate) fn run(name: &str, test: Value, excluded: Option<&str>, report: &mut Report) {
    let network = test["network"].as_str().unwrap_or("?").to_owned();
    let excluded = excluded.or_else(|| exclusions::of_network(&network));
    let outcome = match excluded {
        Some(reason) => Outcome::Excluded(reason.to_owned()),
        None => match serde_json::from_value::<Test>(test) {
            Ok(test) => outcome(&test),
            Err(error) => Outcome::Failed(error.to_string()),
        },
    };
    report.note(KIND, &network, name, outcome);
}

fn outcome(test: &Test) -> Outcome {
    if let Some(reason) = inapplicable(test) {
        return Outcome::Excluded(reason.to_owned());
    }
    for (with, activation_s) in [("with", 0), ("without", u64::MAX)] {
        if let Err(how) = play(test, activation_s) {
            return Outcome::Failed(format!("{with} the precompile: {how}"));
        }
    }
    Outcome::Passed
}

/// What this chain never has in its blocks. A block that must be refused is no reason: it is.
fn inapplicable(test: &Test) -> Option<&'static str> {
    let valid = test.blocks.iter();
    let valid = valid.filter(|block| block.expected_exception().is_none());
    for block in valid.filter_map(TestBlock::decode) {
        let has_blobs = block.header.blob_gas_used.is_some_and(|gas| gas > 0);
        let transactions = &block.body.transactions;
        if has_blobs
            || transactions
                .iter()
                .any(|transaction| transaction.is_eip4844())
        {
            return Some(BLOBS);
        }
        if block.body.withdrawals.is_some_and(|list| !list.is_empty()) {
            return Some(WITHDRAWALS);
        }
    }
    None
}

/// Imports all blocks into a new chain.
fn play(test: &Test, activation_s: u64) -> Result<(), String> {
    let spec = spec(test, activation_s)?;
    let (got, want) = (spec.genesis_hash(), test.genesis_block_header.hash);
    if got != want {
        return Err(format!("the genesis is {got}, not {want}"));
    }
    let chain = Chain::open(Location::Memory, spec).map_err(|error| error.to_string())?;
    let forked = has_branches(test);
    for (index, block) in test.blocks.iter().enumerate() {
        let imported = import(&chain, block, forked);
        match (imported, block.expected_exception()) {
            (Ok(()), None) | (Err(_), Some(_)) => {}
            (Ok(()), Some(exception)) => {
                return Err(format!("block {index} was accepted despite {exception}"));
            }
            (Err(error), None) => return Err(format!("block {index} was refused: {error}")),
        }
    }
    if forked {
        let last = chain.finalise(test.last_block_hash);
        last.map_err(|error| error.to_string())?;
    }
    check(&chain, test)
}

fn import(chain: &Chain, block: &TestBlock, forked: bool) -> Result<(), String> {
    let block = block.decode().ok_or("not a block")?;
    let imported = if forked {
        chain.propose(block, NOW_S)
    } else {
        chain.import(block, NOW_S)
    };
    imported.map(|_| ()).map_err(|error| error.to_string())
}

/// Whether two valid blocks have one parent: then all are kept until the last one is final.
fn has_branches(test: &Test) -> bool {
    let valid = test.blocks.iter();
    let valid = valid.filter(|block| block.expected_exception().is_none());
    let parents: Vec<B256> = valid
        .filter_map(TestBlock::decode)
        .map(|block| block.header.parent_hash)
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    !parents.iter().all(|parent| seen.insert(*parent))
}

/// The head, and every account that the fixture lists.
fn check(chain: &Chain, test: &Test) -> Result<(), String> {
    let (got, want) = (chain.head().hash(), test.last_block_hash);
    if got != want {
        return Err(format!("the head is {got}, not {want}"));
    }
    let view = chain
        .state_at(got.into())
        .map_err(|error| error.to_string())?;
    for (address, want) in test.post_state.iter().flatten() {
        let account = view.account(*address).map_err(|error| error.to_string())?;
        let account = account.ok_or_else(|| format!("there is no account {address}"))?;
        let code = view.code(*address).map_err(|error| error.to_string())?;
        let Account {
            balance,
            nonce,
            code: want_code,
            storage,
        } = want;
        if (account.balance, U256::from(account.nonce), &code) != (*balance, *nonce, want_code) {
            return Err(format!("account {address} is {account:?}"));
        }
        for (slot, want) in storage {
            let got = view
                .slot(*address, *slot)
                .map_err(|error| error.to_string())?;
            if got != *want {
                return Err(format!("slot {slot} of {address} is {got}, not {want}"));
            }
        }
    }
    Ok(())
}

fn spec(test: &Test, activation_s: u64) -> Result<ChainSpec, String> {
    let header = &test.genesis_block_header;
    let mut config = ChainConfig {
        chain_id: test
            .config
            .chainid
            .map_or(CHAIN_ID, |id| id.saturating_to()),
        ..ChainConfig::default()
    };
    set_forks(&mut config, &test.network)?;
    let fields = &mut config.extra_fields;
    fields.insert(ACTIVATION_KEY.to_owned(), activation_s.into());
    let alloc = test.pre.iter();
    let genesis = Genesis {
        config,
        nonce: header.nonce.into(),
        timestamp: header.timestamp.saturating_to(),
        extra_data: header.extra_data.clone(),
        gas_limit: header.gas_limit.saturating_to(),
        difficulty: header.difficulty,
        mix_hash: header.mix_hash,
        coinbase: header.coinbase,
        base_fee_per_gas: header.base_fee_per_gas.map(|fee| fee.saturating_to()),
        blob_gas_used: header.blob_gas_used.map(|gas| gas.saturating_to()),
        excess_blob_gas: header.excess_blob_gas.map(|gas| gas.saturating_to()),
        alloc: alloc
            .map(|(address, account)| (*address, account.into()))
            .collect(),
        ..Genesis::default()
    };
    ChainSpec::from_exact_genesis(genesis).map_err(|error| error.to_string())
}

/// The hardforks of a network by its name: `Cancun`, or `ShanghaiToCancunAtTime15k`.
fn set_forks(config: &mut ChainConfig, network: &str) -> Result<(), String> {
    let Some((first, change)) = network.split_once("To") else {
        let fields = &mut config.extra_fields;
        fields.insert(HARDFORK_KEY.to_owned(), network.into());
        return Ok(());
    };
    let unknown = || format!("{network} is a network of an unknown form");
    let (second, time) = change.split_once("AtTime").ok_or_else(unknown)?;
    let thousands = time.strip_suffix('k').ok_or_else(unknown)?;
    let thousands: u64 = thousands.parse().map_err(|_| unknown())?;
    let names = ["Shanghai", "Cancun", "Prague", "Osaka"];
    let times = [
        &mut config.shanghai_time,
        &mut config.cancun_time,
        &mut config.prague_time,
        &mut config.osaka_time,
    ];
    // Those before the second are there from the start; the first may be Paris, which has no time.
    let position = names.iter().position(|name| *name == second);
    let position = position.ok_or_else(unknown)?;
    let is_next = first == "Paris" && position == 0 || names[..position].last() == Some(&first);
    if !is_next {
        return Err(unknown());
    }
    for (index, time) in times.into_iter().enumerate() {
        *time = (index <= position).then_some(if index < position {
            0
        } else {
            thousands * 1_000
        });
    }
    Ok(())
}
