//! [SUB](https://www.mlplatform.org/tosa/tosa_spec.html#_sub)

use crate::model::format::ValueId;
use alloc::vec::Vec;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of SUB.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Sub {
    /// `input1`.
    pub a: ValueId,
    /// `input2`, broadcast against `a`.
    pub b: ValueId,
}
