//! The stages in order, for each kind of source file.

use crate::{
    builder::list,
    calibrate::{Range, Ranges, calibrate},
    classical,
    error::CompileError,
    fold::fold,
    import,
    ir::Graph,
    onnx::{self, preprocess::MAX_PIXEL},
    options::{CompileOptions, IntegerOptions, Precision},
    precision::{Layers, Network, check_max_error, choose},
    prescribed::{absorb, declared},
    progress::Watch,
    record::Record,
    report::{Report, constant_elements, evaluate, of_operators},
    split::Split,
    tosa::{self, IoDescription},
};
use fixpoint_runtime::model::{Model, ValidModel, encode, format::Input, validate};

/// Share of samples whose class is the float model's, below which the report says what to do.
const USUAL_AGREEMENT_I8: f64 = 0.99;
const USUAL_AGREEMENT_I16: f64 = 0.998;

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
    progress: &mut dyn Watch,
) -> Result<Compiled, CompileError> {
    let recorded = options.recorded.as_ref();
    let options = &recorded.map_or_else(
        || Ok(options.clone()),
        |record| record.options(bytes, options),
    )?;
    if onnx::is_classical(bytes)? && !recorded.is_some_and(Record::is_of_network) {
        match compile_classical(bytes, options, progress) {
            // Support vectors, polynomials and the like: a network, in standard operators.
            Err(CompileError::Unsupported { .. } | CompileError::NoSuchOutput { .. })
                if !onnx::has_trees(bytes)? => {}
            compiled => return compiled,
        }
    }
    compile_network(bytes, options, progress)
}

/// Compiles a file of standard operators, or of those that can be written in them.
fn compile_network(
    bytes: &[u8],
    options: &CompileOptions,
    progress: &mut dyn Watch,
) -> Result<Compiled, CompileError> {
    let recorded = options.recorded.as_ref();
    let pixels = onnx::preprocess::pixels(bytes, &options.preprocess)?;
    let file = onnx::preprocess::prepend(bytes, &options.preprocess)?;
    let standard = onnx::in_standard_operators(&file, options.precision)?;
    let (mut graph, reference) = import::import(&standard.file, &options.shapes, &options.outputs)?;
    // At 32 bits a scaler before a layer is worth more than float32 weights can hold of it.
    if options.precision != Precision::Int32 {
        fold(&mut graph);
    }
    absorb(&mut graph);
    let split = Split::of(options, &graph.input_shapes())?;
    let mut too_wide = Vec::new();
    let mut ranges = match recorded {
        Some(record) => record.ranges(&graph)?,
        None if split.calibration.is_empty() => {
            let (ranges, wide) = declared(&graph)?;
            too_wide = wide;
            ranges
        }
        None => calibrate(&graph, &split.calibration, options.method, progress)?,
    };
    declare_pixels(&graph, &pixels, &mut ranges);
    let layers = Layers::of(&graph);
    let network = Network {
        graph: &graph,
        layers: &layers,
        ranges: &ranges,
        too_wide: &too_wide,
        options,
        first_nodes: 0,
    };
    let float = |inputs: &[Vec<f32>]| reference.run(inputs);
    let choice = choose(&network, recorded, &split, &float, progress)?;
    let model = &choice.integers.model;
    let mut compiled = compiled(model);
    compiled.record = Some(choice.record(bytes, &network));
    let accuracy = split.accuracy(model, &graph.outputs, &float, options, progress)?;
    compiled.report.accuracy = accuracy;
    choice.tell(&network, &split, &mut compiled.report, progress)?;
    compiled.report.remarks.extend(standard.remarks);
    if let Some(advice) = of_widths(&compiled.report, options) {
        compiled.report.remarks.push(advice.to_owned());
    }
    if let Some(refusal) = reference.refusal() {
        compiled.report.remarks.push(format!(
            "compared with our own float run, as tract does not run the model: {refusal}"
        ));
    }
    Ok(compiled)
}

/// What to say of a model whose largest output is not that of the float model for as many samples as its
/// integers usually allow (`docs/accuracy.md`).
fn of_widths(report: &Report, options: &CompileOptions) -> Option<&'static str> {
    let top1 = report.accuracy.as_ref()?.top1.as_ref()?;
    let agreement = top1.agreement?;
    match options.precision {
        Precision::Int8 if options.max_error.is_none() && agreement < USUAL_AGREEMENT_I8 => Some(
            "8 bits are few for this model: compare --precision int16, and --max-error, which raises only the layers that need it",
        ),
        Precision::Int16 if agreement < USUAL_AGREEMENT_I16 => Some(
            "more answers differ in their largest element than is usual at 16 bits: calibrate on samples that reach as far as those tested, or compare --precision int32",
        ),
        _ => None,
    }
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

/// Compiles a file of classical operators: no integers are chosen but the inputs' grids.
fn compile_classical(
    bytes: &[u8],
    options: &CompileOptions,
    progress: &mut dyn Watch,
) -> Result<Compiled, CompileError> {
    let pipeline = classical::import(bytes, &options.shapes, &options.outputs)?;
    if !options.preprocess.is_empty() {
        return Err(CompileError::Onnx(onnx::OnnxError::Preprocess {
            reason: "models of ai.onnx.ml take their features as they are: leave it out".to_owned(),
        }));
    }
    let inputs = pipeline.input_shapes();
    check_max_error(options, false)?;
    let split = Split::of(options, &inputs)?;
    let recorded = options.recorded.as_ref();
    let recorded = recorded
        .map(|record| record.magnitudes(&inputs))
        .transpose()?;
    let sizes = match &recorded {
        Some(recorded) => classical::Sizes::Recorded(recorded),
        None if split.calibration.is_empty() => classical::Sizes::Unknown,
        None => classical::Sizes::Samples(&split.calibration),
    };
    let lowered = classical::lower(&pipeline, sizes, &options.saturating_inputs)?;
    let names = || pipeline.inputs.iter().map(|port| port.name.clone());
    let magnitudes = names().zip(lowered.magnitudes);
    let record = Record::of_classical(bytes, options, magnitudes);
    let (mut compiled, valid) = checked(lowered.model)?;
    compiled.report.parameters = pipeline.parameters();
    compiled.report.calibration_samples = split.calibration.len();
    compiled.report.remarks.clone_from(&pipeline.remarks);
    compiled.report.exact_decimals = names().zip(lowered.decimals).collect();
    compiled.record = Some(record);
    compiled.report.layers = of_operators(&valid, options.prices.as_ref());
    let float = |inputs: &[Vec<f32>]| Ok(pipeline.run_singles(inputs));
    let accuracy = split.accuracy(&valid, &pipeline.outputs, &float, options, progress)?;
    compiled.report.accuracy = accuracy;
    Ok(compiled)
}

/// Converts a `.tosa` file, operator by operator.
///
/// # Errors
/// [`CompileError`], one variant per cause.
pub fn compile_tosa(
    bytes: &[u8],
    io: Option<&IoDescription>,
    options: &IntegerOptions,
    progress: &mut dyn Watch,
) -> Result<Compiled, CompileError> {
    let mut model = tosa::import(bytes, io)?.model().clone();
    saturate(&mut model, &options.saturating_inputs)?;
    let (mut compiled, valid) = checked(model)?;
    compiled.report.parameters = constant_elements(&compiled.model);
    compiled.report.layers = of_operators(&valid, options.prices.as_ref());
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
            let accuracy = evaluate(&valid, &[], None, &batch, Some(labels), progress)?;
            compiled.report.accuracy = Some(accuracy);
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
