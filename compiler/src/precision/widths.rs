//! A graph whose layers have 8 or 16 bits: which values have how many, and conversions where two
//! layers that touch do not agree.
//!
//! A layer computes with operands of its own width. What is written for a layer of 16 bits has 16
//! bits from the start wherever an operator of 8 bits can do so: sums and products are rounded from
//! 32 bits once, to whichever width. Elsewhere a conversion stands between the two.

use super::layers::{Layers, hands_on};
use crate::{
    calibrate::Ranges,
    ir::{Binary, Element, Graph, Node, Op, ValueIndex},
};
use fixpoint_runtime::tensor::DType;
use std::collections::BTreeMap;

/// A graph with conversions, and what belongs to its values and nodes.
#[derive(Clone, Debug)]
pub(crate) struct Assigned {
    /// The graph. Its values begin with those of the graph that it was made from.
    pub(crate) graph: Graph,
    /// Ranges of its values.
    pub(crate) ranges: Ranges,
    /// Element type of each value that is a real number.
    pub(crate) dtypes: Vec<DType>,
    /// Layer of each node.
    pub(crate) layers: Vec<usize>,
}

impl Assigned {
    /// The same width everywhere.
    pub(crate) fn uniform(graph: &Graph, ranges: &Ranges, layers: &Layers, dtype: DType) -> Self {
        Self {
            graph: graph.clone(),
            ranges: ranges.clone(),
            dtypes: vec![dtype; graph.values.len()],
            layers: layers.of_node.clone(),
        }
    }

    /// 16 bits for the raised layers, 8 for the others; `demanded` values have 16 bits if what writes
    /// them can.
    pub(crate) fn mixed(
        graph: &Graph,
        ranges: &Ranges,
        layers: &Layers,
        raised: &[bool],
        demanded: &[ValueIndex],
    ) -> Self {
        let widths = Widths::of(graph, layers, raised, demanded);
        let mut assigned = Self {
            graph: Graph {
                nodes: Vec::new(),
                ..graph.clone()
            },
            ranges: ranges.clone(),
            dtypes: widths.values.iter().map(|&wide| dtype(wide)).collect(),
            layers: Vec::new(),
        };
        let mut variants = BTreeMap::new();
        for (index, node) in graph.nodes.iter().enumerate() {
            let layer = layers.of_node[index];
            let mut node = node.clone();
            for input in &mut node.inputs {
                let wide = widths.operands[index];
                *input = assigned.variant(&mut variants, *input, wide, &node.name, layer);
            }
            assigned.graph.nodes.push(node);
            assigned.layers.push(layer);
        }
        assigned
    }

    /// A value in a width, converted once where it has the other.
    fn variant(
        &mut self,
        variants: &mut BTreeMap<(ValueIndex, bool), ValueIndex>,
        value: ValueIndex,
        wide: bool,
        reader: &str,
        layer: usize,
    ) -> ValueIndex {
        let own = self.graph.values[value].clone();
        if own.element != Element::Real {
            return value;
        }
        let constant = own.constant.is_some();
        let is_new = [true, false]
            .iter()
            .all(|&of| !variants.contains_key(&(value, of)));
        if constant && is_new {
            // The first reader decides.
            variants.insert((value, wide), value);
            self.dtypes[value] = dtype(wide);
        }
        if let Some(&variant) = variants.get(&(value, wide)) {
            return variant;
        }
        if !constant && self.dtypes[value] == dtype(wide) {
            return value;
        }
        let copy = self.graph.values.len();
        self.graph.values.push(own);
        self.ranges.values.push(self.ranges.values[value]);
        self.dtypes.push(dtype(wide));
        if !constant {
            self.graph.nodes.push(Node {
                name: reader.to_owned(),
                source: "conversion".to_owned(),
                op: Op::Convert,
                inputs: vec![value],
                output: copy,
            });
            self.layers.push(layer);
        }
        variants.insert((value, wide), copy);
        copy
    }
}

const fn dtype(wide: bool) -> DType {
    if wide { DType::I16 } else { DType::I8 }
}

/// Who has 16 bits.
struct Widths {
    /// Values.
    values: Vec<bool>,
    /// What each node reads.
    operands: Vec<bool>,
}

impl Widths {
    fn of(graph: &Graph, layers: &Layers, raised: &[bool], demanded: &[ValueIndex]) -> Self {
        let is_raised = |index: usize| raised[layers.of_node[index]];
        // Values that 16 bits cost no conversion.
        let mut can = vec![false; graph.values.len()];
        for &input in &graph.inputs {
            can[input] = true;
        }
        for (index, node) in graph.nodes.iter().enumerate() {
            can[node.output] = is_raised(index)
                || rounds_once(&node.op)
                || (hands_on(graph, node) && can[node.inputs[0]]);
        }
        let mut values = vec![false; graph.values.len()];
        for &value in demanded {
            values[value] = can[value];
        }
        let mut operands = vec![false; graph.nodes.len()];
        for (index, node) in graph.nodes.iter().enumerate().rev() {
            let raised = is_raised(index);
            values[node.output] |= raised;
            operands[index] = raised || (hands_on(graph, node) && values[node.output]);
            if operands[index] {
                for &input in &node.inputs {
                    values[input] |= can[input];
                }
            }
        }
        Self { values, operands }
    }
}

/// Whether an operator's result is rounded from 32 bits, whatever the width of its operands.
const fn rounds_once(op: &Op) -> bool {
    matches!(
        op,
        Op::Conv(_)
            | Op::Dense(_)
            | Op::Affine(_)
            | Op::Binary(Binary::Add | Binary::Sub | Binary::Max | Binary::Min)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        calibrate::Range,
        ir::{Dense, Unary, build::Origin},
    };

    /// Dense, Tanh, Dense, Clamp, Dense, and a sum of the Tanh and the last.
    fn graph() -> (Graph, Layers, Ranges) {
        let mut graph = Graph::default();
        let x = graph.input("x", vec![1, 2], Element::Real);
        let mut add = |name: &str, op: Op, inputs: &[ValueIndex]| {
            let origin = Origin {
                name: name.to_owned(),
                source: "Op".to_owned(),
            };
            graph.add(&origin, op, inputs).expect("fits")
        };
        let dense = || {
            Op::Dense(Dense {
                weights: vec![1.0; 4],
                bias: vec![0.0; 2],
                inputs: 2,
                outputs: 2,
                grid: None,
            })
        };
        let a = add("a", dense(), &[x]);
        let b = add("b", Op::Unary(Unary::Tanh), &[a]);
        let c = add("c", dense(), &[b]);
        let cut = add(
            "cut",
            Op::Clamp {
                low: 0.0,
                high: 1.0,
            },
            &[c],
        );
        let d = add("d", dense(), &[cut]);
        let e = add("e", Op::Binary(Binary::Add), &[b, d]);
        graph.outputs = vec![("y".to_owned(), e)];
        let ranges = Ranges {
            values: vec![
                Range {
                    min: -1.0,
                    max: 1.0
                };
                graph.values.len()
            ],
            features: vec![vec![
                Range {
                    min: -1.0,
                    max: 1.0
                };
                2
            ]],
        };
        (graph.clone(), Layers::of(&graph), ranges)
    }

    /// What each node reads and writes, as bits.
    fn widths(raised: [bool; 5], demanded: &[ValueIndex]) -> Vec<String> {
        let (graph, layers, ranges) = graph();
        assert_eq!(layers.list.len(), 5);
        let assigned = Assigned::mixed(&graph, &ranges, &layers, &raised, demanded);
        let bits = |&value: &ValueIndex| {
            if assigned.dtypes[value] == DType::I16 {
                "16"
            } else {
                "8"
            }
        };
        let told = |node: &Node| {
            let reads: Vec<_> = node.inputs.iter().map(bits).collect();
            let kind = if matches!(node.op, Op::Convert) {
                "->"
            } else {
                ""
            };
            format!(
                "{}{kind} {} {}",
                node.name,
                reads.join(","),
                bits(&node.output)
            )
        };
        assert_eq!(assigned.graph.nodes.len(), assigned.layers.len());
        assert_eq!(assigned.graph.values.len(), assigned.ranges.values.len());
        assigned.graph.nodes.iter().map(told).collect()
    }

    #[test]
    fn a_wide_layer_reads_what_was_written_wide_if_that_can_be() {
        // The sum of 8 bits reads the Tanh's own; the layer of 16 bits one that is converted.
        let got = widths([false, false, true, false, false], &[]);
        let want = [
            "a 8 8",
            "b 8 8",
            "c-> 8 16",
            "c 16 16",
            "cut 16 16",
            "d-> 16 8",
            "d 8 8",
            "e 8,8 8",
        ];
        assert_eq!(got, want);
        // A product of 8 bits rounds to 16, and the clamp behind it keeps them.
        let got = widths([false, false, false, true, false], &[]);
        let want = [
            "a 8 8",
            "b 8 8",
            "c 8 16",
            "cut 16 16",
            "d 16 16",
            "e-> 16 8",
            "e 8,8 8",
        ];
        assert_eq!(got, want);
        // The graph's input comes wide, and two readers of a conversion share it.
        let got = widths([true, false, true, false, true], &[]);
        let want = [
            "a 16 16",
            "b-> 16 8",
            "b 8 8",
            "c-> 8 16",
            "c 16 16",
            "cut 16 16",
            "d-> 16 8",
            "d 8 16",
            "e 16,16 16",
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn what_is_demanded_is_written_wide_if_that_can_be() {
        let (graph, ..) = graph();
        let outputs: Vec<_> = graph.nodes.iter().map(|node| node.output).collect();
        let got = widths([false; 5], &[outputs[1], outputs[4]]);
        let want = [
            "a 8 8", "b 8 8", "c 8 8", "cut 8 8", "d 8 16", "e-> 16 8", "e 8,8 8",
        ];
        assert_eq!(got, want);
    }
}
