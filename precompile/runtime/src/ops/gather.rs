//! [GATHER](https://www.mlplatform.org/tosa/tosa_spec.html#_gather)

use crate::model::format::ValueId;
use alloc::vec::Vec;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of GATHER.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Gather {
    /// `values`, `[N, K, C]`.
    pub values: ValueId,
    /// `indices`, `[N, W]`, i32, each in `0..K`.
    pub indices: ValueId,
}
