//! `fixpoint compile`: ONNX, TFLite or TOSA to a model.

mod source;
mod told;

use crate::{bars::Bars, whole_file};
use alloy_primitives::utils::parse_units;
use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use fixpoint_client::{compilation::Compilation, cost, model_file};
use fixpoint_compiler::{
    CompileError, CompileOptions, Compiled, IntegerOptions, Precision, Preprocess, Record, Samples,
    Sensitivity, compile_onnx, compile_tosa,
    npy::Array,
    tflite::{self, Converted},
    tosa::IoDescription,
};
use fixpoint_precompile::gas::GENESIS;
use source::Source;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use told::{Files, Told};

const EXAMPLES: &str = r#"Examples:
  fixpoint compile digits.onnx --calibration calibration.npz -o digits.fxp
  fixpoint compile digits.onnx --calibration calibration.npz \
    --test test.npz --labels labels.npy -o digits.fxp
  fixpoint compile volatility.onnx --precision int16 --calibration calibration.npz -o volatility.fxp
  fixpoint compile digits.onnx --calibration calibration.npz --test test.npz \
    --labels labels.npy --report digits.html -o digits.fxp
    (a page with plots: accuracy, the layers that hurt, ranges, gas by layer, cost to deploy)
  fixpoint compile digits.onnx --calibration calibration.npz --max-error 0.02 -o digits.fxp
    (int8, with int16 in the layers that need it for 99 % of the answers to be so close to float)
  fixpoint compile digits.onnx --calib digits.calib.json -o digits.fxp
  fixpoint compile net.onnx --shape image=1,3,32,32 --outputs logits \
    --calibration images.npy -o net.fxp
  fixpoint compile resnet.onnx --calibration photos.npy -o resnet.fxp \
    --preprocess input=u8,layout=nhwc,mean=0.485:0.456:0.406,std=0.229:0.224:0.225
    (callers give the bytes of RGB images, [N,224,224,3])
  fixpoint compile vgg.onnx --calibration photos.npy -o vgg.fxp \
    --preprocess image:input=u8,scale=1,channels=bgr,mean=103.94:116.78:123.68
  fixpoint compile resnet-int8.onnx -o resnet.fxp
    (quantised already: it keeps its own integers and needs no samples)
  fixpoint compile kws.tflite -o kws.fxp
  fixpoint compile kws.tflite --saturate input_1 --test test.npz --labels labels.npy -o kws.fxp
  fixpoint compile kws.tosa -o kws.fxp
  fixpoint compile kws.tosa --io io.json -o kws.fxp
    where io.json is, in the file's order:
    {"inputs": [{"name": "mfcc", "scale": "0.58", "zero_point": 83, "saturates": true}],
     "outputs": [{"name": "probabilities", "scale": "1/256", "zero_point": -128}]}"#;

/// Compile an ONNX, TFLite or TOSA model to integers, and report its accuracy and cost.
///
/// ONNX is quantised on sample inputs; what that chose is written beside the model, as M.calib.json,
/// for whoever wants to build the same bytes again (`--calib`, `fixpoint verify`). A .tflite file quantised to integers keeps its integers,
/// scales and names; TOSA's own converter reads it (PyPI: tosa-converter-for-tflite, tosa-tools). A
/// .tosa file has neither names nor scales: --io gives them, else the model takes and gives plain
/// integers.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// MODEL.onnx, MODEL.tflite or MODEL.tosa
    model: PathBuf,
    /// Where to write the compiled model
    #[arg(short, long, value_name = "M.fxp")]
    output: PathBuf,
    /// ONNX: sample inputs to take ranges from, .npz (keys are input names) or .npy; axis 0 is samples
    #[arg(long, value_name = "X.npz")]
    calibration: Option<PathBuf>,
    /// ONNX: build the same bytes again from the ranges and choices of an earlier run, without samples
    #[arg(long, value_name = "M.calib.json",
          conflicts_with_all = ["calibration", "precision", "shapes", "outputs", "saturate", "preprocess"])]
    calib: Option<PathBuf>,
    /// Sample inputs to measure accuracy on (ONNX: 20 % of the calibration samples by default)
    #[arg(long, value_name = "X.npz")]
    test: Option<PathBuf>,
    /// What is right for each test sample, .npy: integers are classes, else numbers of the first output
    #[arg(long, value_name = "y.npy", requires = "test")]
    labels: Option<PathBuf>,
    /// Write the report as a page with plots: one file that needs no network
    #[arg(long, value_name = "out.html")]
    report: Option<PathBuf>,
    /// ONNX: start from int8 and raise the layers that lose most to int16, until 99 % of the errors are
    /// below so many standard deviations of the float model's answers
    ///
    /// Measured on the fifth of the calibration samples that is held back. Refused if int16 everywhere does
    /// not reach it.
    #[arg(long, value_name = "E", conflicts_with_all = ["precision", "calib"])]
    max_error: Option<f64>,
    /// Gas price for the report, in gwei
    #[arg(long, value_name = "GWEI", default_value = "1", value_parser = parse_gwei)]
    gas_price: u128,
    /// ONNX: width of weights and activations [default: int8]
    #[arg(long, value_enum)]
    precision: Option<PrecisionArg>,
    /// ONNX, TFLite: shape of an input, batch included (1 by default); once per input
    #[arg(long = "shape", value_name = "NAME=1,3,32,32", value_parser = parse_shape)]
    shapes: Vec<(String, Vec<usize>)>,
    /// ONNX: tensors to return instead of the model's own outputs
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    outputs: Vec<String>,
    /// Inputs whose out-of-range values saturate instead of failing the call
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    saturate: Vec<String>,
    /// TOSA: names and scales of the inputs and outputs
    #[arg(long, value_name = "io.json")]
    io: Option<PathBuf>,
    /// TFLite: folder of the converter and tosa-opt (default: .venv-tosa/bin here, then the PATH)
    #[arg(long, value_name = "DIR", env = "FIXPOINT_TOSA_TOOLS")]
    tosa_tools: Option<PathBuf>,
    /// TFLite: also write the TOSA file that it is converted to
    #[arg(long, value_name = "M.tosa")]
    keep_tosa: Option<PathBuf>,
    /// TFLite: show the converting tools' commands, versions and messages
    #[arg(short, long)]
    verbose: bool,
    /// ONNX: what the model does with an input first, so that callers give raw pixels; once per input
    ///
    /// [NAME:]KEY=VALUE,... of input=u8 (pixels of 0 to 255), mean=M and std=S (a number, or one for each
    /// channel: A:B:C), scale=F (1/255 with input=u8, else 1), layout=nhwc (callers give channels last, the
    /// model takes them first), channels=bgr (callers give blue, green, red for a model of red, green, blue,
    /// or the reverse). The model computes (pixel * scale - mean) / std, with the channels in its own
    /// order. --shape, --calibration and --test are then what callers give.
    #[arg(long, value_name = "SPEC")]
    preprocess: Vec<Preprocess>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum PrecisionArg {
    Int8,
    Int16,
    /// For regressors: errors near those of float32 itself
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

/// A price in gwei, to the wei.
fn parse_gwei(text: &str) -> Result<u128> {
    let parsed = parse_units(text, "gwei").context("a price is a number of gwei")?;
    ensure!(!parsed.is_negative(), "a price is not negative");
    u128::try_from(parsed.get_absolute()).context("a price is below 2^128 wei")
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
    let compiled = compile(&args)?;
    let file = model_file::of(compiled.payload.clone(), "the compiled model")?;
    let files = files(&args, &compiled);
    let costs = match cost::in_wei(&file, args.gas_price) {
        Ok(costs) => costs,
        // It runs here all the same, and whoever makes it smaller wants to know how well.
        Err(refusal) => {
            write_model(&files, &compiled)?;
            let written = format!("{} is written and runs here", args.output.display());
            return Err(anyhow::Error::from(refusal).context(written));
        }
    };
    let told = Told {
        compilation: Compilation {
            report: &compiled.report,
            costs,
            file: &file,
        },
        files,
    };
    if let Some(path) = &args.report {
        whole_file::write(path, told.page(&args.output).as_bytes())?;
    }
    write_model(&told.files, &compiled)?;
    if args.json { told.json() } else { told.print() }
}

/// The model comes last: where it is, the rest is.
fn write_model(files: &Files, compiled: &Compiled) -> Result<()> {
    if let (Some(path), Some(record)) = (&files.record, &compiled.record) {
        whole_file::write(path, record.to_json().as_bytes())?;
    }
    whole_file::write(&files.model, &compiled.payload)
}

/// Where everything goes; what was chosen goes beside the model, unless it was given, or there was no
/// choice.
fn files(args: &Args, compiled: &Compiled) -> Files {
    let record = compiled.record.as_ref().filter(|_| args.calib.is_none());
    Files {
        model: args.output.clone(),
        record: record.map(|_| args.output.with_extension("calib.json")),
        report: args.report.clone(),
    }
}

fn compile(args: &Args) -> Result<Compiled> {
    let source = Source::of(&args.model)?;
    source.check_options(args)?;
    let bytes = std::fs::read(&args.model)
        .with_context(|| format!("can't read {}", args.model.display()))?;
    let bar = Bars::new(args.json);
    let progress = &mut |progress| bar.show(progress);
    let compiled = match source {
        Source::Onnx => compile_onnx(&bytes, &onnx_options(args)?, progress),
        Source::Tflite => {
            let converted = convert(args, &bytes)?;
            let options = integer_options(args)?;
            compile_tosa(&converted.tosa, Some(&converted.io), &options, progress).map(
                |mut compiled| {
                    compiled.report.remarks.extend(converted.remarks);
                    compiled
                },
            )
        }
        Source::Tosa => {
            let io = args.io.as_deref().map(read_io).transpose()?;
            compile_tosa(&bytes, io.as_ref(), &integer_options(args)?, progress)
        }
    };
    bar.clear();
    compiled.with_context(|| compiling(args))
}

fn compiling(args: &Args) -> String {
    format!("compiling {}", args.model.display())
}

/// A `.tflite` file to a `.tosa` file, which is kept if asked for.
fn convert(args: &Args, bytes: &[u8]) -> Result<Converted> {
    let shapes = args.shapes.iter().cloned().collect();
    let converted = tflite::convert(bytes, &shapes, args.tosa_tools.as_deref());
    if args.verbose {
        let log = match &converted {
            Ok(converted) => converted.log.as_slice(),
            Err(CompileError::Tool { log, .. }) => std::slice::from_ref(log),
            Err(_) => &[],
        };
        for entry in log {
            eprintln!("{entry}");
        }
    }
    let converted = converted.with_context(|| compiling(args))?;
    if let Some(path) = &args.keep_tosa {
        whole_file::write(path, &converted.tosa)?;
    }
    Ok(converted)
}

fn samples(path: Option<&Path>) -> Result<Option<Samples>> {
    let read =
        |path: &Path| Samples::read(path).with_context(|| format!("can't read {}", path.display()));
    path.map(read).transpose()
}

fn labels(args: &Args) -> Result<Option<Array>> {
    let read =
        |path: &Path| Array::read(path).with_context(|| format!("can't read {}", path.display()));
    args.labels.as_deref().map(read).transpose()
}

fn onnx_options(args: &Args) -> Result<CompileOptions> {
    Ok(CompileOptions {
        precision: args.precision.unwrap_or(PrecisionArg::Int8).into(),
        shapes: args.shapes.iter().cloned().collect::<BTreeMap<_, _>>(),
        outputs: args.outputs.clone(),
        preprocess: args.preprocess.clone(),
        calibration: samples(args.calibration.as_deref())?.unwrap_or_default(),
        test: samples(args.test.as_deref())?,
        labels: labels(args)?,
        max_error: args.max_error,
        sensitivity: if args.report.is_some() {
            Sensitivity::Measure
        } else {
            Sensitivity::IfQuick
        },
        prices: Some(GENESIS.work_milligas),
        saturating_inputs: args.saturate.clone(),
        recorded: args.calib.as_deref().map(read_record).transpose()?,
        ..CompileOptions::default()
    })
}

fn integer_options(args: &Args) -> Result<IntegerOptions> {
    Ok(IntegerOptions {
        test: samples(args.test.as_deref())?,
        labels: labels(args)?,
        saturating_inputs: args.saturate.clone(),
        prices: Some(GENESIS.work_milligas),
    })
}

fn read_io(path: &Path) -> Result<IoDescription> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
    Ok(IoDescription::from_json(&text)?)
}

/// Reads ranges and choices.
///
/// # Errors
/// The file can't be read, or is not one that `fixpoint compile` wrote.
pub(crate) fn read_record(path: &Path) -> Result<Record> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("can't read {name}"))?;
    Record::from_json(&text).with_context(|| format!("{name} is not a file of ranges and choices"))
}
