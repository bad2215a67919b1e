//! [RESHAPE](https://www.mlplatform.org/tosa/tosa_spec.html#_reshape)

use crate::model::format::ValueId;
use crate::tensor::Shape;
use alloc::vec::Vec;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of RESHAPE.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Reshape {
    /// `input1`.
    pub input: ValueId,
    /// New shape, with as many elements.
    pub shape: Shape,
}
