//! What a new chain's first block has, as options of a command.

use alloy_hardforks::EthereumHardfork;
use anyhow::Result;
use fixpoint_node::genesis::GenesisOptions;

/// The heading of these options in a command's help.
pub(crate) const NEW_CHAIN: &str = "A new chain's genesis";
/// Hardforks that a chain can have from its first block on.
const HARDFORKS: [&str; 5] = ["paris", "shanghai", "cancun", "prague", "osaka"];

#[derive(clap::Args)]
#[command(next_help_heading = NEW_CHAIN)]
pub(crate) struct GenesisArgs {
    /// EIP-155 chain id
    #[arg(long, value_name = "ID", default_value_t = GenesisOptions::default().chain_id)]
    chain_id: u64,
    /// Hardfork from the first block on; the predeployed contracts need Cancun
    #[arg(long, value_name = "NAME", default_value = "osaka", value_parser = HARDFORKS, ignore_case = true)]
    hardfork: String,
    /// Gas of one block
    #[arg(long, value_name = "GAS", default_value_t = GenesisOptions::default().gas_limit)]
    gas_limit: u64,
    /// Base fee of block 0 in wei per gas
    #[arg(
        long,
        value_name = "WEI",
        visible_alias = "block-base-fee-per-gas",
        default_value_t = GenesisOptions::default().base_fee_wei
    )]
    base_fee: u128,
    /// Time of block 0, in seconds since 1970
    #[arg(long, value_name = "S")]
    timestamp: Option<u64>,
}

impl GenesisArgs {
    /// The options; funded accounts have `balance_ether` each.
    pub(crate) fn options(&self, balance_ether: u64) -> Result<GenesisOptions> {
        let hardfork: EthereumHardfork = self.hardfork.parse().map_err(anyhow::Error::msg)?;
        Ok(GenesisOptions {
            chain_id: self.chain_id,
            hardfork,
            gas_limit: self.gas_limit,
            base_fee_wei: self.base_fee,
            timestamp_s: self.timestamp,
            balance_ether,
        })
    }
}
