//! `fixpoint genesis`: the chain specification of a new network.

use std::{path::PathBuf, str::FromStr};

use alloy_genesis::ChainConfig;
use alloy_hardforks::EthereumHardfork;
use alloy_primitives::{Address, U256, utils::parse_ether};
use anyhow::{Result, bail};
use fixpoint_node::{
    ChainSpec,
    genesis::{devnet_genesis, predeploys},
    spec::{ACTIVATION_KEY, GAS_TABLE_KEY, HARDFORK_KEY},
};
use fixpoint_precompile::gas::GAS_TABLE_VERSION;

use crate::{
    genesis_args::{GenesisArgs, NEW_CHAIN},
    output::out,
    whole_file,
};

/// Write the chain specification of a new network: a genesis in geth's form.
///
/// It has the chain id, the hardforks, when the inference precompile begins, the table of gas prices, the
/// limits of block 0, accounts with money, the system contracts and the predeployed contracts. Every node
/// of the network starts from the same file: `fixpoint devnet --init FILE`, `fixpoint-import --genesis FILE`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint genesis --chain-id 777 --fund 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266=1000 -o genesis.json
  fixpoint genesis --chain-id 777 --inference-time 1767225600 --without-predeploys
  fixpoint genesis --chain-id 777 --hardfork prague --fork osaka=1800000000")]
pub(crate) struct Args {
    /// Where to write it (default: standard output)
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    genesis: GenesisArgs,
    /// An account with money, in ether; may be repeated
    #[arg(long, value_name = "ADDRESS=ETHER", help_heading = NEW_CHAIN)]
    fund: Vec<Funded>,
    /// A later hardfork, and the timestamp in seconds of the first block that may have it; may be repeated
    #[arg(long, value_name = "NAME=S", help_heading = NEW_CHAIN)]
    fork: Vec<Fork>,
    /// Timestamp in seconds of the first block that may have the precompile
    #[arg(long, value_name = "S", default_value_t = 0, help_heading = NEW_CHAIN)]
    inference_time: u64,
    /// Without the project's contracts: registry, gateway, chunk store and the others
    #[arg(long, help_heading = NEW_CHAIN)]
    without_predeploys: bool,
}

/// An account and what it has in wei.
#[derive(Clone)]
struct Funded {
    address: Address,
    balance_wei: U256,
}

impl FromStr for Funded {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, ether) = text
            .split_once('=')
            .ok_or("write ADDRESS=ETHER, such as 0xf39F…2266=1000")?;
        Ok(Self {
            address: address
                .parse()
                .map_err(|error| format!("{address}: {error}"))?,
            balance_wei: parse_ether(ether).map_err(|error| format!("{ether} ether: {error}"))?,
        })
    }
}

/// A hardfork and when it begins.
#[derive(Clone)]
struct Fork {
    hardfork: EthereumHardfork,
    time_s: u64,
}

impl FromStr for Fork {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, time) = text
            .split_once('=')
            .ok_or("write NAME=SECONDS, such as osaka=1800000000")?;
        Ok(Self {
            hardfork: name.parse().map_err(|_| format!("{name} is no hardfork"))?,
            time_s: time.parse().map_err(|error| format!("{time}: {error}"))?,
        })
    }
}

/// Lets hardforks begin at times of their own, on top of the one from the start.
fn schedule(config: &mut ChainConfig, forks: &[Fork]) -> Result<()> {
    for &Fork { hardfork, time_s } in forks {
        let time = match hardfork {
            EthereumHardfork::Shanghai => &mut config.shanghai_time,
            EthereumHardfork::Cancun => &mut config.cancun_time,
            EthereumHardfork::Prague => &mut config.prague_time,
            EthereumHardfork::Osaka => &mut config.osaka_time,
            other => bail!("{other} cannot begin later: shanghai, cancun, prague and osaka can"),
        };
        if time.is_some() {
            bail!("{hardfork} has a time already; --hardfork names what there is from the start");
        }
        *time = Some(time_s);
        // It would be the only one.
        config.extra_fields.remove(HARDFORK_KEY);
    }
    Ok(())
}

pub(crate) fn run(args: Args) -> Result<()> {
    let mut genesis = devnet_genesis(args.genesis.options(0)?, [])?;
    if args.without_predeploys {
        for predeploy in predeploys()?.into_values() {
            genesis.alloc.remove(&predeploy.address);
        }
    }
    for Funded {
        address,
        balance_wei,
    } in args.fund
    {
        genesis.alloc.entry(address).or_default().balance = balance_wei;
    }
    schedule(&mut genesis.config, &args.fork)?;
    let fields = &mut genesis.config.extra_fields;
    fields.insert(ACTIVATION_KEY.to_owned(), args.inference_time.into());
    fields.insert(GAS_TABLE_KEY.to_owned(), GAS_TABLE_VERSION.into());
    let spec = ChainSpec::from_genesis(genesis)?;
    let text = serde_json::to_string_pretty(spec.genesis())?;
    let Some(file) = args.output else {
        out!("{text}");
        return Ok(());
    };
    whole_file::write(&file, format!("{text}\n").as_bytes())?;
    out!("{}", file.display());
    out!("  chain id      {}", spec.chain_id());
    out!(
        "  hardfork      {}",
        spec.hardfork_at(spec.genesis_header().timestamp)
    );
    for Fork { hardfork, time_s } in args.fork {
        out!("                {hardfork} from {time_s} on");
    }
    out!("  genesis hash  {}", spec.genesis_hash());
    out!("  gas table     {GAS_TABLE_VERSION}");
    out!(
        "start it with: fixpoint devnet --init {} --data-dir DIR",
        file.display()
    );
    Ok(())
}
