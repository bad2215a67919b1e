//! Reductions, the largest and smallest elements, running sums.

use super::source::{Added, Converted, Source};
use crate::{
    CompileError,
    ir::{Affine, Binary, Comparison, Element, Op, Reduction, Tensor, Unary, ValueIndex},
};

/// Largest `k` of a TopK: each element is a search of its own.
const MAX_TOP: usize = 64;
/// Longest axis of a ReduceProd: each element is a product of its own.
const MAX_FACTORS: usize = 256;

impl Source<'_> {
    pub(super) fn reduction(&mut self) -> Converted {
        let x = self.value(0)?;
        let shape = self.shape(x);
        let axes = self.moved_integers(1, "axes")?.unwrap_or_default();
        if axes.is_empty() && self.integer("noop_with_empty_axes", 0) != 0 {
            return Ok(vec![x]);
        }
        let axes = if axes.is_empty() {
            (0..shape.len()).collect()
        } else {
            self.axes(&axes, shape.len())?
        };
        let reduced = self.reduced(x, &axes)?;
        let mut result = self.shape(reduced);
        if self.integer("keepdims", 1) == 0 {
            let kept = (0..shape.len()).filter(|axis| !axes.contains(axis));
            result = kept.map(|axis| result[axis]).collect();
        }
        Ok(vec![self.reshape(reduced, &result)?])
    }

    /// The reduction, its axes kept.
    fn reduced(&mut self, x: ValueIndex, axes: &[usize]) -> Added {
        match self.operator() {
            "ReduceSum" => self.reduce(Reduction::Sum, axes, x),
            "ReduceMean" => self.reduce(Reduction::Mean, axes, x),
            "ReduceMax" => self.reduce(Reduction::Max, axes, x),
            "ReduceMin" => self.reduce(Reduction::Min, axes, x),
            "ReduceL1" => {
                let magnitudes = self.unary(Unary::Abs, x)?;
                self.reduce(Reduction::Sum, axes, magnitudes)
            }
            "ReduceL2" | "ReduceSumSquare" => {
                let squares = self.binary(Binary::Mul, x, x)?;
                let sum = self.reduce(Reduction::Sum, axes, squares)?;
                if self.operator() == "ReduceL2" {
                    self.unary(Unary::Sqrt, sum)
                } else {
                    Ok(sum)
                }
            }
            "ReduceLogSum" => {
                let sum = self.reduce(Reduction::Sum, axes, x)?;
                self.unary(Unary::Log, sum)
            }
            "ReduceLogSumExp" => {
                let highest = self.reduce(Reduction::Max, axes, x)?;
                let below = self.binary(Binary::Sub, x, highest)?;
                let powers = self.unary(Unary::Exp, below)?;
                let sum = self.reduce(Reduction::Sum, axes, powers)?;
                let logarithm = self.unary(Unary::Log, sum)?;
                self.binary(Binary::Add, highest, logarithm)
            }
            _ => self.factors(x, axes),
        }
    }

    /// The product along axes, as a tree.
    fn factors(&mut self, x: ValueIndex, axes: &[usize]) -> Added {
        let mut x = x;
        for &axis in axes {
            let length = self.shape(x)[axis];
            if length > MAX_FACTORS {
                return Err(self.unsupported(format!(
                    "a product of {length} elements: at most {MAX_FACTORS} are supported"
                )));
            }
            if length == 0 {
                let mut shape = self.shape(x);
                shape[axis] = 1;
                let ones = vec![1.0; shape.iter().product()];
                x = self.constant(Tensor::of(self.element(x), &shape, ones));
            }
            while self.shape(x)[axis] > 1 {
                let length = self.shape(x)[axis];
                let half = length / 2;
                let first = self.slice(x, axis, 0, half)?;
                let second = self.slice(x, axis, half, half)?;
                let mut product = self.binary(Binary::Mul, first, second)?;
                if length % 2 == 1 {
                    let last = self.slice(x, axis, length - 1, 1)?;
                    product = self.concat(&[product, last], axis)?;
                }
                x = product;
            }
        }
        Ok(x)
    }

    pub(super) fn arg_extreme(&mut self) -> Converted {
        let mut x = self.value(0)?;
        let mut shape = self.shape(x);
        let axis = self.axis(self.integer("axis", 0), shape.len())?;
        if self.operator() == "ArgMin" {
            x = self.negated(x)?;
        }
        let last = self.integer("select_last_index", 0) != 0;
        if last {
            let backwards: Vec<usize> = (0..shape[axis]).rev().collect();
            x = self.pick(x, axis, &backwards)?;
        }
        let mut index = self.index_of_largest(x, axis)?;
        if last {
            let end = self.scalar(Element::Integer, (shape[axis] - 1) as f64);
            index = self.binary(Binary::Sub, end, index)?;
        }
        if self.integer("keepdims", 1) != 0 {
            shape[axis] = 1;
            index = self.reshape(index, &shape)?;
        }
        Ok(vec![index])
    }

    /// Index of the first of the largest elements along an axis, which goes.
    fn index_of_largest(&mut self, x: ValueIndex, axis: usize) -> Added {
        if self.element(x) != Element::Integer {
            return self.add(Op::ArgMax { axis }, &[x]);
        }
        // ARGMAX is for narrower elements: the smallest position that holds the largest.
        let mut shape = self.shape(x);
        let length = shape.remove(axis);
        let largest = self.reduce(Reduction::Max, &[axis], x)?;
        let hit = self.add(Op::Compare(Comparison::Equal), &[x, largest])?;
        let positions = self.positions(self.shape(x).len(), axis, length);
        let end = self.scalar(Element::Integer, length as f64);
        let candidates = self.add(Op::Select, &[hit, positions, end])?;
        let first = self.reduce(Reduction::Min, &[axis], candidates)?;
        self.reshape(first, &shape)
    }

    /// 0, 1, 2, ... along an axis of a tensor of this rank.
    fn positions(&mut self, rank: usize, axis: usize, length: usize) -> ValueIndex {
        let mut along = vec![1; rank];
        along[axis] = length;
        let counting = (0..length).map(|index| index as f64).collect();
        self.constant(Tensor::integer(&along, counting))
    }

    /// The largest, then the largest of the rest, and so on.
    pub(super) fn top_k(&mut self) -> Converted {
        let original = self.value(0)?;
        let shape = self.shape(original);
        let axis = self.axis(self.integer("axis", -1), shape.len())?;
        let k = match self.moved_integers(1, "k")? {
            Some(k) if !k.is_empty() => k[0],
            _ => self.integer("k", 1),
        };
        let k = usize::try_from(k).unwrap_or(0);
        if k == 0 || k > MAX_TOP || k > shape[axis] {
            return Err(self.unsupported(format!("k = {k}: 1 to {MAX_TOP} are supported")));
        }
        let smallest = self.integer("largest", 1) == 0;
        let start = if smallest {
            self.negated(original)?
        } else {
            original
        };
        let positions = self.positions(shape.len(), axis, shape[axis]);
        let (mut rest, mut values, mut indices) = (start, Vec::new(), Vec::new());
        for step in 0..k {
            let largest = self.reduce(Reduction::Max, &[axis], rest)?;
            let index = self.index_of_largest(rest, axis)?;
            let index = self.reshape(index, &self.shape(largest))?;
            values.push(largest);
            indices.push(index);
            if step + 1 < k {
                // What was taken becomes the smallest there is.
                let lowest = self.reduce(Reduction::Min, &[axis], start)?;
                let taken = self.add(Op::Compare(Comparison::Equal), &[positions, index])?;
                let below = self.below(lowest)?;
                rest = self.add(Op::Select, &[taken, below, rest])?;
            }
        }
        let values = self.concat(&values, axis)?;
        let values = if smallest {
            self.negated(values)?
        } else {
            values
        };
        Ok(vec![values, self.concat(&indices, axis)?])
    }

    /// Something smaller than a number that may itself be the smallest of a tensor.
    fn below(&mut self, x: ValueIndex) -> Added {
        if self.element(x) == Element::Integer {
            let one = self.scalar(Element::Integer, 1.0);
            return self.binary(Binary::Sub, x, one);
        }
        // A little more than rounding to 8 bits can hide.
        let magnitude = self.unary(Unary::Abs, x)?;
        let step = self.linear(magnitude, 0.1, 0.1)?;
        self.binary(Binary::Sub, x, step)
    }

    pub(super) fn cumulative_sum(&mut self) -> Converted {
        let x = self.value(0)?;
        let shape = self.shape(x);
        let axis = self
            .optional_integers(1, "axis")?
            .and_then(|axis| axis.first().copied());
        let axis = self.axis(axis.unwrap_or(0), shape.len())?;
        let exclusive = self.integer("exclusive", 0) != 0;
        let reverse = self.integer("reverse", 0) != 0;
        let counts = |output: usize, input: usize| {
            let (early, late) = if reverse {
                (output, input)
            } else {
                (input, output)
            };
            early < late || (early == late && !exclusive)
        };
        let length = shape[axis];
        if self.element(x) == Element::Real {
            let row = |output| {
                (0..length)
                    .map(|input| f64::from(counts(output, input)))
                    .collect()
            };
            let rows: Vec<Vec<f64>> = (0..length).map(row).collect();
            return Ok(vec![self.along(x, axis, &rows)?]);
        }
        let zero = self.pick(x, axis, &[0])?;
        let zero = self.binary(Binary::Sub, zero, zero)?;
        let mut sums = vec![zero; length];
        let mut running = zero;
        for step in 0..length {
            let index = if reverse { length - 1 - step } else { step };
            let element = self.pick(x, axis, &[index])?;
            let next = self.binary(Binary::Add, running, element)?;
            sums[index] = if exclusive { running } else { next };
            running = next;
        }
        Ok(vec![self.concat(&sums, axis)?])
    }

    /// Elements kept where a constant mask is 1, 0 elsewhere.
    pub(super) fn masked(
        &mut self,
        x: ValueIndex,
        mask: &Tensor,
    ) -> Result<ValueIndex, CompileError> {
        if self.element(x) == Element::Real {
            let affine = Affine {
                shape: mask.shape.clone(),
                scale: mask.to_f32(),
                offset: vec![0.0; mask.elements.len()],
            };
            return self.add(Op::Affine(affine), &[x]);
        }
        let kept = Tensor::of(Element::Boolean, &mask.shape, mask.elements.clone());
        let kept = self.constant(kept);
        let zero = self.scalar(self.element(x), 0.0);
        self.add(Op::Select, &[kept, x, zero])
    }
}
