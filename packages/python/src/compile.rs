//! Compiles a model, with a report.

use crate::{
    arrays::{Given, array, arrays},
    model::Model,
    raised::Raised,
    work::{self, Line},
};
use fixpoint_client::model_file;
use fixpoint_compiler::{
    CompileOptions, Compiled, IntegerOptions, Precision, Preprocess, Progress, Record, Samples,
    Sensitivity, Stage, Watch, compile_onnx, compile_tosa, tflite, tosa::IoDescription,
};
use fixpoint_precompile::gas::GENESIS;
use pyo3::{prelude::*, pybacked::PyBackedBytes};
use std::{collections::BTreeMap, ops::ControlFlow, path::PathBuf};

/// What `fixpoint.compile` was asked for; every key is there.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Options {
    /// `onnx`, `tflite` or `tosa`.
    format: String,
    precision: Option<String>,
    shapes: Vec<(String, Vec<usize>)>,
    outputs: Vec<String>,
    saturate: Vec<String>,
    preprocess: Vec<String>,
    calibration: Vec<Given>,
    record: Option<String>,
    test: Vec<Given>,
    labels: Option<Given>,
    max_error: Option<f64>,
    measure_layers: Option<bool>,
    io: Option<String>,
    tosa_tools: Option<PathBuf>,
}

/// Compiles the bytes of a model; `progress` is called with a stage, how much is done, how much there
/// is.
#[pyfunction]
pub(crate) fn compile(
    py: Python<'_>,
    source: PyBackedBytes,
    options: Options,
    progress: Option<Py<PyAny>>,
) -> PyResult<Model> {
    work::run(py, progress, move |line| {
        let compiled = match options.format.as_str() {
            "onnx" => compile_onnx(&source, &options.onnx()?, &mut Watcher(line))?,
            "tflite" => of_tflite(&source, &options, line)?,
            _ => {
                let io = options.io.as_deref().map(IoDescription::from_json);
                let io = io.transpose()?;
                let integers = options.integers()?;
                compile_tosa(&source, io.as_ref(), &integers, &mut Watcher(line))?
            }
        };
        let file = model_file::of(compiled.payload, "the compiled model")?;
        Ok(Model::of(file, compiled.report, compiled.record))
    })
}

fn of_tflite(source: &[u8], options: &Options, line: &Line) -> Result<Compiled, Raised> {
    let shapes = options.shapes.iter().cloned().collect();
    let converted = tflite::convert(source, &shapes, options.tosa_tools.as_deref())?;
    let integers = options.integers()?;
    let mut compiled = compile_tosa(
        &converted.tosa,
        Some(&converted.io),
        &integers,
        &mut Watcher(line),
    )?;
    compiled.report.remarks.extend(converted.remarks);
    Ok(compiled)
}

impl Options {
    fn onnx(&self) -> Result<CompileOptions, Raised> {
        let preprocess = self.preprocess.iter().map(|spec| spec.parse());
        let preprocess = preprocess.collect::<Result<Vec<Preprocess>, _>>();
        let recorded = self.record.as_deref().map(Record::from_json).transpose()?;
        Ok(CompileOptions {
            precision: self.precision()?,
            shapes: self.shapes.iter().cloned().collect::<BTreeMap<_, _>>(),
            outputs: self.outputs.clone(),
            preprocess: preprocess.map_err(fixpoint_compiler::CompileError::Onnx)?,
            calibration: Samples(arrays(&self.calibration)?),
            test: self.test()?,
            labels: self.labels.as_ref().map(array).transpose()?,
            max_error: self.max_error,
            sensitivity: match self.measure_layers {
                None => Sensitivity::IfQuick,
                Some(true) => Sensitivity::Measure,
                Some(false) => Sensitivity::Skip,
            },
            prices: Some(GENESIS.work_milligas),
            saturating_inputs: self.saturate.clone(),
            recorded,
            ..CompileOptions::default()
        })
    }

    fn integers(&self) -> Result<IntegerOptions, Raised> {
        Ok(IntegerOptions {
            test: self.test()?,
            labels: self.labels.as_ref().map(array).transpose()?,
            saturating_inputs: self.saturate.clone(),
            prices: Some(GENESIS.work_milligas),
        })
    }

    fn precision(&self) -> Result<Precision, Raised> {
        match self.precision.as_deref() {
            None | Some("int8") => Ok(Precision::Int8),
            Some("int16") => Ok(Precision::Int16),
            Some("int32") => Ok(Precision::Int32),
            Some(other) => Err(Raised::new(
                "CompileError",
                "Precision",
                format!("precision '{other}' is none: int8, int16, int32"),
            )),
        }
    }

    fn test(&self) -> Result<Option<Samples>, Raised> {
        let test = arrays(&self.test)?;
        Ok((!test.is_empty()).then_some(Samples(test)))
    }
}

struct Watcher<'a>(&'a Line);

impl Watch for Watcher<'_> {
    fn see(&mut self, progress: Progress) -> ControlFlow<()> {
        let stage = match progress.stage {
            Stage::Calibrate => "calibrating",
            Stage::Float => "running float",
            Stage::Layers => "measuring layers",
            Stage::Raise => "raising layers",
            Stage::Evaluate => "comparing",
        };
        self.0.tell(stage, progress.done, progress.total);
        if self.0.stop_asked() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}
