//! The values that an operator reads, for whoever renumbers them.

use fixpoint_runtime::{
    model::format::ValueId,
    ops::{Operator, concat::Concat},
};

/// Operators by the fields that hold their operands.
macro_rules! map_fields {
    ($operator:ident, $map:ident: $([$($variant:ident)*] $fields:tt;)*) => {
        match $operator {
            $($(Operator::$variant(op) => map_fields!(@each $map, op, $fields),)*)*
            Operator::Concat(Concat { inputs, .. }) => {
                let mapped: Vec<ValueId> = inputs.iter().map(|&value| $map(value)).collect();
                *inputs = mapped.try_into().unwrap_or_default();
            }
        }
    };
    (@each $map:ident, $op:ident, [$($field:ident)*]) => {{
        $($op.$field = $map($op.$field);)*
    }};
}

/// Replaces every value an operator reads.
pub(super) fn map_operands(operator: &mut Operator, mut map: impl FnMut(ValueId) -> ValueId) {
    map_fields! { operator, map:
        [
            Abs ArgMax AvgPool2d BitwiseNot Cast Clamp Clz Identity LogicalNot MaxPool2d Negate Pad
            ReduceAll ReduceAny ReduceMax ReduceMin ReduceSum Rescale Reshape Resize Reverse Slice
            Tile Transpose
        ] [input];
        [
            Add ArithmeticRightShift BitwiseAnd BitwiseOr BitwiseXor Equal Greater GreaterEqual
            IntDiv LogicalAnd LogicalLeftShift LogicalOr LogicalRightShift LogicalXor MatMul
            Maximum Minimum Mul Sub
        ] [a b];
        [Conv2d Conv3d DepthwiseConv2d TransposeConv2d] [input weight bias];
        [Select] [condition a b];
        [Table] [input table];
        [Gather] [values indices];
        [Scatter] [values_in indices input];
    }
}
