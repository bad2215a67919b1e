//! The operators, one file each, under their TOSA names.
//!
//! A file holds an operator's attributes as they stand in model bytes, its shape rule, what must be
//! proved before it may run, its work, and its run. Inner loops live in [`crate::kernels`].
//!
//! What they share: [`operation`] (the trait), [`geometry`] (windows), `shape` (type and shape checks),
//! `accumulator` (bounds), and the frames of families: `pairwise`, `unary`, `reduction`, `convolution`. An operator is added with a file here, a line below, and its kernels.
//!
//! The list below is the registry: the number is TOSA's own operator code and the SSZ selector.

#![allow(
    clippy::disallowed_methods,
    reason = "the derived decoders reserve no more than the bytes they were given hold"
)]

use crate::model::format::ValueId;
use alloc::vec::Vec;
use libssz::{DecodeError, SszDecode, SszEncode};

/// Declares the operator enum with its SSZ union selectors.
macro_rules! operators {
    ($($code:literal $variant:ident $module:ident $name:literal;)*) => {
        $(pub mod $module;)*

        /// An operator with its operands and attributes.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Operator {
            $(#[doc = concat!("TOSA ", $name, ".")] $variant($module::$variant),)*
        }

        impl Operator {
            /// TOSA's operator code.
            pub const fn code(&self) -> u8 {
                match self { $(Self::$variant(_) => $code,)* }
            }

            /// TOSA's operator name.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)* }
            }

            /// The values it reads, in the order of its fields.
            pub fn operands(&self) -> Vec<ValueId> {
                self.operation().operands()
            }

            /// The operator as what all operators have in common.
            pub(crate) fn operation(&self) -> &dyn operation::Operation {
                match self { $(Self::$variant(op) => op,)* }
            }
        }

        impl SszEncode for Operator {
            fn is_fixed_size() -> bool { false }
            fn fixed_size() -> usize { 0 }
            fn encoded_len(&self) -> usize {
                1 + match self { $(Self::$variant(op) => op.encoded_len(),)* }
            }
            fn ssz_append(&self, buffer: &mut Vec<u8>) {
                buffer.push(self.code());
                match self { $(Self::$variant(op) => op.ssz_append(buffer),)* }
            }
        }

        impl SszDecode for Operator {
            fn is_fixed_size() -> bool { false }
            fn fixed_size() -> usize { 0 }
            fn from_ssz_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
                let (&code, body) = bytes.split_first().ok_or(DecodeError::EmptyInput)?;
                match code {
                    $($code => $module::$variant::from_ssz_bytes(body).map(Self::$variant),)*
                    other => Err(DecodeError::InvalidUnionSelector(other)),
                }
            }
        }
    };
}

mod accumulator;
mod convolution;
pub mod geometry;
pub(crate) mod operation;
mod pairwise;
mod reduction;
mod shape;
mod unary;

operators! {
    1 ArgMax argmax "ARGMAX";
    2 AvgPool2d avg_pool2d "AVG_POOL2D";
    3 Conv2d conv2d "CONV2D";
    4 Conv3d conv3d "CONV3D";
    5 DepthwiseConv2d depthwise_conv2d "DEPTHWISE_CONV2D";
    7 MatMul matmul "MATMUL";
    8 MaxPool2d max_pool2d "MAX_POOL2D";
    10 TransposeConv2d transpose_conv2d "TRANSPOSE_CONV2D";
    11 Clamp clamp "CLAMP";
    15 Add add "ADD";
    16 ArithmeticRightShift arithmetic_right_shift "ARITHMETIC_RIGHT_SHIFT";
    17 BitwiseAnd bitwise_and "BITWISE_AND";
    18 BitwiseOr bitwise_or "BITWISE_OR";
    19 BitwiseXor bitwise_xor "BITWISE_XOR";
    20 IntDiv intdiv "INTDIV";
    21 LogicalAnd logical_and "LOGICAL_AND";
    22 LogicalLeftShift logical_left_shift "LOGICAL_LEFT_SHIFT";
    23 LogicalRightShift logical_right_shift "LOGICAL_RIGHT_SHIFT";
    24 LogicalOr logical_or "LOGICAL_OR";
    25 LogicalXor logical_xor "LOGICAL_XOR";
    26 Maximum maximum "MAXIMUM";
    27 Minimum minimum "MINIMUM";
    28 Mul mul "MUL";
    30 Sub sub "SUB";
    31 Table table "TABLE";
    32 Abs abs "ABS";
    33 BitwiseNot bitwise_not "BITWISE_NOT";
    35 Clz clz "CLZ";
    40 LogicalNot logical_not "LOGICAL_NOT";
    41 Negate negate "NEGATE";
    45 Select select "SELECT";
    46 Equal equal "EQUAL";
    47 Greater greater "GREATER";
    48 GreaterEqual greater_equal "GREATER_EQUAL";
    49 ReduceAll reduce_all "REDUCE_ALL";
    50 ReduceAny reduce_any "REDUCE_ANY";
    51 ReduceMax reduce_max "REDUCE_MAX";
    52 ReduceMin reduce_min "REDUCE_MIN";
    54 ReduceSum reduce_sum "REDUCE_SUM";
    55 Concat concat "CONCAT";
    56 Pad pad "PAD";
    57 Reshape reshape "RESHAPE";
    58 Reverse reverse "REVERSE";
    59 Slice slice "SLICE";
    60 Tile tile "TILE";
    61 Transpose transpose "TRANSPOSE";
    62 Gather gather "GATHER";
    63 Scatter scatter "SCATTER";
    64 Resize resize "RESIZE";
    65 Cast cast "CAST";
    66 Rescale rescale "RESCALE";
    68 Identity identity "IDENTITY";
}
