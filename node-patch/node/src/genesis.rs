//! The devnet's first block: accounts, predeployed contracts, limits and forks.
//!
//! The genesis is a pure function of its arguments (no clock): a data directory is reopened with
//! the same arguments, and a second process that imports the blocks starts from the same hash.

use std::collections::BTreeMap;

use alloy_eips::{
    eip2935::{HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE},
    eip4788::{BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE},
    eip7002::{WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS, WITHDRAWAL_REQUEST_PREDEPLOY_CODE},
    eip7251::{CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, CONSOLIDATION_REQUEST_PREDEPLOY_CODE},
};
use alloy_genesis::{ChainConfig, Genesis, GenesisAccount};
use alloy_hardforks::EthereumHardfork;
use alloy_primitives::{Address, Bytes, U256, address, bytes};
use fixpoint_chain::{ChainSpec, spec::HARDFORK_KEY};
use serde::Deserialize;

/// The chain id that development tools expect of a local chain.
pub const DEVNET_CHAIN_ID: u64 = 31_337;
/// Gas of one block.
pub const BLOCK_GAS_LIMIT: u64 = 60_000_000;
/// Base fee of the genesis block: 1 gwei.
pub const GENESIS_BASE_FEE_WEI: u64 = 1_000_000_000;
/// Balance of each developer account, unless another is asked for: 10,000 ether.
pub const DEV_BALANCE_ETHER: u64 = 10_000;
/// Receives the tips of every block. No one holds its key.
pub const COINBASE: Address = address!("0x00000000000000000000000000000000C01BBA5E");
/// 2026-01-01T00:00:00Z. Fixed, so that the genesis hash does not depend on when a chain was made.
const GENESIS_TIMESTAMP_S: u64 = 1_767_225_600;

/// The inference precompile. It needs code, as Solidity checks for code before a call, and a nonce,
/// as an account without either loses its storage (EIP-161).
pub const PRECOMPILE_ADDRESS: Address = address!("0x0000000000000000000000000000000000000F1E");
const PRECOMPILE_CODE: Bytes = bytes!("fe");

/// The CREATE2 factory that forge and other tools expect at this address on every chain.
pub const CREATE2_FACTORY_ADDRESS: Address = address!("0x4e59b44847b379578588920cA78FbF26c0B4956C");
const CREATE2_FACTORY_CODE: Bytes = bytes!(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
);

/// Runtime code of the project's contracts, generated from the compiler's output.
const PREDEPLOYS_JSON: &str = include_str!("predeploys.json");

/// The first hardfork whose EVM runs them: they copy memory by MCOPY and lock by transient storage.
pub const PREDEPLOYS_NEED: EthereumHardfork = EthereumHardfork::Cancun;

/// A contract that exists from the first block on.
#[derive(Clone, Debug, Deserialize)]
pub struct Predeploy {
    /// Where it lives.
    pub address: Address,
    /// Its runtime code.
    pub code: Bytes,
    /// Storage it starts with.
    #[serde(default)]
    pub storage: BTreeMap<alloy_primitives::B256, alloy_primitives::B256>,
}

/// The project's predeployed contracts by name.
///
/// # Errors
/// When the embedded file is not the JSON it should be, which a test rules out.
pub fn predeploys() -> Result<BTreeMap<String, Predeploy>, serde_json::Error> {
    serde_json::from_str(PREDEPLOYS_JSON)
}

/// What a devnet's genesis has, where nothing else is said the defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenesisOptions {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The hardfork of all blocks: Paris or later.
    pub hardfork: EthereumHardfork,
    /// Gas of one block.
    pub gas_limit: u64,
    /// Base fee of block 0 in wei per gas.
    pub base_fee_wei: u128,
    /// Time of block 0 in seconds since 1970; `None` is the start of 2026.
    pub timestamp_s: Option<u64>,
    /// Balance of each funded account in ether.
    pub balance_ether: u64,
}

impl Default for GenesisOptions {
    fn default() -> Self {
        Self {
            chain_id: DEVNET_CHAIN_ID,
            hardfork: EthereumHardfork::Osaka,
            gas_limit: BLOCK_GAS_LIMIT,
            base_fee_wei: GENESIS_BASE_FEE_WEI.into(),
            timestamp_s: None,
            balance_ether: DEV_BALANCE_ETHER,
        }
    }
}

impl GenesisOptions {
    /// Those of a chain, but for the balance, which no chain tells.
    pub(crate) fn of(spec: &ChainSpec) -> Self {
        let genesis = spec.genesis();
        Self {
            chain_id: spec.chain_id(),
            hardfork: spec.hardfork_at(genesis.timestamp),
            gas_limit: genesis.gas_limit,
            base_fee_wei: genesis.base_fee_per_gas.unwrap_or_default(),
            timestamp_s: Some(genesis.timestamp),
            ..Self::default()
        }
    }

    /// The first that is not the default and that a kept chain has otherwise: its name, as it is asked
    /// for, as it is kept.
    pub(crate) fn unmet_by(&self, kept: &Self) -> Option<(&'static str, String, String)> {
        let usual = Self::default().named();
        let asked = self.named().into_iter().zip(usual).zip(kept.named());
        asked
            .filter(|((asked, usual), kept)| asked != usual && asked != kept)
            .map(|(((what, asked), _), (_, kept))| (what, asked, kept))
            .next()
    }

    fn named(&self) -> [(&'static str, String); 5] {
        [
            ("chain id", self.chain_id.to_string()),
            ("hardfork", self.hardfork.to_string()),
            ("gas limit at genesis", self.gas_limit.to_string()),
            ("base fee at genesis", self.base_fee_wei.to_string()),
            (
                "time of genesis",
                self.timestamp_s.unwrap_or(GENESIS_TIMESTAMP_S).to_string(),
            ),
        ]
    }
}

/// The devnet's genesis: every fork up to `options.hardfork` from the start, `funded` accounts, the
/// precompile's account, the system contracts and the predeploys, if the hardfork runs them.
///
/// # Errors
/// As [`predeploys`].
pub fn devnet_genesis(
    options: GenesisOptions,
    funded: impl IntoIterator<Item = Address>,
) -> Result<Genesis, serde_json::Error> {
    let contract = |code: Bytes| GenesisAccount {
        nonce: Some(1),
        code: Some(code),
        ..GenesisAccount::default()
    };
    let mut alloc = BTreeMap::from([
        (PRECOMPILE_ADDRESS, contract(PRECOMPILE_CODE)),
        (CREATE2_FACTORY_ADDRESS, contract(CREATE2_FACTORY_CODE)),
        (
            HISTORY_STORAGE_ADDRESS,
            contract(HISTORY_STORAGE_CODE.clone()),
        ),
        (BEACON_ROOTS_ADDRESS, contract(BEACON_ROOTS_CODE.clone())),
        (
            WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
            contract(WITHDRAWAL_REQUEST_PREDEPLOY_CODE.clone()),
        ),
        (
            CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS,
            contract(CONSOLIDATION_REQUEST_PREDEPLOY_CODE.clone()),
        ),
    ]);
    let runnable = options.hardfork >= PREDEPLOYS_NEED;
    for predeploy in predeploys()?.into_values().filter(|_| runnable) {
        let account = GenesisAccount {
            storage: (!predeploy.storage.is_empty()).then_some(predeploy.storage),
            ..contract(predeploy.code)
        };
        alloc.insert(predeploy.address, account);
    }
    let balance = U256::from(options.balance_ether) * U256::from(10).pow(U256::from(18));
    for address in funded {
        alloc.entry(address).or_default().balance = balance;
    }
    Ok(Genesis {
        config: forks_from_genesis(options.chain_id, options.hardfork),
        timestamp: options.timestamp_s.unwrap_or(GENESIS_TIMESTAMP_S),
        gas_limit: options.gas_limit,
        coinbase: COINBASE,
        alloc,
        base_fee_per_gas: Some(options.base_fee_wei),
        excess_blob_gas: Some(0),
        blob_gas_used: Some(0),
        ..Genesis::default()
    })
}

fn forks_from_genesis(chain_id: u64, hardfork: EthereumHardfork) -> ChainConfig {
    let from_genesis = |fork| (fork <= hardfork).then_some(0);
    let mut config = ChainConfig {
        chain_id,
        homestead_block: Some(0),
        eip150_block: Some(0),
        eip155_block: Some(0),
        eip158_block: Some(0),
        byzantium_block: Some(0),
        constantinople_block: Some(0),
        petersburg_block: Some(0),
        istanbul_block: Some(0),
        berlin_block: Some(0),
        london_block: Some(0),
        shanghai_time: from_genesis(EthereumHardfork::Shanghai),
        cancun_time: from_genesis(EthereumHardfork::Cancun),
        prague_time: from_genesis(EthereumHardfork::Prague),
        osaka_time: from_genesis(EthereumHardfork::Osaka),
        terminal_total_difficulty: Some(U256::ZERO),
        terminal_total_difficulty_passed: true,
        ..ChainConfig::default()
    };
    // Left out for the default, which is what chains had before there was a choice.
    if hardfork != EthereumHardfork::Osaka {
        let name = hardfork.name().to_ascii_lowercase().into();
        config.extra_fields.insert(HARDFORK_KEY.to_owned(), name);
    }
    config
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{b256, keccak256};

    use super::*;

    #[test]
    fn genesis_is_deterministic_and_survives_json() {
        let account = address!("0x00000000000000000000000000000000000000aa");
        let genesis = devnet_genesis(GenesisOptions::default(), [account]).unwrap();
        assert_eq!(
            genesis,
            devnet_genesis(GenesisOptions::default(), [account]).unwrap()
        );
        let json = serde_json::to_string(&genesis).unwrap();
        assert_eq!(serde_json::from_str::<Genesis>(&json).unwrap(), genesis);
    }

    #[test]
    fn genesis_holds_the_promised_accounts() {
        let account = address!("0x00000000000000000000000000000000000000aa");
        let genesis = devnet_genesis(GenesisOptions::default(), [account]).unwrap();
        assert_eq!(
            genesis.alloc[&account].balance,
            U256::from(10).pow(U256::from(22))
        );
        let precompile = &genesis.alloc[&PRECOMPILE_ADDRESS];
        assert_eq!(
            (precompile.nonce, precompile.code.clone()),
            (Some(1), Some(PRECOMPILE_CODE))
        );
        for predeploy in predeploys().unwrap().values() {
            assert_eq!(
                genesis.alloc[&predeploy.address].code.as_ref(),
                Some(&predeploy.code)
            );
        }
    }

    #[test]
    fn a_chain_of_an_earlier_hardfork_says_so() {
        let options = GenesisOptions {
            hardfork: EthereumHardfork::Cancun,
            ..GenesisOptions::default()
        };
        let genesis = devnet_genesis(options, []).unwrap();
        assert_eq!(
            (genesis.config.cancun_time, genesis.config.prague_time),
            (Some(0), None)
        );
        let spec = fixpoint_chain::ChainSpec::from_genesis(genesis).unwrap();
        assert_eq!(spec.hardfork_at(u64::MAX), EthereumHardfork::Cancun);
    }

    #[test]
    fn create2_factory_code_is_the_well_known_one() {
        assert_eq!(
            keccak256(&CREATE2_FACTORY_CODE),
            b256!("0x2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989")
        );
    }
}
