//! Elements that only move, and the index of the largest.

use super::{ELEMENT_LIMIT, Lowerer, Wide, unsupported};
use crate::{
    error::CompileError,
    ir::{Element, Node},
};

type Computed = Result<Wide, CompileError>;

/// Most tensors that are joined at once.
const JOINED_AT_ONCE: usize = 32;

impl Lowerer<'_> {
    /// An operand with one line for all elements unless `keeps` says that lines stay with their elements.
    fn moved(&mut self, node: &Node, keeps: bool) -> Computed {
        let wide = self.read(node, 0)?;
        if wide.lines.len() == 1 || keeps {
            return Ok(wide);
        }
        Ok(self.uniform(node, 0)?.0)
    }

    pub(super) fn reshaped(&mut self, node: &Node) -> Computed {
        let shape = self.shape(node.output).to_vec();
        let lines = self.read(node, 0)?.lines.len();
        // Rows of whole periods of the lines stay so.
        let wide = self.moved(node, shape.last().is_some_and(|last| last % lines == 0))?;
        Ok(Wide {
            value: self.lane.builder.reshape(wide.value, &shape)?,
            ..wide
        })
    }

    pub(super) fn transposed(&mut self, node: &Node, permutation: &[usize]) -> Computed {
        let keeps = permutation.last() == Some(&(permutation.len() - 1));
        let wide = self.moved(node, keeps)?;
        let shape = self.shape(node.inputs[0]).to_vec();
        Ok(Wide {
            value: self
                .lane
                .builder
                .transpose(wide.value, &shape, permutation)?,
            ..wide
        })
    }

    pub(super) fn broadcast(&mut self, node: &Node) -> Computed {
        let (from, to) = (
            self.shape(node.inputs[0]).to_vec(),
            self.shape(node.output).to_vec(),
        );
        let wide = self.moved(node, true)?;
        let multiples: Vec<usize> = from.iter().zip(&to).map(|(from, to)| to / from).collect();
        Ok(Wide {
            value: self.lane.builder.tile(wide.value, &multiples)?,
            ..wide
        })
    }

    pub(super) fn sliced(&mut self, node: &Node, start: &[usize]) -> Computed {
        let size = self.shape(node.output).to_vec();
        let mut wide = self.moved(node, true)?;
        if wide.lines.len() > 1
            && let (Some(&first), Some(&len)) = (start.last(), size.last())
        {
            let of = |index: usize| index % wide.lines.len();
            let indices = first..first + len;
            let lines: Vec<_> = indices.clone().map(|index| wide.lines[of(index)]).collect();
            let sizes = indices.map(|index| wide.magnitudes[of(index) % wide.magnitudes.len()]);
            wide.magnitudes = sizes.collect();
            wide.lines = lines;
            // What is the same for all needs no entry for each.
            if wide.lines.iter().all(|line| *line == wide.lines[0]) {
                wide.lines.truncate(1);
                wide.magnitudes = vec![wide.magnitudes.iter().copied().fold(0.0, f64::max)];
            }
        }
        Ok(Wide {
            value: self.lane.builder.slice(wide.value, start, &size)?,
            ..wide
        })
    }

    pub(super) fn concatenated(&mut self, node: &Node, axis: usize) -> Computed {
        let mut parts = Vec::new();
        for input in 0..node.inputs.len() {
            parts.push(self.read(node, input)?);
        }
        let rank = self.shape(node.output).len();
        let same = parts.iter().all(|part| part.lines == parts[0].lines);
        let lines = if same && (parts[0].lines.len() == 1 || axis + 1 != rank) {
            parts[0].lines.clone()
        } else if axis + 1 == rank {
            // Along the last axis each part keeps its own.
            let mut lines = Vec::new();
            for (part, &input) in parts.iter().zip(&node.inputs) {
                let len = self.shape(input).last().copied().unwrap_or(1);
                lines.extend(part.lines.iter().copied().cycle().take(len));
            }
            lines
        } else {
            return self.concatenated_evenly(node, axis, &parts);
        };
        let magnitudes = if lines.len() == 1 || axis + 1 != rank {
            let size = |index: usize| {
                let sizes = parts
                    .iter()
                    .map(|part| part.magnitudes[index % part.magnitudes.len()]);
                sizes.fold(0.0, f64::max)
            };
            (0..lines.len()).map(size).collect()
        } else {
            let mut sizes = Vec::new();
            for (part, &input) in parts.iter().zip(&node.inputs) {
                let len = self.shape(input).last().copied().unwrap_or(1);
                sizes.extend(part.magnitudes.iter().copied().cycle().take(len));
            }
            sizes
        };
        let values = parts.iter().map(|part| part.value).collect();
        Ok(Wide {
            value: self.joined(values, axis)?,
            lines,
            magnitudes,
        })
    }

    /// Parts in the units of the largest.
    fn concatenated_evenly(&mut self, node: &Node, axis: usize, parts: &[Wide]) -> Computed {
        let bound = parts
            .iter()
            .fold(0.0, |max: f64, part| max.max(part.bound()));
        let bits = super::bits_for(bound, 2.0);
        let mut values = Vec::new();
        for (part, &input) in parts.iter().zip(&node.inputs) {
            let shape = self.shape(input).to_vec();
            values.push(self.with_bits(part.clone(), &shape, 1.0, bits)?.value);
        }
        Ok(Wide::even(self.joined(values, axis)?, bits, bound))
    }

    fn joined(
        &mut self,
        mut values: Vec<fixpoint_runtime::model::format::ValueId>,
        axis: usize,
    ) -> super::Emitted {
        while values.len() > 1 {
            let mut joined = Vec::new();
            for part in values.chunks(JOINED_AT_ONCE) {
                joined.push(match part {
                    &[one] => one,
                    many => self.lane.concat(many.to_vec(), axis)?,
                });
            }
            values = joined;
        }
        Ok(values[0])
    }

    pub(super) fn padded(
        &mut self,
        node: &Node,
        padding: &[(usize, usize)],
        fill: f64,
    ) -> Computed {
        let (wide, slope) = self.sloped(node, 0)?;
        let limit = f64::from(i32::MAX);
        let element = (fill / slope).round().clamp(-limit, limit);
        let bound = wide
            .bound()
            .max(if fill.is_finite() { fill.abs() } else { 0.0 });
        let value = self.lane.builder.pad(wide.value, padding, element as i32)?;
        Ok(Wide::scaled(value, slope, bound))
    }

    /// GATHER of rows: axes before the axis are batches, axes behind it the row.
    pub(super) fn gathered(&mut self, node: &Node, axis: usize) -> Computed {
        let (shape, picks) = (
            self.shape(node.inputs[0]).to_vec(),
            self.shape(node.inputs[1]).to_vec(),
        );
        let output = self.shape(node.output).to_vec();
        if self.element(node.inputs[0]) == Element::Boolean {
            return Err(unsupported(
                node,
                "of truth values it is not supported: cast them before",
            ));
        }
        let wide = self.moved(node, axis + 1 < shape.len())?;
        let indices = self.graph.values[node.inputs[1]].constant.clone();
        if let Some(&[index]) = indices.as_ref().map(|tensor| tensor.elements.as_slice()) {
            // One index that is known is a slice.
            let mut start = vec![0; shape.len()];
            let mut size = shape.clone();
            (start[axis], size[axis]) = (index as usize, 1);
            let value = self.lane.builder.slice(wide.value, &start, &size)?;
            let value = self.lane.builder.reshape(value, &output)?;
            return Ok(Wide { value, ..wide });
        }
        let rows = self.read(node, 1)?.value;
        let outer: usize = shape[..axis].iter().product();
        let inner: usize = shape[axis + 1..].iter().product();
        let count: usize = picks.iter().product();
        let table = self
            .lane
            .builder
            .reshape(wide.value, &[outer, shape[axis], inner])?;
        let mut rows = self.lane.builder.reshape(rows, &[1, count])?;
        if outer > 1 {
            rows = self.lane.builder.tile(rows, &[outer, 1])?;
        }
        let picked = self.lane.gather(table, rows)?;
        Ok(Wide {
            value: self.lane.builder.reshape(picked, &output)?,
            ..wide
        })
    }

    /// Index of the first of the largest elements along an axis.
    pub(super) fn argmax(&mut self, node: &Node, axis: usize) -> Computed {
        let (wide, _) = self.sloped(node, 0)?;
        let shape = self.shape(node.inputs[0]).to_vec();
        let largest = self.lane.reduce_max(wide.value, axis)?;
        let is_largest = self.lane.greater_equal(wide.value, largest)?;
        let mut along = vec![1; shape.len()];
        along[axis] = shape[axis];
        let indices = self.lane.constant(&along, 0..shape[axis] as i64)?;
        let beyond = self.lane.scalar(shape.len(), shape[axis] as i64 - 1)?;
        let candidates = self.lane.select(is_largest, indices, beyond)?;
        let first = self.lane.reduce_min(candidates, axis)?;
        let output = self.shape(node.output).to_vec();
        let value = self.lane.builder.reshape(first, &output)?;
        Ok(Wide::scaled(value, 1.0, ELEMENT_LIMIT))
    }
}
