//! What a compilation chose, as a file: with it and the ONNX file, anyone builds the same bytes
//! again, without samples and without running the float model.
//!
//! Ranges are written as decimal texts: those of Rust are read back to the same float, bit for bit.

use crate::{
    calibrate::{Range, Ranges, constant_range},
    error::CompileError,
    ir::{Graph, Value},
    onnx::{OnnxError, Preprocess},
    options::{CompileOptions, InputScales, Precision},
    precision::Layers,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Version of a file without layers of another precision, of one with layers of 16 bits among 8, and of
/// one whose first nodes have 32.
const VERSION: u32 = 1;
const VERSION_MIXED: u32 = 2;
const VERSION_FIRST_NODES: u32 = 3;

/// Smallest and largest value, as text.
type Limits = [String; 2];

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Version of the file.
    version: u32,
    /// SHA-256 of the ONNX file, in hexadecimal digits.
    source_sha256: String,
    /// Width of the integers; nothing for a classical model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    precision: Option<String>,
    /// Layers with 16 bits where the others have 8, by name; from version 2 on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    int16_layers: Vec<String>,
    /// The tensor up to which a network of 16 bits computes with 32; from version 3 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    int32_until: Option<String>,
    /// Whether features share a scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input_scales: Option<String>,
    /// Shapes given for inputs.
    shapes: BTreeMap<String, Vec<usize>>,
    /// Tensors returned instead of the model's own outputs.
    outputs: Vec<String>,
    /// What is done with inputs first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    preprocess: Vec<String>,
    /// Inputs that saturate.
    saturating_inputs: Vec<String>,
    /// Range of each tensor that is computed, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    ranges: BTreeMap<String, Limits>,
    /// Per input: range of each index of its last axis.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    features: BTreeMap<String, Vec<Limits>>,
    /// Per input of a classical model: the largest magnitude that was made room for of each feature;
    /// nothing for a feature that is only compared.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    magnitudes: BTreeMap<String, Vec<Option<String>>>,
}

impl Record {
    /// The choices of a caller for a file, without ranges.
    fn of(source: &[u8], options: &CompileOptions) -> Self {
        Self {
            version: VERSION,
            source_sha256: digest(source),
            shapes: options.shapes.clone(),
            outputs: options.outputs.clone(),
            preprocess: options.preprocess.iter().map(ToString::to_string).collect(),
            saturating_inputs: options.saturating_inputs.clone(),
            ..Self::default()
        }
    }

    /// Whether a network was compiled, not a classical model.
    pub(crate) const fn is_of_network(&self) -> bool {
        self.precision.is_some()
    }

    /// What the compilation of a network chose.
    pub(crate) fn of_network(
        source: &[u8],
        options: &CompileOptions,
        graph: &Graph,
        ranges: &Ranges,
        int16_layers: Vec<String>,
        first_nodes: usize,
    ) -> Self {
        let named = |(value, range): (&Value, &Range)| (value.name.clone(), limits(range));
        let values = graph.values.iter().zip(&ranges.values);
        // The file has the constants' own elements.
        let ranges_of_computed = values
            .filter(|(value, _)| value.constant.is_none())
            .map(named);
        let inputs = graph.inputs.iter().zip(&ranges.features);
        let features = inputs.map(|(&input, features)| {
            let name = graph.values[input].name.clone();
            (name, features.iter().map(limits).collect())
        });
        let last = first_nodes.checked_sub(1).map(|last| &graph.nodes[last]);
        let int32_until = last.map(|node| graph.values[node.output].name.clone());
        Self {
            version: version(!int16_layers.is_empty(), int32_until.is_some()),
            precision: Some(precision_name(options.precision).to_owned()),
            int16_layers,
            int32_until,
            input_scales: Some(scales_name(options.input_scales).to_owned()),
            ranges: ranges_of_computed.collect(),
            features: features.collect(),
            ..Self::of(source, options)
        }
    }

    /// What the compilation of a classical model chose.
    pub(crate) fn of_classical(
        source: &[u8],
        options: &CompileOptions,
        magnitudes: impl IntoIterator<Item = (String, Vec<Option<f64>>)>,
    ) -> Self {
        let text = |size: Option<f64>| size.map(|size| size.to_string());
        let of = |(name, sizes): (String, Vec<Option<f64>>)| {
            (name, sizes.into_iter().map(text).collect())
        };
        Self {
            magnitudes: magnitudes.into_iter().map(of).collect(),
            ..Self::of(source, options)
        }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`CompileError::Record`].
    pub fn from_json(text: &str) -> Result<Self, CompileError> {
        let record: Self = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
        let mixed = !record.int16_layers.is_empty();
        let has_first = record.int32_until.is_some();
        if record.version != version(mixed, has_first) {
            return Err(bad(format!(
                "version {} is not known here: use the release that wrote it",
                record.version
            )));
        }
        if mixed && record.precision.as_deref() != Some(precision_name(Precision::Int8)) {
            return Err(bad(
                "only layers of an int8 model can have 16 bits".to_owned()
            ));
        }
        if has_first && record.precision.as_deref() != Some(precision_name(Precision::Int16)) {
            return Err(bad(
                "only the first nodes of an int16 model can have 32 bits".to_owned(),
            ));
        }
        Ok(record)
    }

    /// The file's text.
    pub fn to_json(&self) -> String {
        // Texts, numbers and maps by text have no value that JSON cannot hold.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The options that make the same model; samples that `options` has for the report stay.
    ///
    /// # Errors
    /// [`CompileError::Record`], also if it was written for another file than `source`: ranges of a
    /// model with other weights would fit by name and be wrong.
    pub(crate) fn options(
        &self,
        source: &[u8],
        options: &CompileOptions,
    ) -> Result<CompileOptions, CompileError> {
        let digest = digest(source);
        if self.source_sha256 != digest {
            return Err(bad(format!(
                "it is of a file with SHA-256 {}, this one has {digest}",
                self.source_sha256
            )));
        }
        let precision = match &self.precision {
            None => Precision::default(),
            Some(name) => [Precision::Int8, Precision::Int16, Precision::Int32]
                .into_iter()
                .find(|&precision| precision_name(precision) == name)
                .ok_or_else(|| bad(format!("'{name}' is no precision")))?,
        };
        let input_scales = match &self.input_scales {
            None => InputScales::default(),
            Some(name) => [
                InputScales::Auto,
                InputScales::PerTensor,
                InputScales::PerFeature,
            ]
            .into_iter()
            .find(|&scales| scales_name(scales) == name)
            .ok_or_else(|| bad(format!("'{name}' is no choice of scales")))?,
        };
        let preprocess: Result<Vec<Preprocess>, OnnxError> =
            self.preprocess.iter().map(|text| text.parse()).collect();
        Ok(CompileOptions {
            preprocess: preprocess?,
            precision,
            max_error: None,
            input_scales,
            shapes: self.shapes.clone(),
            outputs: self.outputs.clone(),
            saturating_inputs: self.saturating_inputs.clone(),
            ..options.clone()
        })
    }

    /// Which layers of a graph have 16 bits.
    ///
    /// # Errors
    /// [`CompileError::Record`] if the graph does not have one of them.
    pub(crate) fn raised(&self, layers: &Layers) -> Result<Vec<bool>, CompileError> {
        let mut raised = vec![false; layers.list.len()];
        for name in &self.int16_layers {
            let layer = layers.list.iter().position(|layer| layer.name == *name);
            raised[layer.ok_or_else(|| bad(format!("there is no layer '{name}'")))?] = true;
        }
        Ok(raised)
    }

    /// How many of a graph's first nodes have 32 bits.
    ///
    /// # Errors
    /// [`CompileError::Record`] if the graph does not have the last of them.
    pub(crate) fn first_nodes(&self, graph: &Graph) -> Result<usize, CompileError> {
        let Some(name) = &self.int32_until else {
            return Ok(0);
        };
        let is_last = |node: &crate::ir::Node| graph.values[node.output].name == *name;
        let last = graph.nodes.iter().position(is_last);
        let last = last.ok_or_else(|| bad(format!("there is no tensor '{name}'")))?;
        Ok(last + 1)
    }

    /// The ranges of a graph's values.
    ///
    /// # Errors
    /// [`CompileError::Record`] if one is missing or no number.
    pub(crate) fn ranges(&self, graph: &Graph) -> Result<Ranges, CompileError> {
        let range = |value: &Value| {
            if let Some(range) = constant_range(value) {
                return Ok(range);
            }
            let name = &value.name;
            let limits = self.ranges.get(name);
            range(limits.ok_or_else(|| bad(format!("it has no range of '{name}'")))?)
        };
        let values: Result<_, _> = graph.values.iter().map(range).collect();
        let features = graph.inputs.iter().map(|&input| {
            let value = &graph.values[input];
            let name = &value.name;
            let features = self.features.get(name);
            let features =
                features.ok_or_else(|| bad(format!("it has no features of '{name}'")))?;
            if features.len() != value.shape.last().copied().unwrap_or(1) {
                return Err(bad(format!("{} features of '{name}'", features.len())));
            }
            features.iter().map(self::range).collect()
        });
        Ok(Ranges {
            values: values?,
            features: features.collect::<Result<_, _>>()?,
        })
    }

    /// The magnitudes of a classical model's features, by input.
    ///
    /// # Errors
    /// [`CompileError::Record`] if one is missing or no number.
    pub(crate) fn magnitudes(
        &self,
        inputs: &[(String, Vec<usize>)],
    ) -> Result<Vec<Vec<Option<f64>>>, CompileError> {
        let of = |(name, shape): &(String, Vec<usize>)| {
            let sizes = self.magnitudes.get(name);
            let sizes = sizes.ok_or_else(|| bad(format!("it has no magnitudes of '{name}'")))?;
            if Some(&sizes.len()) != shape.last() {
                return Err(bad(format!("{} features of '{name}'", sizes.len())));
            }
            let number = |size: &Option<String>| size.as_ref().map(|text| number(text)).transpose();
            sizes.iter().map(number).collect()
        };
        inputs.iter().map(of).collect()
    }
}

/// The version of a file with layers of 16 bits among 8, or with first nodes of 32.
const fn version(mixed: bool, has_first: bool) -> u32 {
    match (mixed, has_first) {
        (_, true) => VERSION_FIRST_NODES,
        (true, false) => VERSION_MIXED,
        (false, false) => VERSION,
    }
}

/// SHA-256 in hexadecimal digits, as `sha256sum` shows it.
fn digest(source: &[u8]) -> String {
    let bytes = Sha256::digest(source);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bad(reason: String) -> CompileError {
    CompileError::Record { reason }
}

fn limits(range: &Range) -> Limits {
    [range.min, range.max].map(|limit| limit.to_string())
}

fn range(limits: &Limits) -> Result<Range, CompileError> {
    let [min, max] = limits;
    Ok(Range {
        min: number(min)?,
        max: number(max)?,
    })
}

fn number(text: &str) -> Result<f64, CompileError> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| bad(format!("'{text}' is no number")))
}

const fn precision_name(precision: Precision) -> &'static str {
    match precision {
        Precision::Int8 => "int8",
        Precision::Int16 => "int16",
        Precision::Int32 => "int32",
    }
}

const fn scales_name(scales: InputScales) -> &'static str {
    match scales {
        InputScales::Auto => "auto",
        InputScales::PerTensor => "per-tensor",
        InputScales::PerFeature => "per-feature",
    }
}
