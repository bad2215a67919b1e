//! [TRANSPOSE](https://www.mlplatform.org/tosa/tosa_spec.html#_transpose)

use crate::model::format::ValueId;
use crate::model::limits::MAX_RANK;
use alloc::vec::Vec;
use libssz_types::SszList;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of TRANSPOSE.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Transpose {
    /// `input1`.
    pub input: ValueId,
    /// Output axis `i` is input axis `permutation[i]`.
    pub permutation: SszList<u8, MAX_RANK>,
}
