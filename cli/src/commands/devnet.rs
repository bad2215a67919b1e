//! `fixpoint devnet`: a node for development.

use anyhow::Result;
use fixpoint_node::{DevnetConfig, run_devnet};
use std::{net::IpAddr, path::PathBuf};

/// Run a development node: an Ethereum chain with the inference precompile.
///
/// Ten funded accounts (the well-known ones), predeployed contracts, Ethereum JSON-RPC over HTTP and
/// WebSocket. Listens on loopback unless told otherwise: whoever reaches it can spend the accounts.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint devnet
  fixpoint devnet --port 9545 --data-dir ./chain
  fixpoint devnet --block-time 2")]
pub(crate) struct Args {
    /// Port to listen on; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 8545)]
    port: u16,
    /// Address to listen on
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    host: IpAddr,
    /// Keep the chain here (default: in memory, gone at the end)
    #[arg(long, value_name = "D")]
    data_dir: Option<PathBuf>,
    /// Seconds between blocks (default: a block for each transaction as it arrives)
    #[arg(long, value_name = "S")]
    block_time: Option<f64>,
    /// Start from this state, in anvil's form
    #[arg(long, value_name = "FILE", conflicts_with = "state")]
    load_state: Option<PathBuf>,
    /// Write the state here at the end, in anvil's form
    #[arg(long, value_name = "FILE", conflicts_with = "state")]
    dump_state: Option<PathBuf>,
    /// Start from this state if the file is there, and write it back at the end
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Log a line for each block
    #[arg(short, long)]
    verbose: bool,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let filter = if args.verbose { "info" } else { "warn" };
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| filter.into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let existing = args.state.clone().filter(|file| file.exists());
    let config = DevnetConfig {
        load_state: args.load_state.or(existing),
        dump_state: args.dump_state.or(args.state),
        host: args.host,
        port: args.port,
        data_dir: args.data_dir,
        block_time: args.block_time,
        log_blocks: args.verbose,
        ..DevnetConfig::default()
    };
    run_devnet(config)
}
