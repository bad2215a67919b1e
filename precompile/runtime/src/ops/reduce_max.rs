//! [REDUCE_MAX](https://www.mlplatform.org/tosa/tosa_spec.html#_reduce_max)

use crate::model::format::ValueId;
use alloc::vec::Vec;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of REDUCE_MAX.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct ReduceMax {
    /// `input1`.
    pub input: ValueId,
    /// Axis that is reduced; it stays with size 1.
    pub axis: u8,
}
