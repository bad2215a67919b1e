//! [CLZ](https://www.mlplatform.org/tosa/tosa_spec.html#_clz)

use crate::model::format::ValueId;
use alloc::vec::Vec;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of CLZ.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Clz {
    /// `input1`.
    pub input: ValueId,
}
