//! One test: read, run, judge.

use super::{
    reasons::{Claim, Rejection, is_about, outside},
    unpredictable,
};
use alloy_primitives::I256;
use anyhow::{Context as _, Result, ensure};
use fixpoint_client::{answers::Answers, ports::Ports, samples};
use fixpoint_compiler::{
    CompileError,
    npy::Array,
    tosa::{self, PLACEHOLDER_INPUT},
};
use fixpoint_runtime::{
    error::{ModelError, RunError},
    graph::{Arena, Plan},
    kernels::Isa,
    model::ValidModel,
};
use std::path::Path;

/// A test, judged.
pub(super) struct Verdict {
    /// TOSA's name of the operator that it is about.
    pub(super) operator: String,
    /// Whether the model has to be rejected.
    pub(super) is_negative: bool,
    /// How it ended.
    pub(super) outcome: Outcome,
}

/// How a test ended.
pub(super) enum Outcome {
    /// As it should; for a negative test, why it was rejected.
    Passed {
        /// Empty for a positive test.
        why: String,
    },
    /// Outside the profile.
    Skipped {
        /// What is outside.
        why: String,
    },
    /// Not as it should.
    Failed {
        /// What differed.
        why: String,
    },
}

impl Outcome {
    fn failed(why: impl Into<String>) -> Self {
        Self::Failed { why: why.into() }
    }
}

/// `desc.json`, what is read of it.
#[derive(serde::Deserialize)]
struct Description {
    tosa_file: String,
    ifm_name: Vec<String>,
    ifm_file: Vec<String>,
    ofm_name: Vec<String>,
    ofm_file: Vec<String>,
    expected_failure: bool,
    test_details: Details,
}

#[derive(serde::Deserialize)]
struct Details {
    operator: String,
    #[serde(rename = "ERRORIF")]
    error_if: Option<String>,
}

/// Runs the test in a folder.
pub(super) fn judge(folder: &Path) -> Verdict {
    let (description, bytes) = match read(folder) {
        Ok(read) => read,
        Err(error) => {
            return Verdict {
                operator: "(unreadable)".into(),
                is_negative: false,
                outcome: Outcome::failed(format!("{error:#}")),
            };
        }
    };
    let outcome = if description.expected_failure {
        judge_negative(folder, &description, &bytes)
    } else {
        judge_positive(folder, &description, &bytes)
            .unwrap_or_else(|error| Outcome::failed(format!("incomplete: {error:#}")))
    };
    Verdict {
        operator: description.test_details.operator,
        is_negative: description.expected_failure,
        outcome,
    }
}

fn read(folder: &Path) -> Result<(Description, Vec<u8>)> {
    let text = std::fs::read_to_string(folder.join("desc.json")).context("reading desc.json")?;
    let description: Description = serde_json::from_str(&text).context("reading desc.json")?;
    let file = &description.tosa_file;
    let bytes = std::fs::read(folder.join(file)).with_context(|| format!("reading {file}"))?;
    Ok((description, bytes))
}

fn judge_positive(folder: &Path, description: &Description, bytes: &[u8]) -> Result<Outcome> {
    let (model, answers) = match execute(folder, description, bytes) {
        Ok(done) => done,
        Err(Rejection::Run(RunError::Execution(_)))
            if expects_unpredictable(folder, description, bytes) =>
        {
            let why = unpredictable::SKIPPED.into();
            return Ok(Outcome::Skipped { why });
        }
        Err(Rejection::Compile(CompileError::Rejected {
            source: ModelError::ArenaSize { limit, .. },
            ..
        })) => {
            let why = format!("tensors of more than {limit} bytes, a limit of consensus");
            return Ok(Outcome::Skipped { why });
        }
        Err(rejection) => {
            return Ok(outside(&rejection).map_or_else(
                || Outcome::failed(format!("rejected: {rejection}")),
                |why| Outcome::Skipped { why },
            ));
        }
    };
    let ports = Ports::of_model(&model);
    let names = &description.ofm_name;
    ensure!(
        names.len() == ports.outputs.len() && names.len() == description.ofm_file.len(),
        "it names {} outputs with {} files, the model has {}",
        names.len(),
        description.ofm_file.len(),
        ports.outputs.len()
    );
    for (index, port) in ports.outputs.iter().enumerate() {
        let name = &port.name;
        let Some(file) = names.iter().position(|other| other == name) else {
            return Ok(Outcome::failed(format!("no expected output `{name}`")));
        };
        let path = folder.join(&description.ofm_file[file]);
        ensure!(path.is_file(), "run tosa_reference_model");
        let expected = Array::read(&path).with_context(|| format!("reading {}", path.display()))?;
        let shape = port.shape.iter().map(|&dimension| dimension as usize);
        if !shape.eq(expected.shape.iter().copied()) {
            return Ok(Outcome::failed(format!("`{name}` has another shape")));
        }
        let got = answers.output_rows(index).next().unwrap_or_default();
        if let Some(element) = first_difference(got, &expected) {
            let got = got.get(element).map_or_else(String::new, I256::to_string);
            let why = format!("`{name}` differs at element {element}: got {got}");
            return Ok(Outcome::failed(why));
        }
    }
    Ok(Outcome::Passed { why: String::new() })
}

/// Whether the test expects the reference model's answer to a sum that leaves its accumulator.
fn expects_unpredictable(folder: &Path, description: &Description, bytes: &[u8]) -> bool {
    let [file] = &description.ofm_file[..] else {
        return false;
    };
    let Ok(model) = tosa::import(bytes, None) else {
        return false;
    };
    let input = read_inputs(folder, description, &Ports::of_model(&model));
    let (Ok(input), Ok(expected)) = (input, Array::read(&folder.join(file))) else {
        return false;
    };
    unpredictable::is_expected(&model, &input, &expected)
}

/// The first element in which an output is not what it should be.
fn first_difference(got: &[I256], expected: &Array) -> Option<usize> {
    let want = |element| {
        let integer = samples::integer(&expected.data, element);
        integer.and_then(|value| I256::try_from(value).ok())
    };
    if got.len() != expected.len() {
        return Some(got.len().min(expected.len()));
    }
    (0..got.len()).find(|&element| want(element) != Some(got[element]))
}

fn judge_negative(folder: &Path, description: &Description, bytes: &[u8]) -> Outcome {
    let details = &description.test_details;
    let Some(reason) = details.error_if.as_deref() else {
        return Outcome::failed("it has to be rejected, and does not say for what");
    };
    let claim = Claim {
        operator: &details.operator,
        reason,
    };
    match execute(folder, description, bytes) {
        Ok(_) => Outcome::failed(format!("accepted, although {reason}")),
        Err(rejection) if is_about(&claim, &rejection) => Outcome::Passed {
            why: format!("{reason}: {rejection}"),
        },
        Err(rejection) => outside(&rejection).map_or_else(
            || Outcome::failed(format!("{reason}, but rejected for: {rejection}")),
            |why| Outcome::Skipped { why },
        ),
    }
}

fn execute(
    folder: &Path,
    description: &Description,
    bytes: &[u8],
) -> Result<(ValidModel, Answers), Rejection> {
    let model = tosa::import(bytes, None)?;
    let ports = Ports::of_model(&model);
    let input = read_inputs(folder, description, &ports)?;
    let plan = Plan::new(&model, Isa::detect());
    let mut output = vec![0; usize::try_from(model.output_bytes()).unwrap_or(usize::MAX)];
    plan.run(&mut Arena::new(&plan), &input, &mut output)?;
    let mut answers = Answers::new(&ports.outputs, true);
    answers
        .push_raw(&output)
        .map_err(|error| Rejection::Test(error.into()))?;
    Ok((model, answers))
}

/// The test's inputs in the model's order, packed.
fn read_inputs(
    folder: &Path,
    description: &Description,
    ports: &Ports,
) -> Result<Vec<u8>, Rejection> {
    let mut packed = Vec::new();
    if let [port] = &ports.inputs[..]
        && port.name == PLACEHOLDER_INPUT
        && description.ifm_name.is_empty()
    {
        return Ok(vec![0; port.elements() * port.dtype.size_bytes()]);
    }
    for port in &ports.inputs {
        let index = description
            .ifm_name
            .iter()
            .position(|name| *name == port.name);
        let Some(file) = index.and_then(|index| description.ifm_file.get(index)) else {
            return Err(Rejection::Test(anyhow::anyhow!(
                "no data for input `{}`",
                port.name
            )));
        };
        let array = Array::read(&folder.join(file))
            .with_context(|| format!("reading {file}"))
            .map_err(Rejection::Test)?;
        let bytes = samples::pack(port, &array, 0);
        packed.extend(bytes.map_err(|error| Rejection::Test(error.into()))?);
    }
    Ok(packed)
}
