//! The layers of a graph: what its author calls so.
//!
//! A node of the source model is a layer, however many operators it was imported as. One that only
//! moves elements or cuts them off (a Relu, a Reshape, a MaxPool) belongs to the layer whose result it
//! takes.

use crate::ir::{Element, Graph, Node, Op, ValueIndex};
use std::collections::BTreeMap;

/// A layer.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    /// Name of its first node in the source model; numbered where an earlier layer has the same.
    pub name: String,
    /// Operators of the source model, in order.
    pub operators: Vec<String>,
    /// Indices of its nodes, ascending.
    pub nodes: Vec<usize>,
    /// Whether it computes anything: nothing is lost where elements only move.
    pub computes: bool,
}

/// All layers of a graph, in the order of their first nodes.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The layers.
    pub list: Vec<Layer>,
    /// Index of the layer of each node.
    pub of_node: Vec<usize>,
}

impl Layers {
    /// The layers of a graph.
    pub fn of(graph: &Graph) -> Self {
        let producers = graph.producers();
        let mut layers = Self::default();
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        let mut first = 0;
        while first < graph.nodes.len() {
            let source = |node: &Node| (node.name.clone(), node.source.clone());
            let own = source(&graph.nodes[first]);
            let behind = &graph.nodes[first..];
            let last = first + behind.iter().take_while(|node| source(node) == own).count();
            let index = match layers.taken_up(graph, &producers, first..last) {
                Some(index) => index,
                None => {
                    let name = distinct(&own.0, &mut names);
                    layers.list.push(Layer {
                        name,
                        ..Layer::default()
                    });
                    layers.list.len() - 1
                }
            };
            let layer = &mut layers.list[index];
            layer.operators.push(own.1);
            layer.nodes.extend(first..last);
            layer.computes |= graph.nodes[first..last]
                .iter()
                .any(|node| !hands_on(graph, node));
            layers.of_node.resize(last, index);
            first = last;
        }
        layers
    }

    /// A graph that is one layer.
    pub(super) fn whole(graph: &Graph) -> Self {
        let layer = Layer {
            computes: true,
            nodes: (0..graph.nodes.len()).collect(),
            ..Layer::default()
        };
        Self {
            list: vec![layer],
            of_node: vec![0; graph.nodes.len()],
        }
    }

    /// The layer that nodes belong to which only hand on one computed value.
    fn taken_up(
        &self,
        graph: &Graph,
        producers: &[Option<usize>],
        nodes: std::ops::Range<usize>,
    ) -> Option<usize> {
        let mut taken: Option<ValueIndex> = None;
        for node in &graph.nodes[nodes.clone()] {
            if !hands_on(graph, node) {
                return None;
            }
            let input = node.inputs[0];
            let own = producers[input].is_some_and(|index| nodes.contains(&index));
            if !own && taken.replace(input).is_some_and(|other| other != input) {
                return None;
            }
        }
        producers[taken?].map(|index| self.of_node[index])
    }

    /// What a layer reads of other layers, of inputs, and of no constants; each once.
    pub fn reads(&self, graph: &Graph, layer: usize) -> Vec<ValueIndex> {
        let written: Vec<ValueIndex> = self.written(graph, layer).collect();
        let mut reads = Vec::new();
        for &node in &self.list[layer].nodes {
            for &input in &graph.nodes[node].inputs {
                let constant = graph.values[input].constant.is_some();
                if !constant && !written.contains(&input) && !reads.contains(&input) {
                    reads.push(input);
                }
            }
        }
        reads
    }

    /// What a layer computes that other layers read or that the graph returns.
    pub fn results(&self, graph: &Graph, layer: usize) -> Vec<ValueIndex> {
        let read_elsewhere = |value: ValueIndex| {
            let mut nodes = graph.nodes.iter().zip(&self.of_node);
            nodes.any(|(node, &of)| of != layer && node.inputs.contains(&value))
        };
        let returned = |value| graph.outputs.iter().any(|&(_, output)| output == value);
        self.written(graph, layer)
            .filter(|&value| read_elsewhere(value) || returned(value))
            .collect()
    }

    fn written<'a>(
        &'a self,
        graph: &'a Graph,
        layer: usize,
    ) -> impl Iterator<Item = ValueIndex> + 'a {
        let nodes = self.list[layer].nodes.iter();
        nodes.map(|&node| graph.nodes[node].output)
    }
}

/// A name that no layer before has.
fn distinct(name: &str, names: &mut BTreeMap<String, usize>) -> String {
    let times = names.entry(name.to_owned()).or_default();
    *times += 1;
    let numbered = if *times == 1 {
        name.to_owned()
    } else {
        format!("{name} ({times})")
    };
    if *times > 1 && names.contains_key(&numbered) {
        return distinct(&numbered, names);
    }
    names.entry(numbered.clone()).or_insert(1);
    numbered
}

/// Whether a node's elements are those of its first operand, in whatever integers: moved, picked, or
/// cut off.
pub(super) fn hands_on(graph: &Graph, node: &Node) -> bool {
    let rest = &node.inputs[1..];
    let alone = rest
        .iter()
        .all(|&input| graph.values[input].constant.is_some());
    let real = graph.values[node.output].element == Element::Real;
    let moves = match &node.op {
        Op::Clamp { .. } => true,
        Op::Pad { value, .. } => *value == 0.0,
        op => op.picks(),
    };
    // What is picked from a constant is a layer's own: a row of an embedding.
    let from_constant = graph.values[node.inputs[0]].constant.is_some();
    moves && alone && real && !from_constant
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Affine, Unary, build::Origin};

    fn origin(name: &str, source: &str) -> Origin {
        Origin {
            name: name.to_owned(),
            source: source.to_owned(),
        }
    }

    fn affine() -> Op {
        Op::Affine(Affine {
            shape: vec![1],
            scale: vec![2.0],
            offset: vec![0.0],
        })
    }

    #[test]
    fn what_only_moves_belongs_to_what_it_takes() {
        let mut graph = Graph::default();
        let x = graph.input("x", vec![4], Element::Real);
        let mut add = |name: &str, source: &str, op: Op, inputs: &[ValueIndex]| {
            let added = graph.add(&origin(name, source), op, inputs);
            added.expect("fits")
        };
        let cut = Op::Clamp {
            low: 0.0,
            high: f64::INFINITY,
        };
        let moved = add("first", "Relu", cut.clone(), &[x]);
        let a = add("a", "Mul", affine(), &[moved]);
        let b = add("b", "Mul", affine(), &[moved]);
        let a = add("relu", "Relu", cut.clone(), &[a]);
        let b = add("b", "Tanh", Op::Unary(Unary::Tanh), &[b]);
        let inner = add("c", "Gelu", affine(), &[b]);
        let c = add("c", "Gelu", Op::Unary(Unary::Tanh), &[inner]);
        graph.outputs = vec![("a".into(), a), ("c".into(), c)];
        let layers = Layers::of(&graph);
        let told: Vec<_> = layers
            .list
            .iter()
            .map(|layer| {
                (
                    layer.name.as_str(),
                    layer.operators.join(" "),
                    layer.computes,
                )
            })
            .collect();
        let want = [
            ("first", "Relu", false),
            ("a", "Mul Relu", true),
            ("b", "Mul", true),
            ("b (2)", "Tanh", true),
            ("c", "Gelu", true),
        ];
        assert_eq!(
            told,
            want.map(|(name, of, computes)| (name, of.to_owned(), computes))
        );
        assert_eq!(layers.of_node, [0, 1, 2, 1, 3, 4, 4]);
        assert_eq!(
            (layers.reads(&graph, 1), layers.results(&graph, 1)),
            (vec![moved], vec![a])
        );
        assert_eq!(
            (layers.reads(&graph, 4), layers.results(&graph, 4)),
            (vec![b], vec![c])
        );
    }
}
