//! The pipeline in floating point: what the compiled model is compared with. Comparisons, scalers and
//! one-hot encoders as the source model does them, in its precision; sums, products and functions
//! in float64.

use super::{
    ensemble::{Ensemble, Node as TreeNode, Tree},
    grid::{Step, run},
    pipeline::{Class, Kind, Linear, Norm, Op, Pair, Pipeline},
};
use crate::real;

impl Pipeline {
    /// Every value of the pipeline for one row of each input.
    pub fn values_of(&self, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let mut values = vec![Vec::new(); self.values.len()];
        for (index, (row, port)) in inputs.iter().zip(&self.inputs).enumerate() {
            let number = |&x: &f64| match port.kind {
                Kind::Float32 => run(&[Step::Round], x),
                Kind::Float64 => x,
                Kind::Integer => x.round(),
            };
            values[index] = row.iter().map(number).collect();
        }
        for node in &self.nodes {
            let reads: Vec<&[f64]> = node.inputs.iter().map(|&v| values[v].as_slice()).collect();
            values[node.output] = node.op.apply(&reads);
        }
        values
    }

    /// The outputs for one row of each input.
    pub fn run(&self, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let values = self.values_of(inputs);
        let of = |(_, value): &(String, usize)| values[*value].clone();
        self.outputs.iter().map(of).collect()
    }

    /// The same for float32, as samples are.
    pub fn run_singles(&self, inputs: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let row = |row: &Vec<f32>| row.iter().copied().map(f64::from).collect();
        let outputs = self.run(&inputs.iter().map(row).collect::<Vec<_>>());
        let row = |row: &Vec<f64>| row.iter().map(|&x| x as f32).collect();
        outputs.iter().map(row).collect()
    }
}

impl Op {
    fn apply(&self, reads: &[&[f64]]) -> Vec<f64> {
        let x = reads.first().copied().unwrap_or_default();
        match self {
            Self::Columns(columns) => columns.iter().map(|&column| x[column]).collect(),
            Self::Concat => reads.concat(),
            Self::Each(steps) => x
                .iter()
                .zip(steps)
                .map(|(&x, steps)| run(steps, x))
                .collect(),
            Self::OneHot(categories) => {
                let hot = |x: &f64| {
                    categories
                        .iter()
                        .map(|c| f64::from(x == c))
                        .collect::<Vec<_>>()
                };
                x.iter().flat_map(hot).collect()
            }
            Self::Normalise(norm) => {
                let size = match norm {
                    Norm::Max => x.iter().fold(0.0_f64, |max, x| max.max(x.abs())),
                    Norm::Sum => x.iter().map(|x| x.abs()).sum(),
                };
                let divisor = if size > 0.0 { size } else { 1.0 };
                x.iter().map(|x| x / divisor).collect()
            }
            Self::Trees(ensemble) => ensemble.score(x),
            Self::Linear(linear) => linear.score(x),
            Self::Logistic => x.iter().map(|x| 1.0 / (1.0 + real::exp(-x))).collect(),
            Self::Softmax => {
                let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let powers: Vec<f64> = x.iter().map(|x| real::exp(x - max)).collect();
                let sum: f64 = powers.iter().sum();
                powers.iter().map(|power| power / sum).collect()
            }
            Self::Pair(Pair::Complement) => vec![1.0 - x[0], x[0]],
            Self::Pair(Pair::Opposite) => vec![-x[0], x[0]],
            Self::Class(class) => vec![class.choose(x)],
        }
    }
}

impl Class {
    fn choose(&self, scores: &[f64]) -> f64 {
        let index = match scores {
            [score] => usize::from(*score > self.above + self.tolerance),
            _ => {
                let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let reaches = |score: &f64| *score >= max - self.tolerance;
                scores.iter().position(reaches).unwrap_or(0)
            }
        };
        self.labels[index] as f64
    }
}

impl Linear {
    fn score(&self, x: &[f64]) -> Vec<f64> {
        let rows = self.weights.chunks(x.len()).zip(&self.bias);
        rows.map(|(row, bias)| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + bias)
            .collect()
    }
}

impl Ensemble {
    /// Scores of a row.
    pub fn score(&self, x: &[f64]) -> Vec<f64> {
        let mut scores = self.base.clone();
        for tree in &self.trees {
            for &(score, weight) in tree.leaf(x) {
                scores[score] += self.share(weight);
            }
        }
        scores
    }
}

impl Tree {
    /// The weights of the leaf that a row ends in.
    fn leaf(&self, x: &[f64]) -> &[(usize, f64)] {
        let mut at = 0;
        loop {
            match &self.nodes[at] {
                TreeNode::Leaf(weights) => return weights,
                &TreeNode::Branch {
                    feature,
                    threshold,
                    or_equal,
                    yes,
                    no,
                } => {
                    let is = x[feature] < threshold || or_equal && x[feature] == threshold;
                    at = if is { yes } else { no };
                }
            }
        }
    }
}
