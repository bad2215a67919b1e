//! What a compilation tells: accuracy against the float model, work, size. Prices are a chain's
//! and are added by whoever knows one.

mod accuracy;
mod evaluate;

pub use accuracy::{Accuracy, OutputAccuracy, Top1};

pub(crate) use evaluate::{evaluate, evaluate_alone};

use fixpoint_runtime::{
    model::{Model, ValidModel},
    ops::Operator,
    work::{WORK_CLASS_NAMES, Work},
};
use serde::Serialize;
use std::{collections::BTreeMap, fmt};

/// Data bytes of one chunk contract.
pub const CHUNK_DATA_BYTES: usize = 24_555;

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
    /// Remarks on lossy choices.
    pub remarks: Vec<String>,
}

impl Report {
    /// Size and work of a model.
    pub fn new(model: &ValidModel, payload_bytes: usize) -> Self {
        let work: &Work = model.work();
        let counts = work.to_array();
        Self {
            macs: work.macs_i8
                + work.macs_i16x8
                + work.macs_i16
                + work.depthwise_macs_i8
                + work.depthwise_macs_i16,
            work: WORK_CLASS_NAMES
                .into_iter()
                .zip(counts)
                .filter(|&(_, count)| count > 0)
                .collect(),
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
