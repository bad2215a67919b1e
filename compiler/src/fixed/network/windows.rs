//! Convolutions, as products of windows that GATHER brings into rows, and pools.

use super::{
    ELEMENT_LIMIT, Emitted, Lowerer, Wide, bits_for,
    weighted::{Sums, cycled, layer, sums},
};
use crate::{
    error::CompileError,
    fixed::dense::Layer,
    ir::{Conv, Node, Window},
    lower::{TO_CHANNELS_FIRST, TO_CHANNELS_LAST},
    real,
    tensor::permuted,
};
use fixpoint_runtime::model::format::ValueId;

type Computed = Result<Wide, CompileError>;

/// A magnitude of elements below which they are few bits.
const FEW_UNITS: f64 = (1 << 24) as f64;

/// Windows over images: what of a padded image each position of each of them reads.
struct Windows {
    images: usize,
    channels: usize,
    /// Of the padded image.
    size: [usize; 2],
    padding: [(usize, usize); 4],
    /// Windows of an image.
    out: [usize; 2],
    /// Positions of a window.
    area: usize,
    /// Pixels of all images, window by window.
    indices: Vec<i64>,
}

impl Windows {
    fn of(window: &Window, dilation: [usize; 2], input: &[usize], output: &[usize]) -> Self {
        let (images, channels, out) = (input[0], input[1], [output[2], output[3]]);
        let reach = |axis: usize| {
            (out[axis] - 1) * window.stride[axis] + dilation[axis] * (window.kernel[axis] - 1) + 1
        };
        // What no window reaches stays: no window asks for it.
        let size = [0, 1].map(|axis| {
            let padded = input[axis + 2] + window.pad[2 * axis];
            padded.max(reach(axis))
        });
        let after = [0, 1].map(|axis| size[axis] - input[axis + 2] - window.pad[2 * axis]);
        let mut indices = Vec::new();
        for image in 0..images {
            for at in 0..out[0] * out[1] {
                for position in 0..window.kernel[0] * window.kernel[1] {
                    let place = |axis: usize, step: usize, tap: usize| {
                        step * window.stride[axis] + tap * dilation[axis]
                    };
                    let row = place(0, at / out[1], position / window.kernel[1]);
                    let column = place(1, at % out[1], position % window.kernel[1]);
                    indices.push(((image * size[0] + row) * size[1] + column) as i64);
                }
            }
        }
        Self {
            images,
            channels,
            size,
            padding: [
                (0, 0),
                (window.pad[0], after[0]),
                (window.pad[2], after[1]),
                (0, 0),
            ],
            out,
            area: window.kernel[0] * window.kernel[1],
            indices,
        }
    }

    /// All windows of all images.
    const fn count(&self) -> usize {
        self.images * self.out[0] * self.out[1]
    }

    /// Whether a window is one pixel, and each pixel a window.
    fn is_pointwise(&self) -> bool {
        self.indices
            .iter()
            .enumerate()
            .all(|(at, &index)| index == at as i64)
            && self.count() == self.images * self.size[0] * self.size[1]
    }
}

impl Lowerer<'_> {
    /// An operand in units of one size, so small that weights times those fit: integers of few bits are
    /// raised.
    fn raised(&mut self, node: &Node) -> Result<(Wide, f64), CompileError> {
        let (wide, slope) = self.sloped(node, 0)?;
        if wide.magnitudes[0] >= FEW_UNITS {
            return Ok((wide, slope));
        }
        let bits = bits_for(wide.bound(), 2.0);
        let shape = self.shape(node.inputs[0]).to_vec();
        let wide = self.with_bits(wide, &shape, 1.0, bits)?;
        Ok((wide, 2f64.powi(-bits)))
    }

    /// The elements of windows: `[windows, area, channels]`, what is padding being `fill`.
    fn gathered_windows(
        &mut self,
        value: ValueId,
        shape: &[usize],
        windows: &Windows,
        fill: i32,
    ) -> Emitted {
        let mut value = self
            .lane
            .builder
            .transpose(value, shape, &TO_CHANNELS_LAST)?;
        if windows.padding != [(0, 0); 4] {
            value = self.lane.builder.pad(value, &windows.padding, fill)?;
        }
        let pixels = windows.images * windows.size[0] * windows.size[1];
        let rows = [windows.count(), windows.area, windows.channels];
        if windows.is_pointwise() {
            return self.lane.builder.reshape(value, &rows);
        }
        let value = self
            .lane
            .builder
            .reshape(value, &[1, pixels, windows.channels])?;
        let indices = self
            .lane
            .constant(&[1, windows.indices.len()], windows.indices.iter().copied())?;
        let gathered = self.lane.gather(value, indices)?;
        self.lane.builder.reshape(gathered, &rows)
    }

    /// `[windows, channels]` as `[N, C, H, W]`.
    fn image(&mut self, value: ValueId, node: &Node) -> Emitted {
        let last = permuted(self.shape(node.output), &TO_CHANNELS_LAST);
        let value = self.lane.builder.reshape(value, &last)?;
        self.lane
            .builder
            .transpose(value, &last, &TO_CHANNELS_FIRST)
    }

    pub(super) fn conv(&mut self, node: &Node, conv: &Conv) -> Computed {
        let (wide, slope) = self.raised(node)?;
        let shape = self.shape(node.inputs[0]).to_vec();
        let output = self.shape(node.output).to_vec();
        let windows = Windows::of(&conv.window, conv.dilation, &shape, &output);
        let layers = layers(conv, shape[1], slope);
        let depth = layers[0].inputs();
        let sizes = cycled(&wide.magnitudes, depth);
        let expected = self.expected(node.output);
        let way = sums(&layers, windows.count(), &sizes, expected);
        let (count, groups) = (windows.count(), conv.groups);
        let outputs = conv.output_channels / groups;
        let rows = self.gathered_windows(wide.value, &shape, &windows, 0)?;
        let apart = [count, windows.area, groups, shape[1] / groups];
        let rows = self.lane.builder.reshape(rows, &apart)?;
        let rows = self.lane.builder.transpose(rows, &apart, &[2, 0, 1, 3])?;
        let (value, bits) = match way {
            Sums::Exact(bits) => {
                let halves = self.halves(rows, [groups * count, depth])?;
                let halves = self
                    .lane
                    .builder
                    .reshape(halves, &[groups, count, 2 * depth])?;
                (
                    self.lane.limbs(halves, [groups, count], &layers, bits)?,
                    bits,
                )
            }
            Sums::Rounded(bits) => {
                let rows = self.lane.builder.reshape(rows, &[groups, count, depth])?;
                (
                    self.lane
                        .dense_groups(rows, [groups, count], &layers, bits)?,
                    bits,
                )
            }
        };
        let value = self
            .lane
            .builder
            .transpose(value, &[groups, count, outputs], &[1, 0, 2])?;
        let value = self.image(value, node)?;
        let worst = layers
            .iter()
            .fold(0.0, |max: f64, layer| max.max(layer.bound(&sizes)));
        Ok(Wide::even(value, bits, expected.min(worst)))
    }

    /// The largest or the mean of each window, padding left out.
    pub(super) fn pool(&mut self, node: &Node, window: &Window, largest: bool) -> Computed {
        let (wide, slope) = self.sloped(node, 0)?;
        let shape = self.shape(node.inputs[0]).to_vec();
        let output = self.shape(node.output).to_vec();
        let windows = Windows::of(window, [1, 1], &shape, &output);
        let bound = self.expected(node.output).min(wide.bound());
        if largest {
            let rows = self.gathered_windows(wide.value, &shape, &windows, -i32::MAX)?;
            let rows = self.lane.reduce_max(rows, 1)?;
            return Ok(Wide::scaled(self.image(rows, node)?, slope, bound));
        }
        let rows = self.gathered_windows(wide.value, &shape, &windows, 0)?;
        // Each window's share, with 31 fraction bits; a window of 1 has all.
        let counts = counts(window, &shape, windows.out);
        let share = |count: &usize| {
            (real::exp2(31.0) / *count as f64)
                .round()
                .min(ELEMENT_LIMIT) as i64
        };
        let shares = counts.iter().cycle().take(windows.count()).map(share);
        let shares = self.lane.constant(&[windows.count(), 1, 1], shares)?;
        let shares = self.lane.mul(rows, shares, 31)?;
        let sums = self.lane.reduce_sum(shares, 1)?;
        Ok(Wide::scaled(self.image(sums, node)?, slope, bound))
    }
}

/// Each group's weights as rows, in the order of gathered windows: position, then channel.
fn layers(conv: &Conv, channels: usize, slope: f64) -> Vec<Layer> {
    let area = conv.window.kernel[0] * conv.window.kernel[1];
    let (each, outputs) = (channels / conv.groups, conv.output_channels / conv.groups);
    let mut ordered = Vec::with_capacity(conv.weights.len());
    for output in 0..conv.output_channels {
        for position in 0..area {
            let weight = |channel: usize| conv.weights[(output * each + channel) * area + position];
            ordered.extend((0..each).map(weight));
        }
    }
    let groups = ordered
        .chunks(outputs * area * each)
        .zip(conv.bias.chunks(outputs));
    groups
        .map(|(weights, bias)| {
            let bias = bias.iter().map(|&bias| f64::from(bias)).collect();
            layer(weights, bias, |_| (slope, 0.0))
        })
        .collect()
}

/// For each window of an image how many of its positions are no padding.
fn counts(window: &Window, shape: &[usize], out: [usize; 2]) -> Vec<usize> {
    let along = |axis: usize, step: usize| {
        let inside = |tap: &usize| {
            let at = (step * window.stride[axis] + tap).checked_sub(window.pad[2 * axis]);
            at.is_some_and(|at| at < shape[axis + 2])
        };
        (0..window.kernel[axis]).filter(inside).count()
    };
    let count = |at: usize| (along(0, at / out[1]) * along(1, at % out[1])).max(1);
    (0..out[0] * out[1]).map(count).collect()
}
