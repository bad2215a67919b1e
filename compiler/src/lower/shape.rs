//! Operators that move elements, and ARGMAX.

use super::{
    Layout, Lowerer, Output, TO_CHANNELS_FIRST, TO_CHANNELS_LAST,
    emit::{Emitted, Retype},
};
use crate::ir::{Node, ValueIndex};
use fixpoint_runtime::model::format::ValueId;

impl Lowerer<'_> {
    pub(super) fn reshape_node(&mut self, node: &Node) -> Output {
        let value = node.inputs[0];
        let shape = self.shape(node.output).to_vec();
        let before = self.shape(value).to_vec();
        if let (Layout::ChannelsLast, number) = self.any(value)
            && let (&[images, channels, height, width], &[rows, columns]) =
                (before.as_slice(), shape.as_slice())
            && self.existing(value, &Layout::Plain).is_none()
            && rows == images
            && columns == channels * height * width
            && channels > 1
            && height * width > 1
        {
            let flat = self.builder.reshape(number, &shape)?;
            return Ok((Layout::FlatChannelsLast([channels, height, width]), flat));
        }
        let number = self.plain(value)?;
        if shape == before {
            return Ok((Layout::Plain, number));
        }
        Ok((Layout::Plain, self.builder.reshape(number, &shape)?))
    }

    pub(super) fn transpose_node(&mut self, node: &Node, permutation: &[usize]) -> Output {
        let value = node.inputs[0];
        // Exporters wrap channels-last models in these two: they cost nothing here.
        if permutation == TO_CHANNELS_FIRST
            && let Some(number) = self.existing(value, &Layout::Plain)
        {
            return Ok((Layout::ChannelsLast, number));
        }
        if permutation == TO_CHANNELS_LAST
            && let Some(number) = self.existing(value, &Layout::ChannelsLast)
        {
            return Ok((Layout::Plain, number));
        }
        let number = self.plain(value)?;
        let shape = self.shape(value).to_vec();
        Ok((
            Layout::Plain,
            self.builder.transpose(number, &shape, permutation)?,
        ))
    }

    pub(super) fn concat_node(&mut self, node: &Node, axis: usize) -> Output {
        let image = self.shape(node.output).len() == 4;
        let last = |lowerer: &Self, value: ValueIndex| lowerer.any(value).0 == Layout::ChannelsLast;
        let channels_last = image && node.inputs.iter().any(|&value| last(self, value));
        let mut numbers = Vec::new();
        for &value in &node.inputs {
            let number = if channels_last {
                self.channels_last(value)?
            } else {
                self.plain(value)?
            };
            numbers.push(self.in_scale_of(number, value, node.output)?);
        }
        let layout = if channels_last {
            Layout::ChannelsLast
        } else {
            Layout::Plain
        };
        let position = |axis| {
            TO_CHANNELS_LAST
                .iter()
                .position(|&from| from == axis)
                .unwrap_or(axis)
        };
        let axis = if channels_last { position(axis) } else { axis };
        Ok((layout, self.concat(numbers, axis)?))
    }

    /// A value's elements in another value's scale.
    pub(super) fn in_scale_of(
        &mut self,
        number: ValueId,
        from: ValueIndex,
        to: ValueIndex,
    ) -> Emitted {
        let (source, target) = (self.quant(from).clone(), self.quant(to).clone());
        if source.ratio == target.ratio && source.zero_point == target.zero_point {
            return Ok(number);
        }
        let retype = Retype {
            to: target.dtype,
            from_zero_point: source.zero_point,
            to_zero_point: target.zero_point,
        };
        self.rescale(number, retype, source.scale() / target.scale())
    }

    pub(super) fn slice_node(&mut self, node: &Node, start: &[usize]) -> Output {
        let number = self.plain(node.inputs[0])?;
        let size = self.shape(node.output).to_vec();
        Ok((Layout::Plain, self.builder.slice(number, start, &size)?))
    }

    pub(super) fn pad_node(
        &mut self,
        node: &Node,
        padding: &[(usize, usize)],
        value: f64,
    ) -> Output {
        let input = node.inputs[0];
        let fill = self.quant(node.output).element(value) as i32;
        if self.is_channels_last(input) {
            let number = self.channels_last(input)?;
            let number = self.in_scale_of(number, input, node.output)?;
            let padding: Vec<_> = TO_CHANNELS_LAST.iter().map(|&axis| padding[axis]).collect();
            return Ok((
                Layout::ChannelsLast,
                self.builder.pad(number, &padding, fill)?,
            ));
        }
        let number = self.plain(input)?;
        let number = self.in_scale_of(number, input, node.output)?;
        Ok((Layout::Plain, self.builder.pad(number, padding, fill)?))
    }

    pub(super) fn broadcast_node(&mut self, node: &Node) -> Output {
        let value = node.inputs[0];
        let number = self.plain(value)?;
        let (from, to) = (self.shape(value), self.shape(node.output));
        let multiples: Vec<usize> = from.iter().zip(to).map(|(&from, &to)| to / from).collect();
        Ok((Layout::Plain, self.builder.tile(number, &multiples)?))
    }

    /// GATHER of rows: axes before the axis are batches, axes behind it the row.
    pub(super) fn gather_node(&mut self, node: &Node, axis: usize) -> Output {
        let [values, indices] = [node.inputs[0], node.inputs[1]];
        let (shape, picks) = (self.shape(values).to_vec(), self.shape(indices).to_vec());
        let outer: usize = shape[..axis].iter().product();
        let inner: usize = shape[axis + 1..].iter().product();
        let count: usize = picks.iter().product();
        let (table, rows) = (self.plain(values)?, self.plain(indices)?);
        let table = self.builder.reshape(table, &[outer, shape[axis], inner])?;
        let mut rows = self.builder.reshape(rows, &[1, count])?;
        if outer > 1 {
            rows = self.builder.tile(rows, &[outer, 1])?;
        }
        let picked = self.gather(table, rows)?;
        let shape = self.shape(node.output).to_vec();
        Ok((Layout::Plain, self.builder.reshape(picked, &shape)?))
    }

    pub(super) fn argmax_node(&mut self, node: &Node, axis: usize) -> Output {
        if self.is_plain(node) {
            return Err(Self::unsupported(
                node,
                "of integers it is not supported: cast them to float before",
            ));
        }
        let number = self.plain(node.inputs[0])?;
        let index = self.argmax(number, axis)?;
        let shape = self.shape(node.output).to_vec();
        Ok((Layout::Plain, self.builder.reshape(index, &shape)?))
    }
}
