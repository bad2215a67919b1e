//! Resize and Upsample: along one axis after the other, each a constant matrix (linear, cubic) or a
//! list of indices (nearest).

use super::source::{Converted, Source};
use crate::{
    CompileError,
    ir::{Tensor, ValueIndex},
};
use std::sync::Arc;

/// How an axis is resized.
struct Axis {
    axis: usize,
    length: usize,
    outputs: usize,
    scale: f64,
    /// Part of the axis that is looked at, for `tf_crop_and_resize`.
    region: [f64; 2],
}

/// What goes for all axes.
struct Method {
    kind: Kind,
    coordinates: String,
    nearest: String,
    cubic: f64,
    exclude_outside: bool,
    antialias: bool,
    extrapolation: f64,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Nearest,
    Linear,
    Cubic,
}

impl Source<'_> {
    pub(super) fn resize(&mut self) -> Converted {
        let mut x = self.value(0)?;
        let method = self.method()?;
        for axis in self.resized_axes(x)? {
            x = self.resized_along(x, &axis, &method)?;
        }
        Ok(vec![x])
    }

    fn method(&self) -> Result<Method, CompileError> {
        let text = |name: &str, default: &str| match self.text(name) {
            text if text.is_empty() => default.to_owned(),
            text => text,
        };
        let old = self.operator() == "Upsample" || self.opset() < 11;
        let kind = match text("mode", "nearest").as_str() {
            "nearest" => Kind::Nearest,
            "linear" | "bilinear" => Kind::Linear,
            "cubic" => Kind::Cubic,
            mode => return Err(self.unsupported(format!("mode {mode} is not supported"))),
        };
        Ok(Method {
            kind,
            coordinates: text(
                "coordinate_transformation_mode",
                if old { "asymmetric" } else { "half_pixel" },
            ),
            nearest: text(
                "nearest_mode",
                if old { "floor" } else { "round_prefer_floor" },
            ),
            cubic: self.float("cubic_coeff_a", -0.75),
            exclude_outside: self.integer("exclude_outside", 0) != 0,
            antialias: self.integer("antialias", 0) != 0,
            extrapolation: self.float("extrapolation_value", 0.0),
        })
    }

    fn resized_axes(&self, x: ValueIndex) -> Result<Vec<Axis>, CompileError> {
        let shape = self.shape(x);
        let axes: Vec<usize> = match self.integers("axes") {
            axes if axes.is_empty() => (0..shape.len()).collect(),
            axes => {
                let axes = axes.iter().map(|&axis| self.axis(axis, shape.len()));
                axes.collect::<Result<_, _>>()?
            }
        };
        let [roi, scales, sizes] = self.resize_operands()?;
        let mut scales: Vec<f64> = match (&scales, &sizes, self.attribute("scales")) {
            (Some(scales), ..) => scales.elements.clone(),
            (None, Some(sizes), _) => {
                let pairs = sizes.elements.iter().zip(&axes);
                pairs
                    .map(|(&size, &axis)| size / shape[axis] as f64)
                    .collect()
            }
            (None, None, Some(scales)) => scales.floats.iter().map(|&x| f64::from(x)).collect(),
            _ => return Err(self.unsupported("neither scales nor sizes")),
        };
        if scales.len() != axes.len() {
            return Err(self.unsupported("as many scales as axes are needed"));
        }
        let policy = self.text("keep_aspect_ratio_policy");
        if sizes.is_some() && matches!(policy.as_str(), "not_larger" | "not_smaller") {
            let pick = if policy == "not_larger" {
                f64::min
            } else {
                f64::max
            };
            let common = scales.iter().copied().reduce(pick).unwrap_or(1.0);
            scales.fill(common);
        }
        let kept = matches!(policy.as_str(), "not_larger" | "not_smaller");
        let described = axes
            .iter()
            .zip(&scales)
            .enumerate()
            .map(|(index, (&axis, &scale))| {
                let length = shape[axis];
                let exact = scale * length as f64;
                let region = match &roi {
                    Some(roi) if roi.elements.len() == 2 * axes.len() => {
                        [roi.elements[index], roi.elements[index + axes.len()]]
                    }
                    _ => [0.0, 1.0],
                };
                let outputs = match &sizes {
                    Some(sizes) if !kept => sizes.elements[index],
                    Some(_) => (exact + 0.5).floor(),
                    None => (exact + 1e-9).floor(),
                };
                Axis {
                    axis,
                    length,
                    outputs: outputs.max(1.0) as usize,
                    scale,
                    region,
                }
            });
        Ok(described.collect())
    }

    /// Region of interest, scales and sizes, where they are there.
    fn resize_operands(&self) -> Result<[Option<Arc<Tensor>>; 3], CompileError> {
        if self.operator() == "Upsample" || self.opset() < 11 {
            return Ok([None, self.optional(1, "scales")?, None]);
        }
        let mut operands = [None, None, None];
        for (index, what) in ["roi", "scales", "sizes"].into_iter().enumerate() {
            let operand = self.optional(index + 1, what)?;
            operands[index] = operand.filter(|tensor| !tensor.elements.is_empty());
        }
        Ok(operands)
    }

    fn resized_along(
        &mut self,
        x: ValueIndex,
        axis: &Axis,
        method: &Method,
    ) -> Result<ValueIndex, CompileError> {
        if axis.outputs == axis.length && axis.scale == 1.0 && axis.region == [0.0, 1.0] {
            return Ok(x);
        }
        let positions: Vec<f64> = (0..axis.outputs)
            .map(|output| position(axis, method, output as f64))
            .collect();
        let last = axis.length as f64 - 1.0;
        let outside =
            |at: f64| method.coordinates == "tf_crop_and_resize" && (at < 0.0 || at > last);
        if positions.iter().any(|&at| outside(at)) && method.extrapolation != 0.0 {
            return self.extrapolated(x, axis, method, &positions);
        }
        if method.kind == Kind::Nearest && !positions.iter().any(|&at| outside(at)) {
            let indices: Vec<usize> = positions
                .iter()
                .map(|&at| nearest(at, &method.nearest).clamp(0.0, last) as usize)
                .collect();
            return self.pick(x, axis.axis, &indices);
        }
        let row = |&at: &f64| {
            if outside(at) {
                vec![0.0; axis.length]
            } else {
                weights(axis, method, at)
            }
        };
        let rows: Vec<Vec<f64>> = positions.iter().map(row).collect();
        self.along(x, axis.axis, &rows)
    }

    /// Resized, with a constant where positions are outside.
    fn extrapolated(
        &mut self,
        x: ValueIndex,
        axis: &Axis,
        method: &Method,
        positions: &[f64],
    ) -> Result<ValueIndex, CompileError> {
        let last = axis.length as f64 - 1.0;
        let inside = |at: f64| (0.0..=last).contains(&at);
        let kept: Vec<f64> = positions.iter().copied().filter(|&at| inside(at)).collect();
        let first = positions.iter().position(|&at| inside(at));
        let Some(before) = first else {
            return Err(self.unsupported("its region of interest has nothing of its tensor"));
        };
        let after = positions.len() - before - kept.len();
        let rows: Vec<Vec<f64>> = kept.iter().map(|&at| weights(axis, method, at)).collect();
        let middle = self.along(x, axis.axis, &rows)?;
        let mut padding = vec![(0, 0); self.shape(x).len()];
        padding[axis.axis] = (before, after);
        let value = method.extrapolation;
        self.add(crate::ir::Op::Pad { padding, value }, &[middle])
    }
}

/// Where an output element lies on the input's axis.
fn position(axis: &Axis, method: &Method, output: f64) -> f64 {
    let (length, outputs) = (axis.length as f64, axis.outputs as f64);
    let exact = axis.scale * length;
    match method.coordinates.as_str() {
        "asymmetric" => output / axis.scale,
        "align_corners" if axis.outputs == 1 => 0.0,
        "align_corners" => output * (length - 1.0) / (exact - 1.0),
        "pytorch_half_pixel" if axis.outputs == 1 => -0.5,
        "half_pixel_symmetric" => {
            let offset = length / 2.0 * (1.0 - outputs / exact);
            offset + (output + 0.5) / axis.scale - 0.5
        }
        "tf_crop_and_resize" => {
            let [start, end] = axis.region;
            if axis.outputs == 1 {
                return (start + end) / 2.0 * (length - 1.0);
            }
            start * (length - 1.0) + output * (end - start) * (length - 1.0) / (outputs - 1.0)
        }
        _ => (output + 0.5) / axis.scale - 0.5,
    }
}

fn nearest(at: f64, mode: &str) -> f64 {
    match mode {
        "floor" => at.floor(),
        "ceil" => at.ceil(),
        "round_prefer_ceil" => (at + 0.5).floor(),
        _ => (at - 0.5).ceil(),
    }
}

/// What each input element counts for at a position.
fn weights(axis: &Axis, method: &Method, at: f64) -> Vec<f64> {
    let mut row = vec![0.0; axis.length];
    let last = axis.length as i64 - 1;
    if method.kind == Kind::Nearest {
        row[nearest(at, &method.nearest).clamp(0.0, last as f64) as usize] = 1.0;
        return row;
    }
    // A smaller output sees wider kernels when it is antialiased.
    let scale = if method.antialias {
        axis.scale.min(1.0)
    } else {
        1.0
    };
    let reach = if method.kind == Kind::Linear {
        1.0
    } else {
        2.0
    };
    let kernel = |distance: f64| match method.kind {
        Kind::Linear => (1.0 - distance.abs()).max(0.0),
        _ => cubic(distance.abs(), method.cubic),
    };
    let base = at.floor();
    let first = (-reach / scale).floor() as i64 + 1;
    let count = 2 - 2 * first;
    let mut taps = Vec::new();
    for offset in first..first + count {
        let index = base as i64 + offset;
        let weight = kernel(scale * (offset as f64 - (at - base)));
        taps.push((index, weight));
    }
    if method.exclude_outside {
        taps.retain(|(index, _)| (0..=last).contains(index));
    }
    let sum: f64 = taps.iter().map(|(_, weight)| weight).sum();
    for (index, weight) in taps {
        row[index.clamp(0, last) as usize] += weight / sum;
    }
    row
}

/// The cubic convolution kernel.
fn cubic(x: f64, a: f64) -> f64 {
    if x <= 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a
    } else {
        0.0
    }
}
