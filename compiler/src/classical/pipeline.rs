//! The classical model between import and lowering: a short list of operators on rows of numbers.

use super::{ensemble::Ensemble, grid::Step};

/// Index of a value in [`Pipeline::values`].
pub type ValueIndex = usize;

/// A model: a row of each input to a row of each output.
#[derive(Clone, Debug, Default)]
pub struct Pipeline {
    /// Elements of each value.
    pub values: Vec<usize>,
    /// Inputs, in declared order; they are the first values.
    pub inputs: Vec<Port>,
    /// Operators, each after those it reads.
    pub nodes: Vec<Node>,
    /// Names and values returned.
    pub outputs: Vec<(String, ValueIndex)>,
    /// What a user should know about the outputs.
    pub remarks: Vec<String>,
}

/// An input.
#[derive(Clone, Debug)]
pub struct Port {
    /// Name.
    pub name: String,
    /// What its elements are in the source model.
    pub kind: Kind,
}

/// Element types of inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Numbers rounded to float32.
    Float32,
    /// Numbers rounded to float64.
    Float64,
    /// Integers.
    Integer,
}

/// An operator with what it reads and the value it computes.
#[derive(Clone, Debug)]
pub struct Node {
    /// Name of the source node, for messages.
    pub name: String,
    /// Operator of the source node, for messages.
    pub source: String,
    /// What is computed.
    pub op: Op,
    /// Values read.
    pub inputs: Vec<ValueIndex>,
    /// Value computed.
    pub output: ValueIndex,
}

/// What a node computes.
#[derive(Clone, Debug)]
pub enum Op {
    /// The elements at these positions.
    Columns(Vec<usize>),
    /// Rows one after another.
    Concat,
    /// Rounded operations with constants: the steps of each element.
    Each(Vec<Vec<Step>>),
    /// 1 where an element equals a category and 0 elsewhere: per element of the input, its categories.
    OneHot(Vec<f64>),
    /// Elements divided by the sum of their magnitudes, or by the largest of them.
    Normalise(Norm),
    /// Scores of a tree ensemble.
    Trees(Ensemble),
    /// Scores of a linear model.
    Linear(Linear),
    /// `1 / (1 + e^-x)`.
    Logistic,
    /// `e^x / sum(e^x)`.
    Softmax,
    /// Two elements of one.
    Pair(Pair),
    /// The class that scores stand for.
    Class(Class),
}

/// Norms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Largest magnitude.
    Max,
    /// Sum of magnitudes.
    Sum,
}

/// `x W^T + b`.
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[outputs, inputs]`.
    pub weights: Vec<f64>,
    /// `[outputs]`.
    pub bias: Vec<f64>,
}

/// How one score gives two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pair {
    /// `1 - x` and `x`.
    Complement,
    /// `-x` and `x`.
    Opposite,
}

/// How a class is chosen.
#[derive(Clone, Debug)]
pub struct Class {
    /// With one score: class 1 if it is above this, else class 0. With several: the first largest.
    pub above: f64,
    /// Scores no farther apart than this count as equal.
    pub tolerance: f64,
    /// The number that is returned for each class.
    pub labels: Vec<i64>,
}

impl Pipeline {
    /// Names and shapes of the inputs, a batch of one.
    pub fn input_shapes(&self) -> Vec<(String, Vec<usize>)> {
        let inputs = self.inputs.iter().zip(&self.values);
        inputs
            .map(|(port, &len)| (port.name.clone(), vec![1, len]))
            .collect()
    }

    /// Number of learned constants: tests and weights of trees, weights and biases of linear
    /// models.
    pub fn parameters(&self) -> usize {
        let of = |node: &Node| match &node.op {
            Op::Trees(ensemble) => {
                let leaves = ensemble.weights().count();
                let nodes = ensemble.trees.iter().flat_map(|tree| &tree.nodes);
                let branches = nodes
                    .filter(|node| matches!(node, super::ensemble::Node::Branch { .. }))
                    .count();
                branches + leaves
            }
            Op::Linear(linear) => linear.weights.len() + linear.bias.len(),
            _ => 0,
        };
        self.nodes.iter().map(of).sum()
    }
}
