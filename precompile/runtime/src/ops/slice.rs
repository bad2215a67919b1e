//! [SLICE](https://www.mlplatform.org/tosa/tosa_spec.html#_slice)

use crate::model::format::ValueId;
use crate::tensor::Shape;
use alloc::vec::Vec;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of SLICE.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Slice {
    /// `input1`.
    pub input: ValueId,
    /// First index per axis.
    pub start: Shape,
    /// Elements taken per axis.
    pub size: Shape,
}
