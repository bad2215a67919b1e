//! What a compilation tells: accuracy against the float model, work, size. Prices are a chain's
//! and are added by whoever knows one.

mod accuracy;
mod evaluate;
mod histogram;
mod labels;
mod layers;
pub mod page;
mod runner;

pub use accuracy::{Accuracy, OutputAccuracy, Regression, Top1};
pub use histogram::Histogram;
pub use layers::LayerReport;

pub(crate) use evaluate::{Answers, Float, evaluate};
pub(crate) use layers::{gas, of_network, of_operators};
pub(crate) use runner::Runner;

use fixpoint_runtime::{
    model::{Model, ValidModel},
    ops::Operator,
    work::Work,
};
use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// Data bytes of one chunk contract.
pub const CHUNK_DATA_BYTES: usize = 24_555;

/// Layers that the text names as the worst.
const SHOWN_LAYERS: usize = 3;

/// Elements of a model's constants, tables left out: weights, biases, and the few numbers that
/// element-wise operators read.
pub(crate) fn constant_elements(model: &Model) -> usize {
    let tables: Vec<_> = model
        .operators
        .iter()
        .filter_map(|operator| match operator {
            Operator::Table(table) => Some(usize::from(table.table)),
            _ => None,
        })
        .collect();
    (model.inputs.len()..)
        .zip(model.constants.iter())
        .filter(|(number, _)| !tables.contains(number))
        .map(|(_, constant)| constant.data.len() / constant.tensor.dtype.size_bytes())
        .sum()
}

/// The report of one compilation.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Learned constants of the float model; of a model of integers, all elements of constants but
    /// those of tables.
    pub parameters: usize,
    /// Multiply-accumulates of one inference.
    pub macs: u64,
    /// Work of one inference by class, classes without any left out.
    pub work: BTreeMap<&'static str, u64>,
    /// Bytes of the encoded model.
    pub payload_bytes: usize,
    /// Chunk contracts that hold it.
    pub chunks: usize,
    /// Bytes of memory of one inference.
    pub arena_bytes: u64,
    /// Of a classical model, per input: with how many decimals each feature is exact (negative:
    /// multiples of that power of ten). Such inputs take the source model's own way through its
    /// trees.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub exact_decimals: BTreeMap<String, Vec<i32>>,
    /// Samples that ranges were taken from.
    pub calibration_samples: usize,
    /// Accuracy, if there were samples to measure it on.
    pub accuracy: Option<Accuracy>,
    /// Width of the integers: of the model, or of most layers; nothing for a model that came with its
    /// integers.
    pub precision: Option<&'static str>,
    /// What was done for a wanted error, if one was.
    pub mixed: Option<Mixed>,
    /// Layers, or operators of one kind in a row where the source has no layers.
    pub layers: Vec<LayerReport>,
    /// Samples that the layers' errors were measured on.
    pub layer_samples: usize,
    /// Remarks on lossy choices.
    pub remarks: Vec<String>,
}

/// What was done for a wanted error.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Mixed {
    /// The error to get below, in standard deviations of the float model's answers.
    pub max_error: f64,
    /// The error that was reached on the held-back calibration samples.
    pub reached: f64,
    /// How many those are.
    pub samples: usize,
    /// Layers with 16 bits.
    pub int16_layers: Vec<String>,
    /// Gas of the work of a call with all layers at 8 bits, with those at 16 bits, and with all at 16
    /// bits, if prices are known.
    pub work_gas: Option<[f64; 3]>,
}

impl fmt::Display for Mixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let raised = if self.int16_layers.is_empty() {
            "none".to_owned()
        } else {
            self.int16_layers.join(", ")
        };
        writeln!(f, "layers at 16 bits   {raised}")?;
        writeln!(
            f,
            "error reached       {:.3e} standard deviations on {} held-back samples (wanted: below {:.3e})",
            self.reached, self.samples, self.max_error
        )?;
        if let Some([narrow, mixed, wide]) = self.work_gas {
            writeln!(
                f,
                "gas of the work     {mixed:.0}: {:.0} more than int8, {:.0} less than int16",
                mixed - narrow,
                wide - mixed
            )?;
        }
        Ok(())
    }
}

impl Report {
    /// The measured layers that add most error, worst first.
    pub fn worst_layers(&self) -> Vec<&LayerReport> {
        let mut measured: Vec<&LayerReport> = self
            .layers
            .iter()
            .filter(|layer| layer.error.is_some())
            .collect();
        measured.sort_by(|a, b| {
            b.error
                .partial_cmp(&a.error)
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        measured
    }

    /// Where accuracy is lost.
    fn write_worst_layers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, layer) in self
            .worst_layers()
            .into_iter()
            .take(SHOWN_LAYERS)
            .enumerate()
        {
            let label = if index == 0 { "layers that hurt" } else { "" };
            writeln!(
                f,
                "{label:<19} {:.2e}  '{}' ({})",
                layer.error.unwrap_or(0.0),
                layer.name,
                layer.operators
            )?;
        }
        Ok(())
    }

    /// Size and work of a model.
    pub fn new(model: &ValidModel, payload_bytes: usize) -> Self {
        let work: &Work = model.work();
        Self {
            macs: work.macs(),
            work: layers::by_class(work),
            payload_bytes,
            chunks: payload_bytes.div_ceil(CHUNK_DATA_BYTES),
            arena_bytes: model.arena_bytes(),
            ..Self::default()
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(accuracy) = &self.accuracy {
            write!(f, "{accuracy}")?;
        }
        if let Some(mixed) = &self.mixed {
            write!(f, "{mixed}")?;
        }
        self.write_worst_layers(f)?;
        if self.parameters > 0 {
            writeln!(f, "parameters          {}", self.parameters)?;
        }
        writeln!(f, "multiply-adds       {}", self.macs)?;
        let plural = if self.chunks == 1 { "" } else { "s" };
        writeln!(
            f,
            "model size          {} bytes in {} chunk{plural}",
            self.payload_bytes, self.chunks
        )?;
        writeln!(f, "memory              {} bytes", self.arena_bytes)?;
        for (input, decimals) in &self.exact_decimals {
            let least = decimals.iter().min().copied().unwrap_or(0);
            let most = decimals.iter().max().copied().unwrap_or(0);
            let range = if least == most {
                format!("{least}")
            } else {
                format!("{least} to {most} by feature, {least} for all")
            };
            writeln!(f, "exact decimals      {input}: {range}")?;
        }
        for remark in &self.remarks {
            writeln!(f, "note                {remark}")?;
        }
        Ok(())
    }
}
