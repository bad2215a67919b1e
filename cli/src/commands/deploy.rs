//! `fixpoint deploy`: a model into chain state, activated and registered.

use crate::{
    bill::{announce, confirmed, show},
    interrupt::{Interrupt, Stopped},
    output::out,
};
use alloy_primitives::{Address, U256};
use anyhow::{Error, Result, anyhow, bail};
use fixpoint_client::{
    chain::{Chain, block_on},
    cost,
    deploy::{Deployed, Deployment, Terms},
    error::ChainError,
    model_file,
    steps::{DeployError, Observer, Step},
    text::grouped,
};
use fixpoint_precompile::address::INFERENCE_GATEWAY;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::PathBuf;

/// Put a model on chain: chunks, root, activation, registration.
///
/// Says what it costs first. Ctrl-C stops it at a safe place; run it again after that or any other
/// interruption: it goes on where it stopped and pays for nothing twice.
///
/// The gate is part of a model's identity, and --price sets it: the same file without a price, or
/// under another gate, is another model with chunks of its own.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint deploy m.fxp --rpc http://127.0.0.1:8545 --private-key $KEY --dry-run
  fixpoint deploy m.fxp --rpc http://127.0.0.1:8545 --private-key $KEY
  fixpoint deploy m.fxp --rpc http://127.0.0.1:8545 --private-key $KEY \\
    --name digits --price 1000000000000")]
pub(crate) struct Args {
    /// The compiled model
    model: PathBuf,
    /// JSON-RPC endpoint of the node
    #[arg(long, value_name = "URL", env = "FIXPOINT_RPC")]
    rpc: String,
    /// Key of the account that pays, and that will own the model
    #[arg(
        long,
        value_name = "K",
        env = "FIXPOINT_PRIVATE_KEY",
        hide_env_values = true
    )]
    private_key: String,
    /// Register the model under this name
    #[arg(long, value_name = "N")]
    name: Option<String>,
    /// Price of one inference in wei; the gateway becomes the model's gate
    #[arg(long, value_name = "WEI", requires = "name")]
    price: Option<U256>,
    /// The only account that may call the model (default: the gateway if priced, else anyone)
    #[arg(long, value_name = "ADDRESS", conflicts_with = "price")]
    gate: Option<Address>,
    /// Say what it would cost, and pay nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before paying (it is asked only at a terminal)
    #[arg(short, long)]
    yes: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<()> {
    block_on(deploy(args))
}

async fn deploy(args: Args) -> Result<()> {
    let file = model_file::read(&args.model)?;
    // A model that no chain would activate is refused before anything is paid.
    let (cost, _) = cost::measure(&file)?;
    let chain = Chain::signer(&args.rpc, &args.private_key).await;
    let chain = chain.map_err(told)?;
    let terms = Terms {
        name: args.name,
        price_wei: args.price,
        gate: args.gate,
    };
    let deployment = Deployment::plan(chain, &file.payload, cost.activate, terms).await?;
    let bill = deployment.bill();
    if args.dry_run {
        return show(bill, args.json);
    }
    bill.ensure_funded()?;
    if !args.json {
        announce(bill);
    }
    if !(args.json || args.yes) && bill.missing > 0 && !confirmed()? {
        bail!("nothing was paid");
    }
    let mut watcher = Watcher {
        interrupt: Interrupt::listen()?,
        bar: progress_bar(bill.missing as u64, args.json),
    };
    let deployed = deployment.run(&mut watcher).await;
    deployed
        .map_err(stopped)
        .and_then(|deployed| say(&deployed, args.json))
}

/// Names the option that a wrong key came by.
fn told(error: ChainError) -> Error {
    match error {
        ChainError::PrivateKey => anyhow!("--private-key is {error}"),
        error => error.into(),
    }
}

/// Tells the end that the user asked for from failures.
fn stopped(error: DeployError) -> Error {
    match error {
        DeployError::Stopped { place } => Stopped(place).into(),
        error => error.into(),
    }
}

/// Ctrl-C and a progress bar.
struct Watcher {
    interrupt: Interrupt,
    bar: ProgressBar,
}

impl Observer for Watcher {
    fn stop_asked(&self) -> bool {
        self.interrupt.asked()
    }

    fn progress(&mut self, step: Step, done: usize, total: usize) {
        if step != Step::Chunks {
            return;
        }
        self.bar.set_position(done as u64);
        if done == total {
            self.bar.finish_and_clear();
        }
    }
}

fn progress_bar(length: u64, hidden: bool) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if hidden || length == 0 {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("chunks {bar:40} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}

/// Prints what a deployment came to.
fn say(deployed: &Deployed, json: bool) -> Result<()> {
    if json {
        out!("{}", serde_json::to_string_pretty(&deployed.to_json())?);
        return Ok(());
    }
    out!("model           {}", deployed.root);
    out!("model hash      {}", deployed.model_hash);
    out!("gate            {}", gate_text(deployed.gate));
    if let Some(listing) = &deployed.listing {
        out!("model id (token) {}", deployed.id());
        out!("name            {}", listing.name);
        out!(
            "price           {} wei per inference",
            grouped(listing.price_wei)
        );
        out!("owner           {}", listing.owner);
        out!("registry        {}", changes_text(&listing.changes));
    }
    out!("gas, this run   {}", grouped(deployed.gas_used));
    out!(
        "gas of a call   {} (first in a transaction)",
        grouped(deployed.inference_gas)
    );
    Ok(())
}

/// Who may call the model.
fn gate_text(gate: Address) -> String {
    match gate {
        Address::ZERO => "none: anyone may call it".to_owned(),
        INFERENCE_GATEWAY => format!("{gate} (the gateway)"),
        _ => gate.to_string(),
    }
}

fn changes_text(changes: &[&str]) -> String {
    if changes.is_empty() {
        return "registered already, unchanged".to_owned();
    }
    changes.join(", ")
}
