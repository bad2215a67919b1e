//! What a caller may choose.

use crate::{calibrate::Method, npy::Array, onnx::Preprocess, record::Record, samples::Samples};
use fixpoint_runtime::work::WORK_CLASSES;
use std::collections::BTreeMap;

/// Width of the integers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 8-bit weights (one scale per output channel) and activations.
    #[default]
    Int8,
    /// 16-bit weights and activations.
    Int16,
    /// 32-bit weights and activations.
    Int32,
}

/// Whether the features of an input share a scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputScales {
    /// A scale for each feature if their magnitudes differ much and the first layer allows it.
    #[default]
    Auto,
    /// One scale for the whole input.
    PerTensor,
    /// A scale for each feature wherever the first layer allows it.
    PerFeature,
}

/// Whether the error that each layer adds is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sensitivity {
    /// No.
    #[default]
    Skip,
    /// If it takes a second or so.
    IfQuick,
    /// Yes.
    Measure,
}

/// How to compile a model of integers, which has its scales already.
#[derive(Clone, Debug, Default)]
pub struct IntegerOptions {
    /// Sample inputs to measure accuracy on: real numbers where an input has a scale, else integers.
    pub test: Option<Samples>,
    /// Right class of each test sample, or the right numbers of the first output.
    pub labels: Option<Array>,
    /// Inputs whose out-of-range values saturate instead of failing the call.
    pub saturating_inputs: Vec<String>,
    /// What a unit of each class of work costs, in thousandths of gas, if the report is to say what
    /// layers cost.
    pub prices: Option<[u64; WORK_CLASSES]>,
}

/// How to compile an ONNX model.
#[derive(Clone, Debug, Default)]
pub struct CompileOptions {
    /// Width of the integers.
    pub precision: Precision,
    /// Raise the layers of an int8 model that need it to int16, until the 99th percentile of the error
    /// is below this many standard deviations of the float model's answers, on calibration samples that
    /// are held back for that.
    pub max_error: Option<f64>,
    /// Shapes of inputs, by name; an unknown batch is 1.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// Tensors to return; the model's own outputs if empty.
    pub outputs: Vec<String>,
    /// What the model does with its inputs first; samples and shapes are those of callers.
    pub preprocess: Vec<Preprocess>,
    /// What an earlier compilation chose: it takes the place of the other choices and of the
    /// calibration samples, and gives the same bytes.
    pub recorded: Option<Record>,
    /// Sample inputs from which ranges are taken.
    pub calibration: Samples,
    /// How ranges are taken.
    pub method: Method,
    /// Sample inputs for the accuracy report; 20 % of the calibration samples if absent.
    pub test: Option<Samples>,
    /// Right class of each test sample, or the right numbers of the first output.
    pub labels: Option<Array>,
    /// Whether the error that each layer adds is measured.
    pub sensitivity: Sensitivity,
    /// What a unit of each class of work costs, in thousandths of gas: the report says what layers
    /// cost, and a mixture of precisions that costs more than int16 is not taken.
    pub prices: Option<[u64; WORK_CLASSES]>,
    /// Whether the features of an input share a scale.
    pub input_scales: InputScales,
    /// Inputs whose out-of-range values saturate instead of failing the call.
    pub saturating_inputs: Vec<String>,
}
