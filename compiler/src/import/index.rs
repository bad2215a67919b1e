//! Elements picked by indices.

use super::source::{Added, Converted, Source};
use crate::{
    CompileError,
    ir::{Binary, Comparison, Element, Op, Tensor, ValueIndex},
    tensor::strides,
};

impl Source<'_> {
    pub(super) fn indexed(&mut self) -> Converted {
        let result = match self.operator() {
            "Gather" => self.gather()?,
            "GatherElements" => self.gather_elements()?,
            "GatherND" => self.gather_nd()?,
            _ => self.one_hot()?,
        };
        Ok(vec![result])
    }

    /// Indices counted from the front, all in range where they are constant.
    fn counted(&mut self, indices: ValueIndex, size: usize) -> Added {
        if let Some(constant) = self.known(indices) {
            let size = size as f64;
            let counted: Vec<f64> = constant
                .elements
                .iter()
                .map(|&index| if index < 0.0 { index + size } else { index })
                .collect();
            if counted.iter().any(|&index| index < 0.0 || index >= size) {
                return Err(self.unsupported(format!("an index is out of range (size {size})")));
            }
            return Ok(self.constant(Tensor::integer(&constant.shape, counted)));
        }
        let zero = self.scalar(Element::Integer, 0.0);
        let length = self.scalar(Element::Integer, size as f64);
        let negative = self.add(Op::Compare(Comparison::Greater), &[zero, indices])?;
        let moved = self.binary(Binary::Add, indices, length)?;
        self.add(Op::Select, &[negative, moved, indices])
    }

    fn gather(&mut self) -> Added {
        let (values, indices) = (self.value(0)?, self.value(1)?);
        let shape = self.shape(values);
        let axis = self.axis(self.integer("axis", 0), shape.len())?;
        let indices = self.counted(indices, shape[axis])?;
        if let Some(constant) = self.known(indices)
            && constant.shape.len() <= 1
        {
            let picked: Vec<usize> = constant.elements.iter().map(|&i| i as usize).collect();
            let result = self.pick(values, axis, &picked)?;
            let mut shape = self.shape(result);
            if constant.shape.is_empty() {
                shape.remove(axis);
            }
            return self.reshape(result, &shape);
        }
        self.add(Op::Gather { axis }, &[values, indices])
    }

    /// Elements of a tensor by their positions in row-major order.
    fn flat(&mut self, values: ValueIndex, positions: ValueIndex) -> Added {
        let count = self.shape(values).iter().product();
        let flat = self.reshape(values, &[count])?;
        self.add(Op::Gather { axis: 0 }, &[flat, positions])
    }

    fn gather_elements(&mut self) -> Added {
        let (values, indices) = (self.value(0)?, self.value(1)?);
        let (shape, picked) = (self.shape(values), self.shape(indices));
        let axis = self.axis(self.integer("axis", 0), shape.len())?;
        let indices = self.counted(indices, shape[axis])?;
        let steps = strides(&shape);
        let mut others = steps.clone();
        others[axis] = 0;
        let base = crate::tensor::walk(&picked, 0, &others);
        let base = base.iter().map(|&position| position as f64).collect();
        let base = self.constant(Tensor::integer(&picked, base));
        let stride = self.scalar(Element::Integer, steps[axis] as f64);
        let along = self.binary(Binary::Mul, indices, stride)?;
        let positions = self.binary(Binary::Add, along, base)?;
        self.flat(values, positions)
    }

    fn gather_nd(&mut self) -> Added {
        let (values, indices) = (self.value(0)?, self.value(1)?);
        let (shape, tuples) = (self.shape(values), self.shape(indices));
        let batch = self.integer("batch_dims", 0).max(0) as usize;
        let Some((&depth, outer)) = tuples.split_last() else {
            return Err(self.unsupported("its indices must be a tensor of tuples"));
        };
        let rest = &shape[batch + depth..];
        let inner: usize = rest.iter().product();
        let steps = strides(&shape);
        let mut rows = self.batch_rows(&shape, outer, batch, inner)?;
        for position in 0..depth {
            let axis = batch + position;
            let index = self.slice(indices, tuples.len() - 1, position, 1)?;
            let index = self.reshape(index, outer)?;
            let index = self.counted(index, shape[axis])?;
            let stride = self.scalar(Element::Integer, (steps[axis] / inner) as f64);
            let along = self.binary(Binary::Mul, index, stride)?;
            rows = self.binary(Binary::Add, rows, along)?;
        }
        let count = shape.iter().product::<usize>() / inner;
        let table = self.reshape(values, &[count, inner])?;
        let picked = self.add(Op::Gather { axis: 0 }, &[table, rows])?;
        self.reshape(picked, &[outer, rest].concat())
    }

    /// For each tuple, the first row of its batch.
    fn batch_rows(
        &mut self,
        shape: &[usize],
        outer: &[usize],
        batch: usize,
        inner: usize,
    ) -> Result<ValueIndex, CompileError> {
        let steps = strides(shape);
        let along: Vec<usize> = (0..outer.len())
            .map(|axis| if axis < batch { steps[axis] / inner } else { 0 })
            .collect();
        let rows = crate::tensor::walk(outer, 0, &along);
        let rows = rows.iter().map(|&row| row as f64).collect();
        Ok(self.constant(Tensor::integer(outer, rows)))
    }

    fn one_hot(&mut self) -> Added {
        let indices = self.value(0)?;
        let depth = self
            .required(1, "depth")?
            .to_i64()
            .first()
            .copied()
            .unwrap_or(0)
            .max(1);
        let mut shape = self.shape(indices);
        let axis = self.axis(self.integer("axis", -1), shape.len() + 1)?;
        let indices = if self.element(indices) == Element::Real {
            self.cast(indices, Element::Integer)?
        } else {
            indices
        };
        let zero = self.scalar(Element::Integer, 0.0);
        let length = self.scalar(Element::Integer, depth as f64);
        let negative = self.add(Op::Compare(Comparison::Greater), &[zero, indices])?;
        let moved = self.binary(Binary::Add, indices, length)?;
        let counted = self.add(Op::Select, &[negative, moved, indices])?;
        shape.insert(axis, 1);
        let counted = self.reshape(counted, &shape)?;
        let mut along = vec![1; shape.len()];
        along[axis] = depth as usize;
        let counting = (0..depth).map(|index| index as f64).collect();
        let positions = self.constant(Tensor::integer(&along, counting));
        let hit = self.add(Op::Compare(Comparison::Equal), &[counted, positions])?;
        let values = self.value(2)?;
        let off = self.slice(values, 0, 0, 1)?;
        let on = self.slice(values, 0, 1, 1)?;
        self.add(Op::Select, &[hit, on, off])
    }
}
