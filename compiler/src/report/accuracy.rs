//! The float and the compiled model side by side over test samples.

use crate::{
    error::CompileError,
    import::FloatModel,
    ir::Graph,
    npy::Array,
    ports,
    progress::{Progress, Stage},
    samples::Batch,
};
use fixpoint_runtime::{
    graph::{Arena, Plan},
    kernels::Isa,
    model::{ValidModel, format::Quantisation},
};
use serde::Serialize;
use std::fmt;

/// Accuracy against the float model.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Accuracy {
    /// Samples compared.
    pub samples: usize,
    /// Whether they are calibration samples that were held back, for want of a test set.
    pub held_back: bool,
    /// Input elements outside the calibrated range (a call with them fails unless the input
    /// saturates).
    pub clipped_input_elements: usize,
    /// Samples with such elements.
    pub clipped_samples: usize,
    /// Samples with such elements in an input that does not saturate: on chain their call reverts.
    /// The figures take the nearest values in range for them.
    pub reverting_samples: usize,
    /// Inputs that make them revert.
    pub reverting_inputs: Vec<String>,
    /// One entry per output.
    pub outputs: Vec<OutputAccuracy>,
    /// Classification by the largest element of the first output, or by the index that it is.
    pub top1: Option<Top1>,
}

/// Errors of one output.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OutputAccuracy {
    /// The output.
    pub name: String,
    /// Largest absolute difference.
    pub max_error: f64,
    /// Mean absolute difference.
    pub mean_error: f64,
    /// Median of the difference relative to the float value, where that is not 0.
    pub median_relative_error: f64,
    /// 99th percentile of it.
    pub p99_relative_error: f64,
    /// Difference between the float model's largest and smallest value.
    pub float_span: f64,
    /// Elements at an end of the integer range.
    pub saturated_elements: usize,
}

/// Classification.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Top1 {
    /// Share of samples in which both models choose the same class.
    pub agreement: f64,
    /// Share that the float model has right, if labels are known.
    pub float_accuracy: Option<f64>,
    /// Share that the compiled model has right.
    pub compiled_accuracy: Option<f64>,
}

impl Accuracy {
    /// A sample as the compiled model takes it, nearest values for those out of range; counts them.
    fn pack(&mut self, model: &ValidModel, sample: &[Vec<f32>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut clipped = 0;
        let mut reverts = false;
        for (input, values) in model.model().inputs.iter().zip(sample) {
            let values: Vec<f64> = values.iter().copied().map(f64::from).collect();
            let packed = ports::pack(input, &values);
            bytes.extend(packed.bytes);
            clipped += packed.clipped;
            if packed.clipped > 0 && !input.saturates {
                reverts = true;
                let name = String::from_utf8_lossy(&input.name).into_owned();
                if !self.reverting_inputs.contains(&name) {
                    self.reverting_inputs.push(name);
                }
            }
        }
        self.clipped_input_elements += clipped;
        self.clipped_samples += usize::from(clipped > 0);
        self.reverting_samples += usize::from(reverts);
        bytes
    }

    /// What becomes of the samples with values out of range.
    fn write_out_of_range(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let saturating = self.clipped_samples - self.reverting_samples;
        let what = "samples have input values beyond the calibrated range";
        if self.reverting_samples > 0 {
            writeln!(
                f,
                "out of range        {} of {} {what}: such a call reverts with InputRange; recompile with --saturate {}, or calibrate on wider data (the figures above take the nearest values in range)",
                self.reverting_samples,
                self.samples,
                self.reverting_inputs.join(","),
            )?;
        }
        if saturating > 0 {
            writeln!(
                f,
                "out of range        {saturating} of {} {what}: they saturate",
                self.samples,
            )?;
        }
        Ok(())
    }
}

/// Runs both models over the samples.
///
/// # Errors
/// [`CompileError::FloatRun`], [`CompileError::Run`], [`CompileError::Labels`].
pub(crate) fn evaluate(
    model: &ValidModel,
    graph: &Graph,
    float: &FloatModel,
    samples: &Batch,
    labels: Option<&Array>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Accuracy, CompileError> {
    let labels = labels
        .map(|labels| checked_labels(labels, samples.len()))
        .transpose()?;
    let float = float.returning(graph.outputs.iter().map(|(name, _)| name.as_str()))?;
    let plan = Plan::new(model, Isa::detect());
    let mut arena = Arena::new(&plan);
    let mut accuracy = Accuracy {
        samples: samples.len(),
        ..Accuracy::default()
    };
    let mut comparisons: Vec<Comparison> = graph
        .outputs
        .iter()
        .map(|(name, _)| Comparison::new(name))
        .collect();
    let mut top1 = Top1Counts::default();
    let first = model.model().outputs.first();
    let is_index = first.is_some_and(|output| output.quantisation == Quantisation::None);
    for sample in 0..samples.len() {
        let inputs = samples.sample(sample);
        let want = float.run(&inputs)?;
        let bytes = accuracy.pack(model, &inputs);
        let mut output = vec![0; usize::try_from(model.output_bytes()).unwrap_or(0)];
        plan.run(&mut arena, &bytes, &mut output)
            .map_err(|source| CompileError::Run { sample, source })?;
        let got = split_outputs(model, &output);
        for ((comparison, got), want) in comparisons.iter_mut().zip(&got).zip(&want) {
            comparison.add(got, want);
        }
        if let (Some(got), Some(want)) = (got.first(), want.first()) {
            let label = labels.as_ref().map(|labels| labels[sample]);
            top1.add(&got.reals, want, label, is_index);
        }
        progress(Progress {
            stage: Stage::Evaluate,
            done: sample + 1,
            total: samples.len(),
        });
    }
    accuracy.outputs = comparisons.into_iter().map(Comparison::finish).collect();
    accuracy.top1 = top1.finish(labels.is_some());
    Ok(accuracy)
}

fn checked_labels(labels: &Array, samples: usize) -> Result<Vec<i64>, CompileError> {
    let bad = |reason| CompileError::Labels { reason };
    let numbers = labels
        .to_i64()
        .ok_or_else(|| bad("they must be integers".to_owned()))?;
    if numbers.len() != samples {
        return Err(bad(format!(
            "{} labels for {samples} test samples",
            numbers.len()
        )));
    }
    Ok(numbers)
}

/// One output of one run.
struct Got {
    reals: Vec<f64>,
    saturated: usize,
}

fn split_outputs(model: &ValidModel, bytes: &[u8]) -> Vec<Got> {
    let mut rest = bytes;
    let mut outputs = Vec::new();
    for (output, tensor) in model.model().outputs.iter().zip(model.output_types()) {
        let elements: usize = tensor.shape.iter().map(|&dim| dim as usize).product();
        let (tensor_bytes, others) = rest.split_at(elements * tensor.dtype.size_bytes());
        rest = others;
        let (min, max) = tensor.dtype.range();
        outputs.push(Got {
            reals: ports::unpack(&output.quantisation, tensor, tensor_bytes),
            saturated: ports::elements(tensor.dtype, tensor_bytes)
                .iter()
                .filter(|&&element| element == min || element == max)
                .count(),
        });
    }
    outputs
}

/// Differences of one output over all samples.
struct Comparison {
    accuracy: OutputAccuracy,
    relative: Vec<f64>,
    count: usize,
    sum: f64,
    min: f64,
    max: f64,
}

impl Comparison {
    fn new(name: &str) -> Self {
        Self {
            accuracy: OutputAccuracy {
                name: name.to_owned(),
                ..OutputAccuracy::default()
            },
            relative: Vec::new(),
            count: 0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }

    fn add(&mut self, got: &Got, want: &[f32]) {
        self.accuracy.saturated_elements += got.saturated;
        for (&got, &want) in got.reals.iter().zip(want) {
            let want = f64::from(want);
            let error = (got - want).abs();
            self.accuracy.max_error = self.accuracy.max_error.max(error);
            self.sum += error;
            self.count += 1;
            if want != 0.0 {
                self.relative.push(error / want.abs());
            }
            self.min = self.min.min(want);
            self.max = self.max.max(want);
        }
    }

    fn finish(mut self) -> OutputAccuracy {
        self.relative.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let last = self.relative.len().saturating_sub(1);
            self.relative
                .get((share * last as f64).round() as usize)
                .copied()
                .unwrap_or(0.0)
        };
        OutputAccuracy {
            mean_error: self.sum / self.count.max(1) as f64,
            median_relative_error: at(0.5),
            p99_relative_error: at(0.99),
            float_span: (self.max - self.min).max(0.0),
            ..self.accuracy
        }
    }
}

/// Counts of [`Top1`].
#[derive(Default)]
struct Top1Counts {
    samples: usize,
    agree: usize,
    float_right: usize,
    compiled_right: usize,
}

impl Top1Counts {
    fn add(&mut self, got: &[f64], want: &[f32], label: Option<i64>, is_index: bool) {
        let want: Vec<f64> = want.iter().copied().map(f64::from).collect();
        let (got, want) = match (got, want.as_slice()) {
            // The index that an ARGMAX gave.
            (&[got], &[want]) if is_index => (got as usize, want as usize),
            ([_, _, ..], want) => (first_largest(got), first_largest(want)),
            _ => return,
        };
        self.samples += 1;
        self.agree += usize::from(got == want);
        if let Some(label) = label.and_then(|label| usize::try_from(label).ok()) {
            self.float_right += usize::from(want == label);
            self.compiled_right += usize::from(got == label);
        }
    }

    fn finish(&self, labelled: bool) -> Option<Top1> {
        let share = |count: usize| count as f64 / self.samples as f64;
        (self.samples > 0).then(|| Top1 {
            agreement: share(self.agree),
            float_accuracy: labelled.then(|| share(self.float_right)),
            compiled_accuracy: labelled.then(|| share(self.compiled_right)),
        })
    }
}

/// Index of the largest element, the first of equals: as ARGMAX.
fn first_largest(values: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

impl fmt::Display for Accuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = if self.held_back {
            "held back from the calibration data: give --test for an independent figure"
        } else {
            "test set"
        };
        writeln!(f, "samples compared    {} ({source})", self.samples)?;
        if let Some(top1) = &self.top1 {
            if let (Some(float), Some(compiled)) = (top1.float_accuracy, top1.compiled_accuracy) {
                writeln!(
                    f,
                    "accuracy            {:.2} % (float model {:.2} %)",
                    100.0 * compiled,
                    100.0 * float
                )?;
            }
            writeln!(f, "same class as float {:.2} %", 100.0 * top1.agreement)?;
        }
        for output in &self.outputs {
            writeln!(
                f,
                "error of '{}': mean {:.3e}, max {:.3e}, relative median {:.2e} and 99 % {:.2e} (values span {:.4})",
                output.name,
                output.mean_error,
                output.max_error,
                output.median_relative_error,
                output.p99_relative_error,
                output.float_span
            )?;
        }
        self.write_out_of_range(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_that_revert_are_told_from_those_that_saturate() {
        let told = |reverting_samples, clipped_samples| {
            Accuracy {
                samples: 10,
                clipped_samples,
                reverting_samples,
                reverting_inputs: vec!["returns".into()],
                ..Accuracy::default()
            }
            .to_string()
        };
        assert!(!told(0, 0).contains("out of range"));
        let saturating = told(0, 2);
        assert!(saturating.contains("2 of 10 samples"), "{saturating}");
        assert!(saturating.contains("they saturate"), "{saturating}");
        assert!(!saturating.contains("revert"), "{saturating}");
        let both = told(3, 4);
        assert!(both.contains("3 of 10 samples"), "{both}");
        assert!(both.contains("--saturate returns,"), "{both}");
        assert!(both.contains("1 of 10 samples"), "{both}");
    }
}
