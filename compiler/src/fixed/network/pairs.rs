//! Sums, products, quotients, the larger and the smaller of two tensors; comparisons, selection, casts.

use super::{ELEMENT_LIMIT, Lowerer, Wide, bits_for, unsupported};
use crate::{
    error::CompileError,
    ir::{Affine, Binary, Comparison, Element, Logical, Node, Op},
    real,
};
use fixpoint_runtime::{model::format::ValueId, tensor::DType};

type Computed = Result<Wide, CompileError>;

/// Two operands, of the output's rank, whose elements stand for the same.
struct Aligned {
    values: [ValueId; 2],
    slope: f64,
}

impl Lowerer<'_> {
    /// Two operands in units of one size, with which magnitudes up to `bound` fit: in their own, if they
    /// have the same.
    fn aligned(
        &mut self,
        node: &Node,
        inputs: [usize; 2],
        bound: f64,
    ) -> Result<Aligned, CompileError> {
        let [a, b] = [self.read(node, inputs[0])?, self.read(node, inputs[1])?];
        let own = a.slope().filter(|&slope| b.slope() == Some(slope));
        let own = own.filter(|slope| bound / slope <= ELEMENT_LIMIT);
        let (mut values, slope) = match own {
            Some(slope) => ([a.value, b.value], slope),
            None => {
                let most = bits_for(bound.max(a.bound()).max(b.bound()), 4.0);
                let finest = |wide: &Wide| {
                    let slopes = wide.lines.iter().map(|line| line.0.abs());
                    let finest = slopes.filter(|&slope| slope > 0.0).fold(1e30, f64::min);
                    -real::log2(finest).floor() as i32
                };
                let bits = most.min(finest(&a).max(finest(&b)));
                let mut values = [0; 2];
                for (slot, (wide, input)) in values.iter_mut().zip([(a, inputs[0]), (b, inputs[1])])
                {
                    let shape = self.shape(node.inputs[input]).to_vec();
                    *slot = self.with_bits(wide, &shape, 1.0, bits)?.value;
                }
                (values, 2f64.powi(-bits))
            }
        };
        for (value, input) in values.iter_mut().zip(inputs) {
            *value = self.ranked(node, input, *value)?;
        }
        Ok(Aligned { values, slope })
    }

    pub(super) fn sum(&mut self, node: &Node, negated: bool) -> Computed {
        let mut bound = self.expected(node.output);
        let constant = |&input: &usize| self.graph.values[input].constant.is_some();
        if node.inputs.iter().any(constant) {
            // Then the worst is near, and a mask may be far from what calibration saw.
            bound = self.read(node, 0)?.bound() + self.read(node, 1)?.bound();
        }
        let Aligned {
            values: [a, b],
            slope,
        } = self.aligned(node, [0, 1], bound)?;
        let value = if negated {
            self.lane.sub(a, b)?
        } else {
            self.lane.add(a, b)?
        };
        Ok(Wide::scaled(value, slope, bound))
    }

    pub(super) fn extreme(&mut self, node: &Node, largest: bool) -> Computed {
        let Aligned {
            values: [a, b],
            slope,
        } = self.aligned(node, [0, 1], 0.0)?;
        let value = if largest {
            self.lane.maximum(a, b)?
        } else {
            self.lane.minimum(a, b)?
        };
        Ok(Wide::scaled(value, slope, self.expected(node.output)))
    }

    /// An operand in units of one size, whatever that is.
    pub(super) fn sloped(
        &mut self,
        node: &Node,
        input: usize,
    ) -> Result<(Wide, f64), CompileError> {
        let wide = self.read(node, input)?;
        if let Some(slope) = wide.slope() {
            return Ok((wide, slope));
        }
        let (wide, bits) = self.uniform(node, input)?;
        Ok((wide, 2f64.powi(-bits)))
    }

    pub(super) fn product(&mut self, node: &Node, inputs: [usize; 2]) -> Computed {
        let (a, slope_a) = self.sloped(node, inputs[0])?;
        let (b, slope_b) = self.sloped(node, inputs[1])?;
        let bound = self.expected(node.output).min(a.bound() * b.bound());
        let (a, b) = (
            self.ranked(node, inputs[0], a.value)?,
            self.ranked(node, inputs[1], b.value)?,
        );
        self.multiplied([(a, slope_a), (b, slope_b)], bound)
    }

    /// The product of values in units of these sizes, up to a real bound: what does not fit fails the call.
    pub(super) fn multiplied(&mut self, factors: [(ValueId, f64); 2], bound: f64) -> Computed {
        let [(a, slope_a), (b, slope_b)] = factors;
        let slope = slope_a * slope_b;
        let excess = real::log2((bound / slope / ELEMENT_LIMIT).max(1.0)).ceil();
        // Without a shift MUL does not tell what does not fit.
        let shift_bits = excess.clamp(1.0, 62.0);
        let value = self.lane.mul(a, b, shift_bits as u32)?;
        Ok(Wide::scaled(value, slope * real::exp2(shift_bits), bound))
    }

    /// `a / b`. Where all that is done with it is to take 1 away first, `(a - b) / b`, whose digits
    /// are not spent on the 1.
    pub(super) fn quotient(&mut self, node: &Node) -> Computed {
        let (b, slope_b) = self.sloped(node, 1)?;
        let (a, slope_a, bound, offset) = match self.less_one(node) {
            Some(bound) => {
                let Aligned { values, slope } = self.aligned(node, [0, 1], 0.0)?;
                (self.lane.sub(values[0], values[1])?, slope, bound, 1.0)
            }
            None => {
                let (a, slope) = self.sloped(node, 0)?;
                let value = self.ranked(node, 0, a.value)?;
                (value, slope, self.expected(node.output), 0.0)
            }
        };
        let b = self.ranked(node, 1, b.value)?;
        let rank = self.shape(node.output).len();
        let bound = if bound > 0.0 { bound } else { 1.0 };
        let (value, unit) = self
            .lane
            .quotient([a, b], rank, bound * slope_b / slope_a)?;
        let slope = unit * slope_a / slope_b;
        Ok(Wide {
            lines: vec![(slope, offset)],
            ..Wide::scaled(value, slope, bound)
        })
    }

    /// The bound of a node's result less 1, if its one reader begins with that.
    fn less_one(&self, node: &Node) -> Option<f64> {
        let mut readers = self
            .graph
            .nodes
            .iter()
            .filter(|other| other.inputs.contains(&node.output));
        let reader = readers.next()?;
        let returned = self
            .graph
            .outputs
            .iter()
            .any(|&(_, output)| output == node.output);
        let Op::Affine(affine) = &reader.op else {
            return None;
        };
        let takes_one = |(scale, offset): (&f32, &f32)| *offset == -scale && *scale != 0.0;
        let scales = affine.scale.iter().zip(&affine.offset);
        if returned || readers.next().is_some() || !scales.clone().all(takes_one) {
            return None;
        }
        let smallest = scales.fold(f64::INFINITY, |min, (scale, _)| {
            min.min(f64::from(scale.abs()))
        });
        Some(self.expected(reader.output) / smallest)
    }

    /// `x * scale + offset`. Constants along the last axis only change what the elements stand for.
    pub(super) fn affine(&mut self, node: &Node, affine: &Affine) -> Computed {
        let mut wide = self.read(node, 0)?;
        let shape = self.shape(node.inputs[0]).to_vec();
        let last = affine.shape.last().copied().unwrap_or(1);
        if affine.scale.len() == last {
            let len = last.max(wide.lines.len());
            let line = |index: usize| {
                let (slope, offset) = wide.lines[index % wide.lines.len()];
                let scale = f64::from(affine.scale[index % last]);
                let moved = offset * scale + f64::from(affine.offset[index % last]);
                (slope * scale, moved)
            };
            let lines = (0..len).map(line).collect();
            let size = |index: usize| wide.magnitudes[index % wide.magnitudes.len()];
            wide.magnitudes = (0..len).map(size).collect();
            wide.lines = lines;
            return Ok(wide);
        }
        let (wide, slope) = self.sloped(node, 0)?;
        let largest = affine
            .scale
            .iter()
            .fold(0.0, |max: f64, s| max.max(f64::from(s.abs())));
        let bound = self.expected(node.output);
        let bits = bits_for(bound.max(largest * wide.bound()), 2.0);
        let unit = slope * 2f64.powi(bits);
        let room = real::log2(ELEMENT_LIMIT / (largest * unit)).floor();
        let shift_bits = room.clamp(1.0, 62.0);
        let factor = unit * real::exp2(shift_bits);
        let scale = |&scale: &f32| (f64::from(scale) * factor).round() as i64;
        let scales = affine.scale.iter().map(scale);
        let offset = |&offset: &f32| (f64::from(offset) * 2f64.powi(bits)).round() as i64;
        let offsets: Vec<i64> = affine.offset.iter().map(offset).collect();
        let constants = [
            vec![1; shape.len() - affine.shape.len()],
            affine.shape.clone(),
        ]
        .concat();
        let scales = self.lane.constant(&constants, scales)?;
        let mut value = self.lane.mul(wide.value, scales, shift_bits as u32)?;
        if offsets.iter().any(|&offset| offset != 0) {
            let offsets = self.lane.constant(&constants, offsets)?;
            value = self.lane.add(value, offsets)?;
        }
        Ok(Wide::even(value, bits, bound))
    }

    pub(super) fn clamp(&mut self, node: &Node, low: f64, high: f64) -> Computed {
        let (wide, slope) = self.sloped(node, 0)?;
        let rank = self.shape(node.output).len();
        let value = self.limited(wide.value, rank, slope, [low, high])?;
        let bound = self.expected(node.output).min(wide.bound());
        Ok(Wide::scaled(value, slope, bound))
    }

    /// A value cut off below and above, in units of this size.
    pub(super) fn limited(
        &mut self,
        value: ValueId,
        rank: usize,
        slope: f64,
        [low, high]: [f64; 2],
    ) -> super::Emitted {
        let limit = f64::from(i32::MAX);
        let element = |real: f64| {
            let element = (real / slope).round();
            element.clamp(-limit, limit)
        };
        let mut value = value;
        if element(low) > -limit {
            let low = self.lane.scalar(rank, element(low) as i64)?;
            value = self.lane.maximum(value, low)?;
        }
        if element(high) < limit {
            let high = self.lane.scalar(rank, element(high) as i64)?;
            value = self.lane.minimum(value, high)?;
        }
        Ok(value)
    }

    /// Integers that stand for themselves.
    pub(super) fn integers(&mut self, node: &Node, op: Binary) -> Computed {
        let [a, b] = [self.read(node, 0)?, self.read(node, 1)?];
        let a = self.ranked(node, 0, a.value)?;
        let b = self.ranked(node, 1, b.value)?;
        let value = match op {
            Binary::Add => self.lane.add(a, b)?,
            Binary::Sub => self.lane.sub(a, b)?,
            Binary::Mul => self.lane.mul(a, b, 0)?,
            Binary::Div => self.lane.divide(a, b)?,
            Binary::Max => self.lane.maximum(a, b)?,
            Binary::Min => self.lane.minimum(a, b)?,
        };
        Ok(Wide::scaled(value, 1.0, ELEMENT_LIMIT))
    }

    pub(super) fn compare(&mut self, node: &Node, comparison: Comparison) -> Computed {
        if self.element(node.inputs[0]) == Element::Boolean {
            return Err(unsupported(
                node,
                "of truth values it is not supported: use Xor and Not",
            ));
        }
        let [a, b] = self.aligned(node, [0, 1], 0.0)?.values;
        let value = match comparison {
            Comparison::Equal => self.lane.equal(a, b)?,
            Comparison::Greater => self.lane.greater(a, b)?,
            Comparison::GreaterEqual => self.lane.greater_equal(a, b)?,
        };
        Ok(Wide::scaled(value, 1.0, 1.0))
    }

    pub(super) fn logical(&mut self, node: &Node, logical: Logical) -> Computed {
        let [a, b] = [self.read(node, 0)?, self.read(node, 1)?];
        let a = self.ranked(node, 0, a.value)?;
        let b = self.ranked(node, 1, b.value)?;
        let value = match logical {
            Logical::And => self.lane.logical_and(a, b)?,
            Logical::Or => self.lane.logical_or(a, b)?,
            Logical::Xor => self.lane.logical_xor(a, b)?,
        };
        Ok(Wide::scaled(value, 1.0, 1.0))
    }

    pub(super) fn not(&mut self, node: &Node) -> Computed {
        let value = self.read(node, 0)?.value;
        Ok(Wide::scaled(self.lane.logical_not(value)?, 1.0, 1.0))
    }

    pub(super) fn select(&mut self, node: &Node) -> Computed {
        let condition = self.read(node, 0)?.value;
        let condition = self.ranked(node, 0, condition)?;
        let Aligned {
            values: [a, b],
            slope,
        } = self.aligned(node, [1, 2], 0.0)?;
        let value = self.lane.select(condition, a, b)?;
        let bound = if self.element(node.output) == Element::Real {
            self.expected(node.output)
        } else {
            ELEMENT_LIMIT
        };
        Ok(Wide::scaled(value, slope, bound))
    }

    pub(super) fn cast(&mut self, node: &Node) -> Computed {
        let (from, to) = (self.element(node.inputs[0]), self.element(node.output));
        let rank = self.shape(node.output).len();
        let bound = self.expected(node.output);
        let (wide, slope) = self.sloped(node, 0)?;
        let value = wide.value;
        Ok(match (from, to) {
            (Element::Boolean, Element::Real) => {
                Wide::scaled(self.lane.cast(value, DType::I32)?, 1.0, 1.0)
            }
            (Element::Boolean, Element::Integer) => {
                Wide::scaled(self.lane.cast(value, DType::I32)?, 1.0, ELEMENT_LIMIT)
            }
            (Element::Integer, Element::Real) => Wide::scaled(value, 1.0, bound.max(1.0)),
            (Element::Real | Element::Integer, Element::Boolean) => {
                let zero = self.lane.scalar(rank, 0)?;
                let is_zero = self.lane.equal(value, zero)?;
                Wide::scaled(self.lane.logical_not(is_zero)?, 1.0, 1.0)
            }
            (Element::Real, Element::Integer) => {
                let whole = self.cut_towards_zero(value, rank, slope)?;
                Wide::scaled(whole, 1.0, ELEMENT_LIMIT)
            }
            _ => wide,
        })
    }

    /// Real numbers in units of this size as whole numbers.
    fn cut_towards_zero(&mut self, value: ValueId, rank: usize, slope: f64) -> super::Emitted {
        let bits = (-real::log2(slope)).ceil().clamp(0.0, 30.0) as i32;
        let even = if slope == 2f64.powi(-bits) {
            value
        } else {
            let wide = Wide::scaled(value, slope, slope * ELEMENT_LIMIT);
            self.with_bits(wide, &vec![1; rank], 1.0, bits)?.value
        };
        let places = self.lane.scalar(rank, i64::from(bits))?;
        let size = self.lane.abs(even)?;
        let size = self.lane.shift_right(size, places, false)?;
        let zero = self.lane.scalar(rank, 0)?;
        let minus = self.lane.sub(zero, size)?;
        let negative = self.lane.greater(zero, even)?;
        self.lane.select(negative, minus, size)
    }
}
