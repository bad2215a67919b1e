//! What a network agrees on before block 0: chain id, forks, fee parameters, genesis.

use std::{path::Path, sync::Arc};

use alloy_consensus::{Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::{
    eip1559::{BaseFeeParams, INITIAL_BASE_FEE},
    eip7840::BlobParams,
};
use alloy_evm::{EvmEnv, eth::spec::EthExecutorSpec};
use alloy_genesis::{Genesis, GenesisAccount};
use alloy_hardforks::{EthereumHardfork, EthereumHardforks, ForkCondition};
use alloy_primitives::{Address, B256, address};
use fixpoint_evm::{
    FixpointEvmFactory,
    precompile::{answers::AnswerCache, gas::GAS_TABLE_VERSION},
};

use crate::{
    block::SealedHeader,
    diff::StateDiff,
    forks::ForkTimes,
    genesis,
    header::{MAX_EXTRA_DATA_BYTES, MAX_GAS_LIMIT, MINIMUM_GAS_LIMIT},
    state_trie::StateTrie,
};

/// Where the inference precompile lives. It carries code (0xfe) and nonce 1, so that it looks like a
/// contract to Solidity and never counts as empty (EIP-161 would drop its storage).
pub const INFERENCE_ADDRESS: Address = address!("0x0000000000000000000000000000000000000F1E");
/// Key in the genesis file's `config` with the precompile's activation time in seconds.
pub const ACTIVATION_KEY: &str = "fixpointTime";
/// Key in the genesis file's `config` with the name of the chain's hardfork.
pub const HARDFORK_KEY: &str = "fixpointHardfork";
/// Key in the genesis file's `config` with the version of the table of gas prices.
pub const GAS_TABLE_KEY: &str = "fixpointGasTable";

/// One network. Cheap to clone; clones share the precompile's node-local caches.
#[derive(Debug, Clone)]
pub struct ChainSpec {
    inner: Arc<Inner>,
    contracts_may_send: bool,
    /// Of blocks. Adds to its cache of answers, if it has one.
    evm_factory: FixpointEvmFactory,
}

#[derive(Debug)]
struct Inner {
    genesis: Genesis,
    genesis_header: SealedHeader,
    inference_activation_s: u64,
    forks: ForkTimes,
}

/// A genesis that this chain cannot start from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// The file could not be read.
    #[error("cannot read the genesis file {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The text is not a genesis.
    #[error("the genesis is not valid JSON of geth's form: {0}")]
    Json(#[from] serde_json::Error),
    /// `config.fixpointTime` is not a number of seconds.
    #[error("config.{ACTIVATION_KEY} is not a number of seconds")]
    ActivationTime,
    /// `config.fixpointHardfork` is not one that a chain here can have.
    #[error("config.{HARDFORK_KEY} is {0}, not one of paris, shanghai, cancun, prague, osaka")]
    Hardfork(String),
    /// `config.fixpointGasTable` names prices that this build does not charge.
    #[error("config.{GAS_TABLE_KEY} is {0}; this build charges by table {GAS_TABLE_VERSION}")]
    GasTable(u64),
    /// A hardfork would be active before one that it builds on.
    #[error("the time of {later} comes before that of {earlier}, or {earlier} has none")]
    ForkOrder {
        /// What has to be active first.
        earlier: EthereumHardfork,
        /// What the genesis has before it.
        later: EthereumHardfork,
    },
    /// The gas limit is outside of what a block may have.
    #[error("genesis gas limit {got} is not within {MINIMUM_GAS_LIMIT}..={MAX_GAS_LIMIT}")]
    GasLimit {
        /// In the genesis.
        got: u64,
    },
    /// The base fee does not fit.
    #[error("genesis base fee {got} wei does not fit 64 bits")]
    BaseFee {
        /// In the genesis.
        got: u128,
    },
    /// `extraData` is longer than any block's may be.
    #[error("genesis extra data has {got} bytes, at most {MAX_EXTRA_DATA_BYTES} are allowed")]
    ExtraData {
        /// Bytes in the genesis.
        got: usize,
    },
    /// The genesis does not begin at block 0, or names a parent.
    #[error("the genesis must be block 0 without a parent")]
    NotBlockZero,
    /// An account would have storage and yet count as empty.
    #[error("genesis account {0} has storage but neither code, nonce nor balance")]
    StorageOfEmptyAccount(Address),
}

impl ChainSpec {
    /// Makes a spec of a genesis. The EIP-2935, 4788, 7002 and 7251 system contracts and the
    /// precompile's marker account (code 0xfe, nonce 1) are added where the genesis lacks them.
    ///
    /// Hardforks are active from geth's times in `genesis.config` on (`shanghaiTime` to `osakaTime`), Osaka
    /// from block 0 if there are none; if its `fixpointHardfork` names one, that one has all blocks. Its
    /// `fixpointTime` (seconds) is when the precompile activates, 0 if absent. Its `fixpointGasTable`, if
    /// there, is the version of the prices.
    pub fn from_genesis(mut genesis: Genesis) -> Result<Self, SpecError> {
        for (address, code) in genesis::system_contracts() {
            genesis
                .alloc
                .entry(address)
                .or_insert_with(|| GenesisAccount {
                    nonce: Some(1),
                    code: Some(code),
                    ..GenesisAccount::default()
                });
        }
        Self::from_exact_genesis(genesis)
    }

    /// [`Self::from_genesis`], adding no account: for a chain that was not made for the precompile.
    pub fn from_exact_genesis(genesis: Genesis) -> Result<Self, SpecError> {
        genesis::check(&genesis)?;
        let forks = ForkTimes::of(&genesis)?;
        let inference_activation_s = match genesis
            .config
            .extra_fields
            .get_deserialized::<u64>(ACTIVATION_KEY)
        {
            None => 0,
            Some(seconds) => seconds.map_err(|_| SpecError::ActivationTime)?,
        };
        let fields = &genesis.config.extra_fields;
        if let Some(version) = fields.get_deserialized::<u64>(GAS_TABLE_KEY) {
            let version = version?;
            if version != u64::from(GAS_TABLE_VERSION) {
                return Err(SpecError::GasTable(version));
            }
        }
        let mut trie = StateTrie::default();
        trie.apply(&genesis::state(&genesis));
        let genesis_header = genesis::header(&genesis, forks.at(genesis.timestamp), trie.root())?;
        Ok(Self {
            inner: Arc::new(Inner {
                genesis,
                genesis_header: SealedHeader::new(genesis_header),
                inference_activation_s,
                forks,
            }),
            contracts_may_send: false,
            evm_factory: FixpointEvmFactory::new(inference_activation_s),
        })
    }

    /// [`Self::from_genesis`] of a genesis in geth's JSON form.
    pub fn from_json(json: &str) -> Result<Self, SpecError> {
        Self::from_genesis(serde_json::from_str(json)?)
    }

    /// [`Self::from_json`] of a file.
    pub fn from_file(path: &Path) -> Result<Self, SpecError> {
        let json = std::fs::read_to_string(path).map_err(|source| SpecError::Read {
            path: path.display().to_string(),
            source,
        })?;
        Self::from_json(&json)
    }

    /// Lets accounts with code send transactions (against EIP-3607), for a development chain on which
    /// anybody can be impersonated. It changes nothing for transactions that are signed: nobody has
    /// the key of a contract.
    pub fn letting_contracts_send(mut self) -> Self {
        self.contracts_may_send = true;
        self
    }

    /// Lets blocks, and transactions before they are in one, add answers of inferences to a cache and
    /// take them from there. Results do not change. Without a cache models run each time.
    pub fn remembering_answers(mut self, answers: Arc<dyn AnswerCache>) -> Self {
        self.evm_factory = self.evm_factory.with_answers(answers);
        self
    }

    /// Whether accounts with code may send transactions.
    pub(crate) fn contracts_may_send(&self) -> bool {
        self.contracts_may_send
    }

    /// The genesis, with system contracts, as it would be written to a file.
    pub fn genesis(&self) -> &Genesis {
        &self.inner.genesis
    }

    /// EIP-155 chain id.
    pub fn chain_id(&self) -> u64 {
        self.inner.genesis.config.chain_id
    }

    /// Header of block 0 with its hash.
    pub fn genesis_header(&self) -> &SealedHeader {
        &self.inner.genesis_header
    }

    /// Hash of block 0.
    pub fn genesis_hash(&self) -> B256 {
        self.inner.genesis_header.hash()
    }

    /// State of block 0 as changes to an empty one.
    pub fn genesis_state(&self) -> StateDiff {
        genesis::state(&self.inner.genesis)
    }

    /// Timestamp in seconds from which the inference precompile is there.
    pub fn inference_activation_s(&self) -> u64 {
        self.inner.inference_activation_s
    }

    /// EIP-1559 parameters.
    pub fn base_fee_params(&self) -> BaseFeeParams {
        BaseFeeParams::ethereum()
    }

    /// The hardfork of blocks with this timestamp.
    pub fn hardfork_at(&self, timestamp_s: u64) -> EthereumHardfork {
        self.inner.forks.at(timestamp_s)
    }

    /// Whether blocks of this time have a list of withdrawals (always empty).
    pub fn has_withdrawals(&self, timestamp_s: u64) -> bool {
        self.hardfork_at(timestamp_s) >= EthereumHardfork::Shanghai
    }

    /// Whether headers of this time have the fields of EIP-4844 and EIP-4788.
    pub fn has_blob_fields(&self, timestamp_s: u64) -> bool {
        self.hardfork_at(timestamp_s) >= EthereumHardfork::Cancun
    }

    /// Whether headers of this time have a hash of requests (EIP-7685).
    pub fn has_requests(&self, timestamp_s: u64) -> bool {
        self.hardfork_at(timestamp_s) >= EthereumHardfork::Prague
    }

    /// EIP-4844 parameters at this time (blob transactions are not accepted).
    pub fn blob_params(&self, timestamp_s: u64) -> BlobParams {
        match self.hardfork_at(timestamp_s) {
            EthereumHardfork::Osaka => BlobParams::osaka(),
            EthereumHardfork::Prague => BlobParams::prague(),
            _ => BlobParams::cancun(),
        }
    }

    /// `header` with the fields that its hardfork has in a child of `parent`, as far as they are known
    /// before execution.
    pub fn with_fork_fields(&self, header: Header, parent: &Header, beacon_root: B256) -> Header {
        let time_s = header.timestamp;
        let has_blobs = self.has_blob_fields(time_s);
        Header {
            withdrawals_root: self.has_withdrawals(time_s).then_some(EMPTY_WITHDRAWALS),
            blob_gas_used: has_blobs.then_some(0),
            excess_blob_gas: has_blobs.then(|| self.next_excess_blob_gas(parent, time_s)),
            parent_beacon_block_root: has_blobs.then_some(beacon_root),
            requests_hash: self.has_requests(time_s).then_some(B256::ZERO),
            ..header
        }
    }

    /// Base fee in wei of the block after `parent`.
    pub fn next_base_fee_wei(&self, parent: &Header) -> u64 {
        parent
            .next_block_base_fee(self.base_fee_params())
            .unwrap_or(INITIAL_BASE_FEE)
    }

    /// `excessBlobGas` of the block after `parent` at this time; the first that has it begins at zero.
    pub fn next_excess_blob_gas(&self, parent: &Header, timestamp_s: u64) -> u64 {
        parent
            .next_block_excess_blob_gas(self.blob_params(timestamp_s))
            .unwrap_or(0)
    }

    /// The EVM factory of this network, for calls and traces. It takes answers of inferences from the
    /// node's cache and adds none: what is asked from outside must not push out what blocks need.
    pub fn evm_factory(&self) -> FixpointEvmFactory {
        self.evm_factory.clone().only_reading_answers()
    }

    /// The EVM factory of blocks, and of transactions that may get into one.
    pub(crate) fn block_evm_factory(&self) -> FixpointEvmFactory {
        self.evm_factory.clone()
    }

    /// What the EVM sees of the block with this header.
    pub fn evm_env(&self, header: &Header) -> EvmEnv {
        let time_s = header.timestamp;
        let blobs = self.has_blob_fields(time_s);
        let blobs = blobs.then(|| self.blob_params(time_s));
        let mut env = EvmEnv::for_eth_block(header, self, self.chain_id(), blobs);
        env.cfg_env.disable_eip3607 = self.contracts_may_send;
        env
    }
}

impl EthereumHardforks for ChainSpec {
    fn ethereum_fork_activation(&self, fork: EthereumHardfork) -> ForkCondition {
        self.inner.forks.condition(fork)
    }
}

impl EthExecutorSpec for ChainSpec {
    fn deposit_contract_address(&self) -> Option<Address> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use revm::primitives::hardfork::SpecId;

    const JSON: &str = r#"{
        "config": { "chainId": 31337, "fixpointTime": 77 },
        "gasLimit": "0x1c9c380", "timestamp": "0x10", "difficulty": "0x0",
        "alloc": {
            "0x00000000000000000000000000000000000000aa": { "balance": "0xde0b6b3a7640000" },
            "0x00000000000000000000000000000000000000bb": {
                "balance": "0x0", "nonce": "0x1", "code": "0x6000",
                "storage": { "0x01": "0x02", "0x03": "0x00" }
            }
        }
    }"#;

    #[test]
    fn the_genesis_root_is_that_of_alloy_genesis() {
        let spec = ChainSpec::from_json(JSON).expect("a valid genesis");
        let alloc = spec.genesis().alloc.clone();
        assert_eq!(alloc.len(), 2 + 5, "system contracts are added");
        let reference = alloy_trie::root::state_root_unhashed(
            alloc
                .into_iter()
                .map(|(address, account)| (address, account.into_trie_account())),
        );
        assert_eq!(spec.genesis_header().state_root, reference);
        assert_eq!(spec.chain_id(), 31337);
        assert_eq!(spec.inference_activation_s(), 77);
        assert_eq!(spec.genesis_header().timestamp, 16);
    }

    #[test]
    fn a_spec_written_out_and_read_back_has_the_same_genesis_hash() {
        let spec = ChainSpec::from_json(JSON).expect("a valid genesis");
        let text = serde_json::to_string(spec.genesis()).expect("a genesis is JSON");
        let again = ChainSpec::from_json(&text).expect("what was written");
        assert_eq!(again.genesis_hash(), spec.genesis_hash());
        assert_eq!(again.inference_activation_s(), 77);
    }

    #[test]
    fn a_genesis_that_cannot_work_is_refused_by_name() {
        let refuse = |change: &dyn Fn(&mut Genesis)| {
            let mut genesis: Genesis = serde_json::from_str(JSON).expect("a genesis");
            change(&mut genesis);
            ChainSpec::from_genesis(genesis).expect_err("a genesis that cannot work")
        };
        assert!(matches!(
            refuse(&|g| g.gas_limit = 10),
            SpecError::GasLimit { got: 10 }
        ));
        assert!(matches!(
            refuse(&|g| g.number = Some(1)),
            SpecError::NotBlockZero
        ));
        assert!(matches!(
            refuse(&|g| g.base_fee_per_gas = Some(u128::MAX)),
            SpecError::BaseFee { .. }
        ));
        assert!(matches!(
            refuse(&|g| g.extra_data = vec![0; 33].into()),
            SpecError::ExtraData { got: 33 }
        ));
        assert!(matches!(
            refuse(&|g| {
                let storage = [(B256::ZERO, B256::with_last_byte(1))].into();
                g.alloc.insert(
                    Address::repeat_byte(9),
                    GenesisAccount {
                        storage: Some(storage),
                        ..GenesisAccount::default()
                    },
                );
            }),
            SpecError::StorageOfEmptyAccount(_)
        ));
        let bad_time = JSON.replace("77", "\"soon\"");
        assert!(matches!(
            ChainSpec::from_json(&bad_time),
            Err(SpecError::ActivationTime)
        ));
        assert!(matches!(ChainSpec::from_json("{"), Err(SpecError::Json(_))));
    }

    #[test]
    fn another_hardfork_may_be_chosen_and_has_its_fields() {
        let json = JSON.replace("77", "77, \"fixpointHardfork\": \"Shanghai\"");
        let spec = ChainSpec::from_json(&json).expect("a valid genesis");
        assert!(spec.is_shanghai_active_at_timestamp(0));
        assert!(!spec.is_cancun_active_at_timestamp(u64::MAX));
        let header = spec.genesis_header();
        assert_eq!(header.withdrawals_root, Some(EMPTY_WITHDRAWALS));
        assert_eq!((header.excess_blob_gas, header.requests_hash), (None, None));
        let unknown = json.replace("Shanghai", "london");
        assert!(matches!(
            ChainSpec::from_json(&unknown),
            Err(SpecError::Hardfork(name)) if name == "london"
        ));
    }

    #[test]
    fn blocks_have_the_fields_of_their_time() {
        let json = JSON.replace("77", r#"77, "shanghaiTime": 0, "cancunTime": 100"#);
        let spec = ChainSpec::from_json(&json).expect("a valid genesis");
        let parent = spec.genesis_header();
        assert!(parent.withdrawals_root.is_some() && parent.excess_blob_gas.is_none());
        for (timestamp, excess_blob_gas) in [(99, None), (100, Some(0))] {
            let header = Header {
                timestamp,
                ..Header::default()
            };
            let header = spec.with_fork_fields(header, parent, B256::ZERO);
            assert_eq!(header.excess_blob_gas, excess_blob_gas);
            assert_eq!(header.requests_hash, None);
            let mcopy = spec.evm_env(&header).cfg_env.spec >= SpecId::CANCUN;
            assert_eq!(mcopy, excess_blob_gas.is_some());
        }
    }

    #[test]
    fn prices_of_another_table_are_refused() {
        let with = |version: &str| {
            let json = JSON.replace("77", &format!("77, \"{GAS_TABLE_KEY}\": {version}"));
            ChainSpec::from_json(&json)
        };
        assert!(with(&GAS_TABLE_VERSION.to_string()).is_ok());
        assert!(matches!(with("3"), Err(SpecError::GasTable(3))));
        assert!(matches!(with("\"newest\""), Err(SpecError::Json(_))));
    }

    #[test]
    fn osaka_is_active_from_the_start_and_nothing_later() {
        let spec = ChainSpec::from_json(JSON).expect("a valid genesis");
        assert!(spec.is_osaka_active_at_timestamp(0));
        assert!(spec.is_london_active_at_block(0));
        assert!(!spec.is_amsterdam_active_at_timestamp(u64::MAX));
        let env = spec.evm_env(spec.genesis_header());
        assert_eq!(env.cfg_env.tx_gas_limit_cap, Some(16_777_216));
        assert_eq!(env.cfg_env.chain_id, 31337);
    }
}
