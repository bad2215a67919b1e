//! The float and the compiled model side by side over test samples, or the compiled one against
//! labels alone where there is no float model.

use super::accuracy::{Accuracy, OutputAccuracy, Top1};
use crate::{
    error::CompileError,
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

/// A model in floating point: one flat tensor per input to one per output.
pub(crate) type Float<'a> = dyn Fn(&[Vec<f32>]) -> Result<Vec<Vec<f32>>, CompileError> + 'a;

/// Runs both models, whose outputs have these names, over the samples.
///
/// # Errors
/// [`CompileError::FloatRun`], [`CompileError::Run`], [`CompileError::Labels`].
pub(crate) fn evaluate(
    model: &ValidModel,
    outputs: &[(String, usize)],
    float: &Float<'_>,
    samples: &Batch,
    labels: Option<&Array>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Accuracy, CompileError> {
    let labels = labels
        .map(|labels| checked_labels(labels, samples.len()))
        .transpose()?;
    let mut runner = Runner::new(model);
    let mut accuracy = Accuracy {
        samples: samples.len(),
        ..Accuracy::default()
    };
    let mut comparisons: Vec<Comparison> = outputs
        .iter()
        .map(|(name, _)| Comparison::new(name))
        .collect();
    let mut top1 = Top1Counts::default();
    let is_index = gives_an_index(model);
    for sample in 0..samples.len() {
        let inputs = samples.sample(sample);
        let want = float(&inputs)?;
        let bytes = accuracy.pack(model, &inputs);
        let got = runner.run(sample, &bytes)?;
        for ((comparison, got), want) in comparisons.iter_mut().zip(&got).zip(&want) {
            comparison.add(got, want);
        }
        if let (Some(got), Some(want)) = (got.first(), want.first()) {
            let label = labels.as_ref().map(|labels| labels[sample]);
            top1.add(&got.reals, Some(want), label, is_index);
        }
        progress(Progress {
            stage: Stage::Evaluate,
            done: sample + 1,
            total: samples.len(),
        });
    }
    accuracy.outputs = comparisons.into_iter().map(Comparison::finish).collect();
    accuracy.top1 = top1.finish(labels.is_some(), true);
    Ok(accuracy)
}

/// Runs the compiled model over the samples and compares it with the labels.
///
/// # Errors
/// [`CompileError::Run`], [`CompileError::Labels`].
pub(crate) fn evaluate_alone(
    model: &ValidModel,
    samples: &Batch,
    labels: &Array,
    progress: &mut dyn FnMut(Progress),
) -> Result<Accuracy, CompileError> {
    let labels = checked_labels(labels, samples.len())?;
    let mut runner = Runner::new(model);
    let mut accuracy = Accuracy {
        samples: samples.len(),
        ..Accuracy::default()
    };
    let mut top1 = Top1Counts::default();
    let is_index = gives_an_index(model);
    for (sample, &label) in labels.iter().enumerate() {
        let bytes = accuracy.pack(model, &samples.sample(sample));
        if let Some(got) = runner.run(sample, &bytes)?.first() {
            top1.add(&got.reals, None, Some(label), is_index);
        }
        progress(Progress {
            stage: Stage::Evaluate,
            done: sample + 1,
            total: samples.len(),
        });
    }
    accuracy.top1 = top1.finish(true, false);
    Ok(accuracy)
}

/// Whether the first output is not quantised: an index that an ARGMAX gave, if it is one element.
fn gives_an_index(model: &ValidModel) -> bool {
    let first = model.model().outputs.first();
    first.is_some_and(|output| output.quantisation == Quantisation::None)
}

/// A planned model and the memory of one run.
struct Runner<'a> {
    model: &'a ValidModel,
    plan: Plan,
    arena: Arena,
}

impl<'a> Runner<'a> {
    fn new(model: &'a ValidModel) -> Self {
        let plan = Plan::new(model, Isa::detect());
        let arena = Arena::new(&plan);
        Self { model, plan, arena }
    }

    fn run(&mut self, sample: usize, bytes: &[u8]) -> Result<Vec<Got>, CompileError> {
        let mut output = vec![0; usize::try_from(self.model.output_bytes()).unwrap_or(0)];
        self.plan
            .run(&mut self.arena, bytes, &mut output)
            .map_err(|source| CompileError::Run { sample, source })?;
        Ok(split_outputs(self.model, &output))
    }
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
    fn add(&mut self, got: &[f64], want: Option<&[f32]>, label: Option<i64>, is_index: bool) {
        let want = want.map(|want| want.iter().copied().map(f64::from).collect::<Vec<_>>());
        let class = |values: &[f64]| match values {
            // The index that an ARGMAX gave.
            &[index] if is_index => Some(index as usize),
            [_, _, ..] => Some(first_largest(values)),
            _ => None,
        };
        let Some(got) = class(got) else {
            return;
        };
        let want = want.as_deref().and_then(class);
        self.samples += 1;
        self.agree += usize::from(want == Some(got));
        if let Some(label) = label.and_then(|label| usize::try_from(label).ok()) {
            self.float_right += usize::from(want == Some(label));
            self.compiled_right += usize::from(got == label);
        }
    }

    fn finish(&self, labelled: bool, compared: bool) -> Option<Top1> {
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
