//! Both models against labels: right classes, or right numbers.

use super::accuracy::{Regression, Top1};
use crate::{error::CompileError, moments::Moments, npy::Array};
use fixpoint_runtime::model::{ValidModel, format::Quantisation};

/// What labels are, told by their kind and number and by the model's first output.
pub(super) enum Labels {
    /// A class for each sample.
    Classes(Vec<i64>),
    /// A number for each element of the first output.
    Targets(Vec<f64>),
}

impl Labels {
    /// Integers, one for each sample, of an output with several elements or of an index are classes;
    /// as many numbers as the output has elements over all samples are targets.
    pub(super) fn of(
        labels: &Array,
        model: &ValidModel,
        samples: usize,
    ) -> Result<Self, CompileError> {
        let bad = |reason| CompileError::Labels { reason };
        let elements = model.output_types().next().map_or(1, |tensor| {
            tensor.shape.iter().map(|&dim| dim as usize).product()
        });
        let is_class = elements > 1 || gives_an_index(model);
        if is_class
            && labels.len() == samples
            && let Some(classes) = labels.to_i64()
        {
            return Ok(Self::Classes(classes));
        }
        if labels.len() == samples * elements && !gives_an_index(model) {
            return Ok(Self::Targets(labels.to_f64()));
        }
        if labels.len() == samples {
            return Err(bad(
                "classes must be integers, and the model's first output has a score for each class"
                    .to_owned(),
            ));
        }
        Err(bad(format!(
            "{} labels for {samples} test samples",
            labels.len()
        )))
    }
}

/// Whether the first output is not quantised: an index that an ARGMAX gave, if it is one element.
pub(super) fn gives_an_index(model: &ValidModel) -> bool {
    let first = model.model().outputs.first();
    first.is_some_and(|output| output.quantisation == Quantisation::None)
}

/// Counts of [`Top1`].
#[derive(Default)]
pub(super) struct Top1Counts {
    samples: usize,
    agree: usize,
    float_right: usize,
    compiled_right: usize,
}

impl Top1Counts {
    pub(super) fn add(
        &mut self,
        got: &[f64],
        want: Option<&[f64]>,
        label: Option<i64>,
        is_index: bool,
    ) {
        let class = |values: &[f64]| match values {
            // The index that an ARGMAX gave.
            &[index] if is_index => Some(index as usize),
            [_, _, ..] => Some(first_largest(values)),
            _ => None,
        };
        let Some(got) = class(got) else {
            return;
        };
        let want = want.and_then(class);
        self.samples += 1;
        self.agree += usize::from(want == Some(got));
        if let Some(label) = label.and_then(|label| usize::try_from(label).ok()) {
            self.float_right += usize::from(want == Some(label));
            self.compiled_right += usize::from(got == label);
        }
    }

    pub(super) fn finish(&self, labelled: bool, compared: bool) -> Option<Top1> {
        let share = |count: usize, known: bool| known.then(|| count as f64 / self.samples as f64);
        (self.samples > 0).then(|| Top1 {
            agreement: share(self.agree, compared),
            float_accuracy: share(self.float_right, compared && labelled),
            compiled_accuracy: share(self.compiled_right, labelled),
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

/// Sums of [`Regression`].
#[derive(Default)]
pub(super) struct RegressionSums {
    targets: Moments,
    count: usize,
    float: Residuals,
    compiled: Residuals,
}

#[derive(Default)]
struct Residuals {
    squares: f64,
    magnitudes: f64,
}

impl Residuals {
    fn add(&mut self, residual: f64) {
        self.squares += residual * residual;
        self.magnitudes += residual.abs();
    }
}

impl RegressionSums {
    /// Takes one sample in.
    pub(super) fn add(&mut self, got: &[f64], want: Option<&[f64]>, targets: &[f64]) {
        for (index, (&got, &target)) in got.iter().zip(targets).enumerate() {
            self.count += 1;
            self.targets.add(target);
            self.compiled.add(got - target);
            if let Some(want) = want {
                self.float.add(want[index] - target);
            }
        }
    }

    pub(super) fn finish(&self, compared: bool) -> Regression {
        let count = self.count.max(1) as f64;
        let r2 = |sums: &Residuals| 1.0 - sums.squares / self.targets.squares();
        let rms = |sums: &Residuals| (sums.squares / count).sqrt();
        let mean = |sums: &Residuals| sums.magnitudes / count;
        let float = |figure: &dyn Fn(&Residuals) -> f64| compared.then(|| figure(&self.float));
        Regression {
            float_r2: float(&r2),
            compiled_r2: r2(&self.compiled),
            float_rms_error: float(&rms),
            compiled_rms_error: rms(&self.compiled),
            float_mean_error: float(&mean),
            compiled_mean_error: mean(&self.compiled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of scikit-learn's documentation.
    #[test]
    fn regression_figures_of_known_numbers() {
        let mut sums = RegressionSums::default();
        let right = [3.0, -0.5, 2.0, 7.0];
        sums.add(&[2.5, 0.0, 2.0, 8.0], Some(&right), &right);
        let figures = sums.finish(true);
        assert!(
            (figures.compiled_r2 - 0.948_608_137_044_967_9).abs() < 1e-12,
            "{figures:?}"
        );
        assert!((figures.compiled_rms_error - 0.612_372_435_695_794_5).abs() < 1e-12);
        assert!((figures.compiled_mean_error - 0.5).abs() < 1e-12);
        assert_eq!(
            (figures.float_r2, figures.float_rms_error),
            (Some(1.0), Some(0.0))
        );
        assert_eq!(sums.finish(false).float_r2, None);
    }
}
