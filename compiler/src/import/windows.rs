//! Operators with a sliding window, and padding.

use super::nodes::{Converted, Source};
use crate::{
    error::CompileError,
    ir::{Conv, Op, Window},
};

impl Source<'_, '_> {
    /// Height and width of the first operand, which must be `[N, C, H, W]`.
    fn image(&self) -> Result<[usize; 2], CompileError> {
        match self.shape(0)?.as_slice() {
            &[_, _, height, width] => Ok([height, width]),
            shape => Err(self.unsupported(format!(
                "only two-dimensional images [N, C, H, W] are supported, this is {shape:?}"
            ))),
        }
    }

    fn pair(&self, attribute: &str) -> Result<Option<[usize; 2]>, CompileError> {
        let values = self.integers(attribute);
        match values.as_slice() {
            [] => Ok(None),
            &[y, x] if y > 0 && x > 0 => Ok(Some([y as usize, x as usize])),
            _ => Err(self.unsupported(format!("attribute {attribute} = {values:?}"))),
        }
    }

    /// The window of a pool or convolution; `ceil_mode` grows the padding at the end.
    fn window(&self, kernel: [usize; 2], dilation: [usize; 2]) -> Result<Window, CompileError> {
        let stride = self.pair("strides")?.unwrap_or([1, 1]);
        let image = self.image()?;
        let reach = [0, 1].map(|axis| dilation[axis] * (kernel[axis] - 1) + 1);
        let mut pad = match self.integers("pads").as_slice() {
            [] => [0; 4],
            &[top, left, bottom, right]
                if [top, left, bottom, right].iter().all(|&pad| pad >= 0) =>
            {
                [top as usize, bottom as usize, left as usize, right as usize]
            }
            pads => return Err(self.unsupported(format!("attribute pads = {pads:?}"))),
        };
        let same = self.text("auto_pad");
        if same == "SAME_UPPER" || same == "SAME_LOWER" {
            for axis in [0, 1] {
                let outputs = image[axis].div_ceil(stride[axis]);
                let total =
                    ((outputs - 1) * stride[axis] + reach[axis]).saturating_sub(image[axis]);
                let (less, more) = (total / 2, total - total / 2);
                let upper = same == "SAME_UPPER";
                pad[2 * axis] = if upper { less } else { more };
                pad[2 * axis + 1] = if upper { more } else { less };
            }
        }
        if self.integer("ceil_mode", 0) != 0 {
            for axis in [0, 1] {
                let begin = pad[2 * axis];
                let span = (image[axis] + begin + pad[2 * axis + 1]).saturating_sub(reach[axis]);
                let mut steps = span.div_ceil(stride[axis]);
                // A window that would start in the padding at the end does not count.
                if steps * stride[axis] >= image[axis] + begin {
                    steps -= 1;
                }
                let needed = steps * stride[axis] + reach[axis];
                pad[2 * axis + 1] =
                    pad[2 * axis + 1].max(needed.saturating_sub(image[axis] + begin));
            }
        }
        Ok(Window {
            kernel,
            stride,
            pad,
        })
    }

    pub(super) fn conv(&self) -> Converted {
        self.image()?;
        let weights = self.required(1, "weights")?;
        let &[output_channels, group_channels, height, width] = weights.shape.as_slice() else {
            return Err(self.unsupported("only two-dimensional convolutions are supported"));
        };
        let groups = self.integer("group", 1).max(1) as usize;
        if groups != 1 && group_channels != 1 {
            return Err(self.unsupported(format!(
                "{groups} groups of {group_channels} channels: only plain and depthwise convolutions are supported"
            )));
        }
        let bias = match self.optional(2, "bias")? {
            Some(bias) => bias.elements,
            None => vec![0.0; output_channels],
        };
        if bias.len() != output_channels || weights.elements.is_empty() {
            return Err(self.unsupported("its bias must have one element per output channel"));
        }
        let dilation = self.pair("dilations")?.unwrap_or([1, 1]);
        let window = self.window([height, width], dilation)?;
        self.first(Op::Conv(Conv {
            weights: weights.elements,
            bias,
            output_channels,
            groups,
            window,
            dilation,
        }))
    }

    fn kernel(&self) -> Result<[usize; 2], CompileError> {
        if self
            .pair("dilations")?
            .is_some_and(|dilation| dilation != [1, 1])
        {
            return Err(self.unsupported("dilated pools are not supported"));
        }
        self.pair("kernel_shape")?
            .ok_or_else(|| self.unsupported("no kernel_shape"))
    }

    pub(super) fn max_pool(&self) -> Converted {
        let window = self.window(self.kernel()?, [1, 1])?;
        self.first(Op::MaxPool(window))
    }

    pub(super) fn average_pool(&self) -> Converted {
        let window = self.window(self.kernel()?, [1, 1])?;
        if window.pad != [0; 4] && self.integer("count_include_pad", 0) != 0 {
            return Err(self.unsupported(
                "count_include_pad with padding is not supported: export with count_include_pad=False or pad before",
            ));
        }
        self.first(Op::AveragePool(window))
    }

    pub(super) fn global_pool(&self) -> Converted {
        let window = Window {
            kernel: self.image()?,
            stride: [1, 1],
            pad: [0; 4],
        };
        self.first(if self.node.op_type == "GlobalMaxPool" {
            Op::MaxPool(window)
        } else {
            Op::AveragePool(window)
        })
    }

    pub(super) fn reduce_mean(&self) -> Converted {
        let rank = self.shape(0)?.len();
        let axes = match self.optional_integers(1, "axes")? {
            Some(axes) => axes,
            None => self.integers("axes"),
        };
        let axes: Result<Vec<_>, _> = axes.iter().map(|&axis| self.axis(axis, rank)).collect();
        let mut axes = axes?;
        if axes.is_empty() {
            if self.integer("noop_with_empty_axes", 0) != 0 {
                return self.first(Op::Reshape);
            }
            axes = (0..rank).collect();
        }
        axes.sort_unstable();
        self.first(Op::Mean { axes })
    }

    pub(super) fn pad(&self) -> Converted {
        let mode = self.text("mode");
        if !mode.is_empty() && mode != "constant" {
            return Err(self.unsupported(format!("mode {mode} is not supported, only constant")));
        }
        let value = match self.optional(2, "value")? {
            Some(value) => value
                .elements
                .first()
                .map_or(0.0, |&value| f64::from(value)),
            None => self.float("value", 0.0),
        };
        let rank = self.shape(0)?.len();
        let pads = match self.optional_integers(1, "padding")? {
            Some(pads) => pads,
            None => self.integers("pads"),
        };
        let negative = pads.iter().any(|&pad| pad < 0);
        if value != 0.0 || negative || pads.len() != 2 * rank || self.optional(3, "axes")?.is_some()
        {
            return Err(self.unsupported("only padding with zeros, for all axes, is supported"));
        }
        let padding = (0..rank)
            .map(|axis| (pads[axis] as usize, pads[axis + rank] as usize))
            .collect();
        self.first(Op::Pad { padding })
    }
}
