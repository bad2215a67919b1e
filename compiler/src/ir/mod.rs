//! The float graph between import and lowering: few operators, constants inside them, every shape
//! known, layouts as in ONNX (channels first).
//!
//! - this file: the graph;
//! - [`mod@op`]: the operators; [`mod@unary`]: functions of one element; [`mod@grid`]: integers that a
//!   quantised model prescribes;
//! - [`mod@build`]: adding an operator, with the shape that follows and constants folded.
//!
//! Importers write it, [`crate::fold`] simplifies it, [`crate::float`] runs it, calibration and
//! lowering read it. No integers and no TOSA here.

pub mod build;
pub mod grid;
pub mod op;
pub mod unary;

pub use crate::tensor::{Element, Tensor};
pub use grid::{Code, Grid, WeightGrid};
pub use op::{Affine, Binary, Comparison, Conv, Dense, Logical, Normalise, Op, Reduction, Window};
pub use unary::Unary;

use std::sync::Arc;

/// Index of a value in [`Graph::values`].
pub type ValueIndex = usize;

/// A graph, nodes in execution order.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Every tensor, constants among them.
    pub values: Vec<Value>,
    /// Inputs, in declared order.
    pub inputs: Vec<ValueIndex>,
    /// Outputs with their names, in declared order.
    pub outputs: Vec<(String, ValueIndex)>,
    /// Operators, each after those it reads.
    pub nodes: Vec<Node>,
}

/// A tensor.
#[derive(Clone, Debug, Default)]
pub struct Value {
    /// Name in the source model, or of the node that it is a step of.
    pub name: String,
    /// Dimensions, batch included.
    pub shape: Vec<usize>,
    /// What its elements are.
    pub element: Element,
    /// Its elements, if no input reaches it.
    pub constant: Option<Arc<Tensor>>,
    /// The integers that the source model prescribes for it, if it does.
    pub grid: Option<Grid>,
}

/// An operator with what it reads and the one value it computes.
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

impl Graph {
    /// How many nodes and outputs read each value.
    pub fn readers(&self) -> Vec<usize> {
        let mut readers = vec![0; self.values.len()];
        for node in &self.nodes {
            for &input in &node.inputs {
                readers[input] += 1;
            }
        }
        for &(_, output) in &self.outputs {
            readers[output] += 1;
        }
        readers
    }

    /// Index of the node that computes each value; nothing for inputs and constants.
    pub fn producers(&self) -> Vec<Option<usize>> {
        let mut producers = vec![None; self.values.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            producers[node.output] = Some(index);
        }
        producers
    }

    /// Leaves out nodes that reach no output.
    pub fn prune(&mut self) {
        let mut wanted = vec![false; self.values.len()];
        for &(_, output) in &self.outputs {
            wanted[output] = true;
        }
        for node in self.nodes.iter().rev() {
            if wanted[node.output] {
                for &input in &node.inputs {
                    wanted[input] = true;
                }
            }
        }
        self.nodes.retain(|node| wanted[node.output]);
    }

    /// Names and shapes of the inputs, in declared order.
    pub fn input_shapes(&self) -> Vec<(String, Vec<usize>)> {
        let port = |&input: &ValueIndex| {
            let value = &self.values[input];
            (value.name.clone(), value.shape.clone())
        };
        self.inputs.iter().map(port).collect()
    }

    /// Number of learned constants.
    pub fn parameters(&self) -> usize {
        self.parameters_of(self.nodes.iter())
    }

    /// Number of learned constants of some nodes.
    pub fn parameters_of<'a>(&self, nodes: impl Iterator<Item = &'a Node> + Clone) -> usize {
        let mut read: Vec<ValueIndex> = nodes
            .clone()
            .flat_map(|node| node.inputs.iter().copied())
            .collect();
        read.sort_unstable();
        read.dedup();
        let constants = read.iter().filter_map(|&value| {
            let value = &self.values[value];
            let real = value.element == Element::Real;
            value
                .constant
                .as_ref()
                .filter(|_| real)
                .map(|tensor| tensor.elements.len())
        });
        let weights = nodes.map(|node| match &node.op {
            Op::Conv(conv) => conv.weights.len() + conv.bias.len(),
            Op::Dense(dense) => dense.weights.len() + dense.bias.len(),
            Op::Affine(affine) => affine.scale.len() + affine.offset.len(),
            _ => 0,
        });
        constants.sum::<usize>() + weights.sum::<usize>()
    }
}
