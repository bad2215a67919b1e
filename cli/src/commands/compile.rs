//! `fixpoint compile`: ONNX or TOSA to a model.

use crate::{cost, model_file, output::out, text::grouped};
use anyhow::{Context as _, Result, bail, ensure};
use clap::ValueEnum;
use fixpoint_compiler::{
    CompileOptions, Compiled, IntegerOptions, Precision, Progress, Samples, Stage, compile_onnx,
    compile_tosa, npy::Array, tosa::IoDescription,
};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    collections::BTreeMap,
    io::IsTerminal as _,
    path::{Path, PathBuf},
};

/// Compile an ONNX or TOSA model to integers, and report its accuracy and cost.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  fixpoint compile digits.onnx --calibration calibration.npz -o digits.fxp
  fixpoint compile digits.onnx --calibration calibration.npz \\
    --test test.npz --labels labels.npy -o digits.fxp
  fixpoint compile volatility.onnx --precision int16 --calibration calibration.npz -o volatility.fxp
  fixpoint compile net.onnx --shape image=1,3,32,32 --outputs logits \\
    --calibration images.npy -o net.fxp
  fixpoint compile kws.tosa --io io.json -o kws.fxp")]
pub(crate) struct Args {
    /// MODEL.onnx or MODEL.tosa
    model: PathBuf,
    /// Where to write the compiled model
    #[arg(short, long, value_name = "M.fxp")]
    output: PathBuf,
    /// Sample inputs to take ranges from: .npz (keys are input names) or .npy; axis 0 is samples
    #[arg(long, value_name = "X.npz")]
    calibration: Option<PathBuf>,
    /// Sample inputs to measure accuracy on (default: 20 % of the calibration samples)
    #[arg(long, value_name = "X.npz")]
    test: Option<PathBuf>,
    /// Right class of each test sample
    #[arg(long, value_name = "y.npy", requires = "test")]
    labels: Option<PathBuf>,
    /// Width of weights and activations
    #[arg(long, value_enum, default_value_t = PrecisionArg::Int8)]
    precision: PrecisionArg,
    /// Shape of an input, batch included; once per input
    #[arg(long = "shape", value_name = "NAME=1,3,32,32", value_parser = parse_shape)]
    shapes: Vec<(String, Vec<usize>)>,
    /// Tensors to return instead of the model's own outputs
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    outputs: Vec<String>,
    /// Inputs whose out-of-range values saturate instead of failing the call
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    saturate: Vec<String>,
    /// Names and scales of a .tosa file's inputs and outputs
    #[arg(long, value_name = "io.json")]
    io: Option<PathBuf>,
    /// Reserved: says what to do instead
    #[arg(long, value_name = "SPEC", hide = true)]
    preprocess: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum PrecisionArg {
    Int8,
    Int16,
    /// Parsed so that the compiler can say what to do instead.
    #[value(hide = true)]
    Int32,
}

impl From<PrecisionArg> for Precision {
    fn from(precision: PrecisionArg) -> Self {
        match precision {
            PrecisionArg::Int8 => Self::Int8,
            PrecisionArg::Int16 => Self::Int16,
            PrecisionArg::Int32 => Self::Int32,
        }
    }
}

fn parse_shape(text: &str) -> Result<(String, Vec<usize>)> {
    let (name, dimensions) = text.split_once('=').context("write NAME=1,3,32,32")?;
    let dimensions = dimensions
        .split(',')
        .map(|dimension| {
            dimension
                .trim()
                .parse()
                .context("a dimension is a positive integer")
        })
        .collect::<Result<Vec<usize>>>()?;
    ensure!(
        dimensions.iter().all(|&dimension| dimension > 0),
        "a dimension is a positive integer"
    );
    Ok((name.to_owned(), dimensions))
}

pub(crate) fn run(args: Args) -> Result<()> {
    ensure!(
        args.preprocess.is_none(),
        "--preprocess is not available yet: apply it before the call, or put it into the ONNX graph"
    );
    let compiled = compile(&args)?;
    write_whole(&args.output, &compiled.payload)?;
    let file = model_file::read(&args.output)?;
    let (cost, _) = cost::measure(&file)?;
    if args.json {
        let mut report = serde_json::to_value(&compiled.report)?;
        report["output"] = args.output.display().to_string().into();
        report["gas"] = serde_json::to_value(&cost)?;
        out!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    out!("{}", compiled.report.to_string().trim_end());
    out!(
        "gas of a call       {} (first in a transaction; {} of it loads the model)",
        grouped(cost.first_call),
        grouped(cost.load)
    );
    out!(
        "gas to bring it on  {} to store, {} to activate, once",
        grouped(cost.store),
        grouped(cost.activate)
    );
    out!("written             {}", args.output.display());
    Ok(())
}

fn compile(args: &Args) -> Result<Compiled> {
    let bytes = std::fs::read(&args.model)
        .with_context(|| format!("can't read {}", args.model.display()))?;
    let extension = args
        .model
        .extension()
        .and_then(|extension| extension.to_str());
    match extension {
        Some("onnx") => {
            ensure!(
                args.io.is_none(),
                "--io describes a .tosa file; ONNX has names of its own"
            );
            let options = options(args)?;
            let bar = Bars::new(args.json);
            let compiled = compile_onnx(&bytes, &options, &mut |progress| bar.show(progress));
            bar.clear();
            compiled.with_context(|| format!("compiling {}", args.model.display()))
        }
        Some("tosa") => {
            let io = args.io.as_deref().map(read_io).transpose()?;
            compile_tosa(&bytes, io.as_ref(), &IntegerOptions::default(), &mut |_| ())
                .with_context(|| format!("compiling {}", args.model.display()))
        }
        Some("tflite") => bail!(
            "TFLite is not read directly yet: convert it with `tosa-converter-for-tflite` (PyPI) and `tosa-opt --tosa-serialize`, then compile the .tosa file"
        ),
        _ => bail!("{} is neither .onnx nor .tosa", args.model.display()),
    }
}

fn options(args: &Args) -> Result<CompileOptions> {
    let samples = |path: &Option<PathBuf>| -> Result<Option<Samples>> {
        path.as_deref()
            .map(|path| {
                Samples::read(path).with_context(|| format!("can't read {}", path.display()))
            })
            .transpose()
    };
    let labels = args
        .labels
        .as_deref()
        .map(|path| Array::read(path).with_context(|| format!("can't read {}", path.display())));
    Ok(CompileOptions {
        precision: args.precision.into(),
        shapes: args.shapes.iter().cloned().collect::<BTreeMap<_, _>>(),
        outputs: args.outputs.clone(),
        calibration: samples(&args.calibration)?.unwrap_or_default(),
        test: samples(&args.test)?,
        labels: labels.transpose()?,
        saturating_inputs: args.saturate.clone(),
        ..CompileOptions::default()
    })
}

fn read_io(path: &Path) -> Result<IoDescription> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
    Ok(IoDescription::from_json(&text)?)
}

/// Writes a file so that there is never half of it.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_extension("fxp.partial");
    std::fs::write(&partial, bytes)
        .and_then(|()| std::fs::rename(&partial, path))
        .with_context(|| format!("can't write {}", path.display()))
}

/// A progress bar per stage, on a terminal only.
struct Bars {
    bar: ProgressBar,
}

impl Bars {
    fn new(quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        let bar = if shown {
            ProgressBar::new(0)
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) = ProgressStyle::with_template("{msg:12} {bar:40} {pos}/{len}") {
            bar.set_style(style);
        }
        Self { bar }
    }

    fn show(&self, progress: Progress) {
        self.bar.set_message(match progress.stage {
            Stage::Calibrate => "calibrating",
            Stage::Evaluate => "comparing",
        });
        self.bar.set_length(progress.total as u64);
        self.bar.set_position(progress.done as u64);
    }

    fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
