//! Pools.

use super::{
    convolution::Geometry,
    source::{Added, Converted, Source},
};
use crate::{
    CompileError,
    ir::{Op, Reduction, Tensor, ValueIndex, Window},
};

impl Source<'_> {
    pub(super) fn pool(&mut self) -> Converted {
        let x = self.value(0)?;
        let dilated = self
            .integers("dilations")
            .iter()
            .any(|&dilation| dilation != 1);
        if self.element(x) != crate::ir::Element::Real || dilated || self.shape(x).len() > 4 {
            return Ok(vec![self.separate_pool(x)?]);
        }
        let geometry = self.images()?;
        let kernel = self.kernel(&geometry)?;
        let mut window = self.window(&geometry, kernel, [1, 1])?;
        let mut x = geometry.value;
        let largest = self.operator() == "MaxPool";
        let counted = self.integer("count_include_pad", 0) != 0;
        if !largest && counted && window.pad != [0; 4] {
            // Padding that counts is zeros; what `ceil_mode` adds behind it does not count.
            let pads = self.pads(&geometry)?;
            let explicit = if self.text("auto_pad").starts_with("SAME") {
                window.pad
            } else {
                pads
            };
            let [top, bottom, left, right] = explicit;
            let padding = vec![(0, 0), (0, 0), (top, bottom), (left, right)];
            x = self.add(
                Op::Pad {
                    padding,
                    value: 0.0,
                },
                &[x],
            )?;
            window.pad = [0, window.pad[1] - bottom, 0, window.pad[3] - right];
        }
        let op = if largest {
            Op::MaxPool(window)
        } else {
            Op::AveragePool(window)
        };
        let result = self.add(op, &[x])?;
        Ok(vec![self.restored(result, &geometry)?])
    }

    fn kernel(&self, geometry: &Geometry) -> Result<[usize; 2], CompileError> {
        if self.integers("kernel_shape").is_empty() {
            return Err(self.unsupported("no kernel_shape"));
        }
        self.pair("kernel_shape", geometry, 1)
    }

    pub(super) fn global_pool(&mut self) -> Converted {
        let x = self.value(0)?;
        let shape = self.shape(x);
        let largest = self.operator() == "GlobalMaxPool";
        if let &[_, _, height, width] = shape.as_slice() {
            let window = Window {
                kernel: [height, width],
                stride: [1, 1],
                pad: [0; 4],
            };
            let op = if largest {
                Op::MaxPool(window)
            } else {
                Op::AveragePool(window)
            };
            return Ok(vec![self.add(op, &[x])?]);
        }
        let kind = if largest {
            Reduction::Max
        } else {
            Reduction::Mean
        };
        let axes: Vec<usize> = (2..shape.len()).collect();
        Ok(vec![self.reduce(kind, &axes, x)?])
    }

    /// One axis after the other: for dilated pools, and for more than two axes. The largest of
    /// largest is the largest; the elements of a window that are no padding are a box, so the mean
    /// of means is the mean.
    fn separate_pool(&mut self, x: ValueIndex) -> Added {
        let rank = self.shape(x).len();
        let mut x = x;
        for axis in 2..rank {
            let length = self.shape(x)[axis];
            let windows = self.windows_along(axis - 2, rank - 2, length)?;
            x = if self.operator() == "MaxPool" {
                self.largest_along(x, axis, &windows)?
            } else {
                let row = |(inside, count): &(Vec<usize>, usize)| {
                    let mut row = vec![0.0; length];
                    inside
                        .iter()
                        .for_each(|&index| row[index] += 1.0 / *count as f64);
                    row
                };
                let rows: Vec<Vec<f64>> = windows.iter().map(row).collect();
                self.along(x, axis, &rows)?
            };
        }
        Ok(x)
    }

    /// For each output along a dimension: the indices in its window, and how many elements count.
    fn windows_along(
        &self,
        dimension: usize,
        dimensions: usize,
        length: usize,
    ) -> Result<Vec<(Vec<usize>, usize)>, CompileError> {
        let at = |attribute: &str, index: usize, default: i64| {
            self.integers(attribute)
                .get(index)
                .copied()
                .unwrap_or(default)
                .max(0) as usize
        };
        let kernel = at("kernel_shape", dimension, 1).max(1);
        let stride = at("strides", dimension, 1).max(1);
        let dilation = at("dilations", dimension, 1).max(1);
        let (mut before, mut after) = (
            at("pads", dimension, 0),
            at("pads", dimensions + dimension, 0),
        );
        let reach = dilation * (kernel - 1) + 1;
        let same = self.text("auto_pad");
        if same.starts_with("SAME") {
            let total = ((length.div_ceil(stride) - 1) * stride + reach).saturating_sub(length);
            let half = total / 2;
            (before, after) = if same == "SAME_UPPER" {
                (half, total - half)
            } else {
                (total - half, half)
            };
        }
        let padded = length + before + after;
        let span = padded
            .checked_sub(reach)
            .ok_or_else(|| self.unsupported("its window is larger than its padded input"))?;
        let mut steps = span / stride;
        if self.integer("ceil_mode", 0) != 0 {
            steps = span.div_ceil(stride);
            if steps * stride >= length + before {
                steps -= 1;
            }
        }
        let counted = self.integer("count_include_pad", 0) != 0;
        let window = |step: usize| {
            let positions = (0..kernel).map(|index| step * stride + index * dilation);
            let inside: Vec<usize> = positions
                .clone()
                .filter_map(|position| position.checked_sub(before))
                .filter(|&index| index < length)
                .collect();
            let within = positions.filter(|&position| position < padded).count();
            let count = if counted { within } else { inside.len() };
            (inside, count.max(1))
        };
        Ok((0..=steps).map(window).collect())
    }

    fn largest_along(
        &mut self,
        x: ValueIndex,
        axis: usize,
        windows: &[(Vec<usize>, usize)],
    ) -> Added {
        let longest = windows
            .iter()
            .map(|(inside, _)| inside.len())
            .max()
            .unwrap_or(0);
        let mut indices = Vec::new();
        for (inside, _) in windows {
            let Some(&last) = inside.last() else {
                return Err(self.unsupported("a window lies in the padding alone"));
            };
            // Again the last one where the window is cut: it changes no maximum.
            let filled = inside.iter().copied().chain(std::iter::repeat(last));
            indices.extend(filled.take(longest).map(|index| index as f64));
        }
        let indices = self.constant(Tensor::integer(&[windows.len(), longest], indices));
        let gathered = self.add(Op::Gather { axis }, &[x, indices])?;
        let largest = self.reduce(Reduction::Max, &[axis + 1], gathered)?;
        let mut shape = self.shape(largest);
        shape.remove(axis + 1);
        self.reshape(largest, &shape)
    }
}
