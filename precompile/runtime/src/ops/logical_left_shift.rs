//! [LOGICAL_LEFT_SHIFT](https://www.mlplatform.org/tosa/tosa_spec.html#_logical_left_shift)

use crate::model::format::ValueId;
use alloc::vec::Vec;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of LOGICAL_LEFT_SHIFT.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct LogicalLeftShift {
    /// `input1`.
    pub a: ValueId,
    /// `input2`, broadcast against `a`.
    pub b: ValueId,
}
