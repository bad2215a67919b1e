//! `fixpoint run`: a model on this machine, bit for bit as on chain.

use crate::{
    answers::{deliver, parse_output},
    samples,
};
use anyhow::Result;
use fixpoint_client::{answers::Answers, local_model::LocalModel, model_file, ports::Ports};
use fixpoint_runtime::kernels::Isa;
use std::path::PathBuf;

/// Run a model on this machine, bit for bit as on chain.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint run digits.fxp --input scan.npy
  fixpoint run digits.fxp --input test.npz --output logits.npy
  fixpoint run kws.fxp --input int8.npy --raw --json")]
pub(crate) struct Args {
    /// The compiled model
    model: PathBuf,
    /// .npy (single input) or .npz (keys are input names); axis 0 counts samples
    #[arg(long, alias = "inputs", value_name = "X.npy")]
    input: PathBuf,
    /// Write the answers to an .npy or .npz file
    #[arg(long, value_name = "Y.npy", value_parser = parse_output)]
    output: Option<PathBuf>,
    /// The input holds the tensors' own integers; so does the answer
    #[arg(long)]
    raw: bool,
    /// Print all answers as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let file = model_file::read(&args.model)?;
    let ports = Ports::of_model(&file.model);
    let samples = samples::read(&args.input, &ports.inputs)?;
    let mut model = LocalModel::new(&file, Isa::detect());
    let mut answers = Answers::new(&ports.outputs, args.raw);
    for sample in 0..samples.count {
        model.answer(&samples, sample, &mut answers)?;
    }
    deliver(&answers, args.output.as_deref(), args.json)
}
