//! [ARGMAX](https://www.mlplatform.org/tosa/tosa_spec.html#_argmax)

use crate::model::format::ValueId;
use alloc::vec::Vec;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of ARGMAX.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct ArgMax {
    /// `input`.
    pub input: ValueId,
    /// Axis that is searched; it disappears from the shape.
    pub axis: u8,
}
