//! How fine each feature's grid must be: every comparison that reads it has to lie inside the grid, and
//! where its size matters, its range too.

use super::{
    ensemble::Node as TreeNode,
    grid::{self, Step},
    pipeline::{Kind, Op, Pipeline},
};
use crate::{error::CompileError, samples::Batch};

/// Inputs may be this much larger than any sample.
const HEADROOM: f64 = 2.0;
/// A scaler's feature is taken to stay within this many of its deviations.
const DEVIATIONS: f64 = 16.0;

/// How large features get.
#[derive(Clone, Copy, Debug)]
pub enum Sizes<'a> {
    /// Nobody knows.
    Unknown,
    /// As in these samples.
    Samples(&'a Batch),
    /// As an earlier compilation chose, by input and feature.
    Recorded(&'a [Vec<Option<f64>>]),
}

/// The grid of each feature of one input.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    /// Units are `10^-decimals`.
    pub(super) decimals: Vec<i32>,
    /// Largest magnitude expected; nothing if the feature is only compared, so that any value has
    /// its right answer, in range or beyond.
    pub(super) magnitudes: Vec<Option<f64>>,
}

/// Where an element of a value comes from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) input: usize,
    pub(super) column: usize,
    pub(super) steps: Vec<Step>,
}

/// A number that a feature is compared with, and whether equality says yes.
type Cut = (f64, bool);

/// What is asked of a feature.
#[derive(Clone, Debug, Default)]
struct Demand {
    /// Comparisons, by the steps before them.
    cuts: Vec<(Vec<Step>, Vec<Cut>)>,
    /// Steps before a product, if there is one.
    products: Vec<Vec<Step>>,
}

impl Pipeline {
    /// The grids of all inputs.
    ///
    /// # Errors
    /// [`CompileError::NoCalibration`] if a feature's size matters and nothing tells it;
    /// [`CompileError::Unsupported`] for a comparison that no grid reaches.
    pub(super) fn grids(&self, known: Sizes<'_>) -> Result<Vec<Grid>, CompileError> {
        let demands = self.demands();
        let mut grids = Vec::new();
        for (input, port) in self.inputs.iter().enumerate() {
            let samples = match known {
                Sizes::Samples(samples) => Some(sizes(samples, input, self.values[input])),
                Sizes::Unknown | Sizes::Recorded(_) => None,
            };
            let mut grid = Grid {
                decimals: Vec::new(),
                magnitudes: Vec::new(),
            };
            for (column, demand) in demands[input].iter().enumerate() {
                let size = samples.as_ref().map(|sizes| sizes[column]);
                let magnitude = match known {
                    Sizes::Recorded(sizes) => sizes[input][column],
                    Sizes::Unknown | Sizes::Samples(_) => demand.magnitude(size)?,
                };
                let decimals = match port.kind {
                    Kind::Integer => 0,
                    _ => demand.decimals(magnitude).ok_or_else(|| CompileError::Unsupported {
                        node: port.name.clone(),
                        operator: "input".to_owned(),
                        reason: format!(
                            "feature {column} is compared with numbers too far apart or too large for 32 bits: scale it before the model"
                        ),
                    })?,
                };
                grid.decimals.push(decimals);
                grid.magnitudes.push(magnitude);
            }
            grids.push(grid);
        }
        Ok(grids)
    }

    /// The origin of every element of every value; nothing for what is computed.
    pub(super) fn origins(&self) -> Vec<Vec<Option<Origin>>> {
        let mut origins: Vec<Vec<Option<Origin>>> =
            self.values.iter().map(|&len| vec![None; len]).collect();
        for (input, port) in self.inputs.iter().enumerate() {
            let steps = match port.kind {
                Kind::Float32 => vec![Step::Round],
                Kind::Float64 | Kind::Integer => Vec::new(),
            };
            for (column, origin) in origins[input].iter_mut().enumerate() {
                *origin = Some(Origin {
                    input,
                    column,
                    steps: steps.clone(),
                });
            }
        }
        for node in &self.nodes {
            let read = |input: usize| origins[node.inputs[input]].clone();
            origins[node.output] = match &node.op {
                Op::Columns(columns) => {
                    let from = read(0);
                    columns.iter().map(|&column| from[column].clone()).collect()
                }
                Op::Concat => (0..node.inputs.len()).flat_map(read).collect(),
                Op::Each(steps) => {
                    let longer = |(origin, steps): (Option<Origin>, &Vec<Step>)| {
                        origin.map(|mut origin| {
                            origin.steps.extend(steps);
                            origin
                        })
                    };
                    read(0).into_iter().zip(steps).map(longer).collect()
                }
                _ => continue,
            };
        }
        origins
    }

    fn demands(&self) -> Vec<Vec<Demand>> {
        let mut demands: Vec<Vec<Demand>> = self
            .inputs
            .iter()
            .zip(&self.values)
            .map(|(_, &len)| vec![Demand::default(); len])
            .collect();
        let origins = self.origins();
        for node in &self.nodes {
            let reads = &origins[node.inputs[0]];
            match &node.op {
                Op::Columns(_) | Op::Concat | Op::Each(_) => {}
                Op::Trees(ensemble) => {
                    let nodes = ensemble.trees.iter().flat_map(|tree| &tree.nodes);
                    for node in nodes {
                        if let &TreeNode::Branch {
                            feature,
                            threshold,
                            or_equal,
                            ..
                        } = node
                            && let Some(origin) = &reads[feature]
                        {
                            let demand = &mut demands[origin.input][origin.column];
                            demand.cut(&origin.steps, (threshold, or_equal));
                        }
                    }
                }
                Op::OneHot(categories) => {
                    for origin in reads.iter().flatten() {
                        let demand = &mut demands[origin.input][origin.column];
                        for category in categories {
                            demand.cut(&origin.steps, (*category, false));
                            demand.cut(&origin.steps, (*category, true));
                        }
                    }
                }
                _ => {
                    for origin in reads.iter().flatten() {
                        let demand = &mut demands[origin.input][origin.column];
                        demand.products.push(origin.steps.clone());
                    }
                }
            }
        }
        demands
    }
}

impl Demand {
    fn cut(&mut self, steps: &[Step], cut: Cut) {
        match self.cuts.iter_mut().find(|(known, _)| known == steps) {
            Some((_, cuts)) if cuts.contains(&cut) => {}
            Some((_, cuts)) => cuts.push(cut),
            None => self.cuts.push((steps.to_vec(), vec![cut])),
        }
    }

    /// How large the feature gets, if that matters: by the samples, or by the scaler before its use.
    fn magnitude(&self, size: Option<f64>) -> Result<Option<f64>, CompileError> {
        if self.products.is_empty() {
            return Ok(None);
        }
        if let Some(size) = size {
            // A feature that is 0 in every sample still takes values around 1.
            let size = if size > 0.0 { size } else { 1.0 };
            return Ok(Some(size * HEADROOM));
        }
        let scaled = |steps: &Vec<Step>| match steps.as_slice() {
            [.., Step::Sub(mean), Step::Mul(factor)] if *factor != 0.0 => {
                Some(mean.abs() + DEVIATIONS / factor.abs())
            }
            _ => None,
        };
        let mut largest = self.products.iter().map(scaled);
        let largest = largest.try_fold(0.0_f64, |max, size| Some(max.max(size?)));
        largest.map(Some).ok_or(CompileError::NoCalibration)
    }

    fn decimals(&self, magnitude: Option<f64>) -> Option<i32> {
        if self.cuts.is_empty() && magnitude.is_none() {
            return Some(0);
        }
        let size = magnitude.unwrap_or(0.0);
        let range = grid::decimals(&[], &[], size, 1.0)?;
        self.cuts.iter().try_fold(range, |least, (steps, cuts)| {
            Some(least.min(grid::decimals(steps, cuts, size, 1.0)?))
        })
    }
}

/// Largest magnitude of each feature of an input over the samples.
fn sizes(samples: &Batch, input: usize, len: usize) -> Vec<f64> {
    let mut sizes = vec![0.0_f64; len];
    for index in 0..samples.len() {
        for (size, &x) in sizes.iter_mut().zip(&samples.sample(index)[input]) {
            *size = size.max(f64::from(x).abs());
        }
    }
    sizes
}
