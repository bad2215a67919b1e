//! Adding operators to a graph: the output's shape follows from the operator, and what depends on
//! constants alone is computed at once.

use super::{Element, Graph, Grid, Node, Op, Reduction, Tensor, Value, ValueIndex};
use crate::{float, tensor::broadcast_shape};
use std::sync::Arc;

/// The node of the source model that is being added, for names and messages.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// Its name.
    pub name: String,
    /// Its operator.
    pub source: String,
}

impl Graph {
    /// Adds an input.
    pub fn input(&mut self, name: &str, shape: Vec<usize>, element: Element) -> ValueIndex {
        let index = self.value(Value {
            name: name.to_owned(),
            shape,
            element,
            constant: None,
            grid: None,
        });
        self.inputs.push(index);
        index
    }

    /// Adds a constant.
    pub fn constant(&mut self, name: &str, tensor: Tensor) -> ValueIndex {
        self.value(Value {
            name: name.to_owned(),
            shape: tensor.shape.clone(),
            element: tensor.element,
            constant: Some(Arc::new(tensor)),
            grid: None,
        })
    }

    /// Adds an operator whose output has the shape and elements that follow from what it reads.
    ///
    /// # Errors
    /// In words, if the operands do not fit.
    pub fn add(
        &mut self,
        origin: &Origin,
        op: Op,
        inputs: &[ValueIndex],
    ) -> Result<ValueIndex, String> {
        let operands: Vec<&Value> = inputs.iter().map(|&input| &self.values[input]).collect();
        let shape = output_shape(&op, &operands)?;
        let element = output_element(&op, &operands);
        self.add_shaped(origin, op, inputs, shape, element)
    }

    /// Adds an operator whose output's shape or elements do not follow from what it reads.
    ///
    /// # Errors
    /// In words, if the output would be empty.
    pub fn add_shaped(
        &mut self,
        origin: &Origin,
        op: Op,
        inputs: &[ValueIndex],
        shape: Vec<usize>,
        element: Element,
    ) -> Result<ValueIndex, String> {
        let constants: Option<Vec<Arc<Tensor>>> = inputs
            .iter()
            .map(|&input| self.values[input].constant.clone())
            .collect();
        let name = format!("{}/{}", origin.name, self.values.len());
        if let Some(constants) = constants {
            let operands: Vec<&Tensor> = constants.iter().map(AsRef::as_ref).collect();
            let tensor = float::apply(&op, &operands, &shape, element);
            return Ok(self.constant(&name, tensor));
        }
        if shape.contains(&0) {
            return Err("its output is empty".to_owned());
        }
        let grid = self.grid(&op, inputs);
        let output = self.value(Value {
            name,
            shape,
            element,
            constant: None,
            grid,
        });
        self.nodes.push(Node {
            name: origin.name.clone(),
            source: origin.source.clone(),
            op,
            inputs: inputs.to_vec(),
            output,
        });
        Ok(output)
    }

    /// The integers of what an operator computes, where it hands on what it reads.
    fn grid(&self, op: &Op, inputs: &[ValueIndex]) -> Option<Grid> {
        let first = self.values[inputs[0]].grid;
        match op {
            Op::Quantise(grid) | Op::Decode(grid) => Some(*grid),
            op if op.picks() => first,
            Op::Concat { .. } => first.filter(|_| {
                let mut rest = inputs.iter().map(|&input| self.values[input].grid);
                rest.all(|grid| grid == first)
            }),
            _ => None,
        }
    }

    fn value(&mut self, value: Value) -> ValueIndex {
        self.values.push(value);
        self.values.len() - 1
    }
}

/// What an operator's output consists of.
fn output_element(op: &Op, operands: &[&Value]) -> Element {
    match op {
        Op::Compare(_) | Op::Logical(_) | Op::Not => Element::Boolean,
        Op::ArgMax { .. } | Op::Encode(_) => Element::Integer,
        Op::Decode(_) => Element::Real,
        Op::Select => operands[1].element,
        _ => operands[0].element,
    }
}

/// The shape of an operator's output.
fn output_shape(op: &Op, operands: &[&Value]) -> Result<Vec<usize>, String> {
    let mut shape = operands[0].shape.clone();
    let rank = shape.len();
    match op {
        Op::Conv(conv) => {
            let reach = conv.reach();
            windows(&mut shape, &conv.window, reach)?;
            shape[1] = conv.output_channels;
        }
        Op::MaxPool(window) | Op::AveragePool(window) => {
            windows(&mut shape, window, window.kernel)?;
        }
        Op::Dense(dense) => {
            if shape.last() != Some(&dense.inputs) {
                return Err(format!(
                    "its weights are for {} inputs, its tensor has the shape {shape:?}",
                    dense.inputs
                ));
            }
            shape[rank - 1] = dense.outputs;
        }
        Op::MatMul => {
            let other = &operands[1].shape;
            let fits = rank >= 2
                && other.len() == rank
                && other[..rank - 2] == shape[..rank - 2]
                && other[rank - 2] == shape[rank - 1];
            if !fits {
                return Err(format!("no product of {shape:?} and {other:?}"));
            }
            shape[rank - 1] = other[rank - 1];
        }
        Op::Reduce { axes, .. } => axes.iter().for_each(|&axis| shape[axis] = 1),
        Op::Binary(_) | Op::Compare(_) | Op::Logical(_) | Op::Select => {
            for operand in &operands[1..] {
                shape = broadcast_shape(&shape, &operand.shape).ok_or_else(|| {
                    format!("shapes {shape:?} and {:?} do not fit", operand.shape)
                })?;
            }
        }
        Op::Transpose { permutation } => {
            shape = permutation.iter().map(|&axis| shape[axis]).collect();
        }
        Op::Concat { axis } => {
            shape[*axis] = operands.iter().map(|operand| operand.shape[*axis]).sum();
        }
        Op::Pad { padding, .. } => {
            for (dim, (before, after)) in shape.iter_mut().zip(padding) {
                *dim += before + after;
            }
        }
        Op::Gather { axis } => {
            shape.splice(axis..=axis, operands[1].shape.iter().copied());
        }
        Op::ArgMax { axis } => {
            shape.remove(*axis);
        }
        _ => {}
    }
    Ok(shape)
}

/// Height and width after a window has slid over them.
fn windows(shape: &mut [usize], window: &super::Window, reach: [usize; 2]) -> Result<(), String> {
    for axis in [0, 1] {
        let size = shape[axis + 2] + window.pad[2 * axis] + window.pad[2 * axis + 1];
        let steps = size
            .checked_sub(reach[axis])
            .ok_or_else(|| format!("its window does not fit into {shape:?}"))?;
        shape[axis + 2] = steps / window.stride[axis] + 1;
    }
    Ok(())
}

impl super::Conv {
    /// Height and width of a window, dilation counted.
    pub fn reach(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.dilation[axis] * (self.window.kernel[axis] - 1) + 1)
    }
}

impl Reduction {
    /// Whether the result is one of the slice's elements.
    pub const fn picks(self) -> bool {
        matches!(self, Self::Max | Self::Min)
    }
}
