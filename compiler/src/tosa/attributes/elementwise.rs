//! Operators on single elements, alone or in pairs.

use super::{Read, Reader, small};
use crate::tosa::{
    error::{Attribute, NodeError},
    import::{DATA_ALIGNMENT_BYTES, sign_extend},
};
use fixpoint_runtime::{
    model::format::Signed32,
    ops::{
        Operator, abs::Abs, add::Add, arithmetic_right_shift::ArithmeticRightShift,
        bitwise_and::BitwiseAnd, bitwise_not::BitwiseNot, bitwise_or::BitwiseOr,
        bitwise_xor::BitwiseXor, clamp::Clamp, clz::Clz, equal::Equal, greater::Greater,
        greater_equal::GreaterEqual, intdiv::IntDiv, logical_and::LogicalAnd,
        logical_left_shift::LogicalLeftShift, logical_not::LogicalNot, logical_or::LogicalOr,
        logical_right_shift::LogicalRightShift, logical_xor::LogicalXor, maximum::Maximum,
        minimum::Minimum, mul::Mul, negate::Negate, select::Select, sub::Sub, table::Table,
    },
    tensor::DType,
};

/// Operators whose fields are two operands.
macro_rules! pairs {
    ($read:ident, $name:ident: $($tosa:literal $variant:ident,)*) => {
        match $name {
            $($tosa => {
                return Ok(Some(Operator::$variant($variant {
                    a: $read.value(0)?,
                    b: $read.value(1)?,
                })));
            })*
            _ => {}
        }
    };
}

/// Operators whose only field is their operand.
macro_rules! singles {
    ($read:ident, $name:ident: $($tosa:literal $variant:ident,)*) => {
        match $name {
            $($tosa => {
                return Ok(Some(Operator::$variant($variant {
                    input: $read.value(0)?,
                })));
            })*
            _ => {}
        }
    };
}

pub(super) fn operator(read: &Reader<'_, '_>, name: &str) -> Read<Option<Operator>> {
    pairs! { read, name:
        "ADD" Add,
        "BITWISE_AND" BitwiseAnd,
        "BITWISE_OR" BitwiseOr,
        "BITWISE_XOR" BitwiseXor,
        "INTDIV" IntDiv,
        "LOGICAL_AND" LogicalAnd,
        "LOGICAL_LEFT_SHIFT" LogicalLeftShift,
        "LOGICAL_RIGHT_SHIFT" LogicalRightShift,
        "LOGICAL_OR" LogicalOr,
        "LOGICAL_XOR" LogicalXor,
        "MAXIMUM" Maximum,
        "MINIMUM" Minimum,
        "SUB" Sub,
        "EQUAL" Equal,
        "GREATER" Greater,
        "GREATER_EQUAL" GreaterEqual,
    }
    singles! { read, name:
        "ABS" Abs,
        "BITWISE_NOT" BitwiseNot,
        "CLZ" Clz,
        "LOGICAL_NOT" LogicalNot,
    }
    Ok(Some(match name {
        "ARITHMETIC_RIGHT_SHIFT" => Operator::ArithmeticRightShift(ArithmeticRightShift {
            a: read.value(0)?,
            b: read.value(1)?,
            round: read.attributes()?.u8(0)? != 0,
        }),
        "CLAMP" => Operator::Clamp(Clamp {
            input: read.value(0)?,
            min: read.bound(0)?,
            max: read.bound(1)?,
        }),
        "MUL" => Operator::Mul(Mul {
            a: read.value(0)?,
            b: read.value(1)?,
            shift_bits: small(Attribute::Shift, read.scalar(2, DType::I8)?)?,
        }),
        "NEGATE" => Operator::Negate(Negate {
            input: read.value(0)?,
            input_zero_point: read.zero_point(1, read.dtype(0)?)?,
            output_zero_point: read.zero_point(2, read.output_dtype()?)?,
        }),
        "SELECT" => Operator::Select(Select {
            condition: read.value(0)?,
            a: read.value(1)?,
            b: read.value(2)?,
        }),
        "TABLE" => Operator::Table(Table {
            input: read.value(0)?,
            table: read.value(1)?,
        }),
        _ => return Ok(None),
    }))
}

impl Reader<'_, '_> {
    /// A bound of CLAMP: an element of the output's type, as bytes that a writer may have padded.
    fn bound(&self, slot: usize) -> Read<Signed32> {
        let attribute = Attribute::Bound;
        let bytes = self.attributes()?.bytes(slot)?;
        let want = self.output_dtype()?.size_bytes();
        let (got, padded) = (bytes.len(), want.next_multiple_of(DATA_ALIGNMENT_BYTES));
        if got < want || got > padded {
            return Err(NodeError::AttributeLength {
                attribute,
                got,
                want,
            }
            .into());
        }
        super::signed(attribute, sign_extend(&bytes[..want]))
    }
}
