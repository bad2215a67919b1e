//! [ADD](https://www.mlplatform.org/tosa/tosa_spec.html#_add)

use crate::model::format::ValueId;
use alloc::vec::Vec;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of ADD.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Add {
    /// `input1`.
    pub a: ValueId,
    /// `input2`, broadcast against `a`.
    pub b: ValueId,
}
