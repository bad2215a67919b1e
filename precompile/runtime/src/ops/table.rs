//! [TABLE](https://www.mlplatform.org/tosa/tosa_spec.html#_table)

use crate::model::format::ValueId;
use alloc::vec::Vec;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of TABLE.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Table {
    /// `input1`, i8 or i16.
    pub input: ValueId,
    /// `table`: 256 of i8, or 513 of i16.
    pub table: ValueId,
}
