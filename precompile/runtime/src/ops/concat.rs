//! [CONCAT](https://www.mlplatform.org/tosa/tosa_spec.html#_concat)

use crate::model::format::ValueId;
use crate::model::limits::MAX_OPERANDS;
use alloc::vec::Vec;
use libssz_types::SszList;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of CONCAT.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Concat {
    /// `input1`: at least one tensor, equal in all but the axis.
    pub inputs: SszList<ValueId, MAX_OPERANDS>,
    /// Axis along which they are joined.
    pub axis: u8,
}
