//! Normalisations: rows divided by their root mean square, then constants.

use super::source::{Added, Converted, Source};
use crate::{
    CompileError,
    ir::{Affine, Binary, Normalise, Op, Reduction, Tensor, Unary, ValueIndex},
};

impl Source<'_> {
    pub(super) fn batch_norm(&mut self) -> Converted {
        if self.integer("training_mode", 0) != 0 {
            return Err(self.unsupported("training mode: export the model in evaluation mode"));
        }
        let epsilon = self.float("epsilon", 1e-5);
        let gamma = self.required(1, "scale")?.elements.clone();
        let beta = self.required(2, "bias")?.elements.clone();
        let mean = self.required(3, "mean")?.elements.clone();
        let variance = self.required(4, "variance")?.elements.clone();
        if [&beta, &mean, &variance]
            .iter()
            .any(|constant| constant.len() != gamma.len())
        {
            return Err(self.unsupported("its constants differ in length"));
        }
        let x = self.value(0)?;
        let mut shape = vec![1; self.shape(x).len()];
        if let Some(channels) = shape.get_mut(1) {
            *channels = gamma.len();
        }
        let (mut scale, mut offset) = (Vec::new(), Vec::new());
        for channel in 0..gamma.len() {
            let factor = gamma[channel] / (variance[channel] + epsilon).sqrt();
            scale.push(factor as f32);
            offset.push((beta[channel] - mean[channel] * factor) as f32);
        }
        let affine = Affine {
            shape,
            scale,
            offset,
        };
        Ok(vec![self.add(Op::Affine(affine), &[x])?])
    }

    /// All axes from one on as rows.
    fn rows(&mut self, x: ValueIndex, axis: usize) -> Result<[usize; 2], CompileError> {
        let shape = self.shape(x);
        let length: usize = shape[axis..].iter().product();
        Ok([shape.iter().product::<usize>() / length, length])
    }

    fn normalised(&mut self, x: ValueIndex, axis: usize, normalise: Normalise) -> Added {
        let shape = self.shape(x);
        let rows = if axis + 1 == shape.len() {
            shape.clone()
        } else {
            self.rows(x, axis)?.to_vec()
        };
        let matrix = self.reshape(x, &rows)?;
        let result = self.add(Op::Normalise(normalise), &[matrix])?;
        self.reshape(result, &shape)
    }

    /// Times the second operand, plus the third, where they are there.
    fn scaled(&mut self, mut value: ValueIndex) -> Added {
        if let Some(scale) = self.optional_value(1)? {
            value = self.binary(Binary::Mul, value, scale)?;
        }
        if let Some(bias) = self.optional_value(2)? {
            value = self.binary(Binary::Add, value, bias)?;
        }
        Ok(value)
    }

    pub(super) fn layer_norm(&mut self) -> Converted {
        let x = self.value(0)?;
        let rank = self.shape(x).len();
        let axis = self.axis(self.integer("axis", -1), rank)?;
        let epsilon = self.float("epsilon", 1e-5);
        let normal = self.normalised(
            x,
            axis,
            Normalise {
                centre: true,
                epsilon,
            },
        )?;
        let mut outputs = vec![self.scaled(normal)?];
        if self.is_wanted(1) || self.is_wanted(2) {
            let axes: Vec<usize> = (axis..rank).collect();
            let mean = self.reduce(Reduction::Mean, &axes, x)?;
            let centred = self.binary(Binary::Sub, x, mean)?;
            let squares = self.binary(Binary::Mul, centred, centred)?;
            let variance = self.reduce(Reduction::Mean, &axes, squares)?;
            let variance = self.linear(variance, 1.0, epsilon)?;
            outputs.push(mean);
            outputs.push(self.unary(Unary::Pow(-0.5), variance)?);
        }
        Ok(outputs)
    }

    pub(super) fn rms_norm(&mut self) -> Converted {
        let x = self.value(0)?;
        let axis = self.axis(self.integer("axis", -1), self.shape(x).len())?;
        let epsilon = self.float("epsilon", 1e-5);
        let normal = self.normalised(
            x,
            axis,
            Normalise {
                centre: false,
                epsilon,
            },
        )?;
        Ok(vec![self.scaled(normal)?])
    }

    /// Groups of channels of `[N, C, ...]`; an instance normalisation has a group for each channel.
    pub(super) fn group_norm(&mut self) -> Converted {
        let x = self.value(0)?;
        let shape = self.shape(x);
        let &[images, channels, ..] = shape.as_slice() else {
            return Err(self.unsupported("its tensor must be [N, C, ...]"));
        };
        let groups = self.integer("num_groups", channels as i64).max(1) as usize;
        let length = shape.iter().product::<usize>() / (images * groups);
        let rows = self.reshape(x, &[images * groups, length])?;
        let epsilon = self.float("epsilon", 1e-5);
        let normal = self.add(
            Op::Normalise(Normalise {
                centre: true,
                epsilon,
            }),
            &[rows],
        )?;
        let mut value = self.reshape(normal, &shape)?;
        let mut along = vec![1; shape.len()];
        along[1] = channels;
        for (operand, op) in [(1, Binary::Mul), (2, Binary::Add)] {
            let constant = self.required(operand, "scale and bias")?.elements.clone();
            if constant.is_empty() || channels % constant.len() != 0 {
                return Err(self.unsupported("its scale and bias do not fit the channels"));
            }
            // Before opset 21 there is one for each group.
            let each = channels / constant.len();
            let spread = (0..channels)
                .map(|channel| constant[channel / each])
                .collect();
            let constant = self.constant(Tensor::real(&along, spread));
            value = self.binary(op, value, constant)?;
        }
        Ok(vec![value])
    }

    pub(super) fn lp_norm(&mut self) -> Converted {
        let x = self.value(0)?;
        let rank = self.shape(x).len();
        let axis = self.axis(self.integer("axis", -1), rank)?;
        if self.integer("p", 2) == 1 {
            let magnitudes = self.unary(Unary::Abs, x)?;
            let sum = self.reduce(Reduction::Sum, &[axis], magnitudes)?;
            return Ok(vec![self.binary(Binary::Div, x, sum)?]);
        }
        let length = self.shape(x)[axis] as f64;
        let mut swapped: Vec<usize> = (0..rank).collect();
        swapped.swap(axis, rank - 1);
        let moved = self.transpose(x, &swapped)?;
        let normalise = Normalise {
            centre: false,
            epsilon: 0.0,
        };
        let normal = self.add(Op::Normalise(normalise), &[moved])?;
        let normal = self.linear(normal, 1.0 / length.sqrt(), 0.0)?;
        Ok(vec![self.transpose(normal, &swapped)?])
    }

    pub(super) fn mean_variance(&mut self) -> Converted {
        let x = self.value(0)?;
        let rank = self.shape(x).len();
        let axes = match self.integers("axes") {
            axes if axes.is_empty() => vec![0, 2, 3],
            axes => axes,
        };
        let axes = self.axes(&axes, rank)?;
        let kept: Vec<usize> = (0..rank).filter(|axis| !axes.contains(axis)).collect();
        let order = [kept.clone(), axes].concat();
        let moved = self.transpose(x, &order)?;
        // Its own formula adds 1e-9 to the deviation.
        let normalise = Normalise {
            centre: true,
            epsilon: 1e-18,
        };
        let normal = self.normalised(moved, kept.len(), normalise)?;
        let mut back = vec![0; rank];
        for (position, &axis) in order.iter().enumerate() {
            back[axis] = position;
        }
        Ok(vec![self.transpose(normal, &back)?])
    }
}
