//! [MAX_POOL2D](https://www.mlplatform.org/tosa/tosa_spec.html#_max_pool2d)

use crate::model::format::ValueId;
use alloc::vec::Vec;
use super::geometry::{Pad2d, Size2d};
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of MAX_POOL2D.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct MaxPool2d {
    /// `input`, `[N, H, W, C]`.
    pub input: ValueId,
    /// Kernel height and width.
    pub kernel: Size2d,
    /// Stride along height and width.
    pub stride: Size2d,
    /// Padding.
    pub pad: Pad2d,
}
