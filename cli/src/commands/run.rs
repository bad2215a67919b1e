//! `fixpoint run`: a model on this machine, bit for bit as on chain.

use crate::{
    answers::{Answers, parse_output},
    local_model::LocalModel,
    model_file::{self, ModelFile},
    ports::Ports,
    samples::Samples,
};
use anyhow::{Context as _, Result};
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
    let samples = Samples::read(&args.input, &ports.inputs)?;
    let answers = answer(&file, &ports, &samples, args.raw)?;
    answers.deliver(args.output.as_deref(), args.json)
}

/// Runs every sample.
///
/// # Errors
/// A sample can't be passed or fails; says which.
pub(crate) fn answer(
    file: &ModelFile,
    ports: &Ports,
    samples: &Samples,
    is_raw: bool,
) -> Result<Answers> {
    let mut model = LocalModel::new(file, Isa::detect());
    let mut answers = Answers::new(&ports.outputs, is_raw);
    for sample in 0..samples.count {
        let failed = || format!("sample {sample}");
        if is_raw {
            let output = model.run_raw(&samples.raw(sample)?).with_context(failed)?;
            answers.push_raw(output)?;
        } else {
            let words = model
                .run_words(&samples.words(sample)?)
                .with_context(failed)?;
            answers.push_words(words)?;
        }
    }
    Ok(answers)
}
