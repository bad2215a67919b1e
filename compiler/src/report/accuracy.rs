//! What is told of accuracy: figures, and their lines in a report.

use super::histogram::Histogram;
use crate::ports;
use fixpoint_runtime::model::ValidModel;
use serde::Serialize;
use std::fmt;

/// Accuracy against the float model and the labels, whichever there are.
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
    /// Numbers against the right ones, if labels are numbers.
    pub regression: Option<Regression>,
}

/// Errors of one output.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OutputAccuracy {
    /// The output.
    pub name: String,
    /// Elements compared, over all samples.
    pub elements: usize,
    /// Elements left out, as the float model gives an infinity or no number.
    pub infinite_elements: usize,
    /// Largest absolute difference.
    pub max_error: f64,
    /// Mean absolute difference.
    pub mean_error: f64,
    /// Root of the mean squared difference.
    pub rms_error: f64,
    /// 99th percentile of the absolute difference.
    pub p99_error: f64,
    /// The same in standard deviations of the float model's values: what `max_error` of the options is
    /// about. Of integers, the share that differs.
    pub error_in_deviations: f64,
    /// Median of the difference relative to the float value, where that is not 0.
    pub median_relative_error: f64,
    /// 99th percentile of it.
    pub p99_relative_error: f64,
    /// Difference between the float model's largest and smallest value.
    pub float_span: f64,
    /// Their standard deviation.
    pub float_deviation: f64,
    /// Elements at an end of the integer range.
    pub saturated_elements: usize,
    /// Differences, compiled less float.
    pub histogram: Histogram,
}

/// Classification.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Top1 {
    /// Share of samples in which both models choose the same class, if there is a float model.
    pub agreement: Option<f64>,
    /// Share that the float model has right, if labels are known.
    pub float_accuracy: Option<f64>,
    /// Share that the compiled model has right, if labels are known.
    pub compiled_accuracy: Option<f64>,
}

/// Both models' numbers against the right ones; those of the float model if there is one.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Regression {
    /// Coefficient of determination of the float model.
    pub float_r2: Option<f64>,
    /// Of the compiled model.
    pub compiled_r2: f64,
    /// Root mean square error of the float model.
    pub float_rms_error: Option<f64>,
    /// Of the compiled model.
    pub compiled_rms_error: f64,
    /// Mean absolute error of the float model.
    pub float_mean_error: Option<f64>,
    /// Of the compiled model.
    pub compiled_mean_error: f64,
}

impl fmt::Display for Regression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures = [
            ("R2", self.compiled_r2, self.float_r2),
            ("RMS error", self.compiled_rms_error, self.float_rms_error),
            (
                "mean error",
                self.compiled_mean_error,
                self.float_mean_error,
            ),
        ];
        for (name, compiled, float) in figures {
            write!(f, "{name:<19} {compiled:.6}")?;
            match float {
                Some(float) => writeln!(f, " (float model {float:.6})")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

impl Accuracy {
    /// The largest error of all outputs, in standard deviations.
    pub fn worst(&self) -> f64 {
        let errors = self.outputs.iter().map(|output| output.error_in_deviations);
        errors.fold(0.0, f64::max)
    }

    /// A sample as the compiled model takes it, nearest values for those out of range; counts them.
    pub(super) fn pack(&mut self, model: &ValidModel, sample: &[Vec<f32>]) -> Vec<u8> {
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

impl fmt::Display for Accuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = if self.held_back {
            "held back from the calibration data: give --test for an independent figure"
        } else {
            "test set"
        };
        writeln!(f, "samples compared    {} ({source})", self.samples)?;
        if let Some(top1) = &self.top1 {
            if let Some(compiled) = top1.compiled_accuracy {
                write!(f, "accuracy            {:.2} %", 100.0 * compiled)?;
                match top1.float_accuracy {
                    Some(float) => writeln!(f, " (float model {:.2} %)", 100.0 * float)?,
                    None => writeln!(f)?,
                }
            }
            if let Some(agreement) = top1.agreement {
                writeln!(f, "same class as float {:.2} %", 100.0 * agreement)?;
            }
        }
        if let Some(regression) = &self.regression {
            write!(f, "{regression}")?;
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
