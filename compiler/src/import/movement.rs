//! Operators that move elements.

use super::source::{Added, Converted, Source};
use crate::ir::{Element, Op, Tensor, ValueIndex};

impl Source<'_> {
    pub(super) fn movement(&mut self) -> Converted {
        let x = self.value(0)?;
        let result = match self.operator() {
            "Identity" => x,
            "Dropout" => return self.dropout(x),
            "Flatten" => {
                let shape = self.shape(x);
                let axis = self.integer("axis", 1);
                let axis = if axis < 0 {
                    axis + shape.len() as i64
                } else {
                    axis
                };
                let (rows, columns) = shape.split_at((axis.max(0) as usize).min(shape.len()));
                self.reshape(x, &[rows.iter().product(), columns.iter().product()])?
            }
            "Reshape" => self.reshaped(x)?,
            "Squeeze" => self.squeeze(x)?,
            "Unsqueeze" => self.unsqueeze(x)?,
            "Transpose" => {
                let rank = self.shape(x).len();
                let permutation = match self.integers("perm") {
                    permutation if permutation.is_empty() => (0..rank).rev().collect(),
                    permutation => {
                        let axes = permutation.iter().map(|&axis| self.axis(axis, rank));
                        axes.collect::<Result<Vec<_>, _>>()?
                    }
                };
                self.transpose(x, &permutation)?
            }
            "Concat" => {
                let axis = self.axis(self.integer("axis", 0), self.shape(x).len())?;
                let values = self.values()?;
                self.concat(&values, axis)?
            }
            "Split" => return self.split(x),
            "Slice" => self.sliced(x)?,
            "Pad" => self.padded(x)?,
            "Expand" => {
                let target = self.required(1, "shape")?.to_i64();
                let target: Vec<usize> = target.iter().map(|&dim| dim.max(0) as usize).collect();
                let shape = crate::tensor::broadcast_shape(&self.shape(x), &target);
                let shape =
                    shape.ok_or_else(|| self.unsupported(format!("no broadcast to {target:?}")))?;
                self.broadcast(x, &shape)?
            }
            "Tile" => self.tile(x)?,
            "DepthToSpace" | "SpaceToDepth" => self.blocks(x)?,
            "Trilu" => self.triangle(x)?,
            _ => self.centred(x)?,
        };
        Ok(vec![result])
    }

    fn dropout(&mut self, x: ValueIndex) -> Converted {
        let training = self.optional(2, "training_mode")?;
        let training = training.and_then(|training| training.elements.first().copied());
        // What drops nothing is the same in training.
        let ratio = self.optional(1, "ratio")?;
        let ratio = ratio.map_or(Some(0.5), |ratio| ratio.elements.first().copied());
        if training.is_some_and(|training| training != 0.0) && ratio != Some(0.0) {
            return Err(self.unsupported("training mode: export the model in evaluation mode"));
        }
        let shape = self.shape(x);
        let count = shape.iter().product();
        let mask = self.constant(Tensor::of(Element::Boolean, &shape, vec![1.0; count]));
        Ok(vec![x, mask])
    }

    fn reshaped(&mut self, x: ValueIndex) -> Added {
        let from = self.shape(x);
        let wanted = self.moved_integers(1, "shape")?.unwrap_or_default();
        let keep_zero = self.integer("allowzero", 0) != 0;
        let mut shape = Vec::new();
        for (axis, &dim) in wanted.iter().enumerate() {
            shape.push(match dim {
                0 if !keep_zero => from.get(axis).copied().unwrap_or(1),
                -1 => 0,
                dim => usize::try_from(dim).unwrap_or(0),
            });
        }
        if let Some(open) = wanted.iter().position(|&dim| dim == -1) {
            shape[open] = 1;
            let rest: usize = shape.iter().product();
            shape[open] = from.iter().product::<usize>() / rest.max(1);
        }
        self.reshape(x, &shape)
    }

    fn squeeze(&mut self, x: ValueIndex) -> Added {
        let shape = self.shape(x);
        let axes = match self.moved_integers(1, "axes")? {
            Some(axes) => self.axes(&axes, shape.len())?,
            None => (0..shape.len()).filter(|&axis| shape[axis] == 1).collect(),
        };
        let kept = (0..shape.len()).filter(|axis| !axes.contains(axis));
        let shape: Vec<usize> = kept.map(|axis| shape[axis]).collect();
        self.reshape(x, &shape)
    }

    fn unsqueeze(&mut self, x: ValueIndex) -> Added {
        let axes = self.moved_integers(1, "axes")?.unwrap_or_default();
        let mut shape = self.shape(x);
        for axis in self.axes(&axes, shape.len() + axes.len())? {
            shape.insert(axis, 1);
        }
        self.reshape(x, &shape)
    }

    fn split(&mut self, x: ValueIndex) -> Converted {
        let shape = self.shape(x);
        let axis = self.axis(self.integer("axis", 0), shape.len())?;
        let parts = self.node.output.len();
        let lengths: Vec<usize> = match self.moved_integers(1, "split")? {
            Some(lengths) => lengths
                .iter()
                .map(|&length| length.max(0) as usize)
                .collect(),
            None => {
                let parts = self.integer("num_outputs", parts as i64).max(1) as usize;
                let each = shape[axis].div_ceil(parts);
                (0..parts)
                    .map(|part| each.min(shape[axis].saturating_sub(part * each)))
                    .collect()
            }
        };
        if lengths.iter().sum::<usize>() != shape[axis] {
            return Err(self.unsupported(format!("parts {lengths:?} of {}", shape[axis])));
        }
        let (mut outputs, mut first) = (Vec::new(), 0);
        for &length in &lengths {
            outputs.push(self.slice(x, axis, first, length)?);
            first += length;
        }
        Ok(outputs)
    }

    fn sliced(&mut self, x: ValueIndex) -> Added {
        let rank = self.shape(x).len();
        let starts = self.moved_integers(1, "starts")?.unwrap_or_default();
        let ends = self.moved_integers(2, "ends")?.unwrap_or_default();
        let axes = self
            .moved_integers(3, "axes")?
            .filter(|axes| !axes.is_empty());
        let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = self.optional_integers(4, "steps")?;
        let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
        let mut x = x;
        for (index, &axis) in axes.iter().enumerate() {
            let axis = self.axis(axis, rank)?;
            let size = self.shape(x)[axis] as i64;
            let (Some(&start), Some(&end), Some(&step)) =
                (starts.get(index), ends.get(index), steps.get(index))
            else {
                return Err(self.unsupported("its bounds differ in length"));
            };
            let counted = |bound: i64| {
                if bound < 0 {
                    bound.saturating_add(size)
                } else {
                    bound
                }
            };
            let (start, end) = if step > 0 {
                (counted(start).clamp(0, size), counted(end).clamp(0, size))
            } else {
                (
                    counted(start).clamp(-1, size - 1),
                    counted(end).clamp(-1, size - 1),
                )
            };
            let mut indices = Vec::new();
            let mut at = start;
            while step != 0 && ((step > 0 && at < end) || (step < 0 && at > end)) {
                indices.push(at as usize);
                at = at.saturating_add(step);
            }
            if indices.is_empty() {
                return Err(self.unsupported("its output is empty"));
            }
            x = self.pick(x, axis, &indices)?;
        }
        Ok(x)
    }

    fn padded(&mut self, x: ValueIndex) -> Added {
        let shape = self.shape(x);
        let rank = shape.len();
        let value = match self.optional(2, "value")? {
            Some(value) => value.elements.first().copied().unwrap_or(0.0),
            None => self.float("value", 0.0),
        };
        let attribute = if self.opset() < 2 { "paddings" } else { "pads" };
        let pads = self.moved_integers(1, attribute)?.unwrap_or_default();
        let axes: Vec<usize> = match self.optional_integers(3, "axes")? {
            Some(axes) => {
                let axes = axes.iter().map(|&axis| self.axis(axis, rank));
                axes.collect::<Result<_, _>>()?
            }
            None => (0..rank).collect(),
        };
        if pads.len() != 2 * axes.len() {
            return Err(self.unsupported(format!("paddings {pads:?} for {} axes", axes.len())));
        }
        let mut ends = vec![(0_i64, 0_i64); rank];
        for (index, &axis) in axes.iter().enumerate() {
            ends[axis] = (pads[index], pads[index + axes.len()]);
        }
        let mode = self.text("mode");
        if !matches!(mode.as_str(), "" | "constant") {
            return self.mirrored(x, &ends, &mode);
        }
        let mut x = x;
        for (axis, &(before, after)) in ends.iter().enumerate() {
            let (cut, cut_end) = ((-before).max(0) as usize, (-after).max(0) as usize);
            let length = shape[axis]
                .checked_sub(cut + cut_end)
                .filter(|&length| length > 0);
            let length = length.ok_or_else(|| self.unsupported("its output is empty"))?;
            x = self.slice(x, axis, cut, length)?;
        }
        let size = |pad: i64| pad.max(0) as usize;
        let padding: Vec<_> = ends.iter().map(|&(b, a)| (size(b), size(a))).collect();
        if padding.iter().all(|&pads| pads == (0, 0)) {
            return Ok(x);
        }
        self.add(Op::Pad { padding, value }, &[x])
    }

    /// Padding with elements of the tensor itself.
    fn mirrored(&mut self, x: ValueIndex, ends: &[(i64, i64)], mode: &str) -> Added {
        let mut x = x;
        for (axis, &(before, after)) in ends.iter().enumerate() {
            let size = self.shape(x)[axis] as i64;
            let mut indices = Vec::new();
            for position in -before..size + after {
                let index = match mode {
                    "edge" => position.clamp(0, size - 1),
                    "wrap" => position.rem_euclid(size),
                    "reflect" if size == 1 => 0,
                    "reflect" => {
                        let period = 2 * (size - 1);
                        let folded = position.rem_euclid(period);
                        folded.min(period - folded)
                    }
                    _ => return Err(self.unsupported(format!("mode {mode} is not supported"))),
                };
                indices.push(index as usize);
            }
            x = self.pick(x, axis, &indices)?;
        }
        Ok(x)
    }

    fn tile(&mut self, x: ValueIndex) -> Added {
        let repeats = self.required(1, "repeats")?.to_i64();
        let mut x = x;
        for (axis, &times) in repeats.iter().enumerate() {
            if times < 1 {
                return Err(self.unsupported("its output is empty"));
            }
            x = self.concat(&vec![x; times as usize], axis)?;
        }
        Ok(x)
    }

    fn blocks(&mut self, x: ValueIndex) -> Added {
        let block = self.integer("blocksize", 1).max(1) as usize;
        let &[images, channels, height, width] = self.shape(x).as_slice() else {
            return Err(self.unsupported("its tensor must be [N, C, H, W]"));
        };
        if self.operator() == "SpaceToDepth" {
            let (rows, columns) = (height / block, width / block);
            let apart = self.reshape(x, &[images * channels, rows, block, columns, block])?;
            let apart = self.transpose(apart, &[0, 2, 4, 1, 3])?;
            let apart = self.reshape(apart, &[images, channels, block * block, rows * columns])?;
            let apart = self.transpose(apart, &[0, 2, 1, 3])?;
            return self.reshape(apart, &[images, channels * block * block, rows, columns]);
        }
        let depth = channels / (block * block);
        let shape = [images, depth, height * block, width * block];
        if self.text("mode") == "CRD" {
            let apart = self.reshape(x, &[images * depth, block, block, height, width])?;
            let together = self.transpose(apart, &[0, 3, 1, 4, 2])?;
            return self.reshape(together, &shape);
        }
        let apart = self.reshape(x, &[images, block, block, depth, height, width])?;
        let together = self.transpose(apart, &[0, 3, 4, 1, 5, 2])?;
        self.reshape(together, &shape)
    }

    fn triangle(&mut self, x: ValueIndex) -> Added {
        let shape = self.shape(x);
        let Some((&[height, width], outer)) = shape.split_last_chunk::<2>().map(|(o, l)| (l, o))
        else {
            return Err(self.unsupported("its tensor must be a matrix"));
        };
        let diagonal = self
            .optional_integers(1, "diagonal")?
            .and_then(|k| k.first().copied());
        let diagonal = diagonal.unwrap_or(0);
        let upper = self.integer("upper", 1) != 0;
        let kept = |row: usize, column: usize| {
            let distance = column as i64 - row as i64;
            f64::from(if upper {
                distance >= diagonal
            } else {
                distance <= diagonal
            })
        };
        let mask = (0..height * width)
            .map(|index| kept(index / width, index % width))
            .collect();
        let mut own = vec![1; outer.len()];
        own.extend([height, width]);
        self.masked(x, &Tensor::real(&own, mask))
    }

    fn centred(&mut self, x: ValueIndex) -> Added {
        let rank = self.shape(x).len();
        let target = self.required(1, "shape")?.to_i64();
        let axes: Vec<usize> = match self.integers("axes") {
            axes if axes.is_empty() => (0..rank).collect(),
            axes => {
                let axes = axes.iter().map(|&axis| self.axis(axis, rank));
                axes.collect::<Result<_, _>>()?
            }
        };
        let mut x = x;
        for (&axis, &target) in axes.iter().zip(&target) {
            let (size, target) = (self.shape(x)[axis], target.max(1) as usize);
            if target <= size {
                x = self.slice(x, axis, (size - target) / 2, target)?;
                continue;
            }
            let mut padding = vec![(0, 0); rank];
            let before = (target - size) / 2;
            padding[axis] = (before, target - size - before);
            x = self.add(
                Op::Pad {
                    padding,
                    value: 0.0,
                },
                &[x],
            )?;
        }
        Ok(x)
    }
}
