//! The steps from a `.tflite` file to a `.tosa` file and its description.

use super::{
    ports::{Port, Side, port_error},
    prepare::{Prepared, prepare},
    schema::DYNAMIC,
    tools::{CONVERTER_VERSION, Tools, run},
};
use crate::{
    error::CompileError,
    tosa::{self, IoDescription, PortType},
};
use std::{collections::BTreeMap, ffi::OsString, fs, path::Path};

/// What the whole graph stands in.
const FUNCTION: &str = "func.func";

/// A converted file.
#[derive(Clone, Debug)]
pub struct Converted {
    /// The `.tosa` file.
    pub tosa: Vec<u8>,
    /// Names and scales of its inputs and outputs.
    pub io: IoDescription,
    /// What a user should know of the conversion.
    pub remarks: Vec<String>,
    /// The tools that ran, and all they printed.
    pub log: Vec<String>,
}

/// Converts a `.tflite` file. `shapes` fill the open dimensions of inputs, by name; an open batch is
/// 1. `tools` is the folder of the tools, if it is not one that [`Tools::find`] looks in.
///
/// # Errors
/// [`CompileError`]: a broken file, one that is not all integers, a shape left open, an operator
/// without a TOSA form, a tool that is missing or fails.
pub fn convert(
    bytes: &[u8],
    shapes: &BTreeMap<String, Vec<usize>>,
    tools: Option<&Path>,
) -> Result<Converted, CompileError> {
    let mut prepared = prepare(bytes, shapes)?;
    let tools = Tools::find(tools)?;
    let mut log = Vec::new();
    let tosa = run_tools(&prepared.bytes, &tools, &mut log)?;
    if let Some(other) = log.first().and_then(|version| other_version(version)) {
        prepared.remarks.push(format!(
            "converted by tosa-converter-for-tflite {other}; this version is tested with {CONVERTER_VERSION}"
        ));
    }
    check_ports(&tosa, &prepared)?;
    let descriptions = |ports: Vec<Port>| ports.into_iter().map(|port| port.description).collect();
    Ok(Converted {
        tosa,
        io: IoDescription {
            inputs: descriptions(prepared.inputs),
            outputs: descriptions(prepared.outputs),
        },
        remarks: prepared.remarks,
        log,
    })
}

/// The `.tosa` file for a `.tflite` file; `log` gets each tool's command and messages, the
/// converter's version first.
fn run_tools(bytes: &[u8], tools: &Tools, log: &mut Vec<String>) -> Result<Vec<u8>, CompileError> {
    let folder = tempfile::tempdir().map_err(scratch)?;
    let path = |name: &str| folder.path().join(name).into_os_string();
    let (source, text, target) = (path("model.tflite"), path("model.mlir"), path("model.tosa"));
    fs::write(&source, bytes).map_err(scratch)?;
    log.push(run(&tools.converter, &["--version"])?);
    let flags = ["--text", "-o"].map(OsString::from);
    let [as_text, into] = flags;
    log.push(run(
        &tools.converter,
        &[source, as_text, into, text.clone()],
    )?);
    check_text(&fs::read_to_string(&text).map_err(scratch)?)?;
    let mut file = OsString::from("--tosa-flatbuffer-filename=");
    file.push(&target);
    let [serialise, into, nowhere] = ["--tosa-serialize", "-o", "/dev/null"].map(OsString::from);
    log.push(run(
        &tools.tosa_opt,
        &[text, serialise, file, into, nowhere],
    )?);
    fs::read(&target).map_err(scratch)
}

fn scratch(error: std::io::Error) -> CompileError {
    CompileError::Scratch {
        reason: error.to_string(),
    }
}

/// The converter's version if it is not the one this compiler is tested with: it prints
/// `... version: 2026.02.0` where its package is 2026.2.0.
fn other_version(printed: &str) -> Option<String> {
    let (_, after) = printed.split_once("version:")?;
    let version = after.split_whitespace().next()?;
    let numbers = |version: &str| -> Option<Vec<u32>> {
        version.split('.').map(|part| part.parse().ok()).collect()
    };
    let same = numbers(version)? == numbers(CONVERTER_VERSION)?;
    (!same).then(|| version.to_owned())
}

/// The converter leaves what it has no TOSA form for as it is, and shapes open that depend on data.
fn check_text(text: &str) -> Result<(), CompileError> {
    let operators = || {
        text.lines()
            .filter_map(|line| Some((line, operator_of(line)?)))
    };
    for (_, operator) in operators() {
        if let Some(("tfl" | "tf", name)) = operator.split_once('.') {
            return Err(CompileError::TfliteOperator {
                operator: name.to_owned(),
            });
        }
    }
    for (line, operator) in operators().filter(|(_, operator)| *operator != FUNCTION) {
        if let Some(tensor) = open_tensor(line) {
            return Err(CompileError::TfliteShape {
                operator: operator.to_owned(),
                tensor: tensor.to_owned(),
            });
        }
    }
    Ok(())
}

/// The operator of a line such as `%3 = tosa.add %1, %2 ...` or `%3 = "tfl.where"(%1) ...`.
fn operator_of(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let after = match line.split_once(" = ") {
        Some((results, after)) if results.starts_with('%') => after,
        _ => line,
    };
    let after = after.trim_start().trim_start_matches('"');
    let end = after
        .find(|character: char| !(character.is_ascii_alphanumeric() || "._".contains(character)))?;
    let operator = &after[..end];
    operator.contains('.').then_some(operator)
}

/// The first tensor type on a line with a dimension that is not known.
fn open_tensor(line: &str) -> Option<&str> {
    line.match_indices("tensor<").find_map(|(start, _)| {
        let tensor = &line[start..];
        let tensor = &tensor[..=tensor.find('>')?];
        tensor.contains('?').then_some(tensor)
    })
}

/// Inputs and outputs must have come through in order, with their types.
fn check_ports(tosa: &[u8], prepared: &Prepared) -> Result<(), CompileError> {
    let (inputs, outputs) = tosa::port_types(tosa)?;
    for (side, expected, got) in [
        (Side::Input, &prepared.inputs, inputs),
        (Side::Output, &prepared.outputs, outputs),
    ] {
        if expected.len() != got.len() {
            return Err(CompileError::TfliteFile {
                reason: format!(
                    "the file has {} {}s, its conversion {}",
                    expected.len(),
                    side.name(),
                    got.len()
                ),
            });
        }
        for (port, got) in expected.iter().zip(&got) {
            if !is_same_type(port, got) {
                let name = port.description.name.as_deref().unwrap_or_default();
                return Err(port_error(
                    side,
                    name,
                    format!(
                        "its conversion has type {:?} and shape {:?}, the file {:?} and {:?}",
                        got.dtype, got.shape, port.dtype, port.shape
                    ),
                ));
            }
        }
    }
    Ok(())
}

fn is_same_type(port: &Port, got: &PortType) -> bool {
    let mut dimensions = port.shape.iter().zip(&got.shape);
    port.dtype == got.dtype
        && port.shape.len() == got.shape.len()
        && dimensions.all(|(want, got)| want == got || *want == DYNAMIC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_version_is_told() {
        let line = "TOSA Converter for TFLite version: 2026.02.0\nLLVM commit: 17e";
        assert_eq!(other_version(line), None);
        assert_eq!(
            other_version("version: 2027.1.0\n"),
            Some("2027.1.0".to_owned())
        );
        assert_eq!(other_version("something else"), None);
    }

    #[test]
    fn what_the_converter_left_is_named() {
        let header = "module attributes {tfl.description = \"MLIR Converted.\"} {\n  func.func @main(%arg0: tensor<1x4xi1>) {\n";
        let text = |line: &str| format!("{header}    {line}\n    return %0 : tensor<1xi8>\n");
        assert!(check_text(&text("%0 = tosa.clz %1 : (tensor<1xi32>) -> tensor<1xi32>")).is_ok());
        let left = text("%output, %idx = \"tfl.unique\"(%arg0) : (tensor<4xi8>) -> (tensor<?xi8>)");
        let error = check_text(&left).expect_err("left").to_string();
        assert!(error.contains("unique"), "{error}");
        let open = text("%0 = tosa.clz %1 : (tensor<1x?xi32>) -> tensor<1x?xi32>");
        let error = check_text(&open).expect_err("open").to_string();
        assert!(
            error.contains("tosa.clz") && error.contains("tensor<1x?xi32>"),
            "{error}"
        );
    }
}
