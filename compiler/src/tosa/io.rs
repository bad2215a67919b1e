//! `io.json`: names and scales of the inputs and outputs of a bare `.tosa` file.
//!
//! ```json
//! {
//!   "inputs":  [{"name": "image", "scale": "1/255", "zero_point": -128, "saturates": true}],
//!   "outputs": [{"name": "probabilities", "scale": "1/256", "zero_point": -128}]
//! }
//! ```
//! Entries stand in the file's own order. A scale is a decimal (`"0.05"`) or a fraction (`"1/255"`)
//! and is taken exactly; an entry without a scale carries plain integers. `"axis"` with `"scales"`
//! (and `"zero_points"`) gives one scale for each index of that axis.

use super::schema::Block;
use crate::{builder::list, error::CompileError, ratio};
use fixpoint_runtime::model::format::{Affine, PerElement, Quantisation, Signed32};
use serde::Deserialize;

/// Names and scales of a model's inputs and outputs, in declared order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IoDescription {
    /// One entry per input.
    pub inputs: Vec<PortDescription>,
    /// One entry per output.
    pub outputs: Vec<PortDescription>,
}

/// One input or output.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortDescription {
    /// The port's name; the tensor's own by default.
    pub name: Option<String>,
    /// Scale of the whole tensor, decimal or fraction.
    pub scale: Option<String>,
    /// Zero point of the whole tensor.
    #[serde(default)]
    pub zero_point: i32,
    /// Axis along which `scales` run.
    #[serde(default)]
    pub axis: u8,
    /// One scale per index of `axis`.
    #[serde(default)]
    pub scales: Vec<String>,
    /// One zero point per index of `axis`; all 0 if absent.
    #[serde(default)]
    pub zero_points: Vec<i32>,
    /// Whether an out-of-range input value saturates instead of failing the call.
    #[serde(default)]
    pub saturates: bool,
}

impl IoDescription {
    /// Reads a description.
    ///
    /// # Errors
    /// [`CompileError::Io`].
    pub fn from_json(json: &str) -> Result<Self, CompileError> {
        serde_json::from_str(json).map_err(|error| io_error(error.to_string()))
    }

    pub(super) fn check(&self, block: &Block<'_>) -> Result<(), CompileError> {
        for (what, described, present) in [
            ("inputs", self.inputs.len(), block.inputs.len()),
            ("outputs", self.outputs.len(), block.outputs.len()),
        ] {
            if described != present {
                return Err(io_error(format!(
                    "{described} {what} described, the model has {present}"
                )));
            }
        }
        Ok(())
    }
}

impl PortDescription {
    pub(super) fn quantisation(&self) -> Result<Quantisation, CompileError> {
        let affine = |scale: &str, zero_point| {
            let scale = ratio::parse(scale).ok_or_else(|| {
                io_error(format!("'{scale}' is not a positive decimal or fraction"))
            })?;
            Ok::<_, CompileError>(Affine {
                scale,
                zero_point: Signed32(zero_point),
            })
        };
        if let Some(scale) = &self.scale {
            return Ok(Quantisation::PerTensor(affine(scale, self.zero_point)?));
        }
        if self.scales.is_empty() {
            return Ok(Quantisation::None);
        }
        if !self.zero_points.is_empty() && self.zero_points.len() != self.scales.len() {
            return Err(io_error(
                "as many zero_points as scales are needed".to_owned(),
            ));
        }
        let zero_points = self.zero_points.iter().copied().chain(std::iter::repeat(0));
        let entries: Result<Vec<_>, _> = self
            .scales
            .iter()
            .zip(zero_points)
            .map(|(scale, zero)| affine(scale, zero))
            .collect();
        Ok(Quantisation::PerElement(PerElement {
            axis: self.axis,
            entries: list(entries?, "elements of a per-element scale")?,
        }))
    }
}

fn io_error(reason: String) -> CompileError {
    CompileError::Io { reason }
}
