//! `fixpoint verify`: is the model on chain the one that an ONNX file and its recorded choices make?

use crate::{commands::compile::read_record, output::out};
use alloy_primitives::Address;
use anyhow::{Context as _, Result, bail};
use fixpoint_client::{
    call::RemoteModel,
    chain::{Chain, block_on, parse_root},
    text::grouped,
    verify::rebuild,
};
use serde_json::json;
use std::path::PathBuf;

/// Rebuild a published model and compare it with the one on chain.
///
/// Compiles the ONNX file with the ranges and choices that `fixpoint compile` recorded, without
/// samples and without running the model, and compares the payload's hash with the one that the chain
/// measured when the model was activated. Exits with 1 if they differ.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint verify 0xMODEL digits.onnx digits.calib.json --rpc http://127.0.0.1:8545
  fixpoint verify 0xMODEL digits.onnx digits.calib.json --rpc http://127.0.0.1:8545 --json")]
pub(crate) struct Args {
    /// Address of the model's root contract
    #[arg(value_parser = parse_root)]
    model: Address,
    /// The ONNX file that its author published
    onnx: PathBuf,
    /// The ranges and choices published with it, written by `fixpoint compile`
    #[arg(value_name = "M.calib.json")]
    record: PathBuf,
    /// JSON-RPC endpoint of the node
    #[arg(long, value_name = "URL", env = "FIXPOINT_RPC")]
    rpc: String,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let bytes =
        std::fs::read(&args.onnx).with_context(|| format!("can't read {}", args.onnx.display()))?;
    let rebuilt = rebuild(&bytes, read_record(&args.record)?)
        .with_context(|| format!("rebuilding from {}", args.onnx.display()))?;
    let published = block_on(async {
        let chain = Chain::reader(&args.rpc).await?;
        RemoteModel::find(chain, args.model).await
    })?;
    let (hash, rebuilt_hash) = (published.info().contentHash, rebuilt.content_hash);
    if rebuilt_hash != hash {
        bail!(
            "the model at {} is not what these files make: its content hash is {hash}, rebuilt is {rebuilt_hash}",
            args.model
        );
    }
    if args.json {
        let result = json!({
            "model": args.model,
            "verified": true,
            "content_hash": rebuilt_hash,
            "bytes": rebuilt.bytes,
        });
        out!("{}", serde_json::to_string_pretty(&result)?);
        return Ok(());
    }
    out!("verified        {} is what these files make", args.model);
    out!("content hash    {rebuilt_hash}");
    out!("rebuilt         {} bytes", grouped(rebuilt.bytes));
    Ok(())
}
