//! What importers build graphs with.

use super::{
    source::{Added, Source},
    unsupported,
};
use crate::{
    ir::{Affine, Binary, Dense, Element, Op, Reduction, Tensor, Unary, ValueIndex},
    masks,
    tensor::broadcast_shape,
};

impl Source<'_> {
    pub(super) fn add(&mut self, op: Op, inputs: &[ValueIndex]) -> Added {
        let added = self.importer.graph.add(&self.origin, op, inputs);
        added.map_err(|reason| unsupported(self.node, reason))
    }

    pub(super) fn add_shaped(
        &mut self,
        op: Op,
        inputs: &[ValueIndex],
        shape: Vec<usize>,
        element: Element,
    ) -> Added {
        let graph = &mut self.importer.graph;
        let added = graph.add_shaped(&self.origin, op, inputs, shape, element);
        added.map_err(|reason| unsupported(self.node, reason))
    }

    pub(super) fn constant(&mut self, tensor: Tensor) -> ValueIndex {
        self.importer.graph.constant(&self.origin.name, tensor)
    }

    /// A constant of rank 0.
    pub(super) fn scalar(&mut self, element: Element, value: f64) -> ValueIndex {
        self.constant(Tensor::of(element, &[], vec![value]))
    }

    pub(super) fn reshape(&mut self, value: ValueIndex, shape: &[usize]) -> Added {
        let from = self.shape(value);
        if from == shape {
            return Ok(value);
        }
        if from.iter().product::<usize>() != shape.iter().product::<usize>() {
            return Err(self.unsupported(format!("{from:?} cannot be reshaped to {shape:?}")));
        }
        let element = self.element(value);
        self.add_shaped(Op::Reshape, &[value], shape.to_vec(), element)
    }

    pub(super) fn transpose(&mut self, value: ValueIndex, permutation: &[usize]) -> Added {
        if permutation.is_sorted() {
            return Ok(value);
        }
        let permutation = permutation.to_vec();
        let transposed = self.add(
            Op::Transpose {
                permutation: permutation.clone(),
            },
            &[value],
        )?;
        self.importer
            .quantised
            .transpose(value, transposed, &permutation);
        Ok(transposed)
    }

    pub(super) fn broadcast(&mut self, value: ValueIndex, shape: &[usize]) -> Added {
        let from = self.shape(value);
        if from == shape {
            return Ok(value);
        }
        if broadcast_shape(&from, shape).as_deref() != Some(shape) {
            return Err(self.unsupported(format!("{from:?} cannot be broadcast to {shape:?}")));
        }
        let mut longer = vec![1; shape.len() - from.len()];
        longer.extend(from);
        let value = self.reshape(value, &longer)?;
        if longer == shape {
            return Ok(value);
        }
        let element = self.element(value);
        self.add_shaped(Op::Broadcast, &[value], shape.to_vec(), element)
    }

    pub(super) fn slice(
        &mut self,
        value: ValueIndex,
        axis: usize,
        first: usize,
        length: usize,
    ) -> Added {
        let mut shape = self.shape(value);
        if (first, length) == (0, shape[axis]) {
            return Ok(value);
        }
        let mut start = vec![0; shape.len()];
        (start[axis], shape[axis]) = (first, length);
        let element = self.element(value);
        self.add_shaped(Op::Slice { start }, &[value], shape, element)
    }

    pub(super) fn concat(&mut self, values: &[ValueIndex], axis: usize) -> Added {
        if let &[only] = values {
            return Ok(only);
        }
        self.add(Op::Concat { axis }, values)
    }

    pub(super) fn unary(&mut self, function: Unary, value: ValueIndex) -> Added {
        self.add(Op::Unary(function), &[value])
    }

    pub(super) fn reduce(&mut self, kind: Reduction, axes: &[usize], value: ValueIndex) -> Added {
        if axes.is_empty() {
            return Ok(value);
        }
        let axes = axes.to_vec();
        self.add(Op::Reduce { kind, axes }, &[value])
    }

    /// `x * scale + offset` with numbers.
    pub(super) fn linear(&mut self, value: ValueIndex, scale: f64, offset: f64) -> Added {
        let affine = Affine {
            shape: vec![1; self.shape(value).len()],
            scale: vec![scale as f32],
            offset: vec![offset as f32],
        };
        self.add(Op::Affine(affine), &[value])
    }

    /// A function of two tensors; one that is constant goes into an affine map where it can.
    pub(super) fn binary(&mut self, op: Binary, a: ValueIndex, b: ValueIndex) -> Added {
        let real = self.element(a) == Element::Real;
        let map: Option<fn(f64) -> (f64, f64)> = match (op, self.known(a), self.known(b)) {
            (Binary::Add, ..) => Some(|c| (1.0, c)),
            (Binary::Mul, ..) => Some(|c| (c, 0.0)),
            (Binary::Sub, None, Some(_)) => Some(|c| (1.0, -c)),
            (Binary::Sub, Some(_), None) => Some(|c| (-1.0, c)),
            (Binary::Div, None, Some(_)) => Some(|c| (1.0 / c, 0.0)),
            _ => None,
        };
        let operands = match (self.known(a), self.known(b)) {
            (None, Some(constant)) => Some((a, constant)),
            (Some(constant), None) => Some((b, constant)),
            _ => None,
        };
        if let (true, Some(map), Some((value, constant))) = (real, map, operands)
            && !masks::is_mask(&constant)
            && let Some(affine) = self.affine(value, &constant, map)
        {
            return self.add(Op::Affine(affine), &[value]);
        }
        self.add(Op::Binary(op), &[a, b])
    }

    /// `x * scale + offset`, both from a constant; nothing if it makes the tensor larger.
    fn affine(
        &self,
        value: ValueIndex,
        constant: &Tensor,
        of: fn(f64) -> (f64, f64),
    ) -> Option<Affine> {
        let shape = self.shape(value);
        let mut own = vec![1; shape.len().checked_sub(constant.shape.len())?];
        own.extend(&constant.shape);
        let grows = own.iter().zip(&shape).any(|(&c, &x)| c != 1 && c != x);
        let pairs = constant.elements.iter().map(|&element| of(element));
        let (scale, offset) = pairs.map(|(s, o)| (s as f32, o as f32)).unzip();
        (!grows).then_some(Affine {
            shape: own,
            scale,
            offset,
        })
    }

    /// Each slice along an axis times a matrix `[outputs, inputs]`.
    pub(super) fn along(&mut self, value: ValueIndex, axis: usize, rows: &[Vec<f64>]) -> Added {
        let rank = self.shape(value).len();
        let mut swapped: Vec<usize> = (0..rank).collect();
        swapped.swap(axis, rank - 1);
        let moved = self.transpose(value, &swapped)?;
        let dense = Dense {
            weights: rows.iter().flatten().map(|&weight| weight as f32).collect(),
            bias: vec![0.0; rows.len()],
            inputs: self.shape(value)[axis],
            outputs: rows.len(),
            grid: None,
        };
        let product = self.add(Op::Dense(dense), &[moved])?;
        self.transpose(product, &swapped)
    }

    /// Slices along an axis, by constant indices.
    pub(super) fn pick(&mut self, value: ValueIndex, axis: usize, indices: &[usize]) -> Added {
        let consecutive = indices.windows(2).all(|pair| pair[1] == pair[0] + 1);
        if consecutive && let Some(&first) = indices.first() {
            return self.slice(value, axis, first, indices.len());
        }
        let elements = indices.iter().map(|&index| index as f64).collect();
        let indices = self.constant(Tensor::integer(&[indices.len()], elements));
        self.add(Op::Gather { axis }, &[value, indices])
    }
}
