//! The compiled model over test samples, beside the float model's answers and labels, whichever there
//! are.

use super::{
    accuracy::{Accuracy, OutputAccuracy},
    histogram::Histogram,
    labels::{Labels, RegressionSums, Top1Counts, gives_an_index},
    runner::{Got, Runner},
};
use crate::{
    error::CompileError,
    moments::{Moments, in_deviations},
    npy::Array,
    progress::{Progress, Stage, Watch},
    samples::Batch,
};
use fixpoint_runtime::model::{ValidModel, format::Quantisation};

/// A model in floating point: one flat tensor per input to one per output.
pub(crate) type Float<'a> = dyn Fn(&[Vec<f32>]) -> Result<Vec<Vec<f32>>, CompileError> + 'a;

/// A float model's outputs for each sample.
#[derive(Debug, Default)]
pub(crate) struct Answers(Vec<Vec<Vec<f64>>>);

impl Answers {
    /// Asks for all samples.
    ///
    /// # Errors
    /// [`CompileError::FloatRun`].
    pub(crate) fn of(
        float: &Float<'_>,
        samples: &Batch,
        progress: &mut dyn Watch,
    ) -> Result<Self, CompileError> {
        let mut answers = Vec::with_capacity(samples.len());
        for sample in 0..samples.len() {
            let outputs = float(&samples.sample(sample))?;
            let wide = |output: Vec<f32>| output.into_iter().map(f64::from).collect();
            answers.push(outputs.into_iter().map(wide).collect());
            progress.tell(Progress {
                stage: Stage::Float,
                done: sample + 1,
                total: samples.len(),
            })?;
        }
        Ok(Self(answers))
    }
}

/// Runs the compiled model, whose outputs have these names, over the samples.
///
/// # Errors
/// [`CompileError::Run`], [`CompileError::Labels`].
pub(crate) fn evaluate(
    model: &ValidModel,
    outputs: &[(String, usize)],
    answers: Option<&Answers>,
    samples: &Batch,
    labels: Option<&Array>,
    progress: &mut dyn Watch,
) -> Result<Accuracy, CompileError> {
    let labels = labels.map(|labels| Labels::of(labels, model, samples.len()));
    let labels = labels.transpose()?;
    let mut runner = Runner::new(model);
    let mut accuracy = Accuracy {
        samples: samples.len(),
        ..Accuracy::default()
    };
    let declared = model.model().outputs.iter();
    let mut comparisons: Vec<Comparison> = outputs
        .iter()
        .zip(declared)
        .map(|((name, _), output)| Comparison::new(name, output.quantisation == Quantisation::None))
        .collect();
    let mut top1 = Top1Counts::default();
    let mut regression = RegressionSums::default();
    let is_index = gives_an_index(model);
    for sample in 0..samples.len() {
        let bytes = accuracy.pack(model, &samples.sample(sample));
        let got = runner.run(sample, &bytes)?;
        let wants = answers.map(|answers| answers.0[sample].as_slice());
        let pairs = got.iter().zip(wants.unwrap_or_default());
        for (comparison, (got, want)) in comparisons.iter_mut().zip(pairs) {
            comparison.add(got, want);
        }
        if let Some(got) = got.first() {
            let want = wants.and_then(|wants| wants.first()).map(Vec::as_slice);
            let label = match &labels {
                Some(Labels::Classes(classes)) => Some(classes[sample]),
                _ => None,
            };
            top1.add(&got.reals, want, label, is_index);
            if let Some(Labels::Targets(targets)) = &labels {
                let first = sample * got.reals.len();
                regression.add(&got.reals, want, &targets[first..]);
            }
        }
        progress.tell(Progress {
            stage: Stage::Evaluate,
            done: sample + 1,
            total: samples.len(),
        })?;
    }
    let compared = answers.is_some();
    accuracy.outputs = comparisons.into_iter().map(Comparison::finish).collect();
    accuracy.top1 = top1.finish(matches!(labels, Some(Labels::Classes(_))), compared);
    accuracy.regression =
        matches!(labels, Some(Labels::Targets(_))).then(|| regression.finish(compared));
    Ok(accuracy)
}

/// Differences of one output over all samples.
struct Comparison {
    accuracy: OutputAccuracy,
    is_plain: bool,
    differing: usize,
    errors: Vec<f64>,
    relative: Vec<f64>,
    float: Moments,
    min: f64,
    max: f64,
}

impl Comparison {
    fn new(name: &str, is_plain: bool) -> Self {
        Self {
            accuracy: OutputAccuracy {
                name: name.to_owned(),
                ..OutputAccuracy::default()
            },
            is_plain,
            differing: 0,
            errors: Vec::new(),
            relative: Vec::new(),
            float: Moments::default(),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }

    fn add(&mut self, got: &Got, want: &[f64]) {
        self.accuracy.saturated_elements += got.saturated;
        for (&got, &want) in got.reals.iter().zip(want) {
            if !want.is_finite() {
                self.accuracy.infinite_elements += 1;
                continue;
            }
            let error = got - want;
            self.errors.push(error);
            self.differing += usize::from(error != 0.0);
            self.float.add(want);
            if want != 0.0 {
                self.relative.push(error.abs() / want.abs());
            }
            self.min = self.min.min(want);
            self.max = self.max.max(want);
        }
    }

    fn finish(mut self) -> OutputAccuracy {
        let histogram = Histogram::of(&self.errors);
        let count = self.errors.len().max(1) as f64;
        let mut sizes: Vec<f64> = self.errors.iter().map(|error| error.abs()).collect();
        let mean_error = sizes.iter().sum::<f64>() / count;
        let squares = sizes.iter().map(|size| size * size).sum::<f64>();
        sizes.sort_by(f64::total_cmp);
        self.relative.sort_by(f64::total_cmp);
        let p99_error = quantile(&sizes, 0.99);
        let float_deviation = self.float.deviation();
        OutputAccuracy {
            elements: self.errors.len(),
            max_error: sizes.last().copied().unwrap_or(0.0),
            mean_error,
            rms_error: (squares / count).sqrt(),
            p99_error,
            error_in_deviations: if self.is_plain {
                self.differing as f64 / count
            } else {
                in_deviations(p99_error, float_deviation)
            },
            median_relative_error: quantile(&self.relative, 0.5),
            p99_relative_error: quantile(&self.relative, 0.99),
            float_span: (self.max - self.min).max(0.0),
            float_deviation,
            histogram,
            ..self.accuracy
        }
    }
}

/// A quantile of sorted numbers; 0 of none.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = sorted.get((share * last as f64).round() as usize);
    at.copied().unwrap_or(0.0)
}
