//! `fixpoint call`: ask a model on chain, without a transaction.

use crate::{
    answers::{deliver, parse_output},
    samples,
};
use alloy_primitives::Address;
use anyhow::Result;
use fixpoint_client::{
    answers::Answers,
    call::RemoteModel,
    chain::{Chain, block_on, parse_root},
};
use std::path::PathBuf;

/// Ask a model on chain, without a transaction.
///
/// A gate binds contracts on chain; a read-only call may name any sender, and this one names the
/// model's gate unless told otherwise.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint call 0xMODEL --input scan.npy --rpc http://127.0.0.1:8545
  fixpoint call 0xMODEL --input test.npz --rpc http://127.0.0.1:8545 --json")]
pub(crate) struct Args {
    /// Address of the model's root contract
    #[arg(value_parser = parse_root)]
    model: Address,
    /// .npy (single input) or .npz (keys are input names); axis 0 counts samples
    #[arg(long, alias = "inputs", value_name = "X.npy")]
    input: PathBuf,
    /// JSON-RPC endpoint of the node
    #[arg(long, value_name = "URL", env = "FIXPOINT_RPC")]
    rpc: String,
    /// Sender of the call (default: the model's gate)
    #[arg(long, value_name = "ADDRESS")]
    from: Option<Address>,
    /// The input holds the tensors' own integers; so does the answer
    #[arg(long)]
    raw: bool,
    /// Write the answers to an .npy or .npz file
    #[arg(long, value_name = "Y.npy", value_parser = parse_output)]
    output: Option<PathBuf>,
    /// Print all answers as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let answers = block_on(ask(&args))?;
    deliver(&answers, args.output.as_deref(), args.json)
}

async fn ask(args: &Args) -> Result<Answers> {
    let chain = Chain::reader(&args.rpc).await?;
    let model = RemoteModel::find(chain, args.model).await?;
    let samples = samples::read(&args.input, &model.ports().inputs)?;
    Ok(model.ask(&samples, args.raw, args.from).await?)
}
