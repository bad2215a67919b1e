//! Runs the float graph over samples and notes the range of every tensor.

use crate::{
    error::CompileError,
    float,
    ir::{Element, Graph, Value},
    masks,
    progress::{Progress, Stage, Watch},
    samples::Batch,
};

/// Larger values have no scale in 64 bits, and no meaning in a model that works.
const MAX_MAGNITUDE: f32 = 1e18;

/// How a range is taken from the samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Method {
    /// Smallest and largest value seen.
    #[default]
    MinMax,
    /// This percentile (50 to 100) of the samples' own largest values, and of their smallest: a
    /// few extreme samples do not widen the range.
    Percentile(f64),
}

/// Range of a tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
}

/// What calibration found.
#[derive(Clone, Debug)]
pub struct Ranges {
    /// Range of each value of the graph.
    pub values: Vec<Range>,
    /// Per graph input: the range of each index of its last axis.
    pub features: Vec<Vec<Range>>,
}

impl Range {
    const EMPTY: Self = Self {
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
    };

    fn include(&mut self, value: f64) {
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// Largest magnitude.
    pub fn magnitude(self) -> f64 {
        self.min.abs().max(self.max.abs())
    }
}

/// Measures the range of every value of the graph.
///
/// # Errors
/// [`CompileError::NotFinite`].
pub fn calibrate(
    graph: &Graph,
    samples: &Batch,
    method: Method,
    progress: &mut dyn Watch,
) -> Result<Ranges, CompileError> {
    let masked = masks::masked(graph);
    let mut extremes: Vec<Vec<Range>> = vec![Vec::new(); graph.values.len()];
    let mut features: Vec<Vec<Vec<Range>>> = graph
        .inputs
        .iter()
        .map(|&value| vec![Vec::new(); graph.values[value].shape.last().copied().unwrap_or(1)])
        .collect();
    for (index, (value, extremes)) in graph.values.iter().zip(&mut extremes).enumerate() {
        let range = match &value.constant {
            Some(constant) if masked[index] => Some(seen_range(&constant.elements)),
            _ => constant_range(value),
        };
        extremes.extend(range);
    }
    for index in 0..samples.len() {
        let inputs = samples.sample(index);
        for (input, features) in inputs.iter().zip(&mut features) {
            let len = features.len();
            for (feature, extremes) in features.iter_mut().enumerate() {
                let mut range = Range::EMPTY;
                input
                    .iter()
                    .skip(feature)
                    .step_by(len)
                    .for_each(|&x| range.include(f64::from(x)));
                extremes.push(range);
            }
        }
        let run = float::run(graph, &inputs);
        for (value, extremes) in extremes.iter_mut().enumerate() {
            if let Some(tensor) = run.get(value).filter(|_| masked[value]) {
                extremes.push(seen_range(&tensor.elements));
            } else if let Some(tensor) = run.get(value) {
                extremes.push(range(&tensor.elements, &graph.values[value].name)?);
            }
        }
        progress.tell(Progress {
            stage: Stage::Calibrate,
            done: index + 1,
            total: samples.len(),
        })?;
    }
    let mut values: Vec<Range> = extremes
        .iter()
        .map(|extremes| combine(extremes, method))
        .collect();
    masks::make_room(graph, &masked, &mut values);
    let features = features
        .iter()
        .map(|features| {
            features
                .iter()
                .map(|extremes| combine(extremes, method))
                .collect()
        })
        .collect();
    Ok(Ranges { values, features })
}

/// The range of a constant; nothing if the value is computed.
pub(crate) fn constant_range(value: &Value) -> Option<Range> {
    let constant = value.constant.as_ref()?;
    Some(match value.element {
        Element::Real => finite_range(&constant.elements),
        Element::Integer | Element::Boolean => Range { min: 0.0, max: 0.0 },
    })
}

/// The range of elements that are not masked.
fn seen_range(elements: &[f64]) -> Range {
    finite_range(&masks::seen(elements).collect::<Vec<_>>())
}

/// The range of a constant's finite elements: infinities (of masks) saturate.
fn finite_range(elements: &[f64]) -> Range {
    let limit = f64::from(MAX_MAGNITUDE);
    let mut range = Range::EMPTY;
    elements
        .iter()
        .filter(|element| element.abs() <= limit)
        .for_each(|&element| range.include(element));
    if range.min > range.max {
        Range { min: 0.0, max: 0.0 }
    } else {
        range
    }
}

fn range(elements: &[f64], name: &str) -> Result<Range, CompileError> {
    let mut range = Range::EMPTY;
    for &element in elements {
        if !element.is_finite() || element.abs() > f64::from(MAX_MAGNITUDE) {
            return Err(CompileError::NotFinite {
                tensor: name.to_owned(),
                value: element,
            });
        }
        range.include(element);
    }
    Ok(range)
}

fn combine(extremes: &[Range], method: Method) -> Range {
    let mut min: Vec<f64> = extremes.iter().map(|range| range.min).collect();
    let mut max: Vec<f64> = extremes.iter().map(|range| range.max).collect();
    min.sort_by(f64::total_cmp);
    max.sort_by(f64::total_cmp);
    let left_out = match method {
        Method::MinMax => 0.0,
        Method::Percentile(percentile) => (100.0 - percentile).clamp(0.0, 50.0) / 100.0,
    };
    let skip = (left_out * extremes.len() as f64).floor() as usize;
    let skip = skip.min(extremes.len().saturating_sub(1));
    Range {
        min: min.get(skip).copied().unwrap_or(0.0),
        max: max
            .get(extremes.len().saturating_sub(skip + 1))
            .copied()
            .unwrap_or(0.0),
    }
}
