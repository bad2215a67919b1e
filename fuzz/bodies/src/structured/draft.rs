//! A graph in the making: values that do not have their numbers yet, so that operators can be added
//! with constants of their own, and taken out again.

use super::fill::Fill;
use crate::choices::Choices;
use fixpoint_runtime::{
    error::ModelError,
    model::{Model, ValidModel, format::Quantisation, format::ValueId, validate},
    ops::Operator,
    tensor::{DType, TensorType},
};
use fixpoint_test_vectors::builder::{ModelBuilder, affine, per_element, scale, tensor};
use std::rc::Rc;

/// Elements that no tensor exceeds.
const MAX_ELEMENTS: u64 = 600;
/// Inputs that are not exceeded.
const MAX_INPUTS: usize = 6;
/// Outputs of a model.
const MAX_OUTPUTS: usize = 32;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Input(usize),
    Constant(usize),
    Node(usize),
}

/// A value as operators see it.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) source: Source,
    pub(super) dtype: DType,
    pub(super) shape: Vec<u32>,
}

/// Makes an operator from the final numbers of its operands.
type Make = Rc<dyn Fn(&[ValueId]) -> Operator>;

#[derive(Clone)]
struct Input {
    tensor: TensorType,
    fill: Fill,
    quantisation: Quantisation,
}

#[derive(Clone)]
struct Node {
    operands: Vec<Source>,
    make: Make,
    output: TensorType,
    /// Returned even if another operator reads it.
    is_output: bool,
}

/// A graph in the making.
#[derive(Clone, Default)]
pub struct Draft {
    inputs: Vec<Input>,
    constants: Vec<(TensorType, Vec<i64>)>,
    nodes: Vec<Node>,
    /// What the runtime did not accept: the operator's name, and why.
    pub refused: Vec<(&'static str, String)>,
}

impl Value {
    pub(super) fn rank(&self) -> usize {
        self.shape.len()
    }
}

impl Draft {
    /// Operators so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no operator.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Adds an operator, unless its output would be too large.
    pub(super) fn push(
        &mut self,
        choices: &mut Choices<'_>,
        operands: &[&Value],
        (dtype, shape): (DType, &[u32]),
        make: impl Fn(&[ValueId]) -> Operator + 'static,
    ) -> Option<Value> {
        let output = tensor(dtype, shape);
        if !(1..=MAX_ELEMENTS).contains(&output.elements()) {
            return None;
        }
        self.nodes.push(Node {
            operands: operands.iter().map(|operand| operand.source).collect(),
            make: Rc::new(make),
            output,
            is_output: choices.below(4) == 0,
        });
        let source = Source::Node(self.nodes.len() - 1);
        let shape = shape.to_vec();
        Some(Value {
            source,
            dtype,
            shape,
        })
    }

    /// A new input, or a constant if there are many inputs.
    pub(super) fn input(
        &mut self,
        choices: &mut Choices<'_>,
        dtype: DType,
        shape: &[u32],
        fill: Fill,
    ) -> Value {
        if self.inputs.len() >= MAX_INPUTS {
            return self.constant(choices, dtype, shape, fill);
        }
        let of = tensor(dtype, shape);
        let quantisation = match (choices.below(4), dtype, shape.first()) {
            (_, DType::Bool | DType::I48, _) | (0 | 1, ..) => Quantisation::None,
            (2, _, Some(&size)) => {
                let entries = (2..size + 2).map(|at| affine(1, at.into(), 1));
                per_element(0, &entries.collect::<Vec<_>>())
            }
            _ => scale(1, 10, -3),
        };
        self.inputs.push(Input {
            tensor: of,
            fill,
            quantisation,
        });
        let source = Source::Input(self.inputs.len() - 1);
        let shape = shape.to_vec();
        Value {
            source,
            dtype,
            shape,
        }
    }

    /// A constant.
    pub(super) fn constant(
        &mut self,
        choices: &mut Choices<'_>,
        dtype: DType,
        shape: &[u32],
        fill: Fill,
    ) -> Value {
        let of = tensor(dtype, shape);
        let elements = fill.elements(&of, choices.u64());
        self.constants.push((of, elements));
        let source = Source::Constant(self.constants.len() - 1);
        let shape = shape.to_vec();
        Value {
            source,
            dtype,
            shape,
        }
    }

    /// All values that inputs decide.
    pub(super) fn values(&self) -> impl Iterator<Item = Value> {
        let inputs = self.inputs.iter().map(|input| &input.tensor).enumerate();
        let inputs = inputs.map(|(at, of)| (Source::Input(at), of));
        let nodes = self.nodes.iter().map(|node| &node.output).enumerate();
        let nodes = nodes.map(|(at, of)| (Source::Node(at), of));
        inputs.chain(nodes).map(|(source, of)| Value {
            source,
            dtype: of.dtype,
            shape: of.shape.to_vec(),
        })
    }

    /// The model, of as many operators as can have their outputs read.
    #[must_use]
    pub fn model(&self) -> Model {
        let is_used = |source: Source| {
            let mut operands = self.nodes.iter().flat_map(|node| &node.operands);
            operands.any(|operand| *operand == source)
        };
        let mut model = ModelBuilder::new();
        for (at, input) in self.inputs.iter().enumerate() {
            let name = format!("x{at}");
            model.input(&name, input.tensor.clone(), input.quantisation.clone());
        }
        let mut constants = vec![0; self.constants.len()];
        for (at, (of, elements)) in self.constants.iter().enumerate() {
            if is_used(Source::Constant(at)) {
                constants[at] = model.constant(of.clone(), elements);
            }
        }
        let mut nodes = Vec::new();
        for node in &self.nodes {
            let number = |source: &Source| match *source {
                Source::Input(at) => at as ValueId,
                Source::Constant(at) => constants[at],
                Source::Node(at) => nodes[at],
            };
            let operands: Vec<_> = node.operands.iter().map(number).collect();
            let number = model.push((node.make)(&operands));
            nodes.push(number);
        }
        let (ends, others): (Vec<_>, Vec<_>) =
            (0..self.nodes.len()).partition(|at| !is_used(Source::Node(*at)));
        let others = others.into_iter().filter(|at| self.nodes[*at].is_output);
        let outputs = ends.into_iter().chain(others).take(MAX_OUTPUTS);
        for at in outputs {
            model.output(&format!("y{at}"), nodes[at], Quantisation::None);
        }
        model.build()
    }

    /// Takes out operators that the runtime does not accept until it accepts the model; `None` if
    /// none is left.
    ///
    /// # Panics
    /// If the runtime refuses for a reason that no operator has.
    pub fn make_valid(&mut self) -> Option<ValidModel> {
        while !self.nodes.is_empty() {
            let model = self.model();
            match validate(model.clone()) {
                Ok(valid) => return Some(valid),
                Err(ModelError::Operator { operator, cause }) => {
                    let name = model.operators[usize::from(operator)].name();
                    // Without numbers, which would make each one different.
                    let cause = format!("{cause:?}");
                    let cause = cause.split(' ').next().unwrap_or_default();
                    self.refused.push((name, cause.to_owned()));
                    self.remove(operator);
                }
                Err(
                    ModelError::UnusedOperator { operator }
                    | ModelError::ValidationSteps { operator, .. },
                ) => self.remove(operator),
                Err(error) => panic!("{error} in {model:?}"),
            }
        }
        None
    }

    /// Takes out an operator, and all that depend on it.
    pub fn remove(&mut self, operator: u16) {
        let mut numbers = vec![None; self.nodes.len()];
        let mut kept = Vec::new();
        for (at, mut node) in self.nodes.drain(..).enumerate() {
            let renumber = |source: &Source| match *source {
                Source::Node(at) => numbers[at].map(Source::Node),
                other => Some(other),
            };
            let operands: Option<Vec<_>> = node.operands.iter().map(renumber).collect();
            if let (true, Some(operands)) = (at != usize::from(operator), operands) {
                numbers[at] = Some(kept.len());
                node.operands = operands;
                kept.push(node);
            }
        }
        self.nodes = kept;
    }

    /// Bytes for all inputs, from a seed: what the operators want, or the edges of the types.
    #[must_use]
    pub fn input_bytes(&self, seed: u64, is_edgy: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (input, seed) in self.inputs.iter().zip(seed..) {
            let fill = if is_edgy { Fill::Edges } else { input.fill };
            let size_bytes = input.tensor.dtype.size_bytes();
            // Seeds that follow one another are far apart in what they give.
            for element in fill.elements(&input.tensor, seed.wrapping_mul(0x9e37_79b9)) {
                bytes.extend(&element.to_le_bytes()[..size_bytes]);
            }
        }
        bytes
    }

    /// Types of the operators' outputs as they were meant, for a check of this generator.
    pub fn expected_types(&self) -> impl Iterator<Item = &TensorType> {
        self.nodes.iter().map(|node| &node.output)
    }
}
