//! Tree ensembles to TOSA: all trees walk at once, a step of every tree at a time.
//!
//! The nodes of all trees stand in flat tables: feature, threshold, first of two neighbouring
//! children; a leaf's threshold is the largest integer, so that nothing is above it, and its child
//! is itself. A step is
//!
//! ```text
//! feature, threshold, child = GATHER of the tables at the trees' places
//! place = child + (GATHER of the features at `feature` > threshold)
//! ```
//!
//! After as many steps as the deepest tree has, every place is a leaf. Leaves' weights are i32 with the
//! most fraction bits with which no sum of them can leave i32.

use super::{
    ensemble::{Ensemble, Node, Tree},
    grid::{Rule, Split},
};
use crate::{
    error::CompileError,
    fixed::{Emitted, Fixed, Lane, fraction_bits_for},
};
use fixpoint_runtime::{model::format::ValueId, tensor::DType};
use std::collections::BTreeMap;

/// A threshold that no integer is above.
const NEVER: i64 = i32::MAX as i64;

/// The flat tables.
#[derive(Debug, Default)]
pub(super) struct Tables {
    features: Vec<i64>,
    thresholds: Vec<i64>,
    children: Vec<i64>,
    /// Weights of the scores; empty at a branch.
    leaves: Vec<Vec<(usize, f64)>>,
    /// Places of the roots.
    roots: Vec<i64>,
    depth: usize,
}

impl Tables {
    /// A node to be filled in.
    fn reserve(&mut self) -> usize {
        let place = self.features.len();
        self.features.push(0);
        self.thresholds.push(NEVER);
        self.children.push(place as i64);
        self.leaves.push(Vec::new());
        place
    }

    fn add(&mut self, tree: &Tree, rules: &[Rule]) {
        let root = self.reserve();
        self.roots.push(root as i64);
        let mut open = vec![(0, root, 0)];
        while let Some((index, place, depth)) = open.pop() {
            self.depth = self.depth.max(depth);
            match branch(tree, index, rules) {
                Branch::Leaf(weights) => self.leaves[place] = weights.to_vec(),
                Branch::Split {
                    feature,
                    first,
                    below,
                    from,
                } => {
                    let [low, high] = [self.reserve(), self.reserve()];
                    self.features[place] = feature as i64;
                    self.thresholds[place] = i64::from(first) - 1;
                    self.children[place] = low as i64;
                    open.push((from, high, depth + 1));
                    open.push((below, low, depth + 1));
                }
            }
        }
    }

    /// A tree that adds nothing.
    fn add_empty(&mut self) {
        let root = self.reserve();
        self.roots.push(root as i64);
    }
}

/// Where each tree is: `[1, trees]`.
#[derive(Clone, Copy)]
struct Places {
    value: ValueId,
    trees: usize,
}

/// A node on the features' grids.
enum Branch<'a> {
    Leaf(&'a [(usize, f64)]),
    /// Integers from `first` on go to node `from`, the others to `below`.
    Split {
        feature: usize,
        first: i32,
        below: usize,
        from: usize,
    },
}

/// A node, those behind which all numbers go one way left out.
fn branch<'a>(tree: &'a Tree, index: usize, rules: &[Rule]) -> Branch<'a> {
    match &tree.nodes[index] {
        Node::Leaf(weights) => Branch::Leaf(weights),
        &Node::Branch {
            feature,
            threshold,
            or_equal,
            yes,
            no,
        } => match rules[feature].split(threshold, or_equal) {
            Split::Always(true) => branch(tree, yes, rules),
            Split::Always(false) => branch(tree, no, rules),
            Split::From { first, yes: true } => Branch::Split {
                feature,
                first,
                below: no,
                from: yes,
            },
            Split::From { first, yes: false } => Branch::Split {
                feature,
                first,
                below: yes,
                from: no,
            },
        },
    }
}

/// The only score that a tree's leaves have weights for, if it is one.
fn only_score(tree: &Tree) -> Option<usize> {
    let scores = tree.nodes.iter().filter_map(|node| match node {
        Node::Leaf(weights) => Some(weights.iter().map(|weight| weight.0)),
        Node::Branch { .. } => None,
    });
    let mut scores: Vec<usize> = scores.flatten().collect();
    scores.sort_unstable();
    scores.dedup();
    match scores.as_slice() {
        [] => Some(0),
        [score] => Some(*score),
        _ => None,
    }
}

impl Ensemble {
    /// A bound of each score's magnitude, and of all sums on the way to it.
    pub(super) fn bounds(&self) -> Vec<f64> {
        let mut bounds: Vec<f64> = self.base.iter().map(|base| base.abs()).collect();
        for tree in &self.trees {
            let mut largest = vec![0.0_f64; self.scores];
            for node in &tree.nodes {
                if let Node::Leaf(weights) = node {
                    let mut sums = vec![0.0_f64; self.scores];
                    for &(score, weight) in weights {
                        sums[score] += self.share(weight).abs();
                    }
                    for (largest, sum) in largest.iter_mut().zip(sums) {
                        *largest = largest.max(sum);
                    }
                }
            }
            for (bound, largest) in bounds.iter_mut().zip(largest) {
                *bound += largest;
            }
        }
        bounds
    }

    /// The tables, and whether the trees are in groups of equal size, one for each score.
    fn tables(&self, rules: &[Rule]) -> (Tables, bool) {
        let mut tables = Tables::default();
        let scores: Option<Vec<usize>> = self.trees.iter().map(only_score).collect();
        let Some(scores) = scores else {
            for tree in &self.trees {
                tables.add(tree, rules);
            }
            return (tables, false);
        };
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); self.scores];
        for (tree, score) in scores.into_iter().enumerate() {
            groups[score].push(tree);
        }
        let longest = groups.iter().map(Vec::len).max().unwrap_or(0);
        for group in &groups {
            for &tree in group {
                tables.add(&self.trees[tree], rules);
            }
            for _ in group.len()..longest {
                tables.add_empty();
            }
        }
        (tables, true)
    }
}

impl Lane {
    /// Scores `[1, scores]` of features `[1, F]`, each an integer that its rule explains; nothing if
    /// a score does not fit 32 bits.
    pub(super) fn trees(
        &mut self,
        features: ValueId,
        rules: &[Rule],
        ensemble: &Ensemble,
    ) -> Result<Option<Fixed>, CompileError> {
        let bound = ensemble.bounds().into_iter().fold(0.0, f64::max);
        let votes: usize = ensemble
            .weights()
            .count()
            .min(ensemble.trees.len() * ensemble.scores);
        let Some(fraction_bits) = fraction_bits_for(bound, votes as f64 + 1.0) else {
            return Ok(None);
        };
        let (tables, grouped) = ensemble.tables(rules);
        let features = self.builder.reshape(features, &[1, rules.len(), 1])?;
        let places = self.walk(features, &tables)?;
        let unit = 2f64.powi(fraction_bits.cast_signed());
        let integer = |weight: f64| (ensemble.share(weight) * unit).round() as i64;
        let channels = if grouped { 1 } else { ensemble.scores };
        let row = |weights: &Vec<(usize, f64)>| {
            let mut row = vec![0_i64; channels];
            for &(score, weight) in weights {
                row[if grouped { 0 } else { score }] += integer(weight);
            }
            row
        };
        let rows: Vec<Vec<i64>> = tables.leaves.iter().map(row).collect();
        let found = self.leaves(&rows, channels, places)?;
        let trees = tables.roots.len();
        let sums = if grouped {
            let per_score = trees / ensemble.scores;
            let by_score = self
                .builder
                .reshape(found, &[1, ensemble.scores, per_score])?;
            self.reduce_sum(by_score, 2)?
        } else {
            self.reduce_sum(found, 1)?
        };
        let mut value = self.builder.reshape(sums, &[1, ensemble.scores])?;
        if ensemble.base.iter().any(|&base| base != 0.0) {
            let base = ensemble
                .base
                .iter()
                .map(|base| (base * unit).round() as i64);
            let base = self.constant(&[1, ensemble.scores], base)?;
            value = self.add(value, base)?;
        }
        Ok(Some(Fixed {
            value,
            len: ensemble.scores,
            fraction_bits,
            bound,
        }))
    }

    /// Where every tree ends: places `[1, trees]`.
    fn walk(&mut self, features: ValueId, tables: &Tables) -> Result<Places, CompileError> {
        let trees = tables.roots.len();
        let table_of_features = self.narrow(&tables.features)?;
        let children = self.narrow(&tables.children)?;
        let nodes = tables.thresholds.len();
        let thresholds = self.constant(&[1, nodes, 1], tables.thresholds.iter().copied())?;
        let value = self.constant(&[1, trees], tables.roots.iter().copied())?;
        let mut places = Places { value, trees };
        for _ in 0..tables.depth {
            let feature = self.widened(table_of_features, places)?;
            let threshold = self.gather(thresholds, places.value)?;
            let child = self.widened(children, places)?;
            let x = self.gather(features, feature)?;
            let above = self.greater(x, threshold)?;
            let above = self.cast(above, DType::I32)?;
            let above = self.builder.reshape(above, &[1, trees])?;
            places.value = self.add(child, above)?;
        }
        Ok(places)
    }

    /// A table `[1, N, 1]` in the narrowest type that holds it: a byte on chain costs 200 gas.
    fn narrow(&mut self, values: &[i64]) -> Result<(ValueId, DType), CompileError> {
        let fits = |dtype: &DType| {
            let (min, max) = dtype.range();
            values.iter().all(|value| (min..=max).contains(value))
        };
        let dtype = [DType::I8, DType::I16].into_iter().find(fits);
        let dtype = dtype.unwrap_or(DType::I32);
        let table = self
            .builder
            .integers(dtype, &[1, values.len(), 1], values.iter().copied())?;
        Ok((table, dtype))
    }

    /// Entries of a narrow table at places, as 32-bit indices `[1, trees]`.
    fn widened(&mut self, (table, dtype): (ValueId, DType), places: Places) -> Emitted {
        let mut entries = self.gather(table, places.value)?;
        if dtype != DType::I32 {
            entries = self.cast(entries, DType::I32)?;
        }
        self.builder.reshape(entries, &[1, places.trees])
    }

    /// Weights `[1, trees, channels]` of the leaves at places. Equal leaves are stored once if that
    /// is shorter.
    fn leaves(&mut self, rows: &[Vec<i64>], channels: usize, places: Places) -> Emitted {
        let mut numbers: BTreeMap<&Vec<i64>, i64> = BTreeMap::new();
        let mut distinct: Vec<&Vec<i64>> = Vec::new();
        let mut numbered = Vec::new();
        for row in rows {
            let next = distinct.len() as i64;
            let number = *numbers.entry(row).or_insert(next);
            if number == next {
                distinct.push(row);
            }
            numbered.push(number);
        }
        let index_bytes = if distinct.len() <= 1 << 7 { 1 } else { 2 };
        let shared_bytes = rows.len() * index_bytes + distinct.len() * channels * 4;
        if shared_bytes >= rows.len() * channels * 4 {
            let all = rows.iter().flatten().copied();
            let table = self.constant(&[1, rows.len(), channels], all)?;
            return self.gather(table, places.value);
        }
        let table = self.narrow(&numbered)?;
        let leaf = self.widened(table, places)?;
        let shape = [1, distinct.len(), channels];
        let weights = self.constant(&shape, distinct.into_iter().flatten().copied())?;
        self.gather(weights, leaf)
    }
}
