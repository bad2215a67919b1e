//! [CLAMP](https://www.mlplatform.org/tosa/tosa_spec.html#_clamp)

use crate::model::format::ValueId;
use alloc::vec::Vec;
use crate::model::format::Signed32;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of CLAMP.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Clamp {
    /// `input`, i8 or i16.
    pub input: ValueId,
    /// Smallest output.
    pub min: Signed32,
    /// Largest output; at least `min`.
    pub max: Signed32,
}
