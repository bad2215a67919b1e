//! [MUL](https://www.mlplatform.org/tosa/tosa_spec.html#_mul)

use crate::model::format::ValueId;
use alloc::vec::Vec;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of MUL.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Mul {
    /// `input1`.
    pub a: ValueId,
    /// `input2`, broadcast against `a`.
    pub b: ValueId,
    /// Right shift of the product, 0 to 63; 0 unless i32.
    pub shift_bits: u8,
}
