//! The stages in order, for each kind of source file.

use crate::{
    builder::list,
    calibrate::{Range, Ranges, calibrate},
    classical,
    error::CompileError,
    fixed,
    fold::fold,
    import,
    ir::Graph,
    lower::{Lowered, lower},
    onnx::{self, preprocess::MAX_PIXEL},
    options::{CompileOptions, IntegerOptions, Precision},
    prescribed::{absorb, declared, is_quantised},
    progress::Progress,
    quantise::{check_scales, quantise},
    record::Record,
    report::{Report, constant_elements, evaluate, evaluate_alone},
    samples::{Batch, Samples},
    tosa::{self, IoDescription},
};
use fixpoint_runtime::model::{Model, ValidModel, encode, format::Input, validate};

/// A compiled model.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The model.
    pub model: Model,
    /// Its bytes: what goes into a `.fxp` file and on chain.
    pub payload: Vec<u8>,
    /// What there is to tell.
    pub report: Report,
    /// What was chosen, for whoever wants to build the same bytes again; nothing for a source that
    /// leaves no choice.
    pub record: Option<Record>,
}

/// Compiles an ONNX file.
///
/// # Errors
/// [`CompileError`], one variant per cause.
pub fn compile_onnx(
    bytes: &[u8],
    options: &CompileOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Compiled, CompileError> {
    let recorded = options.recorded.as_ref();
    let options = &recorded.map_or_else(
        || Ok(options.clone()),
        |record| record.options(bytes, options),
    )?;
    if onnx::is_classical(bytes)? {
        if !options.preprocess.is_empty() {
            return Err(CompileError::Onnx(onnx::OnnxError::Preprocess {
                reason: "models of ai.onnx.ml take their features as they are: leave it out"
                    .to_owned(),
            }));
        }
        return compile_classical(bytes, options, progress);
    }
    let pixels = onnx::preprocess::pixels(bytes, &options.preprocess)?;
    let file = onnx::preprocess::prepend(bytes, &options.preprocess)?;
    let file = onnx::replace_scalers(&file)?;
    let (mut graph, reference) = import::import(&file, &options.shapes, &options.outputs)?;
    // At 32 bits a scaler before a layer is worth more than float32 weights can hold of it.
    if options.precision != Precision::Int32 {
        fold(&mut graph);
    }
    absorb(&mut graph);
    let (calibration, test, held_back) = split_samples(options, &graph.input_shapes())?;
    let mut wide = Vec::new();
    let mut ranges = match recorded {
        Some(record) => record.ranges(&graph)?,
        None if calibration.is_empty() => {
            let (ranges, too_wide) = declared(&graph)?;
            wide = too_wide;
            ranges
        }
        None => calibrate(&graph, &calibration, options.method, progress)?,
    };
    declare_pixels(&graph, &pixels, &mut ranges);
    let lowered = lower_graph(&graph, &ranges, &wide, options)?;
    let (mut compiled, valid) = checked(lowered.model)?;
    compiled.report.parameters = graph.parameters();
    compiled.report.calibration_samples = calibration.len();
    compiled.report.remarks = lowered.remarks;
    compiled.record = Some(Record::of_network(bytes, options, &graph, &ranges));
    if let Some(refusal) = reference.refusal() {
        compiled.report.remarks.push(format!(
            "compared with our own float run, as tract does not run the model: {refusal}"
        ));
    }
    if !test.is_empty() {
        let float = |inputs: &[Vec<f32>]| reference.run(inputs);
        let labels = options.labels.as_ref();
        let mut accuracy = evaluate(&valid, &graph.outputs, &float, &test, labels, progress)?;
        accuracy.held_back = held_back;
        compiled.report.accuracy = Some(accuracy);
    }
    Ok(compiled)
}

/// Inputs that take pixels hold all of them, whichever the samples had: at 8 bits exactly.
fn declare_pixels(graph: &Graph, names: &[String], ranges: &mut Ranges) {
    let all = Range {
        min: 0.0,
        max: MAX_PIXEL,
    };
    for (index, &input) in graph.inputs.iter().enumerate() {
        if names.contains(&graph.values[input].name) {
            ranges.values[input] = all;
            ranges.features[index].fill(all);
        }
    }
}

/// Integers for every value, then operators.
fn lower_graph(
    graph: &Graph,
    ranges: &Ranges,
    wide: &[bool],
    options: &CompileOptions,
) -> Result<Lowered, CompileError> {
    let own_integers = is_quantised(graph);
    if options.precision == Precision::Int32 && !own_integers {
        return Ok(Lowered {
            model: fixed::network::lower(graph, ranges, &options.saturating_inputs)?,
            remarks: Vec::new(),
        });
    }
    let quants = quantise(graph, ranges, options.precision, options.input_scales)?;
    check_scales(graph, ranges, wide, &quants)?;
    let mut lowered = lower(graph, &quants, options)?;
    if own_integers {
        lowered.remarks.push(
            "the model's own integers, scales and zero points were kept, whatever the precision"
                .to_owned(),
        );
    }
    Ok(lowered)
}

/// Compiles a file of classical operators: no integers are chosen but the inputs' grids.
fn compile_classical(
    bytes: &[u8],
    options: &CompileOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Compiled, CompileError> {
    let pipeline = classical::import(bytes, &options.shapes, &options.outputs)?;
    let inputs = pipeline.input_shapes();
    let (calibration, test, held_back) = split_samples(options, &inputs)?;
    let recorded = options.recorded.as_ref();
    let recorded = recorded
        .map(|record| record.magnitudes(&inputs))
        .transpose()?;
    let sizes = match &recorded {
        Some(recorded) => classical::Sizes::Recorded(recorded),
        None if calibration.is_empty() => classical::Sizes::Unknown,
        None => classical::Sizes::Samples(&calibration),
    };
    let lowered = classical::lower(&pipeline, sizes, &options.saturating_inputs)?;
    let names = || pipeline.inputs.iter().map(|port| port.name.clone());
    let magnitudes = names().zip(lowered.magnitudes);
    let record = Record::of_classical(bytes, options, magnitudes);
    let (mut compiled, valid) = checked(lowered.model)?;
    compiled.report.parameters = pipeline.parameters();
    compiled.report.calibration_samples = calibration.len();
    compiled.report.remarks.clone_from(&pipeline.remarks);
    compiled.report.exact_decimals = names().zip(lowered.decimals).collect();
    compiled.record = Some(record);
    if !test.is_empty() {
        let float = |inputs: &[Vec<f32>]| {
            let row = |row: &Vec<f32>| row.iter().copied().map(f64::from).collect();
            let outputs = pipeline.run(&inputs.iter().map(row).collect::<Vec<_>>());
            let row = |row: &Vec<f64>| row.iter().map(|&x| x as f32).collect();
            Ok(outputs.iter().map(row).collect())
        };
        let labels = options.labels.as_ref();
        let mut accuracy = evaluate(&valid, &pipeline.outputs, &float, &test, labels, progress)?;
        accuracy.held_back = held_back;
        compiled.report.accuracy = Some(accuracy);
    }
    Ok(compiled)
}

/// Samples for calibration, samples for the report, and whether these were held back from those.
fn split_samples(
    options: &CompileOptions,
    inputs: &[(String, Vec<usize>)],
) -> Result<(Batch, Batch, bool), CompileError> {
    let batch = |samples: &Samples| {
        if samples.is_empty() {
            Ok(Batch::default())
        } else {
            samples.batch(inputs)
        }
    };
    let samples = batch(&options.calibration)?;
    match &options.test {
        Some(test) => Ok((samples, test.batch(inputs)?, false)),
        None if options.labels.is_some() => Err(CompileError::Labels {
            reason: "they need a test set: give --test".to_owned(),
        }),
        None => {
            let (kept, held) = samples.hold_back();
            Ok((kept, held, true))
        }
    }
}

/// Converts a `.tosa` file, operator by operator.
///
/// # Errors
/// [`CompileError`], one variant per cause.
pub fn compile_tosa(
    bytes: &[u8],
    io: Option<&IoDescription>,
    options: &IntegerOptions,
    progress: &mut dyn FnMut(Progress),
) -> Result<Compiled, CompileError> {
    let mut model = tosa::import(bytes, io)?.model().clone();
    saturate(&mut model, &options.saturating_inputs)?;
    let (mut compiled, valid) = checked(model)?;
    compiled.report.parameters = constant_elements(&compiled.model);
    let labels = |reason: &str| CompileError::Labels {
        reason: reason.to_owned(),
    };
    match (&options.test, &options.labels) {
        (None, None) => {}
        (None, Some(_)) => return Err(labels("they need a test set: give --test")),
        (Some(_), None) => {
            return Err(labels(
                "a test set needs them, as there is no float model to compare with: give --labels",
            ));
        }
        (Some(test), Some(labels)) => {
            let batch = test.batch(&input_shapes(&compiled.model))?;
            compiled.report.accuracy = Some(evaluate_alone(&valid, &batch, labels, progress)?);
        }
    }
    Ok(compiled)
}

/// Lets the named inputs saturate.
fn saturate(model: &mut Model, names: &[String]) -> Result<(), CompileError> {
    let mut inputs = model.inputs.to_vec();
    for name in names {
        let named = |input: &&mut Input| &input.name[..] == name.as_bytes();
        let Some(input) = inputs.iter_mut().find(named) else {
            let inputs = input_shapes(model).into_iter().map(|(name, _)| name);
            return Err(CompileError::NoSuchInput {
                name: name.clone(),
                inputs: inputs.collect::<Vec<_>>().join(", "),
            });
        };
        input.saturates = true;
    }
    model.inputs = list(inputs, "inputs")?;
    Ok(())
}

fn input_shapes(model: &Model) -> Vec<(String, Vec<usize>)> {
    let shape = |input: &Input| {
        let name = String::from_utf8_lossy(&input.name).into_owned();
        let shape = input.tensor.shape.iter().map(|&dim| dim as usize);
        (name, shape.collect())
    };
    model.inputs.iter().map(shape).collect()
}

/// Validates and encodes: nothing leaves the compiler that a chain would not accept.
fn checked(model: Model) -> Result<(Compiled, ValidModel), CompileError> {
    let valid = validate(model.clone())
        .map_err(|source| CompileError::rejected(source, &model.operators))?;
    Ok((compiled(&valid), valid))
}

fn compiled(valid: &ValidModel) -> Compiled {
    let payload = encode(valid.model());
    let report = Report::new(valid, payload.len());
    Compiled {
        model: valid.model().clone(),
        payload,
        report,
        record: None,
    }
}
