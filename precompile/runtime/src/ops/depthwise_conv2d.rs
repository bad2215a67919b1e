//! [DEPTHWISE_CONV2D](https://www.mlplatform.org/tosa/tosa_spec.html#_depthwise_conv2d)

use crate::model::format::ValueId;
use alloc::vec::Vec;
use super::geometry::{Pad2d, Size2d};
use crate::model::format::Signed32;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of DEPTHWISE_CONV2D.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct DepthwiseConv2d {
    /// `input`, `[N, H, W, C]`, i8 or i16.
    pub input: ValueId,
    /// `weight`, `[KH, KW, C, M]`, i8.
    pub weight: ValueId,
    /// `bias`, `[OC]` or `[1]`, of the accumulator type.
    pub bias: ValueId,
    /// Padding.
    pub pad: Pad2d,
    /// Stride along height and width.
    pub stride: Size2d,
    /// Dilation along height and width.
    pub dilation: Size2d,
    /// Zero point of the input.
    pub input_zero_point: Signed32,
    /// Zero point of the weight.
    pub weight_zero_point: Signed32,
}
