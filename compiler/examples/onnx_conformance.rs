//! Compiles ONNX's own node tests at int16 and compares what the models compute with what the tests
//! expect. `scripts/onnx_conformance.py` finds the tests, says which operands are constants, and
//! judges.
//!
//! Reads a line of JSON per test from standard input, `{"case": .., "folder": .., "constants": [1]}`,
//! where `constants` are positions of the node's operands, and writes a line per test:
//! `{"case": .., "verdict": "ran", "error_lsb": ..}`, `"unsupported"`, or `"failed"` with a reason.

use fixpoint_compiler::{
    CompileError, CompileOptions, Precision, Samples, compile_onnx,
    npy::{Array, Data},
    ports,
};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{format::Quantisation, validate},
};
use prost::Message as _;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    io::{BufRead as _, Write as _},
    path::{Path, PathBuf},
};
use tract_onnx::pb::{ModelProto, TensorProto, tensor_proto::DataType};

/// Largest 16-bit element: a test's outputs have this many steps at least.
const STEPS: f64 = 32767.0;

#[derive(Deserialize)]
struct Case {
    case: String,
    folder: PathBuf,
    constants: Vec<usize>,
}

#[derive(Serialize)]
struct Verdict {
    case: String,
    verdict: &'static str,
    /// Largest error in steps of the output's scale; 0 where integers are equal.
    error_lsb: f64,
    reason: String,
}

fn main() -> std::io::Result<()> {
    // What panics is told in its test's line.
    std::panic::set_hook(Box::new(|_| {}));
    for line in std::io::stdin().lock().lines() {
        let case: Case = serde_json::from_str(&line?)?;
        let outcome = std::panic::catch_unwind(|| run(&case));
        let outcome = outcome.unwrap_or_else(|_| Err(Failure::Failed("it panicked".to_owned())));
        let (verdict, error_lsb, reason) = match outcome {
            Ok(error_lsb) => ("ran", error_lsb, String::new()),
            Err(Failure::Unsupported(reason)) => ("unsupported", 0.0, reason),
            Err(Failure::Failed(reason)) => ("failed", 0.0, reason),
        };
        let verdict = Verdict {
            case: case.case,
            verdict,
            error_lsb: error_lsb.min(1e9),
            reason,
        };
        writeln!(std::io::stdout(), "{}", serde_json::to_string(&verdict)?)?;
    }
    Ok(())
}

enum Failure {
    Unsupported(String),
    Failed(String),
}

fn failed(reason: impl std::fmt::Display) -> Failure {
    Failure::Failed(reason.to_string())
}

impl From<CompileError> for Failure {
    fn from(error: CompileError) -> Self {
        match error {
            CompileError::Unsupported { .. } => Self::Unsupported(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// The largest error over a test's data sets.
fn run(case: &Case) -> Result<f64, Failure> {
    let bytes = std::fs::read(case.folder.join("model.onnx")).map_err(failed)?;
    let proto = ModelProto::decode(bytes.as_slice()).map_err(failed)?;
    let mut largest = 0.0_f64;
    for set in 0.. {
        let folder = case.folder.join(format!("test_data_set_{set}"));
        if !folder.exists() {
            break;
        }
        largest = largest.max(run_set(&proto, &case.constants, &folder)?);
    }
    Ok(largest)
}

fn run_set(proto: &ModelProto, constants: &[usize], folder: &Path) -> Result<f64, Failure> {
    let mut proto = proto.clone();
    let graph = proto.graph.get_or_insert_default();
    let node = graph.node.first().cloned().unwrap_or_default();
    let is_constant = |name: &String| {
        let used = node.input.iter().position(|input| input == name);
        used.is_some_and(|position| constants.contains(&position))
    };
    let mut options = CompileOptions {
        precision: Precision::Int16,
        ..CompileOptions::default()
    };
    let mut samples = BTreeMap::new();
    for (index, input) in graph.input.iter().enumerate() {
        let path = folder.join(format!("input_{index}.pb"));
        if !path.exists() {
            return Err(failed(format!("no {}", path.display())));
        }
        let mut tensor = read(&path)?;
        // An empty tensor is nothing but its shape.
        if is_constant(&input.name) || tensor.dims.contains(&0) {
            tensor.name.clone_from(&input.name);
            graph.initializer.push(tensor);
            continue;
        }
        let shape: Vec<usize> = tensor.dims.iter().map(|&dim| dim as usize).collect();
        let data = elements(&tensor)?.iter().map(|&x| x as f32).collect();
        let array = Array {
            shape: [&[1], shape.as_slice()].concat(),
            data: Data::F32(data),
        };
        samples.insert(input.name.clone(), array);
        options.shapes.insert(input.name.clone(), shape);
    }
    let outputs: Vec<String> = graph
        .output
        .iter()
        .map(|output| output.name.clone())
        .collect();
    if samples.is_empty() {
        return constant_outputs(&proto, &outputs, folder);
    }
    options.calibration = Samples(samples.clone());
    let compiled = compile_onnx(&proto.encode_to_vec(), &options, &mut |_| {})?;
    let model = validate(compiled.model).map_err(|error| failed(format!("{error:?}")))?;
    let mut packed = Vec::new();
    for input in model.model().inputs.iter() {
        let array = &samples[String::from_utf8_lossy(&input.name).as_ref()];
        let Data::F32(elements) = &array.data else {
            return Err(failed("no floats"));
        };
        let elements: Vec<f64> = elements.iter().map(|&x| f64::from(x)).collect();
        packed.extend(ports::pack(input, &elements).bytes);
    }
    let plan = Plan::new(&model, Isa::detect());
    let mut bytes = vec![0; model.output_bytes() as usize];
    plan.run(&mut Arena::new(&plan), &packed, &mut bytes)
        .map_err(|error| failed(format!("{error:?}")))?;
    let (mut rest, mut largest) = (bytes.as_slice(), 0.0_f64);
    let described = model.model().outputs.iter().zip(model.output_types());
    for (index, (output, tensor)) in described.enumerate() {
        let elements: usize = tensor.shape.iter().map(|&dim| dim as usize).product();
        let (own, others) = rest.split_at(elements * tensor.dtype.size_bytes());
        rest = others;
        let got = ports::unpack(&output.quantisation, tensor, own);
        let shape: Vec<i64> = tensor.shape.iter().map(|&dim| i64::from(dim)).collect();
        let expected = read(&folder.join(format!("output_{index}.pb")))?;
        largest = largest.max(compare(&output.quantisation, &shape, &got, &expected)?);
    }
    Ok(largest)
}

/// A test whose inputs are all constants: the importer has computed it.
fn constant_outputs(proto: &ModelProto, outputs: &[String], folder: &Path) -> Result<f64, Failure> {
    let imported =
        fixpoint_compiler::import::import(&proto.encode_to_vec(), &BTreeMap::new(), outputs)?;
    let mut largest = 0.0_f64;
    for (index, &(_, value)) in imported.0.outputs.iter().enumerate() {
        let constant = imported.0.values[value].constant.as_ref();
        let constant = constant.ok_or_else(|| failed("not constant"))?;
        let shape: Vec<i64> = constant.shape.iter().map(|&dim| dim as i64).collect();
        let expected = read(&folder.join(format!("output_{index}.pb")))?;
        let error = compare(&Quantisation::None, &shape, &constant.elements, &expected);
        // Floats that were not computed on chain are compared as floats.
        largest = largest.max(match error {
            Err(_) if shape == expected.dims => compare_floats(&constant.elements, &expected)?,
            Err(error) => return Err(error),
            Ok(error) => error,
        });
    }
    Ok(largest)
}

fn compare_floats(got: &[f64], expected: &TensorProto) -> Result<f64, Failure> {
    let want = elements(expected)?;
    let largest = want.iter().fold(0.0_f64, |max, want| max.max(want.abs()));
    let pairs = got.iter().zip(&want);
    let errors = pairs.map(|(got, want)| match (got - want).abs() {
        _ if got == want => 0.0,
        error if error.is_nan() => f64::INFINITY,
        error => error * STEPS / largest,
    });
    Ok(errors.fold(0.0, f64::max))
}

/// The largest error in steps; integers and truth values must be equal.
fn compare(
    quantisation: &Quantisation,
    shape: &[i64],
    got: &[f64],
    expected: &TensorProto,
) -> Result<f64, Failure> {
    if shape != expected.dims {
        return Err(failed(format!("shape {shape:?}, not {:?}", expected.dims)));
    }
    let want = elements(expected)?;
    let Quantisation::PerTensor(affine) = quantisation else {
        return match got.iter().zip(&want).position(|(got, want)| got != want) {
            None => Ok(0.0),
            Some(index) => Err(failed(format!(
                "element {index} is {}, not {}",
                got[index], want[index]
            ))),
        };
    };
    let scale = affine.scale.numerator as f64 / affine.scale.denominator as f64;
    let largest = want.iter().fold(0.0_f64, |max, want| max.max(want.abs()));
    let step = scale.max(largest / STEPS);
    let errors = got
        .iter()
        .zip(&want)
        .map(|(got, want)| (got - want).abs() / step);
    Ok(errors.fold(0.0, |max, error| {
        if error.is_nan() {
            f64::INFINITY
        } else {
            max.max(error)
        }
    }))
}

fn read(path: &Path) -> Result<TensorProto, Failure> {
    let bytes = std::fs::read(path).map_err(failed)?;
    TensorProto::decode(bytes.as_slice()).map_err(failed)
}

fn elements(tensor: &TensorProto) -> Result<Vec<f64>, Failure> {
    let plain = matches!(
        DataType::try_from(tensor.data_type),
        Ok(DataType::Float
            | DataType::Bool
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Uint8
            | DataType::Uint16
            | DataType::Uint32
            | DataType::Uint64)
    );
    if !plain {
        return Err(failed(format!("element type {}", tensor.data_type)));
    }
    Ok(fixpoint_compiler::import::read_tensor(tensor)?.elements)
}
