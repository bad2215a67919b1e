//! One test: read, run, judge.

use super::reasons::{Rejection, is_about};
use crate::{answers::Answers, ports::Ports, samples};
use alloy_primitives::I256;
use anyhow::{Context as _, Result};
use fixpoint_compiler::{CompileError, npy::Array, tosa};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{self, ValidModel},
};
use std::path::Path;

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

/// `desc.json`, what is read of it.
#[derive(serde::Deserialize)]
struct Description {
    tosa_file: String,
    ifm_name: Vec<String>,
    ifm_file: Vec<String>,
    ofm_name: Vec<String>,
    ofm_file: Vec<String>,
    expected_failure: bool,
    #[serde(default)]
    test_details: Details,
}

#[derive(Default, serde::Deserialize)]
struct Details {
    #[serde(default)]
    operator: String,
    #[serde(rename = "ERRORIF")]
    error_if: Option<String>,
}

/// Runs the test in a folder; returns its operator and how it ended.
///
/// # Errors
/// The folder does not hold a complete test.
pub(super) fn judge(folder: &Path) -> Result<(String, Outcome)> {
    let incomplete = || format!("{} is not a complete test", folder.display());
    let text = std::fs::read_to_string(folder.join("desc.json")).with_context(incomplete)?;
    let description: Description = serde_json::from_str(&text).with_context(incomplete)?;
    let bytes = std::fs::read(folder.join(&description.tosa_file)).with_context(incomplete)?;
    let outcome = if description.expected_failure {
        judge_negative(folder, &description, &bytes)
    } else {
        judge_positive(folder, &description, &bytes).with_context(incomplete)?
    };
    Ok((description.test_details.operator, outcome))
}

fn judge_positive(folder: &Path, description: &Description, bytes: &[u8]) -> Result<Outcome> {
    let (model, answers) = match execute(folder, description, bytes) {
        Ok(done) => done,
        Err(Rejection::Compile(error)) if is_outside(&error) => {
            return Ok(Outcome::Skipped {
                why: error.to_string(),
            });
        }
        Err(rejection) => {
            return Ok(Outcome::Failed {
                why: format!("rejected: {rejection}"),
            });
        }
    };
    let ports = Ports::of_model(&model);
    for (file, name) in description.ofm_file.iter().zip(&description.ofm_name) {
        let expected =
            Array::read(&folder.join(file)).with_context(|| format!("reading {file}"))?;
        let Some(index) = ports.outputs.iter().position(|port| &port.name == name) else {
            return Ok(Outcome::Failed {
                why: format!("there is no output `{name}`"),
            });
        };
        let shape = ports.outputs[index]
            .shape
            .iter()
            .map(|&dimension| dimension as usize);
        if !shape.eq(expected.shape.iter().copied()) {
            return Ok(Outcome::Failed {
                why: format!("`{name}` has another shape"),
            });
        }
        let got = answers.output_rows(index).next().unwrap_or_default();
        let want = (0..expected.len()).map(|element| samples::integer(&expected.data, element));
        let difference = got
            .iter()
            .zip(want)
            .position(|(got, want)| want.and_then(|want| I256::try_from(want).ok()) != Some(*got));
        if let Some(element) = difference {
            return Ok(Outcome::Failed {
                why: format!(
                    "`{name}` differs at element {element}: got {}",
                    got[element]
                ),
            });
        }
    }
    Ok(Outcome::Passed { why: String::new() })
}

fn judge_negative(folder: &Path, description: &Description, bytes: &[u8]) -> Outcome {
    let reason = description
        .test_details
        .error_if
        .as_deref()
        .unwrap_or("unnamed");
    match execute(folder, description, bytes) {
        Ok(_) => Outcome::Failed {
            why: format!("accepted, although {reason}"),
        },
        Err(Rejection::Compile(error)) if is_outside(&error) && reason != "WrongInputType" => {
            Outcome::Skipped {
                why: error.to_string(),
            }
        }
        Err(rejection) if is_about(reason, &rejection) => Outcome::Passed {
            why: format!(": {reason}: {rejection}"),
        },
        Err(rejection) => Outcome::Failed {
            why: format!("{reason}, but rejected for: {rejection}"),
        },
    }
}

/// An operator or a type that this version does not have.
fn is_outside(error: &CompileError) -> bool {
    matches!(
        error,
        CompileError::TosaOperator { .. } | CompileError::TosaType { .. }
    )
}

fn execute(
    folder: &Path,
    description: &Description,
    bytes: &[u8],
) -> Result<(ValidModel, Answers), Rejection> {
    let model = model::validate(tosa::import(bytes, None)?)?;
    let ports = Ports::of_model(&model);
    let input = read_inputs(folder, description, &ports)?;
    let plan = Plan::new(&model, Isa::detect());
    let mut output = vec![0; usize::try_from(model.output_bytes()).unwrap_or(usize::MAX)];
    plan.run(&mut Arena::new(&plan), &input, &mut output)?;
    let mut answers = Answers::new(&ports.outputs, true);
    answers.push_raw(&output).map_err(Rejection::Test)?;
    Ok((model, answers))
}

/// The test's inputs in the model's order, packed.
fn read_inputs(
    folder: &Path,
    description: &Description,
    ports: &Ports,
) -> Result<Vec<u8>, Rejection> {
    let mut packed = Vec::new();
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
        packed.extend(samples::pack(port, &array, 0).map_err(Rejection::Test)?);
    }
    Ok(packed)
}
