//! The stages in order, for each kind of source file.

use crate::{
    builder::list,
    calibrate::calibrate,
    error::CompileError,
    fold::fold,
    import,
    lower::lower,
    options::{CompileOptions, IntegerOptions, Precision},
    progress::Progress,
    quantise::quantise,
    report::{Report, constant_elements, evaluate, evaluate_alone},
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
    if options.precision == Precision::Int32 {
        return Err(CompileError::Precision { precision: "int32" });
    }
    let (mut graph, float) = import::import(bytes, &options.shapes, &options.outputs)?;
    fold(&mut graph);
    if options.calibration.is_empty() {
        return Err(CompileError::NoCalibration);
    }
    let samples = options.calibration.batch(float.inputs())?;
    let (calibration, test, held_back) = match &options.test {
        Some(test) => (samples, test.batch(float.inputs())?, false),
        None if options.labels.is_some() => {
            return Err(CompileError::Labels {
                reason: "they need a test set: give --test".to_owned(),
            });
        }
        None => {
            let (kept, held) = samples.hold_back();
            (kept, held, true)
        }
    };
    let ranges = calibrate(&graph, &float, &calibration, options.method, progress)?;
    let quants = quantise(&graph, &ranges, options.precision, options.input_scales)?;
    let lowered = lower(&graph, &quants, options)?;
    let (mut compiled, valid) = checked(lowered.model)?;
    compiled.report.parameters = graph.parameters();
    compiled.report.calibration_samples = calibration.len();
    compiled.report.remarks = lowered.remarks;
    if !test.is_empty() {
        let mut accuracy = evaluate(
            &valid,
            &graph,
            &float,
            &test,
            options.labels.as_ref(),
            progress,
        )?;
        accuracy.held_back = held_back;
        compiled.report.accuracy = Some(accuracy);
    }
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
    }
}
