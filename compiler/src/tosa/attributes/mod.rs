//! One TOSA operator to one runtime operator.
//!
//! Here: how many operands each has, which family it is of, and reads with their checks. The
//! families: [`windows`] and products, [`elementwise`], [`movement`] of elements, [`scale`].

mod elementwise;
mod movement;
mod scale;
mod windows;

use super::{
    error::{Attribute, NodeError},
    import::{Refusal, Scope},
    schema::{Node, operator_name},
};
use crate::flatbuffer::Table;
use fixpoint_runtime::{
    model::format::{Signed32, ValueId},
    ops::Operator,
    tensor::DType,
};

type Read<T> = Result<T, Refusal>;

/// Operands of an operator, in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arity {
    Exactly(usize),
    AtLeastOne,
}

impl Arity {
    /// Refuses another number of operands.
    pub(super) const fn check(self, got: usize) -> Result<(), NodeError> {
        match self {
            Self::AtLeastOne if got == 0 => Err(NodeError::NoInput),
            Self::Exactly(want) if got != want => Err(NodeError::InputCount { got, want }),
            _ => Ok(()),
        }
    }
}

/// How many operands an operator of the integer profile has; nothing for any other operator.
pub(super) fn arity(name: &str) -> Option<Arity> {
    Some(Arity::Exactly(match name {
        "CONCAT" => return Some(Arity::AtLeastOne),
        "CONST" | "CONST_SHAPE" => 0,
        "ARGMAX" | "MAX_POOL2D" | "CLAMP" | "ABS" | "BITWISE_NOT" | "CLZ" | "LOGICAL_NOT"
        | "REDUCE_ALL" | "REDUCE_ANY" | "REDUCE_MAX" | "REDUCE_MIN" | "REDUCE_SUM" | "REVERSE"
        | "TRANSPOSE" | "CAST" | "IDENTITY" => 1,
        "ADD"
        | "ARITHMETIC_RIGHT_SHIFT"
        | "BITWISE_AND"
        | "BITWISE_OR"
        | "BITWISE_XOR"
        | "INTDIV"
        | "LOGICAL_AND"
        | "LOGICAL_LEFT_SHIFT"
        | "LOGICAL_RIGHT_SHIFT"
        | "LOGICAL_OR"
        | "LOGICAL_XOR"
        | "MAXIMUM"
        | "MINIMUM"
        | "SUB"
        | "TABLE"
        | "EQUAL"
        | "GREATER"
        | "GREATER_EQUAL"
        | "RESHAPE"
        | "TILE"
        | "GATHER" => 2,
        "AVG_POOL2D" | "MUL" | "NEGATE" | "SELECT" | "PAD" | "SLICE" | "SCATTER" => 3,
        "MATMUL" | "RESIZE" => 4,
        "CONV2D" | "CONV3D" | "DEPTHWISE_CONV2D" | "TRANSPOSE_CONV2D" | "RESCALE" => 5,
        _ => return None,
    }))
}

/// The runtime's operator. Its operands have been counted.
pub(super) fn operator<'a>(scope: &Scope<'a>, node: &Node<'a>) -> Read<Operator> {
    let name = operator_name(node.code);
    let read = Reader { scope, node };
    let families = [
        windows::operator,
        elementwise::operator,
        movement::operator,
        scale::operator,
    ];
    for family in families {
        if let Some(operator) = family(&read, name)? {
            return Ok(operator);
        }
    }
    Err(Refusal::Outside)
}

/// An operator's operands and attributes while they are being taken apart.
struct Reader<'s, 'a> {
    scope: &'s Scope<'a>,
    node: &'s Node<'a>,
}

impl<'a> Reader<'_, 'a> {
    fn name(&self, operand: usize) -> Read<&'a str> {
        let (got, want) = (self.node.inputs.len(), operand + 1);
        let name = self.node.inputs.get(operand).copied();
        name.ok_or_else(|| NodeError::InputCount { got, want }.into())
    }

    /// An operand that is a tensor.
    fn value(&self, operand: usize) -> Read<ValueId> {
        let name = self.name(operand)?;
        self.scope
            .value(name)
            .ok_or_else(|| self.undefined(operand, name).into())
    }

    fn undefined(&self, operand: usize, name: &str) -> NodeError {
        let name = name.to_owned();
        NodeError::Undefined { operand, name }
    }

    /// Declared element type of an operand.
    fn dtype(&self, operand: usize) -> Read<DType> {
        Ok(self.scope.declaration(self.name(operand)?)?.0)
    }

    /// Declared element type of the output.
    fn output_dtype(&self) -> Read<DType> {
        let output = self.node.outputs.first().copied().unwrap_or_default();
        Ok(self.scope.declaration(output)?.0)
    }

    fn attributes(&self) -> Read<Table<'a>> {
        self.node
            .attribute
            .ok_or_else(|| NodeError::NoAttributes.into())
    }

    /// A list attribute of `N` entries.
    fn entries<const N: usize>(&self, attribute: Attribute, slot: usize) -> Read<[i32; N]> {
        let entries = self.attributes()?.i32s(slot)?;
        entries.try_into().map_err(|entries: Vec<i32>| {
            let (got, want) = (entries.len(), N);
            NodeError::AttributeLength {
                attribute,
                got,
                want,
            }
            .into()
        })
    }

    fn axis(&self) -> Read<u8> {
        small(Attribute::Axis, self.attributes()?.i32(0, 0)?.into())
    }

    /// Elements of an operand that is a constant list of one element type.
    fn integers(&self, operand: usize, want: DType) -> Read<Vec<i64>> {
        let name = self.name(operand)?;
        let owned = || name.to_owned();
        if self.scope.value(name).is_none() {
            return Err(self.undefined(operand, name).into());
        }
        if !self.scope.is_constant(name) {
            let name = owned();
            return Err(NodeError::NotConstant { operand, name }.into());
        }
        let (declared, shape) = self.scope.declaration(name)?;
        if declared != want {
            return Err(NodeError::OperandType {
                operand,
                name: owned(),
                declared,
                want,
            }
            .into());
        }
        if shape.len() != 1 {
            return Err(NodeError::OperandRank {
                operand,
                name: owned(),
                declared: shape.len(),
            }
            .into());
        }
        Ok(self.scope.integers(name)?)
    }

    /// The only element of a constant list.
    fn scalar(&self, operand: usize, want: DType) -> Read<i64> {
        let elements = self.integers(operand, want)?;
        let &[element] = elements.as_slice() else {
            return Err(self.length(operand, elements.len(), 1));
        };
        Ok(element)
    }

    fn length(&self, operand: usize, got: usize, want: usize) -> Refusal {
        let name = self.name(operand).map(str::to_owned).unwrap_or_default();
        NodeError::OperandLength {
            operand,
            name,
            got,
            want,
        }
        .into()
    }

    fn zero_point(&self, operand: usize, of: DType) -> Read<Signed32> {
        signed(Attribute::ZeroPoint, self.scalar(operand, of)?)
    }

    /// Elements of an operand that is a constant shape.
    fn shape(&self, operand: usize) -> Read<&'a [i64]> {
        let name = self.name(operand)?;
        if let Some(elements) = self.scope.shape(name) {
            return Ok(elements);
        }
        Err(if self.scope.value(name).is_some() {
            let name = name.to_owned();
            NodeError::NotAShape { operand, name }.into()
        } else {
            self.undefined(operand, name).into()
        })
    }

    /// A constant shape of `N` elements.
    fn shape_of<const N: usize>(&self, operand: usize) -> Read<[i64; N]> {
        let elements = self.shape(operand)?;
        elements
            .try_into()
            .map_err(|_| self.length(operand, elements.len(), N))
    }
}

fn in_range<T: TryFrom<i64>>(attribute: Attribute, value: i64, (min, max): (i64, i64)) -> Read<T> {
    T::try_from(value).map_err(|_| {
        NodeError::AttributeRange {
            attribute,
            value,
            min,
            max,
        }
        .into()
    })
}

/// An attribute that the runtime keeps in eight bits.
fn small(attribute: Attribute, value: i64) -> Read<u8> {
    in_range(attribute, value, (0, u8::MAX.into()))
}

/// An attribute that is not negative.
fn unsigned(attribute: Attribute, value: i64) -> Read<u32> {
    in_range(attribute, value, (0, u32::MAX.into()))
}

/// An attribute with a sign.
fn signed(attribute: Attribute, value: i64) -> Read<Signed32> {
    in_range(attribute, value, (i32::MIN.into(), i32::MAX.into())).map(Signed32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tosa::schema::operator_belongs;

    #[test]
    fn every_operator_is_counted_or_belongs_elsewhere() {
        let mut counted = vec![];
        for code in 0..=101 {
            match (arity(operator_name(code)), operator_belongs(code)) {
                (Some(_), "PRO-FP") => counted.push(code),
                (Some(_), belongs) => panic!("{code} has operands and belongs to {belongs}"),
                (None, _) => {}
            }
        }
        // TOSA 1.0: 76 codes, of which UNKNOWN, CUSTOM, 13 of PRO-FP, 2 of FFT, 2 of control flow
        // and 3 of variables are not of the integer profile.
        assert_eq!(counted.len(), 76 - 1 - 1 - 13 - 2 - 2 - 3);
        assert_eq!(arity("REDUCE_PRODUCT"), None, "it has floats only");
    }

    #[test]
    fn operands_are_counted() {
        let (got, want) = (3, 2);
        assert_eq!(
            arity("ADD").expect("known").check(3),
            Err(NodeError::InputCount { got, want })
        );
        assert_eq!(arity("ADD").expect("known").check(2), Ok(()));
        let concat = arity("CONCAT").expect("known");
        assert_eq!(concat.check(0), Err(NodeError::NoInput));
        assert_eq!(concat.check(1), Ok(()));
        assert_eq!(concat.check(64), Ok(()));
    }
}
