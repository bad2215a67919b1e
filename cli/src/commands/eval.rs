//! `fixpoint eval`: how good a compiled model is on data.

use crate::{output::out, samples};
use anyhow::{Context as _, Result, ensure};
use fixpoint_client::{
    answers::Answers,
    local_model::{LocalModel, RunFailure},
    model_file::{self, ModelFile},
    ports::Ports,
    samples::Samples,
};
use fixpoint_compiler::{FloatModel, npy::Array};
use fixpoint_runtime::{error::RunError, kernels::Isa};
use std::path::{Path, PathBuf};

/// Measure a compiled model on data: accuracy with labels, errors against the float model.
///
/// Judges the model's first output. A sample whose call would revert on chain (a value out of its
/// input's range, a failing operator) counts as wrong for
/// accuracy and is left out of errors.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint eval digits.fxp --inputs test.npz --labels test_labels.npy
  fixpoint eval volatility.fxp --inputs test.npz --reference volatility.onnx --json")]
pub(crate) struct Args {
    /// The compiled model
    model: PathBuf,
    /// .npy (single input) or .npz (keys are input names); axis 0 counts samples
    #[arg(long, alias = "input", value_name = "X.npy")]
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
    reverting_samples: usize,
    #[serde(skip)]
    first_failure: Option<String>,
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
    let inputs = samples::read(&args.inputs, &ports.inputs)?;
    let runs = Runs::of(&file, &ports, &inputs)?;
    let got = &runs.first_outputs;
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
        samples: got.len(),
        reverting_samples: got.iter().filter(|row| row.is_none()).count(),
        first_failure: runs.first_failure,
        ..Evaluation::default()
    };
    evaluation.top1 = labels.as_deref().map(|labels| share_right(got, labels));
    if let Some(want) = &reference {
        ensure!(
            want.len() == got.len() && answered(got, want).all(|(a, b)| a.len() == b.len()),
            "the reference model's first output has another shape"
        );
        let classes = want.iter().map(|row| largest(row)).collect::<Vec<_>>();
        evaluation.reference_top1 = labels.as_deref().map(|labels| {
            let right = classes.iter().zip(labels).filter(|(a, b)| a == b).count();
            right as f64 / labels.len().max(1) as f64
        });
        evaluation.top1_agreement =
            (want.first().is_some_and(|row| row.len() > 1)).then(|| share_right(got, &classes));
        let errors = answered(got, want)
            .flat_map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b).abs()))
            .collect::<Vec<_>>();
        if !errors.is_empty() {
            evaluation.mean_error = Some(errors.iter().sum::<f64>() / errors.len() as f64);
            evaluation.max_error = Some(errors.iter().copied().fold(0.0, f64::max));
        }
    }
    print(&evaluation, args.json)
}

/// What the compiled model answered.
struct Runs {
    /// Per sample its first output; nothing where the call would revert.
    first_outputs: Vec<Option<Vec<f64>>>,
    /// Why the first of those would.
    first_failure: Option<String>,
}

impl Runs {
    /// Runs every sample.
    ///
    /// # Errors
    /// A sample can't be passed at all, or this runtime is at fault.
    fn of(file: &ModelFile, ports: &Ports, samples: &Samples) -> Result<Self> {
        let mut model = LocalModel::new(file, Isa::detect());
        let mut runs = Self {
            first_outputs: Vec::new(),
            first_failure: None,
        };
        for sample in 0..samples.count {
            let row = match model.run_words(&samples.words(sample)?) {
                Ok(words) => {
                    let mut answer = Answers::new(&ports.outputs, false);
                    answer.push_words(words)?;
                    answer.first_output().pop()
                }
                Err(
                    failure @ (RunFailure::InputRange { .. }
                    | RunFailure::Run(RunError::Execution(_))),
                ) => {
                    let told = || format!("sample {sample}: {failure}");
                    runs.first_failure.get_or_insert_with(told);
                    None
                }
                Err(failure) => return Err(failure).with_context(|| format!("sample {sample}")),
            };
            runs.first_outputs.push(row);
        }
        Ok(runs)
    }
}

/// The answers there are, each with its row of `want`.
fn answered<'a>(
    got: &'a [Option<Vec<f64>>],
    want: &'a [Vec<f64>],
) -> impl Iterator<Item = (&'a Vec<f64>, &'a Vec<f64>)> {
    let pairs = got.iter().zip(want);
    pairs.filter_map(|(got, want)| Some((got.as_ref()?, want)))
}

fn print(evaluation: &Evaluation, json: bool) -> Result<()> {
    if json {
        out!("{}", serde_json::to_string_pretty(evaluation)?);
        return Ok(());
    }
    out!("samples             {}", evaluation.samples);
    if let Some(failure) = &evaluation.first_failure {
        let reverting = evaluation.reverting_samples;
        out!(
            "reverting samples   {reverting} (wrong for accuracy, left out of errors); the first is {failure}"
        );
    }
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
    let reference = FloatModel::read(&bytes)?;
    let samples = fixpoint_compiler::Samples::read(inputs)?;
    let batch = samples.batch(reference.input_shapes())?;
    (0..batch.len())
        .map(|sample| {
            let outputs = reference.run(&batch.sample(sample))?;
            let first = outputs
                .first()
                .context("the reference model has no output")?;
            Ok(first.iter().copied().map(f64::from).collect())
        })
        .collect()
}

/// Share of the samples with this class; one without an answer has none.
fn share_right(rows: &[Option<Vec<f64>>], classes: &[usize]) -> f64 {
    let right = rows
        .iter()
        .zip(classes)
        .filter(|(row, class)| row.as_deref().map(largest) == Some(**class))
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
