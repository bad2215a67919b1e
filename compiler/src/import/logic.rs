//! Comparisons, truth values, selection, casts.

use super::{
    source::{Added, Converted, Source},
    tensors,
};
use crate::ir::{Comparison, Element, Logical, Op, ValueIndex};

impl Source<'_> {
    pub(super) fn logic(&mut self) -> Converted {
        let result = match self.operator() {
            "Equal" => self.operands(Op::Compare(Comparison::Equal), false)?,
            "Greater" => self.operands(Op::Compare(Comparison::Greater), false)?,
            "GreaterOrEqual" => self.operands(Op::Compare(Comparison::GreaterEqual), false)?,
            "Less" => self.operands(Op::Compare(Comparison::Greater), true)?,
            "LessOrEqual" => self.operands(Op::Compare(Comparison::GreaterEqual), true)?,
            "And" => self.operands(Op::Logical(Logical::And), false)?,
            "Or" => self.operands(Op::Logical(Logical::Or), false)?,
            "Xor" => self.operands(Op::Logical(Logical::Xor), false)?,
            "Not" => {
                let x = self.value(0)?;
                self.add(Op::Not, &[x])?
            }
            "Where" => {
                let operands = [self.value(0)?, self.value(1)?, self.value(2)?];
                self.add(Op::Select, &operands)?
            }
            operator => {
                let x = self.value(0)?;
                let target = if operator == "Cast" {
                    let code = self.integer("to", 1) as i32;
                    tensors::element(code).ok_or_else(|| {
                        self.unsupported(format!("element type {code} is not supported"))
                    })?
                } else {
                    let like = self.value(1)?;
                    self.element(like)
                };
                self.cast(x, target)?
            }
        };
        Ok(vec![result])
    }

    fn operands(&mut self, op: Op, swapped: bool) -> Added {
        let (a, b) = (self.value(0)?, self.value(1)?);
        self.add(op, &if swapped { [b, a] } else { [a, b] })
    }

    pub(super) fn cast(&mut self, x: ValueIndex, target: Element) -> Added {
        if self.element(x) == target {
            return Ok(x);
        }
        let shape = self.shape(x);
        self.add_shaped(Op::Cast, &[x], shape, target)
    }
}
