//! `fixpoint devnet`: a node for development. Options are called as anvil's are.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use fixpoint_node::{
    DevnetConfig, History, MIN_STATES,
    accounts::DevWallet,
    blocks_file::{export_directory, import_directory},
    genesis::GenesisOptions,
    machine_time_s,
    pre_execution::{MAX_THREADS, default_threads},
    repair::repair_directory,
    run_devnet,
};

use crate::{
    genesis_args::{GenesisArgs, NEW_CHAIN},
    output::out,
};

/// Run a development node: an Ethereum chain with the inference precompile.
///
/// Ten funded accounts (the well-known ones), predeployed contracts, Ethereum JSON-RPC over HTTP and
/// WebSocket. Listens on loopback unless told otherwise: whoever reaches it can spend the accounts.
#[derive(clap::Args)]
#[command(
    args_override_self = true,
    after_help = "Examples:
  fixpoint devnet
  fixpoint devnet --port 9545 --data-dir ./chain
  fixpoint devnet --block-time 2
  fixpoint devnet --config fixpoint.toml --verbose
  fixpoint devnet --chain-id 1337 --hardfork prague --accounts 20 --balance 100"
)]
pub(crate) struct Args {
    /// Options from this TOML file, such as `port = 9545`; the command line's count where both say something
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Port to listen on; 0 takes a free one
    #[arg(short, long, value_name = "PORT", default_value_t = 8545)]
    port: u16,
    /// Address to listen on
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    host: IpAddr,
    /// Keep the chain here (default: in memory, gone at the end)
    #[arg(long, value_name = "D")]
    data_dir: Option<PathBuf>,
    /// Keep no more states of the past than those after the newest N blocks, N at least 64 (default: all).
    /// Blocks and receipts stay; calls, traces and proofs at older blocks are refused
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(MIN_STATES..))]
    prune_history: Option<u64>,
    /// Save what can be saved of a damaged --data-dir, and end: run its blocks from genesis into a new
    /// database, up to the first that is missing or wrong. The damaged file stays beside it
    #[arg(long, requires = "data_dir")]
    repair: bool,
    /// Write all blocks of --data-dir to this file, and end. No node may run on it meanwhile
    #[arg(
        long,
        value_name = "FILE",
        requires = "data_dir",
        conflicts_with = "repair"
    )]
    export_blocks: Option<PathBuf>,
    /// Verify the blocks of a file that --export-blocks wrote, add them to --data-dir, and end. A new
    /// directory needs the old one's genesis.json
    #[arg(long, value_name = "FILE", requires = "data_dir", conflicts_with_all = ["repair", "export_blocks"])]
    import_blocks: Option<PathBuf>,
    /// Threads that run waiting transactions before their block, so that it finds the answers of
    /// their inferences; 0 for none (default: one less than the machine has, at least 1)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(..=i64::from(MAX_THREADS)))]
    pre_execution_threads: Option<u16>,
    /// Start from this state, in anvil's form
    #[arg(long, value_name = "FILE", conflicts_with = "state")]
    load_state: Option<PathBuf>,
    /// Write the state here at the end, in anvil's form
    #[arg(long, value_name = "FILE", conflicts_with = "state")]
    dump_state: Option<PathBuf>,
    /// Start from this state if the file is there, and write it back at the end
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Serve JSON-RPC alone, without the page that shows the chain in a browser
    #[arg(long)]
    no_explorer: bool,
    /// Log a line for each block
    #[arg(short, long)]
    verbose: bool,
    /// How log lines look, on standard error: for people, or an object of JSON each
    #[arg(long, value_name = "FORM", value_parser = ["text", "json"], default_value = "text")]
    log_format: String,
    /// Print nothing but warnings
    #[arg(short, long, visible_alias = "silent", conflicts_with = "verbose")]
    quiet: bool,
    #[arg(
        short,
        long,
        visible_alias = "rpc-url",
        value_name = "URL",
        hide = true
    )]
    fork_url: Option<String>,
    #[command(flatten)]
    accounts: AccountArgs,
    #[command(flatten)]
    genesis: GenesisArgs,
    /// All of the genesis from a file in geth's form, which `fixpoint genesis` writes: it names the
    /// accounts with money itself
    #[arg(
        long,
        value_name = "FILE",
        help_heading = NEW_CHAIN,
        conflicts_with_all = ["balance", "chain_id", "hardfork", "gas_limit", "base_fee", "timestamp"]
    )]
    init: Option<PathBuf>,
    #[command(flatten)]
    mining: MiningArgs,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Accounts")]
struct AccountArgs {
    /// How many accounts are funded and unlocked
    #[arg(short, long, value_name = "N", default_value_t = DevWallet::default().count)]
    accounts: u32,
    /// Balance of each in ether, on a new chain
    #[arg(long, value_name = "ETHER", default_value_t = GenesisOptions::default().balance_ether)]
    balance: u64,
    /// BIP-39 words that the accounts' keys come from
    #[arg(short, long, value_name = "WORDS", default_value_t = DevWallet::default().mnemonic)]
    mnemonic: String,
    /// Where the keys are below the mnemonic; the account's number follows
    #[arg(long, value_name = "PATH", default_value_t = DevWallet::default().derivation_path)]
    derivation_path: String,
    /// Let anybody send without a signature
    #[arg(long)]
    auto_impersonate: bool,
}

#[derive(clap::Args)]
#[command(next_help_heading = "When blocks are made")]
struct MiningArgs {
    /// Seconds between blocks (default: a block for each transaction as it arrives)
    #[arg(short, long, value_name = "S")]
    block_time: Option<f64>,
    /// Only when `evm_mine` asks for one
    #[arg(long, visible_alias = "no-mine", conflicts_with = "block_time")]
    no_mining: bool,
    /// For each transaction, and every --block-time seconds besides
    #[arg(long, requires = "block_time", conflicts_with = "no_mining")]
    mixed_mining: bool,
}

impl MiningArgs {
    fn automine(&self) -> Option<bool> {
        match (self.no_mining, self.mixed_mining) {
            (true, _) => Some(false),
            (_, true) => Some(true),
            _ => None,
        }
    }
}

pub(crate) fn run(args: Args) -> Result<()> {
    if args.fork_url.is_some() {
        bail!(
            "a devnet cannot fork another chain, which has neither the precompile nor its models; \
               --load-state takes accounts, code and storage from a file that `anvil --dump-state` wrote"
        );
    }
    if let Some(directory) = &args.data_dir {
        if args.repair {
            return repair(directory);
        }
        if let Some(file) = &args.export_blocks {
            let count = export_directory(directory, file)?;
            out!("wrote {count} blocks to {}", file.display());
            return Ok(());
        }
        if let Some(file) = &args.import_blocks {
            let done = import_directory(directory, file)?;
            out!("added {} blocks, each verified", done.imported);
            out!("head  {} {}", done.head_number, done.head_hash);
            return Ok(());
        }
    }
    let genesis = args.init.as_ref().map(|file| {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is no genesis of geth's form", file.display()))
    });
    let existing = args.state.clone().filter(|file| file.exists());
    let config = DevnetConfig {
        host: args.host,
        port: args.port,
        data_dir: args.data_dir,
        history: args.prune_history.map_or(History::All, History::States),
        block_time: args.mining.block_time,
        automine: args.mining.automine(),
        auto_impersonate: args.accounts.auto_impersonate,
        genesis_options: args.genesis.options(args.accounts.balance)?,
        // Contracts and scripts count from the newest block, which is the first one at the beginning.
        genesis_time_s: Some(machine_time_s()),
        genesis: genesis.transpose()?,
        wallet: DevWallet {
            mnemonic: args.accounts.mnemonic,
            derivation_path: args.accounts.derivation_path,
            count: args.accounts.accounts,
        },
        load_state: args.load_state.or(existing),
        dump_state: args.dump_state.or(args.state),
        pre_execution_threads: args.pre_execution_threads.unwrap_or_else(default_threads),
        explorer: !args.no_explorer,
        log_blocks: args.verbose,
        log_json: args.log_format == "json",
        quiet: args.quiet,
    };
    run_devnet(config)
}

fn repair(directory: &Path) -> Result<()> {
    let done = repair_directory(directory)?;
    let (number, hash) = done.head;
    out!(
        "kept blocks 0 to {number} of {}, each verified",
        done.old_head
    );
    out!("head     {hash}");
    if let Some(cause) = done.stopped {
        out!("stopped  {cause}");
    }
    out!("damaged  {}", done.damaged.display());
    Ok(())
}
