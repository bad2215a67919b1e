//! Convolutions of one and two dimensions, and their transposes.

use super::source::{Added, Converted, Source};
use crate::{
    CompileError,
    ir::{Conv, Op, Tensor, ValueIndex, Window},
};

/// Geometry along height and width; one-dimensional operators have a height of 1.
pub(super) struct Geometry {
    /// The images, `[N, C, H, W]`.
    pub(super) value: ValueIndex,
    /// Whether the height was added.
    pub(super) is_line: bool,
}

impl Source<'_> {
    /// The first operand as images.
    pub(super) fn images(&mut self) -> Result<Geometry, CompileError> {
        let value = self.value(0)?;
        let shape = self.shape(value);
        match *shape.as_slice() {
            [_, _, _, _] => Ok(Geometry { value, is_line: false }),
            [images, channels, length] => Ok(Geometry {
                value: self.reshape(value, &[images, channels, 1, length])?,
                is_line: true,
            }),
            _ => Err(self.unsupported(format!(
                "only [N, C, W] and [N, C, H, W] are supported, this is {shape:?}: export the model with fewer dimensions"
            ))),
        }
    }

    /// A result in as many dimensions as the operand had.
    pub(super) fn restored(&mut self, result: ValueIndex, geometry: &Geometry) -> Added {
        if !geometry.is_line {
            return Ok(result);
        }
        let shape = self.shape(result);
        self.reshape(result, &[shape[0], shape[1], shape[3]])
    }

    /// An attribute with a number for each dimension.
    pub(super) fn pair(
        &self,
        attribute: &str,
        geometry: &Geometry,
        default: usize,
    ) -> Result<[usize; 2], CompileError> {
        let values = self.integers(attribute);
        match values.as_slice() {
            [] => Ok([default; 2]),
            &[x] if x > 0 && geometry.is_line => Ok([1, x as usize]),
            &[y, x] if y > 0 && x > 0 && !geometry.is_line => Ok([y as usize, x as usize]),
            _ => Err(self.unsupported(format!("attribute {attribute} = {values:?}"))),
        }
    }

    /// Explicit padding: top, bottom, left, right.
    pub(super) fn pads(&self, geometry: &Geometry) -> Result<[usize; 4], CompileError> {
        let pads = self.integers("pads");
        let size = |pad: i64| usize::try_from(pad).ok();
        let found = match *pads.as_slice() {
            [] => Some([0; 4]),
            [left, right] if geometry.is_line => size(left)
                .zip(size(right))
                .map(|(left, right)| [0, 0, left, right]),
            [top, left, bottom, right] if !geometry.is_line => size(top)
                .zip(size(bottom))
                .zip(size(left).zip(size(right)))
                .map(|((top, bottom), (left, right))| [top, bottom, left, right]),
            _ => None,
        };
        found.ok_or_else(|| self.unsupported(format!("attribute pads = {pads:?}")))
    }

    /// The window of a pool or convolution; `ceil_mode` grows the padding at the end.
    pub(super) fn window(
        &self,
        geometry: &Geometry,
        kernel: [usize; 2],
        dilation: [usize; 2],
    ) -> Result<Window, CompileError> {
        let stride = self.pair("strides", geometry, 1)?;
        let shape = self.shape(geometry.value);
        let image = [shape[2], shape[3]];
        let reach = [0, 1].map(|axis| dilation[axis] * (kernel[axis] - 1) + 1);
        let mut pad = self.pads(geometry)?;
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
                let end = needed.saturating_sub(image[axis] + begin);
                pad[2 * axis + 1] = pad[2 * axis + 1].max(end);
            }
        }
        Ok(Window {
            kernel,
            stride,
            pad,
        })
    }

    /// Constant weights `[O, I, H, W]`, one-dimensional ones with a height of 1.
    fn weights(&self, geometry: &Geometry) -> Result<Tensor, CompileError> {
        let weights = self.required(1, "weights")?;
        match *weights.shape.as_slice() {
            [_, _, _, _] if !geometry.is_line => Ok(weights.as_ref().clone()),
            [outputs, inputs, length] if geometry.is_line => {
                Ok(weights.reshaped(&[outputs, inputs, 1, length]))
            }
            _ => Err(self.unsupported(format!("weights of shape {:?}", weights.shape))),
        }
    }

    fn bias(&self, outputs: usize) -> Result<Vec<f32>, CompileError> {
        let bias = match self.optional(2, "bias")? {
            Some(bias) => bias.to_f32(),
            None => vec![0.0; outputs],
        };
        if bias.len() != outputs {
            return Err(self.unsupported("its bias must have one element per output channel"));
        }
        Ok(bias)
    }

    pub(super) fn conv(&mut self) -> Converted {
        let geometry = self.images()?;
        let weights = self.weights(&geometry)?;
        let groups = self.integer("group", 1).max(1) as usize;
        let (outputs, channels) = (weights.shape[0], self.shape(geometry.value)[1]);
        if weights.shape[1] * groups != channels || outputs % groups != 0 {
            return Err(self.unsupported(format!(
                "{groups} groups of weights {:?} for {channels} channels",
                weights.shape
            )));
        }
        let dilation = self.pair("dilations", &geometry, 1)?;
        let window = self.window(&geometry, [weights.shape[2], weights.shape[3]], dilation)?;
        let conv = Conv {
            weights: weights.to_f32(),
            bias: self.bias(outputs)?,
            output_channels: outputs,
            groups,
            window,
            dilation,
            grid: self.grid_of_operands()?,
        };
        let result = self.add(Op::Conv(conv), &[geometry.value])?;
        Ok(vec![self.restored(result, &geometry)?])
    }

    /// Zeros between the elements, then a convolution with the weights turned around.
    pub(super) fn conv_transpose(&mut self) -> Converted {
        let geometry = self.images()?;
        let weights = self.weights(&geometry)?;
        let groups = self.integer("group", 1).max(1) as usize;
        let shape = self.shape(geometry.value);
        let &[inputs, group_outputs, height, width] = weights.shape.as_slice() else {
            return Err(self.unsupported("its weights have the wrong rank"));
        };
        if inputs != shape[1] || inputs % groups != 0 {
            return Err(self.unsupported(format!(
                "weights {:?} for {} channels",
                weights.shape, shape[1]
            )));
        }
        let stride = self.pair("strides", &geometry, 1)?;
        let dilation = self.pair("dilations", &geometry, 1)?;
        let kernel = [height, width];
        let reach = [0, 1].map(|axis| dilation[axis] * (kernel[axis] - 1) + 1);
        let (pad, size) = self.transposed_size(&geometry, stride, reach)?;
        let mut x = self.spread(geometry.value, stride)?;
        // Where the padded images begin and end, seen from the first and behind the last element.
        let mut window = Window {
            kernel,
            stride: [1, 1],
            pad: [0; 4],
        };
        for axis in [0, 1] {
            let before = reach[axis] as i64 - 1 - pad[axis];
            let after = size[axis] as i64 + reach[axis] as i64
                - 1
                - before
                - self.shape(x)[axis + 2] as i64;
            x = self.cropped(x, axis + 2, (-before).max(0), (-after).max(0))?;
            window.pad[2 * axis] = before.max(0) as usize;
            window.pad[2 * axis + 1] = after.max(0) as usize;
        }
        let conv = Conv {
            weights: turned(&weights, groups),
            bias: self.bias(group_outputs * groups)?,
            output_channels: group_outputs * groups,
            groups,
            window,
            dilation,
            grid: None,
        };
        let result = self.add(Op::Conv(conv), &[x])?;
        Ok(vec![self.restored(result, &geometry)?])
    }

    /// Padding at the beginning, and size, of a transposed convolution's output.
    fn transposed_size(
        &self,
        geometry: &Geometry,
        stride: [usize; 2],
        reach: [usize; 2],
    ) -> Result<([i64; 2], [usize; 2]), CompileError> {
        let shape = self.shape(geometry.value);
        let pads = self.pads(geometry)?;
        let extra: Vec<i64> = self.integers("output_padding");
        let wanted: Vec<i64> = self.integers("output_shape");
        let same = self.text("auto_pad");
        let of = |list: &[i64], axis: usize| match list.len() {
            0 => None,
            1 => (axis == 1).then(|| list[0]),
            _ => list.get(list.len() - 2 + axis).copied(),
        };
        let (mut begin, mut size) = ([0; 2], [0; 2]);
        for axis in [0, 1] {
            let extra = of(&extra, axis).unwrap_or(0);
            let full = (stride[axis] * (shape[axis + 2] - 1) + reach[axis]) as i64 + extra;
            let target = match of(&wanted, axis) {
                Some(target) => Some(target),
                None if same.starts_with("SAME") => Some((shape[axis + 2] * stride[axis]) as i64),
                None => None,
            };
            let (before, length) = match target {
                Some(target) => {
                    let total = (full - target).max(0);
                    let half = total / 2;
                    (
                        if same == "SAME_UPPER" {
                            half
                        } else {
                            total - half
                        },
                        target,
                    )
                }
                None => {
                    let (before, after) = (pads[2 * axis] as i64, pads[2 * axis + 1] as i64);
                    (before, full - before - after)
                }
            };
            begin[axis] = before;
            size[axis] = usize::try_from(length)
                .ok()
                .filter(|&length| length > 0)
                .ok_or_else(|| self.unsupported("its output is empty"))?;
        }
        Ok((begin, size))
    }

    /// Zeros behind each pixel: `stride - 1` of them along each axis.
    fn spread(&mut self, x: ValueIndex, stride: [usize; 2]) -> Added {
        if stride == [1, 1] {
            return Ok(x);
        }
        let &[images, channels, height, width] = self.shape(x).as_slice() else {
            return Ok(x);
        };
        let apart = self.reshape(x, &[images * channels, height, 1, width, 1])?;
        let padding = vec![
            (0, 0),
            (0, 0),
            (0, stride[0] - 1),
            (0, 0),
            (0, stride[1] - 1),
        ];
        let padded = self.add(
            Op::Pad {
                padding,
                value: 0.0,
            },
            &[apart],
        )?;
        self.reshape(
            padded,
            &[images, channels, height * stride[0], width * stride[1]],
        )
    }

    /// Elements cut off at both ends of an axis.
    fn cropped(&mut self, x: ValueIndex, axis: usize, before: i64, after: i64) -> Added {
        let length = self.shape(x)[axis] as i64 - before - after;
        if length <= 0 {
            return Err(self.unsupported("its padding leaves nothing of its input"));
        }
        self.slice(x, axis, before as usize, length as usize)
    }
}

/// Weights `[C, M, H, W]` of a transposed convolution as `[M, C, H, W]` per group, turned by half a
/// circle.
fn turned(weights: &Tensor, groups: usize) -> Vec<f32> {
    let &[inputs, outputs, height, width] = weights.shape.as_slice() else {
        return Vec::new();
    };
    let (area, group_inputs) = (height * width, inputs / groups);
    let mut turned = Vec::with_capacity(weights.elements.len());
    for group in 0..groups {
        for output in 0..outputs {
            for input in 0..group_inputs {
                let first = ((group * group_inputs + input) * outputs + output) * area;
                let kernel = weights.elements[first..first + area].iter().rev();
                turned.extend(kernel.map(|&weight| weight as f32));
            }
        }
    }
    turned
}
