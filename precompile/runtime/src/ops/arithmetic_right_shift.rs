//! [ARITHMETIC_RIGHT_SHIFT](https://www.mlplatform.org/tosa/tosa_spec.html#_arithmetic_right_shift)

use crate::model::format::ValueId;
use alloc::vec::Vec;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of ARITHMETIC_RIGHT_SHIFT.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct ArithmeticRightShift {
    /// `input1`.
    pub a: ValueId,
    /// `input2`, broadcast against `a`.
    pub b: ValueId,
    /// Whether the result is rounded half up instead of down.
    pub round: bool,
}
