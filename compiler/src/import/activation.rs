//! Functions of one element, and softmax with its relatives.

use super::source::{Added, Converted, Source};
use crate::ir::{Binary, Comparison, Element, Op, Reduction, Tensor, Unary, ValueIndex};

impl Source<'_> {
    pub(super) fn activation(&mut self) -> Converted {
        let value = match self.operator() {
            "Relu" => {
                let x = self.value(0)?;
                self.add(
                    Op::Clamp {
                        low: 0.0,
                        high: f64::INFINITY,
                    },
                    &[x],
                )?
            }
            "Clip" => self.clip()?,
            "PRelu" => self.parametric_relu()?,
            _ => match self.function() {
                Some(function) => {
                    let x = self.value(0)?;
                    self.unary(function, x)?
                }
                None => return self.unknown(),
            },
        };
        Ok(vec![value])
    }

    fn function(&self) -> Option<Unary> {
        let alpha = |default| self.float("alpha", default);
        Some(match self.operator() {
            "Sigmoid" => Unary::Sigmoid,
            "Tanh" => Unary::Tanh,
            "LeakyRelu" => Unary::LeakyRelu(alpha(0.01)),
            "Elu" => Unary::Elu(alpha(1.0)),
            "Selu" => Unary::Selu(
                alpha(1.673_263_192_176_818_8),
                self.float("gamma", 1.050_701_022_148_132_3),
            ),
            "Celu" => Unary::Celu(alpha(1.0)),
            "HardSigmoid" => Unary::HardSigmoid(alpha(0.2), self.float("beta", 0.5)),
            "HardSwish" => Unary::HardSwish,
            "Swish" => Unary::Swish(alpha(1.0)),
            "Mish" => Unary::Mish,
            "Softplus" => Unary::Softplus,
            "Softsign" => Unary::Softsign,
            "ThresholdedRelu" => Unary::ThresholdedRelu(alpha(1.0)),
            "Shrink" => Unary::Shrink(self.float("lambd", 0.5), self.float("bias", 0.0)),
            "Gelu" => Unary::Gelu {
                tanh: self.text("approximate") == "tanh",
            },
            "Exp" => Unary::Exp,
            "Log" => Unary::Log,
            "Sqrt" => Unary::Sqrt,
            "Reciprocal" => Unary::Reciprocal,
            "Abs" => Unary::Abs,
            "Sign" => Unary::Sign,
            "Erf" => Unary::Erf,
            "Sin" => Unary::Sin,
            "Cos" => Unary::Cos,
            "Tan" => Unary::Tan,
            "Asin" => Unary::Asin,
            "Acos" => Unary::Acos,
            "Atan" => Unary::Atan,
            "Sinh" => Unary::Sinh,
            "Cosh" => Unary::Cosh,
            "Asinh" => Unary::Asinh,
            "Acosh" => Unary::Acosh,
            "Atanh" => Unary::Atanh,
            _ => return None,
        })
    }

    fn clip(&mut self) -> Added {
        let x = self.value(0)?;
        // The bounds were attributes before opset 11 and are operands since.
        if self.opset() < 11 {
            let low = self.float("min", f64::NEG_INFINITY);
            let high = self.float("max", f64::INFINITY);
            return self.add(Op::Clamp { low, high }, &[x]);
        }
        let (low, high) = (self.optional_value(1)?, self.optional_value(2)?);
        let number = |value: Option<ValueIndex>, default: f64| match value {
            None => Some(default),
            Some(value) => self
                .known(value)
                .and_then(|bound| bound.elements.first().copied()),
        };
        let bounds = (number(low, f64::NEG_INFINITY), number(high, f64::INFINITY));
        if let (Some(low), Some(high)) = bounds {
            return self.add(
                Op::Clamp {
                    low: low.min(high),
                    high,
                },
                &[x],
            );
        }
        let mut result = x;
        if let Some(low) = low {
            result = self.binary(Binary::Max, result, low)?;
        }
        if let Some(high) = high {
            result = self.binary(Binary::Min, result, high)?;
        }
        Ok(result)
    }

    fn parametric_relu(&mut self) -> Added {
        let (x, slope) = (self.value(0)?, self.value(1)?);
        if let Some(slope) = self.known(slope)
            && let &[slope] = slope.elements.as_slice()
        {
            return self.unary(Unary::LeakyRelu(slope), x);
        }
        let scaled = self.binary(Binary::Mul, x, slope)?;
        let zero = self.scalar(Element::Real, 0.0);
        let negative = self.add(Op::Compare(Comparison::Greater), &[zero, x])?;
        self.add(Op::Select, &[negative, scaled, x])
    }

    pub(super) fn softmax(&mut self) -> Converted {
        let x = self.value(0)?;
        let shape = self.shape(x);
        let default = if self.opset() < 13 { 1 } else { -1 };
        let axis = self.axis(self.integer("axis", default), shape.len())?;
        // Before opset 13 all axes from the given one are one.
        let (flat, axis) = if self.opset() < 13 {
            let outer: usize = shape[..axis].iter().product();
            (vec![outer, shape.iter().product::<usize>() / outer], 1)
        } else {
            (shape.clone(), axis)
        };
        let x = self.reshape(x, &flat)?;
        let result = match self.operator() {
            "Softmax" => self.add(Op::Softmax { axis }, &[x])?,
            "LogSoftmax" => {
                let highest = self.reduce(Reduction::Max, &[axis], x)?;
                let below = self.binary(Binary::Sub, x, highest)?;
                let powers = self.unary(Unary::Exp, below)?;
                let sum = self.reduce(Reduction::Sum, &[axis], powers)?;
                let logarithm = self.unary(Unary::Log, sum)?;
                self.binary(Binary::Sub, below, logarithm)?
            }
            _ => self.hardmax(x, axis)?,
        };
        Ok(vec![self.reshape(result, &shape)?])
    }

    /// 1 at the first largest element along an axis, 0 elsewhere.
    fn hardmax(&mut self, x: ValueIndex, axis: usize) -> Added {
        let mut shape = self.shape(x);
        let length = shape[axis];
        let index = self.add(Op::ArgMax { axis }, &[x])?;
        shape[axis] = 1;
        let index = self.reshape(index, &shape)?;
        let mut along = vec![1; shape.len()];
        along[axis] = length;
        let counting = (0..length).map(|index| index as f64).collect();
        let positions = self.constant(Tensor::integer(&along, counting));
        let hit = self.add(Op::Compare(Comparison::Equal), &[positions, index])?;
        let shape = self.shape(hit);
        self.add_shaped(Op::Cast, &[hit], shape, Element::Real)
    }
}
