//! Element-wise arithmetic of one, two or more tensors.

use super::source::{Added, Converted, Source};
use crate::{
    ir::{Binary, Element, Op, Tensor, Unary, ValueIndex},
    real,
};

/// Distinct exponents of one Pow that are told apart.
const MAX_EXPONENTS: usize = 8;
/// Largest power of integers that is multiplied out.
const MAX_INTEGER_POWER: f64 = 8.0;

impl Source<'_> {
    pub(super) fn arithmetic(&mut self) -> Converted {
        let result = match self.operator() {
            "Neg" => {
                let x = self.value(0)?;
                self.negated(x)?
            }
            "Pow" => self.power()?,
            "Add" | "Sum" => self.chain(Binary::Add)?,
            "Mean" => {
                let sum = self.chain(Binary::Add)?;
                self.linear(sum, 1.0 / self.node.input.len() as f64, 0.0)?
            }
            "Sub" => self.chain(Binary::Sub)?,
            "Mul" => self.chain(Binary::Mul)?,
            "Div" => self.chain(Binary::Div)?,
            "Max" => self.extreme(Binary::Max)?,
            _ => self.extreme(Binary::Min)?,
        };
        Ok(vec![result])
    }

    pub(super) fn negated(&mut self, x: ValueIndex) -> Added {
        if self.element(x) == Element::Real {
            return self.linear(x, -1.0, 0.0);
        }
        let zero = self.scalar(Element::Integer, 0.0);
        self.binary(Binary::Sub, zero, x)
    }

    fn chain(&mut self, op: Binary) -> Added {
        let values = self.values()?;
        let mut result = self.value(0)?;
        for &value in &values[1..] {
            result = self.binary(op, result, value)?;
        }
        Ok(result)
    }

    /// `Min` and `Max`: against a single number they are clamps.
    fn extreme(&mut self, op: Binary) -> Added {
        let values = self.values()?;
        let mut result = values[0];
        for &value in &values[1..] {
            let number = |value| {
                let tensor = self.known(value)?;
                (tensor.elements.len() == 1).then(|| tensor.elements[0])
            };
            let operands = match (number(result), number(value)) {
                (None, Some(bound)) => Some((result, bound, self.shape(value).len())),
                (Some(bound), None) => Some((value, bound, self.shape(result).len())),
                _ => None,
            };
            result = match operands {
                Some((x, bound, rank))
                    if self.element(x) == Element::Real && rank <= self.shape(x).len() =>
                {
                    let (low, high) = match op {
                        Binary::Max => (bound, f64::INFINITY),
                        _ => (f64::NEG_INFINITY, bound),
                    };
                    self.add(Op::Clamp { low, high }, &[x])?
                }
                _ => self.binary(op, result, value)?,
            };
        }
        Ok(result)
    }

    fn power(&mut self) -> Added {
        let (base, exponent) = (self.value(0)?, self.value(1)?);
        if let Some(base) = self.known(base)
            && let (&[base], None) = (base.elements.as_slice(), self.known(exponent))
            && base > 0.0
        {
            let logarithm = self.linear(exponent, real::ln(base), 0.0)?;
            return self.unary(Unary::Exp, logarithm);
        }
        let exponents = self.required(1, "exponent")?;
        let mut distinct = exponents.elements.clone();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        if distinct.len() > MAX_EXPONENTS {
            return Err(self.unsupported(format!(
                "at most {MAX_EXPONENTS} different exponents are supported"
            )));
        }
        let mut result = self.raised(base, distinct[0])?;
        for &other in &distinct[1..] {
            let here = exponents
                .elements
                .iter()
                .map(|&x| f64::from(x == other))
                .collect();
            let here = self.constant(Tensor::of(Element::Boolean, &exponents.shape, here));
            let power = self.raised(base, other)?;
            result = self.add(Op::Select, &[here, power, result])?;
        }
        Ok(result)
    }

    fn raised(&mut self, base: ValueIndex, exponent: f64) -> Added {
        if self.element(base) == Element::Integer {
            let known = self.known(base).is_some();
            let multiplies =
                exponent.fract() == 0.0 && (1.0..=MAX_INTEGER_POWER).contains(&exponent);
            if !(known || multiplies) {
                return Err(self.unsupported(format!(
                    "integers to the power of {exponent}: cast them to float before"
                )));
            }
            let mut result = base;
            for _ in 1..exponent as usize {
                result = self.binary(Binary::Mul, result, base)?;
            }
            return Ok(result);
        }
        match exponent {
            1.0 => Ok(base),
            2.0 => self.binary(Binary::Mul, base, base),
            0.5 => self.unary(Unary::Sqrt, base),
            -1.0 => self.unary(Unary::Reciprocal, base),
            _ => self.unary(Unary::Pow(exponent), base),
        }
    }
}
