//! `fixpoint call`: ask a model on chain, without a transaction.

use crate::{
    answers::{Answers, parse_output},
    onchain::{OnChain, Reverted, block_on, parse_root},
    ports::Ports,
    samples::Samples,
};
use alloy_primitives::Address;
use alloy_sol_types::SolError as _;
use anyhow::{Context as _, Result, anyhow};
use fixpoint_precompile::{
    abi::IInference::{self, InputRange},
    address::PRECOMPILE,
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
    answers.deliver(args.output.as_deref(), args.json)
}

async fn ask(args: &Args) -> Result<Answers> {
    let chain = OnChain::reader(&args.rpc).await?;
    let info = chain
        .model_info(args.model)
        .await
        .with_context(|| format!("asking for the model at {}", args.model))?;
    let ports = Ports::of_info(&info)?;
    let samples = Samples::read(&args.input, &ports.inputs)?;
    let from = args.from.unwrap_or(info.gate);
    let mut answers = Answers::new(&ports.outputs, args.raw);
    for sample in 0..samples.count {
        let model = args.model;
        let failed = || format!("sample {sample}");
        if args.raw {
            let call = IInference::inferenceRawCall {
                model,
                input: samples.raw(sample)?.into(),
            };
            let output = chain
                .call(from, PRECOMPILE, &call)
                .await
                .with_context(failed)?;
            answers.push_raw(&output)?;
        } else {
            let call = IInference::inferenceCall {
                model,
                input: samples.words(sample)?,
            };
            let output = chain.call(from, PRECOMPILE, &call).await;
            let output = output
                .map_err(|error| advised(error, &ports))
                .with_context(failed)?;
            answers.push_words(output)?;
        }
    }
    Ok(answers)
}

/// Adds to an `InputRange` which input it is about and what to do.
fn advised(error: anyhow::Error, ports: &Ports) -> anyhow::Error {
    let out_of_range = error
        .downcast_ref::<Reverted>()
        .and_then(|reverted| InputRange::abi_decode(&reverted.data).ok());
    match out_of_range {
        Some(InputRange { index }) => {
            let index = index.saturating_to();
            anyhow!("InputRange({index}): {}", ports.input_range_advice(index))
        }
        None => error,
    }
}
