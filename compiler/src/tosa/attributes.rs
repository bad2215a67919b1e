//! One TOSA operator to one runtime operator.

use super::{
    import::Scope,
    schema::{Node, invalid, operator_name},
};
use crate::{
    builder::{list, signed},
    error::CompileError,
    flatbuffer::Table,
};
use fixpoint_runtime::{
    model::format::{Signed32, ValueId},
    ops::{
        Operator,
        add::Add,
        argmax::ArgMax,
        arithmetic_right_shift::ArithmeticRightShift,
        avg_pool2d::AvgPool2d,
        cast::Cast,
        clamp::Clamp,
        clz::Clz,
        concat::Concat,
        conv2d::Conv2d,
        depthwise_conv2d::DepthwiseConv2d,
        gather::Gather,
        geometry::{Margin, Pad2d, Size2d},
        logical_left_shift::LogicalLeftShift,
        matmul::MatMul,
        max_pool2d::MaxPool2d,
        mul::Mul,
        pad::Pad,
        reduce_max::ReduceMax,
        reduce_sum::ReduceSum,
        rescale::Rescale,
        reshape::Reshape,
        slice::Slice,
        sub::Sub,
        table::Table as TableOp,
        transpose::Transpose,
    },
};

/// `RoundingMode::SINGLE_ROUND` and `DOUBLE_ROUND`.
const SINGLE_ROUND: u32 = 1;
const DOUBLE_ROUND: u32 = 3;

/// An operator's operands and attributes while they are being taken apart.
struct Reader<'s, 'a> {
    scope: &'s Scope<'a>,
    node: &'s Node<'a>,
}

/// The runtime's operator, or nothing if the registry has none of this code.
pub(super) fn operator<'a>(
    scope: &Scope<'a>,
    node: &Node<'a>,
) -> Result<Option<Operator>, CompileError> {
    let read = Reader { scope, node };
    Ok(Some(match operator_name(node.code) {
        "ARGMAX" => Operator::ArgMax(ArgMax {
            input: read.value(0)?,
            axis: read.axis()?,
        }),
        "AVG_POOL2D" => Operator::AvgPool2d(AvgPool2d {
            input: read.value(0)?,
            kernel: read.size(0)?,
            stride: read.size(1)?,
            pad: read.pad(2)?,
            input_zero_point: read.zero_point(1)?,
            output_zero_point: read.zero_point(2)?,
        }),
        "CONV2D" => Operator::Conv2d(Conv2d {
            input: read.value(0)?,
            weight: read.value(1)?,
            bias: read.value(2)?,
            pad: read.pad(0)?,
            stride: read.size(1)?,
            dilation: read.size(2)?,
            input_zero_point: read.zero_point(3)?,
            weight_zero_point: read.zero_point(4)?,
        }),
        "DEPTHWISE_CONV2D" => Operator::DepthwiseConv2d(DepthwiseConv2d {
            input: read.value(0)?,
            weight: read.value(1)?,
            bias: read.value(2)?,
            pad: read.pad(0)?,
            stride: read.size(1)?,
            dilation: read.size(2)?,
            input_zero_point: read.zero_point(3)?,
            weight_zero_point: read.zero_point(4)?,
        }),
        "MATMUL" => Operator::MatMul(MatMul {
            a: read.value(0)?,
            b: read.value(1)?,
            a_zero_point: read.zero_point(2)?,
            b_zero_point: read.zero_point(3)?,
        }),
        "MAX_POOL2D" => Operator::MaxPool2d(MaxPool2d {
            input: read.value(0)?,
            kernel: read.size(0)?,
            stride: read.size(1)?,
            pad: read.pad(2)?,
        }),
        "RESCALE" => read.rescale()?,
        _ => return read.tensor_operator(),
    }))
}

impl<'a> Reader<'_, 'a> {
    /// Operators without a window, a product or a scale.
    fn tensor_operator(&self) -> Result<Option<Operator>, CompileError> {
        Ok(Some(match operator_name(self.node.code) {
            "CLAMP" => self.clamp()?,
            "ADD" => Operator::Add(Add {
                a: self.value(0)?,
                b: self.value(1)?,
            }),
            "ARITHMETIC_RIGHT_SHIFT" => Operator::ArithmeticRightShift(ArithmeticRightShift {
                a: self.value(0)?,
                b: self.value(1)?,
                round: self.attributes()?.u8(0)? != 0,
            }),
            "LOGICAL_LEFT_SHIFT" => Operator::LogicalLeftShift(LogicalLeftShift {
                a: self.value(0)?,
                b: self.value(1)?,
            }),
            "MUL" => Operator::Mul(Mul {
                a: self.value(0)?,
                b: self.value(1)?,
                shift_bits: self.small(self.scalar(2)?)?,
            }),
            "SUB" => Operator::Sub(Sub {
                a: self.value(0)?,
                b: self.value(1)?,
            }),
            "TABLE" => Operator::Table(TableOp {
                input: self.value(0)?,
                table: self.value(1)?,
            }),
            "CLZ" => Operator::Clz(Clz {
                input: self.value(0)?,
            }),
            "REDUCE_MAX" => Operator::ReduceMax(ReduceMax {
                input: self.value(0)?,
                axis: self.axis()?,
            }),
            "REDUCE_SUM" => Operator::ReduceSum(ReduceSum {
                input: self.value(0)?,
                axis: self.axis()?,
            }),
            "CONCAT" => self.concat()?,
            "PAD" => self.pad_operator()?,
            "RESHAPE" => Operator::Reshape(Reshape {
                input: self.value(0)?,
                shape: self.scope.shape(self.name(1)?)?,
            }),
            "SLICE" => Operator::Slice(Slice {
                input: self.value(0)?,
                start: self.scope.shape(self.name(1)?)?,
                size: self.scope.shape(self.name(2)?)?,
            }),
            "TRANSPOSE" => self.transpose()?,
            "GATHER" => Operator::Gather(Gather {
                values: self.value(0)?,
                indices: self.value(1)?,
            }),
            "CAST" => Operator::Cast(Cast {
                input: self.value(0)?,
                to: self.output_dtype()?,
            }),
            _ => return Ok(None),
        }))
    }

    fn concat(&self) -> Result<Operator, CompileError> {
        let inputs: Result<Vec<_>, _> = (0..self.node.inputs.len())
            .map(|index| self.value(index))
            .collect();
        Ok(Operator::Concat(Concat {
            inputs: list(inputs?, "tensors in one CONCAT")?,
            axis: self.axis()?,
        }))
    }

    fn transpose(&self) -> Result<Operator, CompileError> {
        let axes = self.attributes()?.i32s(0)?;
        let axes: Result<Vec<u8>, _> = axes
            .iter()
            .map(|&axis| self.small(i64::from(axis)))
            .collect();
        Ok(Operator::Transpose(Transpose {
            input: self.value(0)?,
            permutation: list(axes?, "axes of a tensor")?,
        }))
    }

    fn clamp(&self) -> Result<Operator, CompileError> {
        let attributes = self.attributes()?;
        let size = self.output_dtype()?.size_bytes();
        let bound = |bytes: &[u8]| {
            let element = bytes
                .get(..size)
                .ok_or_else(|| self.bad("a bound is cut off"))?;
            let negative = element.last().is_some_and(|byte| byte & 0x80 != 0);
            let mut word = if negative { [0xff; 4] } else { [0; 4] };
            let target = word
                .get_mut(..size)
                .ok_or_else(|| self.bad("a bound is too wide"))?;
            target.copy_from_slice(element);
            Ok::<_, CompileError>(signed(i32::from_le_bytes(word)))
        };
        Ok(Operator::Clamp(Clamp {
            input: self.value(0)?,
            min: bound(attributes.bytes(0)?)?,
            max: bound(attributes.bytes(1)?)?,
        }))
    }

    fn pad_operator(&self) -> Result<Operator, CompileError> {
        let (pairs, rest) = self.scope.shape_elements(self.name(1)?)?.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.bad("padding is not in pairs"));
        }
        let side = |value: i64| u32::try_from(value).map_err(|_| self.bad("negative padding"));
        let padding: Result<Vec<Margin>, _> = pairs
            .iter()
            .map(|&[before, after]| {
                Ok::<_, CompileError>(Margin {
                    before: side(before)?,
                    after: side(after)?,
                })
            })
            .collect();
        Ok(Operator::Pad(Pad {
            input: self.value(0)?,
            padding: list(padding?, "axes of a tensor")?,
            value: self.zero_point(2)?,
        }))
    }

    fn rescale(&self) -> Result<Operator, CompileError> {
        let attributes = self.attributes()?;
        let double_round = match attributes.u32(1)? {
            SINGLE_ROUND => false,
            DOUBLE_ROUND => true,
            _ => return Err(self.bad("only SINGLE_ROUND and DOUBLE_ROUND are exact")),
        };
        let multipliers = self.scope.integers(self.name(1)?)?;
        let shifts = self.scope.integers(self.name(2)?)?;
        let multipliers: Result<Vec<_>, _> = multipliers.iter().map(|&m| self.signed(m)).collect();
        let shifts: Result<Vec<_>, _> = shifts.iter().map(|&shift| self.small(shift)).collect();
        let input_unsigned = attributes.u8(3)? != 0;
        let output_unsigned = attributes.u8(4)? != 0;
        Ok(Operator::Rescale(Rescale {
            input: self.value(0)?,
            to: self.output_dtype()?,
            input_zero_point: self.zero_point_as(3, input_unsigned)?,
            output_zero_point: self.zero_point_as(4, output_unsigned)?,
            multipliers: list(multipliers?, "channels")?,
            shifts_bits: list(shifts?, "channels")?,
            scale32: attributes.u8(0)? != 0,
            double_round,
            per_channel: attributes.u8(2)? != 0,
            input_unsigned,
            output_unsigned,
        }))
    }

    fn bad(&self, reason: &str) -> CompileError {
        let output = self.node.outputs.first().copied().unwrap_or_default();
        invalid(format!(
            "{} (output '{output}'): {reason}",
            operator_name(self.node.code)
        ))
    }

    fn name(&self, index: usize) -> Result<&'a str, CompileError> {
        let name = self.node.inputs.get(index).copied();
        name.ok_or_else(|| self.bad("too few inputs"))
    }

    fn value(&self, index: usize) -> Result<ValueId, CompileError> {
        self.scope.value(self.name(index)?)
    }

    fn attributes(&self) -> Result<Table<'a>, CompileError> {
        self.node.attribute.ok_or_else(|| self.bad("no attributes"))
    }

    fn axis(&self) -> Result<u8, CompileError> {
        self.small(i64::from(self.attributes()?.i32(0, 0)?))
    }

    fn size(&self, slot: usize) -> Result<Size2d, CompileError> {
        let values = self.attributes()?.i32s(slot)?;
        let &[y, x] = values.as_slice() else {
            return Err(self.bad("a window attribute has not two elements"));
        };
        Ok(Size2d {
            y: self.unsigned(y)?,
            x: self.unsigned(x)?,
        })
    }

    fn pad(&self, slot: usize) -> Result<Pad2d, CompileError> {
        let values = self.attributes()?.i32s(slot)?;
        let &[top, bottom, left, right] = values.as_slice() else {
            return Err(self.bad("padding has not four elements"));
        };
        Ok(Pad2d {
            top: self.unsigned(top)?,
            bottom: self.unsigned(bottom)?,
            left: self.unsigned(left)?,
            right: self.unsigned(right)?,
        })
    }

    fn unsigned(&self, value: i32) -> Result<u32, CompileError> {
        u32::try_from(value).map_err(|_| self.bad("a window attribute is negative"))
    }

    fn small(&self, value: i64) -> Result<u8, CompileError> {
        u8::try_from(value).map_err(|_| self.bad("an attribute is out of range"))
    }

    fn signed(&self, value: i64) -> Result<Signed32, CompileError> {
        i32::try_from(value)
            .map(signed)
            .map_err(|_| self.bad("an attribute is out of range"))
    }

    /// The only element of a constant operand.
    fn scalar(&self, index: usize) -> Result<i64, CompileError> {
        let values = self.scope.integers(self.name(index)?)?;
        let &[value] = values.as_slice() else {
            return Err(self.bad("an operand that must be a single constant is not"));
        };
        Ok(value)
    }

    fn zero_point(&self, index: usize) -> Result<Signed32, CompileError> {
        self.signed(self.scalar(index)?)
    }

    /// A zero point whose bits may be those of an unsigned integer.
    fn zero_point_as(&self, index: usize, unsigned: bool) -> Result<Signed32, CompileError> {
        let value = self.scalar(index)?;
        let bits = 8 * self
            .scope
            .tensor_type(self.name(index)?)?
            .dtype
            .size_bytes();
        let value = if unsigned && value < 0 {
            value + (1 << bits)
        } else {
            value
        };
        self.signed(value)
    }

    /// Declared element type of the output.
    fn output_dtype(&self) -> Result<fixpoint_runtime::tensor::DType, CompileError> {
        let output = self.node.outputs.first().copied().unwrap_or_default();
        Ok(self.scope.tensor_type(output)?.dtype)
    }
}
