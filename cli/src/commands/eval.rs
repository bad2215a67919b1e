//! `fixpoint eval`: how good a compiled model is on data.

use crate::{
    answers::Answers, commands::run::answer, model_file, output::out, ports::Ports,
    samples::Samples,
};
use anyhow::{Context as _, Result, ensure};
use fixpoint_compiler::{import, npy::Array, samples};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Measure a compiled model on data: accuracy with labels, errors against the float model.
///
/// Judges the model's first output.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint eval digits.fxp --inputs test.npz --labels test_labels.npy
  fixpoint eval volatility.fxp --inputs test.npz --reference volatility.onnx --json")]
pub(crate) struct Args {
    /// The compiled model
    model: PathBuf,
    /// .npy (single input) or .npz (keys are input names); axis 0 counts samples
    #[arg(long, value_name = "X.npy")]
    inputs: PathBuf,
    /// Right class of each sample
    #[arg(long, value_name = "y.npy", required_unless_present = "reference")]
    labels: Option<PathBuf>,
    /// The float model to compare with
    #[arg(long, value_name = "MODEL.onnx")]
    reference: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Default, serde::Serialize)]
struct Evaluation {
    samples: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    top1: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_top1: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top1_agreement: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_error: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_error: Option<f64>,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let file = model_file::read(&args.model)?;
    let ports = Ports::of_model(&file.model);
    let inputs = Samples::read(&args.inputs, &ports.inputs)?;
    let answers: Answers = answer(&file, &ports, &inputs, false)?;
    let got = answers.first_output();
    let labels = args
        .labels
        .as_deref()
        .map(|path| read_labels(path, got.len()))
        .transpose()?;
    let reference = args
        .reference
        .as_deref()
        .map(|path| run_reference(path, &args.inputs))
        .transpose()?;

    let mut evaluation = Evaluation {
        samples: answers.samples(),
        ..Evaluation::default()
    };
    evaluation.top1 = labels.as_deref().map(|labels| share_right(&got, labels));
    if let Some(want) = &reference {
        ensure!(
            want.len() == got.len() && want.iter().zip(&got).all(|(a, b)| a.len() == b.len()),
            "the reference model's first output has another shape"
        );
        evaluation.reference_top1 = labels.as_deref().map(|labels| share_right(want, labels));
        let classes = want.iter().map(|row| largest(row)).collect::<Vec<_>>();
        evaluation.top1_agreement =
            (want.first().is_some_and(|row| row.len() > 1)).then(|| share_right(&got, &classes));
        let errors = || {
            got.iter()
                .flatten()
                .zip(want.iter().flatten())
                .map(|(a, b)| (a - b).abs())
        };
        let count = errors().count().max(1);
        evaluation.mean_error = Some(errors().sum::<f64>() / count as f64);
        evaluation.max_error = Some(errors().fold(0.0, f64::max));
    }
    print(&evaluation, args.json)
}

fn print(evaluation: &Evaluation, json: bool) -> Result<()> {
    if json {
        out!("{}", serde_json::to_string_pretty(evaluation)?);
        return Ok(());
    }
    out!("samples             {}", evaluation.samples);
    let percent = |label: &str, share: Option<f64>| {
        if let Some(share) = share {
            out!("{label:<19} {:.2} %", 100.0 * share);
        }
    };
    percent("accuracy", evaluation.top1);
    percent("float accuracy", evaluation.reference_top1);
    percent("same class as float", evaluation.top1_agreement);
    if let (Some(mean), Some(max)) = (evaluation.mean_error, evaluation.max_error) {
        out!("error against float mean {mean:.3e}, max {max:.3e}");
    }
    Ok(())
}

fn read_labels(path: &Path, samples: usize) -> Result<Vec<usize>> {
    let array = Array::read(path).with_context(|| format!("can't read {}", path.display()))?;
    let labels = array.to_i64().context("labels are integers")?;
    ensure!(
        labels.len() == samples,
        "{} labels for {samples} samples",
        labels.len()
    );
    labels
        .into_iter()
        .map(|label| usize::try_from(label).context("a label is negative"))
        .collect()
}

/// The float model's first output for each sample.
fn run_reference(path: &Path, inputs: &Path) -> Result<Vec<Vec<f64>>> {
    let bytes = std::fs::read(path).with_context(|| format!("can't read {}", path.display()))?;
    let (graph, float) = import::import(&bytes, &BTreeMap::new(), &[])?;
    let float_run = float.returning(graph.outputs.first().map(|(name, _)| name.as_str()))?;
    let batch = samples::Samples::read(inputs)?.batch(float.inputs())?;
    (0..batch.len())
        .map(|sample| {
            let outputs = float_run.run(&batch.sample(sample))?;
            let first = outputs
                .first()
                .context("the reference model has no output")?;
            Ok(first.iter().copied().map(f64::from).collect())
        })
        .collect()
}

fn share_right(rows: &[Vec<f64>], classes: &[usize]) -> f64 {
    let right = rows
        .iter()
        .zip(classes)
        .filter(|(row, class)| largest(row) == **class)
        .count();
    right as f64 / rows.len().max(1) as f64
}

/// Index of the largest value, the first of equals.
fn largest(row: &[f64]) -> usize {
    row.iter().enumerate().fold(
        0,
        |best, (index, value)| if *value > row[best] { index } else { best },
    )
}
