//! Names, types and scales of inputs and outputs, as the model format takes them.

use super::schema::{self, File, Invalid, Signature, Tensor, type_name};
use crate::{error::CompileError, ratio, tosa::PortDescription};
use fixpoint_runtime::{model::limits::MAX_NAME_BYTES, tensor::DType};

/// Inputs or outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Input,
    Output,
}

impl Side {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

/// An input or output.
#[derive(Clone, Debug)]
pub(super) struct Port {
    pub(super) description: PortDescription,
    pub(super) dtype: DType,
    /// Dimensions, [`schema::DYNAMIC`] where they follow from the inputs'.
    pub(super) shape: Vec<i32>,
}

/// What is wrong with an input or output.
pub(super) fn port_error(side: Side, name: &str, reason: String) -> CompileError {
    CompileError::TflitePort {
        port: format!("{} '{name}'", side.name()),
        reason,
    }
}

/// Names of the inputs or the outputs: the exporter's where it chose them, else the tensors', each
/// made to fit the model format.
pub(super) fn names(file: &File<'_>, side: Side) -> Result<Vec<String>, Invalid> {
    let numbers = match side {
        Side::Input => &file.inputs,
        Side::Output => &file.outputs,
    };
    let chosen = match file.signatures.as_slice() {
        [signature] => names_of_signature(signature, numbers, side),
        _ => None,
    };
    let raw = match chosen {
        Some(names) => names,
        None => {
            let tensors = numbers.iter().map(|&number| file.tensor(number));
            tensors
                .map(|tensor| tensor.map(|tensor| tensor.name))
                .collect::<Result<_, _>>()?
        }
    };
    let mut names: Vec<String> = Vec::new();
    for name in raw {
        names.push(fitted(&name, side, &names));
    }
    Ok(names)
}

/// One name for each tensor and no more, or nothing.
fn names_of_signature(signature: &Signature, numbers: &[usize], side: Side) -> Option<Vec<String>> {
    let entries = match side {
        Side::Input => &signature.inputs,
        Side::Output => &signature.outputs,
    };
    if signature.graph != 0 || entries.len() != numbers.len() {
        return None;
    }
    let name_of = |number: &usize| {
        let mut names = entries.iter().filter(|(tensor, _)| tensor == number);
        match (names.next(), names.next()) {
            (Some((_, name)), None) => Some(name.clone()),
            _ => None,
        }
    };
    numbers.iter().map(name_of).collect()
}

/// A name that the model format takes and that none of `earlier` has: other characters than
/// printable ASCII become `_`, of a longer name its end stays (names are paths), a repeated one gets
/// a number.
fn fitted(name: &str, side: Side, earlier: &[String]) -> String {
    let printable = |character: char| match character {
        ' '..='~' => character,
        _ => '_',
    };
    let mut fitted: String = name.chars().map(printable).collect();
    if fitted.is_empty() {
        fitted = side.name().to_owned();
    }
    let ending = |name: &str, room: usize| name[name.len().saturating_sub(room)..].to_owned();
    fitted = ending(&fitted, MAX_NAME_BYTES);
    let is_taken = |name: &str| earlier.iter().any(|other| other == name);
    let mut candidate = fitted.clone();
    let mut number = 2;
    while is_taken(&candidate) {
        let suffix = format!("_{number}");
        candidate = ending(&fitted, MAX_NAME_BYTES - suffix.len()) + &suffix;
        number += 1;
    }
    candidate
}

/// A tensor as an input or output. Its shape is the tensor's own.
pub(super) fn port(side: Side, name: &str, tensor: &Tensor<'_>) -> Result<Port, CompileError> {
    let dtype = match tensor.dtype {
        schema::INT8 => DType::I8,
        schema::INT16 => DType::I16,
        schema::INT32 => DType::I32,
        schema::BOOL => DType::Bool,
        other => {
            return Err(port_error(
                side,
                name,
                format!(
                    "it is {}, a model's are int8, int16, int32 or bool: export it so",
                    type_name(other)
                ),
            ));
        }
    };
    let description = description(name, tensor).map_err(|reason| port_error(side, name, reason))?;
    Ok(Port {
        description,
        dtype,
        shape: tensor.shape.clone(),
    })
}

/// Name and quantisation; a scale in the file is a float32, which is a fraction.
fn description(name: &str, tensor: &Tensor<'_>) -> Result<PortDescription, String> {
    let mut description = PortDescription {
        name: Some(name.to_owned()),
        ..PortDescription::default()
    };
    if tensor.scales.is_empty() || tensor.dtype == schema::BOOL {
        return Ok(description);
    }
    let scales: Result<Vec<String>, String> = tensor.scales.iter().copied().map(scale).collect();
    let zero_points: Result<Vec<i32>, _> = tensor
        .zero_points
        .iter()
        .copied()
        .map(i32::try_from)
        .collect();
    let mut scales = scales?;
    let mut zero_points = zero_points.map_err(|_| "a zero point exceeds 32 bits".to_owned())?;
    if zero_points.is_empty() {
        zero_points = vec![0; scales.len()];
    }
    if zero_points.len() != scales.len() {
        return Err(format!(
            "{} scales with {} zero points",
            scales.len(),
            zero_points.len()
        ));
    }
    if scales.len() == 1 {
        description.scale = scales.pop();
        description.zero_point = zero_points[0];
    } else {
        description.axis = u8::try_from(tensor.axis)
            .map_err(|_| format!("its scales run along axis {}", tensor.axis))?;
        description.scales = scales;
        description.zero_points = zero_points;
    }
    Ok(description)
}

fn scale(scale: f32) -> Result<String, String> {
    ratio::from_f32(scale)
        .map(|ratio| format!("{}/{}", ratio.numerator, ratio.denominator))
        .ok_or_else(|| format!("its scale is {scale:e}: it must lie between 2^-40 and 2^40"))
}
